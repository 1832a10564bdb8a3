import Glibc

/// The bytes that the scanner looks for.
enum Ascii {
  static let tab: UInt8 = 9
  static let newline: UInt8 = 10
  static let space: UInt8 = 32
  static let quote: UInt8 = 34
  static let hash: UInt8 = 35
  static let ampersand: UInt8 = 38
  static let apostrophe: UInt8 = 39
  static let plus: UInt8 = 43
  static let minus: UInt8 = 45
  static let dot: UInt8 = 46
  static let slash: UInt8 = 47
  static let zero: UInt8 = 48
  static let less: UInt8 = 60
  static let equals: UInt8 = 61
  static let greater: UInt8 = 62
  static let d: UInt8 = 100
  static let e: UInt8 = 101
}

typealias BytePointer = UnsafePointer<UInt8>

/// Searches in bytes between two pointers.
enum Bytes {
  /// The first `byte` in [from, to), nil where there is none.
  @inline(__always)
  static func find(_ byte: UInt8, from: BytePointer, to: BytePointer) -> BytePointer? {
    guard from < to, let hit = memchr(from, Int32(byte), to - from) else { return nil }
    return BytePointer(hit.assumingMemoryBound(to: UInt8.self))
  }

  static func find(_ word: StaticString, from: BytePointer, to: BytePointer) -> BytePointer? {
    var p = from
    while let hit = find(word.utf8Start.pointee, from: p, to: to) {
      if starts(hit, with: word, before: to) { return hit }
      p = hit + 1
    }
    return nil
  }

  /// The last `word` in [from, to).
  static func findLast(_ word: StaticString, from: BytePointer, to: BytePointer) -> BytePointer? {
    var p = to - word.utf8CodeUnitCount
    let first = word.utf8Start.pointee
    while p >= from {
      if p.pointee == first && starts(p, with: word, before: to) { return p }
      p -= 1
    }
    return nil
  }

  /// The `>` that ends a tag: not one inside quotes, as in `note="a > b"`. Quotes that do not pair count for nothing.
  @inline(__always)
  static func tagEnd(from: BytePointer, to: BytePointer) -> BytePointer? {
    if from < to, from.pointee == Ascii.greater { return from }
    guard let first = find(Ascii.greater, from: from, to: to) else { return nil }
    return tagEnd(from: from, first: first, to: to)
  }

  @inline(never)
  private static func tagEnd(
    from: BytePointer, first: BytePointer, to: BytePointer
  ) -> BytePointer? {
    var p = from
    while p < to, p.pointee != Ascii.greater {
      // A value in quotes stands after an equals sign.
      let isValue = p > from && (p - 1).pointee == Ascii.equals
      if isValue, p.pointee == Ascii.quote || p.pointee == Ascii.apostrophe {
        guard let close = find(p.pointee, from: p + 1, to: to) else { return first }
        if find(Ascii.less, from: p, to: close) != nil { return first }
        p = close
      }
      p += 1
    }
    return p < to ? p : first
  }

  @inline(__always)
  static func starts(_ p: BytePointer, with word: StaticString, before end: BytePointer) -> Bool {
    end - p >= word.utf8CodeUnitCount
      && memcmp(p, word.utf8Start, word.utf8CodeUnitCount) == 0
  }

  /// True if `p` starts the tag `word` (such as `<event`): a byte that ends a name comes after it.
  @inline(__always)
  static func isTag(_ p: BytePointer, _ word: StaticString, before end: BytePointer) -> Bool {
    guard starts(p, with: word, before: end) else { return false }
    let after = p + word.utf8CodeUnitCount
    return after < end
      && (after.pointee <= Ascii.space || after.pointee == Ascii.greater
        || after.pointee == Ascii.slash)
  }

  /// Past blanks, tabs and carriage returns, not past a newline.
  @inline(__always)
  static func skipBlanks(_ start: BytePointer) -> BytePointer {
    // One blank, mostly.
    if start.pointee == Ascii.space && start[1] > Ascii.space { return start + 1 }
    var p = start
    while p.pointee == Ascii.space || p.pointee == Ascii.tab || p.pointee == 13 { p += 1 }
    return p
  }

  @inline(__always)
  static func skipSpace(_ start: BytePointer, before end: BytePointer) -> BytePointer {
    var p = start
    while p < end && p.pointee <= Ascii.space { p += 1 }
    return p
  }

  static func text(_ from: BytePointer, _ to: BytePointer) -> String {
    String(decoding: UnsafeBufferPointer(start: from, count: max(0, to - from)), as: UTF8.self)
  }

