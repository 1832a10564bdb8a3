import ArgumentParser
import EventModel

/// How a network is built and trained: the same for every trainer.
public struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Units of the hidden layers, separated by commas; 100 by default.", valueName: "n,n"))
  public var hidden: String?

  @Option(
    help: ArgumentHelp(
      "Activation: tanh (by default), relu, lrelu, rrelu, elu, selu, softplus, sigmoid or logsigmoid.",
      valueName: "name"))
  public var activation: String?

  @Option(help: ArgumentHelp("Number of passes over the training rows.", valueName: "n"))
  public var epochs = 50

  @Option(help: ArgumentHelp("Rows in a minibatch.", valueName: "n"))
  public var batchSize = 128

  @Option(
    help: ArgumentHelp(
      "Learning rate of the first and the last epoch, or a constant one.",
      valueName: "first:last"))
  public var rate = "1e-3:1e-4"

  @Option(
    help: ArgumentHelp(
      "How the rate falls between: exponential, by equal ratios, or cosine.", valueName: "name"))
  public var schedule = "exponential"

  @Option(
    help: ArgumentHelp(
      "Let the rate rise from zero over the first N epochs, batch by batch.", valueName: "n"))
  public var warmUp = 0

  @Option(
    help: ArgumentHelp(
      "Optimiser: amsgrad, adam, sgd, sgd:0.9 with momentum, or nesterov:0.9.", valueName: "name"))
  public var optimiser = "amsgrad"

  @Option(
    help: ArgumentHelp(
      "Decoupled weight decay: parameters shrink by rate times this in every step.",
      valueName: "x"))
  public var weightDecay = 0.0

  @Option(
    help: ArgumentHelp(
      "Leave out each hidden unit with this probability in every training row.", valueName: "p"))
  public var dropout = 0.0

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
      "Use the first N rows of the file only, in its order: an import sorted by y has one hypothesis there. An endless stream needs it, or --epoch-rows.",
      valueName: "n"))
  public var rows: Int?

  @Option(
    help: ArgumentHelp(
      "Train every epoch on the next N rows; scaling and validation are of the first, --rows or N.",
      valueName: "n"))
  public var epochRows: Int?

  @Flag(help: "Train in double precision.")
  public var float64 = false

  @Option(
    help: ArgumentHelp(
      "Train an ensemble of N networks, whose outputs are averaged.", valueName: "n"))
  public var members: Int?

  @Option(
    help: ArgumentHelp(
      "Train member K of an ensemble of N alone; events merge puts them together.",
      valueName: "k/n"))
  public var member: String?

  @Option(
    name: .customLong("continue"),
    help: ArgumentHelp(
      "Go on from this model: its weights and scalings are kept, its history is continued.",
      valueName: "model"), completion: .file(extensions: ["h5"]))
  public var continued: String?

  @Option(
    help: ArgumentHelp(
      "Keep the state of the training in FILE, and go on from it where it is there.",
      valueName: "file"), completion: .file(extensions: ["h5"]))
  public var checkpoint: String?

  @Option(
    help: ArgumentHelp("Write the state after every N epochs.", valueName: "n"))
  public var checkpointEvery = 1

  public init() {}

  /// The choices as values, for the trainer to check.
  public func choices(seed: UInt64) -> TrainingChoices {
    var choices = TrainingChoices()
    choices.hidden = hidden
    choices.activation = activation
    choices.epochs = epochs
    choices.batchSize = batchSize
    choices.rate = rate
    choices.schedule = schedule
    choices.warmUp = warmUp
    choices.optimiser = optimiser
    choices.weightDecay = weightDecay
    choices.dropout = dropout
    choices.members = members
    choices.member = member
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
    if checkpointEvery <= 0 { throw ValidationError("--checkpoint-every takes a positive number") }
    if let patience, patience < 0 { throw ValidationError("--patience takes a number from 0 on") }
    if let clipGradient, !(clipGradient > 0) {
      throw ValidationError("--clip-gradient takes a positive number")
    }
    if let clipScore, !(clipScore > 0) {
      throw ValidationError("--clip-score takes a positive number")
    }
  }
}
