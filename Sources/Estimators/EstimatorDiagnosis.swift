import Diagnostics
import EventModel
import Glibc
import Numerics

/// Tests of a trained model on events that no training saw: identities that hold for the exact ratio, density or score
/// whatever is hidden.
public struct EstimatorDiagnosis: Sendable {
  /// What is tested, and how closely.
  public struct Plan: Sendable, Equatable {
    /// Toy experiments for coverage, 0 for none, and the events in each.
    public var toys = 200
    public var toySize = 36
    /// Factor on all tolerances.
    public var tolerance = 1.0
    public var seed: UInt64 = 1
    /// [pb⁻¹], for n |log E r|.
    public var luminosity: Double?

    public init() {}
  }

  /// Deviations that are let pass, at a tolerance of 1.
  enum Tolerance {
    /// Of means of r and 1/r from 1, and of log r at θ1 from 0.
    static let mean = 0.05
    /// Of the mean score, in units of its spread.
    static let score = 0.05
    /// Of the slope of a joint quantity on the learned one from 1.
    static let slope = 0.1
    /// Of the calibration curve of s from the diagonal, on average.
    static let calibration = 0.02
    /// Of the area under the curve from ½.
    static let area = 0.02
    /// Of a coverage.
    static let coverage = 0.1
  }

  private let estimator: Estimator
  private let events: WeightedTestEvents
  private let plan: Plan
  private let team: ThreadTeam
  private let journal: Journal

  public init(
    estimator: Estimator, events: WeightedTestEvents, plan: Plan, team: ThreadTeam,
    journal: Journal
  ) {
    self.estimator = estimator
    self.events = events
    self.plan = plan
    self.team = team
    self.journal = journal
  }

  /// Points that are taken where none are given: the benchmarks inside the range of training, θ1 left out.
  public func defaultPoints() -> [(name: String, theta: [Double])] {
    events.setup.benchmarks.map { ($0.name, $0.values) }.filter {
      $0.1 != estimator.referenceTheta && estimator.outsideTrainingRange($0.1).isEmpty
    }
  }

  /// - Parameter points: numerator hypotheses; a score model is tested at its own point alone.
  public func run(points: [(name: String, theta: [Double])]) throws -> Diagnosis {
    var diagnosis = Diagnosis(
      target: estimator.target, method: estimator.models[0].method, events: events.count,
      part: events.part, checks: [], curves: [])
    if estimator.target == .score {
      try addScore(to: &diagnosis)
      return diagnosis
    }
    guard !points.isEmpty else {
      throw Problem(
        .usage, "no benchmark but theta1 is inside the range of training",
        remedy: "give --theta POINT or --grid AXIS")
    }
    let denominator = try events.densities(at: estimator.referenceTheta)
    let own = try estimator.logRatio(x: events.x, theta: estimator.referenceTheta)
    let spread = WeightedMean(own.map { $0 * $0 }, weights: denominator)
    add(
      "rms of log r at theta1", value: spread.value.squareRoot(), error: 0, expected: 0,
      tolerance: Tolerance.mean, to: &diagnosis)
    for (number, point) in points.enumerated() {
      for name in estimator.outsideTrainingRange(point.theta) {
        journal.warn(
          "outside \(point.name)",
          "\(point.name) is outside the range of \(name) in training; the model is extrapolated")
      }
      try addRatio(
        point, starts: points.map(\.theta), denominator: denominator, to: &diagnosis)
      journal.progress("points", number + 1, of: points.count)
    }
    return diagnosis
  }

  private func add(
    _ name: String, point: String = "", value: Double, error: Double, expected: Double,
    tolerance: Double, to diagnosis: inout Diagnosis
  ) {
    diagnosis.checks.append(
      Diagnosis.Check(
        name, point: point, value: value, error: error, expected: expected,
        tolerance: tolerance * plan.tolerance))
  }

  private func add(
    _ name: String, point: String = "", _ mean: WeightedMean, expected: Double, tolerance: Double,
    to diagnosis: inout Diagnosis
  ) {
    add(
      name, point: point, value: mean.value, error: mean.error, expected: expected,
      tolerance: tolerance, to: &diagnosis)
  }

  // MARK: Ratios and densities

