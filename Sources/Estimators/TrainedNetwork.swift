import Diagnostics
import EventModel
import Glibc
import Networks
import Numerics
import Synchronization

/// One model's network in the precision it was trained in, with its scalings.
struct TrainedNetwork: Sendable {
  private let body: any NetworkBody
  let x: Scaling
  /// Of the coordinates of a point: θ, or θ0 and θ1 of a network of two hypotheses.
  let theta: Scaling
  /// Coordinates that are inputs.
  private let inputs: [Int]
  let scoreScales: [Double]
  /// log|dx'/dx| of a density's scaled observables; 0 for others.
  private let logJacobian: Double

  init(_ model: Model) throws {
    guard let activation = Activation(rawValue: model.activation),
      let precision = TrainingPlan.Precision(rawValue: model.precision)
    else {
      throw Problem(
        .data,
        "the model's activation '\(model.activation)' or precision '\(model.precision)' "
          + "is not known", remedy: "use a newer version of this program")
    }
    switch precision {
    case .float32: body = Self.body(model, activation, Float.self)
    case .float64: body = Self.body(model, activation, Double.self)
    }
    x = Scaling(means: model.xMeans, scales: model.xScales)
    let own = Scaling(means: model.thetaMeans, scales: model.thetaScales)
    let varied = own.means.indices.filter { !model.fixedParameters.contains($0) }
    theta = model.hasTwoHypotheses ? own.twice : own
    inputs = varied + (model.hasTwoHypotheses ? varied.map { own.means.count + $0 } : [])
    scoreScales = model.scoreScales
    logJacobian = model.target == .density ? -x.scales.reduce(0) { $0 + log($1) } : 0
  }

  private static func body<Scalar: NetworkScalar>(
    _ model: Model, _ activation: Activation, _: Scalar.Type
  ) -> any NetworkBody {
    let hidden = Array(model.layerWidths.dropFirst().dropLast())
    guard let layout = model.flow else {
      let shape = PerceptronShape(
        inputs: model.layerWidths[0], hidden: hidden,
        outputs: model.layerWidths[model.layerWidths.count - 1], activation: activation)
      var parameters = model.parameters[...]
      let network = Perceptron<Scalar>(shape: shape, modelLayout: &parameters)
      if let layout = model.amplitudes {
        return FormNetwork(
          network: network, form: AmplitudeForm(layout, centre: model.referenceTheta))
      }
      if let layout = model.morphed {
        return FormNetwork(
          network: network,
          form: MorphedForm(layout, parameters: model.parameterNames.count))
      }
      if model.isAnchored {
        let theta = Scaling(means: model.thetaMeans, scales: model.thetaScales)
        return AnchoredNetwork(
          network: network,
          anchor: theta.means.indices.filter { !model.fixedParameters.contains($0) }.map {
            Scalar(theta.apply(model.referenceTheta[$0], $0))
          })
      }
      return model.hasTwoHypotheses ? PairNetwork(network: network) : network
    }
    let shape = FlowShape(
      parameters: model.parameterNames.count, observables: model.observableNames.count,
      hidden: hidden, activation: activation, components: layout.components,
      orders: layout.orders, logPrecisionBound: layout.logPrecisionBound)
    var parameters = model.parameters[...]
    return ConditionalFlow<Scalar>(
      shape: shape,
      networks: shape.networks.map { Perceptron(shape: $0, modelLayout: &parameters) })
  }

  /// Outputs and their derivatives by scaled coordinates, at one point for all rows or one for each; the point is empty for
  /// a score. Coordinates that are no inputs have derivatives of 0.
  func run(
    x values: [Double], theta point: [Double], rows: Int, derivatives: Bool, team: ThreadTeam
  ) -> PerceptronOutputs {
    let scaled = ScaledInputs(
      x: values, xScaling: x, theta: point, thetaScaling: theta,
      inputs: point.isEmpty ? [] : inputs)
    let out = body.outputs(rows: rows, derivatives: derivatives, team: team, inputs: scaled)
    let count = theta.means.count
    guard logJacobian != 0 || derivatives && inputs.count < count else { return out }
    var tangents = out.tangents
    if derivatives, inputs.count < count {
      tangents = [Double](repeating: 0, count: rows * count)
      for row in 0..<rows {
        for (k, input) in inputs.enumerated() {
          tangents[row * count + input] = out.tangents[row * inputs.count + k]
        }
      }
    }
    return PerceptronOutputs(values: out.values.map { $0 + logJacobian }, tangents: tangents)
  }

  /// Outputs of every row at every point, rows × points; nil for networks that gain nothing by it.
  /// - Parameter points: θ in its own units, points × parameters.
  func grid(x values: [Double], points: [Double], rows: Int, team: ThreadTeam) -> [Double]? {
    guard let body = body as? any GridBody, !inputs.isEmpty else { return nil }
    let p = theta.means.count
    let scaled = stride(from: 0, to: points.count, by: p).flatMap { start in
      inputs.map { theta.apply(points[start + $0], $0) }
    }
    return body.grid(
      rows: rows, points: scaled, team: team,
      inputs: ScaledInputs(
        x: values, xScaling: x, theta: [], thetaScaling: .identity(0), inputs: []))
  }

