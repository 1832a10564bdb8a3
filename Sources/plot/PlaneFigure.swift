import Diagnostics
import EventModel

/// A function of one or two parameters over their ranges, with the benchmarks: how well morphing does, and how many events
/// stand behind a point.
struct PlaneFigure {
  let setup: Setup
  /// One or two; the first two of the setup where empty.
  let parameters: [String]
  let label: AxisLabel
  let value: ([Double]) throws -> Double

  /// Points along each parameter.
  private static let count = (one: 201, two: 81)

  func figure(title: String) throws -> Figure {
    let names = parameters.isEmpty ? Array(setup.parameterNames.prefix(2)) : parameters
    let places = try names.map { name -> Int in
      guard let p = setup.parameterNames.firstIndex(of: name) else {
        throw Problem(
          .usage, "there is no parameter '\(name)'",
          remedy: "there are " + setup.parameterNames.joined(separator: ", "))
      }
      return p
    }
    guard places.count == 1 || (places.count == 2 && places[0] != places[1]) else {
      throw Problem(.usage, "one or two parameters make a drawing", remedy: "write a,b")
    }
    return Figure(
      title: title, panels: [try places.count == 1 ? curve(places[0]) : map(places[0], places[1])])
  }

  /// Parameters that are not drawn are those of the reference benchmark.
  private var centre: [Double] { setup.benchmarks[setup.referenceBenchmark].values }

  private func axis(_ p: Int) -> AxisLabel {
    AxisLabel(name: setup.parameters[p].name, unit: setup.parameters[p].unit)
  }

  private func values(_ p: Int, _ count: Int) -> [Double] {
    let range = setup.parameters[p].range
    return GridAxis(
      parameter: "", lower: range.lowerBound, upper: range.upperBound, count: count
    ).values
  }

  private func curve(_ p: Int) throws -> Panel {
    let x = values(p, Self.count.one)
    var theta = centre
    let y = try x.map { v -> Double in
      theta[p] = v
      return try value(theta)
    }
    var panel = Panel(xLabel: axis(p), yLabel: label, xRange: x[0]...x[x.count - 1])
    let high = ColourMap.ends(y).upperBound
    panel.yRange = 0...1.08 * max(high, 1e-300)
    let on = setup.benchmarks.filter { benchmark in
      panel.xRange?.contains(benchmark.values[p]) == true
        && benchmark.values.indices.allSatisfy {
          $0 == p || benchmark.values[$0] == centre[$0]
        }
    }
    panel.curves = [
      Curve(colour: 1, pieces: [.init(x: x, y: y)]),
      Curve(
        label: "benchmarks", style: .disc, colour: 2,
        pieces: [.init(x: on.map { $0.values[p] }, y: try on.map { try value($0.values) })]),
    ]
    return panel
  }

  private func map(_ p: Int, _ q: Int) throws -> Panel {
    let (x, y) = (values(p, Self.count.two), values(q, Self.count.two))
    var theta = centre
    var all: [Double] = []
    for a in x {
      for b in y {
        (theta[p], theta[q]) = (a, b)
        all.append(try value(theta))
      }
    }
    var panel = Panel(xLabel: axis(p), yLabel: axis(q))
    let positive = all.filter { $0 > 0 }
    let ends = ColourMap.ends(positive)
    // Three decades are what colours can tell apart.
    let low = max(ends.lowerBound, ends.upperBound / 1000)
    let isWide = ends.upperBound > 20 * low
    panel.map = ColourMap(
      x: x, y: y, values: all, label: label, range: low...ends.upperBound, isLogarithmic: isWide)
    (panel.xRange, panel.yRange) = (ColourMap.range(x), ColourMap.range(y))
    let inside = setup.benchmarks.filter {
      panel.xRange?.contains($0.values[p]) == true && panel.yRange?.contains($0.values[q]) == true
    }
    panel.curves = [
      Curve(
        label: "benchmarks", style: .disc, colour: 2,
        pieces: [.init(x: inside.map { $0.values[p] }, y: inside.map { $0.values[q] })])
    ]
    return panel
  }
}

extension PlaneFigure {
  /// √Σ_b w_b(θ)²: by how much morphing blows up the statistical errors of the benchmarks.
  static func morphing(_ setup: Setup, parameters: [String]) throws -> Figure {
    let morphing = try setup.requireMorphing()
    return try PlaneFigure(
      setup: setup, parameters: parameters, label: AxisLabel(name: "√Σw² of the morphing weights")
    ) { theta in
      morphing.weights(at: theta).reduce(0) { $0 + $1 * $1 }.squareRoot()
    }.figure(title: "morphing of \(morphing.benchmarkCount) benchmarks")
  }

  /// (Σdσ_e)²/Σdσ_e² at each point, from the sums of products of weights.
  static func effectiveEvents(
    _ events: EventTable, combination: Combination?, parameters: [String]
  ) throws -> Figure {
    guard combination != .closest else {
      throw Problem(
        .usage, "--combine closest takes other events at each point",
        remedy: "draw them with balance or average")
    }
    let morphing = try events.setup.requireMorphing()
    let factors = try events.rowFactors(combination)
    let n = morphing.benchmarkCount
    var sums = [Double](repeating: 0, count: n)
    var products = [Double](repeating: 0, count: n * n)
    for row in 0..<events.count {
      let w = (0..<n).map { factors[row] * events.weights[row * events.weightCount + $0] }
      for a in 0..<n {
        sums[a] += w[a]
        for b in 0..<n { products[a * n + b] += w[a] * w[b] }
      }
    }
    return try PlaneFigure(
      setup: events.setup, parameters: parameters, label: AxisLabel(name: "effective events")
    ) { theta in
      let w = morphing.weights(at: theta)
      let sigma = zip(w, sums).reduce(0) { $0 + $1.0 * $1.1 }
      var squares = 0.0
      for a in 0..<n { for b in 0..<n { squares += w[a] * w[b] * products[a * n + b] } }
      return squares > 0 ? sigma * sigma / squares : .nan
    }.figure(
      title: "\(events.count) events, \((combination ?? events.defaultCombination).rawValue)")
  }
}
