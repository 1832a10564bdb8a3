import Diagnostics
import EventModel

/// A metric g_ij(θ) and its derivatives at any point of a box of θ.
public protocol MetricField: Sendable {
  var dimension: Int { get }
  var bounds: [ClosedRange<Double>] { get }
  /// g row-major [i][j], and ∂_k g_ij row-major [k][i][j].
  func metric(at theta: [Double]) -> (value: [Double], derivatives: [Double])
}

/// A metric given by a formula; derivatives are central differences of fourth order.
public struct FormulaMetric: MetricField {
  public let bounds: [ClosedRange<Double>]
  private let formula: @Sendable ([Double]) -> [Double]

  public init(
    bounds: [ClosedRange<Double>], _ formula: @escaping @Sendable ([Double]) -> [Double]
  ) {
    self.bounds = bounds
    self.formula = formula
  }

  public var dimension: Int { bounds.count }

  public func metric(at theta: [Double]) -> (value: [Double], derivatives: [Double]) {
    var derivatives: [Double] = []
    for k in 0..<dimension {
      let h = 1e-3 * (bounds[k].upperBound - bounds[k].lowerBound)
      func shifted(_ steps: Double) -> [Double] {
        var point = theta
        point[k] += steps * h
        return formula(point)
      }
      let (a, b, c, d) = (shifted(-2), shifted(-1), shifted(1), shifted(2))
      for i in a.indices { derivatives.append((a[i] - 8 * b[i] + 8 * c[i] - d[i]) / (12 * h)) }
    }
    return (formula(theta), derivatives)
  }
}

/// A metric on a grid of any dimension, between its points by cubics through four neighbours along each axis (Catmull and
/// Rom), so that derivatives are continuous. Beyond the border values continue as parabolas.
public struct GridMetric: MetricField {
  public let bounds: [ClosedRange<Double>]
  private let counts: [Int]
  private let strides: [Int]
  private let values: [Double]
  private let size: Int

  /// - Throws: `.data` naming the grid point where the metric is not finite or not positive definite.
  public init(_ geometry: Geometry) throws {
    bounds = geometry.axes.map { $0.lower...$0.upper }
    counts = geometry.axes.map(\.count)
    size = geometry.dimension * geometry.dimension
    var strides = [Int](repeating: size, count: counts.count)
    for k in counts.indices.dropLast().reversed() { strides[k] = strides[k + 1] * counts[k + 1] }
    self.strides = strides
    values = geometry.metric
    let n = geometry.dimension
    for point in 0..<geometry.pointCount {
      let matrix = Array(values[point * size..<(point + 1) * size])
      guard MetricAlgebra.isPositive(matrix, n) else {
        let place = zip(geometry.axes, geometry.point(point)).map { "\($0.parameter)=\($1)" }
        throw Problem(
          .data, "the information is not positive definite at \(place.joined(separator: ","))",
          remedy: "measure distances in fewer parameters, or with more observables")
      }
    }
  }

  public var dimension: Int { counts.count }

  public func metric(at theta: [Double]) -> (value: [Double], derivatives: [Double]) {
    let n = dimension
    let stencils = (0..<n).map { stencil($0, theta[$0]) }
    var value = [Double](repeating: 0, count: size)
    var derivatives = [Double](repeating: 0, count: n * size)
    var weights = [Double](repeating: 1, count: n + 1)
    add(stencils, axis: 0, offset: 0, &weights, &value, &derivatives)
    return (value, derivatives)
  }

  /// One axis after the other: weights[0] is for the value, weights[1 + k] for the derivative along axis k.
  private func add(
    _ stencils: [[(index: Int, value: Double, slope: Double)]], axis: Int, offset: Int,
    _ weights: inout [Double], _ value: inout [Double], _ derivatives: inout [Double]
  ) {
    guard axis < dimension else {
      for i in 0..<size {
        let x = values[offset + i]
        value[i] += weights[0] * x
        for k in 0..<dimension { derivatives[k * size + i] += weights[1 + k] * x }
      }
      return
    }
    let before = weights
    for node in stencils[axis] {
      for k in weights.indices {
        weights[k] = before[k] * (k == axis + 1 ? node.slope : node.value)
      }
      add(
        stencils, axis: axis + 1, offset: offset + node.index * strides[axis], &weights, &value,
        &derivatives)
    }
    weights = before
  }

