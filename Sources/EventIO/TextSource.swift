import Diagnostics
import EventModel

/// Rows of a table written as text: a line of names, then a line of numbers for each row.
///
/// Values are separated by tabs, else by commas, else by blanks, as the line of names has them; `#` may stand before the
/// names. Lines that begin with `#` and empty lines are passed over. A column whose values are all whole numbers is int64,
/// every other float64. The rows wait in TMPDIR until the last one has told the types.
final class TextSource: ForeignTable {
  let name: String
  let header: Header
  let rowCount: Int?
  private(set) var digest: ColumnDigest
  private let spool: Spool
  /// For each column the row from which on its values are reals; those before are whole numbers.
  private let realFrom: [Int]
  private var row = 0

  /// Reads everything. Throws `.data` with file and line.
  init(_ reader: ByteReader, columns wanted: [String]?, isForced: Bool) throws {
    name = reader.name
    var lines = LineReader(reader)
    guard let first = try lines.nextContent(skippingComments: false) else {
      throw Problem(
        .data, "the input is empty", remedy: "look at what was to write it", file: name)
    }
    var table = try RowParser(first, file: name, isForced: isForced)
    let picked = try TableColumns.pick(table.names, wanted, file: name)
    let fields = picked.map { Field(table.names[$0], .int64) }
    let blockRows = BlockSize.rows(fields, bytes: 1 << 20)
    let spool = try Spool(fields, blockRows: blockRows)
    var values = [[Int64]](repeating: [], count: picked.count)
    var isReal = [Bool](repeating: false, count: picked.count)
    var realFrom = [Int](repeating: .max, count: picked.count)
    var rows = 0
    func flush() throws {
      guard let count = values.first?.count, count > 0 else { return }
      try spool.append(Batch(count: count, columns: values.map { .int64($0) }))
      for i in values.indices { values[i].removeAll(keepingCapacity: true) }
    }
    while let line = try lines.nextContent(skippingComments: true) {
      try table.split(line, number: lines.number)
      for (i, column) in picked.enumerated() {
        switch try table.value(column, isReal: isReal[i], line: lines.number) {
        case .whole(let n): values[i].append(n)
        case .real(let x):
          if !isReal[i] {
            isReal[i] = true
            realFrom[i] = rows
          }
          values[i].append(Int64(bitPattern: x.bitPattern))
        }
      }
      rows += 1
      if rows % blockRows == 0 { try flush() }
    }
    try flush()
    try spool.rewind()
    self.spool = spool
    self.realFrom = realFrom
    rowCount = rows
    header = Header(
      kind: .events, fields: zip(fields, isReal).map { Field($0.path, $1 ? .float64 : .int64) })
    digest = ColumnDigest(header.fields)
  }

  func next() throws -> Batch? {
    guard let batch = try spool.next() else { return nil }
    let columns = batch.columns.enumerated().map { i, column -> Column in
      guard realFrom[i] != .max, case .int64(let values) = column else { return column }
      return .float64(
        values.enumerated().map { k, bits in
          row + k < realFrom[i] ? Double(bits) : Double(bitPattern: UInt64(bitPattern: bits))
        })
    }
    row += batch.count
    let rows = Batch(count: batch.count, columns: columns)
    digest.update(rows)
    return rows
  }
}

/// Lines of text, without their ends.
private struct LineReader {
  private let reader: ByteReader
  private var buffer: [UInt8] = []
  private var at = 0
  private var isAtEnd = false
  /// Of the line handed out last, from 1.
  private(set) var number = 0
  private static let longestLine = 1 << 24

  init(_ reader: ByteReader) { self.reader = reader }

  /// The next line that holds something.
  mutating func nextContent(skippingComments: Bool) throws -> ArraySlice<UInt8>? {
    while let line = try next() {
      guard let start = line.first(where: { $0 != 0x20 && $0 != 0x09 }) else { continue }
      if skippingComments, start == UInt8(ascii: "#") { continue }
      return line
    }
    return nil
  }