  /// The outputs of a network of x alone before θ enters; none of others.
  func formOutputs(x values: [Double], rows: Int, team: ThreadTeam) -> [Double] {
    guard let body = body as? any FormBody else { return [] }
    return body.formOutputs(
      rows: rows, team: team,
      inputs: ScaledInputs(
        x: values, xScaling: x, theta: [], thetaScaling: .identity(0), inputs: []))
  }

  /// Draws unscaled x; nil where the network is no density.
  func draw(
    rows: Range<Int>, seed: UInt64, team: ThreadTeam, theta point: @Sendable (Int) -> [Double]
  ) -> [Double]? {
    guard let density = body as? any DensityBody else { return nil }
    let theta = theta
    let scaled = density.draw(rows: rows, seed: seed, team: team) { row in
      point(row).enumerated().map { theta.apply($1, $0) }
    }
    let width = x.means.count
    return scaled.indices.map {
      x.means[$0 % width] + x.scales[$0 % width] * scaled[$0]
    }
  }
}

/// A network whose output is taken less that at θ1.
private final class AnchoredNetwork<Scalar: NetworkScalar>: GridBody {
  private let network: Perceptron<Scalar>
  /// θ1, scaled, without what is no input.
  private let anchor: [Scalar]
  private let atAnchor = LastOutputs()

  init(network: Perceptron<Scalar>, anchor: [Scalar]) {
    self.network = network
    self.anchor = anchor
  }

  private func anchored(rows: Int, team: ThreadTeam, inputs: ScaledInputs) -> [Double] {
    atAnchor.outputs(of: inputs.x) {
      let (inputs, width) = (inputs.withoutTheta, network.shape.inputs)
      let x = width - anchor.count
      return network.evaluate(rows: rows, team: team) { range, block in
        inputs.fill(range, block)
        // From the last row on, so that no value is written over before it is moved.
        for i in (0..<range.count).reversed() {
          for k in (0..<x).reversed() { block[i * width + anchor.count + k] = block[i * x + k] }
          for (k, value) in anchor.enumerated() { block[i * width + k] = value }
        }
      }.values
    }
  }

  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    let own = network.outputs(rows: rows, derivatives: derivatives, team: team, inputs: inputs)
    let other = anchored(rows: rows, team: team, inputs: inputs)
    return PerceptronOutputs(
      values: zip(own.values, other).map { $0 - $1 }, tangents: own.tangents)
  }

  func grid(rows: Int, points: [Double], team: ThreadTeam, inputs: ScaledInputs) -> [Double] {
    var values = network.grid(rows: rows, points: points, team: team, inputs: inputs)
    let other = anchored(rows: rows, team: team, inputs: inputs)
    let count = values.count / max(1, rows)
    for row in 0..<rows {
      for k in 0..<count { values[row * count + k] -= other[row] }
    }
    return values
  }
}

/// Outputs for the last observables: many θ are asked for the same events, on grids and in fits.
private final class LastOutputs: Sendable {
  private let last = Mutex<(x: [Double], outputs: [Double])>(([], []))

  func outputs(of x: [Double], make: () -> [Double]) -> [Double] {
    last.withLock { last in
      // Arrays that share their memory compare at once.
      if last.x == x, !last.outputs.isEmpty { return last.outputs }
      let fresh = make()
      last = (x, fresh)
      return fresh
    }
  }
}

/// A network of x alone whose outputs are a form of the ratio: θ, which is not scaled, enters after it.
private final class FormNetwork<Scalar: NetworkScalar>: FormBody {
  private let network: Perceptron<Scalar>
  private let form: any RatioForm
  private let last = LastOutputs()

  init(network: Perceptron<Scalar>, form: any RatioForm) {
    self.network = network
    self.form = form
  }

  func formOutputs(rows: Int, team: ThreadTeam, inputs: ScaledInputs) -> [Double] {
    last.outputs(of: inputs.x) {
      let inputs = inputs.withoutTheta
      return network.evaluate(rows: rows, team: team) { inputs.fill($0, $1) }.values
    }
  }

  func outputs(
    rows: Int, derivatives: Bool, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    let outputs = formOutputs(rows: rows, team: team, inputs: inputs)
    let (values, gradient) = form.logRatio(
      outputs: outputs, theta: inputs.theta, gradient: derivatives)
    return PerceptronOutputs(values: values, tangents: gradient)
  }
}

extension Perceptron {
  /// The network whose parameters stand first in a model's, layer by layer weights and biases; takes them away.
  init(shape: PerceptronShape, modelLayout parameters: inout ArraySlice<Double>) {
    func take(_ count: Int) -> [Double] {
      defer { parameters = parameters.dropFirst(count) }
      return Array(parameters.prefix(count))
    }
    var weights: [[Double]] = []
    var biases: [[Double]] = []
    for layer in shape.layers {
      weights.append(take(layer.inputs * layer.outputs))
      biases.append(take(layer.outputs))
    }
    self.init(shape: shape, weights: weights, biases: biases)
  }

  /// Layer by layer, weights then biases: the order of `Model.parameters`.
  var modelLayout: [Double] {
    shape.layers.indices.flatMap { l -> [Double] in
      let (weights, biases) = weightsAndBiases(layer: l)
      return weights + biases
    }
  }
}
