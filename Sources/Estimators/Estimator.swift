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
  /// What messages call each of them.
  let modelNames: [String?]
  public var target: Model.Target { models[0].target }
  public var observableNames: [String] { models[0].observableNames }
  public var parameterNames: [String] { models[0].parameterNames }
  /// Whether θ1 of a ratio is free as θ0 is.
  public var hasTwoHypotheses: Bool { models[0].hasTwoHypotheses }
  /// θ1 of a ratio, θ_ref of a score; of a density where log ratios are taken to.
  public var referenceTheta: [Double] { models[0].referenceTheta }
  /// The networks of each ensemble.
  let ensembles: [CalibratedEnsemble]
  let team: ThreadTeam

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
        model.referenceTheta == first.referenceTheta,
        model.hasTwoHypotheses == first.hasTwoHypotheses
      else {
        throw Problem(
          .data, "this model and the first differ in target, observables, parameters or reference",
          remedy: "average only models of one training plan", file: name)
      }
    }
    models = ensembles.flatMap(\.members)
    modelNames = ensembles.enumerated().flatMap { i, ensemble in
      ensemble.members.map { _ in i < names.count ? names[i] : nil }
    }
    self.ensembles = try ensembles.enumerated().map { i, ensemble in
      do { return try CalibratedEnsemble(ensemble) } catch let problem as Problem {
        throw i < names.count ? problem.inFile(names[i]) : problem
      }
    }
    self.team = team
  }

  /// log r̂(x|θ, θ1) of rows × observables at one θ for all rows, or one for each row; of a density the
  /// difference of log p̂ at θ and at θ1.
  ///
  /// - Parameters:
  ///   - theta: p values, or rows × p.
  ///   - denominator: θ1, in the same form; nil is `referenceTheta`.
  public func logRatio(
    x: [Double], theta: [Double], denominator: [Double]? = nil
  ) throws -> [Double] {
    try ratio(x: x, theta: theta, denominator: denominator, derivatives: false).values
  }

  /// log r̂ and its derivatives by θ, rows × parameters.
  public func logRatioAndGradient(
    x: [Double], theta: [Double], denominator: [Double]? = nil
  ) throws -> (logRatio: [Double], gradient: [Double]) {
    let result = try ratio(x: x, theta: theta, denominator: denominator, derivatives: true)
    return (result.values, result.numerator)
  }

  /// log r̂(x|θ0, θ1) and the scores at both points, rows × parameters: ∂ log r̂/∂θ0 and −∂ log r̂/∂θ1.
  public func logRatioAndScores(
    x: [Double], theta: [Double], denominator: [Double]
  ) throws -> (logRatio: [Double], numerator: [Double], denominator: [Double]) {
    let result = try ratio(
      x: x, theta: theta, denominator: denominator, derivatives: true, both: true)
    return (result.values, result.numerator, result.denominator)
  }

  private func ratio(
    x: [Double], theta: [Double], denominator: [Double]?, derivatives: Bool, both: Bool = false
  ) throws -> (values: [Double], numerator: [Double], denominator: [Double]) {
    guard target != .score else {
      throw Problem(
        .data, "a score model gives no ratio", remedy: "train a ratio model with train-ratio")
    }
    if hasTwoHypotheses {
      return try pair(x, theta, denominator ?? referenceTheta, derivatives: derivatives)
    }
    if target == .ratio, denominator == nil, !derivatives, theta == referenceTheta, !isKnown(theta)
    {
      // log r(x|θ1, θ1), whatever the network has seen.
      return ([Double](repeating: 0, count: x.count / observableNames.count), [], [])
    }
    try requireKnown(theta)
    var (values, gradient) = evaluate(x: x, theta: theta, derivatives: derivatives)
    guard let other = denominator ?? (target == .density ? referenceTheta : nil) else {
      return (values, gradient, [])
    }
    var slopes: [Double] = []
    if target == .density || both || other != referenceTheta {
      try requireKnown(other)
      let reference = evaluate(x: x, theta: other, derivatives: both)
      for i in values.indices { values[i] -= reference.values[i] }
      slopes = reference.gradient
    }
    return (values, gradient, slopes)
  }

  /// Of a network of two hypotheses.
  private func pair(
    _ x: [Double], _ theta: [Double], _ denominator: [Double], derivatives: Bool
  ) throws -> (values: [Double], numerator: [Double], denominator: [Double]) {
    let p = parameterNames.count
    try requireKnown(theta)
    try requireKnown(denominator)
    let points = max(theta.count, denominator.count) / p
    var both: [Double] = []
    both.reserveCapacity(2 * points * p)
    for i in 0..<points {
      for point in [theta, denominator] {
        let start = point.count > p ? i * p : 0
        both += point[start..<start + p]
      }
    }
    let (values, gradient) = evaluate(x: x, theta: both, derivatives: derivatives)
    guard derivatives else { return (values, [], []) }
    var (numerator, other): ([Double], [Double]) = ([], [])
    for row in values.indices {
      numerator += gradient[2 * row * p..<(2 * row + 1) * p]
      other += gradient[(2 * row + 1) * p..<(2 * row + 2) * p].map { -$0 }
    }
    return (values, numerator, other)
  }

  /// log p̂(x|θ) of unscaled x, at one θ for all rows, or one for each row.
  public func logDensity(x: [Double], theta: [Double]) throws -> [Double] {
    guard target == .density else { throw noDensity }
    return evaluate(x: x, theta: theta, derivatives: false).values
  }

  /// log p̂ and its derivatives by θ, the implied score, rows × parameters.
  public func logDensityAndScore(x: [Double], theta: [Double]) throws -> (
    logDensity: [Double], score: [Double]
  ) {
    guard target == .density else { throw noDensity }
    let result = evaluate(x: x, theta: theta, derivatives: true)
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
    let network = ensembles[0].networks[0]
    guard let x = network.draw(rows: rows, seed: seed, team: team, theta: theta) else {
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
  /// - Parameter denominator: θ1 of a network of two hypotheses; nil is `referenceTheta`.
  public func score(
    x: [Double], theta: [Double]? = nil, denominator: [Double]? = nil
  ) throws -> [Double] {
    if target != .score {
      try requireDerivatives()
      return try logRatioAndGradient(
        x: x, theta: theta ?? referenceTheta, denominator: denominator
      ).gradient
    }
    let d = observableNames.count
    let p = parameterNames.count
    let rows = x.count / d
    return averaged { network in
      var scores = network.run(x: x, theta: [], rows: rows, derivatives: false, team: team).values
      for i in scores.indices { scores[i] *= network.scoreScales[i % p] }
      return (scores, [])
    }.values
  }

  /// The mean of the networks' only output, and its derivatives by the coordinates of a point: θ, or θ0 and θ1.
  private func evaluate(x: [Double], theta: [Double], derivatives: Bool) -> (
    values: [Double], gradient: [Double]
  ) {
    let width = ensembles[0].networks[0].theta.means.count
    let rows = x.count / observableNames.count
    precondition(theta.count == width || theta.count == rows * width)
    return averaged(theta) { network in
      let out = network.run(
        x: x, theta: theta, rows: rows, derivatives: derivatives, team: team)
      var gradient = out.tangents
      for i in gradient.indices { gradient[i] /= network.theta.scales[i % width] }
      return (out.values, gradient)
    }
  }

  /// The mean over ensembles of the mean over their members, which is calibrated where a point is given.
  private func averaged(
    _ theta: [Double]? = nil, _ outputs: (TrainedNetwork) -> Outputs
  ) -> Outputs {
    mean(of: ensembles) { ensemble in
      var out = mean(of: ensemble.networks, outputs)
      if let theta {
        ensemble.calibration?.apply(to: &out.values, gradient: &out.gradient, theta: theta)
      }
      return out
    }
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