  /// Grid points along an axis with their weights for the value and the slope.
  private func stencil(
    _ axis: Int, _ x: Double
  ) -> [(index: Int, value: Double, slope: Double)] {
    let n = counts[axis]
    let h = (bounds[axis].upperBound - bounds[axis].lowerBound) / Double(n - 1)
    let position = (x - bounds[axis].lowerBound) / h
    let cell = max(0, min(n - 2, Int(max(-1e9, min(1e9, position.rounded(.down))))))
    let t = position - Double(cell)
    let (t2, t3) = (t * t, t * t * t)
    let value = [
      0.5 * (-t + 2 * t2 - t3), 0.5 * (2 - 5 * t2 + 3 * t3), 0.5 * (t + 4 * t2 - 3 * t3),
      0.5 * (t3 - t2),
    ]
    let slope = [
      0.5 * (-1 + 4 * t - 3 * t2), 0.5 * (-10 * t + 9 * t2), 0.5 * (1 + 8 * t - 9 * t2),
      0.5 * (3 * t2 - 2 * t),
    ]
    var nodes: [(index: Int, value: Double, slope: Double)] = []
    for k in 0..<4 {
      for (index, weight) in Self.continued(cell + k - 1, n) {
        nodes.append((index, weight * value[k], weight * slope[k] / h))
      }
    }
    return nodes
  }

  /// A node outside the grid as a combination of nodes inside: the parabola (line, of two nodes) through the nearest.
  private static func continued(_ index: Int, _ n: Int) -> [(Int, Double)] {
    guard index < 0 || index >= n else { return [(index, 1)] }
    let (a, step) = index < 0 ? (0, 1) : (n - 1, -1)
    return n > 2
      ? [(a, 3), (a + step, -3), (a + 2 * step, 1)] : [(a, 2), (a + step, -1)]
  }
}

/// Small symmetric matrices, row-major.
enum MetricAlgebra {
  /// vᵀ g w.
  @inline(__always)
  static func product(_ g: [Double], _ v: [Double], _ w: [Double]) -> Double {
    let n = v.count
    var sum = 0.0
    for i in 0..<n {
      var row = 0.0
      for j in 0..<n { row += g[i * n + j] * w[j] }
      sum += v[i] * row
    }
    return sum
  }

  /// Solves g x = b by Cholesky; nil where g is not positive definite.
  static func solve(_ g: [Double], _ b: [Double]) -> [Double]? {
    let n = b.count
    var l = g
    for i in 0..<n {
      for j in 0...i {
        var sum = g[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        if i == j {
          guard sum > 0, sum.isFinite else { return nil }
          l[i * n + i] = sum.squareRoot()
        } else {
          l[i * n + j] = sum / l[j * n + j]
        }
      }
    }
    var x = b
    for i in 0..<n {
      for k in 0..<i { x[i] -= l[i * n + k] * x[k] }
      x[i] /= l[i * n + i]
    }
    for i in (0..<n).reversed() {
      for k in (i + 1)..<max(n, i + 1) { x[i] -= l[k * n + i] * x[k] }
      x[i] /= l[i * n + i]
    }
    return x
  }

  /// Whether the correlation form is positive definite to 1e-12.
  static func isPositive(_ g: [Double], _ n: Int) -> Bool {
    let scales = (0..<n).map { g[$0 * n + $0] }
    guard g.allSatisfy(\.isFinite), scales.allSatisfy({ $0 > 0 }) else { return false }
    var scaled = g
    for i in 0..<n {
      for j in 0..<n { scaled[i * n + j] /= (scales[i] * scales[j]).squareRoot() }
      scaled[i * n + i] -= 1e-12
    }
    return solve(scaled, [Double](repeating: 0, count: n)) != nil
  }
}
