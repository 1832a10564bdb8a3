import EventModel
import Glibc
import Numerics

/// How often q(θ_true) of toy experiments made of test events is below the quantile of χ².
///
/// q = 2 [max_θ Σ log r̂(x|θ) − Σ log r̂(x|θ_true)], the shape alone, with θ inside the range of training. Where few events
/// say little of a parameter the true likelihood has no exact coverage either.
struct CoverageTest {
  let estimator: Estimator
  let events: WeightedTestEvents
  let toys: Int
  /// Events in a toy.
  let size: Int
  let seed: UInt64
  /// Where maxima are looked for besides θ_true.
  let starts: [[Double]]

  /// Parameters that training varied; the others are held.
  var free: [Int] {
    let ranges = estimator.models[0].thetaRange
    return estimator.parameterNames.indices.filter {
      $0 < ranges.count && ranges[$0][1] > ranges[$0][0]
    }
  }

  /// q(θ_true) of each toy.
  /// - Parameter densities: of the events at θ_true; negative ones are left out.
  func values(at theta: [Double], densities: [Double]) throws -> [Double] {
    var cumulative: [Double] = []
    var sum = 0.0
    for weight in densities {
      sum += max(0, weight)
      cumulative.append(sum)
    }
    return try (0..<toys).map { toy in
      var stream = PhiloxStream(seed: seed, purpose: .toys, item: UInt64(toy))
      let d = estimator.observableNames.count
      var x: [Double] = []
      x.reserveCapacity(size * d)
      for _ in 0..<size {
        let event = Self.search(cumulative, stream.uniform() * sum)
        x += events.x[event * d..<(event + 1) * d]
      }
      return try value(x, theta)
    }
  }

  private static func search(_ cumulative: [Double], _ value: Double) -> Int {
    var (low, high) = (0, cumulative.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func value(_ x: [Double], _ truth: [Double]) throws -> Double {
    let free = free
    let ranges = estimator.models[0].thetaRange
    let p = truth.count
    func point(_ values: [Double]) -> [Double] {
      var theta = truth
      for (i, k) in free.enumerated() { theta[k] = values[i] }
      return theta
    }
    func deviance(_ values: [Double], _ gradient: inout [Double]) throws -> Double {
      let (logs, slopes) = try estimator.logRatioAndGradient(x: x, theta: point(values))
      for (i, k) in free.enumerated() {
        gradient[i] = -2 * stride(from: k, to: slopes.count, by: p).reduce(0) { $0 + slopes[$1] }
      }
      return -2 * logs.reduce(0, +)
    }
    var gradient = [Double](repeating: 0, count: free.count)
    let own = free.map { truth[$0] }
    let there = try deviance(own, &gradient)
    guard !free.isEmpty else { return 0 }
    // From the truth, and from the best of the other points where that is better.
    var best: (point: [Double], value: Double)?
    for start in starts {
      let place = free.map { start[$0] }
      let value = try deviance(place, &gradient)
      if value < best?.value ?? there { best = (place, value) }
    }
    let minimiser = Minimiser(
      lower: free.map { ranges[$0][0] }, upper: free.map { ranges[$0][1] }, tolerance: 1e-3)
    var lowest = there
    for start in [own] + (best.map { [$0.point] } ?? []) {
      let minimum = try minimiser.minimise(from: start) { try deviance($0, &$1) }
      lowest = min(lowest, minimum.value)
    }
    return there - lowest
  }
}
