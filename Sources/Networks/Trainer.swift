import Glibc
import Numerics

/// How a training runs.
public struct TrainingSettings: Sendable, Equatable {
  public var epochs = 50
  /// Rows in a batch; the last batch of an epoch may be smaller.
  public var batchSize = 128
  public var initialRate = 1e-3
  public var finalRate = 1e-4
  public var optimiser = Optimiser.amsgrad
  /// Largest L2 norm of the gradient of a batch's mean loss; nil for no limit.
  public var gradientClip: Double?
  /// Ends when the validation loss has not improved for more than this number of epochs; nil never
  /// ends early.
  public var patience: Int?
  /// Whether the parameters of the epoch with the lowest validation loss are the result.
  public var restoresBest = true
  /// Seed of the order of rows.
  public var seed: UInt64 = 0

  public init() {}

  /// The learning rate of an epoch: from the first to the final rate in equal ratios.
  public func rate(epoch: Int) -> Double {
    guard epochs > 1 else { return initialRate }
    return initialRate * pow(finalRate / initialRate, Double(epoch) / Double(epochs - 1))
  }
}

/// A training whose numbers are no longer finite.
public struct TrainingDiverged: Error, Sendable, Equatable {
  /// Epoch, from 1.
  public let epoch: Int
  /// Batch of the epoch, from 1; nil where the validation loss diverged.
  public let batch: Int?
}

/// An epoch, as reported when it is over.
public struct EpochReport: Sendable, Equatable {
  /// From 1.
  public let epoch: Int
  public let epochs: Int
  /// Mean over the rows of the epoch, while the parameters moved.
  public let trainingLoss: Double
  /// Mean over the validation rows after the epoch; nil without validation rows.
  public let validationLoss: Double?
}

/// What a training gave.
public struct TrainingResult<Scalar: NetworkScalar>: Sendable {
  public let parameters: [Scalar]
  /// Mean loss of each epoch that ran.
  public let trainingLosses: [Double]
  /// Mean validation loss of each epoch that ran; empty without validation rows.
  public let validationLosses: [Double]
  /// The epoch whose parameters these are, from 1; 0 if no epoch ran.
  public let bestEpoch: Int
  /// Whether patience ended the training.
  public let stoppedEarly: Bool
}

/// Trains the parameters of an objective by minibatches.
///
/// The order of rows in an epoch is a function of seed and epoch; batches are cut into blocks of
/// fixed size. So the result is the same for any number of threads (on one kind of processor).
public struct Trainer: Sendable {
  public var settings: TrainingSettings
  private let team: ThreadTeam

  public init(settings: TrainingSettings, team: ThreadTeam) {
    self.settings = settings
    self.team = team
  }

  /// Trains, starting from `parameters`.
  ///
  /// - Parameters:
  ///   - trainingRows: numbers of the rows to train on.
  ///   - validationRows: numbers of the rows for the validation loss; may be empty.
  ///   - progress: called after every epoch; what it throws ends the training.
  ///   - fresh: the objective and the rows of an epoch after the first, where it has rows of its own;
  ///     nil goes through those of the epoch before. Validation rows stay those of the first.
  /// - Throws: `TrainingDiverged`, and what `progress` and `fresh` throw.
  public func train<Objective: BatchObjective>(
    _ objective: Objective, from parameters: [Objective.Scalar], trainingRows: [Int32],
    validationRows: [Int32] = [],
    progress: (EpochReport) throws -> Void = { _ in },
    fresh: (Int) throws -> (objective: Objective, rows: [Int32])? = { _ in nil }
  ) throws -> TrainingResult<Objective.Scalar> {
    precondition(parameters.count == objective.parameterCount && settings.batchSize > 0)
    var run = Run(objective, settings: settings, team: team, parameters: parameters)
    var rows = trainingRows
    var best: (epoch: Int, loss: Double, parameters: [Objective.Scalar])?
    var trainingLosses: [Double] = []
    var validationLosses: [Double] = []
    var stoppedEarly = false
    for epoch in 1...max(1, settings.epochs) where epoch <= settings.epochs {
      if epoch > 1, let next = try fresh(epoch) { rows = run.takeObjective(next) }
      trainingLosses.append(try run.trainEpoch(epoch, rows: rows))
      if !validationRows.isEmpty {
        let loss = run.meanLoss(rows: validationRows)
        guard loss.isFinite else { throw TrainingDiverged(epoch: epoch, batch: nil) }
        validationLosses.append(loss)
        if loss < best?.loss ?? .infinity { best = (epoch, loss, run.parameters) }
      }
      try progress(
        EpochReport(
          epoch: epoch, epochs: settings.epochs, trainingLoss: trainingLosses[epoch - 1],
          validationLoss: validationLosses.last))
      if let patience = settings.patience, let best, epoch - best.epoch > patience {
        stoppedEarly = true
        break
      }
    }
    let restored = settings.restoresBest ? best : nil
    return TrainingResult(
      parameters: restored?.parameters ?? run.parameters, trainingLosses: trainingLosses,
      validationLosses: validationLosses, bestEpoch: restored?.epoch ?? trainingLosses.count,
      stoppedEarly: stoppedEarly)
  }

