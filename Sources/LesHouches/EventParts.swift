/// Where the parts of one event stand in its text: what a copy may have to change, and the weights with their ids.
///
/// Offsets count from `<event`. The text must be one that `EventScanner` accepts.
struct EventParts {
  struct Weight {
    var id: String
    /// From `<wgt` to the end of `</wgt>`, or one value of `<weights>`.
    var element: Range<Int>
    var text: Range<Int>
    var value: Double
    /// False where the text is more than a number; an empty one stands for a weight that is missing.
    var isNumber = true
  }
  /// Of the `<event>` tag, blanks around values left out.
  private(set) var attributes: [(name: String, value: String)] = []
  /// The texts of IDPRUP and XWGTUP.
  private(set) var process = 0..<0
  private(set) var eventWeight = 0..<0
  /// `<wgt>` by id, in the order of the text.
  private(set) var weights: [Weight] = []
  /// Values of `<weights>` by position, ids from the declarations where their number fits.
  private(set) var positional: [Weight] = []
  /// `<rwgt>…</rwgt>` and `<weights>…</weights>`.
  private(set) var blocks: [Range<Int>] = []

  /// What a number is read with; one for many events.
  final class Reader {
    let numbers = NumberReader()
    /// Ids in the order of declaration.
    let declared: [String]

    init(declared: [String]) { self.declared = declared }
    convenience init(_ head: LHEHead) {
      let ids = head.weights.map(\.id)
      self.init(declared: Set(ids).count == ids.count ? ids : [])
    }
  }

  init(_ text: UnsafeRawBufferPointer, _ reader: Reader) {
    guard let base = text.baseAddress.map({ BytePointer($0.assumingMemoryBound(to: UInt8.self)) })
    else { return }
    let end = base + text.count
    guard let opened = Bytes.tagEnd(from: base, to: end) else { return }
    attributes = TagAttributes(from: base + 6, to: opened).all.map {
      ($0.name, Self.trimmed($0.value))
    }
    var p = Self.dataLine(opened + 1, end)
    for column in 0..<3 {
      p = Bytes.skipBlanks(p)
      let start = p
      while p < end && p.pointee > Ascii.space { p += 1 }
      if column == 1 { process = start - base..<p - base }
      if column == 2 { eventWeight = start - base..<p - base }
    }
    readTags(from: p, base, end, reader)
  }

  /// The value of a weight: by id, else by position.
  func value(_ id: String) -> Double? { find(id)?.value }

  func find(_ id: String) -> Weight? {
    weights.first { $0.id == id } ?? positional.first { $0.id == id }
  }

  /// Each id once: `<wgt>` goes before `<weights>`.
  var all: [Weight] {
    if positional.isEmpty { return weights }
    let named = Set(weights.map(\.id))
    return weights + positional.filter { !named.contains($0.id) }
  }

  private static func trimmed(_ text: String) -> String {
    var text = Substring(text).drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  private static func dataLine(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
    var p = Bytes.skipSpace(start, before: end)
    while p < end && p.pointee == Ascii.hash {
      p = Bytes.skipSpace(Bytes.find(Ascii.newline, from: p, to: end) ?? end, before: end)
    }
    return p
  }

  private mutating func readTags(
    from start: BytePointer, _ base: BytePointer, _ end: BytePointer, _ reader: Reader
  ) {
    var p = start
    var block: BytePointer?
    while let tag = Bytes.find(Ascii.less, from: p, to: end) {
      p = tag + 1
      if Bytes.isTag(tag, "<wgt", before: end) {
        if let next = readWeight(tag, base, end, reader) { p = next }
      } else if Bytes.isTag(tag, "<rwgt", before: end) {
        block = tag
      } else if Bytes.starts(tag, with: "</rwgt", before: end) {
        let close = Bytes.find(Ascii.greater, from: tag, to: end).map { $0 + 1 } ?? end
        if let block { blocks.append(block - base..<close - base) }
        block = nil
        p = close
      } else if Bytes.isTag(tag, "<weights", before: end) {
        p = readPositional(tag, base, end, reader)
      } else if let after = HeadBlocks.afterComment(tag, end) {
        p = after
      }
    }
  }

  private mutating func readWeight(
    _ tag: BytePointer, _ base: BytePointer, _ end: BytePointer, _ reader: Reader
  ) -> BytePointer? {
    guard let opened = Bytes.tagEnd(from: tag, to: end),
      let id = TagAttributes(from: tag + 4, to: opened).range("id"),
      let less = Bytes.find(Ascii.less, from: opened, to: end)
    else { return nil }
    let close = Bytes.find(Ascii.greater, from: less, to: end).map { $0 + 1 } ?? end
    let start = Bytes.skipSpace(opened + 1, before: less)
    var stop = less
    while stop > start && (stop - 1).pointee <= Ascii.space { stop -= 1 }
    var value = Double.nan
    let read = reader.numbers.real(start, &value)
    weights.append(
      Weight(
        id: Bytes.attribute(id.from, id.to), element: tag - base..<close - base,
        text: start - base..<stop - base, value: value,
        isNumber: stop <= start || read == stop))
    return close
  }

  private mutating func readPositional(
    _ tag: BytePointer, _ base: BytePointer, _ end: BytePointer, _ reader: Reader
  ) -> BytePointer {
    guard let opened = Bytes.find(Ascii.greater, from: tag, to: end) else { return tag + 1 }
    var p = Bytes.skipSpace(opened + 1, before: end)
    var found: [Weight] = []
    while p < end, p.pointee != Ascii.less {
      var value = 0.0
      var stop = reader.numbers.real(p, &value)
      let isNumber =
        stop != p && (stop == end || stop.pointee <= Ascii.space || stop.pointee == Ascii.less)
      if !isNumber {
        value = .nan
        while stop < end && stop.pointee > Ascii.space && stop.pointee != Ascii.less { stop += 1 }
      }
      let range = p - base..<stop - base
      found.append(
        Weight(id: "", element: range, text: range, value: value, isNumber: isNumber))
      p = Bytes.skipSpace(stop, before: end)
    }
    let close = Bytes.find(Ascii.greater, from: p, to: end).map { $0 + 1 } ?? end
    blocks.append(tag - base..<close - base)
    let fits = found.count == reader.declared.count
    for i in found.indices { found[i].id = fits ? reader.declared[i] : "weights.\(i + 1)" }
    positional += found
    return close
  }
}
