import Diagnostics
import EventIO
import EventModel

/// What a Les Houches file holds, counted event by event: what `events info` tells.
public struct LHESummary: Sendable {
  /// `proton proton`, and what is entered and left in one kind of event.
  public struct Channel: Sendable, Hashable {
    public var incoming: [Int32]
    public var outgoing: [Int32]
  }
  public struct Process: Sendable {
    public var id: Int
    /// As `<init>` has it; nil for a process that is not declared.
    public var declared: InitBlock.Process?
    public var events = 0
  }
  public struct Weight: Sendable {
    public var id: String
    public var group: String?
    public var text: String
    public var isDeclared: Bool
    public var events = 0
    /// Of the weight over XWGTUP.
    public var minimumRatio = Double.infinity
    public var maximumRatio = -Double.infinity
    public var sum = 0.0
    /// Most significant digits of its text in the first thousand events.
    public var digits = 0
  }
  public struct Attribute: Sendable {
    public var name: String
    public var events = 0
    public var example: String
  }

  public let name: String
  public let head: LHEHead
  /// Of the root element.
  public let version: String
  public private(set) var sums = WeightSums()
  /// What the file says of the sample that its events were selected from.
  public private(set) var selection: SelectionRecord?
  public private(set) var processes: [Process] = []
  public private(set) var channels: [(channel: Channel, events: Int)] = []
  public private(set) var weights: [Weight] = []
  public private(set) var attributes: [Attribute] = []
  public let history: [ProvenanceRecord]
  public private(set) var salvaged: Problem?
  /// Digits of XWGTUP.
  public private(set) var weightDigits = 0
  /// Nil where the file does not say what its weights mean and `<init>` cannot help.
  public private(set) var normalisation: Normalisation?
  /// What the rule says about `<init>`, or why there is none.
  public private(set) var remarks: [String] = []

  /// pb.
  public var crossSection: Double? { normalisation.map { $0.scaled(sums).sum } }
  /// The cross section of one process by its weights [pb].
  public func crossSection(ofProcess id: Int) -> Double? {
    guard let normalisation else { return nil }
    let parts = normalisation.scaled(sums).parts.filter { $0.process == id }
    return parts.reduce(0) { $0 + $1.sum }
  }

  /// Channels beyond this number are counted together.
  static let channelLimit = 4096

