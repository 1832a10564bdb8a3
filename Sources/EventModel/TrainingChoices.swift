/// The choices of a training as a user writes them; the trainer reads and checks the texts.
public struct TrainingChoices: Sendable, Equatable {
  /// Units of the hidden layers: `100,100`.
  public var hidden = "100"
  public var activation = "tanh"
  public var epochs = 50
  public var batchSize = 128
  /// Learning rates of the first and the last epoch: `1e-3:1e-4`.
  public var rate = "1e-3:1e-4"
  public var optimiser = "amsgrad"
  public var validationSplit = 0.25
  public var patience: Int?
  public var clipGradient: Double?
  public var clipScore: Double?
  public var float64 = false
  public var alpha = 1.0
  public var seed: UInt64 = 1

  public init() {}
}
