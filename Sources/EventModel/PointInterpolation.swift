/// Weights λ_k(θ) by which values at points θ_k are interpolated: smooth, exact at the points, exact for linear functions,
/// and with Σλ = 1.
///
/// Polyharmonic splines: the interpolant is Σ_k a_k |θ − θ_k|³ plus a linear function of the directions that the points
/// span, in one dimension the natural cubic spline (Wendland, Scattered Data Approximation, 2004, chapter 8). In
/// directions that the points do not span it is constant as far as the points reach.
package struct PointInterpolation: Sendable {
  package let count: Int
  private let parameters: Int
  /// Points over scales, row-major [point][parameter].
  package let points: [Double]
  package let scales: [Double]
  /// Orthonormal directions that the points span, and where they start.
  package let directions: [[Double]]
  package let centre: [Double]
  /// λ = matrix · (kernels, 1, coordinates), row-major [point][basis].
  package let matrix: [Double]

  /// - Parameters:
  ///   - points: row-major [point][parameter], none twice.
  ///   - inverse: of a matrix of some size, row-major; throws where it has none.
  package init(
    points: [Double], scales: [Double], inverse: ([Double], _ size: Int) throws -> [Double]
  ) throws {
    let p = scales.count
    let n = points.count / p
    let scaled = points.indices.map { points[$0] / scales[$0 % p] }
    count = n
    parameters = p
    self.points = scaled
    self.scales = scales
    let centre = (0..<p).map { k in
      (0..<n).reduce(0) { $0 + scaled[$1 * p + k] } / Double(n)
    }
    self.centre = centre
    directions = Self.span(
      (0..<n).map { i in (0..<p).map { scaled[i * p + $0] - centre[$0] } })
    let size = n + 1 + directions.count
    var system = [Double](repeating: 0, count: size * size)
    for i in 0..<n {
      let own = Array(scaled[i * p..<(i + 1) * p])
      for j in 0..<i {
        let value = Self.kernel(own, scaled[j * p..<(j + 1) * p])
        system[i * size + j] = value
        system[j * size + i] = value
      }
      for (q, value) in Self.coordinates(own, centre, directions).enumerated() {
        system[i * size + n + q] = value
        system[(n + q) * size + i] = value
      }
    }
    matrix = Array(try inverse(system, size).prefix(n * size))
  }

  private static func kernel(_ a: [Double], _ b: ArraySlice<Double>) -> Double {
    let square = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return square * square.squareRoot()
  }

  /// 1, then the coordinates along the directions.
  private static func coordinates(
    _ point: [Double], _ centre: [Double], _ directions: [[Double]]
  ) -> [Double] {
    [1]
      + directions.map { direction in
        direction.indices.reduce(0) { $0 + direction[$1] * (point[$1] - centre[$1]) }
      }
  }

  /// Gram and Schmidt, the longest rest first.
  private static func span(_ vectors: [[Double]]) -> [[Double]] {
    var rest = vectors
    var found: [[Double]] = []
    let largest = rest.map(norm).max() ?? 0
    while let next = rest.max(by: { norm($0) < norm($1) }), norm(next) > 1e-6 * largest,
      norm(next) > 0
    {
      let length = norm(next)
      let direction = next.map { $0 / length }
      found.append(direction)
      rest = rest.map { vector in
        let along = zip(vector, direction).reduce(0) { $0 + $1.0 * $1.1 }
        return zip(vector, direction).map { $0 - along * $1 }
      }
    }
    return found
  }

  private static func norm(_ v: [Double]) -> Double { v.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// λ_k(θ), and ∂λ_k/∂θ_d as [point][parameter] where asked for.
  package func weights(
    at theta: some Collection<Double>, gradient: Bool
  ) -> (values: [Double], gradient: [Double]) {
    let p = parameters
    let point = zip(theta, scales).map { $0 / $1 }
    if !gradient, let exact = index(of: point) {
      return ((0..<count).map { $0 == exact ? 1 : 0 }, [])
    }
    let size = count + 1 + directions.count
    var basis = [Double](repeating: 0, count: size)
    var slopes = [Double](repeating: 0, count: gradient ? size * p : 0)
    for i in 0..<count {
      let own = points[i * p..<(i + 1) * p]
      let square = zip(point, own).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      basis[i] = square * square.squareRoot()
      if gradient {
        for (d, value) in own.enumerated() {
          slopes[i * p + d] = 3 * square.squareRoot() * (point[d] - value) / scales[d]
        }
      }
    }
    for (q, value) in Self.coordinates(point, centre, directions).enumerated() {
      basis[count + q] = value
      if gradient, q > 0 {
        for d in 0..<p { slopes[(count + q) * p + d] = directions[q - 1][d] / scales[d] }
      }
    }
    var values = [Double](repeating: 0, count: count)
    var derivatives = [Double](repeating: 0, count: gradient ? count * p : 0)
    for k in 0..<count {
      for j in 0..<size {
        let weight = matrix[k * size + j]
        values[k] += weight * basis[j]
        if gradient { for d in 0..<p { derivatives[k * p + d] += weight * slopes[j * p + d] } }
      }
    }
    if let exact = index(of: point) {
      for k in values.indices { values[k] = k == exact ? 1 : 0 }
    }
    return (values, derivatives)
  }

  private func index(of point: [Double]) -> Int? {
    (0..<count).first { k in
      (0..<parameters).allSatisfy { abs(point[$0] - points[k * parameters + $0]) < 1e-9 }
    }
  }
}
