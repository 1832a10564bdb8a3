import Diagnostics
import EventModel
import Networks
import Numerics

/// A trained network, ready to be evaluated; or several whose outputs are averaged.
///
/// Ratios average log r̂, scores average t̂. All models must be of one target, with the same observables, parameters and
/// reference point.
public struct Estimator: Sendable {
  public let models: [Model]
  public var target: Model.Target { models[0].target }
  public var observableNames: [String] { models[0].observableNames }
  public var parameterNames: [String] { models[0].parameterNames }
  /// θ1 of a ratio, θ_ref of a score.
  public var referenceTheta: [Double] { models[0].referenceTheta }
  private let networks: [Network]
  private let team: ThreadTeam

  /// - Parameter names: file names of the models, for messages.
  public init(_ models: [Model], names: [String] = [], team: ThreadTeam) throws {
    guard let first = models.first else {
      throw Problem(.usage, "a model is missing", remedy: "give --model FILE")
    }
    for (i, model) in models.enumerated() {
      let name = i < names.count ? names[i] : nil
      guard model.target == first.target, model.observableNames == first.observableNames,
        model.parameterNames == first.parameterNames,
        model.referenceTheta == first.referenceTheta
      else {
        throw Problem(
          .data, "this model and the first differ in target, observables, parameters or reference",
          remedy: "average only models of one training plan", file: name)
      }
    }
    self.models = models
    networks = try models.enumerated().map { i, model in
      do { return try Network(model) } catch let problem as Problem {
        throw i < names.count ? problem.inFile(names[i]) : problem
      }
    }
    self.team = team
  }

  /// That the parameters are those of the events; observables are matched by name when events are read.
  public func requireFit(_ setup: Setup, file: String? = nil) throws {
    guard parameterNames == setup.parameterNames else {
      throw Problem(
        .data,
        "the model's parameters (\(parameterNames.joined(separator: ", "))) are not those of the "
          + "events (\(setup.parameterNames.joined(separator: ", ")))",
        remedy: "use a model trained on these events", file: file)
    }
  }

  /// The parameters by which θ lies outside the range seen in training; empty inside.
  public func outsideTrainingRange(_ theta: [Double]) -> [String] {
    guard target == .ratio else { return [] }
    return parameterNames.indices.filter { k in
      models.contains { model in
        guard k < model.thetaRange.count else { return false }
        let range = model.thetaRange[k]
        // Drawn points stop a little short of the ends of their prior.
        let slack = 1e-3 * (range[1] - range[0])
        return theta[k] < range[0] - slack || theta[k] > range[1] + slack
      }
    }.map { parameterNames[$0] }
  }

  /// log r̂(x|θ, θ1) of rows × observables at one θ for all rows, or one for each row.
  ///
  /// - Parameter theta: p values, or rows × p.
  public func logRatio(x: [Double], theta: [Double]) throws -> [Double] {
    try evaluate(x: x, theta: theta, tangents: false).values
  }

  /// log r̂ and its derivatives by θ, rows × parameters.
  public func logRatioAndGradient(x: [Double], theta: [Double]) throws -> (
    logRatio: [Double], gradient: [Double]
  ) {
    let result = try evaluate(x: x, theta: theta, tangents: true)
    return (result.values, result.gradient)
  }

  /// t̂(x|θ_ref) of a score model, rows × parameters; of a ratio model ∂ log r̂/∂θ at `theta`.
  public func score(x: [Double], theta: [Double]? = nil) throws -> [Double] {
    if target == .ratio {
      return try logRatioAndGradient(x: x, theta: theta ?? referenceTheta).gradient
    }
    let d = observableNames.count
    let p = parameterNames.count
    let rows = x.count / d
    var mean = [Double](repeating: 0, count: rows * p)
    for network in networks {
      let values = network.run(x: x, theta: [], rows: rows, tangents: 0, team: team).values
      for i in values.indices { mean[i] += values[i] * network.scoreScales[i % p] }
    }
    return mean.map { $0 / Double(networks.count) }
  }

