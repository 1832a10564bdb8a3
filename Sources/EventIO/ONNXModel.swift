import Diagnostics
import EventModel
import Glibc

/// A model as a computation that other programs run: observables and theta in their own units go in, log r, log p or the
/// score comes out.
///
/// Theta may have one row for all events, or one for each. Scalings are nodes of the graph; the precision is the model's.
struct ONNXModel {
  private let ensemble: ModelEnsemble
  /// The member that is being written.
  private var model: Model
  private var graph: ONNXGraph
  /// Observables and theta as they come in.
  private let x: ONNXGraph.Value
  private let theta: ONNXGraph.Value?

  /// The bytes of a file. Throws `.data` for what has no place in a graph.
  static func bytes(_ ensemble: ModelEnsemble) throws -> [UInt8] {
    var export = ONNXModel(ensemble)
    try export.build()
    return export.graph.bytes(
      producer: "sluice", version: ToolkitVersion.current, note: Conventions.text)
  }

  private init(_ ensemble: ModelEnsemble) {
    let model = ensemble.first
    self.ensemble = ensemble
    self.model = model
    graph = ONNXGraph(
      name: model.method, element: model.precision == "float64" ? .float64 : .float32)
    x = graph.input(
      "x", [.named("events"), .count(model.observableNames.count)],
      note: "observables: " + model.observableNames.joined(separator: ", "))
    theta =
      model.target == .score
      ? nil
      : graph.input(
        "theta", [.named("points"), .count(model.parameterNames.count)],
        note: "one row, or one for each event: " + model.parameterNames.joined(separator: ", "))
    for (name, value) in [
      ("target", model.target.rawValue), ("method", model.method),
      ("members", "\(ensemble.members.count)"),
      ("calibration", ensemble.calibration?.method.rawValue ?? "none"),
      ("observables", model.observableNames.joined(separator: ",")),
      ("parameters", model.parameterNames.joined(separator: ",")),
      ("reference_theta", model.referenceTheta.map { "\($0)" }.joined(separator: ",")),
      ("theta_range", model.thetaRange.map { "\($0[0]):\($0[1])" }.joined(separator: ",")),
      ("conventions", Conventions.text),
    ] { graph.note(name, value) }
  }

  private mutating func build() throws {
    let names = model.parameterNames
    for (what, isThere) in [
      ("a network of two hypotheses", model.hasTwoHypotheses),
      ("a morphing-aware network", model.morphed != nil),
      ("a network trained at single values of a parameter", !model.fixedParameters.isEmpty),
    ] where isThere {
      throw Problem(
        .data, "\(what) is not written as ONNX", remedy: "use -O npz, or another network")
    }
    var sum: ONNXGraph.Value?
    for member in ensemble.members {
      model = member
      let value = output()
      sum = sum.map { graph("Add", $0, value) } ?? value
    }
    guard var value = sum else { return }
    if ensemble.members.count > 1 {
      value = graph("Div", value, graph.scalar("members", Double(ensemble.members.count)))
    }
    switch model.target {
    case .ratio:
      if let calibration = ensemble.calibration {
        value = graph("Add", value, try correction(calibration))
      }
      graph.output("log_r", value, [.named("events")], note: "log r(x | theta, reference_theta)")
    case .density:
      graph.output("log_p", value, [.named("events")], note: "log p(x | theta)")
    case .score:
      graph.output(
        "score", value, [.named("events"), .count(names.count)],
        note: "score at reference_theta by " + names.joined(separator: ", "))
    }
  }

  /// log r, log p or the score by one member.
  private mutating func output() -> ONNXGraph.Value {
    switch model.target {
    case .ratio: return model.amplitudes.map { polynomial($0) } ?? ratio()
    case .density: return model.flow.map { density($0) } ?? x
    case .score:
      let value = perceptron(theta: nil, x: scaledX(), layers: model.networks[0])
      let scale = graph.constant(
        "score_scales", model.scoreScales, [model.parameterNames.count])
      return graph("Mul", value, scale)
    }
  }

