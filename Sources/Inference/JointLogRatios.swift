import EventModel
import Morphing

/// The joint log ratio of the events themselves, log [dσ_e(θ, ν) σ(θ₁)/(σ(θ, ν) dσ_e(θ₁))]: the likelihood ratio where all
/// of the parton level is seen.
///
/// With nuisance parameters dσ_e(θ, ν) = dσ_e(θ) F_e(ν), and σ(θ, ν) is summed over all events at every point.
public struct JointLogRatios: RowLogRatios, Sendable {
  private let events: CombinedEvents
  private let rows: [Int]
  private let logReference: [Double]
  private let nuisanceCount: Int?
  /// a_ek and b_ek of every event, row-major [event][2k, 2k + 1].
  private let coefficients: [Double]

  /// - Parameters:
  ///   - reference: θ₁; where an event has no weight there its ratio is −inf everywhere (it has no weight in an Asimov set
  ///     at θ₁ either). ν is 0 there.
  ///   - nuisance: nil keeps ν at 0.
  public init(
    _ events: CombinedEvents, rows: [Int], reference: [Double], nuisance: NuisanceFactors? = nil
  ) throws {
    self.events = events
    self.rows = rows
    nuisanceCount = nuisance?.count
    let point = try events.point(reference)
    logReference = Self.logDensities(events, rows, point)
    let stride = events.table.weightCount
    coefficients =
      nuisance.map { nuisance in
        events.team.mapRanges(of: events.table.count, size: CombinedEvents.blockSize) { range in
          events.table.weights.withUnsafeBufferPointer { weights -> [Double] in
            guard let base = weights.baseAddress else { return [] }
            return range.flatMap { row in
              (0..<nuisance.count).flatMap { k -> [Double] in
                let (a, b) = nuisance.coefficients(k, base + row * stride)
                return [a, b]
              }
            }
          }
        }.flatMap { $0 }
      } ?? []
  }

  public var rowCount: Int { rows.count }
  public var parameterCount: Int? {
    nuisanceCount.map { events.morphing.parameterCount + $0 }
  }

  /// log dσ_e; −inf where dσ_e ≤ 0.
  private static func logDensities(
    _ events: CombinedEvents, _ rows: [Int], _ point: MorphedPoint
  ) -> [Double] {
    let logTotal = logarithm(point.crossSection(events.total).value)
    return events.team.mapRanges(of: rows.count, size: CombinedEvents.blockSize) { range in
      events.table.weights.withUnsafeBufferPointer { weights -> [Double] in
        guard let base = weights.baseAddress else { return [] }
        return range.map {
          let sigma = point.value(base + rows[$0] * events.table.weightCount)
          return sigma > 0 ? logarithm(sigma) - logTotal : -.infinity
        }
      }
    }.flatMap { $0 }
  }

  public func values(at point: [Double]) throws -> [Double] {
    let p = events.morphing.parameterCount
    let morphed = try events.point(Array(point.prefix(p)))
    var values = Self.logDensities(events, rows, morphed)
    for i in values.indices {
      values[i] = logReference[i] == -.infinity ? -.infinity : values[i] - logReference[i]
    }
    let nu = Array(point.dropFirst(p))
    guard nu.contains(where: { $0 != 0 }) else { return values }
    let shift = logarithm(shifted(morphed, nu).ratio)
    for (i, row) in rows.enumerated() { values[i] += exponent(row, nu) - shift }
    return values
  }

  public func valuesAndGradients(
    at point: [Double]
  ) throws -> (values: [Double], gradients: [Double]) {
    let p = events.morphing.parameterCount
    let theta = Array(point.prefix(p))
    let scores = try JointScores.values(events, rows: rows, at: theta)
    let values = try values(at: point)
    let nu = Array(point.dropFirst(p))
    guard !nu.isEmpty else { return (values, scores) }
    let (_, slopes) = shifted(try events.point(theta), nu)
    var gradients: [Double] = []
    gradients.reserveCapacity(rows.count * (p + nu.count))
    for (i, row) in rows.enumerated() {
      for k in 0..<p { gradients.append(scores[i * p + k] - slopes[k]) }
      for k in nu.indices { gradients.append(slope(row, k, nu) - slopes[p + k]) }
    }
    return (values, gradients)
  }

  private func exponent(_ row: Int, _ nu: [Double]) -> Double {
    var sum = 0.0
    for k in nu.indices {
      let at = 2 * (row * nu.count + k)
      sum += (coefficients[at] + coefficients[at + 1] * nu[k]) * nu[k]
    }
    return sum
  }

  private func slope(_ row: Int, _ k: Int, _ nu: [Double]) -> Double {
    let at = 2 * (row * nu.count + k)
    return coefficients[at] + 2 * coefficients[at + 1] * nu[k]
  }

  /// σ(θ, ν)/σ(θ, 0), and its logarithm's gradient over θ and ν.
  private func shifted(
    _ point: MorphedPoint, _ nu: [Double]
  ) -> (ratio: Double, gradient: [Double]) {
    let p = point.parameterCount
    let stride = events.table.weightCount
    let blocks = events.team.mapRanges(
      of: events.table.count, size: CombinedEvents.blockSize
    ) { range in
      events.table.weights.withUnsafeBufferPointer { weights -> [Double] in
        var sums = [Double](repeating: 0, count: 1 + p + nu.count)
        guard let base = weights.baseAddress else { return sums }
        for row in range where events.factors[row] != 0 {
          let factor = events.factors[row] * exponential(exponent(row, nu))
          let sigma = factor * point.value(base + row * stride)
          sums[0] += sigma
          for i in 0..<p { sums[1 + i] += factor * point.gradient(base + row * stride, i) }
          for k in nu.indices { sums[1 + p + k] += sigma * slope(row, k, nu) }
        }
        return sums
      }
    }
    var sums = [Double](repeating: 0, count: 1 + p + nu.count)
    for block in blocks { for i in sums.indices { sums[i] += block[i] } }
    let (nominal, d) = point.crossSection(events.total)
    var gradient = sums.dropFirst().map { $0 / sums[0] }
    for i in 0..<p { gradient[i] -= d[i] / nominal }
    return (sums[0] / nominal, gradient)
  }
}
