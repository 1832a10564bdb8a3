/// Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's rotations, so that drawing needs no LAPACK.
struct SymmetricEigen {
  /// Descending.
  private(set) var values: [Double] = []
  /// One for each value.
  private(set) var vectors: [[Double]] = []

  init(_ matrix: [Double], of n: Int) {
    var a = matrix
    var v = (0..<n * n).map { $0 % (n + 1) == 0 ? 1.0 : 0 }
    for _ in 0..<60 {
      var rest = 0.0
      for i in 0..<n { for j in 0..<n where i != j { rest += a[i * n + j] * a[i * n + j] } }
      let size = (0..<n).reduce(0.0) { $0 + a[$1 * n + $1] * a[$1 * n + $1] }
      guard rest > 1e-30 * size else { break }
      for p in 0..<n { for q in p + 1..<max(n, p + 1) { Self.rotate(&a, &v, p, q, n) } }
    }
    let order = (0..<n).sorted { a[$0 * n + $0] > a[$1 * n + $1] }
    values = order.map { a[$0 * n + $0] }
    vectors = order.map { k in (0..<n).map { v[$0 * n + k] } }
  }

  /// Makes the element (p, q) zero.
  private static func rotate(_ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ n: Int)
  {
    let b = a[p * n + q]
    guard b != 0 else { return }
    let theta = (a[q * n + q] - a[p * n + p]) / (2 * b)
    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<n {
      let (x, y) = (a[k * n + p], a[k * n + q])
      (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<n {
      let (x, y) = (a[p * n + k], a[q * n + k])
      (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y)
      let (u, w) = (v[k * n + p], v[k * n + q])
      (v[k * n + p], v[k * n + q]) = (c * u - s * w, s * u + c * w)
    }
  }
}
