import Diagnostics
import Yams

/// A value of the file with the key it stands under, and what problems say about it.
struct Entry {
  let node: Node
  /// Empty for items of lists.
  let key: String
  private let keyMark: Mark?

  init(_ node: Node, _ key: String, keyMark: Mark? = nil) {
    self.node = node
    self.key = key
    self.keyMark = keyMark
  }

  var line: Int { (keyMark ?? node.mark)?.line ?? 1 }

  /// A problem at the value.
  func problem(_ fact: String, remedy: String?) -> Problem {
    Problem(.data, fact, remedy: remedy, place: Self.place(node.mark ?? keyMark))
  }
  func problemAtKey(_ fact: String, remedy: String?) -> Problem {
    Problem(.data, fact, remedy: remedy, place: Self.place(keyMark ?? node.mark))
  }
  static func place(_ mark: Mark?) -> String? {
    mark.map { "line \($0.line), column \($0.column)" }
  }

  private var called: String { key.isEmpty ? "the item" : "'\(key)'" }

  private var kind: String {
    switch node {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "'\(scalar.string)'"
    case .alias: "an alias"
    }
  }

  /// The entries of a mapping, in the file's order.
  func mapping() throws -> [Entry] {
    guard case .mapping(let mapping) = node else {
      throw problem("\(called) is \(kind), not a mapping", remedy: "write 'key: value' lines")
    }
    return try mapping.map { key, value in
      guard case .scalar(let scalar) = key else {
        throw Problem(
          .data, "a key must be a plain text", remedy: nil, place: Self.place(key.mark))
      }
      return Entry(value, scalar.string, keyMark: scalar.mark)
    }
  }

  /// The entries of a mapping whose keys are fixed.
  func fields(required: [String], optional: [String]) throws -> [String: Entry] {
    var result: [String: Entry] = [:]
    for entry in try mapping() {
      try entry.requireKey(in: required + optional)
      result[entry.key] = entry
    }
    if let missing = required.first(where: { result[$0] == nil }) {
      throw problemAtKey("\(called) has no '\(missing)'", remedy: "add it")
    }
    return result
  }

  func requireKey(in known: [String], what: String = "key") throws {
    guard !known.contains(key) else { return }
    throw problemAtKey(
      "unknown \(what) '\(key)'", remedy: Self.suggestion(key, among: known))
  }

  func list() throws -> [Entry] {
    guard case .sequence(let sequence) = node else {
      throw problem("\(called) is \(kind), not a list", remedy: "write [a, b] or '- a' lines")
    }
    return sequence.map { Entry($0, key) }
  }

  /// The text of a scalar; an empty one is an error.
  func text() throws -> String {
    guard case .scalar(let scalar) = node else {
      throw problem("\(called) is \(kind), not a single value", remedy: nil)
    }
    let isNull = scalar.style == .plain && ["null", "~", "Null", "NULL"].contains(scalar.string)
    guard !scalar.string.isEmpty, !isNull else {
      throw problem("\(called) has no value", remedy: "give one or remove the line")
    }
    return scalar.string
  }

  func textIfScalar() throws -> String? {
    guard case .scalar = node else { return nil }
    return try text()
  }

  /// A finite number.
  func number() throws -> Double {
    let text = try self.text()
    let padded = text.hasPrefix(".") ? "0" + text : text
    guard let value = Double(padded), value.isFinite else {
      throw problem("\(called) is '\(text)', not a finite number", remedy: nil)
    }
    return value
  }

  func integer(in range: ClosedRange<Int>) throws -> Int {
    let text = try self.text()
    guard let value = Int(text) else {
      throw problem("\(called) is '\(text)', not a whole number", remedy: nil)
    }
    guard range.contains(value) else {
      throw problem(
        "\(called) is \(value), outside \(range.lowerBound) to \(range.upperBound)", remedy: nil)
    }
    return value
  }

  func bool() throws -> Bool {
    switch try text() {
    case "true", "yes": return true
    case "false", "no": return false
    default: throw problem("\(called) is \(kind), not true or false", remedy: nil)
    }
  }

  /// A key that is a name in expressions, options and columns: letters, digits and underscores.
  func identifierKey(_ what: String) throws -> String {
    let bytes = Array(key.utf8)
    func isLetter(_ c: UInt8) -> Bool { c == 95 || (c | 32 >= 97 && c | 32 <= 122) }
    let valid =
      !bytes.isEmpty && bytes.count <= 255 && isLetter(bytes[0])
      && bytes.allSatisfy { isLetter($0) || ($0 >= 48 && $0 <= 57) }
    guard valid else {
      throw problemAtKey(
        "'\(key)' cannot be the name of \(what == "observable" ? "an" : "a") \(what)",
        remedy: "use letters, digits and underscores, beginning with a letter")
    }
    return key
  }

  /// A text without blanks that can stand in options and paths.
  func name(_ what: String) throws -> String {
    let text = try self.text()
    guard text.utf8.count <= 255,
      text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !",=:/@'\"".utf8.contains($0) })
    else {
      throw problem(
        "'\(text)' cannot be the name of \(what)", remedy: "use letters, digits and _ . + -")
    }
    return text
  }

  /// `did you mean X`, or the list of what there is.
  static func suggestion(_ name: String, among known: [String]) -> String {
    let nearest = Spelling.nearest(to: name, in: known) {
      $0.lowercased().replacing("_", with: "-")
    }
    if let nearest { return "did you mean '\(nearest)'" }
    return known.isEmpty ? "there are none" : "known are " + known.joined(separator: ", ")
  }
}