  /// The mean loss over rows, for parameters as they are.
  public func meanLoss<Objective: BatchObjective>(
    _ objective: Objective, parameters: [Objective.Scalar], rows: [Int32]
  ) -> Double {
    Run(objective, settings: settings, team: team, parameters: parameters).meanLoss(rows: rows)
  }
}

/// The moving parts of one training.
private struct Run<Objective: BatchObjective> {
  typealias Scalar = Objective.Scalar

  let settings: TrainingSettings
  /// Of the rows to train on, and of the validation rows.
  private var evaluator: BatchEvaluator<Objective>
  private let validation: BatchEvaluator<Objective>
  private let team: ThreadTeam
  let state: OptimiserState<Scalar>
  var parameters: [Scalar]
  private var gradient: [Scalar]

  init(
    _ objective: Objective, settings: TrainingSettings, team: ThreadTeam, parameters: [Scalar]
  ) {
    self.settings = settings
    self.parameters = parameters
    self.team = team
    evaluator = BatchEvaluator(objective, team: team)
    validation = evaluator
    state = OptimiserState(settings.optimiser, count: parameters.count)
    gradient = Array(repeating: 0, count: parameters.count)
  }

  /// Trains on other rows from here on; returns their numbers.
  mutating func takeObjective(_ next: (objective: Objective, rows: [Int32])) -> [Int32] {
    evaluator = BatchEvaluator(next.objective, team: team)
    return next.rows
  }

  /// Goes once through the rows in random order; returns the mean loss.
  mutating func trainEpoch(_ epoch: Int, rows: [Int32]) throws -> Double {
    var order = rows
    var stream = PhiloxStream(seed: settings.seed, purpose: .epochOrder, item: UInt64(epoch))
    stream.shuffle(&order)
    let rate = settings.rate(epoch: epoch - 1)
    let (evaluator, state, settings) = (evaluator, state, settings)
    return try order.withUnsafeBufferPointer { order in
      try parameters.withUnsafeMutableBufferPointer { parameters in
        try gradient.withUnsafeMutableBufferPointer { gradient in
          guard let weights = parameters.baseAddress, let slope = gradient.baseAddress else {
            return 0
          }
          var sum = CompensatedSum()
          var batch = 0
          for start in stride(from: 0, to: order.count, by: settings.batchSize) {
            batch += 1
            let end = min(order.count, start + settings.batchSize)
            let loss = evaluator.evaluate(
              UnsafeBufferPointer(rebasing: order[start..<end]), parameters: weights,
              gradient: slope)
            let size = Double(end - start)
            let norm = Scalar.squaredNorm(gradient.count, slope).squareRoot() / size
            guard loss.isFinite, norm.isFinite else {
              throw TrainingDiverged(epoch: epoch, batch: batch)
            }
            let clip = settings.gradientClip.map { norm > $0 ? $0 / norm : 1 } ?? 1
            state.step(weights, gradient: slope, scale: clip / size, rate: rate)
            sum.add(loss)
          }
          return order.isEmpty ? 0 : sum.value / Double(order.count)
        }
      }
    }
  }

  func meanLoss(rows: [Int32]) -> Double {
    let sum = rows.withUnsafeBufferPointer { rows in
      parameters.withUnsafeBufferPointer { parameters in
        parameters.baseAddress.map { validation.evaluate(rows, parameters: $0) } ?? 0
      }
    }
    return rows.isEmpty ? 0 : sum / Double(rows.count)
  }
}
