import Diagnostics
import EventModel
import Networks

/// The shape of a density estimator, beside what all networks have in common.
public struct FlowPlan: Sendable, Equatable {
  /// Networks in the flow.
  public var flows = 5
  /// Gaussians in the base density of each observable.
  public var components = 1

  public init() {}

  /// - Parameter base: `gaussian` or `mixture:K`. Throws `.usage` for what cannot be read.
  public init(flows: Int, base: String) throws {
    guard (1...100).contains(flows) else {
      throw Problem(.usage, "\(flows) flows cannot be trained", remedy: "write --flows 5")
    }
    self.flows = flows
    guard base != "gaussian" else { return }
    let parts = base.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "mixture", let number = Int(parts[1]),
      (1...1000).contains(number)
    else {
      throw Problem(
        .usage, "there is no base density '\(base)'",
        remedy: "write --base gaussian or --base mixture:5")
    }
    components = number
  }

  var settings: [(name: String, value: String)] {
    [("flows", "\(flows)"), ("base", components == 1 ? "gaussian" : "mixture:\(components)")]
  }
}

extension EstimatorTrainer {
  /// What a density method reads: of a sample of ratios, the rows drawn at θ0.
  public static func columns(for method: DensityMethod) -> TrainingRows.Columns {
    method.usesScore ? [.theta, .scores, .drawnAtTheta0] : [.theta, .drawnAtTheta0]
  }

  /// Trains log p̂(x|θ) on rows drawn at their own θ0.
  ///
  /// The network sees scaled x and θ; the model holds the scalings, and what evaluates it adds the Jacobian −Σ log scale.
  public func trainDensity(
    _ feed: TrainingFeed, method: DensityMethod, flow: FlowPlan = FlowPlan(),
    checkpoint: Checkpointing? = nil
  ) throws -> ModelEnsemble {
    try train(
      feed, title: [("method", method.rawValue)] + flow.settings, checkpoint: checkpoint
    ) { try $0.densityTraining($1, method, flow) }
  }

  /// A flow alone, on rows that are there already.
  public func trainDensity(
    _ sample: TrainingRows, method: DensityMethod, flow: FlowPlan = FlowPlan()
  ) throws -> Model {
    try train(densityTraining(sample, method, flow))
  }

  private func densityTraining(
    _ sample: TrainingRows, _ method: DensityMethod, _ flow: FlowPlan
  ) throws -> any MemberTraining {
    let (p, d) = (sample.parameterNames.count, sample.observableNames.count)
    let rows = try split(sample)
    try requireDensities(sample, rows: rows.training)
    let theta = startTheta ?? Scaling(sample.theta, width: p, rows: rows.training)
    let x = xScaling(sample, rows)
    let alpha = plan.alpha ?? method.defaultAlpha
    let meanWeight = sample.meanWeight
    let shape = FlowShape(
      parameters: p, observables: d, hidden: plan.hidden, activation: plan.activation,
      components: flow.components, flows: flow.flows)
    let layout = FlowLayout(
      orders: shape.orders, components: shape.components,
      logPrecisionBound: shape.logPrecisionBound)
    let perceptron = PerceptronShape(
      inputs: shape.inputs, hidden: plan.hidden, outputs: 2 * d, activation: plan.activation)
    if let start {
      try requireFit(start, .density, perceptron, sample)
      guard start.flow == layout else {
        throw Problem(
          .usage, "the model to continue has other flows, or another base",
          remedy: "give its --flows and --base")
      }
    }
    let build: Build = { sample in
      // ∂ log p/∂θ' = t · scale, so that score targets have the units of the network's θ inputs.
      let scores = limited(
        sample.scores.indices.map { sample.scores[$0] * theta.scales[$0 % p] }, "t_xz0")
      let loss = DensityLoss(
        method: method, scores: scores, parameterCount: p, alpha: alpha,
        weights: sample.weights.map { $0 / meanWeight })
      return (
        InputTable(theta: (sample.theta, theta), x: (sample.x, x), rows: sample.count), loss
      )
    }
    let finish: (Fit) -> Model = { fit in
      var model = model(
        .density, method.rawValue, sample, perceptron, fit, x: x, theta: theta,
        scoreScales: [Double](repeating: 1, count: p), thetaRange: sample.thetaRange,
        alpha: method.usesScore ? alpha : nil)
      model.flow = layout
      model.referenceTheta = start?.referenceTheta ?? reference(sample, range: sample.thetaRange)
      model.settings += flow.settings
      return model
    }
    switch plan.precision {
    case .float32: return training(Float.self, shape, sample, rows, build, finish)
    case .float64: return training(Double.self, shape, sample, rows, build, finish)
    }
  }

  private func training<Scalar: NetworkScalar>(
    _: Scalar.Type, _ shape: FlowShape, _ sample: TrainingRows, _ rows: Rows,
    _ build: @escaping Build, _ finish: @escaping (Fit) throws -> Model
  ) -> any MemberTraining {
    let flow: ConditionalFlow<Scalar>
    if let start {
      var parameters = start.parameters[...]
      flow = ConditionalFlow(
        shape: shape,
        networks: shape.networks.map { Perceptron(shape: $0, modelLayout: &parameters) })
    } else {
      flow = ConditionalFlow(
        shape: shape, seed: plan.training.seed, member: UInt64(plan.training.member))
    }
    return NetworkTraining(
      sample, rows,
      NetworkRecipe(
        start: flow.parameters,
        objective: { [noise = plan.noise] in
          FlowObjective(shape: shape, inputs: $0, loss: $1, noise: noise)
        },
        layout: {
          ConditionalFlow<Scalar>(shape: shape, parameters: $0).networks.flatMap(\.modelLayout)
        }, build: build, finish: finish), plan: plan, journal: journal)
  }

  /// That each observable has a density; a warning where it seems to take only a few values.
  private func requireDensities(_ sample: TrainingRows, rows: [Int32]) throws {
    let d = sample.observableNames.count
    let constants = Scaling(sample.x, width: d, rows: rows).constants
    for (k, name) in sample.observableNames.enumerated() {
      var values: Set<Double> = []
      for row in rows where values.count <= Self.fewValues {
        values.insert(sample.x[Int(row) * d + k])
      }
      guard !constants.contains(k) else {
        throw Problem(
          .data, "observable \(name) has the same value in all rows, which has no density",
          remedy: "leave it out with --observables, or draw more rows")
      }
      if values.count <= Self.fewValues, rows.count >= 10 * values.count {
        journal.warn(
          "density.discrete \(name)",
          "observable \(name) takes \(values.count) values only; a density of it means nothing")
      }
    }
    let isOnePoint = sample.thetaRange.allSatisfy { $0[0] == $0[1] }
    if isOnePoint, !sample.theta.isEmpty {
      journal.warn(
        "density.theta",
        "all rows are drawn at one point; the model holds there only (use --theta prior)")
    }
  }

  /// Observables with no more different values than this are taken to be discrete.
  private static let fewValues = 20
}