  private func evaluate(x: [Double], theta: [Double], tangents: Bool) throws -> (
    values: [Double], gradient: [Double]
  ) {
    guard target == .ratio else {
      throw Problem(
        .data, "a score model gives no ratio", remedy: "train a ratio model with train-ratio")
    }
    let p = parameterNames.count
    let rows = x.count / observableNames.count
    precondition(theta.count == p || theta.count == rows * p)
    var values = [Double](repeating: 0, count: rows)
    var gradient = [Double](repeating: 0, count: tangents ? rows * p : 0)
    for network in networks {
      let out = network.run(
        x: x, theta: theta, rows: rows, tangents: tangents ? p : 0, team: team)
      for i in 0..<rows { values[i] += out.values[i] }
      for i in gradient.indices { gradient[i] += out.tangents[i] / network.theta.scales[i % p] }
    }
    let n = Double(networks.count)
    return (values.map { $0 / n }, gradient.map { $0 / n })
  }
}

/// One model's network in the precision it was trained in.
private struct Network: Sendable {
  enum Kind: Sendable {
    case single(Perceptron<Float>)
    case double(Perceptron<Double>)
  }
  let kind: Kind
  let x: Scaling
  let theta: Scaling
  let scoreScales: [Double]

  init(_ model: Model) throws {
    guard let activation = Activation(rawValue: model.activation),
      let precision = TrainingPlan.Precision(rawValue: model.precision)
    else {
      throw Problem(
        .data,
        "the model's activation '\(model.activation)' or precision '\(model.precision)' "
          + "is not known", remedy: "use a newer version of this program")
    }
    let widths = model.layerWidths
    let shape = PerceptronShape(
      inputs: widths[0], hidden: Array(widths[1..<widths.count - 1]),
      outputs: widths[widths.count - 1], activation: activation)
    var at = 0
    var weights: [[Double]] = []
    var biases: [[Double]] = []
    for layer in shape.layers {
      let n = layer.inputs * layer.outputs
      weights.append(Array(model.parameters[at..<at + n]))
      biases.append(Array(model.parameters[at + n..<at + n + layer.outputs]))
      at += n + layer.outputs
    }
    switch precision {
    case .float32: kind = .single(Perceptron(shape: shape, weights: weights, biases: biases))
    case .float64: kind = .double(Perceptron(shape: shape, weights: weights, biases: biases))
    }
    x = Scaling(means: model.xMeans, scales: model.xScales)
    theta = Scaling(means: model.thetaMeans, scales: model.thetaScales)
    scoreScales = model.scoreScales
  }

  func run(
    x values: [Double], theta point: [Double], rows: Int, tangents: Int, team: ThreadTeam
  ) -> PerceptronOutputs {
    switch kind {
    case .single(let network):
      run(network, x: values, theta: point, rows: rows, tangents: tangents, team: team)
    case .double(let network):
      run(network, x: values, theta: point, rows: rows, tangents: tangents, team: team)
    }
  }

  private func run<Scalar: NetworkScalar>(
    _ network: Perceptron<Scalar>, x values: [Double], theta point: [Double], rows: Int,
    tangents: Int, team: ThreadTeam
  ) -> PerceptronOutputs {
    let d = x.means.count
    let p = point.isEmpty ? 0 : theta.means.count
    let (x, theta) = (x, theta)
    let perRow = point.count > p
    return network.evaluate(rows: rows, tangents: tangents, team: team) { range, block in
      var at = 0
      for row in range {
        for k in 0..<p {
          block[at] = Scalar(theta.apply(point[perRow ? row * p + k : k], k))
          at += 1
        }
        for k in 0..<d {
          block[at] = Scalar(x.apply(values[row * d + k], k))
          at += 1
        }
      }
    }
  }
}
