import Diagnostics
import EventIO
import EventModel

/// Joins Les Houches files with their cross sections: runs of one process are averaged, different processes add.
///
/// Reads every input twice: counts and sums first, since the head comes before the events.
public struct LHEMerge {
  public enum Mode: Sendable, Equatable {
    /// Runs of one process where the process ids are the same, different processes where none is shared.
    case byProcesses
    /// The files hold different processes; ids that clash are an error, or get new numbers.
    case different(renumbering: Bool)
  }

  private let inputs: [LHEMergeInput]
  private let isStack: Bool
  private let renumbers: Bool
  /// Parts of one sample, by their records: nothing is averaged.
  private let areParts: Bool
  private let options: LHEReader.Options

  /// Reads the inputs to their ends and compares them.
  public init(
    _ paths: [String], mode: Mode = .byProcesses, options: LHEReader.Options, journal: Journal
  ) throws {
    self.options = options
    inputs = try paths.map { try LHEMergeInput($0, options, journal) }
    guard let first = inputs.first else {
      throw Problem(.usage, "there is nothing to merge", remedy: "name two files or more")
    }
    let isSaidDifferent = mode != .byProcesses
    for (i, input) in inputs.enumerated() {
      if let twin = inputs[..<i].first(where: { $0.isSame(as: input) }) {
        throw Problem(
          .data, "this holds the same events as \(twin.name)", remedy: "give every event once",
          file: input.name)
      }
      let isStacked = isSaidDifferent || input.processIDs.isDisjoint(with: first.processIDs)
      try first.checkAgrees(with: input, areProcessesDifferent: isStacked)
    }
    switch mode {
    case .byProcesses:
      let same = inputs.allSatisfy { $0.processIDs == first.processIDs }
      isStack = !same
      renumbers = false
      if same {
        for input in inputs.dropFirst() {
          guard let difference = first.processDifference(to: input) else { continue }
          throw Problem(
            .data, "this is another process of the same number: \(difference)",
            remedy: "add --different --renumber, so that their cross sections add",
            file: input.name)
        }
      }
      if !same, let clash = Self.clash(inputs) {
        throw Problem(
          .data, "process \(clash.id) is in \(clash.other) too, but other processes are not",
          remedy: "add --different --renumber if the files hold different processes",
          file: clash.file)
      }
    case .different(let renumbering):
      isStack = true
      renumbers = renumbering
      if !renumbering, let clash = Self.clash(inputs) {
        throw Problem(
          .data, "process \(clash.id) is in \(clash.other) too",
          remedy: "give new numbers with --renumber", file: clash.file)
      }
    }
    var contents = ContentSamples()
    for input in inputs { try contents.add(input.contents, of: input.name, journal: journal) }
    areParts = inputs.count > 1 && inputs.allSatisfy { $0.isPart(ofSampleOf: first) }
    if !isStack, !areParts { warnOfDifferentCrossSections(journal) }
  }

  private static func clash(_ inputs: [LHEMergeInput]) -> (id: Int, file: String, other: String)? {
    for (i, input) in inputs.enumerated() {
      for other in inputs[..<i] {
        if let id = input.processIDs.intersection(other.processIDs).min() {
          return (id, input.name, other.name)
        }
      }
    }
    return nil
  }

  private func warnOfDifferentCrossSections(_ journal: Journal) {
    guard let a = inputs.first?.head.initBlock?.crossSection else { return }
    for input in inputs.dropFirst() {
      guard let b = input.head.initBlock?.crossSection else { continue }
      let error = (a.error * a.error + b.error * b.error).squareRoot()
      if abs(a.value - b.value) > 5 * error + 0.01 * abs(a.value) {
        journal.warn(
          "merge \(input.name)",
          "\(input.name): its cross section is \(Normalisation.text(b.value)) pb and that of \(inputs[0].name) \(Normalisation.text(a.value)) pb; they are averaged as runs of one process; are they different processes (--different)?"
        )
      }
    }
  }

