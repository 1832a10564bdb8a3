import Diagnostics
import EventModel
import Glibc
import Numerics

/// How well an estimator does on rows whose joint quantities are known.
///
/// Where everything is observed (parton level, nothing hidden) the joint ratio is the ratio itself, and the errors are the
/// estimator's own; elsewhere they hold the spread of the joint quantities at fixed x too.
public struct EstimatorComparison: Sendable, Equatable {
  public var rows: Int
  /// Rows with a joint ratio of ±infinity, which are left out.
  public var infiniteRows: Int
  /// Mean of (log r̂ − log r)², and without the worst 5 % of the rows.
  public var meanSquaredError: Double
  public var trimmedError: Double
  /// E[r̂ | y = 1] and E[1/r̂ | y = 0], both 1 for the exact ratio.
  public var meanRatioDenominator: Double
  public var meanInverseNumerator: Double
  /// Mean of (t̂ − t)² per component over numerator rows; empty without joint scores.
  public var scoreErrors: [Double]

  /// The share of rows left out of `trimmedError`.
  public static let trimmedShare = 0.05

  /// Compares log r̂ (and ∂ log r̂/∂θ) of each row at its own θ with the joint quantities.
  public init(_ sample: TrainingRows, estimator: Estimator) throws {
    let p = sample.parameterNames.count
    let (estimate, gradient) = try estimator.logRatioAndGradient(
      x: sample.x, theta: sample.theta,
      denominator: estimator.hasTwoHypotheses ? sample.denominators : nil)
    var errors: [Double] = []
    var denominator = (sum: 0.0, count: 0)
    var numerator = (sum: 0.0, count: 0)
    let hasScores = !sample.scores.isEmpty && estimator.hasDerivatives
    var scoreSums = [Double](repeating: 0, count: hasScores ? p : 0)
    infiniteRows = 0
    for row in 0..<sample.count {
      if sample.labels[row] == 1 {
        denominator.sum += exp(estimate[row])
        denominator.count += 1
      } else {
        numerator.sum += exp(-estimate[row])
        numerator.count += 1
        for k in scoreSums.indices {
          let d = gradient[row * p + k] - sample.scores[row * p + k]
          scoreSums[k] += d * d
        }
      }
      guard sample.logRatios[row].isFinite else {
        infiniteRows += 1
        continue
      }
      let d = estimate[row] - sample.logRatios[row]
      errors.append(d * d)
    }
    rows = sample.count
    errors.sort()
    let kept = errors.count - Int(Self.trimmedShare * Double(errors.count))
    func mean(_ values: ArraySlice<Double>) -> Double {
      values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    }
    meanSquaredError = mean(errors[...])
    trimmedError = mean(errors[..<kept])
    meanRatioDenominator = denominator.sum / Double(max(1, denominator.count))
    meanInverseNumerator = numerator.sum / Double(max(1, numerator.count))
    scoreErrors = scoreSums.map { $0 / Double(max(1, numerator.count)) }
  }

  public var document: Document {
    var d = Document()
    d.set("comparison/rows", rows)
    d.set("comparison/infinite_rows", infiniteRows)
    d.set("comparison/mean_squared_error", meanSquaredError)
    d.set("comparison/trimmed_mean_squared_error", trimmedError)
    d.set("comparison/mean_ratio_denominator", meanRatioDenominator)
    d.set("comparison/mean_inverse_ratio_numerator", meanInverseNumerator)
    d.set("comparison/score_errors", scoreErrors)
    return d
  }
}
