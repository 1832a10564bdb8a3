import EventModel

/// Ratios whose theta enters after the network, as nodes of a graph.
extension ONNXModel {
  /// log |Lᵀ Wᵀ v|² − log s; see `AmplitudeLayout`.
  mutating func polynomial(_ layout: AmplitudeLayout) -> ONNXGraph.Value {
    let n = layout.amplitudes.count
    let point = scaled(
      points[0], "theta", means: model.referenceTheta, scales: layout.scales)
    // L row by row from the outputs: where each stands, and the ones of the diagonal.
    var places = [Double](repeating: 0, count: layout.outputs * n * n)
    var ones = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      ones[i * n + i] = 1
      for j in 0...i where i > 0 {
        places[(i * (i + 1) / 2 + j - 1) * n * n + i * n + j] = 1
      }
    }
    let outputs = perceptron(points: [], x: scaledX(), layers: model.networks[0])
    let flat = graph(
      "Add", graph("MatMul", outputs, graph.constant("places", places, [layout.outputs, n * n])),
      graph.constant("ones", ones, [n * n]))
    let matrix = graph("Reshape", flat, graph.integers("shape", [-1, n, n]))
    let amplitudes = polynomials(
      point, powers: layout.amplitudes, coefficients: layout.frame, outputs: n)
    let row = graph("Reshape", amplitudes, graph.integers("shape", [-1, 1, n]))
    let sums = graph("MatMul", row, matrix)
    let square = graph.reduce(graph("Mul", sums, sums), over: [1, 2])
    let crossSection = polynomials(
      point, powers: layout.crossSectionPowers, coefficients: layout.crossSectionCoefficients,
      outputs: 1)
    let axes = graph.integers("axes", [1])
    return graph("Sub", graph("Log", square), graph("Log", graph("Squeeze", crossSection, axes)))
  }

  /// log Σ_b a_b(θ) exp(output b), with its smooth form where the sum is negative or noise; see `MorphedLayout`.
  mutating func morphed(_ layout: MorphedLayout) -> ONNXGraph.Value {
    let n = layout.outputs
    let outputs = perceptron(points: [], x: scaledX(), layers: model.networks[0])
    let parts = polynomials(
      points[0], powers: layout.powers, coefficients: layout.coefficients, outputs: n)
    let fractions = graph("Div", parts, graph.reduce(parts, over: [1], keepsAxes: true))
    // The largest exponential becomes 1.
    let shift = graph.largest(outputs, over: [1])
    let axes = graph.integers("axes", [1])
    let terms = graph("Mul", fractions, graph("Exp", graph("Sub", outputs, shift)))
    let sum = graph.reduce(terms, over: [1])
    let squares = graph(
      "Mul", graph.reduce(graph("Mul", terms, terms), over: [1]),
      graph.scalar("smoothing", layout.smoothing * layout.smoothing))
    let root = graph("Sqrt", graph("Add", graph("Mul", sum, sum), squares))
    // s + R, without cancellation: δ²q/(R − s) where s < 0. The denominator is R + |s| on both sides.
    let size = graph("Add", root, graph("Abs", sum))
    let isNegative = graph("Less", sum, graph.scalar("zero", 0))
    let smooth = graph("Where", isNegative, graph("Div", squares, size), size)
    let log = graph("Log", graph("Mul", smooth, graph.scalar("half", 0.5)))
    return graph("Add", graph("Squeeze", shift, axes), log)
  }

  /// Σ_i v_i C_ij of monomials v with the given powers of a point's columns.
  /// - Parameter coefficients: C, [powers][outputs].
  private mutating func polynomials(
    _ point: ONNXGraph.Value, powers: [[Int]], coefficients: [Double], outputs: Int
  ) -> ONNXGraph.Value {
    var constant = [Double](repeating: 0, count: outputs)
    var monomials: [ONNXGraph.Value] = []
    var rows: [Double] = []
    for (i, powers) in powers.enumerated() {
      let own = coefficients[i * outputs..<(i + 1) * outputs]
      var product: ONNXGraph.Value?
      for (k, power) in powers.enumerated() {
        for _ in 0..<power {
          let column = graph.columns(point, k..<k + 1)
          product = product.map { graph("Mul", $0, column) } ?? column
        }
      }
      guard let product else {
        for (j, value) in own.enumerated() { constant[j] += value }
        continue
      }
      monomials.append(product)
      rows += own
    }
    let start = graph.constant("constant", constant, [outputs])
    let matrix = graph.constant("coefficients", rows, [monomials.count, outputs])
    return graph("Gemm", graph.concatenate(monomials), matrix, start)
  }
}
