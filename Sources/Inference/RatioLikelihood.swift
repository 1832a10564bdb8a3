import Diagnostics
import EventModel
import Numerics

/// The likelihood of weighted or observed events whose log ratio is known: n Σ_e ŵ_e log r(x_e|θ) and the rate term.
public final class RatioLikelihood: LogLikelihood {
  /// What a vanishing density counts as, per event: log r is not taken below this.
  public static let floor = -50.0

  private let ratios: any RowLogRatios
  private let weights: [Double]
  private let rate: RateTerm
  private let includesRate: Bool
  private let closureWeights: [Double]?
  private var last: Shape?
  public let eventCount: Double
  public var isCheap: Bool { false }
  public var parameterCount: Int { rate.model.parameterCount }

  /// - Parameters:
  ///   - weights: one per row; their sum stands for n events.
  ///   - closureWeights: weights of the same rows at the ratio's θ₁; they check E_θ₁[r̂] = 1.
  ///   - total: the model of the rate, of one bin. log r is asked for all of its parameters where it knows them, else for
  ///     θ.
  public init(
    _ ratios: any RowLogRatios, weights: [Double], eventCount: Double, total: BinnedModel,
    luminosity: Double, includesRate: Bool = true, closureWeights: [Double]? = nil
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
    rate = RateTerm(total, luminosity: luminosity, eventCount: eventCount)
  }

  public func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue {
    guard let rate = rate.evaluate(at: theta, gradient: gradient) else {
      return .undefined(parameterCount)
    }
    let known = Array(theta.prefix(ratios.parameterCount ?? self.rate.model.thetaCount))
    let shape = try shape(at: known, gradient: gradient)
    var slope = rate.gradient.map { includesRate ? $0 : 0 }
    for i in shape.gradient.indices where gradient { slope[i] += shape.gradient[i] }
    return LikelihoodValue(
      kinematic: shape.value, rate: includesRate ? rate.value : 0, gradient: slope,
      closure: shape.closure, flooredRows: shape.floored)
  }

  /// The sum over events, which nuisance parameters that the ratios do not know leave as it is: the last one is kept.
  private func shape(at theta: [Double], gradient: Bool) throws -> Shape {
    if let last, last.theta == theta, !gradient || !last.gradient.isEmpty { return last }
    let (values, gradients) =
      gradient
      ? try ratios.valuesAndGradients(at: theta) : (try ratios.values(at: theta), [])
    var sum = CompensatedSum()
    var floored = 0
    var slope = [Double](repeating: 0, count: gradient ? theta.count : 0)
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
        for i in theta.indices { slope[i] += weights[e] * gradients[e * theta.count + i] }
      }
    }
    let result = Shape(
      theta: theta, value: sum.value, gradient: slope, closure: closure(values), floored: floored)
    last = result
    return result
  }

  private struct Shape {
    var theta: [Double]
    var value: Double
    var gradient: [Double]
    var closure: Double
    var floored: Int
  }

  private func closure(_ values: [Double]) -> Double {
    guard let closureWeights else { return .nan }
    var sum = CompensatedSum()
    for (e, value) in values.enumerated() where closureWeights[e] != 0 {
      sum.add(closureWeights[e] * exponential(value))
    }
    return sum.value - 1
  }

  /// The same of θ alone, nuisance parameters at 0.
  public convenience init(
    _ ratios: any RowLogRatios, weights: [Double], eventCount: Double, total: BinTable,
    morphing: MorphingSetup, luminosity: Double, includesRate: Bool = true,
    closureWeights: [Double]? = nil
  ) {
    self.init(
      ratios, weights: weights, eventCount: eventCount,
      total: BinnedModel(total.withoutNuisances, morphing: morphing), luminosity: luminosity,
      includesRate: includesRate, closureWeights: closureWeights)
  }
}
