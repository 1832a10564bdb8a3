/// The ways to train a density estimator p̂(x|θ) (Brehmer et al. arXiv:1805.12244).
public enum DensityMethod: String, Sendable, CaseIterable {
  /// Neural density estimation: −log p̂.
  case nde
  /// The same, and the score of p̂ against the joint score.
  case scandal

  /// Whether the joint score is needed.
  public var usesScore: Bool { self == .scandal }

  /// Weight of the score term where none is chosen.
  public var defaultAlpha: Double { 1 }
}

/// The loss of a density estimator whose only output is log p̂(x|θ).
///
/// With t the joint score of a row at its θ, a row's loss is
///
///     −log p̂ + α |∂ log p̂/∂θ − t|²/p
///
/// with the second part for SCANDAL only. E[t(x,z) | x] is the score of p(x|θ) since z was drawn at
/// θ, so both parts are least at the same p̂.
public struct DensityLoss: NetworkLoss {
  public let method: DensityMethod
  /// Weight α of the score term, which is a mean over the components of the score.
  public let alpha: Double
  public let parameterCount: Int
  private let scores: [Double]
  private let weights: [Double]

  /// - Parameters:
  ///   - scores: joint scores in the units of the network's θ inputs, rows × parameters; empty
  ///     where not used.
  ///   - parameterCount: p, the number of θ.
  ///   - weights: one for each row, of mean one, or empty.
  public init(
    method: DensityMethod, scores: [Double] = [], parameterCount: Int, alpha: Double = 1,
    weights: [Double] = []
  ) {
    precondition(!method.usesScore || (parameterCount > 0 && scores.count % parameterCount == 0))
    self.method = method
    self.alpha = alpha
    self.parameterCount = parameterCount
    self.scores = scores
    self.weights = weights
  }

  public var tangents: Int { method.usesScore ? parameterCount : 0 }

  public func evaluate(_ block: LossBlock) -> Double {
    let scale = alpha / Double(max(1, parameterCount))
    var sum = 0.0
    for (i, row) in block.rows.enumerated() {
      let weight = weights.isEmpty ? 1 : weights[Int(row)]
      var loss = -block.values[block.index(i)]
      block.gradients?[block.index(i)] = -weight
      if method.usesScore {
        loss += block.scoreTerm(i, targets: scores, scale: scale, weight: weight)
      }
      sum += weight * loss
    }
    return sum
  }
}