  /// −log E[r] where it is one number for all theta.
  private mutating func correction(_ calibration: Calibration) throws -> ONNXGraph.Value {
    guard calibration.method == .expectation, calibration.count == 1 else {
      throw Problem(
        .data,
        calibration.method == .expectation
          ? "the model is calibrated at \(calibration.count) points, between which ONNX cannot follow"
          : "an isotonic calibration has no form in ONNX",
        remedy:
          "export the model that was calibrated, or one calibrated by expectation at one point")
    }
    return graph.scalar("calibration", calibration.corrections[0][0])
  }

  // MARK: Parts

  private mutating func scaled(
    _ value: ONNXGraph.Value, _ name: String, means: [Double], scales: [Double]
  ) -> ONNXGraph.Value {
    let mean = graph.constant(name + "_means", means, [means.count])
    let scale = graph.constant(name + "_scales", scales, [scales.count])
    return graph("Div", graph("Sub", value, mean), scale)
  }

  private mutating func scaledX() -> ONNXGraph.Value {
    scaled(x, "x", means: model.xMeans, scales: model.xScales)
  }

  private mutating func scaledTheta() -> ONNXGraph.Value {
    scaled(theta ?? "", "theta", means: model.thetaMeans, scales: model.thetaScales)
  }

  /// The outputs of a network whose inputs are theta, then x. The first layer takes each by itself, so that one theta
  /// serves many events.
  private mutating func perceptron(
    theta: ONNXGraph.Value?, x: ONNXGraph.Value, layers: [ModelLayer]
  ) -> ONNXGraph.Value {
    var value = x
    for (l, layer) in layers.enumerated() {
      let bias = graph.constant("biases", layer.biases, [layer.outputs])
      if l > 0 || theta == nil {
        let weights = graph.constant("weights", layer.weights, [layer.outputs, layer.inputs])
        value = graph("Gemm", value, weights, bias, integers: [("transB", 1)])
      } else if let theta {
        let p = model.parameterNames.count
        let ofTheta = graph(
          "Gemm", theta, weights(layer, 0..<p, "theta"), bias, integers: [])
        let ofX = graph("MatMul", x, weights(layer, p..<layer.inputs, "x"))
        value = graph("Add", ofX, ofTheta)
      }
      if l < layers.count - 1 { value = activated(value) }
    }
    return value
  }

  /// Some of a layer's weights as [input][output].
  private mutating func weights(
    _ layer: ModelLayer, _ inputs: Range<Int>, _ name: String
  ) -> ONNXGraph.Value {
    let values = inputs.flatMap { i in
      (0..<layer.outputs).map { layer.weights[$0 * layer.inputs + i] }
    }
    return graph.constant("weights_" + name, values, [inputs.count, layer.outputs])
  }

  private mutating func ratio() -> ONNXGraph.Value {
    let value = perceptron(theta: scaledTheta(), x: scaledX(), layers: model.networks[0])
    return graph("Squeeze", value, graph.integers("axes", [1]))
  }

  /// What is not an operator of every precision is written out.
  private mutating func activated(_ z: ONNXGraph.Value) -> ONNXGraph.Value {
    func rest(_ graph: inout ONNXGraph) -> ONNXGraph.Value {
      // e^min(z, 0) − 1.
      let small = graph("Exp", graph("Min", z, graph.scalar("zero", 0)))
      return graph("Sub", small, graph.scalar("one", 1))
    }
    func softplus(_ z: ONNXGraph.Value, _ graph: inout ONNXGraph) -> ONNXGraph.Value {
      let small = graph("Exp", graph("Neg", graph("Abs", z)))
      let log = graph("Log", graph("Add", small, graph.scalar("one", 1)))
      return graph("Add", graph("Relu", z), log)
    }
    switch model.activation {
    case "relu": return graph("Relu", z)
    case "sigmoid": return graph("Sigmoid", z)
    case "lrelu": return graph("Max", z, graph("Mul", z, graph.scalar("slope", 0.01)))
    case "elu": return graph("Add", graph("Relu", z), rest(&graph))
    case "selu":
      // Klambauer et al. arXiv:1706.02515.
      let low = graph("Mul", rest(&graph), graph.scalar("alpha", 1.6732632423543772))
      return graph(
        "Mul", graph("Add", graph("Relu", z), low), graph.scalar("lambda", 1.0507009873554805))
    case "softplus": return softplus(z, &graph)
    case "logsigmoid": return graph("Neg", softplus(graph("Neg", z), &graph))
    default: return graph("Tanh", z)
    }
  }

