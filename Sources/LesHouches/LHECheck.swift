import CExpat
import Diagnostics
import EventIO
import EventModel

/// One kind of thing that is wrong with a file: how often, and where first.
public struct LHEFinding: Sendable, Equatable {
  /// One of `kinds`.
  public var kind: String
  public static let kinds = [
    "momentum", "mass", "energy", "colour", "colour charge", "mother", "status", "process",
    "weight missing", "weight undeclared", "weight twice", "weight text", "not finite", "repeated",
    "trials", "declared", "declared events", "declared twice", "cross section", "truncated",
  ]
  public var count: Int
  /// Event from 1; nil for the file as a whole.
  public var event: Int?
  /// What is wrong, in the first place.
  public var fact: String
  /// `event 3 (byte 4711)`.
  var place: String?

  /// `in 3 events, first in event 12 (byte 4711): …`.
  public var line: String {
    guard let place else { return fact }
    return count == 1 ? "\(place): \(fact)" : "\(count) events, first \(place): \(fact)"
  }
}

/// Physics and bookkeeping of Les Houches events, in one pass and constant memory.
public struct LHECheck {
  /// How far numbers may be off, beyond what the digits written explain.
  public struct Tolerance: Sendable {
    /// Of the energies that enter.
    public var relative = 1e-6
    /// GeV.
    public var absolute = 1e-6
    /// Those of the mass shell, where they differ.
    public var massRelative: Double?
    public var massAbsolute: Double?
    /// Kinds of findings that are not looked for.
    public var skipped: Set<String> = []
    public init() {}
  }
  public private(set) var findings: [LHEFinding] = []
  /// What could not be checked, and why.
  public private(set) var notes: [String] = []
  public private(set) var events = 0

  private var skipped: Set<String> = []
  private var sums = WeightSums()
  private var withIncoming = 0
  private var withWeights = 0

  /// Reads all events; throws where the text is broken.
  public init(_ reader: LHEReader, tolerance: Tolerance = Tolerance(), journal: Journal) throws {
    reader.acceptsNonFinite = true
    skipped = tolerance.skipped
    var event = ParticleEvent()
    let parts = EventParts.Reader(reader.head)
    let declared = Self.declaredProcesses(reader.head)
    var seen = SeenEvents()
    var digits = MomentumDigits()
    let ids = Set(reader.head.weights.map(\.id))
    while try reader.next(into: &event) {
      if events < 100 { digits.look(at: reader.eventBytes, particles: event.particles.count) }
      events += 1
      if events & 0xFFF == 0 { journal.progress("events of \(reader.name)", events) }
      let place = reader.place
      let finite = checkFinite(event, place)
      if finite {
        let physics = EventPhysics(event, tolerance, rounding: digits.rounding)
        if physics.hasIncoming { withIncoming += 1 }
        for (kind, fact) in physics.facts { add(kind, place, fact) }
      }
      if let declared, !declared.contains(event.processID) {
        add("process", place, "process \(event.processID) is not declared in <init>")
      }
      checkWeights(EventParts(reader.eventBytes, parts), reader.eventBytes, ids, place)
      if seen.isRepeated(reader.eventBytes) { add("repeated", place, "the event was there before") }
      sums.add(
        event.weight, process: event.processID, document: reader.documents.count - 1,
        trials: reader.ownTrials)
    }
    if let problem = reader.salvaged { add("truncated", nil, problem.line) }
    if seen.isFull {
      notes.append("repeated events are looked for among the first \(SeenEvents.limit) events")
    }
    if events > 0, withIncoming == 0 {
      notes.append("no event has incoming particles: conservation of momentum is not checked")
    }
    checkHead(reader, journal)
  }

  private mutating func add(_ kind: String, _ place: String?, _ fact: String) {
    guard !skipped.contains(kind) else { return }
    if let i = findings.firstIndex(where: { $0.kind == kind }) {
      findings[i].count += 1
    } else {
      findings.append(
        LHEFinding(
          kind: kind, count: 1, event: place == nil ? nil : events, fact: fact, place: place))
    }
  }

  /// Nil where `<init>` is missing or lists nothing.
  private static func declaredProcesses(_ head: LHEHead) -> Set<Int>? {
    guard let processes = head.initBlock?.processes, !processes.isEmpty else { return nil }
    return Set(processes.map(\.id))
  }

  private mutating func checkFinite(_ event: ParticleEvent, _ place: String) -> Bool {
    if !event.weight.isFinite {
      add("not finite", place, "the event weight (XWGTUP) is \(event.weight)")
      return false
    }
    for (i, particle) in event.particles.enumerated() {
      let p = particle.momentum
      if (p.px + p.py + p.pz + p.e + particle.mass) * 0 != 0 {
        add("not finite", place, "the momentum of particle \(i + 1) is not finite")
        return false
      }
    }
    return true
  }

