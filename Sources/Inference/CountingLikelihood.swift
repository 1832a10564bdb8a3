import Diagnostics
import EventModel
import Numerics

/// Counts in bins, with a signal of strength μ over backgrounds that are known with an uncertainty: n ~ Pois(μs + γb) and an
/// auxiliary measurement m ~ Pois(γτ), τ = (b/δb)², in each bin. The γ are profiled in closed form.
///
/// This is the `shapesys` of HistFactory, and for one bin the on/off problem of 1007.1727, section 5.
public struct CountingLikelihood: LogLikelihood, Sendable {
  /// Expected signal at μ = 1, and background, in each bin.
  public let signal: [Double]
  public let background: [Double]
  /// (b/δb)²; infinite where the background is known.
  public let auxiliary: [Double]
  /// Counts and auxiliary counts; those of Asimov data are not whole.
  public let counts: [Double]
  public let auxiliaryCounts: [Double]
  public var parameterCount: Int { 1 }
  public var isCheap: Bool { true }

  /// - Throws: `.usage` for lists of different lengths and numbers that make no sense.
  public init(
    signal: [Double], background: [Double], uncertainty: [Double] = [], counts: [Double]
  ) throws {
    let uncertainty = uncertainty.isEmpty ? signal.map { _ in 0 } : uncertainty
    guard signal.count == background.count, signal.count == uncertainty.count,
      signal.count == counts.count, !signal.isEmpty
    else {
      throw Problem(
        .usage,
        "signal, background, uncertainty and counts have \(signal.count), \(background.count), "
          + "\(uncertainty.count) and \(counts.count) bins",
        remedy: "give as many numbers to each, separated by commas")
    }
    let all = signal + background + uncertainty + counts
    guard all.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw Problem(.usage, "a negative number of events", remedy: "give numbers from 0 on")
    }
    guard zip(background, uncertainty).allSatisfy({ $0 > 0 || $1 == 0 }) else {
      throw Problem(
        .usage, "a background of 0 has an uncertainty", remedy: "give it a value, however small")
    }
    self.init(
      signal, background,
      zip(background, uncertainty).map { $1 > 0 ? $0 / $1 * ($0 / $1) : .infinity }, counts, nil)
  }

  private init(
    _ signal: [Double], _ background: [Double], _ auxiliary: [Double], _ counts: [Double],
    _ auxiliaryCounts: [Double]?
  ) {
    self.signal = signal
    self.background = background
    self.auxiliary = auxiliary
    self.counts = counts
    self.auxiliaryCounts = auxiliaryCounts ?? auxiliary
  }

  /// γ̂(μ): the positive root of b(b+τ)γ² + [(b+τ)μs − (n+m)b]γ − mμs = 0.
  private func scale(_ bin: Int, _ mu: Double) -> Double {
    let (s, b) = (mu * signal[bin], background[bin])
    let (tau, m, n) = (auxiliary[bin], auxiliaryCounts[bin], counts[bin])
    guard tau.isFinite, b > 0 else { return 1 }
    let a = b * (b + tau)
    let half = ((b + tau) * s - (n + m) * b) / 2
    let root = (half * half + a * m * s).squareRoot()
    // The form without cancellation.
    return half > 0 ? m * s / (half + root) : (root - half) / a
  }

  public func evaluate(at theta: [Double], gradient: Bool) -> LikelihoodValue {
    let mu = theta[0]
    var value = LikelihoodValue(kinematic: 0, rate: 0, gradient: [0])
    for bin in signal.indices {
      let gamma = scale(bin, mu)
      let mean = mu * signal[bin] + gamma * background[bin]
      guard mean > 0 || (mean == 0 && counts[bin] == 0), gamma >= 0 else {
        return .undefined(1)
      }
      value.kinematic += Self.logPoisson(counts[bin], mean)
      if auxiliary[bin].isFinite {
        value.kinematic += Self.logPoisson(auxiliaryCounts[bin], gamma * auxiliary[bin])
      }
      value.gradient[0] += signal[bin] * ((mean > 0 ? counts[bin] / mean : 0) - 1)
    }
    return value
  }

  static func logPoisson(_ n: Double, _ mean: Double) -> Double {
    (n > 0 ? n * logarithm(mean) : 0) - mean - logGamma(n + 1)
  }

  /// Data that are exactly what is expected at μ, with γ as this data fixes it at μ.
  public func asimov(at mu: Double) -> CountingLikelihood {
    let gamma = signal.indices.map { scale($0, mu) }
    return CountingLikelihood(
      signal, background, auxiliary,
      signal.indices.map { max(0, mu * signal[$0] + gamma[$0] * background[$0]) },
      signal.indices.map { gamma[$0] * auxiliary[$0] })
  }

  /// A pseudo-experiment at μ, with γ as this data fixes it at μ; auxiliary measurements fluctuate too.
  public func toy(at mu: Double, _ stream: inout PhiloxStream) -> CountingLikelihood {
    var (n, m) = (counts, auxiliaryCounts)
    for bin in signal.indices {
      let gamma = scale(bin, mu)
      n[bin] = Double(
        stream.poisson(mean: max(0, mu * signal[bin] + gamma * background[bin])))
      if auxiliary[bin].isFinite {
        m[bin] = Double(stream.poisson(mean: gamma * auxiliary[bin]))
      }
    }
    return CountingLikelihood(signal, background, auxiliary, n, m)
  }

  /// The smallest μ at which every bin still expects something; −∞ without signal.
  public var lowestStrength: Double {
    signal.indices.filter { signal[$0] > 0 && !auxiliary[$0].isFinite }
      .map { -background[$0] / signal[$0] }.max()
      ?? (signal.contains { $0 > 0 } ? -1e6 : -.infinity)
  }
}

/// The significance that a signal s over a background b is expected to have (Asimov; Cowan et al.).
public enum CountingSignificance {
  /// √(2[(s+b) ln(1+s/b) − s]) (1007.1727, eq. 97).
  public static func known(signal s: Double, background b: Double) -> Double {
    max(0, 2 * ((s + b) * logarithm(1 + s / b) - s)).squareRoot()
  }

  /// The same for a background with an uncertainty σ_b (G. Cowan, "Discovery sensitivity for a counting experiment with
  /// background uncertainty", 2012, eq. 20).
  public static func uncertain(
    signal s: Double, background b: Double, uncertainty: Double
  ) -> Double {
    guard uncertainty > 0 else { return known(signal: s, background: b) }
    let v = uncertainty * uncertainty
    let first = (s + b) * logarithm((s + b) * (b + v) / (b * b + (s + b) * v))
    let second = b * b / v * logarithm(1 + v * s / (b * (b + v)))
    return max(0, 2 * (first - second)).squareRoot()
  }
}
