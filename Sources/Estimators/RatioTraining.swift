import Diagnostics
import EventModel
import Networks

/// What a ratio network is to be, beside what all networks have in common.
public struct RatioPlan: Sendable, Equatable {
  public var method: RatioMethod
  /// Nil is the method's own.
  public var network: TrainingPlan.NetworkKind?
  /// 1: θ1 is the sample's only one; 2: both hypotheses are inputs; nil is as many as vary in the sample.
  public var hypotheses: Int?

  public init(
    method: RatioMethod, network: TrainingPlan.NetworkKind? = nil, hypotheses: Int? = nil
  ) {
    self.method = method
    self.network = network
    self.hypotheses = hypotheses
  }

  /// With the number of hypotheses and the network decided for a sample.
  /// - Throws: `.usage` for what cannot be combined, `.data` where the sample does not allow it.
  public func resolved(_ info: SampleInfo) throws -> RatioPlan {
    let isOnePoint = !info.theta1Values.isEmpty
    var plan = self
    let isPlain = network == nil || network == .perceptron
    plan.hypotheses = hypotheses ?? (isOnePoint || !isPlain ? 1 : 2)
    let network = network ?? (plan.hypotheses == 1 ? method.defaultNetwork : .perceptron)
    plan.network = network
    guard plan.hypotheses == 1 || plan.hypotheses == 2 else {
      throw Problem(.usage, "a ratio has one or two hypotheses", remedy: "write --hypotheses 2")
    }
    guard plan.hypotheses == 1 || network == .perceptron else {
      throw Problem(
        .usage, "--network \(network.rawValue) has one hypothesis in it",
        remedy: "evaluate it with --theta1 for another denominator")
    }
    guard plan.hypotheses == 1 || !isOnePoint || !method.usesScore else {
      throw Problem(
        .data, "the sample has one denominator hypothesis, and no scores at it (\(info.theta1))",
        remedy: "draw theta1 from a prior or several points, or train with --hypotheses 1")
    }
    guard plan.hypotheses == 2 || isOnePoint else {
      throw Problem(
        .data, "the sample has more than one denominator hypothesis (\(info.theta1))",
        remedy: network == .perceptron
          || network == .anchored && self.network == nil
          ? "draw it with a single --theta1, or train with --hypotheses 2"
          : "draw it with a single --theta1")
    }
    return plan
  }

  /// That rows of both hypotheses are there where the method tells them apart: the squared errors of ratios alone are
  /// right with one of them.
  /// - Parameter file: of the sample, for messages.
  public func check(_ sample: TrainingRows, file: String? = nil) throws {
    if !method.needsBothClasses, sample.logRatios.allSatisfy(\.isInfinite) {
      throw Problem(
        .data,
        "every joint log ratio is infinite: the hypotheses share no events, and --method \(method.rawValue) learns from ratios",
        remedy: "use --method carl", file: file)
    }
    guard method.needsBothClasses else { return }
    try sample.requireBothClasses(for: "--method \(method.rawValue)", file: file)
  }

  /// The columns that it needs.
  public var columns: TrainingRows.Columns {
    var columns: TrainingRows.Columns = [.theta, .labels]
    if method.usesRatio { columns.insert(.logRatios) }
    if method.usesScore { columns.insert(.scores) }
    if hypotheses == 2 {
      columns.insert(.denominators)
      if method.usesScore { columns.insert(.denominatorScores) }
    }
    return columns
  }
}

extension RatioMethod {
  /// The network where none is chosen. Labels tell the ratio with much noise and the joint score without: an anchored network
  /// takes from labels only what scores cannot tell.
  public var defaultNetwork: TrainingPlan.NetworkKind { self == .cascal ? .anchored : .perceptron }

  /// Cross entropies tell the hypotheses apart; a squared error of r or 1/r has its minimum at the ratio over rows of one.
  var needsBothClasses: Bool { self != .rolr && self != .rascal }
}

extension EstimatorTrainer {
  /// The columns that a ratio method needs with one hypothesis.
  public static func columns(for method: RatioMethod) -> TrainingRows.Columns {
    RatioPlan(method: method, hypotheses: 1).columns
  }

  /// Trains log r̂(x|θ, θ1), or log r̂(x|θ0, θ1) of two hypotheses.
  public func trainRatio(
    _ feed: TrainingFeed, plan: RatioPlan, checkpoint: Checkpointing? = nil
  ) throws -> ModelEnsemble {
    let plan = try plan.resolved(feed.first.info)
    return try train(
      feed,
      title: [
        ("method", plan.method.rawValue), ("network", (plan.network ?? .perceptron).rawValue),
        ("hypotheses", "\(plan.hypotheses ?? 1)"),
      ], checkpoint: checkpoint
    ) { try $0.ratioTraining($1, plan) }
  }

  /// A network alone, on rows that are there already.
  public func trainRatio(
    _ sample: TrainingRows, method: RatioMethod,
    network: TrainingPlan.NetworkKind? = nil, hypotheses: Int? = nil
  ) throws -> Model {
    try train(
      ratioTraining(
        sample, RatioPlan(method: method, network: network, hypotheses: hypotheses)))
  }

