import EventModel
import Glibc

/// Autoregressive densities as nodes of a graph.
extension ONNXModel {
  /// log p of x itself: the networks transform, the last is the base; see `FlowLayout`.
  mutating func density(_ flow: FlowLayout) -> ONNXGraph.Value {
    let d = model.observableNames.count
    let points = scaledPoints()
    var u = scaledX()
    let jacobian = -model.xScales.reduce(0) { $0 + Glibc.log($1) }
    var sum = graph.scalar(
      "log_jacobian", jacobian - Double(d) * Glibc.log(2 * Double.pi) / 2)
    let networks = model.networks
    for (f, layers) in networks.enumerated() {
      let isBase = f == networks.count - 1
      let k = isBase ? flow.components : 1
      let out = perceptron(points: points, x: u, layers: layers)
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
