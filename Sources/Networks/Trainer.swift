import Glibc
import Numerics

/// How a training runs.
public struct TrainingSettings: Sendable, Equatable {
  /// How the learning rate goes from the first to the final one.
  public enum Schedule: String, Sendable, CaseIterable {
    /// In equal ratios.
    case exponential
    /// Along half a cosine (Loshchilov and Hutter arXiv:1608.03983, without restarts).
    case cosine
  }

  public var epochs = 50
  /// Rows in a batch; the last batch of an epoch may be smaller.
  public var batchSize = 128
  public var initialRate = 1e-3
  public var finalRate = 1e-4
  public var schedule = Schedule.exponential
  /// Epochs over which the rate rises from zero, batch by batch, as a factor on the schedule.
  public var warmUp = 0
  public var optimiser = Optimiser.amsgrad
  /// Decoupled weight decay λ: parameters shrink by the factor 1 − rate·λ in every step, whatever
  /// the optimiser (Loshchilov and Hutter arXiv:1711.05101).
  public var weightDecay = 0.0
  /// Largest L2 norm of the gradient of a batch's mean loss; nil for no limit.
  public var gradientClip: Double?
  /// Ends when the validation loss has not improved for more than this number of epochs; nil never
  /// ends early.
  public var patience: Int?
  /// Whether the parameters of the epoch with the lowest validation loss are the result.
  public var restoresBest = true
  /// Seed of the order of rows.
  public var seed: UInt64 = 0
  /// Number of the network, from 0, where several are trained with one seed.
  public var member: UInt32 = 0
  /// Epochs of an earlier training that this one continues: the order of rows is not that of theirs.
  public var earlierEpochs = 0

  public init() {}

  /// The learning rate of an epoch, from 0.
  public func rate(epoch: Int) -> Double {
    guard epochs > 1 else { return initialRate }
    let share = Double(epoch) / Double(epochs - 1)
    switch schedule {
    case .exponential: return initialRate * pow(finalRate / initialRate, share)
    case .cosine: return finalRate + (initialRate - finalRate) * (1 + cos(.pi * share)) / 2
    }
  }

  /// The share of the rate in a batch, both from 0, of an epoch of so many batches.
  func warmth(epoch: Int, batch: Int, of batches: Int) -> Double {
    guard epoch < warmUp else { return 1 }
    return (Double(epoch) + Double(batch + 1) / Double(batches)) / Double(warmUp)
  }

  /// The item of random numbers of an epoch, from 1.
  func item(epoch: Int) -> UInt64 {
    UInt64(member) << 32 | UInt64(UInt32(truncatingIfNeeded: epoch + earlierEpochs))
  }
}

/// A training whose numbers are no longer finite.
public struct TrainingDiverged: Error, Sendable, Equatable {
  /// Epoch, from 1.
  public let epoch: Int
  /// Batch of the epoch, from 1; nil where the mean loss of rows or of validation rows diverged.
  public let batch: Int?

  public init(epoch: Int, batch: Int?) {
    self.epoch = epoch
    self.batch = batch
  }
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

/// Mean losses of the epochs that ran, and the part of each that is the score term.
public struct LossHistory: Sendable, Equatable {
  public var total: [Double] = []
  public var score: [Double] = []

  public init() {}

  public init(total: [Double], score: [Double]) {
    self.total = total
    self.score = score
  }

  mutating func append(_ sum: LossSum, rows: Int) {
    total.append(sum.total / Double(rows))
    score.append(sum.score / Double(rows))
  }
}

/// What a training gave.
public struct TrainingResult<Scalar: NetworkScalar>: Sendable {
  public let parameters: [Scalar]
  public let training: LossHistory
  /// Empty without validation rows.
  public let validation: LossHistory
  /// The epoch whose parameters these are, from 1; 0 where they are those the training began with.
  public let bestEpoch: Int
  /// Whether patience ended the training.
  public let stoppedEarly: Bool

  /// Mean loss of each epoch that ran.
  public var trainingLosses: [Double] { training.total }
  /// Mean validation loss of each epoch that ran; empty without validation rows.
  public var validationLosses: [Double] { validation.total }
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

  /// Trains to the end, starting from `parameters`; `TrainingSession` does it epoch by epoch.
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
    let session = TrainingSession(
      objective, settings: settings, from: parameters, trainingRows: trainingRows,
      validationRows: validationRows)
    while !session.isOver {
      let next = session.epoch > 0 ? try fresh(session.epoch + 1) : nil
      try progress(session.advance(fresh: next, team: team))
    }
    return session.result
  }

  /// The mean loss over rows, for parameters as they are.
  public func meanLoss<Objective: BatchObjective>(
    _ objective: Objective, parameters: [Objective.Scalar], rows: [Int32]
  ) -> Double {
    TrainingSession(
      objective, settings: settings, from: parameters, trainingRows: [], validationRows: rows
    ).validationLoss(team: team).total / Double(max(1, rows.count))
  }
}
