import Diagnostics

// The parts of a `limits` file that describe the fit: sluice-limits(5).

extension Limits {
  func writeParts(to d: inout Document, at root: String) {
    d.set(root + "nuisance/parameter", nuisance.map { parameterNames[$0.parameter] })
    d.set(root + "nuisance/constraint", nuisance.map(\.constraint))
    d.set(root + "nuisance/width", nuisance.map(\.width))
    d.set(root + "minima/value", minima.map(\.value))
    d.set(root + "minima/q", minima.map(\.q))
    d.set(
      root + "minima/points", minima.flatMap(\.point), shape: [minima.count, parameterCount])
    d.set(root + "fit/parameter", fit.parameters.map { parameterNames[$0] })
    d.set(root + "fit/value", fit.values)
    d.set(root + "fit/error", fit.errors)
    let n = fit.parameters.count
    d.set(root + "fit/correlation", fit.correlation, shape: [n, n])
    d.set(root + "impacts/nuisance", impacts.map { parameterNames[$0.nuisance] })
    d.set(root + "impacts/parameter", impacts.map { parameterNames[$0.parameter] })
    d.set(root + "impacts/prefit_up", impacts.map(\.prefitUp))
    d.set(root + "impacts/prefit_down", impacts.map(\.prefitDown))
    d.set(root + "impacts/postfit_up", impacts.map(\.postfitUp))
    d.set(root + "impacts/postfit_down", impacts.map(\.postfitDown))
    d.set(root + "region_bands/level", regionBands.map(\.level))
    d.set(root + "region_bands/sigma", regionBands.map(\.sigma))
    d.set(root + "region_bands/threshold", regionBands.map(\.threshold))
    d.set(root + "region_bands/area", regionBands.map(\.area))
    d.set(root + "region_bands/is_open", regionBands.map { $0.isOpen ? 1 : 0 })
    d.set(root + "interval_bands/sigma", intervalBands.map(\.sigma))
    d.set(
      root + "interval_bands/parameter",
      intervalBands.map { parameterNames[$0.interval.parameter] })
    d.set(root + "interval_bands/level", intervalBands.map(\.interval.level))
    d.set(root + "interval_bands/lower", intervalBands.map(\.interval.lower))
    d.set(root + "interval_bands/upper", intervalBands.map(\.interval.upper))
    d.set(root + "bins/label", bins.map(\.label))
    d.set(root + "bins/count", bins.map(\.count))
    d.set(root + "bins/prefit", bins.map(\.prefit))
    d.set(root + "bins/postfit", bins.map(\.postfit))
    d.set(root + "bins/error", bins.map(\.error))
  }

  mutating func readParts(_ d: Document, at root: String) throws {
    func broken(_ group: String) -> Problem {
      Problem(.data, "the \(group) of the limits are not whole", place: "group \(root)\(group)")
    }
    /// Rows of a group of columns: some of numbers, some of parameters' names.
    func rows(
      _ group: String, _ columns: [String], parameters: [String] = []
    ) throws -> [(numbers: [Double], indices: [Int])] {
      let numbers = columns.map { d.reals("\(root)\(group)/\($0)") ?? [] }
      let indices = try parameters.map { column in
        try (d.texts("\(root)\(group)/\(column)") ?? []).map { name in
          guard let index = parameterNames.firstIndex(of: name) else { throw broken(group) }
          return index
        }
      }
      let count = numbers.first?.count ?? 0
      guard numbers.allSatisfy({ $0.count == count }), indices.allSatisfy({ $0.count == count })
      else { throw broken(group) }
      return (0..<count).map { i in (numbers.map { $0[i] }, indices.map { $0[i] }) }
    }
    let constraints = d.texts(root + "nuisance/constraint") ?? []
    let widths = try rows("nuisance", ["width"], parameters: ["parameter"])
    guard constraints.count == widths.count else { throw broken("nuisance") }
    nuisance = zip(widths, constraints).map {
      Nuisance(parameter: $0.indices[0], constraint: $1, width: $0.numbers[0])
    }
    let places = d.reals(root + "minima/points") ?? []
    let values = try rows("minima", ["value", "q"])
    guard places.count == values.count * parameterCount else { throw broken("minima") }
    minima = values.enumerated().map { i, row in
      Minimum(
        value: row.numbers[0], q: row.numbers[1],
        point: Array(places[i * parameterCount..<(i + 1) * parameterCount]))
    }
    let fitted = try rows("fit", ["value", "error"], parameters: ["parameter"])
    fit = Fit(
      parameters: fitted.map { $0.indices[0] }, values: fitted.map { $0.numbers[0] },
      errors: fitted.map { $0.numbers[1] }, correlation: d.reals(root + "fit/correlation") ?? [])
    guard fit.correlation.count == fitted.count * fitted.count else { throw broken("fit") }
    impacts = try rows(
      "impacts", ["prefit_up", "prefit_down", "postfit_up", "postfit_down"],
      parameters: ["nuisance", "parameter"]
    ).map {
      Impact(
        nuisance: $0.indices[0], parameter: $0.indices[1], prefitUp: $0.numbers[0],
        prefitDown: $0.numbers[1], postfitUp: $0.numbers[2], postfitDown: $0.numbers[3])
    }
    regionBands = try rows("region_bands", ["level", "sigma", "threshold", "area", "is_open"]).map {
      RegionBand(
        level: $0.numbers[0], sigma: Int($0.numbers[1]), threshold: $0.numbers[2],
        area: $0.numbers[3], isOpen: $0.numbers[4] == 1)
    }
    intervalBands = try rows(
      "interval_bands", ["sigma", "level", "lower", "upper"], parameters: ["parameter"]
    ).map {
      IntervalBand(
        sigma: Int($0.numbers[0]),
        interval: Interval(
          parameter: $0.indices[0], level: $0.numbers[1], lower: $0.numbers[2],
          upper: $0.numbers[3]))
    }
    let labels = d.texts(root + "bins/label") ?? []
    let contents = try rows("bins", ["count", "prefit", "postfit", "error"])
    guard labels.count == contents.count else { throw broken("bins") }
    bins = zip(labels, contents).map { label, row in
      Bin(
        label: label, count: row.numbers[0], prefit: row.numbers[1], postfit: row.numbers[2],
        error: row.numbers[3])
    }
  }
}
