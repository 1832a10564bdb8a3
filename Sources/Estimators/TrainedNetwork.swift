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
  let theta: Scaling
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
    theta = Scaling(means: model.thetaMeans, scales: model.thetaScales)
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
      guard let layout = model.amplitudes else { return network }
      return AmplitudeNetwork(
        network: network, form: AmplitudeForm(layout, centre: model.referenceTheta))
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

  /// Outputs and their derivatives by scaled θ, at one θ for all rows or one for each; θ is empty for a score.
  func run(
    x values: [Double], theta point: [Double], rows: Int, tangents: Int, team: ThreadTeam
  ) -> PerceptronOutputs {
    let inputs = ScaledInputs(
      x: values, xScaling: x, theta: point, thetaScaling: theta)
    let out = body.outputs(rows: rows, tangents: tangents, team: team, inputs: inputs)
    guard logJacobian != 0 else { return out }
    return PerceptronOutputs(values: out.values.map { $0 + logJacobian }, tangents: out.tangents)
  }

  /// The outputs of a polynomial network before θ enters; none of others.
  func amplitudeOutputs(x values: [Double], rows: Int, team: ThreadTeam) -> [Double] {
    guard let body = body as? any AmplitudeBody else { return [] }
    return body.amplitudes(
      rows: rows, team: team,
      inputs: ScaledInputs(x: values, xScaling: x, theta: [], thetaScaling: .identity(0)))
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

/// Observables and parameter points of rows, as a network's scaled inputs: θ, then x.
private struct ScaledInputs: Sendable {
  let x: [Double]
  let xScaling: Scaling
  let theta: [Double]
  let thetaScaling: Scaling
  /// Whether each row has a θ of its own.
  let isPerRow: Bool
  let parameters: Int

  init(x: [Double], xScaling: Scaling, theta: [Double], thetaScaling: Scaling) {
    self.x = x
    self.xScaling = xScaling
    self.theta = theta
    self.thetaScaling = thetaScaling
    parameters = theta.isEmpty ? 0 : thetaScaling.means.count
    isPerRow = theta.count > parameters
  }

  /// The observables alone.
  var withoutTheta: ScaledInputs {
    ScaledInputs(x: x, xScaling: xScaling, theta: [], thetaScaling: .identity(0))
  }

  func fill<Scalar: NetworkScalar>(_ rows: Range<Int>, _ block: UnsafeMutableBufferPointer<Scalar>)
  {
    let (d, p) = (xScaling.means.count, parameters)
    var at = 0
    for row in rows {
      for k in 0..<p {
        block[at] = Scalar(thetaScaling.apply(theta[isPerRow ? row * p + k : k], k))
        at += 1
      }
      for k in 0..<d {
        block[at] = Scalar(xScaling.apply(x[row * d + k], k))
        at += 1
      }
    }
  }
}

/// A network of one scalar type.
private protocol NetworkBody: Sendable {
  func outputs(
    rows: Int, tangents: Int, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs
}

private protocol DensityBody: NetworkBody {
  /// Draws scaled x at scaled θ.
  func draw(
    rows: Range<Int>, seed: UInt64, team: ThreadTeam, theta: @Sendable (Int) -> [Double]
  ) -> [Double]
}

private protocol AmplitudeBody: NetworkBody {
  func amplitudes(rows: Int, team: ThreadTeam, inputs: ScaledInputs) -> [Double]
}

extension Perceptron: NetworkBody {
  fileprivate func outputs(
    rows: Int, tangents: Int, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    evaluate(rows: rows, tangents: tangents, team: team) { inputs.fill($0, $1) }
  }
}

/// A network of x alone whose outputs are an `AmplitudeForm`: θ, which is not scaled, enters after it.
private final class AmplitudeNetwork<Scalar: NetworkScalar>: AmplitudeBody {
  private let network: Perceptron<Scalar>
  private let form: AmplitudeForm
  /// Outputs for the last observables: many θ are asked for the same events, on grids and in fits.
  private let last = Mutex<(x: [Double], outputs: [Double])>(([], []))

  init(network: Perceptron<Scalar>, form: AmplitudeForm) {
    self.network = network
    self.form = form
  }

  func amplitudes(rows: Int, team: ThreadTeam, inputs: ScaledInputs) -> [Double] {
    last.withLock { last in
      // Arrays that share their memory compare at once.
      if last.x == inputs.x, !last.outputs.isEmpty { return last.outputs }
      let inputs = inputs.withoutTheta
      let fresh = network.evaluate(rows: rows, team: team) { inputs.fill($0, $1) }.values
      last = (inputs.x, fresh)
      return fresh
    }
  }

  func outputs(
    rows: Int, tangents: Int, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    let outputs = amplitudes(rows: rows, team: team, inputs: inputs)
    let (values, gradient) = form.logRatio(
      outputs: outputs, theta: inputs.theta, gradient: tangents > 0)
    return PerceptronOutputs(values: values, tangents: gradient)
  }
}

extension AmplitudeForm {
  init(_ layout: AmplitudeLayout, centre: [Double]) {
    self.init(
      centre: centre, scales: layout.scales, amplitudes: layout.amplitudes,
      crossSection: zip(layout.crossSectionPowers, layout.crossSectionCoefficients).map {
        Term(powers: $0, coefficient: $1)
      }, frame: layout.frame)
  }

  var layout: AmplitudeLayout {
    AmplitudeLayout(
      scales: scales, amplitudes: amplitudes, crossSectionPowers: crossSection.map(\.powers),
      crossSectionCoefficients: crossSection.map(\.coefficient), frame: frame)
  }
}

extension ConditionalFlow: DensityBody {
  fileprivate func outputs(
    rows: Int, tangents: Int, team: ThreadTeam, inputs: ScaledInputs
  ) -> PerceptronOutputs {
    logDensity(rows: rows, tangents: tangents, team: team) { inputs.fill($0, $1) }
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