  // MARK: Polynomial ratios

  /// log |Lᵀ Wᵀ v|² − log s; see `AmplitudeLayout`.
  private mutating func polynomial(_ layout: AmplitudeLayout) -> ONNXGraph.Value {
    let n = layout.amplitudes.count
    let point = scaled(
      theta ?? "", "theta", means: model.referenceTheta, scales: layout.scales)
    // L row by row from the outputs: where each stands, and the ones of the diagonal.
    var places = [Double](repeating: 0, count: layout.outputs * n * n)
    var ones = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      ones[i * n + i] = 1
      for j in 0...i where i > 0 {
        places[(i * (i + 1) / 2 + j - 1) * n * n + i * n + j] = 1
      }
    }
    let outputs = perceptron(theta: nil, x: scaledX(), layers: model.networks[0])
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

  // MARK: Densities

  /// log p of x itself: the networks transform, the last is the base; see `FlowLayout`.
  private mutating func density(_ flow: FlowLayout) -> ONNXGraph.Value {
    let d = model.observableNames.count
    let theta = scaledTheta()
    var u = scaledX()
    let jacobian = -model.xScales.reduce(0) { $0 + Glibc.log($1) }
    var sum = graph.scalar(
      "log_jacobian", jacobian - Double(d) * Glibc.log(2 * Double.pi) / 2)
    let networks = model.networks
    for (f, layers) in networks.enumerated() {
      let isBase = f == networks.count - 1
      let k = isBase ? flow.components : 1
      let out = perceptron(theta: theta, x: u, layers: layers)
      let mean = graph.columns(out, 0..<d * k)
      let log = logPrecision(graph.columns(out, d * k..<2 * d * k), bound: flow.logPrecisionBound)
      let half = graph("Mul", log, graph.scalar("half", 0.5))
      if isBase, k > 1 {
        sum = graph("Add", sum, mixture(u, mean, half, graph.columns(out, 2 * d * k..<3 * d * k)))
        continue
      }
      let z = graph("Mul", graph("Exp", half), graph("Sub", u, mean))
      sum = graph("Add", sum, graph.reduce(half, over: [1]))
      if isBase {
        let squares = graph.reduce(graph("Mul", z, z), over: [1])
        sum = graph("Sub", sum, graph("Mul", squares, graph.scalar("half", 0.5)))
      }
      u = z
    }
    return sum
  }

  /// B tanh(a/B).
  private mutating func logPrecision(_ a: ONNXGraph.Value, bound: Double) -> ONNXGraph.Value {
    let bound = graph.scalar("bound", bound)
    return graph("Mul", graph("Tanh", graph("Div", a, bound)), bound)
  }

  /// Σ_i log Σ_c softmax(w)_c exp(ℓ_c/2 − e^{ℓ_c}(u − m_c)²/2).
  private mutating func mixture(
    _ u: ONNXGraph.Value, _ mean: ONNXGraph.Value, _ half: ONNXGraph.Value,
    _ weight: ONNXGraph.Value
  ) -> ONNXGraph.Value {
    let d = model.observableNames.count
    let each = graph.integers("shape", [-1, d, model.flow?.components ?? 1])
    let single = graph.integers("shape", [-1, d, 1])
    let half = graph("Reshape", half, each)
    let weight = graph("Reshape", weight, each)
    let difference = graph("Sub", graph("Reshape", u, single), graph("Reshape", mean, each))
    let z = graph("Mul", graph("Exp", half), difference)
    let squares = graph("Mul", graph("Mul", z, z), graph.scalar("half", 0.5))
    let exponent = graph("Sub", graph("Add", weight, half), squares)
    let logs = graph(
      "Sub", graph.reduce(exponent, over: [2], logarithmic: true),
      graph.reduce(weight, over: [2], logarithmic: true))
    return graph.reduce(logs, over: [1])
  }
}
