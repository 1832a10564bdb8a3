/// The choices of a training as a user writes them; the trainer reads and checks the texts.
public struct TrainingChoices: Sendable, Equatable {
  /// Units of the hidden layers: `100,100`; nil for the default, or those of a model to continue.
  public var hidden: String?
  public var activation: String?
  public var epochs = 50
  public var batchSize = 128
  /// Learning rates of the first and the last epoch: `1e-3:1e-4`.
  public var rate = "1e-3:1e-4"
  /// `exponential` or `cosine`.
  public var schedule = "exponential"
  /// Epochs over which the rate rises from zero.
  public var warmUp = 0
  /// `amsgrad`, `adam`, `sgd`, `sgd:0.9` or `nesterov:0.9`.
  public var optimiser = "amsgrad"
  public var weightDecay = 0.0
  /// Probability that a hidden unit is left out of a training row.
  public var dropout = 0.0
  public var validationSplit = 0.25
  public var patience: Int?
  public var clipGradient: Double?
  public var clipScore: Double?
  public var float64 = false
  /// Weight of the score term; nil for the default of the method.
  public var alpha: Double?
  public var seed: UInt64 = 1
  /// Members of an ensemble, all of them trained.
  public var members: Int?
  /// The one member to train: `K/N`.
  public var member: String?

  public init() {}
}
