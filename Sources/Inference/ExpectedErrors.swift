import EventModel
import LinearAlgebra

extension Information.Entry {
  private var square: Matrix {
    let n = Int(Double(matrix.count).squareRoot().rounded())
    return Matrix(rows: n, columns: n, elements: matrix)
  }

  /// The smallest standard deviations that unbiased estimates can have (Cramér and Rao): 1/sqrt(I_ii) with the other parameters
  /// fixed, sqrt((I⁻¹)_ii) with them free. NaN or infinite where the information does not bound a parameter: where it has a
  /// part in a direction without information. Parameters outside of such directions keep their errors.
  public var expectedErrors: (fixed: [Double], free: [Double]) {
    let m = square
    let fixed = m.diagonal.map { 1 / $0.squareRoot() }
    guard let (values, vectors) = try? Information.correlationEigen(m) else {
      return (fixed, fixed.map { _ in .infinity })
    }
    let free = fixed.indices.map { i -> Double in
      var (inside, variance) = (0.0, 0.0)
      for k in values.indices {
        let part = vectors[i, k] * vectors[i, k]
        if values[k] > Information.leastEigenvalue {
          variance += part / values[k]
        } else {
          inside += part
        }
      }
      return inside > 1e-9 ? .infinity : variance.squareRoot() * fixed[i]
    }
    return (fixed, free)
  }

  /// Eigenvalues, the largest first, and eigenvectors row by row, the largest component of each positive.
  public var eigen: (values: [Double], vectors: [Double])? {
    let m = square
    guard m.rows > 0, let (values, vectors) = try? m.symmetricEigen() else { return nil }
    let order = values.indices.reversed()
    return (
      order.map { values[$0] },
      order.flatMap { k -> [Double] in
        let v = vectors.column(k)
        let largest = v.max { abs($0) < abs($1) } ?? 1
        return largest < 0 ? v.map { -$0 } : v
      }
    )
  }
}
