import Diagnostics

/// What a file's event_norm and IDWTUP make of its weights.
struct WeightMeaning {
  enum Rule: Equatable, Sendable {
    case average, averageOfEachProcess, sum, overTrials, asTheyStand
    case declared
    /// Weights of each process are scaled to its own XSECUP: IDWTUP 1 and 2 leave their mixture open (hep-ph/0109068).
    case declaredOfEachProcess

    var isByProcess: Bool { self == .averageOfEachProcess || self == .declaredOfEachProcess }

    var name: String {
      switch self {
      case .average: "average"
      case .averageOfEachProcess: "average of each process"
      case .sum: "sum"
      case .overTrials: "sum over trials"
      case .asTheyStand: "as they stand"
      case .declared: "XSECUP"
      case .declaredOfEachProcess: "XSECUP of each process"
      }
    }
    /// What the rule's name gets where the file holds only some of its events.
    func over(_ selected: WeightSums.Selected) -> String {
      let n = Int(exactly: selected.events).map { "\($0)" } ?? Normalisation.text(selected.events)
      switch self {
      case .average, .averageOfEachProcess, .declared, .declaredOfEachProcess:
        return " over \(n) generated events"
      case .overTrials:
        return selected.trials == nil ? ", \(n) generated" : ""
      case .sum:
        let share = selected.shareOfRun ?? 1
        return share == 1 ? "" : " times \(Normalisation.text(1 / share))"
      case .asTheyStand: return ""
      }
    }

    func factor(
      of part: WeightSums.Part, _ sums: WeightSums, _ head: LHEHead, selected: WeightSums.Selected?,
      facts: String,
      file: String
    ) throws -> Double {
      let process = isByProcess ? sums.process(part.process) : nil
      let count = process?.count ?? sums.count
      let own = isByProcess ? selected?.processes[part.process] : nil
      switch self {
      case .asTheyStand: return 1
      case .sum: return 1 / (selected?.shareOfRun ?? 1)
      case .average, .averageOfEachProcess:
        return 1 / (own?.events ?? selected?.events ?? Double(count))
      case .overTrials:
        return 1 / (selected.map { $0.trials ?? $0.events } ?? sums.trials ?? 1)
      case .declared, .declaredOfEachProcess:
        let sum = process?.sum ?? sums.sum
        let sigma =
          isByProcess
          ? head.initBlock?.crossSection(ofProcess: part.process)
          : head.initBlock?.crossSection?.value
        guard let sigma else {
          throw Problem(
            .data,
            "process \(part.process) of the events is not in <init>, and weights\(facts) need its cross section",
            remedy: "correct <init>, or say --event-norm average or sum", file: file)
        }
        // Without the sum of the generated weights, their mean is that of the file's.
        let generated =
          own?.weight ?? selected.map { $0.weight ?? sum / Double(count) * $0.events } ?? sum
        guard generated != 0 else {
          throw Problem(
            .data, "the weights add up to 0, and weights\(facts) are scaled to the cross section",
            remedy: "say --event-norm average or sum", file: file)
        }
        return sigma / generated
      }
    }
  }

  var rule: Rule
  /// ` (event_norm average, IDWTUP -4)`.
  var facts: String
  var isPossible = true

  init(_ head: LHEHead, _ sums: WeightSums, _ asked: EventNorm?) {
    let strategy = head.initBlock?.weightStrategy
    let card = head.runCard?.eventNorm
    let texts = [
      asked.map { "--event-norm \($0.rawValue)" } ?? card.map { "event_norm \($0)" },
      strategy.map { "IDWTUP \($0)" },
    ].compactMap { $0 }
    facts = texts.isEmpty ? "" : " (\(texts.joined(separator: ", ")))"
    let isKnown = head.initBlock?.crossSection != nil
    let isSeveral = (head.initBlock?.declaredProcesses ?? 1) > 1
    switch (asked.map(\.rawValue) ?? card, strategy.map { abs($0) }) {
    // With a bias function weights differ, and their mean is still the cross section.
    case ("average"?, _), ("bias"?, _): rule = .average
    case ("sum"?, _): rule = .sum
    case ("unity"?, _):
      rule = .declared
      isPossible = isKnown
    case (_, 4?): rule = .average
    case (_, 1?), (_, 2?), (_, 3?):
      if let trials = sums.trials, trials > 0 {
        rule = .overTrials
      } else if !isKnown {
        rule = isSeveral ? .averageOfEachProcess : .average
        isPossible = strategy.map { abs($0) } == 1
      } else {
        rule = isSeveral && strategy.map { abs($0) } != 3 ? .declaredOfEachProcess : .declared
      }
    default: rule = .asTheyStand
    }
  }
}
