import Diagnostics
import EventModel

/// The stream ends before its end: what salvage forgives, and nothing else.
struct CutOffStream: Error {
  let problem: Problem
}

/// Reads the messages of an Arrow stream that may come from anywhere.
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

  /// Reads the schema.
  init(_ reader: ByteReader) throws {
    self.reader = reader
    name = reader.name
    do {
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
      throw problem(error.fact)
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
    func unsupported(_ what: String) -> FlatBufferError {
      FlatBufferError(
        fact: "column '\(name)' holds \(what), not float64, float32, int64 or int32")
    }
    guard try table.table(4) == nil else { throw unsupported("a dictionary") }
    guard let type = try table.table(3) else {
      throw FlatBufferError(fact: "column '\(name)' has no type")
    }
    var field = ArrowField(name: name, type: .float64)
    switch try table.integer(2, default: UInt8(0)) {
    case ArrowCode.integerType:
      // The width stands first: a table without signedness may end before the second field.
      let bits = try type.integer(0, default: Int32(0))
      let isSigned = try type.integer(1, default: UInt8(0)) == 1
      guard isSigned, bits == 64 || bits == 32 else {
        throw unsupported("\(isSigned ? "" : "unsigned ")integers of \(bits) bits")
      }
      field.type = bits == 64 ? .int64 : .int32
    case ArrowCode.floatType:
      let precision = try type.integer(0, default: Int16(0))
      guard precision == ArrowCode.single || precision == ArrowCode.double else {
        throw unsupported("half floats")
      }
      field.type = precision == ArrowCode.double ? .float64 : .float32
    case let code:
      throw unsupported(code == 5 || code == 20 ? "texts" : "values of Arrow's type \(code)")
    }
    for (key, value) in try texts(table, 6) { field.metadata[key] = value }
    return field
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
      throw problem(error.fact)
    }
  }

  private func batch(_ message: FlatBufferTable) throws -> ReadBatch {
    guard try message.integer(1, default: UInt8(0)) == ArrowCode.batchMessage,
      let table = try message.table(2)
    else { throw FlatBufferError(fact: "a message is not a batch of rows") }
    guard try table.table(3) == nil else {
      throw FlatBufferError(fact: "its batches are compressed")
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
    guard nodes.count == fields.count, buffers.count == 2 * fields.count else {
      throw FlatBufferError(fact: "a batch does not fit the schema")
    }
    try take(Int(size), into: &body)
    let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(body)[0..<Int(size)])
    func part(_ i: Int, atLeast count: Int) throws -> UnsafeRawBufferPointer {
      let (start, length) = buffers[i]
      guard start >= 0, length >= count, start <= size, length <= size - start else {
        throw FlatBufferError(fact: "a column runs past its batch")
      }
      return UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(start + length)])
    }
    let columns = try fields.indices.map { i in
      guard nodes[i].0 == rows else {
        throw FlatBufferError(fact: "a batch does not fit the schema")
      }
      let hasNulls = nodes[i].1 > 0
      let validity = try part(2 * i, atLeast: hasNulls ? (Int(rows) + 7) / 8 : 0)
      return ReadBatch.Values(
        bytes: try part(2 * i + 1, atLeast: Int(rows) * fields[i].type.size),
        validity: hasNulls ? validity : nil)
    }
    return ReadBatch(rows: Int(rows), columns: columns, metadata: texts)
  }

  /// True where bytes follow the end of the stream.
  func hasMore() throws -> Bool { try !reader.peek(1).isEmpty }
}
