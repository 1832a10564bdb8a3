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

  private typealias Tolerance = DiagnosisChecks.Tolerance

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
  /// - Parameter nuisance: the nuisance parameters there, where the model has them; empty is 0.
  public func defaultPoints(nuisance: [Double] = []) -> [(name: String, theta: [Double])] {
    let count = estimator.parameterNames.count
    return events.setup.benchmarks.map {
      let rest = [Double](repeating: 0, count: count - $0.values.count)
      return ($0.name, $0.values + (nuisance.isEmpty ? rest : nuisance))
    }.filter {
      $0.1 != estimator.referenceTheta && estimator.outsideTrainingRange($0.1).isEmpty
    }
  }

  /// - Parameter points: numerator hypotheses; a score model is tested at its own point alone.
  public func run(points: [(name: String, theta: [Double])]) throws -> Diagnosis {
    var checks = DiagnosisChecks(
      estimator, events: events.count, part: events.part, tolerance: plan.tolerance)
    if estimator.target == .score {
      let theta = estimator.referenceTheta
      try checks.addScoreModel(
        estimator, x: events.x, joint: events.scores(at: theta),
        weights: events.densities(at: theta))
      return checks.diagnosis
    }
    guard !points.isEmpty else {
      throw Problem(
        .usage, "no benchmark but theta1 is inside the range of training",
        remedy: "give --theta POINT or --grid AXIS")
    }
    let denominator = try events.densities(at: estimator.referenceTheta)
    let own = try estimator.logRatio(x: events.x, theta: estimator.referenceTheta)
    let spread = WeightedMean(own.map { $0 * $0 }, weights: denominator)
    checks.check(
      "rms of log r at theta1", WeightedMean(value: spread.value.squareRoot(), error: 0),
      expected: 0, tolerance: Tolerance.mean)
    for (number, point) in points.enumerated() {
      for name in estimator.outsideTrainingRange(point.theta) {
        journal.warn(
          "outside \(point.name)",
          "\(point.name) is outside the range of \(name) in training; the model is extrapolated")
      }
      try addRatio(point, all: points.map(\.theta), denominator: denominator, to: &checks)
      journal.progress("points", number + 1, of: points.count)
    }
    return checks.diagnosis
  }

  // MARK: Ratios and densities

  private func addRatio(
    _ point: (name: String, theta: [Double]), all: [[Double]], denominator: [Double],
    to checks: inout DiagnosisChecks
  ) throws {
    let (name, theta) = point
    let numerator = try events.densities(at: theta)
    let (logs, gradient) = try estimator.logRatioAndGradient(x: events.x, theta: theta)
    let mean = WeightedMean(logs.map { exp($0) }, weights: denominator)
    checks.check("mean of r at theta1", point: name, mean, expected: 1, tolerance: Tolerance.mean)
    checks.check(
      "mean of 1/r at theta", point: name,
      WeightedMean(logs.map { exp(-$0) }, weights: numerator), expected: 1,
      tolerance: Tolerance.mean)
    // Between benchmarks alone there is nothing that a network's slope could be the score of.
    if estimator.hasDerivatives, let joint = try events.scores(at: theta) {
      checks.addScores(
        point: name, estimator.parameterNames, gradient, joint: joint, weights: numerator)
    }
    let joint = zip(numerator, denominator).map { log($0 / $1) }
    let mixture = zip(numerator, denominator).map { $0 + $1 }
    checks.addCalibration(point: name, logs: logs, joint: joint, mixture: mixture)
    let test = ClosureTest(
      inputs: events.x, width: estimator.observableNames.count, identities: events.identities,
      seed: plan.seed, team: team)
    try checks.addClosure(
      point: name, test, logs: logs, numerator: numerator, denominator: denominator)
    if plan.toys > 0 {
      try addCoverage(name, theta, starts: all, numerator, to: &checks)
    }
    checks.addComparison(point: name, logs: logs, joint: joint, weights: mixture)
    if let luminosity = plan.luminosity {
      let n = luminosity * (try events.crossSection(at: theta))
      checks.note(
        "n |log E r|", point: name,
        WeightedMean(value: n * abs(log(mean.value)), error: n * mean.error / mean.value))
    }
    try addOtherReferences(name, theta, logs, others: all, mixture, to: &checks)
    guard estimator.models.count > 1 else { return }
    let members = try estimator.members().map { try $0.logRatio(x: events.x, theta: theta) }
    checks.addSpread(
      "spread of log r over members", point: name, members, weights: mixture)
  }

  /// r(x|θ, θ1) by way of third hypotheses, r(x|θ, θ2)/r(x|θ1, θ2): the same for the exact ratio (arXiv:1805.00020,
  /// section III D). Only a network of two hypotheses can fail.
  private func addOtherReferences(
    _ name: String, _ theta: [Double], _ logs: [Double], others: [[Double]], _ weights: [Double],
    to checks: inout DiagnosisChecks
  ) throws {
    guard estimator.hasTwoHypotheses else { return }
    let others = others.filter { $0 != theta && $0 != estimator.referenceTheta }
    guard !others.isEmpty else { return }
    var ways = [logs]
    for other in others {
      let up = try estimator.logRatio(x: events.x, theta: theta, denominator: other)
      let down = try estimator.logRatio(
        x: events.x, theta: estimator.referenceTheta, denominator: other)
      ways.append(zip(up, down).map { $0 - $1 })
    }
    checks.check(
      "spread over reference hypotheses", point: name,
      WeightedMean(MemberSpread.of(ways), weights: weights), expected: 0,
      tolerance: Tolerance.mean)
  }

  private func addCoverage(
    _ name: String, _ theta: [Double], starts: [[Double]], _ densities: [Double],
    to checks: inout DiagnosisChecks
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
      checks.check(
        "coverage of \(Int((100 * level).rounded())) %", point: name,
        WeightedMean(
          value: share, error: (level * (1 - level) / Double(values.count)).squareRoot()),
        expected: level, tolerance: Tolerance.coverage)
    }
  }
}
