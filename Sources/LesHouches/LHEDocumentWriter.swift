import EventIO
import EventModel

/// One Les Houches document on its way out: head, events as they stand elsewhere, tail.
final class LHEDocumentWriter {
  private let output: TextOutput
  private let newline: String
  private(set) var events = 0
  /// True where the last event's line has its end.
  private var isLineEnded = true

  /// Writes the head, but for the blanks before its first event, which belong to that.
  init(_ output: TextOutput, head: HeadEdit) throws {
    self.output = output
    newline = head.newline
    try output.write(Array(head.text[..<Self.indent(of: head.text)]))
  }

  /// Where the blanks at the end of a head begin.
  static func indent(of head: [UInt8]) -> Int {
    var indent = head.count
    while indent > 0, head[indent - 1] == Ascii.space || head[indent - 1] == Ascii.tab {
      indent -= 1
    }
    return indent
  }

  /// The end of the line of the event that was written last, as it stands in the file.
  func endLine(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else { return }
    try output.write(bytes)
    isLineEnded = true
  }

  func write(_ event: some Collection<UInt8>, before: [UInt8]) throws {
    try output.write(before)
    if let whole = event as? UnsafeRawBufferPointer {
      try output.write(whole)
    } else {
      try output.write(Array(event))
    }
    events += 1
    isLineEnded = false
  }

  /// Starts a line if the last event's has not ended.
  func startLine() throws {
    if !isLineEnded { try output.write(newline) }
    isLineEnded = true
  }

  /// The rest of the document as it stands, with the record of a selection before the end of the root.
  func finish(tail: [UInt8], record: SelectionRecord?) throws {
    let close = tail.withUnsafeBufferPointer { buffer -> Int in
      guard let base = buffer.baseAddress else { return 0 }
      return Bytes.find("</LesHouchesEvents", from: base, to: base + buffer.count)
        .map { $0 - base } ?? buffer.count
    }
    try output.write(Array(tail[..<close]))
    if let record { try output.write(record.text + newline) }
    try output.write(Array(tail[close...]))
    try output.finish()
  }

  /// The end of a document whose own end was not read.
  func finishHere(record: SelectionRecord?) throws {
    try startLine()
    try finish(tail: Array(("</LesHouchesEvents>" + newline).utf8), record: record)
  }
}

/// The text between two events: the end of the first one's line, and what belongs to the second.
struct Gap {
  var ending: [UInt8]
  var rest: [UInt8]

  init(_ bytes: some RandomAccessCollection<UInt8>) {
    let all = Array(bytes)
    var end = 0
    while end < all.count, all[end] <= Ascii.space, all[end] != Ascii.newline { end += 1 }
    end = end < all.count && all[end] == Ascii.newline ? end + 1 : 0
    ending = Array(all[..<end])
    rest = Array(all[end...])
  }
}

extension LHEReader {
  /// Where an event goes, and its text if that is not the one in the file.
  typealias Destination = (writer: LHEDocumentWriter, text: [UInt8]?)

  /// Hands every event to the writer that `choose` names, with the text before it; nil drops both.
  ///
  /// Returns what stands after the last event, and the end of its line is written. `limit` stops when so many events were
  /// written; the rest is then not read and the tail is nil.
  ///
  /// `leading` is the text before the first event; by default the blanks that end the head.
  func distribute(
    limit: Int? = nil, leading: [UInt8]? = nil, _ choose: (ParticleEvent) throws -> Destination?
  ) throws -> [UInt8]? {
    var before = leading ?? Array(headBytes[LHEDocumentWriter.indent(of: headBytes)...])
    var last: LHEDocumentWriter?
    var event = ParticleEvent()
    var written = 0
    while written < limit ?? .max {
      guard try next(into: &event) else {
        let gap = Gap(tailBytes)
        try last?.endLine(gap.ending)
        return salvaged == nil ? gap.rest : nil
      }
      let gap = Gap(bytesBeforeEvent)
      try last?.endLine(gap.ending)
      before += gap.rest
      let destination = try choose(event)
      if let destination {
        if let text = destination.text {
          try destination.writer.write(text, before: before)
        } else {
          try destination.writer.write(eventBytes, before: before)
        }
        written += 1
      }
      before.removeAll(keepingCapacity: true)
      last = destination?.writer
    }
    return nil
  }
}
