import Diagnostics
import EventModel

/// Event numbers from 1: `-3,5-10,20,100-`.
public struct EventRanges: Sendable, Equatable {
  /// In order and apart from each other.
  private var ranges: [ClosedRange<Int>] = []

  /// `option` is what problems call it.
  public init(parsing text: String, option: String = "--events") throws {
    var found: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      // `-10` is the first ten, as `300-` is all from there.
      let low = ends.first.flatMap { $0.isEmpty && ends.count == 2 && part.count > 1 ? 1 : Int($0) }
      let high = ends.count == 1 ? low : ends.last.flatMap { $0.isEmpty ? Int.max : Int($0) }
      guard (1...2).contains(ends.count), let low, let high, low >= 1, high >= low else {
        throw Problem(
          .usage, "\(option) '\(text)' is no list of event numbers",
          remedy: "write ranges from 1, both ends included: \(option) 1-100,205,300-")
      }
      found.append(low...high)
    }
    for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1
      {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  public func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

  /// The last number; nil where the last range is open.
  public var last: Int? { ranges.last.flatMap { $0.upperBound == .max ? nil : $0.upperBound } }
}

/// Which events and which of their weights are kept. What is kept and not named here keeps its bytes.
public struct LHESelection: Sendable {
  /// Nil is every event.
  public var ranges: EventRanges?
  /// Events that are left out.
  public var excluded: EventRanges?
  /// Process ids (IDPRUP); nil is every process.
  public var processes: Set<Int>?
  /// Weights kept; `all` leaves the text alone.
  public var weights = ExtraWeights.all
  /// The weight that becomes XWGTUP.
  public var nominal: String?
  /// Weights that are XWGTUP once more, and weights that are only declared.
  public var added: [NewWeight] = []
  public var declared: [NewWeight] = []
  /// Nil leaves weights in the form that they have.
  public var form: WeightForm?
  /// What an event must fulfil, by its particles and head line; with its number from 1 and its content key.
  public var isKept: (@Sendable (ParticleEvent, Int, Int64) throws -> Bool)?

  public init() {}

  var isSelecting: Bool {
    ranges != nil || excluded != nil || processes != nil || isKept != nil
  }
  /// True if the text of events that are kept changes.
  var changesEvents: Bool { weights != .all || nominal != nil || !added.isEmpty || form != nil }
  /// True if the output may differ from the input.
  public var changesAnything: Bool { isSelecting || changesEvents || !declared.isEmpty }
}

/// How the weights of an event are written: each in a `<wgt>` with its id, or all in `<weights>` in the order of declaration.
public enum WeightForm: String, Sendable, CaseIterable {
  case rwgt, weights
}

/// A weight that a copy declares: `[GROUP/]ID[=TEXT]`.
public struct NewWeight: Sendable, Equatable {
  public var group: String?
  public var id: String
  public var text: String

  public init(parsing argument: String) throws {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    group = names.count == 2 ? String(names[0]) : nil
    id = String(names[names.count - 1])
    text = parts.count == 2 ? String(parts[1]) : ""
    guard !id.isEmpty, group != "", !id.contains(where: \.isWhitespace) else {
      throw Problem(
        .usage, "'\(argument)' is not the id of a weight",
        remedy: "write [GROUP/]ID[=TEXT], such as nominal/central='the central weight'")
    }
  }

  /// Its line in `<initrwgt>`.
  var line: String {
    let weight = "<weight id=\"\(XMLText.escaped(id))\"> \(XMLText.escaped(text)) </weight>"
    guard let group else { return weight }
    return "<weightgroup name=\"\(XMLText.escaped(group))\">\(weight)</weightgroup>"
  }
}

/// Counts and sums for the record of a selection.
struct SelectionSums {
  /// Of all events, and of those that were looked at.
  var all = SelectionRecord.Sums()
  var seen = SelectionRecord.ByProcess()
  var kept = 0

  /// `before` is the record that the input had. Nil where the output is a whole sample.
  func record(before: SelectionRecord?, isWhole: Bool, changesWeights: Bool) -> SelectionRecord? {
    if let before {
      let record = before.narrowed(kept: kept, seen: Int(seen.all.events))
      return record.isComplete && !changesWeights ? nil : record
    }
    let record = SelectionRecord(kept: kept, from: seen, of: isWhole ? all : nil)
    return record.isComplete && !changesWeights ? nil : record
  }
}
