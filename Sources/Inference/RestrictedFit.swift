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

  /// The best of the minima from several starts: profiles of quadratic amplitudes have more than one valley.
  func minimise(
    fromAll starts: [[Double]], over free: [Int]
  ) throws -> (point: [Double], value: Double, errors: [Double]?)? {
    var best: (point: [Double], value: Double, errors: [Double]?)?
    for start in starts {
      guard let found = try minimise(from: start, over: free) else { continue }
      if best.map({ found.value < $0.value }) ?? true { best = found }
    }
    return best
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

  /// The minimum from one start, with the errors of the free parameters from the second derivatives (nil where these are
  /// not positive definite); nil where the likelihood is not defined at the start.
  func minimise(
    from start: [Double], over free: [Int]
  ) throws -> (point: [Double], value: Double, errors: [Double]?)? {
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
      let errors = minimum.inverseHessian.map { inverse in
        // The covariance is twice the inverse of the second derivatives of −2 ln L.
        free.indices.map { (2 * inverse[$0 * free.count + $0]).squareRoot() }
      }
      return (point, minimum.value, errors)
    } catch NumericsError.startIsNotFinite {
      return nil
    }
  }
}
