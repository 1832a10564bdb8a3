import Glibc

/// The distribution of Σ (z_i + m_i)² of k standard normal z_i with Σ m_i² = λ: that of q(θ) where another point is true
/// (arXiv:1007.1727, section 3.1, after Wald).
public struct NonCentralChiSquare: Sendable, Equatable {
  public let degreesOfFreedom: Double
  /// λ ≥ 0.
  public let noncentrality: Double

  public init(degreesOfFreedom: Double, noncentrality: Double) {
    precondition(noncentrality >= 0)
    self.degreesOfFreedom = degreesOfFreedom
    self.noncentrality = noncentrality
  }

  /// Probability below x: Σ_j Pois(j|λ/2) F_{k+2j}(x), summed from the largest weight outwards.
  public func cdf(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    let half = noncentrality / 2
    guard half > 0 else { return central(0, x) }
    let middle = half.rounded(.down)
    let weight = exp(middle * log(half) - half - logGamma(middle + 1))
    var sum = 0.0
    var (j, w) = (middle, weight)
    while w > 1e-18 {
      let term = w * central(j, x)
      sum += term
      if term < 1e-18 { break }
      j += 1
      w *= half / j
    }
    (j, w) = (middle, weight)
    while j > 0 {
      w *= j / half
      j -= 1
      if w < 1e-18 { break }
      sum += w * central(j, x)
    }
    return min(1, sum)
  }

  private func central(_ j: Double, _ x: Double) -> Double {
    ChiSquare(degreesOfFreedom: degreesOfFreedom + 2 * j).cdf(x)
  }

  /// The x with `probability` below it. NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0 { return 0 }
    if probability == 1 { return .infinity }
    var high = degreesOfFreedom + noncentrality
    while cdf(high) < probability { high *= 2 }
    return (try? findRoot(in: 0...high) { cdf($0) - probability }) ?? .nan
  }

  /// The λ for which x has `probability` below it; nil where even λ = 0 leaves less.
  public static func noncentrality(
    degreesOfFreedom: Double, x: Double, probability: Double
  ) -> Double? {
    func excess(_ noncentrality: Double) -> Double {
      NonCentralChiSquare(degreesOfFreedom: degreesOfFreedom, noncentrality: noncentrality).cdf(x)
        - probability
    }
    guard x > 0, probability > 0, excess(0) >= 0 else { return nil }
    var high = max(1, 2 * x)
    while excess(high) > 0 { high *= 2 }
    return try? findRoot(in: 0...high, excess)
  }
}
