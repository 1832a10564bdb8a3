import Diagnostics
import EventIO
import EventModel

/// Cuts a Les Houches file into documents that each have its head.
public struct LHESplit {
  public enum Rule: Sendable, Equatable {
    /// So many events each, the last one fewer.
    case events(Int)
    /// So many documents of nearly equal length, in order.
    case parts(Int)
    /// One for each process id (IDPRUP).
    case process
  }

  private let rule: Rule
  private let history: ProvenanceRecord?
  private let open: (Int) throws -> TextOutput

  /// `open` makes the output of a number: from 1, or the process id.
  public init(
    _ rule: Rule, history: ProvenanceRecord?, open: @escaping (Int) throws -> TextOutput
  ) {
    self.rule = rule
    self.history = history
    self.open = open
  }

  /// Counts first: every part says how much of the whole it is.
  public struct Whole {
    var sums = SelectionRecord.Sums()
    var tail: [UInt8] = []

    /// Reads all events.
    public init(_ reader: LHEReader) throws {
      var event = ParticleEvent()
      while try reader.next(into: &event) {
        sums.add(weight: event.weight, trials: reader.hasTrials ? reader.trials : nil)
      }
      tail = Gap(reader.tailBytes).rest
    }
  }

  /// Writes all parts; returns their numbers. `whole` is nil for a pipe, which is read once.
  public func write(_ reader: LHEReader, whole: Whole?) throws -> [Int] {
    if case .parts = rule, whole == nil {
      throw Problem(
        .usage, "a pipe's events cannot be counted before they are written",
        remedy: "name a file, or split with --rows N", file: reader.name)
    }
    if rule == .process { return try writeProcesses(reader) }
    return try writeInOrder(reader, whole)
  }

  // MARK: In order

  /// Events in part number k, from 1.
  private func size(_ k: Int, _ whole: Whole?) -> Int {
    switch rule {
    case .events(let n): return n
    case .parts(let parts):
      let all = Int(whole?.sums.events ?? 0)
      return all * k / parts - all * (k - 1) / parts
    case .process: return .max
    }
  }

  private func writeInOrder(_ reader: LHEReader, _ whole: Whole?) throws -> [Int] {
    let head = editedHead(reader)
    var part = try Part(number: 1, open: open, head)
    let earlier = whole.flatMap { SelectionRecord(in: $0.tail) }
    func close(_ part: Part, tail: [UInt8]?) throws {
      let record = part.record(of: whole?.sums, earlier)
      if let tail {
        try part.writer.finish(tail: SelectionRecord.removed(from: tail), record: record)
      } else {
        try part.writer.finishHere(record: record)
      }
    }
    /// Parts that hold nothing, where there are more parts than events.
    func advance() throws {
      while part.writer.events >= size(part.number, whole) {
        try part.writer.startLine()
        try close(part, tail: whole?.tail)
        part = try Part(number: part.number + 1, open: open, head)
      }
    }
    let tail = try reader.distribute { event in
      if part.writer.events >= size(part.number, whole) { try advance() }
      part.sums.add(
        weight: event.weight, process: event.processID,
        trials: reader.hasTrials ? reader.trials : nil)
      return (part.writer, nil)
    }
    try close(part, tail: tail)
    var numbers = Array(1...part.number)
    if case .parts(let parts) = rule {
      for number in part.number + 1..<max(part.number + 1, parts + 1) {
        try close(Part(number: number, open: open, head), tail: whole?.tail)
        numbers.append(number)
      }
    }
    return numbers
  }

  private func editedHead(_ reader: LHEReader) -> HeadEdit {
    var head = HeadEdit(reader.headBytes)
    if let history { head.add(history) }
    return head
  }

  // MARK: By process

  /// Each document has the line of its process in `<init>`; averages still divide by all events.
  private func writeProcesses(_ reader: LHEReader) throws -> [Int] {
    var parts: [Int: Part] = [:]
    var all = SelectionRecord.Sums()
    let processes = reader.head.initBlock?.processes ?? []
    let tail = try reader.distribute { event in
      let id = event.processID
      if parts[id] == nil {
        guard parts.count < 60 else {
          throw Problem(
            .data, "there are more than 60 processes", remedy: "select with --process",
            file: reader.name, place: reader.place)
        }
        var head = editedHead(reader)
        let own = processes.filter { $0.id == id }
        if !own.isEmpty { head.setProcesses(own) }
        parts[id] = try Part(number: id, open: open, head)
      }
      let trials = reader.hasTrials ? reader.trials : nil
      all.add(weight: event.weight, trials: trials)
      parts[id]?.sums.add(weight: event.weight, process: id, trials: trials)
      guard let writer = parts[id]?.writer else { return nil }
      return (writer, nil)
    }
    let earlier = SelectionRecord(in: reader.tailBytes)
    for part in parts.values.sorted(by: { $0.number < $1.number }) {
      var from = earlier?.from ?? all
      // XSECUP is that of the process, and so is the sum that it belongs to.
      from.weight = earlier?.processes[part.number]?.weight ?? part.sums.all.weight
      let record = SelectionRecord(
        kept: part.writer.events, from: from, of: earlier.map(\.of) ?? all)
      try part.writer.startLine()
      let isOnly = parts.count == 1
      if let tail {
        try part.writer.finish(
          tail: isOnly ? tail : SelectionRecord.removed(from: tail), record: isOnly ? nil : record)
      } else {
        try part.writer.finishHere(record: record)
      }
    }
    return parts.keys.sorted()
  }

  private struct Part {
    var number: Int
    var writer: LHEDocumentWriter
    var sums = SelectionRecord.ByProcess()

    init(number: Int, open: (Int) throws -> TextOutput, _ head: HeadEdit) throws {
      self.number = number
      writer = try LHEDocumentWriter(open(number), head: head)
    }

    func record(of whole: SelectionRecord.Sums?, _ earlier: SelectionRecord?) -> SelectionRecord? {
      if let earlier { return earlier.narrowed(kept: writer.events, seen: writer.events) }
      let record = SelectionRecord(kept: writer.events, from: sums, of: whole)
      return record.isComplete ? nil : record
    }
  }
}
