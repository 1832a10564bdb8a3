import ArgumentParser
import EventModel

/// How a network is built and trained: the same for every trainer.
public struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Units of the hidden layers, separated by commas.", valueName: "n,n"))
  public var hidden = "100"

  @Option(
    help: ArgumentHelp(
      "Activation: tanh, relu, lrelu, elu, selu, softplus, sigmoid or logsigmoid.",
      valueName: "name"))
  public var activation = "tanh"

  @Option(help: ArgumentHelp("Number of passes over the training rows.", valueName: "n"))
  public var epochs = 50

  @Option(help: ArgumentHelp("Rows in a minibatch.", valueName: "n"))
  public var batchSize = 128

  @Option(
    help: ArgumentHelp(
      "Learning rate of the first and the last epoch; it falls by equal ratios between.",
      valueName: "first:last"))
  public var rate = "1e-3:1e-4"

  @Option(help: ArgumentHelp("Optimiser: amsgrad, adam or sgd.", valueName: "name"))
  public var optimiser = "amsgrad"

  @Option(
    help: ArgumentHelp(
      "Share of the events kept out of training for the validation loss; 0 for none.",
      valueName: "share"))
  public var validationSplit = 0.25

  @Option(
    help: ArgumentHelp(
      "End when the validation loss has not improved for N epochs; the best epoch is kept in any case.",
      valueName: "n"))
  public var patience: Int?

  @Option(help: ArgumentHelp("Limit the norm of a batch's gradient.", valueName: "norm"))
  public var clipGradient: Double?

  @Option(
    help: ArgumentHelp(
      "Limit joint scores, in the units the network is trained in.", valueName: "t"))
  public var clipScore: Double?

  @Option(
    help: ArgumentHelp(
      "Use the first N rows only; an endless stream needs it, or --epoch-rows.", valueName: "n"))
  public var rows: Int?

  @Option(
    help: ArgumentHelp(
      "Train every epoch on the next N rows; scaling and validation are of the first, --rows or N.",
      valueName: "n"))
  public var epochRows: Int?

  @Flag(help: "Train in double precision.")
  public var float64 = false

  public init() {}

  /// The choices as values, for the trainer to check.
  public func choices(seed: UInt64) -> TrainingChoices {
    var choices = TrainingChoices()
    choices.hidden = hidden
    choices.activation = activation
    choices.epochs = epochs
    choices.batchSize = batchSize
    choices.rate = rate
    choices.optimiser = optimiser
    choices.validationSplit = validationSplit
    choices.patience = patience
    choices.clipGradient = clipGradient
    choices.clipScore = clipScore
    choices.float64 = float64
    choices.seed = seed
    return choices
  }

  public func validate() throws {
    if let rows, rows <= 0 { throw ValidationError("--rows takes a positive number") }
    if let epochRows, epochRows <= 0 {
      throw ValidationError("--epoch-rows takes a positive number")
    }
    if let patience, patience < 0 { throw ValidationError("--patience takes a number from 0 on") }
    if let clipGradient, !(clipGradient > 0) {
      throw ValidationError("--clip-gradient takes a positive number")
    }
    if let clipScore, !(clipScore > 0) {
      throw ValidationError("--clip-score takes a positive number")
    }
  }
}
