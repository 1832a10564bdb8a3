import Numerics

/// Everything that a training needs to go on after an epoch as if it had never stopped.
///
/// Numbers are doubles whatever the scalar of the network, which loses nothing.
public struct TrainingState: Sendable, Equatable {
  /// Parameters and the loss of an epoch.
  public struct Best: Sendable, Equatable {
    /// From 1; 0 is before the first.
    public var epoch: Int
    public var loss: Double
    public var parameters: [Double]

    public init(epoch: Int, loss: Double, parameters: [Double]) {
      self.epoch = epoch
      self.loss = loss
      self.parameters = parameters
    }
  }
  public var parameters: [Double]
  /// The optimiser's moments, one after the other, and its steps so far.
  public var moments: [Double]
  public var steps: Int
  /// The lowest validation loss so far.
  public var best: Best?
  public var training: LossHistory
  public var validation: LossHistory
  public var stoppedEarly: Bool

  public init(
    parameters: [Double], moments: [Double], steps: Int, best: Best?, training: LossHistory,
    validation: LossHistory, stoppedEarly: Bool
  ) {
    self.parameters = parameters
    self.moments = moments
    self.steps = steps
    self.best = best
    self.training = training
    self.validation = validation
    self.stoppedEarly = stoppedEarly
  }
}

/// A training that can be left and taken up again between epochs. Used by one thread at a time.
public final class TrainingSession<Objective: BatchObjective> {
  public typealias Scalar = Objective.Scalar

  public let settings: TrainingSettings
  /// Of the rows to train on, and of the validation rows.
  private var evaluator: BatchEvaluator<Objective>
  private let validator: BatchEvaluator<Objective>
  private var trainingRows: [Int32]
  private let validationRows: [Int32]
  /// Of the epoch after the one at hand, where its rows are known.
  private var nextOrder: EpochOrder?
  private let optimiser: OptimiserState<Scalar>
  private var parameters: [Scalar]
  /// Parameters and gradient while an epoch runs.
  private let weights: AlignedBuffer<Scalar>
  private let gradient: AlignedBuffer<Scalar>
  private var best: (epoch: Int, loss: Double, parameters: [Scalar])?
  private var training = LossHistory()
  private var validation = LossHistory()
  private var stoppedEarly = false

  public init(
    _ objective: Objective, settings: TrainingSettings, from parameters: [Scalar],
    trainingRows: [Int32], validationRows: [Int32] = []
  ) {
    precondition(parameters.count == objective.parameterCount && settings.batchSize > 0)
    self.settings = settings
    self.parameters = parameters
    self.trainingRows = trainingRows
    self.validationRows = validationRows
    evaluator = BatchEvaluator(objective)
    validator = evaluator
    optimiser = OptimiserState(settings.optimiser, count: parameters.count)
    weights = AlignedBuffer(count: parameters.count)
    gradient = AlignedBuffer(count: parameters.count)
  }

  /// Epochs that ran.
  public var epoch: Int { training.total.count }

  public var isOver: Bool { stoppedEarly || epoch >= settings.epochs }

  /// Takes the parameters as they are for those of an epoch 0, which the training may end with.
  public func keepStart(team: ThreadTeam) {
    guard epoch == 0, !validationRows.isEmpty else { return }
    let loss = validationLoss(team: team).total / Double(validationRows.count)
    if loss.isFinite { best = (0, loss, parameters) }
  }

