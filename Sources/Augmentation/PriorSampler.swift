import Diagnostics
import EventModel
import LinearAlgebra
import Numerics

/// Draws points from a prior: independent parameters, and Gaussian ones that are correlated.
public struct PriorSampler: Sendable {
  private let priors: [ThetaSpecification.Prior]
  /// Coordinates drawn together, and the Cholesky factor of their correlation matrix, row-major. The last coordinate comes
  /// first: a row of the factor depends on the rows before it only, so those before some border are drawn given those after.
  private let group: [Int]
  private let factor: [Double]
  /// A truncated Gaussian that keeps less than this share is refused: draws outside are thrown away.
  static let smallestShare = 1e-3
  /// The same for a correlated one, whose share is not known beforehand.
  private static let mostTries = 100_000

  /// - Throws: `.usage` for correlations that no Gaussian has, and limits that leave next to nothing.
  public init(
    _ priors: [ThetaSpecification.Prior],
    correlations: [(first: Int, second: Int, coefficient: Double)] = []
  ) throws {
    self.priors = priors
    let group = Set(correlations.flatMap { [$0.first, $0.second] }).sorted(by: >)
    self.group = group
    for prior in priors { try Self.checkShare(prior) }
    guard !group.isEmpty else {
      factor = []
      return
    }
    var matrix = Matrix.identity(group.count)
    for each in correlations {
      guard let i = group.firstIndex(of: each.first), let j = group.firstIndex(of: each.second)
      else { continue }
      matrix[i, j] = each.coefficient
      matrix[j, i] = each.coefficient
    }
    do {
      let lower = try matrix.cholesky()
      factor = group.indices.flatMap { lower.row($0) }
    } catch {
      throw Problem(
        .usage, "the correlations of the prior are not those of any Gaussian",
        remedy: "make them smaller")
    }
  }

  /// Coordinates of a point.
  public var count: Int { priors.count }

  private static func checkShare(_ prior: ThetaSpecification.Prior) throws {
    guard case .gauss(let mean, let width, let limits?) = prior else { return }
    let (low, high) = ((limits.lowerBound - mean) / width, (limits.upperBound - mean) / width)
    // The tail that is the smaller number keeps its digits.
    let share =
      low > 0
      ? Normal.survival(low) - Normal.survival(high)
      : Normal.cdf(high) - Normal.cdf(low)
    guard share < smallestShare else { return }
    throw Problem(
      .usage,
      "the limits \(limits.lowerBound):\(limits.upperBound) leave less than 0.1 % of the Gaussian "
        + "\(mean):\(width)", remedy: "use a flat prior there")
  }

  /// Puts the next point of the stream into `theta`.
  /// - Throws: `.usage` where limits leave next to nothing of correlated Gaussians.
  func next(_ stream: inout PhiloxStream, into theta: inout [Double]) throws {
    try next(&stream, into: &theta, before: priors.count)
  }

  /// Puts the coordinates before a border, given those from it on, which stay as they are: their conditional
  /// distribution, truncated as the joint one is.
  func next(
    _ stream: inout PhiloxStream, into theta: inout [Double], before border: Int
  ) throws {
    for p in 0..<border where group.isEmpty || !group.contains(p) {
      switch priors[p] {
      case .fixed(let value): theta[p] = value
      case .flat(let lower, let upper):
        theta[p] = lower < upper ? stream.uniform(lower, upper) : lower
      case .logUniform(let lower, let upper):
        theta[p] = exponential(stream.uniform(logarithm(lower), logarithm(upper)))
      case .gauss(let mean, let width, let limits):
        repeat { theta[p] = mean + width * stream.normal() } while !contains(limits, theta[p])
      }
    }
    if !group.isEmpty { try drawGroup(&stream, into: &theta, before: border) }
  }

  private func contains(_ limits: ClosedRange<Double>?, _ value: Double) -> Bool {
    limits?.contains(value) ?? true
  }

  private func drawGroup(
    _ stream: inout PhiloxStream, into theta: inout [Double], before border: Int
  ) throws {
    let n = group.count
    var normal = [Double](repeating: 0, count: n)
    // With z = L u for the factor L, what stays fixes its own u by forward substitution, and the rest of u is free.
    let kept = group.count { $0 >= border }
    for i in 0..<kept {
      guard case .gauss(let mean, let width, _) = priors[group[i]] else { continue }
      var rest = (theta[group[i]] - mean) / width
      for j in 0..<i { rest -= factor[i * n + j] * normal[j] }
      normal[i] = rest / factor[i * n + i]
    }
    guard kept < n else { return }
    for _ in 0..<Self.mostTries {
      for i in kept..<n { normal[i] = stream.normal() }
      var isInside = true
      for (i, p) in group.enumerated().dropFirst(kept) {
        guard case .gauss(let mean, let width, let limits) = priors[p] else { continue }
        var sum = 0.0
        for j in 0...i { sum += factor[i * n + j] * normal[j] }
        theta[p] = mean + width * sum
        if !contains(limits, theta[p]) { isInside = false }
      }
      if isInside { return }
    }
    throw Problem(
      .usage, "the limits leave next to nothing of the correlated Gaussians of the prior",
      remedy: "widen them")
  }
}
