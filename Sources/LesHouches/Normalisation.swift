import Diagnostics

/// What a file's weights are known by once all its events are counted.
public struct WeightSums: Sendable, Equatable {
  /// Events in the file, before cuts.
  public var count = 0
  /// Σw, Σ|w| and Σw² of the sampling weight, as the file has it.
  public var sum = 0.0
  public var sumAbsolute = 0.0
  public var sumSquares = 0.0
  /// Σ of the attribute `trials`; nil where events have none.
  public var trials: Double?

  public init() {}
}

/// How an event's weight is to be read.
public enum EventNorm: String, Sendable, CaseIterable {
  /// The mean of the weights is the cross section.
  case average
  /// The sum of the weights is the cross section.
  case sum
  /// Weights are ±1; the cross section stands in `<init>`.
  case unity
}

/// The factor that turns a file's weights into pb, so that their sum is the cross section, and the rule it came from.
public struct Normalisation: Sendable, Equatable {
  public var factor: Double
  /// For the sample table, such as `average (event_norm average, IDWTUP -4)`.
  public var rule: String

  /// `asked` overrides what the file says; `generated` the number of events that an average divides by.
  public init(
    head: LHEHead, sums: WeightSums, asked: EventNorm? = nil, generated: Int? = nil, file: String,
    journal: Journal
  ) throws {
    let strategy = head.initBlock?.weightStrategy
    let card = head.runCard?.eventNorm
    let facts =
      [
        asked.map { "--event-norm \($0.rawValue)" } ?? card.map { "event_norm \($0)" },
        strategy.map { "IDWTUP \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
    let suffix = facts.isEmpty ? "" : " (\(facts))"
    let n = generated ?? sums.count
    let declared = head.initBlock?.crossSection?.value
    func average() -> Normalisation {
      let text = generated == nil ? "average" : "average over \(n) generated events"
      return Normalisation(factor: 1 / Double(n), rule: text + suffix)
    }
    func toDeclared() throws -> Normalisation {
      guard let declared, sums.sum != 0 else {
        throw Problem(
          .data, "weights\(suffix) need the cross section, and <init> does not have it",
          remedy: "correct XSECUP in <init>, or say --event-norm average or sum", file: file)
      }
      return Normalisation(factor: declared / sums.sum, rule: "XSECUP" + suffix)
    }
    switch (asked.map(\.rawValue) ?? card, strategy.map { abs($0) }) {
    // With a bias function weights differ, and their mean is still the cross section.
    case ("average"?, _), ("bias"?, _): self = average()
    case ("sum"?, _): self = Normalisation(factor: 1, rule: "sum" + suffix)
    case ("unity"?, _): self = try toDeclared()
    case (_, 4?): self = average()
    case (_, 1?), (_, 2?), (_, 3?):
      if let trials = sums.trials, trials > 0 {
        self = Normalisation(factor: 1 / trials, rule: "sum over trials" + suffix)
      } else if declared == nil && strategy.map({ abs($0) }) == 1 {
        self = average()
      } else {
        self = try toDeclared()
      }
    default:
      journal.warn(
        "normalisation \(file)",
        "\(file): neither event_norm nor IDWTUP says what the weights mean; they are taken as they stand"
      )
      self = Normalisation(factor: 1, rule: "as they stand" + suffix)
    }
  }

  private init(factor: Double, rule: String) {
    self.factor = factor
    self.rule = rule
  }

  /// Compares Σw with ΣXSECUP: a warning beyond 5 standard deviations, an error near a factor of the number of events.
  ///
  /// `<init>` only checks: its numbers are rounded, and few events tell little about the share of negative weights.
  func check(head: LHEHead, sums: WeightSums, file: String, journal: Journal) throws {
    guard let declared = head.initBlock?.crossSection, sums.count > 0 else { return }
    let sigma = factor * sums.sum
    let n = Double(sums.count)
    let scatter = factor * factor * max(0, sums.sumSquares - sums.sum * sums.sum / n)
    let statistical = 5 * (declared.error * declared.error + scatter).squareRoot()
    let tolerance = statistical + (2e-3 + 6 / n) * declared.value
    guard abs(sigma - declared.value) > tolerance else { return }
    let ratio = abs(sigma) / declared.value
    let facts = "the weights add up to \(Self.text(sigma)) pb by the rule '\(rule)'"
    let isFactorN = { (r: Double) in r > n / 2 && r < n * 2 }
    if n >= 5, isFactorN(ratio) || isFactorN(1 / ratio) {
      throw Problem(
        .data,
        "\(facts), and <init> says \(Self.text(declared.value)) pb: a factor near the \(sums.count) events",
        remedy: "give --event-norm \(ratio > 1 ? "average" : "sum") if <init> is right", file: file)
    }
    journal.warn(
      "cross section \(file)",
      "\(file): \(facts), but <init> says \(Self.text(declared.value)) pb; the weights are used")
  }

  static func text(_ x: Double) -> String {
    guard x != 0, x.isFinite else { return "\(x)" }
    // Six significant digits.
    var scale = 1.0
    var magnitude = abs(x)
    while magnitude >= 1e6 {
      magnitude /= 10
      scale /= 10
    }
    while magnitude < 1e5 {
      magnitude *= 10
      scale *= 10
    }
    return "\((x * scale).rounded() / scale)"
  }
}
