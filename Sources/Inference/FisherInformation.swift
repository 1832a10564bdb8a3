import Diagnostics
import EventModel

/// Fisher information of an extended (Poisson times density) measurement: I_ij = L Σ_c ∂_iσ_c ∂_jσ_c/σ_c, where a cell c
/// is an event (truth), a bin (histogram) or everything (rate); arXiv:1805.00013 eq. 9, arXiv:1612.05261 eq. 8.
///
/// The covariance is that of Poisson-distributed numbers of events, Σ_e v_e ⊗ v_e with
/// v_e = L [∂_i dσ_e r_j + r_i ∂_j dσ_e − r_i r_j dσ_e], r = ∂σ_c/σ_c of the event's cell.
public enum FisherInformation {
  /// Information of a table of bins; one bin gives that of the rate.
  ///
  /// The Monte-Carlo bias is L Σ_c 1/σ_c Σ_e q_ie q_je, q_e = ∂dσ_e − r_c dσ_e: what a finite number of events adds on
  /// average.
  public static func binned(
    _ table: BinTable, at point: MorphedPoint, luminosity: Double, name: String,
    journal: Journal? = nil
  ) -> Information.Entry {
    let n = point.parameterCount
    let pairs = SymmetricPairs(n)
    var matrix = [Double](repeating: 0, count: pairs.count)
    var bias = matrix
    var covariance = [Double](repeating: 0, count: pairs.count * pairs.count)
    for bin in 0..<table.binCount where table.counts[bin] > 0 {
      let (sigma, d) = point.crossSection(table, bin: bin)
      guard sigma != 0 else { continue }
      if sigma < 0 {
        journal?.warn(
          "information.negative-bin",
          "bin \(table.label(bin)) has the negative cross section \(sigma) pb")
      }
      let r = d.map { $0 / sigma }
      let q = table.pairMatrix(ofBin: bin)
      for (k, (i, j)) in pairs.pairs.enumerated() { matrix[k] += luminosity * d[i] * r[j] }
      addCovariance(&covariance, pairs, point, r, q, luminosity)
      addBias(&bias, pairs, point, r, q, luminosity / sigma)
    }
    return Information.Entry(
      name: name, matrix: pairs.matrix(matrix), covariance: pairs.covariance(covariance),
      bias: pairs.matrix(bias), observable: table.edges.isEmpty ? nil : table.observable,
      edges: table.edges.isEmpty ? nil : table.edges)
  }

  /// J Q Jᵀ with J_ij,b = ∂I_ij/∂S_b = L [D_ib r_j + r_i D_jb − r_i r_j w_b].
  private static func addCovariance(
    _ covariance: inout [Double], _ pairs: SymmetricPairs, _ point: MorphedPoint, _ r: [Double],
    _ q: [Double], _ luminosity: Double
  ) {
    let b = point.weights.count
    let jacobian = pairs.pairs.map { i, j in
      (0..<b).map {
        luminosity
          * (point.gradients[i * b + $0] * r[j] + r[i] * point.gradients[j * b + $0] - r[i] * r[j]
            * point.weights[$0])
      }
    }
    for k in 0..<pairs.count {
      let left = contracted(jacobian[k], q)
      for l in 0..<pairs.count {
        covariance[k * pairs.count + l] += dot(left, jacobian[l])
      }
    }
  }

  private static func addBias(
    _ bias: inout [Double], _ pairs: SymmetricPairs, _ point: MorphedPoint, _ r: [Double],
    _ q: [Double], _ scale: Double
  ) {
    let b = point.weights.count
    let k = (0..<point.parameterCount).map { i in
      (0..<b).map { point.gradients[i * b + $0] - r[i] * point.weights[$0] }
    }
    for (index, (i, j)) in pairs.pairs.enumerated() {
      bias[index] += scale * dot(contracted(k[i], q), k[j])
    }
  }

  private static func contracted(_ v: [Double], _ q: [Double]) -> [Double] {
    (0..<v.count).map { column in
      var sum = 0.0
      for row in 0..<v.count { sum += v[row] * q[row * v.count + column] }
      return sum
    }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  /// Truth information: every event is a cell, its weights being known exactly. An upper bound for any measurement.
  ///
  /// Here v_e is the event's own matrix. There is no bias. An event with dσ_e = 0 and ∂dσ_e ≠ 0 would have infinite
  /// information; such events are left out and counted.
  public static func truth(
    _ events: CombinedEvents, at point: MorphedPoint, luminosity: Double, journal: Journal? = nil
  ) -> Information.Entry {
    let pairs = SymmetricPairs(point.parameterCount)
    let blocks = events.team.mapRanges(of: events.table.count, size: CombinedEvents.blockSize) {
      truthBlock(events, point, pairs, rows: $0)
    }
    var matrix = [Double](repeating: 0, count: pairs.count)
    var covariance = [Double](repeating: 0, count: pairs.count * pairs.count)
    var skipped = 0
    for block in blocks {
      for k in matrix.indices { matrix[k] += block.matrix[k] }
      for k in covariance.indices { covariance[k] += block.covariance[k] }
      skipped += block.skipped
    }
    if skipped > 0 {
      journal?.warn(
        "information.zero-event",
        "events of zero weight but non-zero gradient were left out of the truth information",
        count: skipped)
    }
    return Information.Entry(
      name: "truth", matrix: pairs.matrix(matrix.map { luminosity * $0 }),
      covariance: pairs.covariance(covariance.map { luminosity * luminosity * $0 }))
  }

  /// Σ I_e and Σ I_e ⊗ I_e (upper triangle filled, then mirrored) of some rows, without the luminosity.
  private static func truthBlock(
    _ events: CombinedEvents, _ point: MorphedPoint, _ pairs: SymmetricPairs, rows: Range<Int>
  ) -> (matrix: [Double], covariance: [Double], skipped: Int) {
    let n = point.parameterCount
    let count = pairs.count
    var matrix = [Double](repeating: 0, count: count)
    var covariance = [Double](repeating: 0, count: count * count)
    var skipped = 0
    var d = [Double](repeating: 0, count: n)
    var v = matrix
    events.table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in rows {
        let w = base + row * events.table.weightCount
        let sigma = point.value(w)
        var isFlat = true
        for i in 0..<n {
          d[i] = point.gradient(w, i)
          if d[i] != 0 { isFlat = false }
        }
        guard sigma != 0, events.factors[row] != 0 else {
          if sigma == 0, !isFlat, events.factors[row] != 0 { skipped += 1 }
          continue
        }
        let scale = events.factors[row] / sigma
        var k = 0
        for i in 0..<n {
          for j in i..<n {
            v[k] = scale * d[i] * d[j]
            matrix[k] += v[k]
            k += 1
          }
        }
        for k in 0..<count {
          for l in k..<count { covariance[k * count + l] += v[k] * v[l] }
        }
      }
    }
    for k in 0..<count {
      for l in 0..<k { covariance[k * count + l] = covariance[l * count + k] }
    }
    return (matrix, covariance, skipped)
  }
}
