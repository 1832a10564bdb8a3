import Diagnostics
import EventModel

/// Event numbers from 1: `5-10,20,100-`.
public struct EventRanges: Sendable, Equatable {
  /// In order and apart from each other.
  private var ranges: [ClosedRange<Int>] = []

  public init(parsing text: String) throws {
    var found: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      let low = ends.first.flatMap { Int($0) }
      let high = ends.count == 1 ? low : ends.last.flatMap { $0.isEmpty ? Int.max : Int($0) }
      guard (1...2).contains(ends.count), let low, let high, low >= 1, high >= low else {
        throw Problem(
          .usage, "--events '\(text)' is no list of event numbers",
          remedy: "write ranges from 1, both ends included: --events 1-100,205,300-")
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
  /// Process ids (IDPRUP); nil is every process.
  public var processes: Set<Int>?
  /// Weights kept; `all` leaves the text alone.
  public var weights = ExtraWeights.all
  /// The weight that becomes XWGTUP.
  public var nominal: String?
  /// What an event must fulfil, by its particles and head line; with its number from 1 and its identity.
  public var isKept: (@Sendable (ParticleEvent, Int, Int64) throws -> Bool)?

  public init() {}

  var isSelecting: Bool { ranges != nil || processes != nil || isKept != nil }
  /// True if the output may differ from the input.
  public var changesAnything: Bool { isSelecting || weights != .all || nominal != nil }
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
