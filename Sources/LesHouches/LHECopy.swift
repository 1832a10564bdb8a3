import Diagnostics
import EventIO
import EventModel

/// Copies Les Houches events as they stand, or a selection of them: every byte that need not change stays.
public struct LHECopy {
  private let reader: LHEReader
  private let selection: LHESelection
  private let parts: EventParts.Reader

  /// Throws where the selection names a weight that the file declares not, while it declares others.
  public init(_ reader: LHEReader, selection: LHESelection = LHESelection()) throws {
    self.reader = reader
    self.selection = selection
    parts = EventParts.Reader(reader.head)
    var wanted = selection.nominal.map { [$0] } ?? []
    if case .ids(let ids) = selection.weights { wanted += ids }
    let declared = reader.head.weights.map(\.id)
    for new in selection.added + selection.declared where declared.contains(new.id) {
      throw Problem(
        .data, "a weight with the id '\(new.id)' is declared already", remedy: "choose another id",
        file: reader.name)
    }
    if selection.form == .weights, declared.isEmpty, selection.added.isEmpty {
      throw Problem(
        .data, "<weights> are in the order of declaration, and no weight is declared",
        remedy: "declare them with --declare-weight", file: reader.name)
    }
    for id in wanted where !declared.isEmpty && !declared.contains(id) {
      throw Problem(
        .data, "no weight has the id '\(id)'",
        remedy: Spelling.nearest(to: id, in: declared).map { "did you mean '\($0)'?" }
          ?? "'events info' lists the ids", file: reader.name)
    }
  }

  /// What became of the events.
  public struct Result: Sendable, Equatable {
    public var read = 0
    public var kept = 0
  }

  /// Writes head, events and tail and finishes the output. `history` is added to the head where anything changes.
  ///
  /// `limit` stops after so many events without reading the rest.
  public func write(
    to output: TextOutput, history: ProvenanceRecord?, limit: Int? = nil
  ) throws -> Result {
    var head = HeadEdit(reader.headBytes)
    if selection.changesAnything || limit != nil {
      if selection.weights != .all { head.keepWeights { selection.weights.keeps($0) } }
      head.declare(selection.declared + selection.added)
      if let history { head.add(history) }
    }
    let writer = try LHEDocumentWriter(output, head: head)
    var sums = SelectionSums()
    let isWhole = !selection.changesAnything && limit == nil
    let tail = try reader.distribute(limit: limit) { event in
      if !isWhole, reader.documents.count > 1 {
        throw Problem(
          .data, "a selection would be of several documents",
          remedy:
            "part them with 'events split --by document', select from each, and merge the results",
          file: reader.name, place: reader.place)
      }
      guard try isKept(event, &sums) else { return nil }
      return (writer, try changedText())
    }
    try finish(writer, tail: tail, sums)
    return Result(read: Int(sums.all.events), kept: sums.kept)
  }

  private func finish(
    _ writer: LHEDocumentWriter, tail: [UInt8]?, _ sums: SelectionSums
  ) throws {
    let changesWeights = selection.nominal != nil
    let record = sums.record(
      before: SelectionRecord(in: reader.tailBytes), isWhole: tail != nil,
      changesWeights: changesWeights)
    guard let tail else { return try writer.finishHere(record: record) }
    guard selection.isSelecting || changesWeights else {
      return try writer.finish(tail: tail, record: nil)
    }
    try writer.finish(tail: SelectionRecord.removed(from: tail), record: record)
  }

  /// Whether the current event is kept; counts it.
  private func isKept(_ event: ParticleEvent, _ sums: inout SelectionSums) throws -> Bool {
    let number = reader.eventCount
    let trials = reader.hasTrials ? reader.trials : nil
    sums.all.add(weight: event.weight, trials: trials)
    guard selection.ranges?.contains(number) ?? true,
      !(selection.excluded?.contains(number) ?? false)
    else { return false }
    sums.seen.add(weight: event.weight, process: event.processID, trials: trials)
    guard selection.processes?.contains(event.processID) ?? true else { return false }
    let id = Int64(bitPattern: event.contentKey)
    do {
      guard try selection.isKept?(event, number, id) ?? true else { return false }
    } catch var problem as Problem {
      problem.place = reader.place
      throw problem.inFile(reader.name)
    }
    sums.kept += 1
    return true
  }

