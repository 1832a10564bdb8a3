import EventModel
import Numerics

/// The result of a Neyman construction on a grid, or of one shard of it: the content of `limits toys`.
public struct NeymanBelt: Sendable {
  /// What is common to all shards. Its arrays over points are those of this shard.
  public var limits: Limits
  public var levels: [Double]
  public var toys: Int
  public var seed: UInt64
  /// What was judged: `observed`, or quantiles of experiments at the true point.
  public var experiments: [String]
  /// Pseudo-experiments behind the quantiles; 0 for observed data.
  public var experimentCount: Int
  public var points: [NeymanPoint]

  public init(
    limits: Limits, levels: [Double], toys: Int, seed: UInt64, experiments: [String],
    experimentCount: Int, points: [NeymanPoint]
  ) {
    self.levels = levels
    self.toys = toys
    self.seed = seed
    self.experiments = experiments
    self.experimentCount = experimentCount
    self.points = points
    self.limits = limits
    fillLimits()
  }

  /// The experiment whose p-values stand for the result: the observed one, or the median.
  public var central: Int? { experiments.isEmpty ? nil : experiments.count / 2 }

  /// p of one experiment at all points.
  public func p(_ experiment: Int) -> [Double] { points.map { $0.p(experiment, toys: toys) } }

  /// p-values, and q as the χ² quantile of p: so contours of q at the thresholds are those of p.
  private mutating func fillLimits() {
    let chi = ChiSquare(degreesOfFreedom: limits.degreesOfFreedom)
    limits.points = points.flatMap(\.theta)
    limits.p = central.map(p) ?? points.map { _ in .nan }
    limits.q = limits.p.map { $0.isNaN ? .nan : chi.inverseSurvival(min(1, $0)) }
    limits.kinematic = points.map { _ in .nan }
    limits.rate = limits.kinematic
    limits.regions = levels.map {
      Limits.Region(level: $0, threshold: chi.quantile($0), area: .nan, isOpen: false)
    }
  }

  /// The datasets of the document that have one row for each point of the grid, with their shapes in a whole belt.
  public func wholeShapes(of points: Int) -> [(path: String, shape: [Int])] {
    let grid = limits.axes.isEmpty ? [points] : limits.shape
    let flat = ["expected_events", "effective_events"].map { ("toys/" + $0, [points]) }
    let leveled = ["critical", "critical_lower", "critical_upper", "asymptotic_coverage"]
      .map { ("toys/" + $0, [points, levels.count]) }
    let judged = ["t", "p", "p_error"].map { ("toys/" + $0, [points, experiments.count]) }
    let scan = ["log_likelihood_kinematic", "log_likelihood_rate", "q", "p"]
      .map { ("limits/" + $0, grid) }
    return [("limits/points", [points, limits.parameterCount])] + scan + flat + leveled + judged
  }

  public var document: Document {
    var d = limits.document
    let n = points.count
    func set(_ name: String, _ width: Int, _ row: (NeymanPoint) -> [Double]) {
      let values = points.flatMap { point -> [Double] in
        let row = row(point)
        return row.isEmpty ? [Double](repeating: .nan, count: width) : row
      }
      d.set("toys/" + name, values, shape: [n, width])
    }
    d.set("toys/count", toys)
    d.set("toys/seed", Int(truncatingIfNeeded: seed))
    d.set("toys/levels", levels)
    d.set("toys/experiments", experiments)
    d.set("toys/experiment_count", experimentCount)
    d.set("toys/expected_events", points.map(\.expectedEvents))
    d.set("toys/effective_events", points.map(\.effectiveEvents))
    set("critical", levels.count) { $0.critical.map(\.value) }
    set("critical_lower", levels.count) { $0.critical.map(\.lower) }
    set("critical_upper", levels.count) { $0.critical.map(\.upper) }
    set("asymptotic_coverage", levels.count) {
      $0.asymptoticCovered.map { Double($0) / Double(toys) }
    }
    set("t", experiments.count) { $0.statistics }
    set("p", experiments.count) { point in
      experiments.indices.map { point.p($0, toys: toys) }
    }
    set("p_error", experiments.count) { point in
      experiments.indices.map { point.pError($0, toys: toys) }
    }
    return d
  }

  /// Length, area or volume of {p > 1 − CL} of an experiment, and whether it reaches the border of the grid; nil for a
  /// shard.
  public func region(_ experiment: Int, level: Double) -> (size: Double, isOpen: Bool)? {
    guard limits.shape.reduce(1, *) == points.count else { return nil }
    let measure = RegionMeasure(limits.axes, p(experiment).map { 1 - $0 })
    return (measure.measure(below: level), measure.reachesBorder(below: level))
  }

  /// The smallest level whose region of the observed or the median experiment reaches the border of the grid.
  public var smallestOpenLevel: Double? {
    central.flatMap { experiment in
      levels.filter { region(experiment, level: $0)?.isOpen ?? false }.min()
    }
  }

  /// The pieces of {p > 1 − CL} along the one axis of a grid, ends interpolated between points; NaN where the border of
  /// the grid is inside.
  public func intervals(_ experiment: Int, level: Double) -> [(lower: Double, upper: Double)] {
    guard limits.axes.count == 1, limits.axes[0].count == points.count else { return [] }
    let x = limits.axes[0].values
    let y = p(experiment).map { $0 - (1 - level) }
    var result: [(lower: Double, upper: Double)] = []
    var lower: Double? = y[0] >= 0 ? .nan : nil
    for i in 1..<x.count where (y[i - 1] >= 0) != (y[i] >= 0) {
      let root = x[i - 1] + y[i - 1] / (y[i - 1] - y[i]) * (x[i] - x[i - 1])
      if let start = lower {
        result.append((start, root))
        lower = nil
      } else {
        lower = root
      }
    }
    if let lower { result.append((lower, .nan)) }
    return result
  }
}