  private func addRatio(
    _ point: (name: String, theta: [Double]), starts: [[Double]], denominator: [Double],
    to diagnosis: inout Diagnosis
  ) throws {
    let name = point.name
    let numerator = try events.densities(at: point.theta)
    let (logs, gradient) = try estimator.logRatioAndGradient(x: events.x, theta: point.theta)
    let mean = WeightedMean(logs.map { exp($0) }, weights: denominator)
    add(
      "mean of r at theta1", point: name, mean, expected: 1, tolerance: Tolerance.mean,
      to: &diagnosis)
    add(
      "mean of 1/r at theta", point: name,
      WeightedMean(logs.map { exp(-$0) }, weights: numerator), expected: 1,
      tolerance: Tolerance.mean, to: &diagnosis)
    try addScores(name, gradient, at: point.theta, weights: numerator, to: &diagnosis)

    // Under the even mixture of both hypotheses, with s = 1/(1 + r), E[s_xz | x] = s(x).
    let joint = zip(numerator, denominator).map { log($0 / $1) }
    let mixture = zip(numerator, denominator).map { $0 + $1 }
    let curve = JointComparison(
      learned: logs.map { 1 / (1 + exp($0)) }, joint: joint.map { 1 / (1 + exp($0)) },
      weights: mixture)
    add(
      "slope of joint s on s", point: name, curve.slope, expected: 1, tolerance: Tolerance.slope,
      to: &diagnosis)
    let drawn = curve.curve(name)
    add(
      "calibration of s", point: name, drawn.deviation, expected: 0,
      tolerance: Tolerance.calibration, to: &diagnosis)
    diagnosis.curves.append(drawn)
    let test = ClosureTest(
      events: events, observables: estimator.observableNames.count, seed: plan.seed, team: team)
    add(
      "AUC after reweighting", point: name,
      try test.area(
        target: numerator, reweighted: zip(denominator, logs).map { $0 * exp($1) }),
      expected: 0.5, tolerance: Tolerance.area, to: &diagnosis)
    if plan.toys > 0 {
      try addCoverage(name, point.theta, starts: starts, numerator, to: &diagnosis)
    }
    addNotes(name, logs, joint, mixture, mean, to: &diagnosis)
    if let luminosity = plan.luminosity {
      let n = luminosity * (try events.crossSection(at: point.theta))
      diagnosis.checks.append(
        Diagnosis.Check(
          note: "n |log E r|", point: name, value: n * abs(log(mean.value)),
          error: n * mean.error / mean.value))
    }
    try addSpread(name, theta: point.theta, weights: mixture, to: &diagnosis)
  }

  /// Means and slopes of a score at the point that its events are weighted to.
  private func addScores(
    _ point: String, _ score: [Double], at theta: [Double], weights: [Double],
    curves: Bool = false, to diagnosis: inout Diagnosis
  ) throws {
    let p = estimator.parameterNames.count
    let joint = try events.scores(at: theta)
    for (k, name) in estimator.parameterNames.enumerated() {
      let own = stride(from: k, to: score.count, by: p).map { score[$0] }
      let mean = WeightedMean(own, weights: weights)
      let spread = WeightedMean(own.map { $0 * $0 }, weights: weights).value.squareRoot()
      // A score that is 0 everywhere has mean 0.
      let unit = spread > 0 ? spread : 1
      add(
        "mean score by \(name)", point: point, value: mean.value / unit, error: mean.error / unit,
        expected: 0, tolerance: Tolerance.score, to: &diagnosis)
      guard let joint, spread > 0 else { continue }
      let comparison = JointComparison(
        learned: own, joint: stride(from: k, to: joint.count, by: p).map { joint[$0] },
        weights: weights)
      add(
        "slope of joint score by \(name)", point: point, comparison.slope, expected: 1,
        tolerance: Tolerance.slope, to: &diagnosis)
      diagnosis.checks.append(
        Diagnosis.Check(
          note: "correlation of scores by \(name)", point: point, value: comparison.correlation))
      if curves { diagnosis.curves.append(comparison.curve(name)) }
    }
  }

