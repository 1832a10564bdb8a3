import Diagnostics
import Numerics

/// The unified interval of Feldman and Cousins for a Poisson mean with known background (Phys. Rev. D 57 (1998) 3873).
public struct FeldmanCousins: Sendable {
  public let background: Double
  public let level: Double

  public init(background: Double, level: Double) {
    self.background = background
    self.level = level
  }

  /// Counts that are accepted at a signal s, by descending R = P(n|s+b)/P(n|max(0, n−b)+b) until their probability
  /// reaches the level; they are adjacent.
  public func acceptance(_ signal: Double) -> ClosedRange<Int> {
    let mean = signal + background
    func logRatio(_ n: Int) -> Double {
      let best = max(0, Double(n) - background) + background
      return (n > 0 ? Double(n) * (logarithm(mean) - logarithm(best)) : 0) - mean + best
    }
    // R falls on both sides of n = mean, so the next count to take is one of the two neighbours.
    var low = Int(mean)
    if logRatio(low + 1) > logRatio(low) { low += 1 }
    var high = low
    var sum = exponential(CountingLikelihood.logPoisson(Double(low), mean))
    while sum < level {
      let below = low > 0 ? logRatio(low - 1) : -.infinity
      if below > logRatio(high + 1) {
        low -= 1
        sum += exponential(CountingLikelihood.logPoisson(Double(low), mean))
      } else {
        high += 1
        let more = exponential(CountingLikelihood.logPoisson(Double(high), mean))
        // Rounding may leave the sum of everything below a level next to 1.
        if more == 0 { break }
        sum += more
      }
    }
    return low...high
  }

  /// Signals whose acceptance holds n, from the lowest to the highest; found in steps of 0.005 and then to 1e-6.
  ///
  /// This is the bare construction: the published tables lengthen a few intervals so that limits grow with n and fall with b.
  public func interval(_ n: Int) -> (lower: Double, upper: Double) {
    let step = 0.005
    func isIn(_ s: Double) -> Bool { acceptance(s).contains(n) }
    func border(_ outside: Double, _ inside: Double) -> Double {
      var (a, b) = (outside, inside)
      for _ in 0..<13 {
        let middle = 0.5 * (a + b)
        if isIn(middle) { b = middle } else { a = middle }
      }
      return b
    }
    // Far enough: seven standard deviations and more above n.
    let top = Int((Double(n) + 10 + 8 * Double(n + 4).squareRoot()) / step)
    var (first, last): (Int?, Int?) = (nil, nil)
    for k in 0...top where isIn(Double(k) * step) {
      first = first ?? k
      last = k
    }
    guard let first, let last else { return (0, 0) }
    let lower = first == 0 ? 0 : border(Double(first - 1) * step, Double(first) * step)
    return (lower, border(Double(last + 1) * step, Double(last) * step))
  }
}
