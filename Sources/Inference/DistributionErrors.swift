import EventModel
import LinearAlgebra

/// What the finite number of events does to the information in each bin of an observable: Cov = Σ_e v_e ⊗ v_e with
/// v_e = ∂I_b/∂(ln weight of e), to first order, for Poisson numbers of events.
///
/// Of `truth` and `rate` only a bin's own events move it, with v_e as in `FisherInformation`, so that the covariances of
/// bins add up to that of the total. Bins of an estimator share n = Lσ, the normalisation of the rows it sees, s = ∇ ln σ, the
/// mean score and the regression: their covariances do not add up.
struct DistributionErrors {
  let events: CombinedEvents
  /// ∂dσ_e and dσ_e of all rows, on θ alone.
  let gradients: (sigma: [Double], values: [Double])
  let binOfRow: [Int]
  let bins: Int
  let luminosity: Double
  private let pairs: SymmetricPairs

  init(
    _ events: CombinedEvents, _ gradients: (sigma: [Double], values: [Double]),
    binOfRow: [Int], bins: Int, parameters: Int, luminosity: Double
  ) {
    (self.events, self.gradients) = (events, gradients)
    (self.binOfRow, self.bins, self.luminosity) = (binOfRow, bins, luminosity)
    pairs = SymmetricPairs(parameters)
  }

  private var n: Int { pairs.size }

  /// v_e is the event's own matrix: its weights are known exactly.
  func truth() -> [Double] {
    own { row, v in
      let sigma = gradients.sigma[row]
      guard sigma != 0 else { return false }
      for (k, (i, j)) in pairs.pairs.enumerated() {
        v[k] =
          luminosity * gradients.values[row * n + i] * gradients.values[row * n + j] / sigma
      }
      return true
    }
  }

  /// v_e = L [∂_i dσ_e r_j + r_i ∂_j dσ_e − r_i r_j dσ_e] with r = ∂σ_b/σ_b.
  func rate(_ crossSections: [Double], _ derivatives: [[Double]]) -> [Double] {
    let r = zip(crossSections, derivatives).map { sigma, d in
      d.map { sigma == 0 ? 0 : $0 / sigma }
    }
    return own { row, v in
      let r = r[binOfRow[row]]
      for (k, (i, j)) in pairs.pairs.enumerated() {
        let (di, dj) = (gradients.values[row * n + i], gradients.values[row * n + j])
        v[k] = luminosity * (di * r[j] + r[i] * dj - r[i] * r[j] * gradients.sigma[row])
      }
      return true
    }
  }

  /// Sums over the events of each bin, row-major [bin][i][j][k][l].
  private func own(_ influence: (Int, inout [Double]) -> Bool) -> [Double] {
    let count = pairs.count
    var sums = [Double](repeating: 0, count: bins * count * count)
    var v = [Double](repeating: 0, count: count)
    for row in binOfRow.indices where influence(row, &v) {
      add(v, to: &sums, at: binOfRow[row] * count * count)
    }
    return (0..<bins).flatMap { bin in
      whole(Array(sums[bin * count * count..<(bin + 1) * count * count]))
    }
  }

  private func add(_ v: [Double], to sums: inout [Double], at start: Int) {
    for k in v.indices {
      for l in k..<v.count { sums[start + k * v.count + l] += v[k] * v[l] }
    }
  }

  /// Four indices from the upper triangle over pairs.
  private func whole(_ triangle: [Double]) -> [Double] {
    let count = pairs.count
    var square = triangle
    for k in 0..<count { for l in 0..<k { square[k * count + l] = square[l * count + k] } }
    return pairs.covariance(square)
  }
}

