import Diagnostics
import EventModel
import Numerics

/// One-sided tests of one parameter of interest μ: q₀, q_μ, q̃_μ and CLs, with the asymptotic formulae of 1007.1727.
///
/// The Asimov data at μ = 0 (`null`) give the spread of μ̂: σ² = μ²/q_μ,A.
public struct StrengthTest {
  public enum Statistic: String, Sendable, CaseIterable {
    /// q_μ: 0 for μ̂ > μ (eq. 14).
    case q
    /// q̃_μ: as q, with L(0) in the denominator for μ̂ < 0 (eq. 16).
    case qtilde
  }

  /// CLs at one μ.
  public struct Confidence: Sendable, Equatable {
    public var statistic: Double
    /// P(q ≥ q_obs | μ).
    public var signalAndBackground: Double
    /// P(q ≥ q_obs | 0) = 1 − p_b.
    public var background: Double
    public var cls: Double {
      background == 0 ? (signalAndBackground > 0 ? 1 : 0) : signalAndBackground / background
    }
  }

  let observed: Fit
  let asimov: Fit
  public let statistic: Statistic
  /// μ without signal.
  public let null: Double

  /// The likelihood of some data, with its global fit.
  struct Fit {
    let fit: RestrictedFit
    let poi: Int
    let others: [Int]
    let best: [Double]
    let minimum: Double

    init(
      _ likelihood: any LogLikelihood, bounds: [ClosedRange<Double>], poi: Int, free: [Int],
      starts: [[Double]]
    ) throws {
      fit = RestrictedFit(likelihood, bounds: bounds)
      self.poi = poi
      others = free.filter { $0 != poi }
      guard let found = try fit.minimise(fromAll: starts, over: [poi] + others) else {
        throw Problem(
          .data, "the likelihood is not defined where the fit starts",
          remedy: "give the range of the parameter with --grid")
      }
      (best, minimum) = (found.point, found.value)
    }

    var strength: Double { best[poi] }

    /// −2 ln L at μ, the others profiled.
    func profile(_ mu: Double) throws -> Double {
      var point = best
      point[poi] = mu
      if others.isEmpty {
        return -2 * (try fit.likelihood.evaluate(at: point, gradient: false)).total
      }
      return try fit.minimise(fromAll: [point], over: others)?.value ?? .nan
    }

    func statistic(_ mu: Double, _ kind: Statistic, null: Double) throws -> Double {
      guard strength <= mu else { return 0 }
      let reference = kind == .qtilde && strength < null ? try profile(null) : minimum
      return max(0, try profile(mu) - reference)
    }
  }

  /// - Parameters:
  ///   - observed: nil for expected limits alone; then the Asimov data stand for it.
  ///   - asimov: the likelihood of Asimov data at `null`.
  ///   - bounds: where each parameter may go; that of the parameter of interest reaches below `null` for q.
  ///   - origin: where fits start; nil is 0.
  ///   - fixed: values of parameters that are neither of interest nor profiled.
  public init(
    observed: (any LogLikelihood)?, asimov: any LogLikelihood, statistic: Statistic = .qtilde,
    poi: Int = 0, null: Double = 0, bounds: [ClosedRange<Double>], fixed: [Int: Double] = [:],
    origin: [Double]? = nil
  ) throws {
    self.statistic = statistic
    self.null = null
    let free = bounds.indices.filter { fixed[$0] == nil || $0 == poi }
    var start = bounds.indices.map { fixed[$0] ?? origin?[$0] ?? 0 }
    start[poi] = null
    var other = start
    other[poi] = 0.5 * (null + bounds[poi].upperBound)
    func fit(_ likelihood: any LogLikelihood) throws -> Fit {
      try Fit(likelihood, bounds: bounds, poi: poi, free: free, starts: [start, other])
    }
    self.asimov = try fit(asimov)
    self.observed = try observed.map(fit) ?? self.asimov
  }

  /// μ̂.
  public var bestFit: Double { observed.strength }

  // MARK: Discovery

  /// q₀ (eq. 12), Z = √q₀ and p₀ = 1 − Φ(√q₀).
  public func discovery() throws -> (q0: Double, significance: Double, p: Double) {
    let q0 =
      observed.strength >= null ? max(0, try observed.profile(null) - observed.minimum) : 0
    return (q0, q0.squareRoot(), Normal.survival(q0.squareRoot()))
  }

  // MARK: CLs

  /// The statistic of the observed data.
  public func observedStatistic(_ mu: Double) throws -> Double {
    try observed.statistic(mu, statistic, null: null)
  }

  /// √q_A of the Asimov data without signal.
  public func asimovRoot(_ mu: Double) throws -> Double {
    try asimov.statistic(mu, statistic, null: null).squareRoot()
  }

  /// Asymptotic CLs of the observed data (eqs. 56-59, 64-67).
  public func confidence(_ mu: Double) throws -> Confidence {
    let q = try observedStatistic(mu)
    return Self.confidence(q: q, asimovRoot: try asimovRoot(mu), statistic)
  }

  static func confidence(q: Double, asimovRoot a: Double, _ kind: Statistic) -> Confidence {
    if kind == .qtilde, q > a * a, a > 0 {
      return Confidence(
        statistic: q, signalAndBackground: Normal.survival((q + a * a) / (2 * a)),
        background: Normal.survival((q - a * a) / (2 * a)))
    }
    let root = q.squareRoot()
    return Confidence(
      statistic: q, signalAndBackground: Normal.survival(root), background: Normal.cdf(a - root))
  }

  /// CLs where √q = √q_A − N: N = −2, −1, 0, 1, 2 standard deviations of the background-only experiment.
  public func expected(_ mu: Double) throws -> [Double] {
    let a = try asimovRoot(mu)
    return NeymanConstruction.bands.map { Normal.survival(a - $0) / Normal.cdf($0) }
  }

  /// The μ at which CLs falls to 1 − level: of the data, and for N = −2 … 2; NaN where it does not inside the bounds.
  public func upperLimits(
    level: Double, upTo bound: Double
  ) throws -> (observed: Double, expected: [Double]) {
    let alpha = 1 - level
    let bands = try NeymanConstruction.bands.indices.map { n in
      try crossing(alpha, bound) { try expected($0)[n] }
    }
    return (try crossing(alpha, bound) { try confidence($0).cls }, bands)
  }

  /// Where a function that starts at 1 crosses a value: steps of growing length, then a root.
  private func crossing(
    _ value: Double, _ bound: Double, _ f: (Double) throws -> Double
  ) throws -> Double {
    var low = null
    var step = (bound - null) * 1e-3
    while low < bound {
      let high = min(bound, low + step)
      let next = try f(high)
      if next <= value {
        do {
          return try findRoot(in: low...high, tolerance: 1e-9 * (bound - null)) {
            (try f(max($0, null + 1e-12 * (bound - null)))) - value
          }
        } catch is NumericsError { return high }
      }
      guard next.isFinite else { return .nan }
      low = high
      step *= 1.3
    }
    return .nan
  }
}
