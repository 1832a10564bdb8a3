import Diagnostics
import EventIO
import EventModel

/// Events of a Les Houches file (LHEF 1.0 to 3.0, arXiv:hep-ph/0609017, arXiv:1405.1067), one after the other, in one pass
/// and constant memory.
///
/// Opening reads the head and the first event. Broken text throws `.data` naming file, event (from 1), byte of the
/// decompressed text and, where the file can be read again, the line.
public final class LHEReader {
  /// What is read, and how strictly.
  public struct Options: Sendable {
    /// Broken text ends the events instead of throwing.
    public var salvage = false
    /// Bytes of head, events and what is between and after them are there to be copied.
    public var keepsText = false
    /// Several documents, one after the other, are one sample where their heads agree.
    public var concatenated = false
    /// With `concatenated`: documents may be of any runs and processes, for those who part them.
    public var independent = false

    public init(
      salvage: Bool = false, keepsText: Bool = false, concatenated: Bool = false,
      independent: Bool = false
    ) {
      self.salvage = salvage
      self.keepsText = keepsText
      self.concatenated = concatenated
      self.independent = independent
    }
  }

  public let name: String
  /// The head of the (first) document.
  public let head: LHEHead
  /// XXH64 of the decompressed bytes up to the end of the first event: what the sample is known by.
  public let sampleKey: UInt64
  /// The sample key as provenance has it: sixteen hexadecimal digits.
  public var digest: String { XXH64.hex(sampleKey) }
  /// Events handed out so far.
  @exclusivity(unchecked) public private(set) var eventCount = 0
  /// Why reading stopped early; only with `salvage`.
  public private(set) var salvaged: Problem?
  /// Heads of the documents met so far; one but for `Options.concatenated`. The current event is of the last.
  public internal(set) var documents: [LHEHead]

  /// Names of the attributes of the first event's tag, in their order.
  public let attributeNames: [String]
  /// Everything before the tag of the first event, with `keepsText`.
  public let headBytes: [UInt8]
  /// Everything after the last event, with `keepsText` and once there is no next event.
  public internal(set) var tailBytes: [UInt8] = []

  let window: ByteWindow
  let options: Options
  // Checks of overlapping access cost more than the access in the loop over events; nothing here calls back.
  @exclusivity(unchecked) private var scanner = EventScanner()
  /// Where reading goes on, and the end of the last whole event in the window.
  @exclusivity(unchecked) var position: BytePointer
  @exclusivity(unchecked) var limit: BytePointer
  /// End of the former event or the head; the bytes from here stay in the window.
  @exclusivity(unchecked) var gap: BytePointer
  /// Digests of the first events of documents.
  private var firstEvents: [UInt64] = []
  private var isAtEnd = false
  /// Start of the current event, and the end of what stood before it.
  private var eventStart: BytePointer
  private var eventGap: BytePointer
  private var lastEventOffset = 0

  /// A head or an event larger than this is an error, not a reason to fill the memory.
  static let largestPiece = 1 << 28

  /// Takes `reader` over. With `salvage` broken text ends the events instead of throwing.
  public convenience init(_ reader: ByteReader, salvage: Bool = false) throws {
    try self.init(reader, Options(salvage: salvage))
  }

  public convenience init(_ reader: ByteReader, _ options: Options) throws {
    try self.init(ByteWindow(reader), options)
  }

  init(_ window: ByteWindow, _ options: Options) throws {
    self.window = window
    self.options = options
    name = window.name
    let first = try HeadSearch.firstEvent(of: window)
    var head = LHEHead(from: window.base, to: window.base + first.start)
    try head.checkDeclarations(file: window.name)
    var hash = XXH64()
    hash.update(UnsafeRawBufferPointer(start: window.base, count: first.end))
    sampleKey = hash.value
    headBytes =
      options.keepsText
      ? Array(UnsafeRawBufferPointer(start: window.base, count: first.start)) : []
    position = window.base + first.start
    limit = window.base + first.limit
    gap = position
    eventStart = position
    eventGap = position
    var look = EventScanner()
    for weight in head.weights {
      scanner.declare(weight.id)
      look.declare(weight.id)
    }
    // What is wrong with the first event is said when it is read.
    var event = ParticleEvent()
    if first.end > first.start {
      _ = try? look.parse(number: 0, from: position + 6, to: limit, into: &event)
    }
    attributeNames = (look.attributes?.all ?? []).map(\.name)
    let declared = Set(head.weights.map(\.id))
    head.undeclaredWeights = look.weights.ids(ofEvent: 0).filter { !declared.contains($0) }
    for id in head.undeclaredWeights { _ = scanner.weights.slot(id) }
    self.head = head
    documents = [head]
  }

  /// Inflates on a thread of its own from here on.
  public func startThread() throws { try window.startThread() }

  /// Asks for the values of a weight id in every event; returns its slot.
  ///
  /// Ids are those of `<wgt>`, the names of LHEF 2.0's `<weight>`, and `weights.1`, `weights.2` … for the values of `<weights>`.
  ///
  /// A value that is NaN or infinite stops the reading, but with `asItIs`.
  public func want(_ id: String, asItIs: Bool = false) -> Int { scanner.want(id, asItIs: asItIs) }

  /// The value that a wanted weight has in the current event; nil where the event has none.
  @inline(__always)
  public func weight(_ slot: Int) -> Double? {
    scanner.weights.seenIn[slot] == eventCount - 1 ? scanner.weights.values[slot] : nil
  }

