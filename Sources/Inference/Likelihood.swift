import Diagnostics
import EventModel
import Numerics

/// ln L(θ) and its parts at one point. NaN where the likelihood is not defined (σ(θ) ≤ 0).
public struct LikelihoodValue: Sendable, Equatable {
  /// n Σ_e ŵ_e ℓ(x_e|θ).
  public var kinematic: Double
  /// n ln Lσ − Lσ − ln Γ(n + 1); 0 where the rate is not used.
  public var rate: Double
  /// ∂ ln L/∂θ; empty where it was not asked for.
  public var gradient: [Double]
  /// E_θ₁[r̂(x|θ)] − 1, which is 0 for an exact ratio; NaN where it is not known.
  public var closure: Double
  /// Rows whose log r was taken to be `RatioLikelihood.floor`.
  public var flooredRows: Int

  public init(
    kinematic: Double, rate: Double, gradient: [Double] = [], closure: Double = .nan,
    flooredRows: Int = 0
  ) {
    self.flooredRows = flooredRows
    self.kinematic = kinematic
    self.rate = rate
    self.gradient = gradient
    self.closure = closure
  }

  public var total: Double { kinematic + rate }

  static func undefined(_ parameters: Int) -> LikelihoodValue {
    LikelihoodValue(
      kinematic: .nan, rate: .nan, gradient: [Double](repeating: .nan, count: parameters))
  }
}

/// The logarithm of an extended likelihood as a function of θ.
public protocol LogLikelihood {
  var parameterCount: Int { get }
  /// A call costs microseconds, so that profiles can be fitted at every point.
  var isCheap: Bool { get }
  func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue
}

/// ln Pois(n | Lσ(θ)) with Γ(n + 1) for the factorial: n of an Asimov set need not be whole.
struct RateTerm: Sendable {
  let total: BinTable
  let morphing: MorphingSetup
  let luminosity: Double
  let eventCount: Double
  private let constant: Double

  init(_ total: BinTable, morphing: MorphingSetup, luminosity: Double, eventCount: Double) {
    self.total = total
    self.morphing = morphing
    self.luminosity = luminosity
    self.eventCount = eventCount
    constant = logGamma(eventCount + 1)
  }

  /// Value and gradient; `sigma` and `d` are those of the total.
  func value(_ sigma: Double) -> Double {
    let mean = luminosity * sigma
    let shape = eventCount > 0 ? eventCount * logarithm(mean) : 0
    return shape - mean - constant
  }

  func gradient(_ sigma: Double, _ d: [Double]) -> [Double] {
    d.map { (eventCount / sigma - luminosity) * $0 }
  }
}

/// The likelihood of binned counts, or of the rate alone (one bin): Σ_c n_c ln[σ_c(θ)/σ(θ)] and the rate term.
///
/// Probabilities of bins, not densities; the outermost bins are open-ended. With n_c = Lσ_c(θ_true) the template itself is
/// the Asimov set.
public struct BinnedLikelihood: LogLikelihood, Sendable {
  private let table: BinTable
  private let morphing: MorphingSetup
  private let counts: [Double]
  private let rate: RateTerm
  private let includesRate: Bool
  public let eventCount: Double
  public var isCheap: Bool { true }
  public var parameterCount: Int { morphing.parameterCount }

  /// - Parameter counts: n_c, one per bin.
  /// - Throws: `.data` for counts in a bin that no simulated event fell into.
  public init(
    _ table: BinTable, morphing: MorphingSetup, counts: [Double], luminosity: Double,
    includesRate: Bool = true
  ) throws {
    precondition(counts.count == table.binCount)
    for bin in 0..<table.binCount where counts[bin] > 0 && table.counts[bin] == 0 {
      throw Problem(
        .data,
        "\(counts[bin]) events in bin \(table.label(bin)) of \(table.observable), where none was "
          + "simulated", remedy: "join this bin with its neighbour (--bins)")
    }
    self.table = table
    self.morphing = morphing
    self.counts = counts
    self.includesRate = includesRate
    eventCount = counts.reduce(0, +)
    rate = RateTerm(
      table.total, morphing: morphing, luminosity: luminosity, eventCount: eventCount)
  }

