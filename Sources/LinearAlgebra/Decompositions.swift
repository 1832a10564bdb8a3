import COpenBLAS

/// Why a matrix allows no answer.
public enum LinearAlgebraError: Error, Sendable, Equatable {
  /// No inverse: a pivot is zero, or rows or columns are dependent within double precision.
  case singular
  /// The leading minor of this order is not positive.
  case notPositiveDefinite(order: Int)
  /// NaN or infinity among the elements.
  case notFinite
  /// An iterative method of LAPACK did not converge.
  case notConverged
}

/// A singular value decomposition A = U diag(s) Vᵀ, thin: U is m × k, Vᵀ is k × n, k = min(m, n).
public struct SingularValues: Sendable {
  public let u: Matrix
  /// Descending.
  public let values: [Double]
  public let vTransposed: Matrix

  /// Largest over smallest singular value; infinite for a singular matrix.
  public var conditionNumber: Double {
    guard let first = values.first, let last = values.last else { return 1 }
    return last > 0 ? first / last : .infinity
  }

  /// Singular values above `relativeTolerance` times the largest.
  public func rank(relativeTolerance: Double) -> Int {
    values.count { $0 > relativeTolerance * (values.first ?? 0) }
  }

  /// The default for what counts as zero: max(m, n) ε.
  public var defaultTolerance: Double {
    Double(max(u.rows, vTransposed.columns)) * Double.ulpOfOne
  }

  /// V diag(1/s) Uᵀ, with 0 for singular values that count as zero.
  public func pseudoInverse(relativeTolerance: Double? = nil) -> Matrix {
    let rank = rank(relativeTolerance: relativeTolerance ?? defaultTolerance)
    var scaled = vTransposed.transposed
    for column in 0..<values.count {
      let factor = column < rank ? 1 / values[column] : 0
      for row in 0..<scaled.rows { scaled[row, column] *= factor }
    }
    return scaled * u.transposed
  }
}

/// The solution of min |A x − b|².
public struct LeastSquares: Sendable {
  public let solution: [Double]
  /// |A x − b|².
  public let squaredResidual: Double
  /// Rank of A that was used.
  public let rank: Int
  /// Of A, by its singular values.
  public let conditionNumber: Double
  /// (AᵀA)⁺: the covariance of the solution where b has unit errors.
  public let covariance: Matrix
}

extension Matrix {
  private func requireFinite() throws {
    guard elements.allSatisfy(\.isFinite) else { throw LinearAlgebraError.notFinite }
  }

  /// The singular value decomposition.
  public func singularValues() throws -> SingularValues {
    try requireFinite()
    prepareLAPACK()
    let k = min(rows, columns)
    guard k > 0 else {
      return SingularValues(
        u: Matrix(rows: rows, columns: 0), values: [],
        vTransposed: Matrix(rows: 0, columns: columns))
    }
    // LAPACK sees the transpose n × m: its U is our Vᵀ and its Vᵀ our U, read row-major.
    var a = elements
    var s = Array(repeating: 0.0, count: k)
    var vt = Array(repeating: 0.0, count: k * columns)
    var u = Array(repeating: 0.0, count: rows * k)
    var m = Int32(columns)
    var n = Int32(rows)
    var inner = Int32(k)
    var job = CChar(UInt8(ascii: "S"))
    var integers = Array(repeating: Int32(0), count: 8 * k)
    var info = Int32(0)
    var size = Int32(-1)
    var work = [0.0]
    for _ in 0..<2 {
      dgesdd_(
        &job, &m, &n, &a, &m, &s, &vt, &m, &u, &inner, &work, &size, &integers, &info, 1)
      guard info == 0 else { throw LinearAlgebraError.notConverged }
      if size == -1 {
        size = Int32(work[0])
        work = Array(repeating: 0, count: Int(size))
      }
    }
    return SingularValues(
      u: Matrix(rows: rows, columns: k, elements: u), values: s,
      vTransposed: Matrix(rows: k, columns: columns, elements: vt))
  }

  /// Largest over smallest singular value; infinite for a singular matrix.
  public func conditionNumber() throws -> Double { try singularValues().conditionNumber }

  /// The Moore-Penrose inverse; singular values below `relativeTolerance` (default max(m, n) ε)
  /// times the largest count as zero.
  public func pseudoInverse(relativeTolerance: Double? = nil) throws -> Matrix {
    try singularValues().pseudoInverse(relativeTolerance: relativeTolerance)
  }

