import Diagnostics
import EventModel
import Glibc

// Arrow's IPC streaming format (https://arrow.apache.org/docs/format/Columnar.html, "IPC Streaming Format"), as far as a
// table of numbers needs it: version V5, little-endian, primitive columns, no dictionaries, no compression.

/// A column of a stream.
struct ArrowField: Equatable {
  var name: String
  var type: ElementType
  var metadata: [String: String] = [:]
}

/// Texts of Arrow's metadata, in their order.
typealias ArrowMetadata = [(key: String, value: String)]

/// Numbers of Schema.fbs and Message.fbs.
enum ArrowCode {
  static let version5: Int16 = 4
  static let schemaMessage: UInt8 = 1
  static let batchMessage: UInt8 = 3
  static let integerType: UInt8 = 2
  static let floatType: UInt8 = 3
  static let single: Int16 = 1
  static let double: Int16 = 2
  /// Stands before every message; with a length of 0 it ends the stream.
  static let continuation: UInt32 = 0xffff_ffff
  /// Buffers begin and end at multiples of this.
  static let alignment = 64
}

/// Writes the messages of a stream to a descriptor; every write is checked.
struct ArrowWriter {
  private let descriptor: FileDescriptor
  private let zeros = [UInt8](repeating: 0, count: ArrowCode.alignment)

  init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

  func writeSchema(_ fields: [ArrowField], metadata: ArrowMetadata) throws {
    var buffer = FlatBufferWriter()
    let message = buffer.table(
      [
        (0, .int16(ArrowCode.version5)), (1, .int8(ArrowCode.schemaMessage)), (2, .offset),
        (3, .int64(0)),
      ], at: buffer.root)
    let schema = buffer.table([(1, .offset), (2, .offset)], at: message[0])
    for (field, slot) in zip(fields, buffer.offsets(fields.count, at: schema[0])) {
      Self.write(field, to: &buffer, at: slot)
    }
    Self.write(metadata, to: &buffer, at: schema[1])
    try send(buffer, body: [])
  }

  private static func write(
    _ field: ArrowField, to buffer: inout FlatBufferWriter, at slot: FlatBufferWriter.Slot
  ) {
    let isFloat = field.type == .float64 || field.type == .float32
    // Field.fbs: name, nullable, type, type's table, dictionary, children, metadata.
    let slots = buffer.table(
      [
        (0, .offset), (1, .int8(0)),
        (2, .int8(isFloat ? ArrowCode.floatType : ArrowCode.integerType)), (3, .offset),
        (5, .offset), (6, .offset),
      ], at: slot)
    buffer.text(field.name, at: slots[0])
    switch field.type {
    case .float64: buffer.table([(0, .int16(ArrowCode.double))], at: slots[1])
    case .float32: buffer.table([(0, .int16(ArrowCode.single))], at: slots[1])
    case .int64: buffer.table([(0, .int32(64)), (1, .int8(1))], at: slots[1])
    case .int32: buffer.table([(0, .int32(32)), (1, .int8(1))], at: slots[1])
    }
    _ = buffer.offsets(0, at: slots[2])
    write(
      field.metadata.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) },
      to: &buffer, at: slots[3])
  }

  private static func write(
    _ metadata: ArrowMetadata, to buffer: inout FlatBufferWriter, at slot: FlatBufferWriter.Slot
  ) {
    for (entry, slot) in zip(metadata, buffer.offsets(metadata.count, at: slot)) {
      let slots = buffer.table([(0, .offset), (1, .offset)], at: slot)
      buffer.text(entry.key, at: slots[0])
      buffer.text(entry.value, at: slots[1])
    }
  }

  /// A batch of rows: for every column the bytes of its values.
  func writeBatch(
    rows: Int, columns: [UnsafeRawBufferPointer], metadata: ArrowMetadata = []
  ) throws {
    var nodes: [(Int64, Int64)] = []
    var buffers: [(Int64, Int64)] = []
    var size = 0
    for column in columns {
      nodes.append((Int64(rows), 0))
      // The validity of values without nulls is an empty buffer.
      buffers.append((Int64(size), 0))
      buffers.append((Int64(size), Int64(column.count)))
      size += Self.aligned(column.count)
    }
    var buffer = FlatBufferWriter()
    var fields: [(id: Int, value: FlatBufferWriter.Value)] = [
      (0, .int16(ArrowCode.version5)), (1, .int8(ArrowCode.batchMessage)), (2, .offset),
      (3, .int64(Int64(size))),
    ]
    if !metadata.isEmpty { fields.append((4, .offset)) }
    let message = buffer.table(fields, at: buffer.root)
    let batch = buffer.table(
      [(0, .int64(Int64(rows))), (1, .offset), (2, .offset)], at: message[0])
    buffer.pairs(nodes, at: batch[0])
    buffer.pairs(buffers, at: batch[1])
    if !metadata.isEmpty { Self.write(metadata, to: &buffer, at: message[1]) }
    try send(buffer, body: columns)
  }

  /// The mark that ends a stream.
  func writeEnd() throws {
    var mark: [UInt8] = []
    Self.append(ArrowCode.continuation, to: &mark)
    Self.append(0, to: &mark)
    try mark.withUnsafeBytes { try descriptor.write($0) }
  }

  private static func aligned(_ count: Int) -> Int {
    (count + ArrowCode.alignment - 1) / ArrowCode.alignment * ArrowCode.alignment
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Continuation mark, length, metadata padded to 8 bytes, then the columns, in one gathered write.
  private func send(_ buffer: FlatBufferWriter, body: [UnsafeRawBufferPointer]) throws {
    let length = (buffer.bytes.count + 7) / 8 * 8
    var head: [UInt8] = []
    head.reserveCapacity(8 + length)
    Self.append(ArrowCode.continuation, to: &head)
    Self.append(UInt32(length), to: &head)
    head += buffer.bytes
    head += [UInt8](repeating: 0, count: length - buffer.bytes.count)
    try head.withUnsafeBytes { head in
      try zeros.withUnsafeBytes { zeros in
        var pieces = [Self.piece(head)]
        for column in body where column.count > 0 {
          pieces.append(Self.piece(column))
          let padding = Self.aligned(column.count) - column.count
          if padding > 0 {
            pieces.append(Self.piece(UnsafeRawBufferPointer(rebasing: zeros[0..<padding])))
          }
        }
        try descriptor.write(gathering: &pieces)
      }
    }
  }

  private static func piece(_ bytes: UnsafeRawBufferPointer) -> iovec {
    iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
  }
}
