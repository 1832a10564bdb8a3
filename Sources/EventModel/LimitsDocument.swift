import Diagnostics

// The layout of a `limits` file: sluice-limits(5).

extension Limits {
  public var document: Document {
    var d = Document()
    let root = "limits/"
    writeHead(to: &d, at: root)
    d.set(root + "data", isExpected ? "expected" : "observed")
    d.set(root + "parameters", parameterNames)
    d.set(root + "units", parameterUnits)
    d.set(root + "theta_true", thetaTrue)
    d.set(root + "event_count", eventCount)
    d.set(root + "degrees_of_freedom", degreesOfFreedom)
    d.set(root + "axes/parameter", axes.map(\.parameter))
    d.set(root + "axes/lower", axes.map(\.lower))
    d.set(root + "axes/upper", axes.map(\.upper))
    d.set(root + "axes/count", axes.map(\.count))
    d.set(root + "fixed_parameters", fixedParameters.map { parameterNames[$0] })
    d.set(root + "profiled_parameters", profiledParameters.map { parameterNames[$0] })
    d.set(root + "points", points, shape: [pointCount, parameterCount])
    d.set(root + "log_likelihood_kinematic", kinematic, shape: gridShape)
    d.set(root + "log_likelihood_rate", rate, shape: gridShape)
    if !constraint.isEmpty {
      d.set(root + "log_likelihood_constraint", constraint, shape: gridShape)
    }
    d.set(root + "q", q, shape: gridShape)
    d.set(root + "p", p, shape: gridShape)
    d.set(root + "best_fit", bestFit)
    d.set(root + "minimum", minimum)
    d.set(root + "best_fit_is_at_bound", bestFitIsAtBound ? 1 : 0)
    d.set(root + "regions/level", regions.map(\.level))
    d.set(root + "regions/threshold", regions.map(\.threshold))
    d.set(root + "regions/area", regions.map(\.area))
    d.set(root + "regions/is_open", regions.map { $0.isOpen ? 1 : 0 })
    d.set(root + "intervals/parameter", intervals.map { parameterNames[$0.parameter] })
    d.set(root + "intervals/level", intervals.map(\.level))
    d.set(root + "intervals/lower", intervals.map(\.lower))
    d.set(root + "intervals/upper", intervals.map(\.upper))
    d.set(root + "q_true", qTrue)
    d.set(root + "events", events)
    d.set(root + "effective_events", effectiveEvents)
    d.set(root + "closure", closure)
    d.set(root + "includes_mc_statistics", includesMonteCarloStatistics ? 1 : 0)
    writeParts(to: &d, at: root)
    return d
  }

  /// Writes what the likelihood is of: the datasets that limits share with toys, coverage, CLs and posteriors.
  public func writeHead(to document: inout Document, at root: String) {
    document.set(root + "mode", mode.rawValue)
    document.set(root + "luminosity", luminosity)
    document.set(root + "includes_rate", includesRate ? 1 : 0)
    document.set(root + "observables", observables)
    document.set(root + "edge_counts", edges.map(\.count))
    document.set(root + "edges", edges.flatMap { $0 })
    document.set(root + "partition", partition.rawValue)
    document.set(root + "combination", combination.rawValue)
    document.set(root + "notes", notes)
  }

  /// The shape of the grid, or the number of points where there are no axes.
  private var gridShape: [Int] {
    shape.reduce(1, *) == pointCount && !axes.isEmpty ? shape : [pointCount]
  }