  /// The current event's text with its changes; nil where there are none.
  private func changedText() throws -> [UInt8]? {
    guard selection.changesEvents else { return nil }
    let text = reader.eventBytes
    return try EventEdit(selection, EventParts(text, parts)).apply(to: text, reader)
  }
}

extension ExtraWeights {
  func keeps(_ id: String) -> Bool {
    switch self {
    case .all: true
    case .none: false
    case .ids(let ids): ids.contains(id)
    }
  }
}

/// The changes to one event's text.
private struct EventEdit {
  let selection: LHESelection
  let parts: EventParts

  init(_ selection: LHESelection, _ parts: EventParts) {
    self.selection = selection
    self.parts = parts
  }

  func apply(to text: UnsafeRawBufferPointer, _ reader: LHEReader) throws -> [UInt8] {
    var bytes = Array(text)
    let nominal = try selection.nominal.map { id -> [UInt8] in
      guard let weight = parts.find(id) else {
        throw Problem(
          .data, "the weight with id '\(id)' is missing", file: reader.name, place: reader.place)
      }
      return Array(bytes[weight.text])
    }
    if selection.form != nil || !selection.added.isEmpty {
      bytes = try rewritten(bytes, reader)
    } else if selection.weights != .all {
      let all = parts.weights + parts.positional
      let isBare = all.allSatisfy { !selection.weights.keeps($0.id) }
      let cuts =
        isBare
        ? parts.blocks + outside
        : all.filter { !selection.weights.keeps($0.id) }.map(\.element)
      bytes = Cut.lines(cuts, from: bytes)
    }
    // Weights stand after the head line, so its places are the same.
    if let nominal { bytes.replaceSubrange(parts.eventWeight, with: nominal) }
    return bytes
  }

  /// All weights that are kept, and those that are added, in one block at the end of the event; each as it is spelled.
  private func rewritten(_ bytes: [UInt8], _ reader: LHEReader) throws -> [UInt8] {
    var spelled = parts.all.filter { selection.weights.keeps($0.id) }.map { ($0.id, $0.text) }
    spelled += selection.added.map { ($0.id, parts.eventWeight) }
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    let form =
      selection.form ?? (parts.weights.isEmpty && !parts.positional.isEmpty ? .weights : .rwgt)
    var block = ""
    switch form {
    case .rwgt:
      block = "<rwgt>\n"
      for (id, range) in spelled {
        block += EventFormat.weight(id, text(range))
      }
      block += "</rwgt>\n"
    case .weights:
      let order =
        (reader.head.weights + selection.declared.map { WeightDeclaration(id: $0.id, text: "") })
        .map(\.id).filter { selection.weights.keeps($0) } + selection.added.map(\.id)
      let values = Dictionary(spelled) { first, _ in first }
      let known = try order.map { id -> String in
        guard let range = values[id] else {
          throw Problem(
            .data, "the weight with id '\(id)' is missing, and <weights> have no place for that",
            remedy: "write --weight-form rwgt", file: reader.name, place: reader.place)
        }
        return text(range)
      }
      if let stray = spelled.first(where: { !order.contains($0.0) })?.0 {
        throw Problem(
          .data, "the weight with id '\(stray)' is not declared, and <weights> are by declaration",
          remedy: "declare it with --declare-weight", file: reader.name, place: reader.place)
      }
      block = "<weights> \(known.joined(separator: " ")) </weights>\n"
    }
    var result = Cut.lines(parts.blocks + outside, from: bytes)
    let end = result.withUnsafeBufferPointer { buffer -> Int in
      guard let base = buffer.baseAddress else { return 0 }
      return Bytes.findLast("</event", from: base, to: base + buffer.count).map { $0 - base } ?? 0
    }
    if !spelled.isEmpty { result.insert(contentsOf: Array(block.utf8), at: end) }
    return result
  }

  /// Weights that stand in no `<rwgt>`.
  private var outside: [Range<Int>] {
    parts.weights.map(\.element).filter { weight in
      !parts.blocks.contains { $0.contains(weight.lowerBound) }
    }
  }
}
