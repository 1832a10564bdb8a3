import EventModel
import Numerics

/// Minimises −2 ln L over some of the parameters, the others kept.
struct RestrictedFit {
  let likelihood: any LogLikelihood
  let bounds: [ClosedRange<Double>]

  init(_ likelihood: any LogLikelihood, bounds: [ClosedRange<Double>]) {
    self.likelihood = likelihood
    self.bounds = bounds
  }

  /// A minimum.
  struct Found {
    /// All parameters.
    var point: [Double]
    /// −2 ln L.
    var value: Double
    /// The parameters that were free.
    var free: [Int]
    /// Of the free parameters, row-major, from the second derivatives (zero rows of those at a bound); nil where these
    /// are not positive definite.
    var covariance: [Double]?

    /// Standard deviation of the k-th free parameter; NaN where it has none.
    func error(_ k: Int) -> Double {
      guard let variance = covariance?[k * free.count + k], variance > 0 else { return .nan }
      return variance.squareRoot()
    }
  }

  /// The best of the minima from several starts: profiles of quadratic amplitudes have more than one valley.
  func minimise(fromAll starts: [[Double]], over free: [Int]) throws -> Found? {
    let found = try starts.compactMap { try minimise(from: $0, over: free) }
    if found.isEmpty, likelihood.isCheap, let first = starts.first {
      return try elsewhere(first, over: free)
    }
    return found.min { $0.value < $1.value }
  }

  /// The best of the minima from along each free parameter, where the likelihood is not defined at the starts: bins of a
  /// linear expansion are negative in much of the space.
  private func elsewhere(_ start: [Double], over free: [Int]) throws -> Found? {
    let steps = 16
    return try free.flatMap { p in
      try (0..<steps).compactMap { k in
        var other = start
        let range = bounds[p]
        other[p] =
          range.lowerBound + (range.upperBound - range.lowerBound) * (Double(k) + 0.5)
          / Double(steps)
        return try minimise(from: other, over: free)
      }
    }.min { $0.value < $1.value }
  }

  /// All minima from several starts, the best first; the same one once.
  func minima(fromAll starts: [[Double]], over free: [Int]) throws -> [Found] {
    var result: [Found] = []
    for start in starts {
      guard let found = try minimise(from: start, over: free) else { continue }
      let isKnown = result.contains { other in
        free.allSatisfy { p in
          let width = bounds[p].upperBound - bounds[p].lowerBound
          return abs(other.point[p] - found.point[p]) < 1e-3 * width
        }
      }
      if !isKnown { result.append(found) }
    }
    return result.sorted { $0.value < $1.value }
  }

  /// A start, and where a call is cheap the same with each free parameter at half of its bounds.
  func spread(_ start: [Double], over free: [Int]) -> [[Double]] {
    guard likelihood.isCheap else { return [start] }
    var result = [start]
    for p in free {
      for end in [bounds[p].lowerBound, bounds[p].upperBound] {
        var other = start
        other[p] = 0.5 * (start[p] + end)
        result.append(other)
      }
    }
    return result
  }

  /// The minimum from one start; nil where the likelihood is not defined there.
  func minimise(from start: [Double], over free: [Int]) throws -> Found? {
    let minimiser = Minimiser(
      lower: free.map { bounds[$0].lowerBound }, upper: free.map { bounds[$0].upperBound })
    do {
      let minimum = try minimiser.minimise(from: free.map { start[$0] }) { point, gradient in
        var theta = start
        for (k, p) in free.enumerated() { theta[p] = point[k] }
        let value = try likelihood.evaluate(at: theta, gradient: true)
        for (k, p) in free.enumerated() { gradient[k] = -2 * value.gradient[p] }
        return -2 * value.total
      }
      var point = start
      for (k, p) in free.enumerated() { point[p] = minimum.point[k] }
      // The covariance is twice the inverse of the second derivatives of −2 ln L.
      return Found(
        point: point, value: minimum.value, free: free,
        covariance: minimum.inverseHessian?.map { 2 * $0 })
    } catch NumericsError.startIsNotFinite {
      return nil
    }
  }
}