  /// The Asimov set: n_c = Lσ_c(θ_true).
  /// - Throws: `.data` where a bin has a negative cross section at θ_true.
  public init(
    asimov table: BinTable, morphing: MorphingSetup, thetaTrue: [Double], luminosity: Double,
    includesRate: Bool = true
  ) throws {
    let point = MorphedPoint(thetaTrue, morphing: morphing)
    let counts = try (0..<table.binCount).map { bin in
      let sigma = point.crossSection(table, bin: bin).value
      guard sigma >= 0 else {
        throw Problem(
          .data,
          "bin \(table.label(bin)) has the negative cross section \(sigma) pb at the true point",
          remedy: "join this bin with its neighbour (--bins)")
      }
      return luminosity * sigma
    }
    try self.init(
      table, morphing: morphing, counts: counts, luminosity: luminosity,
      includesRate: includesRate)
  }

  public func evaluate(at theta: [Double], gradient: Bool) -> LikelihoodValue {
    let point = MorphedPoint(theta, morphing: morphing)
    let (sigma, d) = point.crossSection(rate.total)
    guard sigma > 0 else { return .undefined(parameterCount) }
    var result = LikelihoodValue(
      kinematic: 0, rate: includesRate ? rate.value(sigma) : 0,
      gradient: includesRate ? rate.gradient(sigma, d) : d.map { _ in 0 })
    for bin in 0..<table.binCount where counts[bin] > 0 {
      let (part, slope) = point.crossSection(table, bin: bin)
      guard part > 0 else { return .undefined(parameterCount) }
      result.kinematic += counts[bin] * logarithm(part / sigma)
      for i in d.indices { result.gradient[i] += counts[bin] * (slope[i] / part - d[i] / sigma) }
    }
    return result
  }
}

/// The likelihood of weighted or observed events whose log ratio is known: n Σ_e ŵ_e log r(x_e|θ) and the rate term.
public final class RatioLikelihood: LogLikelihood {
  /// What a vanishing density counts as, per event: log r is not taken below this.
  public static let floor = -50.0

  private let ratios: any RowLogRatios
  private let weights: [Double]
  private let rate: RateTerm
  private let includesRate: Bool
  private let closureWeights: [Double]?
  public let eventCount: Double
  public var isCheap: Bool { false }
  public var parameterCount: Int { rate.morphing.parameterCount }

  /// - Parameters:
  ///   - weights: one per row; their sum stands for n events.
  ///   - closureWeights: weights of the same rows at the ratio's θ₁; they check E_θ₁[r̂] = 1.
  public init(
    _ ratios: any RowLogRatios, weights: [Double], eventCount: Double, total: BinTable,
    morphing: MorphingSetup, luminosity: Double, includesRate: Bool = true,
    closureWeights: [Double]? = nil
  ) {
    precondition(weights.count == ratios.rowCount)
    let sum = weights.reduce(0, +)
    self.ratios = ratios
    self.weights = weights.map { eventCount * $0 / sum }
    self.includesRate = includesRate
    self.eventCount = eventCount
    self.closureWeights = closureWeights.map { w in
      let sum = w.reduce(0, +)
      return w.map { $0 / sum }
    }
    rate = RateTerm(total, morphing: morphing, luminosity: luminosity, eventCount: eventCount)
  }

  public func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue {
    let point = MorphedPoint(theta, morphing: rate.morphing)
    let (sigma, d) = point.crossSection(rate.total)
    guard sigma > 0 else { return .undefined(parameterCount) }
    let (values, gradients) =
      gradient
      ? try ratios.valuesAndGradients(at: theta) : (try ratios.values(at: theta), [])
    var sum = CompensatedSum()
    var floored = 0
    var slope = includesRate && gradient ? rate.gradient(sigma, d) : d.map { _ in 0 }
    for (e, value) in values.enumerated() where weights[e] != 0 {
      guard value >= Self.floor else {
        guard !value.isNaN else {
          throw Problem(.data, "the model gives log r = NaN", remedy: "train it again")
        }
        floored += 1
        sum.add(weights[e] * Self.floor)
        continue
      }
      sum.add(weights[e] * value)
      if gradient {
        for i in d.indices { slope[i] += weights[e] * gradients[e * d.count + i] }
      }
    }
    return LikelihoodValue(
      kinematic: sum.value, rate: includesRate ? rate.value(sigma) : 0,
      gradient: gradient ? slope : [], closure: closure(values), flooredRows: floored)
  }

  private func closure(_ values: [Double]) -> Double {
    guard let closureWeights else { return .nan }
    var sum = CompensatedSum()
    for (e, value) in values.enumerated() where closureWeights[e] != 0 {
      sum.add(closureWeights[e] * exponential(value))
    }
    return sum.value - 1
  }
}