  public init(document d: Document) throws {
    let root = "limits/"
    func broken(_ name: String) -> Problem {
      Problem(.data, "the limits are not whole", place: "dataset \(root)\(name)")
    }
    func reals(_ name: String) throws -> [Double] {
      guard let values = d.reals(root + name) else { throw broken(name) }
      return values
    }
    guard let mode = d.text(root + "mode").flatMap(Mode.init),
      let parameters = d.texts(root + "parameters")
    else { throw Problem(.data, "there are no limits", remedy: "make them with limits") }
    guard let luminosity = d.real(root + "luminosity") else { throw broken("luminosity") }
    self.init(
      mode: mode, isExpected: d.text(root + "data") == "expected", parameterNames: parameters,
      parameterUnits: d.texts(root + "units") ?? parameters.map { _ in "" },
      luminosity: luminosity, thetaTrue: try reals("theta_true"),
      eventCount: d.real(root + "event_count") ?? .nan,
      includesRate: d.integer(root + "includes_rate") == 1,
      degreesOfFreedom: d.integer(root + "degrees_of_freedom") ?? parameters.count)
    try readAxes(d, root)
    let names = parameters
    func indices(_ name: String) -> [Int] {
      (d.texts(root + name) ?? []).compactMap { names.firstIndex(of: $0) }
    }
    fixedParameters = indices("fixed_parameters")
    profiledParameters = indices("profiled_parameters")
    points = try reals("points")
    kinematic = try reals("log_likelihood_kinematic")
    rate = try reals("log_likelihood_rate")
    constraint =
      d.reals(root + "log_likelihood_constraint") ?? [Double](repeating: 0, count: rate.count)
    q = try reals("q")
    p = try reals("p")
    bestFit = try reals("best_fit")
    guard p.count == q.count, kinematic.count == q.count, rate.count == q.count,
      constraint.count == q.count,
      points.count == q.count * parameters.count, bestFit.count == parameters.count,
      axes.isEmpty || shape.reduce(1, *) == q.count
    else { throw broken("q") }
    minimum = d.real(root + "minimum") ?? .nan
    bestFitIsAtBound = d.integer(root + "best_fit_is_at_bound") == 1
    try readRegions(d, root)
    qTrue = d.real(root + "q_true") ?? .nan
    events = d.integer(root + "events") ?? 0
    effectiveEvents = d.real(root + "effective_events") ?? 0
    closure = d.real(root + "closure") ?? .nan
    includesMonteCarloStatistics = d.integer(root + "includes_mc_statistics") == 1
    try readBinning(d, root)
    partition = d.text(root + "partition").flatMap(Partition.init) ?? .all
    combination = d.text(root + "combination").flatMap(Combination.init) ?? .balance
    notes = d.texts(root + "notes") ?? []
    try readParts(d, at: root)
  }

  private mutating func readBinning(_ d: Document, _ root: String) throws {
    observables = d.texts(root + "observables") ?? []
    var rest = (d.reals(root + "edges") ?? [])[...]
    for count in d.integers(root + "edge_counts") ?? [] {
      guard (0...rest.count).contains(count) else {
        throw Problem(.data, "the edges of the bins are not whole", place: "dataset \(root)edges")
      }
      edges.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    guard edges.count == observables.count, rest.isEmpty else {
      throw Problem(.data, "the edges of the bins are not whole", place: "dataset \(root)edges")
    }
  }

  private mutating func readAxes(_ d: Document, _ root: String) throws {
    let names = d.texts(root + "axes/parameter") ?? []
    let lower = d.reals(root + "axes/lower") ?? []
    let upper = d.reals(root + "axes/upper") ?? []
    let count = d.integers(root + "axes/count") ?? []
    guard lower.count == names.count, upper.count == names.count, count.count == names.count,
      names.allSatisfy({ parameterNames.contains($0) })
    else {
      throw Problem(.data, "the axes of the grid are not whole", place: "group \(root)axes")
    }
    axes = names.indices.map {
      GridAxis(parameter: names[$0], lower: lower[$0], upper: upper[$0], count: count[$0])
    }
  }

  private mutating func readRegions(_ d: Document, _ root: String) throws {
    func columns(_ group: String, _ names: [String]) throws -> [[Double]] {
      let values = names.map { d.reals(root + group + "/" + $0) ?? [] }
      guard values.allSatisfy({ $0.count == values[0].count }) else {
        throw Problem(.data, "the \(group) are not whole", place: "group \(root)\(group)")
      }
      return values
    }
    let region = try columns("regions", ["level", "threshold", "area", "is_open"])
    regions = region[0].indices.map {
      Region(
        level: region[0][$0], threshold: region[1][$0], area: region[2][$0],
        isOpen: region[3][$0] == 1)
    }
    let interval = try columns("intervals", ["level", "lower", "upper"])
    let names = d.texts(root + "intervals/parameter") ?? []
    guard names.count == interval[0].count else {
      throw Problem(.data, "the intervals are not whole", place: "group \(root)intervals")
    }
    intervals = try names.indices.map { i in
      guard let parameter = parameterNames.firstIndex(of: names[i]) else {
        throw Problem(.data, "an interval is of '\(names[i])'", place: "group \(root)intervals")
      }
      return Interval(
        parameter: parameter, level: interval[0][i], lower: interval[1][i], upper: interval[2][i])
    }
  }
}
