import COpenBLAS

/// Sets OpenBLAS to one thread, once, before its first use: its own threads make the shapes of a
/// network's minibatch twice as slow, and would change bits; work is divided between the threads of
/// a `ThreadTeam` instead.
private let singleThreaded: Void = openblas_set_num_threads(1)

/// The processor family whose kernels OpenBLAS took; the last bits of products depend on it.
public func blasProcessor() -> String {
  _ = singleThreaded
  guard let name = openblas_get_corename() else { return "unknown" }
  return String(cString: name)
}

/// Whether a matrix enters a product as it is or transposed.
public enum Transposition: Sendable {
  case none
  case transposed

  var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

/// The scalars that have a matrix product: `Float` and `Double`.
public protocol BLASScalar: BinaryFloatingPoint, Sendable {
  /// C ← alpha op(A) op(B) + beta C for row-major matrices at raw addresses.
  ///
  /// - Parameters:
  ///   - m: rows of op(A) and of C.
  ///   - n: columns of op(B) and of C.
  ///   - k: columns of op(A) and rows of op(B).
  ///   - lda: elements from one row of A, as stored, to the next; ldb, ldc likewise.
  static func gemm(
    _ transposeA: Transposition, _ transposeB: Transposition, m: Int, n: Int, k: Int,
    alpha: Self, _ a: UnsafePointer<Self>, lda: Int, _ b: UnsafePointer<Self>, ldb: Int,
    beta: Self, _ c: UnsafeMutablePointer<Self>, ldc: Int)
}

extension Float: BLASScalar {
  public static func gemm(
    _ transposeA: Transposition, _ transposeB: Transposition, m: Int, n: Int, k: Int,
    alpha: Float, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    beta: Float, _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    _ = singleThreaded
    cblas_sgemm(
      CblasRowMajor, transposeA.cblas, transposeB.cblas, Int32(m), Int32(n), Int32(k), alpha, a,
      Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }
}

extension Double: BLASScalar {
  public static func gemm(
    _ transposeA: Transposition, _ transposeB: Transposition, m: Int, n: Int, k: Int,
    alpha: Double, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>, ldb: Int,
    beta: Double, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    _ = singleThreaded
    cblas_dgemm(
      CblasRowMajor, transposeA.cblas, transposeB.cblas, Int32(m), Int32(n), Int32(k), alpha, a,
      Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }
}

/// Makes sure of the one thread before LAPACK is called directly.
func prepareLAPACK() { _ = singleThreaded }
