import Diagnostics
import EventModel

/// The stream ends before its end: what salvage forgives, and nothing else.
struct CutOffStream: Error {
  let problem: Problem
}

/// Reads the messages of an Arrow stream that may come from anywhere, or of an Arrow file (also called Feather, version 2):
/// a stream between a mark and an index of its batches, which is not needed.
final class ArrowReader {
  let name: String
  private(set) var fields: [ArrowField] = []
  private(set) var metadata: [String: String] = [:]
  private let reader: ByteReader
  private var meta = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 12, alignment: 64)
  private var body = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
  private var batchNumber = 0

  private static let maximumMetadata = 1 << 28
  private static let maximumRows = 1 << 31
  private static let maximumBody = 1 << 36

  /// First bytes of an Arrow file, before its stream.
  static let fileMagic = Array("ARROW1".utf8)
  private var isFile = false

  /// Reads the schema.
  init(_ reader: ByteReader) throws {
    self.reader = reader
    name = reader.name
    do {
      isFile = try reader.peek(6) == Self.fileMagic
      if isFile { try take(8, into: &meta) }
      guard case .message(let message) = try message(),
        try message.integer(1, default: UInt8(0)) == ArrowCode.schemaMessage,
        let schema = try message.table(2)
      else { throw FlatBufferError(fact: "it does not begin with a schema") }
      guard try schema.integer(0, default: Int16(0)) == 0 else {
        throw FlatBufferError(fact: "it is big-endian")
      }
      fields = try schema.tables(1).map(Self.field)
      for (key, value) in try Self.texts(schema, 2) { metadata[key] = value }
    } catch let cut as CutOffStream {
      throw cut.problem
    } catch let error as FlatBufferError {
      throw problem(error.fact, remedy: error.remedy)
    }
  }

  deinit {
    meta.deallocate()
    body.deallocate()
  }

  private var place: String {
    batchNumber == 0 ? "byte \(reader.offset)" : "batch \(batchNumber) (byte \(reader.offset))"
  }

  func problem(_ fact: String, remedy: String? = nil) -> Problem {
    Problem(
      .data, "this Arrow stream cannot be read: \(fact)", remedy: remedy, file: name, place: place)
  }

  private func cutOff() -> CutOffStream {
    CutOffStream(
      problem: Problem(
        .data, "the stream is truncated", remedy: "look at what was to write it", file: name,
        place: place))
  }

  // MARK: metadata

  private static func texts(_ table: FlatBufferTable, _ id: Int) throws -> ArrowMetadata {
    try table.tables(id).map { (try $0.text(0) ?? "", try $0.text(1) ?? "") }
  }

  private static func field(_ table: FlatBufferTable) throws -> ArrowField {
    let name = try table.text(0) ?? ""
    var field = ArrowField(name: name, type: .float64)
    let code = try table.integer(2, default: UInt8(0))
    if code == ArrowCode.listType || code == ArrowCode.largeListType {
      field.list = .init(isLarge: code == ArrowCode.largeListType)
      try readEntries(of: table, into: &field)
    } else {
      field.type = try primitive(table, column: name)
    }
    for (key, value) in try texts(table, 6) { field.metadata[key] = value }
    return field
  }

  /// What the lists of a column hold: values, or structs of values of one type.
  private static func readEntries(
    of table: FlatBufferTable, into field: inout ArrowField
  ) throws {
    let children = try table.tables(5)
    guard children.count == 1 else {
      throw FlatBufferError(fact: "the lists of column '\(field.name)' have no type")
    }
    guard try children[0].integer(2, default: UInt8(0)) == ArrowCode.structType else {
      field.type = try primitive(children[0], column: field.name)
      return
    }
    let members = try children[0].tables(5)
    let types = try members.map { try primitive($0, column: field.name) }
    guard let type = types.first, types.allSatisfy({ $0 == type }) else {
      throw FlatBufferError(
        fact: "the structs in the lists of column '\(field.name)' are of several types")
    }
    field.type = type
    field.list?.components = try members.map { try $0.text(0) ?? "" }
  }

  private static func primitive(
    _ table: FlatBufferTable, column name: String
  ) throws -> ElementType {
    func unsupported(_ what: String) -> FlatBufferError {
      FlatBufferError(
        fact:
          "column '\(name)' holds \(what), not float64, float32, int64 or int32, nor lists of them")
    }
    guard try table.table(4) == nil else { throw unsupported("a dictionary") }
    guard let type = try table.table(3) else {
      throw FlatBufferError(fact: "column '\(name)' has no type")
    }
    switch try table.integer(2, default: UInt8(0)) {
    case ArrowCode.integerType:
      // The width stands first: a table without signedness may end before the second field.
      let bits = try type.integer(0, default: Int32(0))
      let isSigned = try type.integer(1, default: UInt8(0)) == 1
      guard isSigned, bits == 64 || bits == 32 else {
        throw unsupported("\(isSigned ? "" : "unsigned ")integers of \(bits) bits")
      }
      return bits == 64 ? .int64 : .int32
    case ArrowCode.floatType:
      let precision = try type.integer(0, default: Int16(0))
      guard precision == ArrowCode.single || precision == ArrowCode.double else {
        throw unsupported("half floats")
      }
      return precision == ArrowCode.double ? .float64 : .float32
    case let code:
      throw unsupported(code == 5 || code == 20 ? "texts" : "values of Arrow's type \(code)")
    }
  }

  // MARK: messages

  private enum Item {
    case message(FlatBufferTable)
    /// The end-of-stream mark.
    case end
    /// The bytes end between two messages.
    case nothing
  }

  /// Reads until the buffer's first `count` bytes are there, growing it only as bytes arrive.
  private func take(_ count: Int, into buffer: inout UnsafeMutableRawBufferPointer) throws {
    var got = 0
    while got < count {
      if got == buffer.count {
        let larger = UnsafeMutableRawBufferPointer.allocate(
          byteCount: min(count, 2 * buffer.count), alignment: 64)
        larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = larger
      }
      let n = try fill(
        UnsafeMutableRawBufferPointer(rebasing: buffer[got..<min(count, buffer.count)]))
      if n == 0 { throw cutOff() }
      got += n
    }
  }

  /// Truncated gzip is a truncated stream.
  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    do {
      return try reader.fill(buffer)
    } catch let problem as Problem where problem.kind == .data {
      throw CutOffStream(problem: problem)
    }
  }

  private func word() throws -> UInt32? {
    var word: UInt32 = 0
    let got = try withUnsafeMutableBytes(of: &word) { try fill($0) }
    if got == 0 { return nil }
    guard got == 4 else { throw cutOff() }
    return UInt32(littleEndian: word)
  }

  private func message() throws -> Item {
    guard var length = try word() else { return .nothing }
    if length == ArrowCode.continuation {
      guard let next = try word() else { throw cutOff() }
      length = next
    }
    if length == 0 { return .end }
    guard length <= Self.maximumMetadata else {
      throw FlatBufferError(fact: "it claims metadata of \(length) bytes")
    }
    try take(Int(length), into: &meta)
    let table = try FlatBufferTable(
      root: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(meta)[0..<Int(length)]))
    guard try table.integer(0, default: Int16(0)) == ArrowCode.version5 else {
      throw FlatBufferError(fact: "it is not of metadata version V5")
    }
    return .message(table)
  }

  /// A batch whose columns stay valid until the next call.
  struct ReadBatch {
    let rows: Int
    let columns: [Values]
    let metadata: [String: String]

    struct Values {
      let bytes: UnsafeRawBufferPointer
      /// One bit a row, 0 for null; nil where nothing is null.
      let validity: UnsafeRawBufferPointer?
      /// Of a list, whose `bytes` are its offsets.
      var list: Entries?

      func isNull(_ row: Int) -> Bool {
        validity.map { $0[row / 8] >> (row % 8) & 1 == 0 } ?? false
      }
    }

    /// The entries of all lists of a column.
    struct Entries {
      let count: Int
      let isLarge: Bool
      /// One per component.
      let components: [Values]
    }
  }

  enum Next {
    case batch(ReadBatch)
    case end
    case nothing
  }

  /// The next batch or how the stream ends. Throws `CutOffStream` or a `Problem`.
  func next() throws -> Next {
    batchNumber += 1
    do {
      switch try message() {
      case .end: return .end
      case .nothing: return .nothing
      case .message(let message): return .batch(try batch(message))
      }
    } catch let error as FlatBufferError {
      throw problem(error.fact, remedy: error.remedy)
    }
  }

  private func batch(_ message: FlatBufferTable) throws -> ReadBatch {
    guard try message.integer(1, default: UInt8(0)) == ArrowCode.batchMessage,
      let table = try message.table(2)
    else { throw FlatBufferError(fact: "a message is not a batch of rows") }
    guard try table.table(3) == nil else {
      throw FlatBufferError(
        fact: "its batches are compressed",
        remedy:
          "write it without, with pyarrow.feather.write_feather(..., compression='uncompressed')")
    }
    let rows = try table.integer(0, default: Int64(0))
    let size = try message.integer(3, default: Int64(0))
    guard 0 <= rows, rows <= Self.maximumRows, 0 <= size, size <= Self.maximumBody else {
      throw FlatBufferError(fact: "a batch claims \(rows) rows in \(size) bytes")
    }
    let nodes = try table.pairs(1)
    let buffers = try table.pairs(2)
    var texts: [String: String] = [:]
    for (key, value) in try Self.texts(message, 4) { texts[key] = value }
    let structs = fields.count { $0.list?.components != nil }
    let lists = fields.reduce(0) { $0 + ($1.list?.width ?? 0) }
    guard nodes.count == fields.count + lists + structs,
      buffers.count == 2 * (fields.count + lists) + structs
    else { throw Self.misfit }
    try take(Int(size), into: &body)
    let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(body)[0..<Int(size)])
    func part(_ i: Int, atLeast count: Int) throws -> UnsafeRawBufferPointer {
      let (start, length) = buffers[i]
      guard start >= 0, length >= count, start <= size, length <= size - start else {
        throw FlatBufferError(fact: "a column runs past its batch")
      }
      return UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(start + length)])
    }
    var (node, buffer) = (0, 0)
    /// The next node and its validity.
    func next() throws -> (rows: Int, validity: UnsafeRawBufferPointer?) {
      let (length, nulls) = nodes[node]
      node += 1
      buffer += 1
      guard 0 <= length, length <= Self.maximumRows else { throw Self.misfit }
      let validity = try part(buffer - 1, atLeast: nulls > 0 ? (Int(length) + 7) / 8 : 0)
      return (Int(length), nulls > 0 ? validity : nil)
    }
    func values(rows: Int, size: Int, list: ReadBatch.Entries? = nil) throws -> ReadBatch.Values {
      let (length, validity) = try next()
      guard length == rows else { throw Self.misfit }
      buffer += 1
      return ReadBatch.Values(
        bytes: try part(buffer - 1, atLeast: rows * size), validity: validity, list: list)
    }
    let columns = try fields.map { field in
      guard let list = field.list else {
        return try values(rows: Int(rows), size: field.type.size)
      }
      // No list at all may come without its one offset.
      var column = try values(
        rows: Int(rows), size: 0)
      let width = list.isLarge ? 8 : 4
      guard column.bytes.count >= (rows == 0 ? 0 : (Int(rows) + 1) * width) else {
        throw FlatBufferError(fact: "a column runs past its batch")
      }
      var entries = node < nodes.count ? Int(clamping: nodes[node].0) : 0
      if list.components != nil {
        let (length, validity) = try next()
        guard validity == nil else {
          throw FlatBufferError(fact: "lists of column '\(field.name)' hold nulls")
        }
        entries = length
      }
      column.list = ReadBatch.Entries(
        count: entries, isLarge: list.isLarge,
        components: try (0..<list.width).map { _ in
          try values(rows: entries, size: field.type.size)
        })
      return column
    }
    return ReadBatch(rows: Int(rows), columns: columns, metadata: texts)
  }

  private static var misfit: FlatBufferError {
    FlatBufferError(fact: "a batch does not fit the schema")
  }

  /// True where bytes follow the end of the stream.
  func hasMore() throws -> Bool { try !isFile && !reader.peek(1).isEmpty }
}