  /// Name and key of each input, for provenance.
  public var provenance: [(name: String, digest: String)] {
    inputs.map { ($0.name, XXH64.hex($0.key)) }
  }

  // MARK: Writing

  public func write(to output: TextOutput, history: ProvenanceRecord?) throws {
    var head = HeadEdit(inputs[0].headBytes)
    let numbers = newProcessIDs()
    head.setProcesses(processes(numbers))
    if let history { head.add(history, details: areParts ? [] : inputs.map(\.element)) }
    let writer = try LHEDocumentWriter(output, head: head)
    for (i, input) in inputs.enumerated() {
      let reader = try input.reopened(options)
      if i > 0 { try writer.startLine() }
      let edit = MergeEdit(scale: scale(of: input), processes: numbers[i], reader.head)
      let leading = i > 0 ? Self.leading(input.headBytes, after: inputs[0].headBytes) : nil
      _ = try reader.distribute(leading: leading) { event in
        (writer, edit.isNeeded ? edit.apply(to: reader.eventBytes, event) : nil)
      }
      guard reader.eventCount == input.sums.count else {
        throw Problem(.data, "the file changed while it was read", file: input.name)
      }
    }
    try writer.startLine()
    // What stands after the events of a run (a generator's last random numbers) is that of the last file.
    let tail = SelectionRecord.removed(from: Gap(inputs[inputs.count - 1].tailBytes).rest)
    try writer.finish(tail: tail, record: record)
  }

  /// What a later input has between `<init>` and its first event, beyond what the first one has there.
  private static func leading(_ head: [UInt8], after first: [UInt8]) -> [UInt8]? {
    func preamble(_ head: [UInt8]) -> ArraySlice<UInt8> {
      head[(HeadEdit(head).elements("<init", "</init>").last?.upperBound ?? head.count)...]
    }
    let (own, common) = (preamble(head), preamble(first))
    let rest = common[..<(common.startIndex + LHEDocumentWriter.indent(of: Array(common)))]
    return own.starts(with: rest) ? Array(own.dropFirst(rest.count)) : nil
  }

  /// For each input its process ids and the new ones.
  private func newProcessIDs() -> [[Int: Int]] {
    var next = 1
    return inputs.map { input in
      guard renumbers else { return [:] }
      var numbers: [Int: Int] = [:]
      for id in input.declaredIDs {
        numbers[id] = next
        next += 1
      }
      return numbers
    }
  }

  /// The lines of `<init>`: averages weighted by events, or one after the other.
  private func processes(_ numbers: [[Int: Int]]) -> [InitBlock.Process] {
    let lists = inputs.map { $0.head.initBlock?.processes ?? [] }
    if isStack {
      return zip(lists, numbers).flatMap { list, numbers in
        list.map { process in
          var copy = process
          copy.id = numbers[process.id] ?? process.id
          return copy
        }
      }
    }
    guard !areParts, inputs.allSatisfy({ $0.head.initBlock?.crossSection != nil }) else {
      return lists[0]
    }
    let total = inputs.reduce(0) { $0 + $1.generated }
    return lists[0].map { first in
      var merged = first
      let runs = zip(inputs, lists).compactMap { input, list in
        list.first { $0.id == first.id }.map { (share: input.generated / total, process: $0) }
      }
      merged.crossSection = runs.reduce(0) { $0 + $1.share * $1.process.crossSection }
      merged.error = runs.reduce(0) {
        $0 + $1.share * $1.share * $1.process.error * $1.process.error
      }.squareRoot()
      merged.maximum = runs.map(\.process.maximum).max() ?? first.maximum
      return merged
    }
  }

