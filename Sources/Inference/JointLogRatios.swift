import EventModel

/// The joint log ratio of the events themselves, log [dσ_e(θ) σ(θ₁)/(σ(θ) dσ_e(θ₁))]: the likelihood ratio where all of the
/// parton level is seen.
public struct JointLogRatios: RowLogRatios, Sendable {
  private let events: CombinedEvents
  private let rows: [Int]
  private let logReference: [Double]

  /// - Parameter reference: θ₁; where an event has no weight there its ratio is −inf everywhere (it has no weight in an
  ///   Asimov set at θ₁ either).
  public init(_ events: CombinedEvents, rows: [Int], reference: [Double]) throws {
    self.events = events
    self.rows = rows
    let point = try events.point(reference)
    let logTotal = logarithm(point.crossSection(events.total).value)
    logReference = events.team.mapRanges(
      of: rows.count, size: CombinedEvents.blockSize
    ) { range in
      events.table.weights.withUnsafeBufferPointer { weights -> [Double] in
        guard let base = weights.baseAddress else { return [] }
        return range.map {
          let sigma = point.value(base + rows[$0] * events.table.weightCount)
          return sigma > 0 ? logarithm(sigma) - logTotal : -.infinity
        }
      }
    }.flatMap { $0 }
  }

  public var rowCount: Int { rows.count }

  public func values(at theta: [Double]) throws -> [Double] {
    try evaluate(at: theta, gradient: false).values
  }

  public func valuesAndGradients(
    at theta: [Double]
  ) throws -> (values: [Double], gradients: [Double]) {
    try evaluate(at: theta, gradient: true)
  }

  /// log r of every row in one pass, with the joint scores ∂dσ_e/dσ_e − ∂σ/σ (zero for events with dσ_e = 0) in the same.
  private func evaluate(
    at theta: [Double], gradient: Bool
  ) throws -> (values: [Double], gradients: [Double]) {
    let point = try events.point(theta)
    let (total, slopes) = point.crossSection(events.total)
    let (logTotal, common) = (logarithm(total), slopes.map { $0 / total })
    // σ and its slopes as rows of one matrix over the benchmarks.
    let coefficients = point.weights + (gradient ? point.gradients : [])
    let (b, stride) = (point.weights.count, events.table.weightCount)
    let width = gradient ? point.parameterCount : 0
    let (rows, logReference, table) = (rows, logReference, events.table)
    let blocks = events.team.mapRanges(
      of: rows.count, size: CombinedEvents.blockSize
    ) { range -> (values: [Double], gradients: [Double]) in
      var values = [Double](repeating: -.infinity, count: range.count)
      var gradients = [Double](repeating: 0, count: range.count * width)
      table.weights.withUnsafeBufferPointer { weights in
        coefficients.withUnsafeBufferPointer { c in
          guard let base = weights.baseAddress else { return }
          for (k, position) in range.enumerated() {
            let w = base + rows[position] * stride
            var sigma = 0.0
            for i in 0..<b { sigma += c[i] * w[i] }
            if sigma > 0, logReference[position] != -.infinity {
              values[k] = logarithm(sigma) - logTotal - logReference[position]
            }
            for i in 0..<width where sigma != 0 {
              var slope = 0.0
              for j in 0..<b { slope += c[(i + 1) * b + j] * w[j] }
              gradients[k * width + i] = slope / sigma - common[i]
            }
          }
        }
      }
      return (values, gradients)
    }
    return (blocks.flatMap(\.values), blocks.flatMap(\.gradients))
  }
}