  private mutating func next() throws -> ArraySlice<UInt8>? {
    var searched = at
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0a) {
        return line(to: end, next: end + 1)
      }
      if isAtEnd { return at < buffer.count ? line(to: buffer.count, next: buffer.count) : nil }
      guard buffer.count - at <= Self.longestLine else {
        throw Problem(
          .data, "a line of more than \(Self.longestLine >> 20) MiB", file: reader.name,
          place: "line \(number + 1)")
      }
      buffer.removeSubrange(..<at)
      at = 0
      searched = buffer.count
      let start = buffer.count
      buffer.append(contentsOf: repeatElement(0, count: 1 << 18))
      let n = try buffer[start...].withUnsafeMutableBytes { try reader.read(into: $0) }
      buffer.removeSubrange((start + n)...)
      isAtEnd = n == 0
    }
  }

  private mutating func line(to end: Int, next: Int) -> ArraySlice<UInt8> {
    defer { at = next }
    number += 1
    let last = end > at && buffer[end - 1] == 0x0d ? end - 1 : end
    return buffer[at..<last]
  }
}

/// Cells of a line and the numbers in them.
private struct RowParser {
  private(set) var names: [String] = []
  private let file: String
  /// 0 is any number of blanks.
  private let separator: UInt8
  private var cells: [ArraySlice<UInt8>] = []

  enum Number {
    case whole(Int64)
    case real(Double)
  }

  /// Reads the names. Throws for a text that is no table, and for a first line of numbers.
  init(_ line: ArraySlice<UInt8>, file: String, isForced: Bool) throws {
    self.file = file
    var line = Self.trimmed(line)
    let isMarked = line.first == UInt8(ascii: "#")
    if isMarked { line = Self.trimmed(line.dropFirst()) }
    separator = [0x09, UInt8(ascii: ",")].first { line.contains($0) } ?? 0
    fill(line)
    names = cells.map { String(decoding: Self.unquoted($0), as: UTF8.self) }
    let isTable = isMarked || isForced || separator != 0
    if names.allSatisfy({ Double($0) != nil }) {
      throw Problem(
        .data, "there is no line with the names of the columns",
        // Between blanks, names are told from prose by the mark.
        remedy: "write one above the numbers" + (isTable ? "" : ", after a #: '# pt m_jj'"),
        file: file, place: "line 1")
    }
    guard isTable else {
      throw Problem(
        .data, "this is a text, not HDF5 or an Arrow stream",
        remedy: "give a file or stream written by these commands, or say --input-format tsv",
        file: file)
    }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank = { (c: UInt8) in c == 0x20 || c == 0x09 }
    var bytes = bytes.drop(while: isBlank)
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    return bytes
  }

  private static func unquoted(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let quote = UInt8(ascii: "\"")
    guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return bytes }
    return bytes.dropFirst().dropLast()
  }

  private mutating func fill(_ line: ArraySlice<UInt8>) {
    cells.removeAll(keepingCapacity: true)
    if separator == 0 {
      for cell in line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) { cells.append(cell) }
    } else {
      for cell in line.split(separator: separator, omittingEmptySubsequences: false) {
        cells.append(Self.trimmed(cell))
      }
    }
  }

  mutating func split(_ line: ArraySlice<UInt8>, number: Int) throws {
    fill(line)
    guard cells.count == names.count else {
      throw Problem(
        .data, "\(cells.count) values where \(names.count) columns are named",
        remedy: "correct the line", file: file, place: "line \(number)")
    }
  }

  /// The number in a cell of the line; nan and inf are numbers.
  func value(_ column: Int, isReal: Bool, line: Int) throws -> Number {
    let cell = cells[column]
    if !isReal, let n = Self.whole(cell) { return .whole(n) }
    let text = String(decoding: cell, as: UTF8.self)
    guard let x = Double(text) else {
      throw Problem(
        .data,
        cell.isEmpty
          ? "column '\(names[column])' is empty"
          : "'\(text.prefix(40))' in column '\(names[column])' is no number",
        remedy: "write a number, or nan", file: file, place: "line \(line)")
    }
    return .real(x)
  }

  private static func whole(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard let first = bytes.first else { return nil }
    let isNegative = first == UInt8(ascii: "-")
    let digits = isNegative ? bytes.dropFirst() : bytes
    guard !digits.isEmpty else { return nil }
    var n: Int64 = 0
    for c in digits {
      guard c >= 48, c <= 57 else { return nil }
      let (product, overflow) = n.multipliedReportingOverflow(by: 10)
      let digit = Int64(c - 48)
      let (sum, more) =
        isNegative
        ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      guard !overflow, !more else { return nil }
      n = sum
    }
    return n
  }
}