  /// Reads all events.
  public init(_ reader: LHEReader, journal: Journal) throws {
    name = reader.name
    head = reader.head
    version = reader.head.version ?? ""
    history = HeadEdit.history(in: reader.headBytes)
    processes = (head.initBlock?.processes ?? []).map { Process(id: $0.id, declared: $0) }
    weights = head.weights.map {
      Weight(id: $0.id, group: $0.group, text: $0.text, isDeclared: true)
    }
    var slots = Dictionary(
      weights.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var counts: [Channel: Int] = [:]
    var event = ParticleEvent()
    let parts = EventParts.Reader(head)
    while try reader.next(into: &event) {
      sums.add(
        event.weight, process: event.processID, document: reader.documents.count - 1,
        trials: reader.ownTrials)
      if reader.eventCount & 0xFFF == 0 { journal.progress("events of \(name)", reader.eventCount) }
      count(event)
      let channel = Channel(event)
      if counts.count < Self.channelLimit || counts[channel] != nil {
        counts[channel, default: 0] += 1
      }
      let text = reader.eventBytes
      add(EventParts(text, parts), event, text, reader.eventCount, &slots)
    }
    channels = counts.map { ($0.key, $0.value) }.sorted {
      $0.events != $1.events ? $0.events > $1.events : $0.channel.text < $1.channel.text
    }
    let listed = channels.reduce(0) { $0 + $1.events }
    if listed < sums.count {
      remarks.append(
        "\(sums.count - listed) events are of channels beyond the first \(Self.channelLimit)")
    }
    remarks += head.remarks
    salvaged = reader.salvaged
    selection = reader.selection
    sums.selected = selection?.selected(head)
    normalise(reader.documents)
  }

  private mutating func normalise(_ documents: [LHEHead]) {
    guard sums.count > 0 else { return }
    let own = Journal()
    do {
      let rule = try Normalisation(
        head: head, documents: documents, sums: sums, isStrict: false, file: name, journal: own)
      normalisation = rule
      if selection == nil {
        try rule.check(sums: sums, file: name, journal: own, isStrict: false)
      }
    } catch let problem as Problem {
      remarks.append(problem.fact)
    } catch {}
    remarks += own.warnings.map { warning in
      warning.text.hasPrefix(name + ": ")
        ? String(warning.text.dropFirst(name.count + 2)) : warning.text
    }
  }

  private mutating func count(_ event: ParticleEvent) {
    let i = processes.firstIndex { $0.id == event.processID } ?? processes.count
    if i == processes.count { processes.append(Process(id: event.processID)) }
    processes[i].events += 1
  }

  private mutating func add(
    _ parts: EventParts, _ event: ParticleEvent, _ text: UnsafeRawBufferPointer, _ number: Int,
    _ slots: inout [String: Int]
  ) {
    let measures = number <= 1000
    func digits(_ range: Range<Int>) -> Int {
      guard measures, let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
        return 0
      }
      return NumberReader.significantDigits(
        from: base + range.lowerBound, to: base + range.upperBound)
    }
    weightDigits = max(weightDigits, digits(parts.eventWeight))
    for (attribute, value) in parts.attributes {
      let i = attributes.firstIndex { $0.name == attribute } ?? attributes.count
      if i == attributes.count { attributes.append(Attribute(name: attribute, example: value)) }
      attributes[i].events += 1
    }
    for weight in parts.all {
      let slot = slots[weight.id] ?? weights.count
      if slot == weights.count {
        slots[weight.id] = slot
        weights.append(Weight(id: weight.id, group: nil, text: "", isDeclared: false))
      }
      weights[slot].events += 1
      weights[slot].sum += weight.value
      weights[slot].digits = max(weights[slot].digits, digits(weight.text))
      guard event.weight != 0 else { continue }
      let ratio = weight.value / event.weight
      weights[slot].minimumRatio = min(weights[slot].minimumRatio, ratio)
      weights[slot].maximumRatio = max(weights[slot].maximumRatio, ratio)
    }
  }

  /// Lines of the run card that say how the events were made, in the order asked for.
  public static func runCardValues(
    _ names: [String], in reader: LHEReader
  ) -> [(name: String, value: String)] {
    let card = reader.headBytes.withUnsafeBufferPointer { buffer -> String? in
      buffer.baseAddress.flatMap { HeadBlocks(from: $0, to: $0 + buffer.count).runCard }
    }
    let entries = RunCard.entries(card ?? "")
    return names.compactMap { name in entries.last { $0.name == name } }
  }
}

extension LHESummary.Channel {
  /// What enters, and what is final, each in the order of the numbers.
  init(_ event: ParticleEvent) {
    incoming = event.particles.filter { $0.status == -1 }.map(\.pdgID)
    outgoing = event.particles.filter { $0.status == 1 }.map(\.pdgID).sorted()
  }

  /// `u d~ > e+ nu_e b b~`
  public var text: String {
    func names(_ ids: [Int32]) -> String { ids.map(ParticleName.of).joined(separator: " ") }
    return names(incoming) + " > " + names(outgoing)
  }
}

/// MadGraph's names of the standard model's particles; others are their numbers.
public enum ParticleName {
  private static let names: [Int32: (particle: String, antiparticle: String)] = [
    1: ("d", "d~"), 2: ("u", "u~"), 3: ("s", "s~"), 4: ("c", "c~"), 5: ("b", "b~"),
    6: ("t", "t~"), 11: ("e-", "e+"), 12: ("ve", "ve~"), 13: ("mu-", "mu+"), 14: ("vm", "vm~"),
    15: ("ta-", "ta+"), 16: ("vt", "vt~"), 21: ("g", "g"), 22: ("a", "a"), 23: ("z", "z"),
    24: ("w+", "w-"), 25: ("h", "h"), 2212: ("p", "p~"), 2112: ("n", "n~"), 111: ("pi0", "pi0"),
    211: ("pi+", "pi-"),
  ]
  public static func of(_ id: Int32) -> String {
    guard id != .min, let name = names[abs(id)] else { return "\(id)" }
    return id > 0 ? name.particle : name.antiparticle
  }
}