  private mutating func checkWeights(
    _ parts: EventParts, _ text: UnsafeRawBufferPointer, _ ids: Set<String>, _ place: String
  ) {
    let all = parts.all
    if !all.isEmpty { withWeights += 1 }
    // Without a number between its tags a weight is missing, which readers take.
    if let weight = all.first(where: { !$0.value.isFinite && $0.isNumber && !$0.text.isEmpty }) {
      add("not finite", place, "weight '\(weight.id)' is \(weight.value)")
    }
    if let weight = all.first(where: { !$0.isNumber }) {
      let bytes = UnsafeRawBufferPointer(rebasing: text[weight.text])
      add(
        "weight text", place,
        "weight '\(weight.id)' is '\(String(decoding: bytes.prefix(40), as: UTF8.self))', not a number"
      )
    }
    let present = Set(all.map(\.id))
    if present.count < all.count { add("weight twice", place, "a weight id is there twice") }
    guard !ids.isEmpty else { return }
    let missing = ids.subtracting(present)
    if let first = missing.min() {
      add(
        "weight missing", place,
        missing.count == ids.count
          ? "none of the \(ids.count) declared weights is there"
          : "\(missing.count) of \(ids.count) declared weights are missing, such as '\(first)'")
    }
    // Values of <weights> have no ids, so only those of <wgt> can be strangers.
    if let stranger = parts.weights.first(where: { !ids.contains($0.id) }) {
      add("weight undeclared", place, "weight '\(stranger.id)' is not declared in <initrwgt>")
    }
  }

  // MARK: The file as a whole

  private mutating func checkHead(_ reader: LHEReader, _ journal: Journal) {
    let head = reader.head
    let record = SelectionRecord(in: reader.tailBytes)
    if let block = head.initBlock {
      if block.processes.count != block.declaredProcesses {
        add(
          "declared", nil,
          "<init> announces \(block.declaredProcesses) processes and lists \(block.processes.count)"
        )
      }
    } else {
      add("declared", nil, "<init> is missing or has not its ten numbers")
    }
    if let record, record.kept != events {
      add(
        "declared events", nil,
        "the record of a selection says \(record.kept) events and there are \(events)")
    }
    let whole = record.map { Int(($0.of ?? $0.from).events) } ?? events
    let isOne = reader.documents.count == 1
    if let asked = head.runCard?.requestedEvents, asked != whole, isOne,
      record == nil || record?.of != nil
    {
      add(
        "declared events", nil,
        "the run card asks for \(asked) events and there are \(whole)")
    }
    for remark in head.remarks { add("declared twice", nil, remark) }
    if let fault = sums.trialsFault { add("trials", nil, fault) }
    noteForm(reader.headBytes)
    guard events > 0, !findings.contains(where: { $0.kind == "not finite" }) else { return }
    let own = Journal()
    do {
      sums.selected = record?.selected(head)
      let rule = try Normalisation(
        head: head, documents: reader.documents, sums: sums, file: "", journal: own)
      if record == nil { try rule.check(sums: sums, file: "", journal: own) }
      for warning in own.warnings { add("cross section", nil, Self.withoutFile(warning.text)) }
    } catch let problem as Problem {
      if sums.trialsFault == nil { add("cross section", nil, problem.fact) }
    } catch {}
  }

  /// Many heads are no XML, and are read all the same; other programs may not.
  private mutating func noteForm(_ head: [UInt8]) {
    guard let parser = XML_ParserCreate(nil) else { return }
    defer { XML_ParserFree(parser) }
    let isWell = head.withUnsafeBytes { bytes -> Bool in
      guard let base = bytes.baseAddress, bytes.count <= Int32.max else { return true }
      return XML_Parse(
        parser, base.assumingMemoryBound(to: CChar.self), Int32(bytes.count), 0) == XML_STATUS_OK
    }
    guard !isWell else { return }
    let fault = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "error"
    notes.append(
      "the head is no well-formed XML: \(fault) in line \(XML_GetCurrentLineNumber(parser))")
  }

  private static func withoutFile(_ text: String) -> String {
    text.hasPrefix(": ") ? String(text.dropFirst(2)) : text
  }
}

/// Which events were there before, by a hash of their bytes: open addressing in at most 64 MiB.
struct SeenEvents {
  static let limit = 1 << 22
  private var slots = [UInt64](repeating: 0, count: 1 << 12)
  private var count = 0
  var isFull: Bool { count == Self.limit }

  mutating func isRepeated(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var hash = XXH64()
    hash.update(bytes)
    return isRepeated(hash.value | 1)
  }

  private mutating func isRepeated(_ key: UInt64) -> Bool {
    var i = place(key)
    while slots[i] != 0 {
      if slots[i] == key { return true }
      i = (i + 1) & (slots.count - 1)
    }
    guard count < Self.limit else { return false }
    slots[i] = key
    count += 1
    if count * 2 > slots.count, slots.count < 2 * Self.limit { grow() }
    return false
  }

  private func place(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key >> 8) & (slots.count - 1) }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for key in old where key != 0 {
      var i = place(key)
      while slots[i] != 0 { i = (i + 1) & (slots.count - 1) }
      slots[i] = key
    }
  }
}
