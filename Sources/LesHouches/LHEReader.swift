import Diagnostics
import EventIO
import EventModel

/// Events of a Les Houches file (LHEF 1.0 to 3.0, arXiv:hep-ph/0609017, arXiv:1405.1067), one after the other, in one pass
/// and constant memory.
///
/// Opening reads the head and the first event. Broken text throws `.data` naming file, event (from 1) and byte of the
/// decompressed text.
public final class LHEReader {
  public let name: String
  public let head: LHEHead
  /// XXH64 of the decompressed bytes up to the end of the first event: what the sample is known by.
  public let sampleKey: UInt64
  /// Events handed out so far.
  public private(set) var eventCount = 0
  /// Why reading stopped early; only with `salvage`.
  public private(set) var salvaged: Problem?

  private let window: ByteWindow
  private let keepsComplete: Bool
  private var scanner = EventScanner()
  /// Where reading goes on, and the end of the last whole event in the window.
  private var position: BytePointer
  private var limit: BytePointer
  private var isAtEnd = false
  private var lastEventOffset = 0

  /// A head or an event larger than this is an error, not a reason to fill the memory.
  static let largestPiece = 1 << 28

  /// Takes `reader` over. With `salvage` broken text ends the events instead of throwing.
  public convenience init(_ reader: ByteReader, salvage: Bool = false) throws {
    try self.init(ByteWindow(reader), salvage: salvage)
  }

  init(_ window: ByteWindow, salvage: Bool) throws {
    self.window = window
    name = window.name
    keepsComplete = salvage
    let first = try Self.findFirstEvent(window, salvage: salvage)
    head = LHEHead(from: window.base, to: window.base + first.start)
    var hash = XXH64()
    hash.update(UnsafeRawBufferPointer(start: window.base, count: first.end))
    sampleKey = hash.value
    position = window.base + first.start
    limit = window.base + first.limit
    var seen = Set<String>()
    for weight in head.weights where seen.insert(weight.id).inserted {
      scanner.declaredSlots.append(scanner.weights.slot(weight.id))
    }
    if scanner.declaredSlots.count != head.weights.count { scanner.declaredSlots = [] }
  }

  /// Inflates on a thread of its own from here on.
  public func startThread() throws { try window.startThread() }

  /// Asks for the values of a weight id in every event; returns its slot.
  public func want(_ id: String) -> Int { scanner.weights.want(id) }

  /// The value that a wanted weight has in the current event; nil where the event has none.
  @inline(__always)
  public func weight(_ slot: Int) -> Double? {
    scanner.weights.seenIn[slot] == eventCount - 1 ? scanner.weights.values[slot] : nil
  }

  /// Ids seen in events or declared, in that order of appearance.
  public var knownIDs: [String] { scanner.weights.ids }
  /// Ids that the current event carries.
  public var currentIDs: [String] {
    scanner.weights.ids.indices.filter { scanner.weights.seenIn[$0] == eventCount - 1 }
      .map { scanner.weights.ids[$0] }
  }
  /// The attribute `trials` of the current event; 1 where it has none.
  public var trials: Double { scanner.trials }
  public var hasTrials: Bool { scanner.hasTrials }
  /// Most significant digits of wanted weights and XWGTUP in the first thousand events.
  public var weightDigits: Int { scanner.weightDigits }

  /// The current event's place, for problems found by the caller.
  public var place: String { "event \(eventCount) (byte \(lastEventOffset))" }

