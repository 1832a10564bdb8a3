import EventModel
import Numerics

/// From Asimov values to the distribution over experiments.
///
/// Where θ_true is true, q(θ) follows a non-central χ² with the Asimov value as its non-centrality (Wald; arXiv:1007.1727,
/// section 3.1). The region of an experiment holds θ with the probability P(q ≤ t); the points where that is at least
/// Φ(−N) make the band of N: the median for 0, ±1 and ±2 standard deviations around it. The Asimov region itself is wider
/// than the median one, by more the more parameters there are.
struct ExpectedBands {
  static let sigmas = [-2, -1, 0, 1, 2]
  private let limits: Limits

  init(_ limits: Limits) { self.limits = limits }

  /// The largest Asimov value inside a band; nil where even the true point is not.
  static func threshold(level: Double, degreesOfFreedom: Int, sigma: Int) -> Double? {
    NonCentralChiSquare.noncentrality(
      degreesOfFreedom: Double(degreesOfFreedom),
      x: ChiSquare(degreesOfFreedom: degreesOfFreedom).quantile(level),
      probability: Normal.cdf(-Double(sigma)))
  }

  /// The bands of all levels with the largest Asimov value inside each.
  func thresholds(_ levels: [Double]) -> [(level: Double, sigma: Int, threshold: Double?)] {
    levels.flatMap { level in
      Self.sigmas.map { sigma in
        (
          level, sigma,
          Self.threshold(
            level: level, degreesOfFreedom: limits.degreesOfFreedom, sigma: sigma)
        )
      }
    }
  }
}
