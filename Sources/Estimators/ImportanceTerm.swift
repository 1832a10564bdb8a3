import Diagnostics
import EventModel
import Glibc
import Networks

/// The losses of a model at one hypothesis, or of rows at their own.
struct ImportanceTerm: Sendable {
  /// Of the rows in the mean.
  let weights: [Double]
  /// The mean loss of a model that knows nothing.
  let ignorance: Double
  /// Of each row, from its observables.
  let losses: @Sendable ([Double]) throws -> [Double]

  // MARK: Events

  /// Under the even mixture of a point and θ1: what each event's share of θ1 is, against the joint one.
  static func ratio(
    of estimator: Estimator, events: WeightedTestEvents, theta: [Double]
  ) throws -> ImportanceTerm {
    let numerator = try events.densities(at: theta)
    let denominator = try events.densities(at: estimator.referenceTheta)
    let targets = zip(numerator, denominator).map { min(1, max(0, $1 / ($0 + $1))) }
    return ImportanceTerm(
      weights: zip(numerator, denominator).map { $0 + $1 }, ignorance: log(2)
    ) { x in
      entropies(try estimator.logRatio(x: x, theta: theta), targets)
    }
  }

  static func score(
    of estimator: Estimator, events: WeightedTestEvents
  ) throws -> ImportanceTerm {
    let theta = estimator.referenceTheta
    guard let joint = try events.scores(at: theta) else {
      throw Problem(
        .data, "the events have no joint scores", remedy: "make a basis with 'morph setup'")
    }
    return score(of: estimator, joint: joint, weights: try events.densities(at: theta))
  }

  // MARK: Samples

  /// Rows of both classes with the same weight in all; those of a score model as they are.
  static func rows(
    of estimator: Estimator, sample: TrainingRows, file: String?
  ) throws -> ImportanceTerm {
    let own = sample.weights.isEmpty ? [Double](repeating: 1, count: sample.count) : sample.weights
    guard estimator.target != .score else {
      return score(of: estimator, joint: sample.scores, weights: own)
    }
    try sample.requireBothClasses(for: "the importance of a ratio's observables", file: file)
    let totals = zip(own, sample.labels).reduce(into: (0.0, 0.0)) { sums, row in
      if row.1 == 0 { sums.0 += row.0 } else { sums.1 += row.0 }
    }
    let weights = zip(own, sample.labels).map { $0 / ($1 == 0 ? totals.0 : totals.1) }
    let targets =
      sample.logRatios.isEmpty ? sample.labels : sample.logRatios.map { 1 / (1 + exp($0)) }
    let theta = sample.theta
    let denominators = estimator.hasTwoHypotheses ? sample.denominators : nil
    return ImportanceTerm(weights: weights, ignorance: log(2)) { x in
      entropies(
        try estimator.logRatio(x: x, theta: theta, denominator: denominators), targets)
    }
  }

  // MARK: Losses

  /// Cross entropy of the share of θ1, s = 1/(1 + r), with what it is to be.
  private static func entropies(_ logs: [Double], _ targets: [Double]) -> [Double] {
    zip(logs, targets).map { softplus(-$0) * (1 - $1) + softplus($0) * $1 }
  }

  /// The squared error in units of the joint score's variance, the mean over its components.
  private static func score(
    of estimator: Estimator, joint: [Double], weights: [Double]
  ) -> ImportanceTerm {
    let p = estimator.parameterNames.count
    let variances = (0..<p).map { k in
      WeightedMean(
        stride(from: k, to: joint.count, by: p).map { joint[$0] * joint[$0] }, weights: weights
      ).value
    }
    return ImportanceTerm(weights: weights, ignorance: 1) { x in
      let score = try estimator.score(x: x)
      return (0..<score.count / p).map { row in
        (0..<p).reduce(0) { sum, k in
          let difference = score[row * p + k] - joint[row * p + k]
          return sum + difference * difference / (variances[k] * Double(p))
        }
      }
    }
  }
}