  /// Ids seen in events or declared, in that order of appearance.
  public var knownIDs: [String] { scanner.weights.ids }
  /// Ids that the current event carries.
  public var currentIDs: [String] { scanner.weights.ids(ofEvent: eventCount - 1) }
  /// Values in the current event's `<weights>`, which have no ids of their own; 0 where it has none.
  public var positionalCount: Int { scanner.positional.count }
  /// The attribute `trials` of the current event; 1 where it has none.
  public var trials: Double { scanner.trials }
  public var hasTrials: Bool { scanner.hasTrials }
  /// The same; nil where the event has none, NaN where it is no integer from 0 up.
  public var ownTrials: Double? { scanner.ownTrials }
  /// Most significant digits of wanted weights and XWGTUP in the first thousand events.
  public var weightDigits: Int { scanner.weightDigits }

  /// Hands out events with weights and momenta that are not finite too, for those who look for them.
  public var acceptsNonFinite: Bool {
    get { scanner.acceptsNonFinite }
    set { scanner.acceptsNonFinite = newValue }
  }

  /// What the end of the file says of the sample that its events were selected from; known once all are read.
  public internal(set) var selection: SelectionRecord?

  /// The current event's place, for problems found by the caller.
  public var place: String { "event \(eventCount) (byte \(lastEventOffset))" }
  /// The same with the line, for the one problem that ends the reading: the file is read again to count lines.
  public var placeWithLine: String { place(event: eventCount, byte: lastEventOffset) }

  private func place(event: Int, byte: Int) -> String {
    let line = LineCount.line(ofByte: byte, in: name).map { ", line \($0)" } ?? ""
    return "event \(event) (byte \(byte)\(line))"
  }

  /// Reads the next event; false after the last.
  public func next(into event: inout ParticleEvent) throws -> Bool {
    if isAtEnd { return false }
    do {
      guard let start = try findEvent() else {
        isAtEnd = true
        return false
      }
      lastEventOffset = offset(of: start)
      eventStart = start
      eventGap = gap
      position = try scanner.parse(
        number: eventCount, from: start + 6, to: limit, into: &event)
      gap = position
      if options.concatenated, !options.independent { try checkDocument(start) }
      eventCount += 1
      return true
    } catch let fault as ScanFault {
      return try stop(problem(fault), isStructural: fault.isStructural)
    } catch let problem as Problem {
      var problem = problem.inFile(name)
      if problem.remedy == nil, problem.kind == .data { problem.remedy = Self.truncationRemedy }
      return try stop(problem, isStructural: problem.kind == .data)
    }
  }

  /// The first event of a document must not be that of a former one.
  private func checkDocument(_ start: BytePointer) throws {
    guard documents.count > firstEvents.count else { return }
    var hash = XXH64()
    hash.update(UnsafeRawBufferPointer(start: start, count: gap - start))
    if let former = firstEvents.firstIndex(of: hash.value) {
      throw ScanFault(
        start, "document \(documents.count) has the first event of document \(former + 1)",
        remedy: "read every sample once", isStructural: false)
    }
    // Documents without events have none.
    while firstEvents.count < documents.count - 1 { firstEvents.append(0) }
    firstEvents.append(hash.value)
  }

  static let truncationRemedy =
    "copy or make the file again, or keep its whole events with --salvage"

  private func stop(_ problem: Problem, isStructural: Bool) throws -> Bool {
    isAtEnd = true
    guard options.salvage, isStructural else { throw problem }
    salvaged = problem
    return false
  }

  private func offset(of p: BytePointer) -> Int { window.offset + (p - window.base) }

  private func problem(_ fault: ScanFault) -> Problem {
    Problem(
      .data, fault.fact, remedy: fault.remedy ?? Self.truncationRemedy, file: name,
      place: place(event: eventCount + 1, byte: offset(of: fault.at)))
  }
}

// MARK: - The current event as text

extension LHEReader {
  /// The current event from `<event` to the end of `</event>`; void after the next call of `next`.
  public var eventBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: eventStart, count: gap - eventStart)
  }
  /// What stands between the former event (or the head) and the current one; void after the next call of `next`.
  public var bytesBeforeEvent: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: eventGap, count: eventStart - eventGap)
  }

  /// Attributes of the current event's tag, in their order, blanks around values left out.
  public var attributes: [(name: String, value: String)] {
    scanner.attributes?.all ?? []
  }

  /// One attribute of the current event; nil where it has none of this name.
  public func attribute(_ name: String) -> String? {
    attributes.first { $0.name == name }?.value
  }

  /// Asks for the number that an attribute has in every event; returns its slot.
  public func wantAttribute(_ name: String) -> Int { scanner.wantAttribute(name) }

  /// The number that a wanted attribute has in the current event; NaN where it has none or is no number.
  @inline(__always)
  public func attributeValue(_ slot: Int) -> Double { scanner.attributeValues[slot] }

  /// Attributes of the current event's `<scales>`, such as muf, mur, mups, pt_clust_1 or uborns.
  public var scales: [(name: String, value: String)] {
    let end = gap
    guard let tag = Bytes.find("<scales", from: eventStart, to: end),
      let close = Bytes.tagEnd(from: tag, to: end)
    else { return [] }
    let last = (close - 1).pointee == Ascii.slash ? close - 1 : close
    return TagAttributes(from: tag + 7, to: last).all
  }
}

/// Lines are counted only to say where a problem is.
enum LineCount {
  /// The line, from 1, of a byte of the decompressed text; nil where the text cannot be read a second time.
  static func line(ofByte byte: Int, in path: String) -> Int? {
    guard FileStatus.isRegular(path), let reader = try? ByteReader(path: path) else { return nil }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    var (left, lines) = (byte, 1)
    while left > 0 {
      let part = UnsafeMutableRawBufferPointer(rebasing: block[..<min(left, block.count)])
      guard let n = try? reader.read(into: part), n > 0 else { return nil }
      for c in part[..<n] where c == Ascii.newline { lines += 1 }
      left -= n
    }
    return lines
  }
}
