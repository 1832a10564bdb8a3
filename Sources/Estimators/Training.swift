import Diagnostics
import EventModel
import Networks
import Numerics

/// Training of estimators: scaling, split, loss, trainer, and the model that results.
public struct EstimatorTrainer: Sendable {
  public var plan: TrainingPlan
  let team: ThreadTeam
  let journal: Journal

  public init(plan: TrainingPlan, team: ThreadTeam, journal: Journal) throws {
    self.plan = try plan.validated()
    self.team = team
    self.journal = journal
  }

  /// Trains the score t̂(x|θ_ref); targets are scaled per component, so that no parameter dominates the loss.
  public func trainScore(_ feed: TrainingFeed, method: String = "sally") throws -> Model {
    try trainScore(feed.first, method: method, feed: feed)
  }

  /// The same on rows that are there already.
  public func trainScore(_ sample: TrainingRows, method: String = "sally") throws -> Model {
    try trainScore(sample, method: method, feed: nil)
  }

  private func trainScore(
    _ sample: TrainingRows, method: String, feed: TrainingFeed?
  ) throws -> Model {
    let p = sample.parameterNames.count
    guard sample.info.theta1Values.count == p else {
      throw Problem(
        .data, "the sample's scores are not at one reference point (\(sample.info.theta0))",
        remedy: "draw it with 'augment score --theta POINT'")
    }
    let rows = try split(sample)
    let x = Scaling(sample.x, width: sample.observableNames.count, rows: rows.training)
    let spread = Scaling(sample.scores, width: p, rows: rows.training)
    let meanWeight = sample.meanWeight
    let shape = PerceptronShape(
      inputs: sample.observableNames.count, hidden: plan.hidden, outputs: p,
      activation: plan.activation)
    let fit = try run(shape: shape, sample: sample, rows: rows, feed: feed) { sample in
      let scores = limited(
        sample.scores.indices.map { sample.scores[$0] / spread.scales[$0 % p] }, "t_xz0")
      let loss = ScoreLoss(
        scores: scores, components: p, weights: sample.weights.map { $0 / meanWeight })
      return (InputTable(theta: ([], .identity(0)), x: (sample.x, x), rows: sample.count), loss)
    }
    var model = model(
      .score, method, sample, shape, fit, x: x, theta: .identity(0), scoreScales: spread.scales,
      thetaRange: [], usesScore: false)
    if p > sample.info.setup.parameters.count {
      model.scoreInformation = try scoreInformation(model, sample)
    }
    return model
  }

