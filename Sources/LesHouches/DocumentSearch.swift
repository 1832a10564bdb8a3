import Diagnostics
import EventIO
import EventModel
import Glibc

// Where events, heads and documents start and end.

extension LHEReader {
  /// The tag of the next event that is whole in the window; nil at the end of the root element.
  func findEvent() throws -> BytePointer? {
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
          if try findDocument() { continue }
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
      let after = Bytes.find("-->", from: position + 4, to: end).map { $0 + 3 }
      if let after, Bytes.starts(position, with: SelectionRecord.mark, before: end) {
        selection = SelectionRecord(
          in: UnsafeBufferPointer(start: position, count: after - position))
      }
      return after
    }
    guard let close = Bytes.find(Ascii.greater, from: position, to: end),
      !Bytes.starts(position, with: "</LesHouchesEvents", before: end)
    else { return nil }
    if Bytes.isTag(position, "</event", before: end) {
      throw ScanFault(position, "</event> without <event>")
    }
    if Bytes.isTag(position, "<init", before: end) {
      throw ScanFault(
        position, "a second <init> stands between events",
        remedy: "split the file there and give each part a head of its own")
    }
    if Bytes.isTag(position, "<LesHouchesEvents", before: end) {
      throw ScanFault(
        position, "another LHE document starts inside this one", remedy: Self.documentRemedy)
    }
    return close + 1
  }

  private static let documentRemedy =
    "split the file at <LesHouchesEvents and give each part, or read all as one sample with --concatenated"

  /// Adds the next bytes; what stands after the former event stays in the window.
  private func refill() throws {
    guard try extend() else {
      let inside =
        position < window.end && Bytes.isTag(position, "<event", before: window.end)
      throw ScanFault(
        window.end,
        inside
          ? "the file ends inside an event" : "the file ends without </LesHouchesEvents>")
    }
    findLimit()
  }

  private func findLimit() {
    limit = HeadSearch.endOfLastEvent(from: position, to: window.end) ?? limit
  }

  /// `refill` for any place in a document; false at the end of the text.
  private func extend() throws -> Bool {
    guard window.end - gap <= Self.largestPiece else {
      throw ScanFault(position, "more than \(Self.largestPiece >> 20) MiB without </event>")
    }
    let ahead = position - gap
    defer {
      gap = window.base
      position = gap + ahead
      limit = position
    }
    return try window.refill(keeping: gap)
  }

  // MARK: After the root

  /// Reads what stands after the root, so that a damaged end of a compressed file is found; true where another
  /// document follows and may, with the position at its first event.
  private func findDocument() throws -> Bool {
    while true {
      if let root = Bytes.find("<LesHouchesEvents", from: position, to: window.end) {
        guard options.concatenated else {
          throw ScanFault(
            root, "another LHE document starts after the end of the first",
            remedy: Self.documentRemedy, isStructural: false)
        }
        position = root
        try openDocument()
        return true
      }
      // A tag that the window's end cuts is found with the next bytes.
      position = max(position, window.end - 17)
      if !options.keepsText { gap = position }
      guard try extend() else {
        if options.keepsText {
          tailBytes = Array(UnsafeRawBufferPointer(start: gap, count: window.end - gap))
        }
        return false
      }
    }
  }

  /// The head of a further document, which must be of the same run conditions as the first.
  private func openDocument() throws {
    var progress = HeadSearch.Progress()
    while true {
      if let tag = HeadSearch.firstTag(from: position, to: window.end, &progress) {
        let next = LHEHead(from: position, to: tag)
        if !options.independent, let difference = head.difference(to: next) {
          throw ScanFault(
            position, "document \(documents.count + 1) is not of the same process: \(difference)",
            remedy: "split the file at <LesHouchesEvents and give each part", isStructural: false)
        }
        documents.append(next)
        position = tag
        findLimit()
        return
      }
      guard try extend() else {
        throw ScanFault(window.end, "the file ends before the first event of a document")
      }
    }
  }
}

/// The head of a file: everything before its first event.
enum HeadSearch {
  /// Offsets from the window's base.
  typealias FirstEvent = (start: Int, end: Int, limit: Int)

