import Diagnostics
import EventModel
import Numerics

/// How often regions hold the truth: pseudo-experiments at true points, judged with χ² and with a Neyman construction from
/// other pseudo-experiments at the same point.
public struct CoverageStudy: Sendable {
  public enum Method: String, Sendable, CaseIterable { case asymptotic, neyman }

  /// The coverage of one method at one point and level.
  public struct Entry: Sendable, Equatable {
    public var point: Int
    public var method: Method
    public var level: Double
    public var covered: Int
    public var trials: Int
    public var fraction: Double { Double(covered) / Double(trials) }
    /// Clopper-Pearson interval of 68.27 %.
    public var interval: (lower: Double, upper: Double) {
      clopperPearson(successes: covered, trials: trials, level: 0.682689492137086)
    }
    /// Whether the nominal level is inside the Clopper-Pearson interval of 99.73 %, widened by what the finite number of
    /// toys of the construction leaves.
    public var isNominal: Bool
  }

  /// Whether p of the truth is uniform, as it must be.
  public struct Uniformity: Sendable, Equatable {
    public var point: Int
    public var method: Method
    /// The largest distance of the distribution of p from the diagonal, where p is below ½: at a bound of the grid t = 0
    /// has a finite probability, which makes p = 1.
    public var distance: Double
    /// Probability of a larger distance (Kolmogorov; two samples for Neyman).
    public var p: Double
  }

  public var entries: [Entry]
  public var uniformity: [Uniformity]
  public var points: [[Double]]
  public var expectedEvents: [Double]
  public var experiments: Int
  public var construction: NeymanConstruction

  /// - Parameters:
  ///   - points: hypotheses of the construction's table, of this shard.
  ///   - experiments: pseudo-experiments at each.
  ///   - nu: nuisance parameters of the experiments at each; empty is 0, which the construction keeps to.
  public init(
    _ construction: NeymanConstruction, points: [Int], experiments: Int, nu: [[Double]] = [],
    journal: Journal? = nil
  ) throws {
    (entries, uniformity, self.points, expectedEvents) = ([], [], [], [])
    self.experiments = experiments
    self.construction = construction
    for (k, h) in points.enumerated() {
      guard construction.table.isDefined(h) else {
        throw Problem(
          .data, "the likelihood is not defined at \(construction.name(h))",
          remedy: "choose true points inside the region that the events cover")
      }
      try study(h, nu: nu.isEmpty ? nil : nu[k])
      journal?.progress("true points", k + 1, of: points.count)
    }
  }

  private mutating func study(_ h: Int, nu: [Double]?) throws {
    let table = construction.table
    try warnAboutBorder(h)
    let drawing = try ToyDrawing(
      table, at: table.hypotheses[h], name: construction.name(h), journal: construction.journal)
    let belt = construction.distribution(h, drawing)
    let experimental =
      nu?.contains { $0 != 0 } ?? false
      ? try ToyDrawing(
        table, at: table.hypotheses[h], nu: nu, name: construction.name(h),
        journal: construction.journal) : drawing
    let trial = experimental.statistics(
      of: [h], toys: 0..<experiments, seed: construction.seed, purpose: .experiments, index: h,
      team: construction.team
    ).sorted()
    let chi = ChiSquare(degreesOfFreedom: construction.degreesOfFreedom)
    let at = points.count
    points.append(table.hypotheses[h])
    expectedEvents.append(experimental.mean)
    for level in construction.levels {
      for method in Method.allCases {
        let threshold =
          method == .asymptotic ? chi.quantile(level) : CriticalValue(belt, level: level).value
        entries.append(entry(at, method, level, NeymanConstruction.countUpTo(threshold, in: trial)))
      }
    }
    let n = Double(experiments)
    let m = Double(belt.count)
    let asymptotic = trial.map { chi.survival($0) }
    let neyman = trial.map { t in
      (1 + m - Double(NeymanConstruction.countBelow(t, in: belt))) / (1 + m)
    }
    for (method, p, size) in [
      (Method.asymptotic, asymptotic, n), (.neyman, neyman, n * m / (n + m)),
    ] {
      let distance = Self.distance(p)
      uniformity.append(
        Uniformity(
          point: at, method: method, distance: distance,
          p: Self.kolmogorov(distance * (size.squareRoot() + 0.12 + 0.11 / size.squareRoot()))))
    }
  }

  /// The maximum is over the grid, so that a border inside the region of an average experiment is a bound of the parameters.
  private func warnAboutBorder(_ h: Int) throws {
    let table = construction.table
    let t = try table.asimovStatistics(at: table.hypotheses[h])
    let level = construction.levels.max() ?? 0.95
    let threshold = ChiSquare(degreesOfFreedom: construction.degreesOfFreedom).quantile(level)
    guard
      RegionMeasure.reachesBorder(
        Array(table.hypotheses.prefix(table.gridCount)), Array(t.prefix(table.gridCount)),
        below: threshold)
    else { return }
    construction.journal?.warn(
      "coverage.border",
      "the region of level \(level) around \(construction.name(h)) reaches the border of the grid, which then is a bound of the parameters; use a wider --grid"
    )
  }

  private func entry(_ point: Int, _ method: Method, _ level: Double, _ covered: Int) -> Entry {
    let interval = clopperPearson(successes: covered, trials: experiments, level: 0.9973)
    let spread =
      method == .neyman ? 3 * (level * (1 - level) / Double(construction.toys)).squareRoot() : 0
    return Entry(
      point: point, method: method, level: level, covered: covered, trials: experiments,
      isNominal: level >= interval.lower - spread && level <= interval.upper + spread)
  }

  /// The largest |F(p) − p| at values of p below ½; only there, since at a bound many experiments share t = 0. Few events in
  /// few bins have few values of t: F = p holds at each of them, not between them.
  static func distance(_ values: [Double]) -> Double {
    let p = values.sorted()
    let n = Double(p.count)
    var largest = 0.0
    var i = 0
    while i < p.count, p[i] < 0.5 {
      // Equal values are one step of the distribution function.
      var j = i
      while j < p.count, p[j] == p[i] { j += 1 }
      largest = max(largest, abs(Double(j) / n - p[i]))
      i = j
    }
    return largest
  }

  /// Q(λ) = 2 Σ (−1)^{k−1} exp(−2k²λ²), the probability of a larger Kolmogorov distance.
  static func kolmogorov(_ lambda: Double) -> Double {
    guard lambda > 0.2 else { return 1 }
    var sum = 0.0
    for k in 1...100 {
      let term = exponential(-2 * Double(k * k) * lambda * lambda)
      sum += k % 2 == 1 ? term : -term
      if term < 1e-18 { break }
    }
    return min(1, max(0, 2 * sum))
  }
}
