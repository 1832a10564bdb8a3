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
    /// x to the amplitudes of a ratio that is polynomial in θ.
    case polynomial
    /// x to the log ratio of each benchmark, which morphing joins.
    case morphingAware = "morphing-aware"
  }

  /// Units of the hidden layers.
  public var hidden: [Int] = [100]
  public var activation = Activation.tanh
  public var precision = Precision.float32
  public var training = TrainingSettings()
  /// Share of the events kept for the validation loss; 0 for none.
  public var validationFraction = 0.25
  /// Weight of the score term.
  public var alpha = 1.0
  /// Joint scores are limited to ± this value, in units of one over the standard deviation of θ (ratio) or of the score
  /// itself (score); nil for no limit.
  public var scoreClip: Double?

  public init() {}

  /// A plan from what a user wrote; throws `.usage` for what cannot be read.
  public init(_ choices: TrainingChoices) throws {
    hidden = try choices.hidden.split(separator: ",").map {
      guard let units = Int($0) else {
        throw Problem(.usage, "'\($0)' is not a number of units", remedy: "write --hidden 100,100")
      }
      return units
    }
    guard let kind = Activation(rawValue: choices.activation) else {
      throw Problem(
        .usage, "there is no activation '\(choices.activation)'",
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
        remedy: "there are amsgrad, adam and sgd")
    }
    precision = choices.float64 ? .float64 : .float32
    training.epochs = choices.epochs
    training.batchSize = choices.batchSize
    training.initialRate = first
    training.finalRate = last
    training.optimiser = chosen
    training.patience = choices.patience
    training.gradientClip = choices.clipGradient
    training.seed = choices.seed
    validationFraction = choices.validationSplit
    scoreClip = choices.clipScore
    alpha = choices.alpha
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
    guard alpha >= 0, alpha.isFinite else { throw refuse("alpha is negative", "write --alpha 1") }
    return self
  }

  /// As names and values, for the model.
  func settings(score: Bool) -> [(name: String, value: String)] {
    var list: [(name: String, value: String)] = [
      ("epochs", "\(training.epochs)"), ("batch_size", "\(training.batchSize)"),
      ("initial_rate", "\(training.initialRate)"), ("final_rate", "\(training.finalRate)"),
      ("optimiser", training.optimiser.name), ("seed", "\(training.seed)"),
      ("validation_split", "\(validationFraction)"),
      ("patience", training.patience.map { "\($0)" } ?? "none"),
      ("gradient_clip", training.gradientClip.map { "\($0)" } ?? "none"),
      ("score_clip", scoreClip.map { "\($0)" } ?? "none"),
    ]
    if score { list.append(("alpha", "\(alpha)")) }
    return list
  }
}