  /// What the weights of one input are multiplied by, so that the merged file means what its parts mean.
  ///
  /// With f the pb of a unit of weight and n the generated events of an input, an event is to count f n/N in an average and
  /// f in a sum of processes; the merged file's own rule counts it F.
  private func scale(of input: LHEMergeInput) -> Double {
    if areParts { return 1 }
    let total = inputs.reduce(0) { $0 + $1.generated }
    switch input.meaning {
    case .average: return isStack ? total / input.generated : 1
    case .trials:
      let trials = inputs.reduce(0) { $0 + $1.trials }
      return isStack ? trials / input.trials : 1
    case .sum: return isStack ? 1 : input.generated / total
    case .eachProcess: return 1
    case .declared:
      // With IDWTUP 1 and 2 each process of several is scaled to its own XSECUP.
      let head = input.head
      let isByProcess =
        head.runCard?.eventNorm == nil && abs(head.initBlock?.weightStrategy ?? 0) != 3
      guard isStack, !isByProcess else { return 1 }
      // Only the ratio between the files matters; weights that agree already stay.
      let factors = inputs.map(\.factor)
      let isEqual = factors.allSatisfy { abs($0 - factors[0]) <= 1e-9 * abs(factors[0]) }
      return isEqual ? 1 : input.factor
    }
  }

  /// Nil where the inputs, or what they were cut from, are whole.
  private var record: SelectionRecord? {
    guard inputs.contains(where: { $0.selection != nil }) else { return nil }
    var from = SelectionRecord.Sums()
    var of = SelectionRecord.Sums()
    var isOfKnown = true
    for input in inputs {
      let scale = scale(of: input)
      from.add(input.selection?.from ?? input.ownSums, scale)
      if let whole = input.selection == nil ? input.ownSums : input.selection?.of {
        of.add(whole, scale)
      } else {
        isOfKnown = false
      }
    }
    if areParts, let whole = inputs[0].selection?.of {
      of = whole
      // The processes of one sample were each selected from all its events.
      if isStack, from.events > whole.events {
        from.events = whole.events
        from.trials = whole.trials
      }
    }
    let kept = inputs.reduce(0) { $0 + $1.sums.count }
    let record = SelectionRecord(
      kept: kept, from: from, of: isOfKnown ? of : nil, processes: selectedProcesses)
    return record.isComplete ? nil : record
  }
}

extension LHEMerge {
  /// What the events were selected from, by process; empty where an input does not say, or processes get new numbers.
  private var selectedProcesses: [Int: SelectionRecord.Sums] {
    guard !renumbers else { return [:] }
    var result: [Int: SelectionRecord.Sums] = [:]
    for input in inputs {
      let own = input.processSums
      guard !own.isEmpty else { return [:] }
      for (id, sums) in own { result[id, default: .init()].add(sums, scale(of: input)) }
    }
    return result
  }
}

/// New weights and process numbers in one event's text; every other byte stays.
private struct MergeEdit {
  let scale: Double
  let processes: [Int: Int]
  private let declared: [String]

  init(scale: Double, processes: [Int: Int], _ head: LHEHead) {
    self.scale = scale
    self.processes = processes.filter { $0.key != $0.value }
    declared = head.weights.map(\.id)
  }

  var isNeeded: Bool { scale != 1 || !processes.isEmpty }

  func apply(to text: UnsafeRawBufferPointer, _ event: ParticleEvent) -> [UInt8] {
    let parts = EventParts(text, EventParts.Reader(declared: declared))
    var changes: [(range: Range<Int>, text: String)] = []
    if let number = processes[event.processID] { changes.append((parts.process, "\(number)")) }
    if scale != 1 {
      changes.append((parts.eventWeight, EventFormat.real(event.weight * scale)))
      for weight in parts.weights + parts.positional {
        changes.append((weight.text, EventFormat.real(weight.value * scale)))
      }
    }
    var bytes = Array(text)
    for change in changes.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
      bytes.replaceSubrange(change.range, with: Array(change.text.utf8))
    }
    return bytes
  }
}
