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
    _ feed: TrainingFeed, method: DensityMethod, flow: FlowPlan = FlowPlan()
  ) throws -> Model {
    try trainDensity(feed.first, method: method, flow: flow, feed: feed)
  }

  /// The same on rows that are there already.
  public func trainDensity(
    _ sample: TrainingRows, method: DensityMethod, flow: FlowPlan = FlowPlan()
  ) throws -> Model {
    try trainDensity(sample, method: method, flow: flow, feed: nil)
  }

  private func trainDensity(
    _ sample: TrainingRows, method: DensityMethod, flow: FlowPlan, feed: TrainingFeed?
  ) throws -> Model {
    let (p, d) = (sample.parameterNames.count, sample.observableNames.count)
    let rows = try split(sample)
    try requireDensities(sample, rows: rows.training)
    let theta = Scaling(sample.theta, width: p, rows: rows.training)
    let x = Scaling(sample.x, width: d, rows: rows.training)
    let meanWeight = sample.meanWeight
    func build(_ sample: TrainingRows) -> (InputTable, any NetworkLoss) {
      // ∂ log p/∂θ' = t · scale, so that score targets have the units of the network's θ inputs.
      let scores = limited(
        sample.scores.indices.map { sample.scores[$0] * theta.scales[$0 % p] }, "t_xz0")
      let loss = DensityLoss(
        method: method, scores: scores, parameterCount: p, alpha: plan.alpha,
        weights: sample.weights.map { $0 / meanWeight })
      return (
        InputTable(theta: (sample.theta, theta), x: (sample.x, x), rows: sample.count), loss
      )
    }
    let shape = FlowShape(
      parameters: p, observables: d, hidden: plan.hidden, activation: plan.activation,
      components: flow.components, flows: flow.flows)
    let fit =
      switch plan.precision {
      case .float32: try run(Float.self, shape, sample, rows, feed, build)
      case .float64: try run(Double.self, shape, sample, rows, feed, build)
      }
    var model = model(
      .density, method.rawValue, sample,
      PerceptronShape(
        inputs: shape.inputs, hidden: plan.hidden, outputs: 2 * d, activation: plan.activation),
      fit, x: x, theta: theta, scoreScales: [Double](repeating: 1, count: p),
      thetaRange: sample.thetaRange, usesScore: method.usesScore)
    model.flow = FlowLayout(
      orders: shape.orders, components: shape.components,
      logPrecisionBound: shape.logPrecisionBound)
    model.referenceTheta = reference(sample, range: sample.thetaRange)
    model.settings += flow.settings
    return model
  }

  private func run<Scalar: NetworkScalar>(
    _: Scalar.Type, _ shape: FlowShape, _ sample: TrainingRows, _ rows: Rows,
    _ feed: TrainingFeed?, _ build: Build
  ) throws -> Fit {
    let start = ConditionalFlow<Scalar>(shape: shape, seed: plan.training.seed)
    return try fit(
      sample, rows, feed, build, from: start.parameters,
      objective: { FlowObjective(shape: shape, inputs: $0, loss: $1) },
      layout: {
        ConditionalFlow<Scalar>(shape: shape, parameters: $0).networks.flatMap(\.modelLayout)
      })
  }

  /// That each observable has a density; a warning where it seems to take only a few values.
  private func requireDensities(_ sample: TrainingRows, rows: [Int32]) throws {
    let d = sample.observableNames.count
    for (k, name) in sample.observableNames.enumerated() {
      var values: Set<Double> = []
      for row in rows where values.count <= Self.fewValues {
        values.insert(sample.x[Int(row) * d + k])
      }
      guard values.count > 1 else {
        throw Problem(
          .data, "observable \(name) has the same value in all rows, which has no density",
          remedy: "leave it out with --observables, or draw more rows")
      }
      if values.count <= Self.fewValues, rows.count >= 10 * Self.fewValues {
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
