import Diagnostics
import EventModel
import Numerics

/// Errors of information from the events themselves: the whole calculation again for other draws of the events.
///
/// They hold what formulas leave out (higher orders, what differs between samples), at the price of repeating the calculation.
public enum InformationReplicas {
  public enum Method: Sendable, Equatable {
    /// Every event counts a Poisson(1) number of times, drawn from (seed, event, replica).
    case bootstrap(replicas: Int, seed: UInt64)
    /// One of N groups of events is left out at a time; groups are by event identity, sample by sample.
    case jackknife(groups: Int)
    /// One sample is left out at a time and the others are combined anew: see `SampleJackknife`.
    case samples
  }

  /// Replaces covariance and bias of the entries by those of replicas.
  ///
  /// - Parameter compute: all entries of the given events, in one order.
  public static func apply(
    _ method: Method, to entries: [Information.Entry], of events: CombinedEvents,
    journal: Journal? = nil,
    _ compute: (CombinedEvents) throws -> [Information.Entry]
  ) throws -> [Information.Entry] {
    let count: Int
    switch method {
    case .bootstrap(let replicas, _): count = replicas
    case .jackknife(let groups): count = groups
    case .samples:
      return try SampleJackknife(events).apply(to: entries, journal: journal, compute)
    }
    var all = entries.map { _ in [[Double]]() }
    for replica in 0..<count {
      let scales = scales(method, replica, events)
      let replicated = try compute(events.reweighted(by: scales))
      precondition(replicated.count == entries.count)
      for (k, entry) in replicated.enumerated() { all[k].append(entry.matrix) }
      journal?.progress("replicas", replica + 1, of: count)
    }
    return zip(entries, all).map { entry, matrices in
      var result = entry
      (result.covariance, result.bias) = moments(method, matrices, central: entry.matrix)
      return result
    }
  }

  private static func moments(
    _ method: Method, _ matrices: [[Double]], central: [Double]
  ) -> (covariance: [Double], bias: [Double]) {
    let size = central.count
    let count = Double(matrices.count)
    var mean = [Double](repeating: 0, count: size)
    for matrix in matrices { for i in 0..<size { mean[i] += matrix[i] / count } }
    var covariance = [Double](repeating: 0, count: size * size)
    for matrix in matrices {
      for i in 0..<size {
        for j in 0..<size {
          covariance[i * size + j] += (matrix[i] - mean[i]) * (matrix[j] - mean[j])
        }
      }
    }
    let isJackknife = if case .jackknife = method { true } else { false }
    let scale = isJackknife ? (count - 1) / count : 1 / (count - 1)
    return (
      covariance.map { scale * $0 },
      zip(mean, central).map { (isJackknife ? count - 1 : 1) * ($0 - $1) }
    )
  }

  /// What the weight of each row is multiplied by.
  private static func scales(_ method: Method, _ replica: Int, _ events: CombinedEvents) -> [Double]
  {
    let table = events.table
    @Sendable func identity(_ row: Int) -> Int64 {
      table.eventIDs.isEmpty ? Int64(table.fileRow(row)) : table.eventIDs[row]
    }
    switch method {
    case .bootstrap(_, let seed):
      let philox = Philox(seed: seed)
      return events.team.mapRanges(of: table.count, size: CombinedEvents.blockSize) { rows in
        rows.map { row in
          let id = UInt64(bitPattern: identity(row))
          // One block of random words is two draws of 64 bits.
          let words = philox.block(
            SIMD4(
              UInt32(replica / 2), RandomPurpose.bootstrap.rawValue,
              UInt32(truncatingIfNeeded: id), UInt32(truncatingIfNeeded: id >> 32)))
          let half = replica % 2 * 2
          let bits = UInt64(words[half]) | UInt64(words[half + 1]) << 32
          return Double(poissonOne(Double(bits >> 11) * 0x1p-53))
        }
      }.flatMap { $0 }
    case .jackknife(let groups):
      // The hash that says which part an event is in must not say which group.
      let group = (0..<table.count).map { row -> Int in
        var hash = XXH64(seed: 0x6a61_636b)
        hash.update(identity(row))
        return Int(hash.value % UInt64(groups))
      }
      let samples = table.samples.count
      var total = [Double](repeating: 0, count: samples)
      var left = total
      for row in 0..<table.count {
        total[Int(table.sampleIndices[row])] += 1
        if group[row] != replica { left[Int(table.sampleIndices[row])] += 1 }
      }
      return (0..<table.count).map { row in
        let s = Int(table.sampleIndices[row])
        return group[row] == replica || left[s] == 0 ? 0 : total[s] / left[s]
      }
    case .samples: return []
    }
  }

  /// The quantile of a Poisson distribution with mean 1.
  static func poissonOne(_ u: Double) -> Int {
    var k = 0
    var term = 0.36787944117144233
    var sum = term
    while u >= sum, k < 20 {
      k += 1
      term /= Double(k)
      sum += term
    }
    return k
  }
}
