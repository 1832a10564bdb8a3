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
  private(set) var model: Model
  var graph: ONNXGraph
  /// Observables as they come in.
  let x: ONNXGraph.Value
  /// The hypotheses as they come in: none for a score, two for a network of two.
  let points: [ONNXGraph.Value]

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
    let hypotheses =
      model.target == .score ? [] : model.hasTwoHypotheses ? ["theta0", "theta1"] : ["theta"]
    var points: [ONNXGraph.Value] = []
    for name in hypotheses {
      points.append(
        graph.input(
          name, [.named(name + "_points"), .count(model.parameterNames.count)],
          note: "one row, or one for each event: " + model.parameterNames.joined(separator: ", ")))
    }
    self.points = points
    for (name, value) in [
      ("target", model.target.rawValue), ("method", model.method),
      ("members", "\(ensemble.members.count)"),
      ("calibration", ensemble.calibration?.method.rawValue ?? "none"),
      ("observables", model.observableNames.joined(separator: ",")),
      ("parameters", model.parameterNames.joined(separator: ",")),
      ("reference_theta", model.referenceTheta.map { "\($0)" }.joined(separator: ",")),
      ("theta_range", model.thetaRange.map { "\($0[0]):\($0[1])" }.joined(separator: ",")),
      (
        "theta1_range",
        model.denominatorRange.map { "\($0[0]):\($0[1])" }.joined(separator: ",")
      ),
      (
        "fixed_parameters",
        model.fixedParameters.map { model.parameterNames[$0] }.joined(separator: ",")
      ),
      ("conventions", Conventions.text),
    ] { graph.note(name, value) }
  }

  private mutating func build() throws {
    let names = model.parameterNames
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
        value = try calibrated(value, calibration)
      }
      graph.output(
        "log_r", value, [.named("events")],
        note: "log r(x | "
          + (model.hasTwoHypotheses ? "theta0, theta1)" : "theta, reference_theta)"))
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
    case .ratio:
      if let layout = model.amplitudes { return polynomial(layout) }
      if let layout = model.morphed { return morphed(layout) }
      return ratio()
    case .density: return model.flow.map { density($0) } ?? x
    case .score:
      let value = perceptron(points: [], x: scaledX(), layers: model.networks[0])
      let scale = graph.constant(
        "score_scales", model.scoreScales, [model.parameterNames.count])
      return graph("Mul", value, scale)
    }
  }

  // MARK: Parts

  mutating func scaled(
    _ value: ONNXGraph.Value, _ name: String, means: [Double], scales: [Double]
  ) -> ONNXGraph.Value {
    let mean = graph.constant(name + "_means", means, [means.count])
    let scale = graph.constant(name + "_scales", scales, [scales.count])
    return graph("Div", graph("Sub", value, mean), scale)
  }

  mutating func scaledX() -> ONNXGraph.Value {
    scaled(x, "x", means: model.xMeans, scales: model.xScales)
  }

  mutating func scaledPoints() -> [ONNXGraph.Value] {
    var scaled: [ONNXGraph.Value] = []
    for point in points {
      scaled.append(
        self.scaled(point, "theta", means: model.thetaMeans, scales: model.thetaScales))
    }
    return scaled
  }

  /// The outputs of a network whose inputs are points, then x. The first layer takes each by itself, so that one theta
  /// serves many events.
  mutating func perceptron(
    points: [ONNXGraph.Value], x: ONNXGraph.Value, layers: [ModelLayer]
  ) -> ONNXGraph.Value {
    var value = x
    let varied = model.parameterNames.indices.filter { !model.fixedParameters.contains($0) }
    for (l, layer) in layers.enumerated() {
      let bias = graph.constant("biases", layer.biases, [layer.outputs])
      if l > 0 || points.isEmpty {
        let weights = graph.constant("weights", layer.weights, [layer.outputs, layer.inputs])
        value = graph("Gemm", value, weights, bias, integers: [("transB", 1)])
      } else {
        let start = points.count * varied.count
        value = graph(
          "MatMul", x, weights(layer, (start..<layer.inputs).map { $0 }, "x"))
        for (number, point) in points.enumerated() {
          // Parameters that had one value in training are no inputs: their weights are 0.
          let inputs = model.parameterNames.indices.map { k in
            varied.firstIndex(of: k).map { number * varied.count + $0 }
          }
          let ofPoint = graph("MatMul", point, weights(layer, inputs, "theta"))
          value = graph("Add", value, ofPoint)
        }
        value = graph("Add", value, bias)
      }
      if l < layers.count - 1 { value = activated(value) }
    }
    return value
  }

  /// Some of a layer's weights as [input][output]; 0 where nil.
  private mutating func weights(
    _ layer: ModelLayer, _ inputs: [Int?], _ name: String
  ) -> ONNXGraph.Value {
    let values = inputs.flatMap { i in
      (0..<layer.outputs).map { output in i.map { layer.weights[output * layer.inputs + $0] } ?? 0 }
    }
    return graph.constant("weights_" + name, values, [inputs.count, layer.outputs])
  }

  /// g(theta, x), that less g(theta1, x), or g(theta0, theta1, x) − g(theta1, theta0, x).
  private mutating func ratio() -> ONNXGraph.Value {
    let (points, x, layers) = (scaledPoints(), scaledX(), model.networks[0])
    var value = perceptron(points: points, x: x, layers: layers)
    if model.hasTwoHypotheses {
      value = graph("Sub", value, perceptron(points: points.reversed(), x: x, layers: layers))
    } else if model.isAnchored {
      let anchor = graph.constant(
        "reference_theta", model.referenceTheta, [1, model.parameterNames.count])
      let point = scaled(anchor, "theta", means: model.thetaMeans, scales: model.thetaScales)
      value = graph("Sub", value, perceptron(points: [point], x: x, layers: layers))
    }
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
    // The mean of the slopes of training, 1/8 to 1/3 (Xu et al. arXiv:1505.00853).
    case "rrelu": return graph("Max", z, graph("Mul", z, graph.scalar("slope", 11.0 / 48)))
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
}
