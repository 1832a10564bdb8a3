import Diagnostics
import EventModel
import Networks
import Numerics

/// Training of estimators: scaling, split, loss, trainer, and the model that results.
public struct EstimatorTrainer: Sendable {
  public var plan: TrainingPlan
  /// The network whose training goes on; nil starts a new one.
  var start: Model?
  let team: ThreadTeam
  let journal: Journal

  public init(plan: TrainingPlan, team: ThreadTeam, journal: Journal) throws {
    self.plan = try plan.validated()
    self.team = team
    self.journal = journal
  }

  /// Trains the score t̂(x|θ_ref); targets are scaled per component, so that no parameter dominates the loss.
  public func trainScore(
    _ feed: TrainingFeed, method: String = "sally", checkpoint: Checkpointing? = nil
  ) throws -> ModelEnsemble {
    try train(feed, title: [("method", method)], checkpoint: checkpoint) {
      try $0.scoreTraining($1, method)
    }
  }

  /// A network alone, on rows that are there already.
  public func trainScore(_ sample: TrainingRows, method: String = "sally") throws -> Model {
    try train(scoreTraining(sample, method))
  }

  private func scoreTraining(
    _ sample: TrainingRows, _ method: String
  ) throws -> any MemberTraining {
    let p = sample.parameterNames.count
    guard sample.referenceTheta.count == p else {
      throw Problem(
        .data, "the sample does not tell at which point its scores are (\(sample.info.theta0))",
        remedy: "draw it with 'augment score --theta POINT'")
    }
    let rows = try split(sample)
    let x = xScaling(sample, rows)
    let scales = start?.scoreScales ?? scoreScales(sample.scores, components: p, rows.training)
    let meanWeight = sample.meanWeight
    let shape = PerceptronShape(
      inputs: sample.observableNames.count, hidden: plan.hidden, outputs: p,
      activation: plan.activation)
    return try training(.score, shape: shape, sample: sample, rows: rows) { sample in
      let scores = limited(
        sample.scores.indices.map { sample.scores[$0] / scales[$0 % p] }, "t_xz0")
      let loss = ScoreLoss(
        scores: scores, components: p, weights: sample.weights.map { $0 / meanWeight })
      return (InputTable(theta: ([], .identity(0)), x: (sample.x, x), rows: sample.count), loss)
    } finish: { fit in
      var model = model(
        .score, method, sample, shape, fit, x: x, theta: .identity(0), scoreScales: scales,
        thetaRange: [], alpha: nil)
      if p > sample.info.setup.parameters.count {
        model.scoreInformation = try scoreInformation(model, sample)
      }
      return model
    }
  }

  /// The spread of each component; of one that is 0 but for rounding (a nuisance parameter that changes no shape) so little that
  /// what a network makes of it is 0 too.
  private func scoreScales(_ scores: [Double], components p: Int, _ rows: [Int32]) -> [Double] {
    let scales = Scaling(scores, width: p, rows: rows).scales
    return (0..<p).map { k in
      let largest = rows.reduce(0) { max($0, abs(scores[Int($1) * p + k])) }
      return largest < DiagnosisChecks.noScore ? DiagnosisChecks.noScore : scales[k]
    }
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
    let rows = sample.split(plan)
    guard !rows.training.isEmpty, plan.validationFraction == 0 || !rows.validation.isEmpty else {
      throw Problem(
        .data, "\(sample.count) rows are too few to split off a validation set",
        remedy: "draw more rows, or give --validation-split 0")
    }
    return rows
  }

  /// Of the training rows, or of the model whose training goes on: new scales would change what its weights mean.
  func xScaling(_ sample: TrainingRows, _ rows: Rows) -> Scaling {
    if let start { return Scaling(means: start.xMeans, scales: start.xScales) }
    let scaling = Scaling(sample.x, width: sample.observableNames.count, rows: rows.training)
    for k in scaling.constants {
      let name = sample.observableNames[k]
      journal.note(
        "observable '\(name)' is \(scaling.means[k]) in all rows, and nothing is learned from it")
    }
    return scaling
  }

  /// Of the model whose training goes on; nil where a new one starts.
  var startTheta: Scaling? {
    start.map { Scaling(means: $0.thetaMeans, scales: $0.thetaScales) }
  }

