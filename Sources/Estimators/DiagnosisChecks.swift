import EventModel
import Glibc
import Numerics

/// The checks that diagnoses of events and of samples have in common.
struct DiagnosisChecks {
  /// Deviations that are let pass, at a tolerance of 1.
  enum Tolerance {
    /// Of means of r and 1/r from 1, and of log r from what it is at one point or by way of another.
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

  /// A score below this has no spread: a nuisance parameter that changes the cross section alone leaves the rounding of it.
  static let noScore = 1e-9

  /// With the checks so far.
  private(set) var diagnosis: Diagnosis
  /// Factor on all tolerances.
  private let tolerance: Double

  /// No check yet, of so many events of a part.
  init(_ estimator: Estimator, events: Int, part: Partition, tolerance: Double) {
    diagnosis = Diagnosis(
      target: estimator.target, method: estimator.models[0].method, events: events, part: part,
      checks: [], curves: [])
    self.tolerance = tolerance
  }

  /// A quantity with a verdict.
  mutating func check(
    _ name: String, point: String = "", _ mean: WeightedMean, expected: Double, tolerance: Double
  ) {
    diagnosis.checks.append(
      Diagnosis.Check(
        name, point: point, value: mean.value, error: mean.error, expected: expected,
        tolerance: tolerance * self.tolerance))
  }

  /// A quantity without one.
  mutating func note(_ name: String, point: String = "", _ mean: WeightedMean) {
    diagnosis.checks.append(
      Diagnosis.Check(note: name, point: point, value: mean.value, error: mean.error))
  }

  mutating func add(_ curve: Diagnosis.Curve) { diagnosis.curves.append(curve) }

  /// Under the even mixture of both hypotheses, with s = 1/(1 + r), E[s_xz | x] = s(x).
  /// - Parameters:
  ///   - logs, joint: learned log r, and the joint log ratio.
  ///   - mixture: weights of the events under the mixture.
  mutating func addCalibration(
    point: String = "", logs: [Double], joint: [Double], mixture: [Double]
  ) {
    let curve = JointComparison(
      learned: logs.map { 1 / (1 + exp($0)) }, joint: joint.map { 1 / (1 + exp($0)) },
      weights: mixture)
    check(
      "slope of joint s on s", point: point, curve.slope, expected: 1, tolerance: Tolerance.slope)
    let drawn = curve.curve(point)
    check(
      "calibration of s", point: point, drawn.deviation, expected: 0,
      tolerance: Tolerance.calibration)
    add(drawn)
  }

  /// Whether a classifier tells events of θ1 with weights r from those of θ.
  mutating func addClosure(
    point: String = "", _ test: ClosureTest, logs: [Double], numerator: [Double],
    denominator: [Double]
  ) throws {
    check(
      "AUC after reweighting", point: point,
      try test.area(
        target: numerator, reweighted: zip(denominator, logs).map { $0 * exp($1) }),
      expected: 0.5, tolerance: Tolerance.area)
  }

  /// All checks of a score model.
  /// - Parameters:
  ///   - joint: the joint score at the model's point, rows × parameters.
  ///   - weights: of the events there.
  mutating func addScoreModel(
    _ estimator: Estimator, x: [Double], joint: [Double]?, weights: [Double]
  ) throws {
    let names = estimator.parameterNames
    addScores(names, try estimator.score(x: x), joint: joint, weights: weights, curves: true)
    guard estimator.models.count > 1 else { return }
    addScoreSpread(names, try estimator.members().map { try $0.score(x: x) }, weights: weights)
  }

  /// Means and slopes of a score under the hypothesis that it is the score of.
  /// - Parameters:
  ///   - score, joint: rows × parameters; the joint one is nil where it is not known.
  ///   - curves: whether the curve of each parameter is kept.
  mutating func addScores(
    point: String = "", _ names: [String], _ score: [Double], joint: [Double]?,
    weights: [Double], curves: Bool = false
  ) {
    let p = names.count
    for (k, name) in names.enumerated() {
      let own = stride(from: k, to: score.count, by: p).map { score[$0] }
      let mean = WeightedMean(own, weights: weights)
      let spread = WeightedMean(own.map { $0 * $0 }, weights: weights).value.squareRoot()
      // A score that is 0 everywhere has mean 0.
      let unit = spread > Self.noScore ? spread : 1
      check(
        "mean score by \(name)", point: point,
        WeightedMean(value: mean.value / unit, error: mean.error / unit), expected: 0,
        tolerance: Tolerance.score)
      guard let joint, spread > Self.noScore else { continue }
      let other = stride(from: k, to: joint.count, by: p).map { joint[$0] }
      guard other.contains(where: { abs($0) > Self.noScore }) else { continue }
      let comparison = JointComparison(learned: own, joint: other, weights: weights)
      check(
        "slope of joint score by \(name)", point: point, comparison.slope, expected: 1,
        tolerance: Tolerance.slope)
      note(
        "correlation of scores by \(name)", point: point,
        WeightedMean(value: comparison.correlation, error: 0))
      if curves { add(comparison.curve(name)) }
    }
  }

  /// Learned against joint log ratio: the joint one spreads at fixed x, so these have no right values but at parton level.
  mutating func addComparison(
    point: String = "", logs: [Double], joint: [Double], weights: [Double]
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
    for (what, value) in [
      ("mean of log r - joint log r", difference),
      ("slope of joint log r on log r", comparison.slope),
      ("correlation with joint log r", WeightedMean(value: comparison.correlation, error: 0)),
      ("mean squared error of log r", total), ("the same, best 95 %", trimmed),
    ] { note(what, point: point, value) }
  }

  /// The standard deviation over the members of an ensemble, averaged over events.
  mutating func addSpread(
    _ name: String, point: String = "", _ members: [[Double]], weights: [Double]
  ) {
    note(name, point: point, WeightedMean(MemberSpread.of(members), weights: weights))
  }

  /// The same of a score, parameter by parameter.
  /// - Parameter members: of each the scores, rows × parameters.
  private mutating func addScoreSpread(_ names: [String], _ members: [[Double]], weights: [Double])
  {
    for (k, name) in names.enumerated() {
      let own = members.map { scores in
        stride(from: k, to: scores.count, by: names.count).map { scores[$0] }
      }
      addSpread("spread of the score by \(name) over members", own, weights: weights)
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
