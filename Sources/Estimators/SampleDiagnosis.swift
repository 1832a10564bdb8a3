import Diagnostics
import EventModel
import Glibc
import Numerics

/// Tests of a trained model on a sample whose rows have hypotheses of their own, as `augment` and `augment import` make
/// them: what `EstimatorDiagnosis` tests at points, here on average over the hypotheses of the sample.
///
/// It needs no event weights, so that models of any simulator can be tested. What holds for the exact ratio: E[r] = 1 over
/// rows drawn at θ1 and E[1/r] = 1 over those drawn at θ0, E[t] = 0 over these, E[s_xz | x, θ] = s, and that rows of θ1
/// weighted by r cannot be told from those of θ0 by x and θ.
public struct SampleDiagnosis: Sendable {
  private let estimator: Estimator
  private let sample: TrainingRows
  /// Of the rows.
  private let weights: [Double]
  private let plan: EstimatorDiagnosis.Plan
  private let team: ThreadTeam

  /// Columns that are read of a sample for a model.
  public static func columns(
    for estimator: Estimator, of header: Header
  ) -> TrainingRows.Columns {
    if estimator.target == .score {
      // A sample of one point need not repeat it in every row.
      let hasTheta = header.fields.contains { $0.path == SampleFields.theta0 }
      return hasTheta ? [.theta, .scores, .drawnAtTheta0] : [.scores, .drawnAtTheta0]
    }
    var columns: TrainingRows.Columns = [.theta, .labels, .logRatios]
    if estimator.hasDerivatives { columns.insert(.scores) }
    if estimator.hasTwoHypotheses { columns.insert(.denominators) }
    return columns
  }

  /// - Parameter sample: of rows that no training saw, with the columns that are read for the model.
  /// - Throws: `.data` where its parameters are not the model's, or a score model's point is not where it was drawn.
  public init(
    estimator: Estimator, sample: TrainingRows, plan: EstimatorDiagnosis.Plan, team: ThreadTeam,
    file: String? = nil
  ) throws {
    try Self.requirePoint(estimator, sample, file: file)
    self.estimator = estimator
    self.sample = sample
    weights =
      sample.weights.isEmpty ? [Double](repeating: 1, count: sample.count) : sample.weights
    self.plan = plan
    self.team = team
  }

  /// That the coordinates are the model's, and that rows for a score model are drawn at its point and have its kind of
  /// scores: profiled ones are of the parameters alone, at hypotheses that have nuisance parameters besides.
  static func requirePoint(
    _ estimator: Estimator, _ sample: TrainingRows, file: String?
  ) throws {
    guard estimator.target == .score else { return try estimator.requireFit(sample, file: file) }
    try estimator.requireFit(sample.info.setup, file: file)
    let p = estimator.parameterNames.count
    func isProfiled(_ info: SampleInfo) -> Bool { !info.profileMatrix.isEmpty }
    guard sample.scores.count == p * sample.count,
      isProfiled(sample.info) == isProfiled(estimator.models[0].sample)
    else {
      throw Problem(
        .data, "the scores of the sample treat nuisance parameters in another way than the model",
        remedy: "make the sample with the --nuisance of the training", file: file)
    }
    let drawn = sample.theta.isEmpty ? sample.info.theta1Values : sample.theta
    let width = sample.theta.isEmpty ? drawn.count : drawn.count / sample.count
    for (i, value) in drawn.enumerated() where i % width < p {
      let wanted = estimator.referenceTheta[i % width]
      guard value != wanted else { continue }
      throw Problem(
        .data,
        "the row is drawn at \(estimator.parameterNames[i % width])=\(value), and the model is of the score at \(wanted)",
        remedy: "test it on a sample drawn at its own point, or on events", file: file,
        place: "row \(i / width + 1)")
    }
  }

  public func run() throws -> Diagnosis {
    var checks = DiagnosisChecks(
      estimator, events: sample.count, part: .all, tolerance: plan.tolerance)
    if estimator.target == .score {
      try checks.addScoreModel(estimator, x: sample.x, joint: sample.scores, weights: weights)
    } else {
      try addRatio(to: &checks)
    }
    return checks.diagnosis
  }

  private func addRatio(to checks: inout DiagnosisChecks) throws {
    let other = estimator.hasTwoHypotheses ? sample.denominators : nil
    // Rows of one class have weight 0 in the other.
    let numerator = zip(weights, sample.labels).map { $1 == 0 ? $0 : 0 }
    let denominator = zip(weights, sample.labels).map { $1 == 1 ? $0 : 0 }
    let (hasNumerator, hasDenominator) = (
      sample.labels.contains(0), sample.labels.contains(1)
    )
    let logs: [Double]
    if estimator.hasDerivatives {
      let (values, gradient) = try estimator.logRatioAndGradient(
        x: sample.x, theta: sample.theta, denominator: other)
      logs = values
      if hasNumerator {
        checks.addScores(
          estimator.parameterNames, gradient, joint: sample.scores, weights: numerator)
      }
    } else {
      logs = try estimator.logRatio(x: sample.x, theta: sample.theta, denominator: other)
    }
    if hasDenominator {
      checks.check(
        "mean of r at theta1", WeightedMean(logs.map { exp($0) }, weights: denominator),
        expected: 1, tolerance: DiagnosisChecks.Tolerance.mean)
    }
    if hasNumerator {
      checks.check(
        "mean of 1/r at theta", WeightedMean(logs.map { exp(-$0) }, weights: numerator),
        expected: 1, tolerance: DiagnosisChecks.Tolerance.mean)
    }
    // Both classes with one weight in all: the even mixture.
    let sums = (numerator.reduce(0, +), denominator.reduce(0, +))
    let mixture =
      hasNumerator && hasDenominator
      ? zip(numerator, denominator).map { $0 / sums.0 + $1 / sums.1 } : weights
    if hasNumerator, hasDenominator {
      checks.addCalibration(logs: logs, joint: sample.logRatios, mixture: mixture)
      try addClosure(logs, numerator, denominator, to: &checks)
    }
    checks.addComparison(logs: logs, joint: sample.logRatios, weights: mixture)
    guard estimator.models.count > 1 else { return }
    let members = try estimator.members().map {
      try $0.logRatio(x: sample.x, theta: sample.theta, denominator: other)
    }
    checks.addSpread("spread of log r over members", members, weights: mixture)
  }

  /// The classifier sees x and the hypotheses: the ratio must be right at each of them, not on average only.
  private func addClosure(
    _ logs: [Double], _ numerator: [Double], _ denominator: [Double],
    to checks: inout DiagnosisChecks
  ) throws {
    let (d, p) = (sample.observableNames.count, sample.parameterNames.count)
    var inputs: [Double] = []
    inputs.reserveCapacity(sample.count * (d + 2 * p))
    for row in 0..<sample.count {
      inputs += sample.x[row * d..<(row + 1) * d]
      inputs += sample.theta[row * p..<(row + 1) * p]
      if estimator.hasTwoHypotheses { inputs += sample.denominators[row * p..<(row + 1) * p] }
    }
    let test = ClosureTest(
      inputs: inputs, width: inputs.count / max(1, sample.count),
      identities: sample.identities, seed: plan.seed, team: team)
    try checks.addClosure(test, logs: logs, numerator: numerator, denominator: denominator)
  }
}
