import EventModel
import Testing

@Suite struct SymmetricEigenvectorsTests {
  /// Sums of 30 products of numbers of order one: rounding stays far below 1e-13.
  @Test func vectorsAreOrthonormalAndBelongToTheirValues() {
    let n = 30
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        matrix[i * n + j] = Double((7 * i * i + 13 * j * j + 5 * i * j) % 101) / 101 - 0.5
        matrix[j * n + i] = matrix[i * n + j]
      }
    }
    let eigen = SymmetricEigenvectors(matrix, count: n)
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 >= $1 })
    for k in 0..<n {
      let u = eigen.vectors[k]
      for i in 0..<n {
        let product = (0..<n).reduce(0.0) { $0 + matrix[i * n + $1] * u[$1] }
        #expect(abs(product - eigen.values[k] * u[i]) < 1e-13)
      }
      for l in 0...k {
        let dot = (0..<n).reduce(0.0) { $0 + u[$1] * eigen.vectors[l][$1] }
        #expect(abs(dot - (k == l ? 1 : 0)) < 1e-13)
      }
    }
  }

  @Test func zerosAndNothing() {
    #expect(SymmetricEigenvectors([0, 0, 0, 0], count: 2).values == [0, 0])
    #expect(SymmetricEigenvectors([], count: 0).values == [])
  }
}
