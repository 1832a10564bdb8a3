import Diagnostics
import EventModel

/// Calibrations of log r, as nodes of a graph: what `CalibratedRatio` does, at points and between them.
extension ONNXModel {
  /// log r with its correction: log r + Σ_k λ_k(θ) δ_k(log r).
  /// - Parameter value: log r of each event.
  mutating func calibrated(
    _ value: ONNXGraph.Value, _ calibration: Calibration
  ) throws -> ONNXGraph.Value {
    // One number for all θ needs no interpolation.
    if calibration.method == .expectation, calibration.count == 1 {
      return graph("Add", value, graph.scalar("calibration", calibration.corrections[0][0]))
    }
    let interpolation: PointInterpolation
    do {
      interpolation = try PointInterpolation(
        points: calibration.points, scales: calibration.scales, inverse: Elimination.inverse)
    } catch {
      throw Problem(
        .data, "the points of the model's calibration cannot be told apart",
        remedy: "calibrate again at fewer points")
    }
    if calibration.method == .expectation {
      let shifts = calibration.corrections.map { $0[0] }
      let shift = weights(interpolation, sums: shifts, of: 1)
      return graph("Add", value, graph("Squeeze", shift, graph.integers("axes", [1])))
    }
    let n = calibration.count
    let identity = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    let weights = weights(interpolation, sums: identity, of: n)
    let corrections = pieces(value, calibration)
    return graph("Add", value, graph.reduce(graph("Mul", weights, corrections), over: [1]))
  }

  /// Σ_k λ_k(θ) C_kj, [θ][j]: a matrix product for each of the parts of the spline.
  /// - Parameter sums: C, [point][width].
  private mutating func weights(
    _ spline: PointInterpolation, sums: [Double], of width: Int
  ) -> ONNXGraph.Value {
    let (n, p) = (spline.count, model.parameterNames.count)
    let coordinates = spline.scales.count
    let size = n + 1 + spline.directions.count
    /// Row j of the spline's matrix, transposed, times C.
    func row(_ basis: Int) -> [Double] {
      (0..<width).map { j in
        (0..<n).reduce(0) { $0 + spline.matrix[$1 * size + basis] * sums[$1 * width + j] }
      }
    }
    // What is linear: rows of the directions, turned back to coordinates.
    var constant = row(n)
    var linear = [Double](repeating: 0, count: coordinates * width)
    for (q, direction) in spline.directions.enumerated() {
      let own = row(n + 1 + q)
      for d in 0..<coordinates {
        for j in 0..<width {
          linear[d * width + j] += direction[d] * own[j]
          constant[j] -= direction[d] * spline.centre[d] * own[j]
        }
      }
    }
    var square: ONNXGraph.Value?
    var sum = graph.constant("calibration_constant", constant, [1, width])
    for (number, point) in points.enumerated() {
      let range = number * p..<(number + 1) * p
      let scaled = graph(
        "Div", point, graph.constant("calibration_scales", Array(spline.scales[range]), [p]))
      let places = (0..<n).flatMap { k in
        range.map { spline.points[k * coordinates + $0] }
      }
      let difference = graph(
        "Sub", graph("Reshape", scaled, graph.integers("shape", [-1, 1, p])),
        graph.constant("calibration_points", places, [1, n, p]))
      let own = graph.reduce(graph("Mul", difference, difference), over: [2])
      square = square.map { graph("Add", $0, own) } ?? own
      let slopes = Array(linear[number * p * width..<(number + 1) * p * width])
      let moved = graph(
        "MatMul", scaled, graph.constant("calibration_slopes", slopes, [p, width]))
      sum = graph("Add", sum, moved)
    }
    guard let square else { return sum }
    let kernels = graph("Mul", square, graph("Sqrt", square))
    let matrix = (0..<n).flatMap { row($0) }
    let curved = graph(
      "MatMul", kernels, graph.constant("calibration_kernels", matrix, [n, width]))
    return graph("Add", sum, curved)
  }

  /// δ_k(log r), [event][point]: from the first knot on the sum of what each piece adds, none beyond the last.
  private mutating func pieces(
    _ value: ONNXGraph.Value, _ calibration: Calibration
  ) -> ONNXGraph.Value {
    let n = calibration.count
    var (starts, lengths, slopes): ([Double], [Double], [Double]) = ([], [], [])
    for k in 0..<n {
      let (knots, corrections) = (calibration.knots[k], calibration.corrections[k])
      for i in knots.indices.dropLast() {
        let length = knots[i + 1] - knots[i]
        starts.append(knots[i])
        lengths.append(length)
        let slope = (corrections[i + 1] - corrections[i]) / length
        slopes += (0..<n).map { $0 == k ? slope : 0 }
      }
    }
    let start = graph.constant("calibration_first", calibration.corrections.map { $0[0] }, [1, n])
    guard !starts.isEmpty else { return start }
    let column = graph("Reshape", value, graph.integers("shape", [-1, 1]))
    let beyond = graph(
      "Sub", column, graph.constant("calibration_knots", starts, [1, starts.count]))
    let inside = graph(
      "Min", graph("Max", beyond, graph.scalar("zero", 0)),
      graph.constant("calibration_lengths", lengths, [1, lengths.count]))
    let matrix = graph.constant("calibration_pieces", slopes, [starts.count, n])
    return graph("Add", graph("MatMul", inside, matrix), start)
  }
}

/// Inverses without a library of linear algebra, which `events` does not link.
enum Elimination {
  struct Singular: Error {}

  /// By Gauss and Jordan, with the largest pivot of each column.
  /// - Parameter elements: row-major.
  /// - Throws: `Singular`.
  static func inverse(_ elements: [Double], size n: Int) throws -> [Double] {
    let width = 2 * n
    var rows = [Double](repeating: 0, count: n * width)
    for i in 0..<n {
      for j in 0..<n { rows[i * width + j] = elements[i * n + j] }
      rows[i * width + n + i] = 1
    }
    let largest = elements.reduce(0) { max($0, abs($1)) }
    for column in 0..<n {
      let pivot = (column..<n).max {
        abs(rows[$0 * width + column]) < abs(rows[$1 * width + column])
      }
      guard let pivot, abs(rows[pivot * width + column]) > 1e-14 * largest else {
        throw Singular()
      }
      if pivot != column {
        for j in 0..<width { rows.swapAt(pivot * width + j, column * width + j) }
      }
      let factor = 1 / rows[column * width + column]
      for j in 0..<width { rows[column * width + j] *= factor }
      for i in 0..<n where i != column {
        let multiple = rows[i * width + column]
        guard multiple != 0 else { continue }
        for j in 0..<width { rows[i * width + j] -= multiple * rows[column * width + j] }
      }
    }
    return (0..<n).flatMap { rows[$0 * width + n..<($0 + 1) * width] }
  }
}
