import EventModel
import Morphing
import Numerics

/// The likelihood of events that are seen whole, with nuisance parameters that reweight them by F_e(ν).
///
/// Σ_e w_e log r_e(θ, ν) = Σ_e w_e log r_e(θ) + Σ_k (A_k ν_k + B_k ν_k²) − n log [σ(θ, ν)/σ(θ)] with r the joint ratio, A and
/// B the weighted sums of a_ek and b_ek, and σ(θ, ν) = Σ_b w_b(θ) S_b(ν), S_b = Σ_e f_e F_e(ν) W_eb. So a step of a fit in
/// ν alone needs one exponential per event, and one in θ alone the pass of `JointLogRatios`.
public final class ReweightedLikelihood: LogLikelihood {
  private let base: RatioLikelihood
  private let events: CombinedEvents
  private let count: Int
  /// a_ek and b_ek of every event, row-major [event][2k, 2k + 1]; Σ_e w_e of each.
  private let coefficients: [Double]
  private let sums: [Double]
  /// S_b, and ∂S_b/∂ν_k row-major [parameter][benchmark].
  private struct Shifted {
    var nu: [Double]
    var sums: [Double]
    var slopes: [Double]
  }
  private var last: Shifted?

  public var eventCount: Double { base.eventCount }
  public var parameterCount: Int { base.parameterCount }
  public var isCheap: Bool { false }

  /// - Parameters:
  ///   - weights: one for each event, whose sum stands for n events.
  ///   - reference: θ₁ of the ratios, ν = 0.
  ///   - total: the model of the rate, with the nuisance parameters.
  public init(
    _ events: CombinedEvents, weights: [Double], eventCount: Double, reference: [Double],
    nuisance: NuisanceFactors, total: BinnedModel, luminosity: Double, includesRate: Bool
  ) throws {
    precondition(total.nuisanceCount == nuisance.count && total.normCount == 0)
    self.events = events
    count = nuisance.count
    let (stride, count) = (events.table.weightCount, nuisance.count)
    coefficients = events.team.mapRanges(
      of: events.table.count, size: CombinedEvents.blockSize
    ) { range in
      events.table.weights.withUnsafeBufferPointer { weights -> [Double] in
        guard let base = weights.baseAddress else { return [] }
        return range.flatMap { row in
          (0..<count).flatMap { k -> [Double] in
            let (a, b) = nuisance.coefficients(k, base + row * stride)
            return [a, b]
          }
        }
      }
    }.flatMap { $0 }
    let scale = eventCount / weights.reduce(0, +)
    var sums = [Double](repeating: 0, count: 2 * count)
    for (row, weight) in weights.enumerated() where weight != 0 {
      for i in sums.indices { sums[i] += scale * weight * coefficients[row * sums.count + i] }
    }
    self.sums = sums
    base = RatioLikelihood(
      try JointLogRatios(events, rows: Array(0..<events.table.count), reference: reference),
      weights: weights, eventCount: eventCount, total: total, luminosity: luminosity,
      includesRate: includesRate)
  }

  public func evaluate(at point: [Double], gradient: Bool) throws -> LikelihoodValue {
    var result = try base.evaluate(at: point, gradient: gradient)
    let p = point.count - count
    let nu = Array(point[p...])
    guard !result.total.isNaN, gradient || nu.contains(where: { $0 != 0 }) else { return result }
    let shifted = shifted(nu)
    let morphed = try events.point(Array(point[..<p]))
    let (b, n) = (morphed.weights.count, eventCount)
    func sigma(_ weights: ArraySlice<Double>, _ sums: ArraySlice<Double>) -> Double {
      zip(weights, sums).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let total = sigma(morphed.weights[...], shifted.sums[...])
    let (nominal, slopes) = morphed.crossSection(events.total)
    guard total > 0 else { return .undefined(parameterCount) }
    result.kinematic -= n * logarithm(total / nominal)
    for k in 0..<count { result.kinematic += (sums[2 * k] + sums[2 * k + 1] * nu[k]) * nu[k] }
    guard gradient else { return result }
    for i in 0..<p {
      let slope = sigma(morphed.gradients[i * b..<(i + 1) * b], shifted.sums[...])
      result.gradient[i] -= n * (slope / total - slopes[i] / nominal)
    }
    for k in 0..<count {
      let slope = sigma(morphed.weights[...], shifted.slopes[k * b..<(k + 1) * b])
      result.gradient[p + k] += sums[2 * k] + 2 * sums[2 * k + 1] * nu[k] - n * slope / total
    }
    return result
  }

  /// The pass over events at ν; the last one is kept.
  private func shifted(_ nu: [Double]) -> Shifted {
    if let last, last.nu == nu { return last }
    let (b, stride, count) = (events.morphing.benchmarkCount, events.table.weightCount, count)
    let (table, factors, coefficients) = (events.table, events.factors, coefficients)
    let blocks = events.team.mapRanges(
      of: table.count, size: CombinedEvents.blockSize
    ) { range -> [Double] in
      var sums = [Double](repeating: 0, count: (1 + count) * b)
      table.weights.withUnsafeBufferPointer { weights in
        coefficients.withUnsafeBufferPointer { c in
          guard let base = weights.baseAddress else { return }
          for row in range where factors[row] != 0 {
            var exponent = 0.0
            let at = row * 2 * count
            for k in 0..<count {
              exponent += (c[at + 2 * k] + c[at + 2 * k + 1] * nu[k]) * nu[k]
            }
            let factor = factors[row] * exponential(exponent)
            let w = base + row * stride
            for i in 0..<b { sums[i] += factor * w[i] }
            for k in 0..<count {
              let slope = factor * (c[at + 2 * k] + 2 * c[at + 2 * k + 1] * nu[k])
              for i in 0..<b { sums[(1 + k) * b + i] += slope * w[i] }
            }
          }
        }
      }
      return sums
    }
    var sums = [Double](repeating: 0, count: (1 + count) * b)
    for block in blocks { for i in sums.indices { sums[i] += block[i] } }
    let found = Shifted(nu: nu, sums: Array(sums[..<b]), slopes: Array(sums[b...]))
    last = found
    return found
  }
}
