/// Packing of symmetric matrices and of the covariances of their elements.
///
/// A symmetric n × n matrix has n(n+1)/2 elements i ≤ j, row after row; a covariance of them is kept as the square matrix
/// of these, and handed out with four indices.
struct SymmetricPairs: Sendable {
  let size: Int
  /// The elements in their order.
  let pairs: [(i: Int, j: Int)]

  init(_ size: Int) {
    self.size = size
    pairs = (0..<size).flatMap { i in (i..<size).map { (i, $0) } }
  }

  var count: Int { pairs.count }

  /// Position of the element (i, j) or (j, i).
  func index(_ i: Int, _ j: Int) -> Int {
    let (low, high) = i <= j ? (i, j) : (j, i)
    return low * size - low * (low - 1) / 2 + high - low
  }

  /// The full matrix, row-major.
  func matrix(_ packed: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: size * size)
    for (k, pair) in pairs.enumerated() {
      result[pair.i * size + pair.j] = packed[k]
      result[pair.j * size + pair.i] = packed[k]
    }
    return result
  }

  /// The upper triangle of a full matrix.
  func pack(_ matrix: [Double]) -> [Double] { pairs.map { matrix[$0.i * size + $0.j] } }

  /// The covariance with four indices [i][j][k][l], from the square matrix over pairs, row-major.
  func covariance(_ packed: [Double]) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(size * size * size * size)
    for i in 0..<size {
      for j in 0..<size {
        let row = index(i, j) * count
        for k in 0..<size {
          for l in 0..<size { result.append(packed[row + index(k, l)]) }
        }
      }
    }
    return result
  }
}
