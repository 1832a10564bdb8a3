// The little of FlatBuffers that Arrow's metadata needs (https://flatbuffers.dev/internals): tables, texts, vectors.

/// Writes tables front to back: a slot for an offset is patched when the thing it points at is appended.
struct FlatBufferWriter {
  private(set) var bytes: [UInt8] = []

  /// The value of a table's field.
  enum Value {
    case int8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    /// Points at something that is appended later.
    case offset

    fileprivate var size: Int {
      switch self {
      case .int8: 1
      case .int16: 2
      case .int32, .offset: 4
      case .int64: 8
      }
    }
  }

  /// Where an offset stands that is still to be filled in.
  struct Slot {
    fileprivate let position: Int
  }

  /// The root's offset, which the first table fills in.
  let root = Slot(position: 0)

  init() { append(UInt32(0)) }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func align(_ size: Int, remainder: Int = 0) {
    while bytes.count % size != remainder { bytes.append(0) }
  }

  /// Makes a slot point at the end of what is written.
  private mutating func point(_ slot: Slot) {
    withUnsafeBytes(of: UInt32(bytes.count - slot.position).littleEndian) {
      for (i, byte) in $0.enumerated() { bytes[slot.position + i] = byte }
    }
  }

  /// Appends a table; gives the slots of its offset fields, in the order of `fields`.
  @discardableResult
  mutating func table(_ fields: [(id: Int, value: Value)], at slot: Slot) -> [Slot] {
    // The largest fields first keep everything aligned: the table starts at 8k + 4.
    var positions: [Int: Int] = [:]
    var size = 4
    let bySize = fields.sorted { ($0.value.size, $1.id) > ($1.value.size, $0.id) }
    for field in bySize {
      positions[field.id] = size
      size += field.value.size
    }
    let count = (fields.map(\.id).max() ?? -1) + 1
    let vtableSize = 4 + 2 * count
    while (bytes.count + vtableSize) % 8 != 4 { bytes.append(0) }
    let vtable = bytes.count
    append(UInt16(vtableSize))
    append(UInt16(size))
    for id in 0..<count { append(UInt16(positions[id] ?? 0)) }
    let start = bytes.count
    point(slot)
    append(Int32(start - vtable))
    for field in bySize {
      switch field.value {
      case .int8(let value): append(value)
      case .int16(let value): append(value)
      case .int32(let value): append(value)
      case .int64(let value): append(value)
      case .offset: append(UInt32(0))
      }
    }
    return fields.compactMap { field in
      guard case .offset = field.value, let at = positions[field.id] else { return nil }
      return Slot(position: start + at)
    }
  }

  mutating func text(_ text: String, at slot: Slot) {
    align(4)
    point(slot)
    append(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
  }

  /// A vector of `count` offsets; gives their slots.
  mutating func offsets(_ count: Int, at slot: Slot) -> [Slot] {
    align(4)
    point(slot)
    append(UInt32(count))
    return (0..<count).map { _ in
      defer { append(UInt32(0)) }
      return Slot(position: bytes.count)
    }
  }

  /// A vector of structs of two 64-bit integers.
  mutating func pairs(_ pairs: [(Int64, Int64)], at slot: Slot) {
    align(8, remainder: 4)
    point(slot)
    append(UInt32(pairs.count))
    for (first, second) in pairs {
      append(first)
      append(second)
    }
  }
}

/// What is wrong with metadata that cannot be trusted.
struct FlatBufferError: Error {
  let fact: String
  var remedy: String?
}

/// A checked view of one table: every access is inside the bytes, or throws.
struct FlatBufferTable {
  private let bytes: UnsafeRawBufferPointer
  private let position: Int
  private let vtable: Int
  private let vtableSize: Int

  init(root bytes: UnsafeRawBufferPointer) throws {
    try self.init(bytes, at: Int(try Self.load(bytes, 0, UInt32.self)))
  }

  private init(_ bytes: UnsafeRawBufferPointer, at position: Int) throws {
    self.bytes = bytes
    self.position = position
    vtable = position - Int(try Self.load(bytes, position, Int32.self))
    vtableSize = Int(try Self.load(bytes, vtable, UInt16.self))
  }

  private static func load<T: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _ at: Int, _: T.Type
  ) throws -> T {
    guard at >= 0, at <= bytes.count - MemoryLayout<T>.size else {
      throw FlatBufferError(fact: "its metadata point outside themselves")
    }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  private func slot(_ id: Int) throws -> Int? {
    guard 4 + 2 * id + 2 <= vtableSize else { return nil }
    let offset = Int(try Self.load(bytes, vtable + 4 + 2 * id, UInt16.self))
    return offset == 0 ? nil : position + offset
  }

  private func target(_ id: Int) throws -> Int? {
    guard let slot = try slot(id) else { return nil }
    return slot + Int(try Self.load(bytes, slot, UInt32.self))
  }

  /// The field's integer, or its default where the table leaves it out.
  func integer<T: FixedWidthInteger>(_ id: Int, default value: T) throws -> T {
    guard let slot = try slot(id) else { return value }
    return try Self.load(bytes, slot, T.self)
  }

  func table(_ id: Int) throws -> FlatBufferTable? {
    guard let target = try target(id) else { return nil }
    return try FlatBufferTable(bytes, at: target)
  }

  func text(_ id: Int) throws -> String? {
    guard let (start, count) = try vector(id, valueSize: 1) else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]), as: UTF8.self)
  }

  private func vector(_ id: Int, valueSize: Int) throws -> (start: Int, count: Int)? {
    guard let target = try target(id) else { return nil }
    let count = Int(try Self.load(bytes, target, UInt32.self))
    guard count <= (bytes.count - target - 4) / valueSize else {
      throw FlatBufferError(fact: "a list in its metadata is cut off")
    }
    return (target + 4, count)
  }

  func tables(_ id: Int) throws -> [FlatBufferTable] {
    guard let (start, count) = try vector(id, valueSize: 4) else { return [] }
    return try (0..<count).map { i in
      let at = start + 4 * i
      return try FlatBufferTable(bytes, at: at + Int(try Self.load(bytes, at, UInt32.self)))
    }
  }

  func pairs(_ id: Int) throws -> [(Int64, Int64)] {
    guard let (start, count) = try vector(id, valueSize: 16) else { return [] }
    return try (0..<count).map { i in
      (
        try Self.load(bytes, start + 16 * i, Int64.self),
        try Self.load(bytes, start + 16 * i + 8, Int64.self)
      )
    }
  }
}