  private func ratioTraining(
    _ sample: TrainingRows, _ plan: RatioPlan
  ) throws -> any MemberTraining {
    let plan = try plan.resolved(sample.info)
    try plan.check(sample)
    guard plan.hypotheses == 2 || sample.info.theta1Values.count == sample.parameterNames.count
    else {
      throw Problem(
        .data,
        "theta1 of the sample has \(sample.info.theta1Values.count) coordinates, and theta0 "
          + "\(sample.parameterNames.count)", remedy: "make the sample again with augment")
    }
    var trainer = self
    trainer.plan.training.gradientClip =
      self.plan.training.gradientClip ?? plan.method.defaultGradientClip
    // Patience is the user's word that the validation loss decides.
    if self.plan.training.patience == nil, !plan.method.validationLossIsStable {
      trainer.plan.training.restoresBest = false
    }
    switch plan.network {
    case _ where plan.hypotheses == 2:
      return try trainer.pairTraining(sample, method: plan.method)
    case .anchored:
      return try trainer.perceptronTraining(sample, method: plan.method, isAnchored: true)
    case .polynomial: return try trainer.polynomialTraining(sample, method: plan.method)
    case .morphingAware: return try trainer.morphedTraining(sample, method: plan.method)
    default: return try trainer.perceptronTraining(sample, method: plan.method)
    }
  }

  private func perceptronTraining(
    _ sample: TrainingRows, method: RatioMethod, isAnchored: Bool = false
  ) throws -> any MemberTraining {
    let p = sample.parameterNames.count
    let rows = try split(sample)
    let theta = startTheta ?? thetaScaling(sample, sample.theta, rows: rows.training)
    let x = xScaling(sample, rows)
    let meanWeight = sample.meanWeight
    // Point by point there is no θ to learn, unless its derivatives are in the loss.
    let range = sample.thetaRange
    let fixed = method.usesScore ? [] : (0..<p).filter { range[$0][0] == range[$0][1] }
    let inputs = (0..<p).filter { !fixed.contains($0) }
    if isAnchored { try requireAnchor(sample, fixed: fixed) }
    let anchor = inputs.map { theta.apply(sample.info.theta1Values[$0], $0) }
    let shape = PerceptronShape(
      inputs: inputs.count + sample.observableNames.count, hidden: plan.hidden, outputs: 1,
      activation: plan.activation)
    return try training(
      .ratio, shape: shape, anchor: isAnchored ? anchor : nil, sample: sample, rows: rows
    ) { sample in
      (
        InputTable(
          theta: (sample.theta, theta), x: (sample.x, x), rows: sample.count, columns: inputs),
        ratioLoss(sample, method, scales: theta.scales, meanWeight: meanWeight)
      )
    } finish: { fit in
      var model = model(
        .ratio, method.rawValue, sample, shape, fit, x: x, theta: theta,
        scoreScales: [Double](repeating: 1, count: p), thetaRange: range, alpha: alpha(method))
      model.fixedParameters = fixed
      model.isAnchored = isAnchored
      if isAnchored {
        model.settings.append(("network", TrainingPlan.NetworkKind.anchored.rawValue))
      }
      return model
    }
  }

  /// That θ1 is a point the network can be asked at: parameters that are no inputs have their value there.
  private func requireAnchor(_ sample: TrainingRows, fixed: [Int]) throws {
    let (range, names) = (sample.thetaRange, sample.parameterNames)
    guard fixed.count < names.count else {
      throw Problem(
        .data, "theta does not vary in the sample, so an anchored network would be 0 everywhere",
        remedy: "use --network perceptron")
    }
    if let k = fixed.first(where: { range[$0][0] != sample.info.theta1Values[$0] }) {
      throw Problem(
        .data,
        "\(names[k]) is \(range[k][0]) in all rows and another at theta1, where an anchored network is 0",
        remedy: "use --network perceptron")
    }
  }

  // MARK: Steps

  /// Mean and spread of θ; a parameter that does not vary has half its range for a unit.
  func thetaScaling(
    _ sample: TrainingRows, _ points: [Double], rows: [Int32]
  ) -> Scaling {
    let p = sample.parameterNames.count
    var scaling = Scaling(points, width: p, rows: rows)
    for (k, parameter) in sample.info.setup.parameters.prefix(p).enumerated() {
      let isConstant = rows.allSatisfy { points[Int($0) * p + k] == points[k] }
      let half = (parameter.range.upperBound - parameter.range.lowerBound) / 2
      if isConstant, half > 0, half.isFinite { scaling.scales[k] = half }
    }
    return scaling
  }

  /// Weight of the score term; nil where the method has none.
  func alpha(_ method: RatioMethod) -> Double? {
    method.usesScore ? plan.alpha ?? method.defaultAlpha : nil
  }

  /// The loss of rows, with joint scores at θ0 in units of 1/scales: those of the network's θ.
  func ratioLoss(
    _ sample: TrainingRows, _ method: RatioMethod, scales: [Double], meanWeight: Double
  ) -> RatioLoss {
    let p = sample.parameterNames.count
    let scores = limited(
      sample.scores.indices.map { sample.scores[$0] * scales[$0 % p] }, "t_xz0")
    return RatioLoss(
      method: method, labels: sample.labels, logRatios: sample.logRatios, scores: scores,
      parameterCount: p, alpha: plan.alpha ?? method.defaultAlpha,
      weights: sample.weights.map { $0 / meanWeight })
  }

  /// The point that log ratios are taken to where none is given: the setup's first benchmark if it is inside the range,
  /// else the middle of the range.
  func reference(_ sample: TrainingRows, range: [[Double]]) -> [Double] {
    let padding = [Double](
      repeating: 0, count: max(0, range.count - sample.info.setup.parameters.count))
    if let first = sample.info.setup.benchmarks.first.map({ $0.values + padding }),
      first.count == range.count,
      zip(first, range).allSatisfy({ $0 >= $1[0] && $0 <= $1[1] })
    {
      return first
    }
    return range.map { ($0[0] + $0[1]) / 2 }
  }
}
