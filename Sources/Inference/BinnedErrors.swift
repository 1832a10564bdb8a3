import EventModel
import LinearAlgebra

/// What the finite number of events does to the information of bins: covariance and bias from the pair sums.
struct BinnedErrors {
  private let luminosity: Double
  private let count: Int
  private let parts: [Part]

  /// One group's bin: ∂σ_c/σ_c and σ_c of the cell it is in, and what its events do to both.
  private struct Part {
    let r: [Double]
    let sigma: Double
    let influence: BinInfluence
  }

  /// - Parameters:
  ///   - values: σ_c of every bin.
  ///   - r: ∂σ_c/σ_c of each cell, of the first parameters of the model.
  init(
    _ model: BinnedModel, _ point: MorphedPoint, cells: [Int], values: [Double], r: [[Double]],
    luminosity: Double
  ) {
    self.luminosity = luminosity
    count = r.first?.count ?? 0
    parts = cells.enumerated().flatMap { cell, bin in
      model.groups.indices.filter { model.groups[$0].counts[bin] > 0 }.map { g in
        Part(
          r: r[cell], sigma: values[bin],
          influence: model.influence(g, bin: bin, at: point, count: r[cell].count))
      }
    }
  }

  /// J Q Jᵀ over the pairs of U I Uᵀ, with J_ij,z = ∂I_ij/∂S_z = L [G_iz r_j + r_i G_jz − r_i r_j w_z] after U.
  func covariance(_ u: Matrix) -> [Double] {
    let pairs = SymmetricPairs(u.rows)
    var sum = Matrix(rows: pairs.count, columns: pairs.count)
    for part in parts {
      let g = u * part.influence.gradients
      let r = u * part.r
      let w = part.influence.weights
      var jacobian = Matrix(rows: pairs.count, columns: w.count)
      for (k, (i, j)) in pairs.pairs.enumerated() {
        for z in w.indices {
          jacobian[k, z] = luminosity * (g[i, z] * r[j] + r[i] * g[j, z] - r[i] * r[j] * w[z])
        }
      }
      sum += jacobian * part.influence.pairs * jacobian.transposed
    }
    return sum.elements
  }

  /// The second order of fluctuations, row-major: L Σ_c [1/σ_c Σ_e q_ie q_je + r_i D_j + D_i r_j] with q_e = ∂dσ_e − r_c dσ_e
  /// and D what they add to the gradient.
  func bias() -> [Double] {
    var sum = Matrix(rows: count, columns: count)
    for part in parts {
      let influence = part.influence
      var k = influence.gradients
      for i in 0..<count {
        for z in influence.weights.indices { k[i, z] -= part.r[i] * influence.weights[z] }
      }
      sum += (luminosity / part.sigma) * (k * influence.pairs * k.transposed)
      let cross = Matrix.outer(part.r, influence.curvature)
      sum += luminosity * (cross + cross.transposed)
    }
    return sum.elements
  }
}
