import Diagnostics
import EventModel
import Numerics

/// The likelihood of binned counts, or of the rate alone (one bin): Σ_c n_c ln[σ_c/σ] and the rate term.
///
/// Probabilities of bins, not densities; the outermost bins are open-ended. With n_c = Lσ_c(θ_true) the template itself is
/// the Asimov set. Parameters are those of the `BinnedModel`; the constraints of its nuisance parameters are not in here
/// (`ConstrainedLikelihood`).
///
/// With the statistics of the simulation every bin has a free factor β_c, which is normal about 1 with the relative error
/// δ_c of the template, and is profiled in closed form: β² + (Lσδ² − 1)β − nδ² = 0 (Barlow and Beeston "lite",
/// arXiv:1103.0354, section 5).
public struct BinnedLikelihood: LogLikelihood, Sendable {
  let model: BinnedModel
  let luminosity: Double
  let counts: [Double]
  private let includesRate: Bool
  private let includesStatistics: Bool
  private let constant: Double
  public let eventCount: Double
  public var isCheap: Bool { true }
  public var parameterCount: Int { model.parameterCount }

  /// - Parameters:
  ///   - counts: n_c, one per bin; they need not be whole.
  ///   - includesStatistics: lets the simulation's statistics vary every bin.
  /// - Throws: `.data` for counts in a bin that no simulated event fell into; `.usage` for statistics without the rate.
  public init(
    _ model: BinnedModel, counts: [Double], luminosity: Double, includesRate: Bool = true,
    includesStatistics: Bool = false
  ) throws {
    let table = model.table
    precondition(counts.count == table.binCount)
    for bin in 0..<table.binCount where counts[bin] > 0 && table.counts[bin] == 0 {
      throw Problem(
        .data,
        "\(counts[bin]) events in bin \(table.label(bin)) of \(table.observable), where none was "
          + "simulated", remedy: "join this bin with its neighbour (--bins)")
    }
    if includesStatistics { try Self.requireRate(includesRate) }
    self.model = model
    self.luminosity = luminosity
    self.counts = counts
    self.includesRate = includesRate
    self.includesStatistics = includesStatistics
    eventCount = counts.reduce(0, +)
    constant = logGamma(eventCount + 1)
  }

  /// - Throws: `.usage` for the statistics of the simulation without the rate.
  static func requireRate(_ includesRate: Bool) throws {
    guard includesRate else {
      throw Problem(
        .usage,
        "the statistics of the simulation vary the content of bins, which shapes alone do not have",
        remedy: "leave --no-rate or --mc-statistics away")
    }
  }

  /// The Asimov set: n_c = Lσ_c at the true point, which has values of all parameters.
  /// - Throws: `.data` where a bin has a negative cross section there.
  public init(
    asimov model: BinnedModel, truePoint: [Double], luminosity: Double, includesRate: Bool = true,
    includesStatistics: Bool = false
  ) throws {
    let sigma = model.evaluate(at: truePoint, gradient: false).values
    if let bin = sigma.firstIndex(where: { $0 < 0 }) {
      throw Problem(
        .data,
        "bin \(model.table.label(bin)) has the negative cross section \(sigma[bin]) pb at the true point",
        remedy: "join this bin with its neighbour (--bins)")
    }
    try self.init(
      model, counts: sigma.map { luminosity * $0 }, luminosity: luminosity,
      includesRate: includesRate, includesStatistics: includesStatistics)
  }

  /// The likelihood of θ alone, nuisance parameters at 0.
  public init(
    _ table: BinTable, morphing: MorphingSetup, counts: [Double], luminosity: Double,
    includesRate: Bool = true
  ) throws {
    try self.init(
      BinnedModel(table.withoutNuisances, morphing: morphing), counts: counts,
      luminosity: luminosity, includesRate: includesRate)
  }

  /// Its Asimov set.
  public init(
    asimov table: BinTable, morphing: MorphingSetup, thetaTrue: [Double], luminosity: Double,
    includesRate: Bool = true
  ) throws {
    try self.init(
      asimov: BinnedModel(table.withoutNuisances, morphing: morphing), truePoint: thetaTrue,
      luminosity: luminosity, includesRate: includesRate)
  }

  public func evaluate(at theta: [Double], gradient: Bool) -> LikelihoodValue {
    let (values, slopes) = model.evaluate(at: theta, gradient: gradient)
    let p = gradient ? parameterCount : 0
    var result = LikelihoodValue(
      kinematic: 0, rate: 0, gradient: [Double](repeating: 0, count: p))
    let variances = includesStatistics ? model.relativeVariances(at: theta) : nil
    var sigma = 0.0
    var total = result.gradient
    for bin in values.indices {
      let (value, n) = (values[bin], counts[bin])
      guard value > 0 || n == 0 else { return .undefined(parameterCount) }
      if value < 0 { result.negativeBins += 1 }
      var beta = 1.0
      if let variance = variances?.values[bin], variance > 0, value > 0 {
        beta = freedFactor(luminosity * value, n, variance)
        let pull = (beta - 1) * (beta - 1) / (2 * variance)
        result.constraint -= pull
        // Only δ depends on θ here: at its maximum β has no slope.
        for i in 0..<(gradient ? model.thetaCount : 0) {
          result.gradient[i] +=
            pull / variance * (variances?.gradients[bin * model.thetaCount + i] ?? 0)
        }
      }
      sigma += beta * value
      if n > 0 { result.kinematic += n * logarithm(beta * value) }
      for i in 0..<p {
        total[i] += beta * slopes[bin * p + i]
        if n > 0 { result.gradient[i] += n / value * slopes[bin * p + i] }
      }
    }
    guard sigma > 0 else { return .undefined(parameterCount) }
    if eventCount > 0 { result.kinematic -= eventCount * logarithm(sigma) }
    if includesRate {
      let shape = eventCount > 0 ? eventCount * logarithm(luminosity * sigma) : 0
      result.rate = shape - luminosity * sigma - constant
    }
    // n ln σ cancels between shape and rate.
    let common = includesRate ? luminosity : eventCount / sigma
    for i in 0..<p { result.gradient[i] -= common * total[i] }
    return result
  }

  /// The positive root β.
  private func freedFactor(_ mean: Double, _ n: Double, _ variance: Double) -> Double {
    let half = 0.5 * (mean * variance - 1)
    let root = (half * half + n * variance).squareRoot()
    // Without cancellation for either sign of `half`.
    return half > 0 ? n * variance / (half + root) : root - half
  }

  /// What each bin holds, before and after a fit.
  func contents(prefit: [Double], postfit: [Double]) -> [Limits.Bin] {
    let before = model.evaluate(at: prefit, gradient: false).values
    let after = model.evaluate(at: postfit, gradient: false).values
    let squares = model.squaredErrors(at: postfit)
    return counts.indices.map { bin in
      Limits.Bin(
        label: model.table.label(bin), count: counts[bin], prefit: luminosity * before[bin],
        postfit: luminosity * after[bin],
        error: luminosity * max(0, squares[bin]).squareRoot())
    }
  }
}
