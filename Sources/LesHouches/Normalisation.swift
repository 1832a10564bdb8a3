import Diagnostics
import EventModel

/// How an event's weight is to be read.
public enum EventNorm: String, Sendable, CaseIterable {
  /// The mean of the weights is the cross section.
  case average
  /// The sum of the weights is the cross section.
  case sum
  /// Weights are relative, such as ±1; the cross section stands in `<init>`.
  case unity
}

/// The factor that turns a file's weights into pb, so that their sum is the cross section, and the rule it came from.
///
/// The rules are those of the Les Houches accord (hep-ph/0109068, IDWTUP) and of MadGraph's event_norm, which comes first;
/// `lhe-read(1)` has the table.
public struct Normalisation: Sendable, Equatable {
  /// One for each of `WeightSums.parts`; all the same but where processes or documents are normalised one by one.
  public var factors: [Double]
  /// Cross section over sum of weights; where parts have factors of their own, for the whole.
  public var factor: Double
  /// For the sample table, such as `average (event_norm average, IDWTUP -4)`.
  public var rule: String
  /// ΣXSECUP and its error [pb], averaged over documents by their events; nil where not known.
  var declared: (value: Double, error: Double)?
  /// True where the weights themselves are taken for cross sections (rule `sum`), or are divided by their number.
  private var isSum = false
  private var isAverage = false

  /// - Parameters:
  ///   - documents: the heads of several documents in one file; one or none is `head`.
  ///   - asked: overrides what the file says.
  ///   - generated: the number of events that the file's were selected from.
  ///   - isStrict: without it a cross section that is needed and not there leaves the weights as they stand.
  /// - Throws: `.data` where `<init>` lacks a cross section that the weights need; `.usage` where `generated` cannot be shared out.
  public init(
    head: LHEHead, documents: [LHEHead] = [], sums: WeightSums, asked: EventNorm? = nil,
    generated: Int? = nil, isStrict: Bool = true, file: String, journal: Journal
  ) throws {
    if let generated, generated < sums.count {
      throw Problem(
        .usage, "--generated \(generated) is less than the \(sums.count) events in the file",
        remedy: "give the number of events before the selection", file: file)
    }
    let isByNorm = asked != nil || head.runCard?.eventNorm != nil
    if let fault = sums.trialsFault, !isByNorm,
      [1, 2, 3].contains(abs(head.initBlock?.weightStrategy ?? 0))
    {
      throw Problem(
        .data, "\(fault), and the weights are divided by their sum",
        remedy: "make the file again, or say --event-norm average, sum or unity", file: file)
    }
    let selected = generated.map { WeightSums.Selected(events: Double($0)) } ?? sums.selected
    if documents.count > 1 {
      guard selected == nil else {
        throw Problem(
          .usage, "--generated is for one run, and the file has \(documents.count) documents",
          remedy: "split the file and read each with its own number", file: file)
      }
      self = try Self.mean(of: documents, sums, asked, isStrict, file, journal)
      return
    }
    let choice = WeightMeaning(head, sums, asked)
    var rule = choice.rule
    if !choice.isPossible {
      guard !isStrict else {
        throw Problem(
          .data, "weights\(choice.facts) need the cross section, and <init> does not have it",
          remedy: "correct XSECUP in <init>, or say --event-norm average or sum", file: file)
      }
      rule = .asTheyStand
    }
    if rule == .asTheyStand {
      journal.warn(
        "normalisation \(file)",
        choice.isPossible
          ? "\(file): neither event_norm nor IDWTUP says what the weights mean; they are taken as they stand"
          : "\(file): weights\(choice.facts) need the cross section, and <init> does not have it; they are taken as they stand"
      )
    }
    if rule.isByProcess, let selected, sums.processes.count > 1,
      !sums.processes.isSubset(of: selected.processes.keys)
    {
      let fact = "does not say how many events of each process\(choice.facts) there were"
      throw generated == nil
        ? Problem(
          .data, "the record of the selection \(fact)",
          remedy: "select again from the whole file", file: file)
        : Problem(
          .usage, "--generated \(fact)", remedy: "read one process at a time", file: file)
    }
    if rule == .declared, let selected, selected.weight == nil {
      Self.warnSpread(sums, file, journal)
    }
    declared = head.initBlock?.crossSection
    isSum = rule == .sum
    isAverage = rule == .average
    let factors = try sums.parts.map {
      try rule.factor(of: $0, sums, head, selected: selected, facts: choice.facts, file: file)
    }
    self.factors = factors
    factor = factors.first ?? 0
    let over = selected.map { rule.over($0) } ?? ""
    self.rule = rule.name + over + choice.facts
    if factors.contains(where: { $0 != factor }), sums.sum != 0 {
      factor = scaled(sums).sum / sums.sum
    }
  }

