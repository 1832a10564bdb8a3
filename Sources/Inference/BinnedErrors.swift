import EventModel
import LinearAlgebra

/// What the finite number of events does to the information of bins: covariance and bias from the pair sums.
struct BinnedErrors {
  private let model: BinnedModel
  private let point: MorphedPoint
  private let cells: [Int]
  private let values: [Double]
  /// ∂σ_c/σ_c of each cell.
  private let r: [[Double]]
  private let luminosity: Double

  init(
    _ model: BinnedModel, _ point: MorphedPoint, cells: [Int], values: [Double], r: [[Double]],
    luminosity: Double
  ) {
    (self.model, self.point, self.cells, self.values, self.r) = (model, point, cells, values, r)
    self.luminosity = luminosity
  }

  private func forEachGroup(_ body: (_ cell: Int, _ gradients: Matrix, _ pairs: Matrix) -> Void) {
    let b = model.table.benchmarkCount
    for (cell, bin) in cells.enumerated() {
      let n = r[cell].count
      for (g, group) in model.groups.enumerated() where group.counts[bin] > 0 {
        let all = model.eventGradients(g, bin: bin, at: point)
        body(
          cell, Matrix(rows: n, columns: b, elements: Array(all[..<(n * b)])),
          Matrix(rows: b, columns: b, elements: group.pairMatrix(ofBin: bin)))
      }
    }
  }

  /// J Q Jᵀ over the pairs of U I Uᵀ, with J_ij,b = ∂I_ij/∂S_b = L [G_ib r_j + r_i G_jb − r_i r_j w_b] after U.
  func covariance(_ u: Matrix) -> [Double] {
    let pairs = SymmetricPairs(u.rows)
    var sum = Matrix(rows: pairs.count, columns: pairs.count)
    forEachGroup { cell, gradients, q in
      let g = u * gradients
      let r = u * self.r[cell]
      var jacobian = Matrix(rows: pairs.count, columns: q.rows)
      for (k, (i, j)) in pairs.pairs.enumerated() {
        for b in 0..<q.rows {
          jacobian[k, b] =
            luminosity * (g[i, b] * r[j] + r[i] * g[j, b] - r[i] * r[j] * point.weights[b])
        }
      }
      sum += jacobian * q * jacobian.transposed
    }
    return sum.elements
  }

  /// L Σ_c 1/σ_c Σ_e q_ie q_je with q_e = ∂dσ_e − r_c dσ_e, row-major.
  func bias() -> [Double] {
    let n = r.first?.count ?? 0
    var sum = Matrix(rows: n, columns: n)
    forEachGroup { cell, gradients, q in
      var k = gradients
      for i in 0..<n { for b in 0..<q.rows { k[i, b] -= r[cell][i] * point.weights[b] } }
      sum += (luminosity / values[cells[cell]]) * (k * q * k.transposed)
    }
    return sum.elements
  }
}
