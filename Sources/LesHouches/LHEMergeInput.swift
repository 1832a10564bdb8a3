import Diagnostics
import EventIO
import EventModel

/// One file to be merged, read once to its end.
struct LHEMergeInput {
  /// What a file's weights mean.
  enum Meaning: Equatable {
    case average, sum, trials, declared
    /// Each process by itself, whatever else is in the file.
    case eachProcess
  }

  let name: String
  private let path: String
  let head: LHEHead
  let headBytes: [UInt8]
  let tailBytes: [UInt8]
  let key: UInt64
  private(set) var sums = WeightSums()
  let selection: SelectionRecord?
  let meaning: Meaning
  /// pb of a unit of weight.
  let factor: Double
  /// True where an event has `<weights>`, whose values go by the order of the declarations.
  private var hasPositional = false
  /// Which events there are, and what leaves them.
  private(set) var contents = ContentSample()
  private var finalStates = FinalStates()
  /// Sums of the hashes of the events' bytes.
  private var content: UInt64 = 0

  init(_ path: String, _ options: LHEReader.Options, _ journal: Journal) throws {
    guard path != "-" else {
      throw Problem(
        .usage, "files that are merged are read twice, and standard input cannot be",
        remedy: "write it to a file first")
    }
    self.path = path
    let reader = try LHEReader(ByteReader.events(path: path), options)
    name = reader.name
    head = reader.head
    headBytes = reader.headBytes
    key = reader.sampleKey
    var event = ParticleEvent()
    while try reader.next(into: &event) {
      sums.add(
        event.weight, process: event.processID, trials: reader.ownTrials)
      var hash = XXH64()
      let text = reader.eventBytes
      hash.update(text)
      if !hasPositional, let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self) {
        hasPositional = Bytes.find("<weights", from: base, to: base + text.count) != nil
      }
      content &+= hash.value
      contents.add(event.contentKey)
      finalStates.add(event)
    }
    tailBytes = reader.tailBytes
    guard sums.count > 0 else {
      throw Problem(.data, "there is no event in the file", file: path)
    }
    selection = reader.selection
    sums.selected = selection?.selected(head)
    // Rules without a cross section are still rules for merging.
    let own = Journal()
    let rule = try? Normalisation(head: head, sums: sums, file: path, journal: own)
    factor = rule?.factor ?? 1
    meaning = Self.meaning(rule?.rule ?? "XSECUP")
  }

  private static func meaning(_ rule: String) -> Meaning {
    if rule.contains("of each process") { return .eachProcess }
    if rule.hasPrefix("average") { return .average }
    if rule.hasPrefix("sum over trials") { return .trials }
    if rule.hasPrefix("XSECUP") { return .declared }
    return .sum
  }

  /// Events that the weights are an average over.
  var generated: Double { selection?.from.events ?? Double(sums.count) }
  var trials: Double { selection?.from.trials ?? sums.trials ?? generated }
  var ownSums: SelectionRecord.Sums {
    var own = SelectionRecord.Sums()
    own.events = Double(sums.count)
    own.weight = sums.sum
    own.trials = sums.trials
    return own
  }

  /// What the events were selected from, or they themselves, by process; empty where that is not known.
  var processSums: [Int: SelectionRecord.Sums] {
    guard let selection else {
      var own: [Int: SelectionRecord.Sums] = [:]
      for part in sums.parts {
        own[part.process, default: .init()].add(part.asSelected, 1)
      }
      return own
    }
    if selection.processes.isEmpty, declaredIDs.count == 1 {
      return [declaredIDs[0]: selection.from]
    }
    return selection.processes
  }

  /// In the order of `<init>`.
  var declaredIDs: [Int] { head.initBlock?.processes.map(\.id) ?? [] }
  var processIDs: Set<Int> { Set(declaredIDs) }

  func reopened(_ options: LHEReader.Options) throws -> LHEReader {
    try LHEReader(ByteReader.events(path: path), options)
  }

  /// True for the same events, in any order and under any head.
  func isSame(as other: LHEMergeInput) -> Bool {
    content == other.content && sums.count == other.sums.count
  }

  /// What makes two files with the same process ids different processes; nil where nothing does.
  func processDifference(to other: LHEMergeInput) -> String? {
    if let own = head.processCard, let card = other.head.processCard,
      !own.commands.isEmpty, !card.commands.isEmpty
    {
      return own.difference(to: card).map {
        "its process card has \($0.other), and that of \(name) \($0.own)"
      }
    }
    guard finalStates.areApart(from: other.finalStates) else { return nil }
    return
      "its events are like \(other.finalStates.example), and those of \(name) like \(finalStates.example)"
  }

  /// True if both are cut from one sample and hold events by their place only.
  func isPart(ofSampleOf other: LHEMergeInput) -> Bool {
    guard let own = selection, let first = other.selection, let whole = own.of else { return false }
    func frame(_ head: LHEHead) -> [Double] {
      head.initBlock.map { $0.beams.map(Double.init) + $0.energies + [Double($0.weightStrategy)] }
        ?? []
    }
    guard whole == first.of, frame(head) == frame(other.head) else { return false }
    let isDisjoint = processIDs.isDisjoint(with: other.processIDs)
    return isDisjoint || head.initBlock == other.head.initBlock
  }

  /// One line for the history: what the merged head cannot hold twice.
  var element: String {
    var text = "<sluice-input name=\"\(XMLText.escaped(name))\" events=\"\(sums.count)\""
    if let declared = head.initBlock?.crossSection {
      text += " cross-section=\"\(declared.value)\" error=\"\(declared.error)\""
    }
    let card = headBytes.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { HeadBlocks(from: $0, to: $0 + buffer.count).runCard }
    }
    if let seed = RunCard.entries(card ?? "").last(where: { $0.name == "iseed" })?.value {
      text += " seed=\"\(XMLText.escaped(seed))\""
    }
    return text + "/>"
  }

  /// Throws where two files cannot be one sample, whatever their processes are.
  func checkAgrees(with other: LHEMergeInput, areProcessesDifferent: Bool) throws {
    func problem(_ fact: String, _ remedy: String? = nil) -> Problem {
      Problem(.data, fact + " in \(name)", remedy: remedy, file: other.name)
    }
    guard let a = head.initBlock, let b = other.head.initBlock else {
      throw Problem(
        .data, "<init> is missing or has not its ten numbers",
        file: head.initBlock == nil ? name : other.name)
    }
    guard a.beams == b.beams, a.energies == b.energies else {
      throw problem(
        "the beams are \(b.beams) at \(b.energies) GeV, and \(a.beams) at \(a.energies) GeV")
    }
    if let fact = head.cardDifference(to: other.head, commonOnly: areProcessesDifferent) {
      throw Problem(
        .data, "it is not of the same sample as \(name): \(fact)",
        remedy: "give both to lhe-read, each with its benchmark: --sample BENCHMARK:FILE",
        file: other.name)
    }
    guard a.weightStrategy == b.weightStrategy else {
      throw problem("IDWTUP is \(b.weightStrategy), and \(a.weightStrategy)")
    }
    guard meaning == other.meaning, head.runCard?.eventNorm == other.head.runCard?.eventNorm else {
      throw problem(
        "event_norm is \(other.head.runCard?.eventNorm ?? "not given"), and \(head.runCard?.eventNorm ?? "not given")",
        "make the samples with one event_norm")
    }
    let (x, y) = (head.weights.map(\.id), other.head.weights.map(\.id))
    if let id = Set(x).symmetricDifference(y).min() {
      throw Problem(
        .data, "weight '\(id)' is declared in \(x.contains(id) ? name : other.name) only",
        remedy: "keep the weights that all have with 'events convert --weights ID,ID'",
        file: other.name)
    }
    guard x == y || !(hasPositional || other.hasPositional) else {
      throw problem(
        "weights are declared in another order than",
        "values of <weights> go by that order: reweight with one card")
    }
  }
}