  /// E[t̂t̂ᵀ] over the rows of the sample: the information of one event on all components, at the reference point.
  private func scoreInformation(_ model: Model, _ sample: TrainingRows) throws -> [Double] {
    let p = model.parameterNames.count
    let scores = try Estimator([model], team: team).score(x: sample.x)
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: p * p)
    var total = CompensatedSum()
    for row in 0..<sample.count {
      let weight = sample.weights.isEmpty ? 1 : sample.weights[row]
      total.add(weight)
      for i in 0..<p {
        for j in 0..<p { sums[i * p + j].add(weight * scores[row * p + i] * scores[row * p + j]) }
      }
    }
    return sums.map { $0.value / total.value }
  }

  // MARK: Steps

  typealias Rows = (training: [Int32], validation: [Int32])

  func split(_ sample: TrainingRows) throws -> Rows {
    let rows = sample.split(
      validationFraction: plan.validationFraction, seed: plan.training.seed)
    guard !rows.training.isEmpty, plan.validationFraction == 0 || !rows.validation.isEmpty else {
      throw Problem(
        .data, "\(sample.count) rows are too few to split off a validation set",
        remedy: "draw more rows, or give --validation-split 0")
    }
    return rows
  }

  /// Limits scores and says how many it touched.
  func limited(_ scores: [Double], _ name: String) -> [Double] {
    guard let clip = plan.scoreClip else { return scores }
    let touched = scores.count { abs($0) > clip }
    if touched > 0 { journal.note("\(touched) values of \(name) limited to ±\(clip)") }
    return scores.map { min(max($0, -clip), clip) }
  }

  /// What the trainer gave, in Double.
  struct Fit {
    var parameters: [Double]
    var trainingLosses: [Double]
    var validationLosses: [Double]
    var bestEpoch: Int
  }

  /// Inputs and loss of some rows.
  typealias Build = (TrainingRows) -> (InputTable, any NetworkLoss)

  func run(
    shape: PerceptronShape, sample: TrainingRows, rows: Rows, feed: TrainingFeed?, _ build: Build
  ) throws -> Fit {
    switch plan.precision {
    case .float32: try run(Float.self, shape, sample, rows, feed, build)
    case .float64: try run(Double.self, shape, sample, rows, feed, build)
    }
  }

  private func run<Scalar: NetworkScalar>(
    _: Scalar.Type, _ shape: PerceptronShape, _ sample: TrainingRows, _ rows: Rows,
    _ feed: TrainingFeed?, _ build: Build
  ) throws -> Fit {
    let start = Perceptron<Scalar>(shape: shape, seed: plan.training.seed)
    return try fit(
      sample, rows, feed, build, from: start.parameters,
      objective: { PerceptronObjective(shape: shape, inputs: $0, loss: $1) },
      layout: { Perceptron<Scalar>(shape: shape, parameters: $0).modelLayout })
  }

  /// Trains on the sample, or on the rows that the feed has for each epoch.
  /// - Parameters:
  ///   - objective: of a table of scaled inputs and a loss.
  ///   - layout: turns the parameters into those of a model.
  func fit<Objective: BatchObjective>(
    _ sample: TrainingRows, _ rows: Rows, _ feed: TrainingFeed?, _ build: Build,
    from start: [Objective.Scalar],
    objective make: ([Objective.Scalar], any NetworkLoss) -> Objective,
    layout: ([Objective.Scalar]) -> [Double]
  ) throws -> Fit {
    func objective(_ sample: TrainingRows) -> Objective {
      let (inputs, loss) = build(sample)
      return make(inputs.scaled(Objective.Scalar.self), loss)
    }
    func fresh(_ epoch: Int) throws -> (objective: Objective, rows: [Int32])? {
      guard let feed, feed.isFresh else { return nil }
      let (sample, training) = try feed.rows(
        epoch: epoch, validationFraction: plan.validationFraction, seed: plan.training.seed)
      return (objective(sample), training)
    }
    do {
      let result = try Trainer(settings: plan.training, team: team).train(
        objective(sample), from: start, trainingRows: rows.training,
        validationRows: rows.validation,
        progress: { report in
          journal.progress("epoch", report.epoch, of: report.epochs)
          journal.note(
            "epoch \(report.epoch) of \(report.epochs): training loss \(report.trainingLoss)"
              + (report.validationLoss.map { ", validation loss \($0)" } ?? ""))
        }, fresh: fresh)
      if result.stoppedEarly {
        journal.note(
          "stopped early; the parameters are those of epoch \(result.bestEpoch)")
      }
      return Fit(
        parameters: layout(result.parameters), trainingLosses: result.trainingLosses,
        validationLosses: result.validationLosses, bestEpoch: result.bestEpoch - 1)
    } catch let diverged as TrainingDiverged {
      let place = diverged.batch.map { "batch \($0)" } ?? "validation"
      throw Problem(
        .data, "training diverged in epoch \(diverged.epoch), \(place)",
        remedy: "lower --rate, or set --clip-gradient or --clip-score")
    }
  }

  func model(
    _ target: Model.Target, _ method: String, _ sample: TrainingRows, _ shape: PerceptronShape,
    _ fit: Fit, x: Scaling, theta: Scaling, scoreScales: [Double], thetaRange: [[Double]],
    usesScore: Bool
  ) -> Model {
    Model(
      target: target, method: method, observableNames: sample.observableNames,
      parameterNames: sample.parameterNames, referenceTheta: sample.info.theta1Values,
      thetaRange: thetaRange, xMeans: x.means, xScales: x.scales, thetaMeans: theta.means,
      thetaScales: theta.scales, scoreScales: scoreScales,
      layerWidths: [shape.inputs] + shape.hidden + [shape.outputs],
      activation: shape.activation.rawValue, parameters: fit.parameters,
      precision: plan.precision.rawValue, trainingLoss: fit.trainingLosses,
      validationLoss: fit.validationLosses, bestEpoch: fit.bestEpoch,
      settings: plan.settings(score: usesScore), sample: sample.info, sampleDigest: sample.digest)
  }
}

extension TrainingRows {
  /// By which weights are divided, so that losses have the size of those of rows without weights.
  var meanWeight: Double {
    let mean = weights.reduce(0, +) / Double(max(1, weights.count))
    return mean == 0 ? 1 : mean
  }
}

/// Unscaled θ and x columns with their scalings: the inputs of a network, θ first.
struct InputTable {
  var theta: (values: [Double], scaling: Scaling)
  var x: (values: [Double], scaling: Scaling)
  var rows: Int
  /// Columns of θ that are inputs; nil is all.
  var columns: [Int]?

  init(theta: ([Double], Scaling), x: ([Double], Scaling), rows: Int, columns: [Int]? = nil) {
    self.theta = theta
    self.x = x
    self.rows = rows
    self.columns = columns
  }

  /// Rows × (parameters + observables).
  func scaled<Scalar: NetworkScalar>(_: Scalar.Type) -> [Scalar] {
    let p = theta.scaling.means.count
    let d = x.scaling.means.count
    let columns = columns ?? Array(0..<p)
    var table: [Scalar] = []
    table.reserveCapacity(rows * (columns.count + d))
    for row in 0..<rows {
      for k in columns { table.append(Scalar(theta.scaling.apply(theta.values[row * p + k], k))) }
      for k in 0..<d { table.append(Scalar(x.scaling.apply(x.values[row * d + k], k))) }
    }
    return table
  }
}