  /// The value of an attribute as XML means it: without blanks around it, entities as what they stand for, tabs and
  /// newlines as blanks.
  static func attribute(_ from: BytePointer, _ to: BytePointer) -> String {
    var (from, to) = (from, to)
    while from < to && from.pointee <= Ascii.space { from += 1 }
    while to > from && (to - 1).pointee <= Ascii.space { to -= 1 }
    let raw = UnsafeBufferPointer(start: from, count: to - from)
    guard raw.contains(where: { $0 == Ascii.ampersand || $0 < Ascii.space }) else {
      return String(decoding: raw, as: UTF8.self)
    }
    return decoded(String(decoding: raw.map { max($0, Ascii.space) }, as: UTF8.self))
  }

  /// Text with XML's five entities and references by number as what they stand for, control characters among them as
  /// blanks; other `&` stay.
  static func decoded(_ text: String) -> String {
    guard text.contains("&") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[start...]
      if let end = rest.prefix(12).firstIndex(of: ";"),
        let character = entity(rest[rest.index(after: start)..<end])
      {
        result.unicodeScalars.append(character)
        rest = rest[rest.index(after: end)...]
      } else {
        result += "&"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  private static func entity(_ name: Substring) -> Unicode.Scalar? {
    switch name {
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    case "amp": return "&"
    default:
      guard name.first == "#" else { return nil }
      let digits = name.dropFirst()
      let code =
        digits.first == "x" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
      return code.flatMap { Unicode.Scalar(max($0, 0x20)) }
    }
  }

  /// At most `limit` bytes of a line, for messages.
  static func excerpt(_ from: BytePointer, before end: BytePointer, limit: Int = 40) -> String {
    var p = from
    while p < end && p - from < limit && p.pointee >= Ascii.space { p += 1 }
    var text = Self.text(from, p)
    while text.last == " " { text.removeLast() }
    return text
  }
}

/// The attributes of one tag: `id='7' name = "a b"`, either kind of quote, blanks anywhere.
struct TagAttributes {
  private let start: BytePointer
  private let end: BytePointer

  /// Between the tag's name and its `>`.
  init(from start: BytePointer, to end: BytePointer) {
    self.start = start
    self.end = end
  }

  /// The bytes of an attribute's value, where the name is this to the letter.
  func value(named name: String) -> (from: BytePointer, to: BytePointer)? {
    var p = start
    while let attribute = Self.next(&p, end) {
      let bytes = UnsafeBufferPointer(
        start: attribute.name.from, count: attribute.name.to - attribute.name.from)
      if bytes.elementsEqual(name.utf8) { return attribute.value }
    }
    return nil
  }

  /// The bytes of an attribute's value; the name matches in any case.
  func range(_ name: StaticString) -> (from: BytePointer, to: BytePointer)? {
    var p = start
    while let attribute = Self.next(&p, end) {
      let length = attribute.name.to - attribute.name.from
      if length == name.utf8CodeUnitCount,
        strncasecmp(
          UnsafeRawPointer(attribute.name.from).assumingMemoryBound(to: CChar.self),
          UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), length) == 0
      {
        return attribute.value
      }
    }
    return nil
  }

  /// All attributes in order, blanks around values left out.
  var all: [(name: String, value: String)] {
    var result: [(String, String)] = []
    var p = start
    while let a = Self.next(&p, end) {
      var value = (from: Bytes.skipSpace(a.value.from, before: a.value.to), to: a.value.to)
      while value.to > value.from && (value.to - 1).pointee <= Ascii.space { value.to -= 1 }
      result.append((Bytes.text(a.name.from, a.name.to), Bytes.text(value.from, value.to)))
    }
    return result
  }

  /// The same, as XML means the values.
  var decoded: [(name: String, value: String)] {
    var result: [(String, String)] = []
    var p = start
    while let a = Self.next(&p, end) {
      result.append((Bytes.text(a.name.from, a.name.to), Bytes.attribute(a.value.from, a.value.to)))
    }
    return result
  }

  private typealias Range = (from: BytePointer, to: BytePointer)

  private static func next(_ p: inout BytePointer, _ end: BytePointer) -> (
    name: Range, value: Range
  )? {
    while true {
      p = Bytes.skipSpace(p, before: end)
      guard p < end else { return nil }
      let name = p
      while p < end && p.pointee > Ascii.space && p.pointee != Ascii.equals { p += 1 }
      let nameEnd = p
      p = Bytes.skipSpace(p, before: end)
      guard p < end, p.pointee == Ascii.equals else {
        if p == name { p += 1 }
        continue
      }
      p = Bytes.skipSpace(p + 1, before: end)
      guard p < end else { return nil }
      let mark = p.pointee
      if mark == Ascii.quote || mark == Ascii.apostrophe {
        let close = Bytes.find(mark, from: p + 1, to: end) ?? end
        let value = (p + 1, close)
        p = min(close + 1, end)
        return ((name, nameEnd), value)
      }
      let value = p
      while p < end && p.pointee > Ascii.space { p += 1 }
      return ((name, nameEnd), (value, p))
    }
  }
}