  /// The x of smallest norm that minimises |A x − b|².
  public func leastSquares(
    _ b: [Double], relativeTolerance: Double? = nil
  ) throws -> LeastSquares {
    precondition(b.count == rows)
    let decomposition = try singularValues()
    let inverse = decomposition.pseudoInverse(relativeTolerance: relativeTolerance)
    let solution = inverse * b
    let residual = zip(self * solution, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return LeastSquares(
      solution: solution, squaredResidual: residual,
      rank: decomposition.rank(
        relativeTolerance: relativeTolerance ?? decomposition.defaultTolerance),
      conditionNumber: decomposition.conditionNumber, covariance: inverse * inverse.transposed)
  }

  /// The inverse of a square matrix.
  ///
  /// Rows and columns are scaled to unit size first, so that units do not decide what is singular.
  /// - Throws: `LinearAlgebraError.singular`, `.notFinite`.
  public func inverse() throws -> Matrix { try solve(Matrix.identity(rows)) }

  /// The x of A x = b.
  /// - Throws: `LinearAlgebraError.singular`, `.notFinite`.
  public func solve(_ b: [Double]) throws -> [Double] {
    try solve(Matrix(rows: b.count, columns: 1, elements: b)).elements
  }

  /// The X of A X = B, by LU decomposition of the scaled matrix.
  /// - Throws: `LinearAlgebraError.singular`, `.notFinite`.
  public func solve(_ b: Matrix) throws -> Matrix {
    precondition(isSquare && b.rows == rows)
    try requireFinite()
    guard rows > 0 else { return b }
    let (rowScales, columnScales) = try equilibration()
    var scaled = self
    for i in 0..<rows {
      for j in 0..<columns { scaled[i, j] *= rowScales[i] * columnScales[j] }
    }
    let factors = try LUFactors(scaled)
    // One-norm condition number of the scaled matrix.
    let inverse = factors.solve(Matrix.identity(rows))
    let condition = scaled.oneNorm * inverse.oneNorm
    guard condition < 1 / Double.ulpOfOne else { throw LinearAlgebraError.singular }
    var right = b
    for i in 0..<b.rows {
      for j in 0..<b.columns { right[i, j] *= rowScales[i] }
    }
    var x = factors.solve(right)
    for i in 0..<x.rows {
      for j in 0..<x.columns { x[i, j] *= columnScales[i] }
    }
    return x
  }

  private var oneNorm: Double {
    (0..<columns).map { column($0).reduce(0) { $0 + abs($1) } }.max() ?? 0
  }

  /// Powers of two that bring the largest element of every row and column near 1.
  private func equilibration() throws -> (rows: [Double], columns: [Double]) {
    func scale(_ largest: Double) throws -> Double {
      guard largest > 0 else { throw LinearAlgebraError.singular }
      return Double(sign: .plus, exponent: -largest.exponent, significand: 1)
    }
    let rowScales = try (0..<rows).map { i in try scale(row(i).reduce(0) { max($0, abs($1)) }) }
    let columnScales = try (0..<columns).map { j in
      try scale((0..<rows).reduce(0) { max($0, abs(self[$1, j]) * rowScales[$1]) })
    }
    return (rowScales, columnScales)
  }

  /// The lower triangle L with A = L Lᵀ; only the lower triangle of A is read.
  /// - Throws: `LinearAlgebraError.notPositiveDefinite`, `.notFinite`.
  public func cholesky() throws -> Matrix {
    precondition(isSquare)
    try requireFinite()
    prepareLAPACK()
    guard rows > 0 else { return self }
    // Row-major lower is column-major upper: LAPACK's UᵀU with U = Lᵀ.
    var result = self
    var size = Int32(rows)
    var triangle = CChar(UInt8(ascii: "U"))
    var info = Int32(0)
    dpotrf_(&triangle, &size, &result.elements, &size, &info, 1)
    guard info == 0 else { throw LinearAlgebraError.notPositiveDefinite(order: Int(info)) }
    for i in 0..<rows {
      for j in i + 1..<max(columns, i + 1) { result[i, j] = 0 }
    }
    return result
  }

  /// Eigenvalues of a symmetric matrix, ascending, and eigenvectors in the columns of `vectors`;
  /// only the lower triangle is read.
  public func symmetricEigen() throws -> (values: [Double], vectors: Matrix) {
    precondition(isSquare)
    try requireFinite()
    prepareLAPACK()
    guard rows > 0 else { return ([], self) }
    var a = elements
    var values = Array(repeating: 0.0, count: rows)
    var size = Int32(rows)
    var job = CChar(UInt8(ascii: "V"))
    var triangle = CChar(UInt8(ascii: "U"))
    var info = Int32(0)
    var length = Int32(max(1, 34 * rows))
    var work = Array(repeating: 0.0, count: Int(length))
    dsyev_(&job, &triangle, &size, &a, &size, &values, &work, &length, &info, 1, 1)
    guard info == 0 else { throw LinearAlgebraError.notConverged }
    return (values, Matrix(rows: rows, columns: rows, elements: a).transposed)
  }
}

/// LU factors of a square matrix.
private struct LUFactors {
  private var factors: [Double]
  private var pivots: [Int32]
  private let size: Int

  init(_ matrix: Matrix) throws {
    prepareLAPACK()
    size = matrix.rows
    factors = matrix.elements
    pivots = Array(repeating: 0, count: size)
    var n = Int32(size)
    var info = Int32(0)
    dgetrf_(&n, &n, &factors, &n, &pivots, &info)
    guard info == 0 else { throw LinearAlgebraError.singular }
  }

  /// LAPACK holds the factors of the transpose, so the transposed system is solved; it wants
  /// columns in a row.
  func solve(_ b: Matrix) -> Matrix {
    var x = b.transposed.elements
    var n = Int32(size)
    var count = Int32(b.columns)
    var mode = CChar(UInt8(ascii: "T"))
    var info = Int32(0)
    dgetrs_(&mode, &n, &count, factors, &n, pivots, &x, &n, &info, 1)
    return Matrix(rows: b.columns, columns: b.rows, elements: x).transposed
  }
}
