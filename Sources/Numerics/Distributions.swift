import Glibc

/// The standard normal distribution.
public enum Normal {
  /// Density at z.
  public static func density(_ z: Double) -> Double {
    exp(-0.5 * z * z) / (2 * .pi).squareRoot()
  }

  /// Probability below z.
  public static func cdf(_ z: Double) -> Double { 0.5 * erfc(-z * 0.5.squareRoot()) }

  /// Probability above z, accurate in the tail.
  public static func survival(_ z: Double) -> Double { 0.5 * erfc(z * 0.5.squareRoot()) }

  /// The z with `probability` below it; ±inf at 1 and 0, NaN outside [0, 1].
  ///
  /// For a small upper tail use `-quantile(tail)`, which keeps its digits.
  public static func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0 { return -.infinity }
    if probability == 1 { return .infinity }
    let isLower = probability <= 0.5
    let tail = isLower ? probability : 1 - probability
    // Hastings' start (Abramowitz and Stegun 26.2.23, 4.5e-4), then Halley's steps on the tail
    // probability.
    let t = (-2 * log(tail)).squareRoot()
    var z =
      t - (2.515517 + t * (0.802853 + t * 0.010328))
      / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    for _ in 0..<3 {
      let error = (survival(z) - tail) / density(z)
      z += error / (1 - 0.5 * z * error)
    }
    return isLower ? -z : z
  }
}

/// The χ² distribution with any real number of degrees of freedom above 0.
public struct ChiSquare: Sendable, Equatable {
  public let degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) { self.degreesOfFreedom = degreesOfFreedom }

  public init(degreesOfFreedom: Int) { self.degreesOfFreedom = Double(degreesOfFreedom) }

  /// Probability below x; 0 for x ≤ 0.
  public func cdf(_ x: Double) -> Double {
    x <= 0 ? 0 : IncompleteGamma.lower(degreesOfFreedom / 2, x / 2)
  }

  /// Probability above x (the p-value of x), accurate in the tail; 1 for x ≤ 0.
  public func survival(_ x: Double) -> Double {
    x <= 0 ? 1 : IncompleteGamma.upper(degreesOfFreedom / 2, x / 2)
  }

  /// Density at x.
  public func density(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    return IncompleteGamma.prefactor(degreesOfFreedom / 2, x / 2) / x
  }

  /// The x with `probability` below it: the threshold of a confidence level. NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    return probability <= 0.5
      ? solve { cdf($0) - probability }
      : solve { (1 - probability) - survival($0) }
  }

  /// The x with probability `tail` above it, accurate for small tails. NaN outside [0, 1].
  public func inverseSurvival(_ tail: Double) -> Double {
    guard tail >= 0, tail <= 1 else { return .nan }
    if tail > 0.5 { return quantile(1 - tail) }
    if tail == 0 { return .infinity }
    return solve { tail - survival($0) }
  }

  /// The zero of an increasing function whose derivative is the density: Newton steps in ln x
  /// inside a bracket.
  private func solve(_ f: (Double) -> Double) -> Double {
    if f(0) >= 0 { return 0 }
    if f(.infinity) <= 0 { return .infinity }
    // Wilson and Hilferty's median as a start.
    let k = degreesOfFreedom
    var x = max(1e-300, k * pow(max(0.05, 1 - 2 / (9 * k)), 3))
    var low = 0.0
    var high = Double.infinity
    for _ in 0..<400 {
      let value = f(x)
      if value == 0 { return x }
      if value < 0 { low = x } else { high = x }
      let slope = density(x) * x
      var next = slope > 0 ? x * exp(max(-2, min(2, -value / slope))) : .nan
      if !(next > low && next < high) {
        next = high == .infinity ? 2 * x : (low == 0 ? x / 8 : (low + high) / 2)
      }
      if abs(next - x) <= 2e-16 * x || next == 0 { return next }
      x = next
    }
    return x
  }
}

/// The central confidence interval of a binomial probability (Clopper and Pearson, Biometrika 26
/// (1934) 404).
///
/// - Parameters:
///   - successes: of `trials`.
///   - level: coverage, such as 0.6827.
public func clopperPearson(
  successes: Int, trials: Int, level: Double
) -> (lower: Double, upper: Double) {
  guard trials > 0, (0...trials).contains(successes), level > 0, level < 1 else {
    return (.nan, .nan)
  }
  let k = Double(successes)
  let n = Double(trials)
  let tail = (1 - level) / 2
  // P(at least k | p) = I_p(k, n−k+1) and P(at most k | p) = 1 − I_p(k+1, n−k); both are monotonic
  // in p.
  func invert(_ f: (Double) -> Double) -> Double {
    var low = 0.0
    var high = 1.0
    for _ in 0..<200 where high - low > 1e-16 * high {
      let middle = 0.5 * (low + high)
      if f(middle) < 0 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
  let lower = successes == 0 ? 0 : invert { incompleteBeta(k, n - k + 1, $0) - tail }
  let upper = successes == trials ? 1 : invert { incompleteBeta(k + 1, n - k, $0) - (1 - tail) }
  return (lower, upper)
}