  private init(factors: [Double], factor: Double, rule: String) {
    self.factors = factors
    self.factor = factor
    self.rule = rule
  }

  public static func == (a: Normalisation, b: Normalisation) -> Bool {
    a.factors == b.factors && a.factor == b.factor && a.rule == b.rule
  }

  /// Runs of one process, one after the other: each is normalised by its own head, and their mean is taken by events (by
  /// trials where there are).
  private static func mean(
    of documents: [LHEHead], _ sums: WeightSums, _ asked: EventNorm?, _ isStrict: Bool,
    _ file: String, _ journal: Journal
  ) throws -> Normalisation {
    var factors = [Double](repeating: 0, count: sums.parts.count)
    var (value, variance, isKnown) = (0.0, 0.0, true)
    var found: Normalisation?
    for (index, head) in documents.enumerated() {
      let part = sums.document(index)
      guard part.count > 0 else { continue }
      let one = try Normalisation(
        head: head, sums: part, asked: asked, isStrict: isStrict, file: file, journal: journal)
      let share =
        sums.trials.map { (part.trials ?? 0) / $0 } ?? Double(part.count) / Double(sums.count)
      var own = one.factors.makeIterator()
      for i in sums.parts.indices where sums.parts[i].document == index {
        factors[i] = (own.next() ?? 0) * share
      }
      if let declared = one.declared {
        value += declared.value * share
        variance += declared.error * declared.error * share * share
      } else {
        isKnown = false
      }
      found = found ?? one
    }
    guard var result = found else { return Normalisation(factors: [], factor: 0, rule: "") }
    result.factors = factors
    result.factor = sums.sum == 0 ? factors[0] : result.scaled(sums).sum / sums.sum
    result.declared = isKnown ? (value, variance.squareRoot()) : nil
    result.rule += "; mean of \(documents.count) documents"
    return result
  }

  /// The cross section of N generated events needs their mean weight, which is known only where all weights are one number.
  private static func warnSpread(_ sums: WeightSums, _ file: String, _ journal: Journal) {
    guard sums.sumSquares * Double(sums.count) > sums.sum * sums.sum * (1 + 1e-9) else { return }
    journal.warn(
      "mean weight \(file)",
      "\(file): the mean weight of the generated events is taken from the \(sums.count) events in the file; that is right only if the selection does not favour weights"
    )
  }

  /// The sums in pb.
  public func scaled(_ sums: WeightSums) -> WeightSums {
    var result = WeightSums()
    for (part, factor) in zip(sums.parts, factors) { result.append(part.scaled(by: factor)) }
    return result
  }

  /// Compares Σw with ΣXSECUP: a warning beyond 5 standard deviations; an error near a factor of the number of events, where
  /// `isStrict` and the other reading of the weights agrees.
  ///
  /// `<init>` only checks: its numbers are rounded, and few events tell little about the share of negative weights.
  func check(sums: WeightSums, file: String, journal: Journal, isStrict: Bool = true) throws {
    guard let declared, sums.count > 0 else { return }
    let own = scaled(sums)
    let n = Double(sums.count)
    let scatter = max(0, own.sumSquares - own.sum * own.sum / n)
    let statistical = 5 * (declared.error * declared.error + scatter).squareRoot()
    let tolerance = statistical + (2e-3 + 6 / n) * declared.value
    guard abs(own.sum - declared.value) > tolerance else { return }
    let ratio = abs(own.sum) / declared.value
    let facts = "the weights add up to \(Self.text(own.sum)) pb by the rule '\(rule)'"
    let isFactorN = { (r: Double) in r > n / 2 && r < n * 2 }
    let otherRule =
      isAverage ? (isFactorN(1 / ratio) ? "sum" : nil) : isFactorN(ratio) ? "average" : nil
    if n >= 5, let otherRule {
      let fact =
        "\(facts), and <init> says \(Self.text(declared.value)) pb: a factor near the \(sums.count) events"
      let remedy = "give --event-norm \(otherRule) if <init> is right"
      guard !isStrict else { throw Problem(.data, fact, remedy: remedy, file: file) }
      return journal.warn("cross section \(file)", "\(file): \(fact); \(remedy)")
    }
    // A part of a run whose weights add up to the cross section of the whole.
    let part =
      isSum && ratio < 1 && own.sum > 0
      ? "; if the file is one part of a split run, give --event-norm unity" : ""
    journal.warn(
      "cross section \(file)",
      "\(file): \(facts), but <init> says \(Self.text(declared.value)) pb; the weights are used\(part)"
    )
  }

  static func text(_ x: Double) -> String { Rounded.text(x) }
}
