/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi rotations (Golub & Van Loan, section 8.5), for matrices
/// of up to some hundred rows where LAPACK is not linked: in reading and drawing.
public struct SymmetricEigenvectors: Sendable {
  /// Falling.
  public private(set) var values: [Double]
  /// Row k belongs to value k; orthonormal.
  public private(set) var vectors: [[Double]]

  /// `matrix` is row-major, n × n, and symmetric.
  public init(_ matrix: [Double], count n: Int) {
    var a = matrix
    var v = [Double](repeating: 0, count: n * n)
    for i in 0..<n { v[i * n + i] = 1 }
    let scale = a.reduce(0) { max($0, abs($1)) }
    // Convergence is quadratic: some ten sweeps are enough for any matrix.
    for _ in 0..<60 where scale > 0 {
      var largest = 0.0
      for p in 0..<n {
        for q in p + 1..<max(n, p + 1) {
          let off = a[p * n + q]
          largest = max(largest, abs(off))
          if abs(off) <= 1e-18 * scale { continue }
          Self.rotate(&a, &v, n, p, q, off)
        }
      }
      if largest <= 1e-16 * scale { break }
    }
    // Equal values keep their order, so that the outcome does not depend on the sorting.
    let order = (0..<n).sorted { (a[$0 * n + $0], -$0) > (a[$1 * n + $1], -$1) }
    values = order.map { a[$0 * n + $0] }
    vectors = order.map { k in (0..<n).map { v[k * n + $0] } }
  }

  /// Makes a[p][q] zero; rows of `v` become the eigenvectors.
  private static func rotate(
    _ a: inout [Double], _ v: inout [Double], _ n: Int, _ p: Int, _ q: Int, _ off: Double
  ) {
    let tau = (a[q * n + q] - a[p * n + p]) / (2 * off)
    let t = (tau >= 0 ? 1.0 : -1.0) / (abs(tau) + (1 + tau * tau).squareRoot())
    let c = 1 / (1 + t * t).squareRoot()
    let s = t * c
    for k in 0..<n {
      let (x, y) = (a[k * n + p], a[k * n + q])
      a[k * n + p] = c * x - s * y
      a[k * n + q] = s * x + c * y
    }
    for k in 0..<n {
      let (x, y) = (a[p * n + k], a[q * n + k])
      a[p * n + k] = c * x - s * y
      a[q * n + k] = s * x + c * y
      let (i, j) = (v[p * n + k], v[q * n + k])
      v[p * n + k] = c * i - s * j
      v[q * n + k] = s * i + c * j
    }
  }
}
