import Numerics
import Testing

@testable import LinearAlgebra

@Suite struct MatrixTests {
  /// Largest difference of two matrices.
  private func distance(_ a: Matrix, _ b: Matrix) -> Double {
    zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
  }

  private func random(_ rows: Int, _ columns: Int, item: UInt64 = 0) -> Matrix {
    var stream = PhiloxStream(seed: 11, purpose: .testing, item: item)
    return Matrix(
      rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in stream.normal() })
  }

  @Test func productsOfKnownMatrices() {
    let a = Matrix(rows: [[1, 2, 3], [4, 5, 6]])
    let b = Matrix(rows: [[1, 0], [0, 1], [2, 2]])
    #expect(a * b == Matrix(rows: [[7, 8], [16, 17]]))
    #expect(a * [1, 1, 1] == [6, 15])
    #expect(a.transposed.rowArrays == [[1, 4], [2, 5], [3, 6]])
    #expect(Matrix.outer([1, 2], [3, 4]) == Matrix(rows: [[3, 4], [6, 8]]))
    #expect(a.submatrix(rows: [1], columns: [2, 0]) == Matrix(rows: [[6, 4]]))
    #expect((a - a).elements.allSatisfy { $0 == 0 })
    #expect(Matrix(rows: [[2, 1], [1, 3]]).bilinear([1, 2], [3, 4]) == 40)
  }

  /// Both scalars, all transpositions, strides wider than the rows.
  @Test func gemmAgreesWithTheDefinition() {
    check(Float.self, tolerance: 1e-5)
    check(Double.self, tolerance: 1e-13)
  }

  private func check<T: BLASScalar>(_: T.Type, tolerance: Double) {
    let (m, n, k) = (3, 4, 5)
    for ta in [Transposition.none, .transposed] {
      for tb in [Transposition.none, .transposed] {
        let a = random(ta == .none ? m : k, ta == .none ? k : m, item: 1)
        let b = random(tb == .none ? k : n, tb == .none ? n : k, item: 2)
        var c = Array(repeating: T(1), count: m * (n + 2))
        T.gemm(
          ta, tb, m: m, n: n, k: k, alpha: 2, a.elements.map { T($0) }, lda: a.columns,
          b.elements.map { T($0) }, ldb: b.columns, beta: 3, &c, ldc: n + 2)
        for i in 0..<m {
          for j in 0..<n {
            var sum = 0.0
            for l in 0..<k {
              sum += (ta == .none ? a[i, l] : a[l, i]) * (tb == .none ? b[l, j] : b[j, l])
            }
            #expect(abs(Double(c[i * (n + 2) + j]) - (2 * sum + 3)) < tolerance)
          }
          #expect(c[i * (n + 2) + n] == 1, "the padding is not touched")
        }
      }
    }
  }

  @Test func inverseAndSolve() throws {
    let a = random(6, 6)
    #expect(distance(try a.inverse() * a, .identity(6)) < 1e-12)
    let x = [1.0, -2, 3, -4, 5, -6]
    for (got, expected) in zip(try a.solve(a * x), x) { #expect(abs(got - expected) < 1e-12) }
    #expect(
      try Matrix(rows: [[2, 0], [0, 4]]).inverse() == Matrix(rows: [[0.5, 0], [0, 0.25]]))
  }

  @Test func unitsDoNotMakeAMatrixSingular() throws {
    let information = Matrix(rows: [[1e20, 1e-1], [1e-1, 1e-20]])
    let inverse = try information.inverse()
    // det = 1 − 0.01.
    #expect(abs(inverse[0, 0] / (1e-20 / 0.99) - 1) < 1e-14)
    #expect(abs(inverse[0, 1] / (-0.1 / 0.99) - 1) < 1e-14)
  }

  @Test func singularMatricesThrow() {
    #expect(throws: LinearAlgebraError.singular) { try Matrix(rows: [[1, 2], [2, 4]]).inverse() }
    #expect(throws: LinearAlgebraError.singular) {
      try Matrix(rows: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]).inverse()
    }
    #expect(throws: LinearAlgebraError.singular) { try Matrix(rows: 2, columns: 2).inverse() }
    #expect(throws: LinearAlgebraError.notFinite) { try Matrix(rows: [[.nan]]).inverse() }
  }

  @Test(arguments: [(5, 3), (3, 5), (4, 4)])
  func singularValuesRebuildTheMatrix(m: Int, n: Int) throws {
    let a = random(m, n, item: UInt64(m))
    let svd = try a.singularValues()
    #expect(distance(svd.u * Matrix.diagonal(svd.values) * svd.vTransposed, a) < 1e-13)
    #expect(svd.values == svd.values.sorted(by: >))
    let inverse = try a.pseudoInverse()
    #expect(distance(a * inverse * a, a) < 1e-13)
    #expect(distance(inverse * a * inverse, inverse) < 1e-12)
  }

  @Test func conditionNumbers() throws {
    #expect(abs(try Matrix.diagonal([2, 1, 1e-3]).conditionNumber() - 2000) < 1e-9)
    #expect(try Matrix(rows: 2, columns: 2).conditionNumber() == .infinity)
    #expect(try Matrix.identity(3).conditionNumber() == 1)
  }

  /// A straight line through four points, solved by hand: y = 0.5 + 1.4 x from (0,1) (1,1) (2,4)
  /// (3,4.4) …
  @Test func leastSquaresOfALine() throws {
    let a = Matrix(rows: [[1, 0], [1, 1], [1, 2], [1, 3]])
    let fit = try a.leastSquares([1, 3, 4, 4])
    // Σx = 6, Σx² = 14, Σy = 12, Σxy = 23: slope (4·23 − 6·12)/20 = 1, intercept 1.5.
    #expect(abs(fit.solution[0] - 1.5) < 1e-13 && abs(fit.solution[1] - 1) < 1e-13)
    #expect(abs(fit.squaredResidual - 1) < 1e-12)
    #expect(fit.rank == 2)
    // (AᵀA)⁻¹ = [[14, −6], [−6, 4]]/20.
    #expect(distance(fit.covariance, Matrix(rows: [[0.7, -0.3], [-0.3, 0.2]])) < 1e-13)
    let dependent = try Matrix(rows: [[1, 1], [1, 1]]).leastSquares([2, 2])
    #expect(dependent.rank == 1 && abs(dependent.solution[0] - 1) < 1e-14)
  }

  @Test func choleskyFactor() throws {
    let l = try Matrix(rows: [[4, 99], [2, 5]]).cholesky()
    #expect(l == Matrix(rows: [[2, 0], [1, 2]]))
    #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
      try Matrix(rows: [[1, 2], [2, 1]]).cholesky()
    }
  }

  @Test func symmetricEigenvectors() throws {
    let (values, vectors) = try Matrix(rows: [[2, 1], [1, 2]]).symmetricEigen()
    #expect(abs(values[0] - 1) < 1e-15 && abs(values[1] - 3) < 1e-15)
    #expect(abs(abs(vectors[0, 1]) - 0.5.squareRoot()) < 1e-15)
    let b = random(7, 7)
    let s = b * b.transposed
    let eigen = try s.symmetricEigen()
    let rebuilt = eigen.vectors * Matrix.diagonal(eigen.values) * eigen.vectors.transposed
    #expect(distance(rebuilt, s) < 1e-12)
  }

  @Test func emptyMatrices() throws {
    let empty = Matrix(rows: 0, columns: 0)
    #expect(try empty.inverse() == empty)
    #expect(try empty.conditionNumber() == 1)
    #expect(
      (Matrix(rows: 2, columns: 0) * Matrix(rows: 0, columns: 3)).elements == [0, 0, 0, 0, 0, 0])
  }

  @Test func thereIsAProcessorName() { #expect(!blasProcessor().isEmpty) }
}