extension DistributionErrors {
  /// An estimator's information in bins, I_b = n Σ_{e∈b} ŵ_e z_e of scores u, which are t̂ or, regressed, s̃ = Bᵀt̂:
  /// z_e = u_e u_eᵀ + (u_e − m) sᵀ + s (u_e − m)ᵀ + s sᵀ, m = E[u].
  ///
  /// With P = Σ_b ŵ, T = Σ_b ŵ (u − m), M = I_b/n, and what one event changes, g = n ds = L (∂dσ − s dσ) and
  /// n dm = n ŵ (u − m), v is n ŵ (z in its own bin − M) + L dσ M + [T gᵀ + P (g − n dm) sᵀ + transposed]. The regression adds
  /// [n ŵ (t − s̃) κᵀ − g E[κ]ᵀ + transposed], κ = Kᵀ C⁻¹ t̂ with K = Σ_b ŵ [t̂ s̃ᵀ + (t̂ − E[t̂]) sᵀ], since
  /// n dB = C⁻¹ [n ŵ t̂ (t − s̃)ᵀ − E[t̂] gᵀ]. Its sum over the bins is the v of `DetectorErrors`.
  /// - Parameters:
  ///   - matrices: I_b, row-major [bin][i][j].
  ///   - isRegressed: the scores are those of the regression.
  func estimate(
    _ detector: DetectorInformation, _ scores: [Double], matrices: [Double], isRegressed: Bool
  ) throws -> [Double] {
    let mean = detector.average(scores, n)
    let estimates = detector.meanScore()
    let meanEstimate = detector.average(estimates, n)
    let inverse =
      try isRegressed
      ? detector.moment(estimates, n, estimates, n).pseudoInverse(relativeTolerance: 1e-12) : nil
    let expected = detector.expectedEvents
    var place = [Int?](repeating: nil, count: binOfRow.count)
    for (e, row) in detector.rows.enumerated() { place[row] = e }
    let rows = binOfRow.indices.filter { events.factors[$0] != 0 }
    let (places, s) = (place, detector.rate)
    return events.team.mapBlocks(count: bins) { bin in
      let block = Array(matrices[bin * n * n..<(bin + 1) * n * n])
      let m = block.map { expected == 0 ? 0 : $0 / expected }
      var share = 0.0
      var centred = [Double](repeating: 0, count: n)
      var k = Matrix(rows: n, columns: n)
      for (e, row) in detector.rows.enumerated() where binOfRow[row] == bin {
        let weight = detector.weights[e]
        share += weight
        for i in 0..<n {
          centred[i] += weight * (scores[e * n + i] - mean[i])
          guard inverse != nil else { continue }
          let (t, d) = (estimates[e * n + i], estimates[e * n + i] - meanEstimate[i])
          for j in 0..<n { k[i, j] += weight * (t * scores[e * n + j] + d * s[j]) }
        }
      }
      let slope = inverse.map { ($0 * k).transposed }
      let meanSlope = slope.map { $0 * meanEstimate }
      var (sums, v) = (
        [Double](repeating: 0, count: pairs.count * pairs.count),
        [Double](repeating: 0, count: pairs.count)
      )
      var (g, a, rest, kappa) = (centred, centred, centred, centred)
      for row in rows {
        let sigma = luminosity * gradients.sigma[row]
        for i in 0..<n {
          g[i] = luminosity * gradients.values[row * n + i] - s[i] * sigma
          a[i] = g[i]
        }
        let e = places[row]
        let weight = e.map { expected * detector.weights[$0] } ?? 0
        let own = binOfRow[row] == bin ? weight : 0
        if let e {
          for i in 0..<n { a[i] -= weight * (scores[e * n + i] - mean[i]) }
        }
        if let slope, let e {
          for i in 0..<n {
            rest[i] = weight * (detector.joint[e * n + i] - scores[e * n + i])
            kappa[i] = 0
            for j in 0..<n { kappa[i] += slope[i, j] * estimates[e * n + j] }
          }
        }
        for (p, (i, j)) in pairs.pairs.enumerated() {
          var value = (sigma - weight) * m[i * n + j]
          value += centred[i] * g[j] + g[i] * centred[j] + share * (a[i] * s[j] + s[i] * a[j])
          if own != 0, let e {
            let (ui, uj) = (scores[e * n + i], scores[e * n + j])
            value +=
              own * (ui * uj + (ui - mean[i]) * s[j] + s[i] * (uj - mean[j]) + s[i] * s[j])
          }
          if let meanSlope {
            value -= g[i] * meanSlope[j] + meanSlope[i] * g[j]
            if e != nil { value += rest[i] * kappa[j] + kappa[i] * rest[j] }
          }
          v[p] = value
        }
        add(v, to: &sums, at: 0)
      }
      if !isRegressed { addSpread(detector, estimates, bin, to: &sums) }
      return whole(sums)
    }.flatMap { $0 }
  }

  /// The spread of K members, as in `DetectorErrors.ensemble`: with δ = t̂_a − t̄ a bin changes by
  /// n Σ_b ŵ [t̄ δᵀ + (δ − E[δ]) sᵀ + transposed].
  private func addSpread(
    _ detector: DetectorInformation, _ mean: [Double], _ bin: Int, to sums: inout [Double]
  ) {
    let members = detector.estimated
    guard members.count > 1 else { return }
    let count = Double(members.count)
    let (expected, s) = (detector.expectedEvents, detector.rate)
    for (scores, share) in members {
      let delta = zip(scores, mean).map { $0 - $1 }
      let offset = detector.average(delta, n)
      let factor = (share * share * count / (count - 1)).squareRoot() * expected
      var v = [Double](repeating: 0, count: pairs.count)
      for (e, row) in detector.rows.enumerated() where binOfRow[row] == bin {
        for (p, (i, j)) in pairs.pairs.enumerated() {
          let (di, dj) = (delta[e * n + i], delta[e * n + j])
          v[p] +=
            factor * detector.weights[e]
            * (mean[e * n + i] * dj + di * mean[e * n + j] + (di - offset[i]) * s[j]
              + s[i] * (dj - offset[j]))
        }
      }
      add(v, to: &sums, at: 0)
    }
  }
}
