import Diagnostics
import EventModel
import Glibc

// Arrow's IPC streaming format (https://arrow.apache.org/docs/format/Columnar.html, "IPC Streaming Format"), as far as a
// table of numbers needs it: version V5, little-endian, primitive columns and lists of them or of structs of them, no
// dictionaries, no compression.

/// A column of a stream.
struct ArrowField: Equatable {
  /// Lists of structs with these members, or of plain values.
  struct List: Equatable {
    var components: [String]?
    /// Offsets of 64 bits.
    var isLarge = false
    /// Columns of values that make an entry.
    var width: Int { components?.count ?? 1 }
  }
  var name: String
  var type: ElementType
  var list: List?
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
  static let listType: UInt8 = 12
  static let structType: UInt8 = 13
  static let largeListType: UInt8 = 21
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
    let metadata = field.metadata.sorted { $0.key < $1.key }.map {
      (key: $0.key, value: $0.value)
    }
    guard let list = field.list else {
      let slots = write(
        field.name, isFloat ? ArrowCode.floatType : ArrowCode.integerType, metadata, to: &buffer,
        at: slot)
      switch field.type {
      case .float64: buffer.table([(0, .int16(ArrowCode.double))], at: slots.type)
      case .float32: buffer.table([(0, .int16(ArrowCode.single))], at: slots.type)
      case .int64: buffer.table([(0, .int32(64)), (1, .int8(1))], at: slots.type)
      case .int32: buffer.table([(0, .int32(32)), (1, .int8(1))], at: slots.type)
      }
      _ = buffer.offsets(0, at: slots.children)
      return
    }
    let slots = write(field.name, ArrowCode.listType, metadata, to: &buffer, at: slot)
    buffer.table([], at: slots.type)
    let item = buffer.offsets(1, at: slots.children)[0]
    guard let components = list.components else {
      return write(ArrowField(name: "item", type: field.type), to: &buffer, at: item)
    }
    let entry = write("item", ArrowCode.structType, [], to: &buffer, at: item)
    buffer.table([], at: entry.type)
    for (name, slot) in zip(components, buffer.offsets(components.count, at: entry.children)) {
      write(ArrowField(name: name, type: field.type), to: &buffer, at: slot)
    }
  }

  /// All of Field.fbs but the type's table and the children: name, nullable, type, type's table, dictionary, children,
  /// metadata.
  private static func write(
    _ name: String, _ type: UInt8, _ metadata: ArrowMetadata, to buffer: inout FlatBufferWriter,
    at slot: FlatBufferWriter.Slot
  ) -> (type: FlatBufferWriter.Slot, children: FlatBufferWriter.Slot) {
    let slots = buffer.table(
      [
        (0, .offset), (1, .int8(0)), (2, .int8(type)), (3, .offset), (5, .offset), (6, .offset),
      ], at: slot)
    buffer.text(name, at: slots[0])
    write(metadata, to: &buffer, at: slots[3])
    return (slots[1], slots[2])
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

  /// The bytes of a column of a batch.
  enum ColumnBytes {
    case values(UnsafeRawBufferPointer)
    /// Offsets of 32 bits, one more than rows; the number of entries; their values, one column per component.
    case list(
      offsets: UnsafeRawBufferPointer, entries: Int, values: [UnsafeRawBufferPointer],
      isStruct: Bool)
  }

  /// A batch of rows.
  func writeBatch(
    rows: Int, columns: [ColumnBytes], metadata: ArrowMetadata = []
  ) throws {
    var nodes: [(Int64, Int64)] = []
    var buffers: [(Int64, Int64)] = []
    var size = 0
    var body: [UnsafeRawBufferPointer] = []
    // The validity of values without nulls is an empty buffer.
    func addValidity() { buffers.append((Int64(size), 0)) }
    func add(_ bytes: UnsafeRawBufferPointer) {
      buffers.append((Int64(size), Int64(bytes.count)))
      size += Self.aligned(bytes.count)
      body.append(bytes)
    }
    for column in columns {
      nodes.append((Int64(rows), 0))
      addValidity()
      switch column {
      case .values(let bytes): add(bytes)
      case .list(let offsets, let entries, let values, let isStruct):
        add(offsets)
        if isStruct {
          nodes.append((Int64(entries), 0))
          addValidity()
        }
        for bytes in values {
          nodes.append((Int64(entries), 0))
          addValidity()
          add(bytes)
        }
      }
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
    try send(buffer, body: body)
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
