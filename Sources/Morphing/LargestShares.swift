import EventModel
import Numerics

/// The largest share max_e p_e(θ) of one event in the cross section, for a list of points: 1/share is
/// MadMiner's effective number of events, which one heavy event decides.
public struct LargestShares: Sendable {
  /// 1/max_e p_e(θ), one for each point; 0 where σ(θ) ≤ 0.
  public let effectiveEvents: [Double]
  /// Σ_e max(0, −dσ_e)/Σ_e |dσ_e|, one for each point.
  public let negativeFractions: [Double]

  private static let blockRows = 8192

  /// One pass over the rows for all points, so that up to a thousand are cheap.
  /// - Parameters: as of `WeightSums`.
  public init(
    _ table: EventTable, factors: [Double], at thetas: [[Double]], team: ThreadTeam? = nil
  ) throws {
    let stride = table.weightCount
    try self.init(
      table.setup, weights: table.weights, stride: stride, factors: factors, at: thetas,
      team: team)
  }

  /// The same for row-major weights of `stride` columns, the benchmarks of the basis first;
  /// `factors` nil is 1 for every row.
  public init(
    _ setup: Setup, weights values: [Double], stride: Int, factors: [Double]?,
    at thetas: [[Double]], team: ThreadTeam? = nil
  ) throws {
    let evaluator = PointWeights(setup)
    let weights = try thetas.map { try evaluator.weights(at: $0) }
    let total = values.count / max(1, stride)
    let blocks = (total + Self.blockRows - 1) / Self.blockRows
    let body: @Sendable (Int) -> [Extremes] = { block in
      let range = block * Self.blockRows..<min(total, (block + 1) * Self.blockRows)
      return Self.scan(values, stride, factors, weights, range)
    }
    let parts = team?.mapBlocks(count: blocks, body) ?? (0..<blocks).map(body)
    var sums = [Extremes](repeating: Extremes(), count: thetas.count)
    for part in parts { for i in sums.indices { sums[i].merge(part[i]) } }
    effectiveEvents = sums.map { $0.largest > 0 && $0.sum > 0 ? $0.sum / $0.largest : 0 }
    negativeFractions = sums.map {
      $0.negative > 0 ? $0.negative / ($0.sum + 2 * $0.negative) : 0
    }
  }

  private struct Extremes: Sendable {
    var sum = 0.0
    var negative = 0.0
    var largest = 0.0
    mutating func merge(_ other: Extremes) {
      sum += other.sum
      negative += other.negative
      largest = max(largest, other.largest)
    }
  }

  private static func scan(
    _ values: [Double], _ stride: Int, _ factors: [Double]?, _ weights: [[Double]],
    _ range: Range<Int>
  ) -> [Extremes] {
    var result = [Extremes](repeating: Extremes(), count: weights.count)
    values.withUnsafeBufferPointer { values in
      for row in range {
        let factor = factors?[row] ?? 1
        if factor == 0 { continue }
        for (t, w) in weights.enumerated() {
          var sum = 0.0
          for k in w.indices { sum += w[k] * values[row * stride + k] }
          sum *= factor
          result[t].sum += sum
          result[t].largest = max(result[t].largest, sum)
          if sum < 0 { result[t].negative -= sum }
        }
      }
    }
    return result
  }
}