  /// Reads the next event; false after the last.
  public func next(into event: inout ParticleEvent) throws -> Bool {
    if isAtEnd { return false }
    do {
      guard let start = try findEvent() else {
        isAtEnd = true
        return false
      }
      lastEventOffset = offset(of: start)
      position = try scanner.parse(
        number: eventCount, from: start + 6, to: limit, into: &event)
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

  static let truncationRemedy =
    "copy or make the file again, or keep its whole events with --salvage"

  private func stop(_ problem: Problem, isStructural: Bool) throws -> Bool {
    isAtEnd = true
    guard keepsComplete, isStructural else { throw problem }
    salvaged = problem
    return false
  }

  private func offset(of p: BytePointer) -> Int { window.offset + (p - window.base) }

  private func problem(_ fault: ScanFault) -> Problem {
    Problem(
      .data, fault.fact, remedy: fault.remedy ?? Self.truncationRemedy, file: name,
      place: "event \(eventCount + 1) (byte \(offset(of: fault.at)))")
  }
}

// MARK: - Between events

extension LHEReader {
  /// The tag of the next event that is whole in the window; nil at the end of the root element.
  private func findEvent() throws -> BytePointer? {
    while true {
      position = Bytes.skipSpace(position, before: window.end)
      let end = window.end
      if position < end, position.pointee == Ascii.less {
        if Bytes.isTag(position, "<event", before: end) {
          if position < limit { return position }
        } else if let next = try passTag(end) {
          position = next
          continue
        } else if isRootClosed {
          try readRest()
          return nil
        }
      } else if position < end, position.pointee == Ascii.hash {
        if let newline = Bytes.find(Ascii.newline, from: position, to: end) {
          position = newline + 1
          continue
        }
      } else if position < end {
        throw ScanFault(
          position, "text between events: '\(Bytes.excerpt(position, before: end))'")
      }
      try refill()
    }
  }

  /// True if the root's closing tag stands at the position, whole.
  private var isRootClosed: Bool {
    Bytes.starts(position, with: "</LesHouchesEvents", before: window.end)
      && Bytes.find(Ascii.greater, from: position, to: window.end) != nil
  }

  /// Past a tag or comment between events; nil where it is not whole yet or is the end of the root.
  private func passTag(_ end: BytePointer) throws -> BytePointer? {
    if Bytes.starts(position, with: "<!--", before: end) {
      return Bytes.find("-->", from: position + 4, to: end).map { $0 + 3 }
    }
    guard let close = Bytes.find(Ascii.greater, from: position, to: end),
      !Bytes.starts(position, with: "</LesHouchesEvents", before: end)
    else { return nil }
    if Bytes.isTag(position, "</event", before: end) {
      throw ScanFault(position, "</event> without <event>")
    }
    if Bytes.isTag(position, "<LesHouchesEvents", before: end) {
      throw ScanFault(
        position, "another LHE document starts inside this one",
        remedy: "split the file at <LesHouchesEvents and give each part")
    }
    return close + 1
  }

  private func refill() throws {
    let kept = window.end - position
    guard kept <= Self.largestPiece else {
      throw ScanFault(position, "more than \(Self.largestPiece >> 20) MiB without </event>")
    }
    let hasMore: Bool
    do { hasMore = try window.refill(keeping: position) } catch {
      position = window.base
      limit = position
      throw error
    }
    position = window.base
    limit = position
    guard hasMore else {
      let inside = kept > 0 && Bytes.isTag(position, "<event", before: window.end)
      throw ScanFault(
        window.end,
        inside
          ? "the file ends inside an event" : "the file ends without </LesHouchesEvents>")
    }
    if let tag = Bytes.findLast("</event", from: position, to: window.end),
      let close = Bytes.find(Ascii.greater, from: tag, to: window.end)
    {
      limit = close + 1
    }
  }

  /// Reads what stands after the root, so that a damaged end of a compressed file is found; a second document is an error.
  private func readRest() throws {
    while true {
      if let root = Bytes.find("<LesHouchesEvents", from: position, to: window.end) {
        throw ScanFault(
          root, "another LHE document starts after the end of the first",
          remedy: "split the file at <LesHouchesEvents and give each part", isStructural: false)
      }
      let tail = max(window.base, max(position, window.end - 17))
      guard try window.refill(keeping: tail) else { return }
      position = window.base
    }
  }
}

// MARK: - The head

extension LHEReader {
  private typealias FirstEvent = (start: Int, end: Int, limit: Int)

  /// Fills the window up to the end of the first event; offsets from the window's base.
  ///
  /// A file without events gives the end of the text.
  private static func findFirstEvent(_ window: ByteWindow, salvage: Bool) throws -> FirstEvent {
    var searched = 0
    var isChecked = false
    while true {
      let hasMore: Bool
      do { hasMore = try window.refill(keeping: window.base) } catch let problem as Problem {
        var problem = problem.inFile(window.name)
        problem.remedy = problem.remedy ?? "copy or make the file again"
        throw problem
      }
      if !isChecked, window.count >= 65_536 || !hasMore {
        try FileKind.check(window)
        isChecked = true
      }
      if let tag = tagOutsideComments(window, from: &searched) {
        if !Bytes.isTag(tag, "<event", before: window.end) {
          let end = tag - window.base
          return (end, end, end)
        }
        if let close = Bytes.find("</event>", from: tag, to: window.end),
          let last = Bytes.findLast("</event>", from: close, to: window.end)
        {
          return (tag - window.base, close + 8 - window.base, last + 8 - window.base)
        }
      }
      guard hasMore else { throw headProblem(window, start: searched) }
      guard window.count <= largestPiece else {
        throw Problem(
          .data, "no event in the first \(largestPiece >> 20) MiB", file: window.name,
          place: "byte \(window.count)")
      }
    }
  }

  private static func headProblem(_ window: ByteWindow, start: Int) -> Problem {
    let inside = Bytes.isTag(window.base + start, "<event", before: window.end)
    return Problem(
      .data,
      inside ? "the file ends inside its first event" : "the file ends before its first event",
      remedy: "copy or make the file again", file: window.name,
      place: (inside ? "event 1 " : "")
        + (inside ? "(byte \(window.count))" : "byte \(window.count)"))
  }

  /// `<event` or the end of the root, comments and CDATA passed over. `searched` moves to what must be looked at again.
  private static func tagOutsideComments(
    _ window: ByteWindow, from searched: inout Int
  ) -> BytePointer? {
    var p = window.base + searched
    let end = window.end
    while let tag = Bytes.find(Ascii.less, from: p, to: end) {
      searched = tag - window.base
      // A tag that may be cut off by the window's end waits for the next bytes.
      guard end - tag >= 20 || Bytes.find(Ascii.greater, from: tag, to: end) != nil else {
        return nil
      }
      if Bytes.isTag(tag, "<event", before: end)
        || Bytes.starts(tag, with: "</LesHouchesEvents", before: end)
      {
        return tag
      }
      if Bytes.starts(tag, with: "<!--", before: end)
        || Bytes.starts(tag, with: "<![CDATA[", before: end)
      {
        guard let after = HeadBlocks.afterComment(tag, end) else { return nil }
        p = after
      } else {
        p = tag + 1
      }
      searched = p - window.base
    }
    searched = end - window.base
    return nil
  }
}

/// What a file is that is no LHE file.
enum FileKind {
  static func check(_ window: ByteWindow) throws {
    let (base, end) = (window.base, window.end)
    func problem(_ fact: String, _ remedy: String) -> Problem {
      Problem(.data, fact, remedy: remedy, file: window.name)
    }
    if Bytes.find("<LesHouchesEvents", from: base, to: end) != nil { return }
    let start = Bytes.skipSpace(base, before: end)
    guard start < end else {
      throw problem("the file is empty", "copy or make it again")
    }
    let remedy = "give a Les Houches event file"
    if hasHDF5Signature(base, end) {
      throw problem("this is an HDF5 file, not a Les Houches event file", remedy)
    }
    if isArrow(base, end) {
      throw problem("this is an Arrow stream, not a Les Houches event file", remedy)
    }
    if Bytes.starts(base, with: "root", before: end) {
      throw problem("this is a ROOT file, not a Les Houches event file", remedy)
    }
    if Bytes.starts(start, with: "HepMC::", before: end) {
      throw problem("this is a HepMC file, not a Les Houches event file", remedy)
    }
    throw problem("this is not a Les Houches event file: <LesHouchesEvents> is missing", remedy)
  }

  private static func hasHDF5Signature(_ base: BytePointer, _ end: BytePointer) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    return end - base >= 8 && (0..<8).allSatisfy { base[$0] == signature[$0] }
  }
  /// The continuation marker that starts every message of an IPC stream.
  private static func isArrow(_ base: BytePointer, _ end: BytePointer) -> Bool {
    end - base >= 4 && (0..<4).allSatisfy { base[$0] == 0xFF }
  }
}