  /// Limits scores and says how many it touched.
  func limited(_ scores: [Double], _ name: String) -> [Double] {
    guard let clip = plan.scoreClip else { return scores }
    let touched = scores.count { abs($0) > clip }
    if touched > 0 { journal.note("\(touched) values of \(name) limited to ±\(clip)") }
    return scores.map { min(max($0, -clip), clip) }
  }

  /// The training of a perceptron in the plan's precision.
  /// - Parameter anchor: scaled inputs θ at which the output is taken for 0; nil for a network that is what it gives.
  func training(
    _ target: Model.Target, shape: PerceptronShape, anchor: [Double]? = nil, sample: TrainingRows,
    rows: Rows,
    _ build: @escaping Build, finish: @escaping (Fit) throws -> Model
  ) throws -> any MemberTraining {
    if let start { try requireFit(start, target, shape, sample, isAnchored: anchor != nil) }
    switch plan.precision {
    case .float32: return training(Float.self, shape, anchor, sample, rows, build, finish)
    case .float64: return training(Double.self, shape, anchor, sample, rows, build, finish)
    }
  }

  /// The network of the model whose training goes on, or a new one.
  func startingNetwork<Scalar: NetworkScalar>(_ shape: PerceptronShape) -> Perceptron<Scalar> {
    guard let start else {
      return Perceptron(
        shape: shape, seed: plan.training.seed, member: UInt64(plan.training.member))
    }
    var parameters = start.parameters[...]
    return Perceptron(shape: shape, modelLayout: &parameters)
  }

  private func training<Scalar: NetworkScalar>(
    _: Scalar.Type, _ shape: PerceptronShape, _ anchor: [Double]?, _ sample: TrainingRows,
    _ rows: Rows, _ build: @escaping Build, _ finish: @escaping (Fit) throws -> Model
  ) -> any MemberTraining {
    let noise = plan.noise
    guard let anchor = anchor?.map({ Scalar($0) }) else {
      return training(shape, sample, rows, build, finish) {
        PerceptronObjective<Scalar>(shape: shape, inputs: $0, loss: $1, noise: noise)
      }
    }
    return training(shape, sample, rows, build, finish) {
      AnchoredObjective<Scalar>(shape: shape, anchor: anchor, inputs: $0, loss: $1, noise: noise)
    }
  }

  /// The training of the one perceptron of an objective.
  func training<Objective: BatchObjective>(
    _ shape: PerceptronShape, _ sample: TrainingRows, _ rows: Rows, _ build: @escaping Build,
    _ finish: @escaping (Fit) throws -> Model,
    objective: @escaping ([Objective.Scalar], any NetworkLoss) -> Objective
  ) -> any MemberTraining {
    let network: Perceptron<Objective.Scalar> = startingNetwork(shape)
    return NetworkTraining(
      sample, rows,
      NetworkRecipe(
        start: network.parameters, objective: objective,
        layout: { Perceptron<Objective.Scalar>(shape: shape, parameters: $0).modelLayout },
        build: build, finish: finish), plan: plan, journal: journal)
  }

  func model(
    _ target: Model.Target, _ method: String, _ sample: TrainingRows, _ shape: PerceptronShape,
    _ fit: Fit, x: Scaling, theta: Scaling, scoreScales: [Double], thetaRange: [[Double]],
    alpha: Double?
  ) -> Model {
    var model = Model(
      target: target, method: method, observableNames: sample.observableNames,
      parameterNames: sample.parameterNames, referenceTheta: sample.referenceTheta,
      thetaRange: thetaRange, xMeans: x.means, xScales: x.scales, thetaMeans: theta.means,
      thetaScales: theta.scales, scoreScales: scoreScales,
      layerWidths: [shape.inputs] + shape.hidden + [shape.outputs],
      activation: shape.activation.rawValue, parameters: fit.parameters,
      precision: plan.precision.rawValue, trainingLoss: fit.training.total,
      validationLoss: fit.validation.total, bestEpoch: fit.bestEpoch,
      settings: plan.settings(alpha: alpha), sample: sample.info, sampleDigest: sample.digest)
    if alpha != nil {
      model.trainingScoreLoss = fit.training.score
      model.validationScoreLoss = fit.validation.score
    }
    if let start { model.continueHistory(of: start) }
    return model
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
