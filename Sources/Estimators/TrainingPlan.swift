import Diagnostics
import EventModel
import Networks

/// The choices of a training, as the commands' options give them.
public struct TrainingPlan: Sendable {
  public enum Precision: String, Sendable, CaseIterable { case float32, float64 }

  /// What a ratio network sees and gives.
  public enum NetworkKind: String, Sendable, CaseIterable {
    /// θ and x to log r̂.
    case perceptron
    /// θ and x to a function whose difference to its value at θ1 is log r̂.
    case anchored
    /// x to the amplitudes of a ratio that is polynomial in θ.
    case polynomial
    /// x to the log ratio of each benchmark, which morphing joins.
    case morphingAware = "morphing-aware"

    /// That of a ratio model.
    public init(of model: Model) {
      self =
        model.amplitudes != nil
        ? .polynomial
        : model.morphed != nil ? .morphingAware : model.isAnchored ? .anchored : .perceptron
    }
  }

  /// Units of the hidden layers.
  public var hidden: [Int] = [100]
  public var activation = Activation.tanh
  public var precision = Precision.float32
  public var training = TrainingSettings()
  /// Share of the events kept for the validation loss; 0 for none.
  public var validationFraction = 0.25
  /// Weight of the score term; nil for the default of the method.
  public var alpha: Double?
  /// Joint scores are limited to ± this value, in units of one over the standard deviation of θ (ratio) or of the score
  /// itself (score); nil for no limit.
  public var scoreClip: Double?
  /// Probability that a hidden unit is left out of a training row.
  public var dropout = 0.0
  /// Which members of an ensemble are trained.
  public var ensemble = EnsembleChoice()
  /// The model whose training goes on, with as many members or one for all.
  public var continuing: ModelEnsemble?
  /// Its file, for messages.
  public var continuingFile: String?
  /// Which choices a user made, that a model to continue must not contradict.
  var isChosen = (hidden: false, activation: false, members: false)

  public init() {}