  private func addCoverage(
    _ name: String, _ theta: [Double], starts: [[Double]], _ densities: [Double],
    to diagnosis: inout Diagnosis
  ) throws {
    let test = CoverageTest(
      estimator: estimator, events: events, toys: plan.toys, size: plan.toySize, seed: plan.seed,
      starts: starts)
    guard !test.free.isEmpty else { return }
    let values = try test.values(at: theta, densities: densities)
    let chiSquare = ChiSquare(degreesOfFreedom: test.free.count)
    for level in [0.68, 0.95] {
      let threshold = chiSquare.quantile(level)
      let share = Double(values.count { $0 <= threshold }) / Double(values.count)
      add(
        "coverage of \(Int((100 * level).rounded())) %", point: name, value: share,
        error: (level * (1 - level) / Double(values.count)).squareRoot(), expected: level,
        tolerance: Tolerance.coverage, to: &diagnosis)
    }
  }

  /// Learned against joint log ratio: the joint one spreads at fixed x, so these have no right values but at parton level.
  private func addNotes(
    _ name: String, _ logs: [Double], _ joint: [Double], _ weights: [Double],
    _ mean: WeightedMean, to diagnosis: inout Diagnosis
  ) {
    let comparison = JointComparison(learned: logs, joint: joint, weights: weights)
    let errors = zip(comparison.learned, comparison.joint).map { ($0 - $1) * ($0 - $1) }
    let total = WeightedMean(errors, weights: comparison.weights)
    // Without the worst 5 % of the weight.
    let order = errors.indices.sorted { errors[$0] < errors[$1] }
    let all = comparison.weights.reduce(0) { $0 + abs($1) }
    var kept: [Int] = []
    var sum = 0.0
    for i in order {
      sum += abs(comparison.weights[i])
      if sum > (1 - EstimatorComparison.trimmedShare) * all { break }
      kept.append(i)
    }
    let trimmed = WeightedMean(
      kept.map { errors[$0] }, weights: kept.map { comparison.weights[$0] })
    let difference = WeightedMean(
      zip(comparison.learned, comparison.joint).map { $0 - $1 }, weights: comparison.weights)
    let slope = comparison.slope
    for (what, value) in [
      ("mean of log r - joint log r", difference), ("slope of joint log r on log r", slope),
      ("correlation with joint log r", WeightedMean(value: comparison.correlation, error: 0)),
      ("mean squared error of log r", total), ("the same, best 95 %", trimmed),
    ] {
      diagnosis.checks.append(
        Diagnosis.Check(note: what, point: name, value: value.value, error: value.error))
    }
  }

  /// The standard deviation over the members of an ensemble, averaged over events.
  private func addSpread(
    _ name: String, theta: [Double], weights: [Double], to diagnosis: inout Diagnosis
  ) throws {
    guard estimator.models.count > 1 else { return }
    let members = try estimator.members().map { try $0.logRatio(x: events.x, theta: theta) }
    let mean = WeightedMean(MemberSpread.of(members), weights: weights)
    diagnosis.checks.append(
      Diagnosis.Check(
        note: "spread of log r over members", point: name, value: mean.value, error: mean.error))
  }

  // MARK: Scores

  private func addScore(to diagnosis: inout Diagnosis) throws {
    let theta = estimator.referenceTheta
    let weights = try events.densities(at: theta)
    try addScores(
      "", try estimator.score(x: events.x), at: theta, weights: weights, curves: true,
      to: &diagnosis)
    let p = estimator.parameterNames.count
    guard estimator.models.count > 1 else { return }
    let members = try estimator.members().map { try $0.score(x: events.x) }
    for (k, name) in estimator.parameterNames.enumerated() {
      let spread = (0..<events.count).map { event in
        MemberSpread.of(members.map { $0[event * p + k] })
      }
      let mean = WeightedMean(spread, weights: weights)
      diagnosis.checks.append(
        Diagnosis.Check(
          note: "spread of the score by \(name) over members", value: mean.value,
          error: mean.error))
    }
  }
}

/// The standard deviation over members, with n − 1.
enum MemberSpread {
  static func of(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// Of each place of equally long lists.
  static func of(_ members: [[Double]]) -> [Double] {
    guard let first = members.first else { return [] }
    return first.indices.map { i in of(members.map { $0[i] }) }
  }
}
