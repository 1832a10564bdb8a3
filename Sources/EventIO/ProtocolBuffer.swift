// The little of Protocol Buffers that ONNX needs (https://protobuf.dev/programming-guides/encoding): varints, 32-bit
// floats, and fields that say their length.

/// Writes the fields of one message, in any order.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum Wire: UInt64 {
    case varint = 0
    case length = 2
    case fixed32 = 5
  }

  private mutating func tag(_ field: Int, _ wire: Wire) {
    varint(UInt64(field) << 3 | wire.rawValue)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ field: Int, _ value: Int) {
    tag(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    tag(field, .fixed32)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func raw(_ field: Int, _ value: [UInt8]) {
    tag(field, .length)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func text(_ field: Int, _ value: String) { raw(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ value: ProtocolBuffer) { raw(field, value.bytes) }

  mutating func message(_ field: Int, _ fill: (inout ProtocolBuffer) -> Void) {
    var value = ProtocolBuffer()
    fill(&value)
    message(field, value)
  }
}

extension [UInt8] {
  /// Appends the bytes of a number, the lowest first.
  mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
