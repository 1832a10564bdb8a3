import Diagnostics
import EventModel

/// Rows of a numpy file (`.npy`, versions 1 to 3): a structured array, or a plain one of one or two axes whose columns
/// the caller names.
///
/// Values are read as the bytes stand, little-endian; small integers become int64.
final class NumpySource: ForeignTable {
  let name: String
  let header: Header
  let rowCount: Int?
  private(set) var digest: ColumnDigest
  private let reader: ByteReader
  private let columns: [Member]
  private let rowSize: Int
  private var row = 0
  private static let largestHeader = 1 << 20

  /// One member of a row: where it is and what it holds.
  private struct Member {
    var name: String
    var offset: Int
    var code: Code

    enum Code: String {
      case f8, f4, i8, i4, i2, i1, u4, u2, u1, b1
      var size: Int { Int(rawValue.dropFirst()) ?? 1 }
      var type: ElementType {
        switch self {
        case .f8: .float64
        case .f4: .float32
        case .i4: .int32
        default: .int64
        }
      }
    }
  }

  /// Reads the head. Throws `.data` for a type that is no number, Fortran order, and names that are missing.
  init(_ reader: ByteReader, columns names: [String]?) throws {
    self.reader = reader
    name = reader.name
    func problem(_ fact: String, _ remedy: String) -> Problem {
      Problem(.data, fact, remedy: remedy, file: reader.name)
    }
    let text = try Self.head(reader)
    var parser = PythonLiteral(text)
    guard case .dictionary(let head)? = parser.value(),
      case .truth(let isFortran)? = head["fortran_order"],
      case .tuple(let sizes)? = head["shape"], let type = head["descr"]
    else {
      throw problem("the head of the numpy file is not whole", "write it again with numpy.save")
    }
    let shape = try sizes.map { size -> Int in
      guard case .integer(let n) = size, n >= 0 else {
        throw problem("the head of the numpy file is not whole", "write it again with numpy.save")
      }
      return n
    }
    var members: [Member] = []
    var offset = 0
    func add(_ name: String, _ word: String) throws {
      if name.isEmpty || word.contains("V") {
        guard name.isEmpty, let size = Int(word.drop { !$0.isNumber }) else {
          throw problem("column '\(name)' is of type \(word), no number", "leave it out")
        }
        offset += size
        return
      }
      let isBig = word.hasPrefix(">")
      guard !isBig || word.hasSuffix("1"),
        let code = Member.Code(rawValue: String(word.drop { "<>|=".contains($0) }))
      else {
        throw problem(
          "column '\(name)' is of type \(word)\(isBig ? ", big-endian" : "")",
          "use float64, float32, or integers of at most 64 bits with a sign")
      }
      members.append(Member(name: name, offset: offset, code: code))
      offset += code.size
    }
    switch type {
    case .text(let word):
      guard shape.count == 1 || shape.count == 2 else {
        throw problem("the array has \(shape.count) axes", "give an array of rows and columns")
      }
      guard !isFortran || shape.count == 1 else {
        throw problem(
          "the array is in Fortran order", "save numpy.ascontiguousarray(a)")
      }
      let width = shape.count == 2 ? shape[1] : 1
      guard let names else {
        throw problem(
          "the array names no columns",
          "name its \(width) columns with --columns, or save a structured array")
      }
      guard names.count == width else {
        throw problem(
          "the array has \(width) columns, and --columns names \(names.count)", "name every column")
      }
      for name in names { try add(name, word) }
    case .list(let fields):
      guard shape.count == 1 else {
        throw problem("the structured array has \(shape.count) axes", "give one row for each event")
      }
      for field in fields {
        guard case .tuple(let parts) = field, parts.count == 2, case .text(let name) = parts[0],
          case .text(let word) = parts[1]
        else {
          throw problem(
            "a column of the structured array holds more than one number",
            "give every value a column of its own")
        }
        try add(name, word)
      }
    default:
      throw problem(
        "the type of the array is not known here", "save a structured array of plain columns")
    }
    rowSize = offset
    rowCount = shape[0]
    let picked = try TableColumns.pick(members.map(\.name), names, file: reader.name)
    columns = picked.map { members[$0] }
    header = Header(
      kind: .events, fields: columns.map { Field($0.name, $0.code.type) })
    digest = ColumnDigest(header.fields)
  }

  private static func head(_ reader: ByteReader) throws -> String {
    let cut = Problem(
      .data, "the numpy file is truncated", remedy: "write or copy it again", file: reader.name)
    func take(_ count: Int) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      guard try bytes.withUnsafeMutableBytes({ try reader.fill($0) }) == count else { throw cut }
      return bytes
    }
    let start = try take(8)
    guard (1...3).contains(start[6]) else {
      throw Problem(
        .data, "version \(start[6]) of numpy's format is not known here", file: reader.name)
    }
    let length = try take(start[6] == 1 ? 2 : 4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestHeader else {
      throw Problem(.data, "the numpy file claims a head of \(length) bytes", file: reader.name)
    }
    return String(decoding: try take(length), as: UTF8.self)
  }

