import Diagnostics
import EventModel
import Morphing

/// A parameter point with all that joint quantities at it need; moved from point to point without
/// allocation.
///
/// σ(θ) = Σ_b w_b(θ) T_b with the component totals T_b of the whole events file, the one σ(θ) of
/// shape and rate.
public struct Hypothesis: Sendable {
  public private(set) var theta: [Double]
  /// Where the nuisance parameters are; nil where they play no part.
  public private(set) var nuisance: NuisancePoint?
  /// w_b(θ), one for each column of the weights.
  public private(set) var weights: [Double]
  /// ∂w_b/∂θ_p, row-major [parameter][column]; zeros where no score is wanted.
  public private(set) var gradients: [Double]
  /// σ(θ) [pb].
  public private(set) var crossSection = 0.0
  /// ∂ log σ/∂θ_p, then ∂ log σ/∂ν_k.
  public private(set) var logCrossSectionGradient: [Double]
  private let evaluator: PointWeights
  private let totals: [Double]
  private let needsScore: Bool
  private let names: [String]

  /// - Parameters:
  ///   - totals: T_b = Σ_e f_e W_eb [pb], at least for the benchmarks of the basis.
  ///   - needsScore: gradients are wanted.
  public init(_ setup: Setup, totals: [Double], needsScore: Bool) {
    evaluator = PointWeights(setup)
    self.totals = totals
    self.needsScore = needsScore
    names = setup.parameterNames
    theta = [Double](repeating: .nan, count: evaluator.parameterCount)
    weights = [Double](repeating: 0, count: evaluator.count)
    gradients = [Double](repeating: 0, count: evaluator.count * evaluator.parameterCount)
    logCrossSectionGradient = [Double](repeating: 0, count: evaluator.parameterCount)
  }

  /// θ, then ν where it plays a part.
  public var coordinates: [Double] { theta + (nuisance?.nu ?? []) }

  /// Moves to θ and ν.
  /// - Throws: `.data` where σ(θ, ν) ≤ 0, or where θ is not a benchmark and there is no morphing.
  public mutating func move(to theta: [Double], nuisance: NuisancePoint? = nil) throws {
    if theta == self.theta, nuisance?.nu == self.nuisance?.nu { return }
    self.nuisance = nuisance
    let totals = nuisance?.totals ?? self.totals
    for p in theta.indices { self.theta[p] = theta[p] }
    try evaluator.evaluate(theta, into: &weights)
    var sigma = 0.0
    for b in weights.indices { sigma += weights[b] * totals[b] }
    crossSection = sigma
    guard sigma > 0 else {
      self.theta[0] = .nan
      throw Self.notPositive(sigma, theta, names)
    }
    guard needsScore else { return }
    try evaluator.evaluateGradients(theta, into: &gradients)
    let width = weights.count
    let physics = self.theta.count
    let count = physics + (nuisance?.nu.count ?? 0)
    if logCrossSectionGradient.count != count {
      logCrossSectionGradient = [Double](repeating: 0, count: count)
    }
    for p in 0..<count {
      var sum = 0.0
      for b in 0..<width {
        if p < physics {
          sum += gradients[p * width + b] * totals[b]
        } else if let nuisance {
          sum += weights[b] * nuisance.totalGradients[(p - physics) * width + b]
        }
      }
      logCrossSectionGradient[p] = sum / sigma
    }
  }

  private static func notPositive(
    _ sigma: Double, _ theta: [Double], _ names: [String]
  ) -> Problem {
    Problem(
      .data,
      "the cross section at \(PointText.describe(theta, names: names)) is "
        + "\(shortNumber(sigma)) pb",
      remedy: "stay where the events describe the theory: a narrower prior or grid, "
        + "or a sample generated closer to the point")
  }
}

/// A parameter point in words.
public enum PointText {
  /// `cHW=0.3,cHq3=-0.1`.
  public static func describe(_ theta: [Double], names: [String]) -> String {
    zip(names, theta).map { name, value in
      let short = value == value.rounded() && abs(value) < 1e15
      return "\(name)=\(short ? "\(Int(value))" : "\(value)")"
    }.joined(separator: ",")
  }
}
