/// log r̂ or log p̂ of some rows at one point after another, with the scores that are asked for.
struct PointEstimates {
  private let estimator: Estimator
  private let x: [Double]
  /// θ1 in place of the model's own.
  private let denominator: [Double]?
  private let isLogDensity: Bool
  private let derivatives: Bool
  /// What is taken off at every point, where that is the same.
  private let reference: [Double]?

  init(
    _ estimator: Estimator, x: [Double], denominator: [Double]?, isLogDensity: Bool,
    derivatives: Bool
  ) throws {
    self.estimator = estimator
    self.x = x
    self.denominator = denominator
    self.isLogDensity = isLogDensity
    self.derivatives = derivatives
    switch (estimator.target, denominator) {
    case (.density, let point?): reference = try estimator.logDensity(x: x, theta: point)
    case (_, let point?)
    where !estimator.hasTwoHypotheses && point != estimator.referenceTheta:
      reference = try estimator.logRatio(x: x, theta: point)
    default: reference = nil
    }
  }

  /// At one θ for all rows, or one for each.
  /// - Parameter own: θ1 of each row, for networks of two hypotheses.
  /// - Returns: values, and arrays rows × parameters: the score, and of two hypotheses that at θ1.
  func at(
    _ theta: [Double], denominator own: [Double]? = nil
  ) throws -> (values: [Double], scores: [[Double]]) {
    var values: [Double]
    var scores: [[Double]] = []
    if estimator.target == .density {
      if derivatives {
        let result = try estimator.logDensityAndScore(x: x, theta: theta)
        (values, scores) = (result.logDensity, [result.score])
      } else {
        values = try estimator.logDensity(x: x, theta: theta)
      }
    } else if estimator.hasTwoHypotheses {
      let other = own ?? denominator ?? estimator.referenceTheta
      if derivatives {
        let result = try estimator.logRatioAndScores(x: x, theta: theta, denominator: other)
        (values, scores) = (result.logRatio, [result.numerator, result.denominator])
      } else {
        values = try estimator.logRatio(x: x, theta: theta, denominator: other)
      }
    } else if derivatives {
      let result = try estimator.logRatioAndGradient(x: x, theta: theta)
      (values, scores) = (result.logRatio, [result.gradient])
    } else {
      values = try estimator.logRatio(x: x, theta: theta)
    }
    if let reference { for i in values.indices { values[i] -= reference[i] } }
    return (values, scores)
  }
}