  /// Runs the next epoch.
  /// - Parameter fresh: an objective and rows of its own.
  /// - Throws: `TrainingDiverged`.
  public func advance(
    fresh: (objective: Objective, rows: [Int32])? = nil, team: ThreadTeam
  ) throws -> EpochReport {
    let epoch = self.epoch + 1
    if let fresh {
      evaluator = BatchEvaluator(fresh.objective)
      trainingRows = fresh.rows
    }
    let order = takeOrder(epoch, rowsWillStay: fresh == nil)
    evaluator.begin(epoch: epoch)
    training.append(try trainEpoch(order, team), rows: max(1, trainingRows.count))
    guard Scalar.areFinite(parameters.count, parameters) else {
      throw TrainingDiverged(epoch: epoch, batch: nil)
    }
    if !validationRows.isEmpty {
      validation.append(validationLoss(team: team), rows: validationRows.count)
      let loss = validation.total[validation.total.count - 1]
      guard loss.isFinite else { throw TrainingDiverged(epoch: epoch, batch: nil) }
      if loss < best?.loss ?? .infinity { best = (epoch, loss, parameters) }
    }
    if let patience = settings.patience, let best, epoch - best.epoch > patience {
      stoppedEarly = true
    }
    return EpochReport(
      epoch: epoch, epochs: settings.epochs, trainingLoss: training.total[epoch - 1],
      validationLoss: validation.total.last)
  }

  public var result: TrainingResult<Scalar> {
    let restored = settings.restoresBest ? best : nil
    return TrainingResult(
      parameters: restored?.parameters ?? parameters, training: training, validation: validation,
      bestEpoch: restored?.epoch ?? epoch, stoppedEarly: stoppedEarly)
  }

  public var state: TrainingState {
    TrainingState(
      parameters: parameters.map { Double($0) }, moments: optimiser.moments.map { Double($0) },
      steps: optimiser.steps,
      best: best.map {
        TrainingState.Best(
          epoch: $0.epoch, loss: $0.loss, parameters: $0.parameters.map { Double($0) })
      }, training: training, validation: validation, stoppedEarly: stoppedEarly)
  }

  /// Goes on from a state of a training of the same objective and settings; false where its sizes are
  /// those of another.
  public func resume(_ state: TrainingState) -> Bool {
    guard state.parameters.count == parameters.count,
      state.best.map({ $0.parameters.count == parameters.count }) ?? true,
      state.training.total.count <= settings.epochs,
      optimiser.restore(moments: state.moments.map { Scalar($0) }, steps: state.steps)
    else { return false }
    parameters = state.parameters.map { Scalar($0) }
    best = state.best.map { ($0.epoch, $0.loss, $0.parameters.map { Scalar($0) }) }
    training = state.training
    validation = state.validation
    stoppedEarly = state.stoppedEarly
    return true
  }

  /// The order of an epoch, which may be begun; that of the next is begun where its rows are known.
  private func takeOrder(_ epoch: Int, rowsWillStay: Bool) -> EpochOrder {
    let begun = rowsWillStay && nextOrder?.epoch == epoch ? nextOrder : nil
    nextOrder =
      rowsWillStay && epoch < settings.epochs
      ? EpochOrder(trainingRows, epoch: epoch + 1, settings: settings) : nil
    return begun ?? EpochOrder(trainingRows, epoch: epoch, settings: settings)
  }

  /// Goes once through the rows in random order; returns the sum of the loss.
  private func trainEpoch(_ order: EpochOrder, _ team: ThreadTeam) throws -> LossSum {
    let (count, weights) = (parameters.count, weights.start)
    parameters.withUnsafeBufferPointer { start in
      if let start = start.baseAddress { weights.update(from: start, count: count) }
    }
    let next = nextOrder
    let loss = try withExtendedLifetime(order) {
      try BatchRelay(
        epoch: order.epoch, settings: settings, evaluator: evaluator, optimiser: optimiser,
        order: order.finish(), count: count, weights: weights, gradient: gradient.start
      ).run(team) { next?.drawSome() }
    }
    parameters = Array(UnsafeBufferPointer(start: weights, count: count))
    return loss
  }

  /// The sum of the loss over the validation rows, for parameters as they are.
  func validationLoss(team: ThreadTeam) -> LossSum {
    validationRows.withUnsafeBufferPointer { rows in
      parameters.withUnsafeBufferPointer { parameters in
        parameters.baseAddress.map {
          validator.evaluate(rows, parameters: $0, team: team)
        } ?? LossSum(0)
      }
    }
  }
}
