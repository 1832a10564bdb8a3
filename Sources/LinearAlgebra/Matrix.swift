/// A dense matrix of doubles, row-major. For small matrices: Fisher information, morphing,
/// covariance.
///
/// Shapes that do not fit are programming errors and stop the program; numbers that allow no answer
/// throw.
public struct Matrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// Row after row.
  public var elements: [Double]

  /// A matrix of equal elements.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    self.init(
      rows: rows, columns: columns, elements: Array(repeating: value, count: rows * columns))
  }

  /// A matrix from its elements, row after row.
  public init(rows: Int, columns: Int, elements: [Double]) {
    precondition(rows >= 0 && columns >= 0 && elements.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// A matrix from its rows, which must be of equal length.
  public init(rows: [[Double]]) {
    let columns = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == columns })
    self.init(rows: rows.count, columns: columns, elements: rows.flatMap { $0 })
  }

  /// The unit matrix.
  public static func identity(_ size: Int) -> Matrix {
    diagonal(Array(repeating: 1, count: size))
  }

  /// A diagonal matrix.
  public static func diagonal(_ values: [Double]) -> Matrix {
    var matrix = Matrix(rows: values.count, columns: values.count)
    for (i, value) in values.enumerated() { matrix[i, i] = value }
    return matrix
  }

  /// The product v wᵀ.
  public static func outer(_ v: [Double], _ w: [Double]) -> Matrix {
    Matrix(
      rows: v.count, columns: w.count, elements: v.flatMap { left in w.map { left * $0 } })
  }

  @inlinable
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// One row.
  public func row(_ row: Int) -> [Double] {
    Array(elements[row * columns..<(row + 1) * columns])
  }

  /// One column.
  public func column(_ column: Int) -> [Double] {
    (0..<rows).map { self[$0, column] }
  }

  /// The rows as arrays.
  public var rowArrays: [[Double]] { (0..<rows).map(row) }

  public var isSquare: Bool { rows == columns }

  /// The elements on the diagonal.
  public var diagonal: [Double] { (0..<min(rows, columns)).map { self[$0, $0] } }

  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }

  /// The mean of the matrix and its transpose: removes the rounding that makes covariances
  /// unsymmetric.
  public var symmetrised: Matrix {
    precondition(isSquare)
    var result = self
    for i in 0..<rows {
      for j in 0..<columns { result[i, j] = 0.5 * (self[i, j] + self[j, i]) }
    }
    return result
  }

  /// The chosen rows and columns, in the order given.
  public func submatrix(rows chosenRows: [Int], columns chosenColumns: [Int]) -> Matrix {
    Matrix(
      rows: chosenRows.count, columns: chosenColumns.count,
      elements: chosenRows.flatMap { i in chosenColumns.map { self[i, $0] } })
  }

  public static func + (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.rows == b.rows && a.columns == b.columns)
    return Matrix(
      rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map { $0 + $1 })
  }

  public static func - (a: Matrix, b: Matrix) -> Matrix { a + -1 * b }

  public static func += (a: inout Matrix, b: Matrix) { a = a + b }

  public static func * (factor: Double, matrix: Matrix) -> Matrix {
    Matrix(
      rows: matrix.rows, columns: matrix.columns, elements: matrix.elements.map { factor * $0 })
  }

  public static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columns == b.rows)
    var result = Matrix(rows: a.rows, columns: b.columns)
    guard a.rows > 0, a.columns > 0, b.columns > 0 else { return result }
    result.elements.withUnsafeMutableBufferPointer { c in
      a.elements.withUnsafeBufferPointer { aElements in
        b.elements.withUnsafeBufferPointer { bElements in
          guard let c = c.baseAddress, let p = aElements.baseAddress, let q = bElements.baseAddress
          else { return }
          Double.gemm(
            .none, .none, m: a.rows, n: b.columns, k: a.columns, alpha: 1, p, lda: a.columns, q,
            ldb: b.columns, beta: 0, c, ldc: b.columns)
        }
      }
    }
    return result
  }

  public static func * (matrix: Matrix, vector: [Double]) -> [Double] {
    precondition(matrix.columns == vector.count)
    return (0..<matrix.rows).map { i in
      var sum = 0.0
      for j in 0..<vector.count { sum += matrix[i, j] * vector[j] }
      return sum
    }
  }

  /// vᵀ M w.
  public func bilinear(_ v: [Double], _ w: [Double]) -> Double {
    zip(v, self * w).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