  func next() throws -> Batch? {
    guard let rowCount else { return nil }
    guard row < rowCount else {
      guard try reader.peek(1).isEmpty else {
        throw Problem(
          .data, "bytes stand after the \(rowCount) rows", remedy: "give one array in a file",
          file: name)
      }
      return nil
    }
    let count = min(rowCount - row, max(1, min(1 << 16, (1 << 22) / max(1, rowSize))))
    var bytes = [UInt8](repeating: 0, count: count * rowSize)
    let got = try bytes.withUnsafeMutableBytes { try reader.fill($0) }
    guard got == bytes.count else {
      throw Problem(
        .data, "the numpy file ends in row \(row + got / max(1, rowSize) + 1) of \(rowCount)",
        remedy: "write or copy it again", file: name)
    }
    row += count
    let batch = bytes.withUnsafeBytes { raw in
      Batch(count: count, columns: columns.map { column($0, raw, count) })
    }
    digest.update(batch)
    return batch
  }

  private func column(_ member: Member, _ raw: UnsafeRawBufferPointer, _ count: Int) -> Column {
    func values<T: BitwiseCopyable>(_: T.Type) -> [T] {
      (0..<count).map {
        raw.loadUnaligned(fromByteOffset: $0 * rowSize + member.offset, as: T.self)
      }
    }
    return switch member.code {
    case .f8: .float64(values(Double.self))
    case .f4: .float32(values(Float.self))
    case .i8: .int64(values(Int64.self))
    case .i4: .int32(values(Int32.self))
    case .i2: .int64(values(Int16.self).map(Int64.init))
    case .i1: .int64(values(Int8.self).map(Int64.init))
    case .u4: .int64(values(UInt32.self).map(Int64.init))
    case .u2: .int64(values(UInt16.self).map(Int64.init))
    case .u1, .b1: .int64(values(UInt8.self).map(Int64.init))
    }
  }
}

/// Names of columns that come from outside.
enum TableColumns {
  /// Positions of the wanted names (nil: all). Throws `.data` for names that are not there, double, or no names.
  static func pick(_ names: [String], _ wanted: [String]?, file: String) throws -> [Int] {
    for (i, name) in names.enumerated() {
      guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
        throw Problem(
          .data,
          name.isEmpty ? "column \(i + 1) has no name" : "'\(name)' cannot be the name of a column",
          remedy: "use letters, digits, '_' and '.'", file: file)
      }
      guard !names[..<i].contains(name) else {
        throw Problem(.data, "two columns are named '\(name)'", remedy: "rename one", file: file)
      }
    }
    return try (wanted ?? names).map { name in
      guard let i = names.firstIndex(of: name) else {
        throw Problem(
          .data, "there is no column '\(name)'",
          remedy: "there are " + names.joined(separator: ", "),
          file: file)
      }
      return i
    }
  }
}

/// As much of Python's literals as stands in the head of a numpy file.
private struct PythonLiteral {
  indirect enum Value {
    case text(String)
    case integer(Int)
    case truth(Bool)
    case tuple([Value])
    case list([Value])
    case dictionary([String: Value])
  }
  private let characters: [Character]
  private var at = 0
  private var depth = 0

  init(_ text: String) { characters = Array(text) }

  private mutating func skipSpace() {
    while at < characters.count, characters[at].isWhitespace { at += 1 }
  }
  private mutating func take(_ c: Character) -> Bool {
    skipSpace()
    guard at < characters.count, characters[at] == c else { return false }
    at += 1
    return true
  }

  /// The next value; nil where there is none.
  mutating func value() -> Value? {
    depth += 1
    defer { depth -= 1 }
    guard depth < 16 else { return nil }
    skipSpace()
    guard at < characters.count else { return nil }
    switch characters[at] {
    case "'", "\"": return text().map(Value.text)
    case "(":
      at += 1
      return items(until: ")").map(Value.tuple)
    case "[":
      at += 1
      return items(until: "]").map(Value.list)
    case "{":
      at += 1
      return members().map(Value.dictionary)
    default:
      let start = at
      while at < characters.count, characters[at].isLetter || characters[at].isNumber { at += 1 }
      let word = String(characters[start..<at])
      if word == "True" || word == "False" { return .truth(word == "True") }
      return Int(word).map(Value.integer)
    }
  }

  private mutating func text() -> String? {
    let quote = characters[at]
    at += 1
    var result = ""
    while at < characters.count {
      let c = characters[at]
      at += 1
      if c == quote { return result }
      if c == "\\", at < characters.count {
        result.append(characters[at])
        at += 1
      } else {
        result.append(c)
      }
    }
    return nil
  }

  private mutating func items(until close: Character) -> [Value]? {
    var result: [Value] = []
    while !take(close) {
      guard let item = value() else { return nil }
      result.append(item)
      if !take(",") { return take(close) ? result : nil }
    }
    return result
  }

  private mutating func members() -> [String: Value]? {
    var result: [String: Value] = [:]
    while !take("}") {
      skipSpace()
      guard at < characters.count, "'\"".contains(characters[at]), let key = text(), take(":"),
        let item = value()
      else { return nil }
      result[key] = item
      if !take(",") { return take("}") ? result : nil }
    }
    return result
  }
}