  /// Fills the window up to the end of the first event.
  ///
  /// A file without events gives the end of the text.
  static func firstEvent(of window: ByteWindow) throws -> FirstEvent {
    var progress = Progress()
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
      if !hasMore { progress.isWhole = true }
      if let tag = firstTag(from: window.base, to: window.end, &progress) {
        if !Bytes.isTag(tag, "<event", before: window.end) {
          let end = tag - window.base
          return (end, end, end)
        }
        if let end = endOfEvent(after: tag, to: window.end) {
          let limit = endOfLastEvent(from: end, to: window.end) ?? end
          return (tag - window.base, end - window.base, limit - window.base)
        }
      }
      guard hasMore else { throw headProblem(window, start: progress.searched) }
      guard window.count <= LHEReader.largestPiece else {
        throw Problem(
          .data, "no event in the first \(LHEReader.largestPiece >> 20) MiB", file: window.name,
          place: "byte \(window.count)")
      }
    }
  }

  /// Past the first `</event>` after `start`, blanks before its `>` allowed.
  private static func endOfEvent(after start: BytePointer, to end: BytePointer) -> BytePointer? {
    var p = start
    while let tag = Bytes.find("</event", from: p, to: end) {
      if Bytes.isTag(tag, "</event", before: end) {
        return Bytes.find(Ascii.greater, from: tag, to: end).map { $0 + 1 }
      }
      p = tag + 7
    }
    return nil
  }

  /// Past the last `</event>` that is there with its `>`.
  static func endOfLastEvent(from start: BytePointer, to end: BytePointer) -> BytePointer? {
    var p = end
    while let tag = Bytes.findLast("</event", from: start, to: p) {
      if let close = Bytes.find(Ascii.greater, from: tag, to: end) { return close + 1 }
      p = tag
    }
    return nil
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

  /// How far the search for the end of a head has come.
  struct Progress {
    /// Bytes from `base` that need not be looked at again with more bytes.
    var searched = 0
    /// Between `<header` and `</header`, where anything may be written.
    var isInHeader = false
    /// No more bytes will come: a comment that has not ended is text.
    var isWhole = false
  }

  /// `<event` or the end of the root, comments and CDATA passed over, and what a header says of such tags in its text.
  static func firstTag(
    from base: BytePointer, to end: BytePointer, _ progress: inout Progress
  ) -> BytePointer? {
    var p = base + progress.searched
    while let tag = Bytes.find(Ascii.less, from: p, to: end) {
      progress.searched = tag - base
      // A tag that may be cut off by the window's end waits for the next bytes.
      guard end - tag >= 20 || Bytes.find(Ascii.greater, from: tag, to: end) != nil else {
        return nil
      }
      p = tag + 1
      if Bytes.isTag(tag, "<event", before: end) {
        guard progress.isInHeader, !progress.isWhole else { return tag }
        guard let isEvent = holdsData(tag, end) else { return nil }
        if isEvent { return tag }
      } else if Bytes.starts(tag, with: "</LesHouchesEvents", before: end) {
        if !progress.isInHeader || progress.isWhole { return tag }
      } else if Bytes.isTag(tag, "<header", before: end) {
        progress.isInHeader = true
      } else if Bytes.starts(tag, with: "</header", before: end) {
        progress.isInHeader = false
      } else if Bytes.starts(tag, with: "<!--", before: end)
        || Bytes.starts(tag, with: "<![CDATA[", before: end)
      {
        if let after = HeadBlocks.afterComment(tag, end) {
          p = after
        } else if !progress.isWhole {
          return nil
        }
      }
      progress.searched = p - base
    }
    progress.searched = end - base
    return nil
  }

  /// Whether numbers, a comment or a tag follow a tag, as in events, and no words; nil where the window ends before.
  private static func holdsData(_ tag: BytePointer, _ end: BytePointer) -> Bool? {
    guard let close = Bytes.tagEnd(from: tag, to: end) else { return nil }
    let first = Bytes.skipSpace(close + 1, before: end)
    return first < end ? isData(first, end) : nil
  }

  /// True where a number, a comment or a tag starts.
  static func isData(_ p: BytePointer, _ end: BytePointer) -> Bool {
    guard p < end else { return false }
    switch p.pointee {
    case Ascii.plus, Ascii.minus, Ascii.hash, Ascii.less: return true
    case let c: return c &- Ascii.zero < 10
    }
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
    for (bytes, kind, program) in packed
    where end - base >= bytes.count && bytes.indices.allSatisfy({ base[$0] == bytes[$0] }) {
      throw problem("this is packed by \(kind)", "unpack it with '\(program)'")
    }
    throw problem("this is not a Les Houches event file: <LesHouchesEvents> is missing", remedy)
  }

  /// First bytes of what other programs than gzip pack, and what unpacks it to a pipe.
  private static var packed: [(bytes: [UInt8], kind: String, program: String)] {
    [
      ([0x42, 0x5A, 0x68], "bzip2", "bzcat"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz", "xzcat"),
      ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "zstdcat"), ([0x50, 0x4B, 3, 4], "zip", "unzip -p"),
      ([0x1F, 0x8B, 8], "gzip twice", "zcat | zcat"),
    ]
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

enum FileStatus {
  /// True for a path that can be opened again and read from its start.
  static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
