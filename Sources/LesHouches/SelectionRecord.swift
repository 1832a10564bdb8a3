import Diagnostics

extension WeightSums.Part {
  /// The events of the part as ones that others may be selected from.
  var asSelected: SelectionRecord.Sums {
    var sums = SelectionRecord.Sums()
    sums.events = Double(count)
    sums.weight = sum
    sums.trials = trials > 0 ? trials : nil
    return sums
  }
}

/// What a file that holds only some events of a sample says about the others, so that its weights keep their meaning.
///
/// One comment before the end of the root: filters that write to a pipe know these numbers only when all is read.
public struct SelectionRecord: Sendable, Equatable {
  /// Number, Σ XWGTUP and Σ of the attribute `trials` of some events.
  public struct Sums: Sendable, Equatable {
    public var events = 0.0
    public var weight = 0.0
    /// Nil where events have none.
    public var trials: Double?
    public init() {}

    mutating func add(weight: Double, trials: Double?) {
      events += 1
      self.weight += weight
      if let trials { self.trials = (self.trials ?? 0) + trials }
    }

    func times(_ share: Double) -> Sums {
      var sums = Sums()
      sums.events = events * share
      sums.weight = weight * share
      sums.trials = trials.map { $0 * share }
      return sums
    }

    mutating func add(_ other: Sums, _ scale: Double) {
      events += other.events
      weight += other.weight * scale
      if let trials = other.trials { self.trials = (self.trials ?? 0) + trials }
    }
  }
  /// Sums of some events, and of those of each process (IDPRUP) among them.
  struct ByProcess {
    private(set) var all = Sums()
    private(set) var processes: [Int: Sums] = [:]

    mutating func add(weight: Double, process: Int, trials: Double?) {
      all.add(weight: weight, trials: trials)
      processes[process, default: Sums()].add(weight: weight, trials: trials)
    }
  }
  /// Events in this file.
  public var kept: Int
  /// The events that were looked at, of which what an event holds decided: an average divides by their number.
  public var from: Sums
  /// The whole sample, of which a range was looked at; nil where it was not read to its end.
  public var of: Sums?
  /// Those of `from` by process, where there are several: a process may be scaled to a cross section of its own. Empty
  /// where that is not known.
  public private(set) var processes: [Int: Sums]

  static let mark: StaticString = "<!-- sluice selection:"

  public init(kept: Int, from: Sums, of: Sums?, processes: [Int: Sums] = [:]) {
    self.kept = kept
    self.from = from
    self.of = of
    self.processes = processes.count > 1 ? processes : [:]
  }

  init(kept: Int, from: ByProcess, of: Sums?) {
    self.init(kept: kept, from: from.all, of: of, processes: from.processes)
  }

  /// True if the file holds the whole sample after all.
  public var isComplete: Bool {
    Double(kept) == from.events && of.map { $0.events == from.events } ?? false
  }

  /// The comment, without a newline.
  public var text: String {
    var words = ["kept=\(kept)"]
    func add(_ prefix: String, _ sums: Sums) {
      words.append("\(prefix)=\(sums.events)")
      words.append("\(prefix)-weight=\(sums.weight)")
      if let trials = sums.trials { words.append("\(prefix)-trials=\(trials)") }
    }
    add("from", from)
    if let of { add("of", of) }
    for (id, sums) in processes.sorted(by: { $0.key < $1.key }) { add("process\(id)", sums) }
    return "\(Self.mark) " + words.joined(separator: " ") + " -->"
  }

  /// What normalisation needs of it. A part of a run that was not read to its end has the share of the cross section that
  /// its weights add up to, which matters where those add up to the cross section.
  func selected(_ head: LHEHead) -> WeightSums.Selected {
    let declared = head.initBlock?.crossSection?.value
    let share =
      of.map { from.events / $0.events }
      ?? declared.flatMap { $0 > 0 && from.weight > 0 ? from.weight / $0 : nil }
    return WeightSums.Selected(
      events: from.events, weight: from.weight, trials: from.trials, shareOfRun: share,
      processes: processes)
  }

  /// Reads the last such comment of a text.
  public init?(in text: [UInt8]) {
    guard let record = text.withUnsafeBufferPointer({ SelectionRecord(in: $0) }) else { return nil }
    self = record
  }

  init?(in text: UnsafeBufferPointer<UInt8>) {
    guard let base = text.baseAddress, text.count > Self.mark.utf8CodeUnitCount else { return nil }
    let end = base + text.count
    guard let start = Bytes.findLast(Self.mark, from: base, to: end),
      let close = Bytes.find("-->", from: start, to: end)
    else { return nil }
    let found = Bytes.text(start + Self.mark.utf8CodeUnitCount, close)
    var values: [String: Double] = [:]
    for word in found.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2, let value = Double(parts[1]), value.isFinite {
        values[String(parts[0])] = value
      }
    }
    func sums(_ prefix: String) -> Sums? {
      guard let events = values[prefix], events > 0 else { return nil }
      var sums = Sums()
      sums.events = events
      sums.weight = values[prefix + "-weight"] ?? 0
      sums.trials = values[prefix + "-trials"]
      return sums
    }
    guard let count = values["kept"].flatMap({ Int(exactly: $0) }), let from = sums("from") else {
      return nil
    }
    var processes: [Int: Sums] = [:]
    for word in values.keys where word.hasPrefix("process") {
      guard let id = Int(word.dropFirst(7)) else { continue }
      processes[id] = sums(word)
    }
    self.init(kept: count, from: from, of: sums("of"), processes: processes)
  }

  /// The text without such comments and the newline after each.
  static func removed(from text: [UInt8]) -> [UInt8] {
    var text = text
    while let range = range(in: text) { text.removeSubrange(range) }
    return text
  }

  private static func range(in text: [UInt8]) -> Range<Int>? {
    text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let end = base + buffer.count
      guard let start = Bytes.find(mark, from: base, to: end),
        var close = Bytes.find("-->", from: start, to: end)
      else { return nil }
      close += 3
      let newline = Bytes.skipBlanks(close)
      if newline < end, newline.pointee == Ascii.newline { close = newline + 1 }
      return start - base..<close - base
    }
  }

  /// The record of some events of a file that has one already: `seen` of its events were looked at.
  func narrowed(kept: Int, seen: Int) -> SelectionRecord {
    let share = self.kept > 0 ? Double(seen) / Double(self.kept) : 1
    var copy = self
    copy.kept = kept
    if share != 1 {
      copy.from = from.times(share)
      copy.processes = processes.mapValues { $0.times(share) }
    }
    return copy
  }
}