  /// A plan from what a user wrote; throws `.usage` for what cannot be read.
  /// - Parameters:
  ///   - continuing: the model whose training goes on.
  ///   - file: its file, for messages.
  public init(
    _ choices: TrainingChoices, continuing: ModelEnsemble? = nil, file: String? = nil
  ) throws {
    self.continuing = continuing
    continuingFile = file
    isChosen = (
      choices.hidden != nil, choices.activation != nil,
      choices.members != nil || choices.member != nil
    )
    ensemble = try EnsembleChoice(members: choices.members, member: choices.member)
    hidden = try (choices.hidden ?? "100").split(separator: ",").map {
      guard let units = Int($0) else {
        throw Problem(.usage, "'\($0)' is not a number of units", remedy: "write --hidden 100,100")
      }
      return units
    }
    let activationName = choices.activation ?? Activation.tanh.rawValue
    guard let kind = Activation(name: activationName) else {
      throw Problem(
        .usage, "there is no activation '\(activationName)'",
        remedy: "there are " + Activation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    activation = kind
    let rates = choices.rate.split(separator: ":", omittingEmptySubsequences: false)
      .map { Double($0) }
    guard rates.count <= 2, let first = rates[0], let last = rates[rates.count - 1] else {
      throw Problem(
        .usage, "'\(choices.rate)' is no learning rate", remedy: "write --rate 1e-3:1e-4")
    }
    guard let chosen = Optimiser(name: choices.optimiser) else {
      throw Problem(
        .usage, "there is no optimiser '\(choices.optimiser)'",
        remedy: "there are amsgrad, adam, sgd, sgd:MOMENTUM and nesterov:MOMENTUM")
    }
    guard let schedule = TrainingSettings.Schedule(rawValue: choices.schedule) else {
      throw Problem(
        .usage, "there is no schedule '\(choices.schedule)'",
        remedy: "there are "
          + TrainingSettings.Schedule.allCases.map(\.rawValue).joined(separator: ", "))
    }
    precision = choices.float64 ? .float64 : .float32
    training.epochs = choices.epochs
    training.batchSize = choices.batchSize
    training.initialRate = first
    training.finalRate = last
    training.optimiser = chosen
    training.schedule = schedule
    training.warmUp = choices.warmUp
    training.weightDecay = choices.weightDecay
    training.patience = choices.patience
    training.gradientClip = choices.clipGradient
    training.seed = choices.seed
    validationFraction = choices.validationSplit
    scoreClip = choices.clipScore
    alpha = choices.alpha
    dropout = choices.dropout
  }

  /// The randomness of hidden layers in training; nil for none.
  var noise: HiddenNoise? {
    guard dropout > 0 || activation == .randomLeakyReLU else { return nil }
    return HiddenNoise(dropout: dropout, settings: training)
  }

  func validated() throws -> TrainingPlan {
    func refuse(_ fact: String, _ remedy: String) -> Problem {
      Problem(.usage, fact, remedy: remedy)
    }
    guard hidden.allSatisfy({ (1...100_000).contains($0) }) else {
      throw refuse("a hidden layer has no units", "write --hidden 100,100")
    }
    guard training.epochs > 0, training.batchSize > 0 else {
      throw refuse("epochs and batch size must be positive", "leave them out for the defaults")
    }
    guard training.initialRate > 0, training.finalRate > 0, training.initialRate.isFinite,
      training.finalRate.isFinite
    else { throw refuse("learning rates must be positive", "write --rate 1e-3:1e-4") }
    guard (0..<1).contains(validationFraction) else {
      throw refuse("the validation share is not in [0, 1)", "write --validation-split 0.25")
    }
    guard alpha.map({ $0 >= 0 && $0.isFinite }) ?? true else {
      throw refuse("alpha is negative", "write --alpha 1")
    }
    guard (0..<1).contains(dropout) else {
      throw refuse("the probability of dropout is not in [0, 1)", "write --dropout 0.1")
    }
    guard training.weightDecay >= 0, training.weightDecay * training.initialRate < 1 else {
      throw refuse("weight decay is not between 0 and 1/rate", "write --weight-decay 1e-4")
    }
    guard training.warmUp >= 0 else {
      throw refuse("warm-up is a number of epochs", "write --warm-up 1")
    }
    return try continuing.map(adopting) ?? self
  }

  /// Everything of the plan that the result depends on.
  var identity: [(name: String, value: String)] {
    let start = continuing.map { ensemble in
      var hash = XXH64()
      for member in ensemble.members { member.parameters.withUnsafeBytes { hash.update($0) } }
      return hash.hex
    }
    return settings(alpha: nil) + [
      ("alpha", alpha.map { "\($0)" } ?? "default"),
      ("hidden", hidden.map(String.init).joined(separator: ",")),
      ("activation", activation.rawValue), ("precision", precision.rawValue),
      ("members", ensemble.only.map { "\($0)/\(ensemble.count)" } ?? "\(ensemble.count)"),
      ("continued model", start ?? "none"),
    ]
  }

  /// As names and values, for the model.
  /// - Parameter alpha: weight of the score term; nil where there is none.
  func settings(alpha: Double?) -> [(name: String, value: String)] {
    var list: [(name: String, value: String)] = [
      ("epochs", "\(training.epochs)"), ("batch_size", "\(training.batchSize)"),
      ("initial_rate", "\(training.initialRate)"), ("final_rate", "\(training.finalRate)"),
      ("schedule", training.schedule.rawValue), ("warm_up", "\(training.warmUp)"),
      ("optimiser", training.optimiser.name), ("weight_decay", "\(training.weightDecay)"),
      ("dropout", "\(dropout)"), ("seed", "\(training.seed)"),
      ("validation_split", "\(validationFraction)"),
      ("patience", training.patience.map { "\($0)" } ?? "none"),
      ("gradient_clip", training.gradientClip.map { "\($0)" } ?? "none"),
      ("score_clip", scoreClip.map { "\($0)" } ?? "none"),
    ]
    if let alpha { list.append(("alpha", "\(alpha)")) }
    return list
  }
}
