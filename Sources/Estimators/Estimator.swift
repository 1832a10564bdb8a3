import Diagnostics
import EventModel
import Networks
import Numerics

/// A trained network, ready to be evaluated; or several whose outputs are averaged.
///
/// Ratios average log r̂, scores t̂ and densities log p̂: first over the members of each ensemble, then over the ensembles. All models
/// must be of one target, with the same observables, parameters and reference point.
public struct Estimator: Sendable {
  /// The members of all ensembles.
  public let models: [Model]
  public var target: Model.Target { models[0].target }
  public var observableNames: [String] { models[0].observableNames }
  public var parameterNames: [String] { models[0].parameterNames }
  /// θ1 of a ratio, θ_ref of a score; of a density where log ratios are taken to.
  public var referenceTheta: [Double] { models[0].referenceTheta }
  /// The networks of each ensemble.
  private let ensembles: [[TrainedNetwork]]
  private let team: ThreadTeam

  /// - Parameter names: file names of the models, for messages.
  public init(_ models: [Model], names: [String] = [], team: ThreadTeam) throws {
    try self.init(models.map(ModelEnsemble.init), names: names, team: team)
  }

  /// - Parameter names: file names of the ensembles, for messages.
  public init(_ ensembles: [ModelEnsemble], names: [String] = [], team: ThreadTeam) throws {
    guard let first = ensembles.first?.first else {
      throw Problem(.usage, "a model is missing", remedy: "give --model FILE")
    }
    for (i, model) in ensembles.map(\.first).enumerated() {
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
    models = ensembles.flatMap(\.members)
    self.ensembles = try ensembles.enumerated().map { i, ensemble in
      do { return try ensemble.members.map(TrainedNetwork.init) } catch let problem as Problem {
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
    guard target != .score else { return [] }
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

  /// log r̂(x|θ, θ1) of rows × observables at one θ for all rows, or one for each row; of a density the
  /// difference of log p̂ at θ and at `referenceTheta`.
  ///
  /// - Parameter theta: p values, or rows × p.
  public func logRatio(x: [Double], theta: [Double]) throws -> [Double] {
    try logRatioAndGradient(x: x, theta: theta, tangents: false).logRatio
  }

  /// log r̂ and its derivatives by θ, rows × parameters.
  public func logRatioAndGradient(x: [Double], theta: [Double]) throws -> (
    logRatio: [Double], gradient: [Double]
  ) {
    try logRatioAndGradient(x: x, theta: theta, tangents: true)
  }

  private func logRatioAndGradient(x: [Double], theta: [Double], tangents: Bool) throws -> (
    logRatio: [Double], gradient: [Double]
  ) {
    guard target != .score else {
      throw Problem(
        .data, "a score model gives no ratio", remedy: "train a ratio model with train-ratio")
    }
    var (values, gradient) = evaluate(x: x, theta: theta, tangents: tangents)
    if target == .density {
      let reference = evaluate(x: x, theta: referenceTheta, tangents: false).values
      for i in values.indices { values[i] -= reference[i] }
    }
    return (values, gradient)
  }

  /// log p̂(x|θ) of unscaled x, at one θ for all rows, or one for each row.
  public func logDensity(x: [Double], theta: [Double]) throws -> [Double] {
    guard target == .density else { throw noDensity }
    return evaluate(x: x, theta: theta, tangents: false).values
  }

  /// log p̂ and its derivatives by θ, the implied score, rows × parameters.
  public func logDensityAndScore(x: [Double], theta: [Double]) throws -> (
    logDensity: [Double], score: [Double]
  ) {
    guard target == .density else { throw noDensity }
    let result = evaluate(x: x, theta: theta, tangents: true)
    return (result.values, result.gradient)
  }

  /// Draws x from p̂(x|θ): rows × observables. Row i is a function of (seed, i) alone.
  ///
  /// - Parameters:
  ///   - rows: numbers of the rows, any part of a longer table.
  ///   - theta: of a row, by its number.
  public func draw(
    rows: Range<Int>, seed: UInt64, theta: @Sendable (Int) -> [Double]
  ) throws -> [Double] {
    try requireDrawable()
    guard let x = ensembles[0][0].draw(rows: rows, seed: seed, team: team, theta: theta) else {
      throw noDensity
    }
    return x
  }

  /// That the model is a density, and a single one.
  func requireDrawable() throws {
    guard target == .density else { throw noDensity }
    guard models.count == 1 else {
      throw Problem(
        .usage, "observables are drawn from one network, not from an average",
        remedy: "give --model once, with a model of one member")
    }
  }

  private var noDensity: Problem {
    Problem(
      .data, "a \(target.rawValue) model gives no density",
      remedy: "train a density model with train-density")
  }

  /// t̂(x|θ_ref) of a score model, rows × parameters; of other models ∂ log r̂/∂θ or ∂ log p̂/∂θ at `theta`.
  public func score(x: [Double], theta: [Double]? = nil) throws -> [Double] {
    if target != .score {
      return evaluate(x: x, theta: theta ?? referenceTheta, tangents: true).gradient
    }
    let d = observableNames.count
    let p = parameterNames.count
    let rows = x.count / d
    return averaged { network in
      var scores = network.run(x: x, theta: [], rows: rows, tangents: 0, team: team).values
      for i in scores.indices { scores[i] *= network.scoreScales[i % p] }
      return (scores, [])
    }.values
  }

  /// The mean of the networks' only output, and its derivatives by θ.
  private func evaluate(x: [Double], theta: [Double], tangents: Bool) -> (
    values: [Double], gradient: [Double]
  ) {
    let p = parameterNames.count
    let rows = x.count / observableNames.count
    precondition(theta.count == p || theta.count == rows * p)
    return averaged { network in
      let out = network.run(
        x: x, theta: theta, rows: rows, tangents: tangents ? p : 0, team: team)
      var gradient = out.tangents
      for i in gradient.indices { gradient[i] /= network.theta.scales[i % p] }
      return (out.values, gradient)
    }
  }

  /// The mean over ensembles of the mean over their members.
  private func averaged(_ outputs: (TrainedNetwork) -> Outputs) -> Outputs {
    mean(of: ensembles) { networks in mean(of: networks, outputs) }
  }

  private typealias Outputs = (values: [Double], gradient: [Double])

  private func mean<Part>(of parts: [Part], _ outputs: (Part) -> Outputs) -> Outputs {
    var sum = outputs(parts[0])
    guard parts.count > 1 else { return sum }
    for part in parts.dropFirst() {
      let next = outputs(part)
      for i in next.values.indices { sum.values[i] += next.values[i] }
      for i in next.gradient.indices { sum.gradient[i] += next.gradient[i] }
    }
    let n = Double(parts.count)
    return (sum.values.map { $0 / n }, sum.gradient.map { $0 / n })
  }
}
