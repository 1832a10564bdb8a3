import Diagnostics
import EventModel

/// JSON text (RFC 8259) to and from documents.
///
/// Numbers are exact: an integer has no point, a real has one or an exponent and the fewest digits that read back as the
/// same value; what JSON has no word for stands as the texts "nan", "inf" and "-inf". Arrays nest by shape.
public enum JSON {
  /// A node of JSON text.
  indirect enum Value: Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case list([Value])
    case object([(name: String, value: Value)])

    static func == (a: Value, b: Value) -> Bool {
      switch (a, b) {
      case (.null, .null): true
      case (.boolean(let x), .boolean(let y)): x == y
      case (.integer(let x), .integer(let y)): x == y
      case (.real(let x), .real(let y)): x == y || (x.isNaN && y.isNaN)
      case (.text(let x), .text(let y)): x == y
      case (.list(let x), .list(let y)): x == y
      case (.object(let x), .object(let y)): x.elementsEqual(y) { $0.0 == $1.0 && $0.1 == $1.1 }
      default: false
      }
    }

    subscript(name: String) -> Value? {
      guard case .object(let members) = self else { return nil }
      return members.first { $0.name == name }?.value
    }
  }

  // MARK: writing

  /// The text of a real number: the fewest digits that read back as the same value.
  public static func text(_ value: Double) -> String {
    if value.isNaN { return "\"nan\"" }
    if value.isInfinite { return value > 0 ? "\"inf\"" : "\"-inf\"" }
    return value.description
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  static func write(_ value: Value, to text: inout String, pretty: Bool, indent: Int = 0) {
    switch value {
    case .null: text += "null"
    case .boolean(let flag): text += flag ? "true" : "false"
    case .integer(let number): text += String(number)
    case .real(let number): text += Self.text(number)
    case .text(let string): text += quoted(string)
    case .list(let values): writeList(values, to: &text, pretty: pretty, indent: indent)
    case .object(let members):
      writeObject(members, to: &text, pretty: pretty, indent: indent)
    }
  }

  /// Lists of numbers and texts stay on one line; lists of lists have a line each.
  private static func writeList(
    _ values: [Value], to text: inout String, pretty: Bool, indent: Int
  ) {
    let nested = values.contains {
      switch $0 {
      case .list, .object: true
      default: false
      }
    }
    let breaks = pretty && nested
    text += "["
    for (i, value) in values.enumerated() {
      if i > 0 { text += breaks ? "," : pretty ? ", " : "," }
      if breaks { newLine(&text, indent + 1) }
      write(value, to: &text, pretty: pretty, indent: indent + 1)
    }
    if breaks { newLine(&text, indent) }
    text += "]"
  }

  private static func writeObject(
    _ members: [(name: String, value: Value)], to text: inout String, pretty: Bool, indent: Int
  ) {
    text += "{"
    for (i, member) in members.enumerated() {
      if i > 0 { text += "," }
      if pretty { newLine(&text, indent + 1) }
      text += quoted(member.name) + (pretty ? ": " : ":")
      write(member.value, to: &text, pretty: pretty, indent: indent + 1)
    }
    if pretty && !members.isEmpty { newLine(&text, indent) }
    text += "}"
  }

  private static func newLine(_ text: inout String, _ indent: Int) {
    text += "\n" + String(repeating: "  ", count: indent)
  }
}

/// Reads JSON text; every problem names the byte.
struct JSONParser {
  private let bytes: [UInt8]
  private var at = 0
  private static let maximumDepth = 64

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func parse(_ text: String) throws -> JSON.Value {
    var parser = JSONParser(Array(text.utf8))
    return try parser.whole()
  }

  mutating func whole() throws -> JSON.Value {
    let value = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw problem("text stands after the end of the JSON value") }
    return value
  }

  private func problem(_ fact: String) -> Problem { Problem(.data, fact, place: "byte \(at)") }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: Character) -> Bool {
    skipSpace()
    guard at < bytes.count, bytes[at] == byte.asciiValue else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws -> JSON.Value {
    guard depth < Self.maximumDepth else { throw problem("the JSON text is nested too deep") }
    skipSpace()
    guard at < bytes.count else { throw problem("the JSON text ends too early") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: String, _ value: JSON.Value) throws -> JSON.Value {
    guard bytes[at...].starts(with: text.utf8) else { throw problem("this is not JSON") }
    at += text.utf8.count
    return value
  }

  private mutating func number() throws -> JSON.Value {
    let start = at
    while at < bytes.count, "+-.0123456789eE".utf8.contains(bytes[at]) { at += 1 }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if let integer = Int64(text), !text.hasPrefix("+") { return .integer(integer) }
    guard !text.isEmpty, !text.hasPrefix("+"), let real = Double(text) else {
      at = start
      throw problem("this is not JSON")
    }
    return .real(real)
  }

  private mutating func list(depth: Int) throws -> JSON.Value {
    at += 1
    var values: [JSON.Value] = []
    if take("]") { return .list(values) }
    while true {
      values.append(try value(depth: depth + 1))
      if take("]") { return .list(values) }
      guard take(",") else { throw problem("a list lacks a comma or its end") }
    }
  }

  private mutating func object(depth: Int) throws -> JSON.Value {
    at += 1
    var members: [(name: String, value: JSON.Value)] = []
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
        throw problem("an object lacks a name")
      }
      let name = try string()
      guard take(":") else { throw problem("a name lacks its colon") }
      members.append((name, try value(depth: depth + 1)))
      if take("}") { return .object(members) }
      guard take(",") else { throw problem("an object lacks a comma or its end") }
    }
  }

  private mutating func string() throws -> String {
    at += 1
    var text: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
      case 0..<0x20: throw problem("a control character stands in a text")
      default: text.append(byte)
      }
    }
    throw problem("a text lacks its closing quote")
  }

  private mutating func escape() throws -> Character {
    guard at < bytes.count else { throw problem("the JSON text ends too early") }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Character(UnicodeScalar(byte))
    case UInt8(ascii: "u"): return Character(try codePoint())
    default: throw problem("an escape that JSON does not know")
    }
  }

  private mutating func unit() throws -> UInt32 {
    guard at + 4 <= bytes.count,
      let unit = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
    else { throw problem("an escape \\u needs four hexadecimal digits") }
    at += 4
    return unit
  }

  private mutating func codePoint() throws -> UnicodeScalar {
    var code = try unit()
    if (0xd800..<0xdc00).contains(code), bytes[at...].starts(with: "\\u".utf8) {
      at += 2
      let low = try unit()
      guard (0xdc00..<0xe000).contains(low) else { throw problem("half of a surrogate pair") }
      code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = UnicodeScalar(code) else { throw problem("half of a surrogate pair") }
    return scalar
  }
}
