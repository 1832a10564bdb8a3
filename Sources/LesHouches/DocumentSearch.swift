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
    var searched = 0
    while true {
      if let tag = HeadSearch.tagOutsideComments(
        from: position, to: window.end, searched: &searched)
      {
        let next = LHEHead(from: position, to: tag)
        if let difference = head.difference(to: next) {
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
      if let tag = tagOutsideComments(from: window.base, to: window.end, searched: &searched) {
        if !Bytes.isTag(tag, "<event", before: window.end) {
          let end = tag - window.base
          return (end, end, end)
        }
        if let end = endOfEvent(after: tag, to: window.end) {
          let limit = endOfLastEvent(from: end, to: window.end) ?? end
          return (tag - window.base, end - window.base, limit - window.base)
        }
      }
      guard hasMore else { throw headProblem(window, start: searched) }
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

  /// `<event` or the end of the root, comments and CDATA passed over.
  ///
  /// `searched`, in bytes from `base`, moves to what must be looked at again with more bytes.
  static func tagOutsideComments(
    from base: BytePointer, to end: BytePointer, searched: inout Int
  ) -> BytePointer? {
    var p = base + searched
    while let tag = Bytes.find(Ascii.less, from: p, to: end) {
      searched = tag - base
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
      searched = p - base
    }
    searched = end - base
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

enum FileStatus {
  /// True for a path that can be opened again and read from its start.
  static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
