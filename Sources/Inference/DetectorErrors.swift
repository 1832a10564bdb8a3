import EventModel
import LinearAlgebra

/// What the finite number of events, and of models, does to detector-level information: Σ_e v_e ⊗ v_e over pairs of U I Uᵀ.
struct DetectorErrors {
  private let source: DetectorInformation

  init(_ source: DetectorInformation) { self.source = source }

  /// What an event adds to a second moment of scores, as a symmetric matrix; vectors are row-major [row][parameter].
  enum Influence {
    /// u uᵀ.
    case square([Double])
    /// d(AᵀC⁻¹A) = dAᵀB + BᵀdA − BᵀdC B, so an event's part is t s̃ᵀ + s̃ tᵀ − s̃ s̃ᵀ with s̃ = Bᵀt̂.
    case regression([Double], [Double])
  }

  private func reduced(_ vectors: [Double], _ u: Reduction, _ count: Int) -> [Double] {
    let n = source.space.fullCount
    var result: [Double] = []
    result.reserveCapacity(vectors.count / n * count)
    var v = [Double](repeating: 0, count: n)
    var out = [Double](repeating: 0, count: count)
    for row in 0..<vectors.count / n {
      for i in 0..<n { v[i] = vectors[row * n + i] }
      u.apply(v, into: &out)
      result += out
    }
    return result
  }

  /// What the weight of an event does to the normalised mean `m` (rows of the part), to n = Lσ(θ) and to the rate's
  /// information (all rows); and to ∂σ/σ inside the joint score, which moves it by a constant that counts with the mean
  /// `offset` of what it is multiplied with.
  func covariance(
    _ m: Matrix, _ influence: Influence, withRate: Bool, offset: [Double], _ u: Matrix
  ) -> [Double] {
    let n = u.rows
    let pairs = SymmetricPairs(n)
    let count = pairs.count
    let reduction = Reduction(u)
    let m = u * m * u.transposed
    let offset = u * offset
    let rate = u * source.rate
    let rows = source.gradients.sigma.count
    var shape = [Double](repeating: 0, count: rows * count)
    addShape(&shape, m, influence, reduction, pairs)
    let gradients = reduced(source.gradients.values, reduction, n)
    var result = [Double](repeating: 0, count: count * count)
    var v = [Double](repeating: 0, count: count)
    for row in 0..<rows where source.events.factors[row] != 0 {
      let sigma = source.luminosity * source.gradients.sigma[row]
      for (k, (i, j)) in pairs.pairs.enumerated() {
        let (di, dj) = (
          source.luminosity * gradients[row * n + i], source.luminosity * gradients[row * n + j]
        )
        v[k] = shape[row * count + k] + sigma * m[i, j]
        v[k] -= (di - rate[i] * sigma) * offset[j] + offset[i] * (dj - rate[j] * sigma)
        if withRate { v[k] += di * rate[j] + rate[i] * dj - rate[i] * rate[j] * sigma }
      }
      for k in 0..<count { for l in k..<count { result[k * count + l] += v[k] * v[l] } }
    }
    for k in 0..<count { for l in 0..<k { result[k * count + l] = result[l * count + k] } }
    return result
  }

  private func addShape(
    _ shape: inout [Double], _ m: Matrix, _ influence: Influence, _ u: Reduction,
    _ pairs: SymmetricPairs
  ) {
    let n = pairs.size
    let value: (Int, Int, Int) -> Double
    switch influence {
    case .square(let vectors):
      let s = reduced(vectors, u, n)
      value = { e, i, j in s[e * n + i] * s[e * n + j] }
    case .regression(let joint, let regressed):
      let t = reduced(joint, u, n)
      let s = reduced(regressed, u, n)
      value = { e, i, j in
        let (si, sj) = (s[e * n + i], s[e * n + j])
        return t[e * n + i] * sj + si * t[e * n + j] - si * sj
      }
    }
    for (e, row) in source.rows.enumerated() {
      for (k, (i, j)) in pairs.pairs.enumerated() {
        shape[row * pairs.count + k] =
          source.expectedEvents * source.weights[e] * (value(e, i, j) - m[i, j])
      }
    }
  }

  /// The covariance of Lσ r rᵀ.
  func rateCovariance(_ u: Matrix) -> [Double] {
    let n = source.space.fullCount
    let zero = Matrix(rows: n, columns: n)
    let nothing = [Double](repeating: 0, count: source.rows.count * n)
    return covariance(
      zero, .square(nothing), withRate: true, offset: [Double](repeating: 0, count: n), u)
  }

  /// The covariance of the plug-in information of the mean score from the spread of K members, to first order:
  /// Σ_a s_a² dI_a ⊗ dI_a K/(K − 1) with dI_a = n E[t̄ (t̂_a − t̄)ᵀ + (t̂_a − t̄) t̄ᵀ] and shares s_a, which are
  /// 1/K but for models of unequal numbers of members. Nil for one member.
  func ensemble(_ plugIn: [Double], _ mean: [Double], _ u: Matrix) -> [Double]? {
    let members = source.estimated
    guard members.count > 1 else { return nil }
    let (p, n) = (source.known.count, source.space.fullCount)
    let k = Double(members.count)
    let pairs = SymmetricPairs(u.rows)
    var result = [Double](repeating: 0, count: pairs.count * pairs.count)
    for (scores, share) in members {
      let factor = share * share * k / (k - 1)
      let cross = source.moment(plugIn, n, zip(scores, mean).map { $0 - $1 }, p)
      var full = Matrix(rows: n, columns: n)
      for i in 0..<n { for j in 0..<p { full[i, source.known[j]] = cross[i, j] } }
      let change = source.expectedEvents * (full + full.transposed)
      let d = pairs.pack((u * change * u.transposed).elements)
      for i in d.indices {
        for j in d.indices { result[i * d.count + j] += factor * d[i] * d[j] }
      }
    }
    return result
  }
}
