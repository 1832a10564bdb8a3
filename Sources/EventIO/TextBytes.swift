/// Text in the making, as bytes: numbers go in without strings that would outlive them.
struct TextBytes {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  mutating func add(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func add(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  mutating func add(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = bytes.count
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    } while rest > 0
    if bytes.count - start > 1 { bytes[start...].reverse() }
  }

  /// The fewest digits that read back as the same value.
  mutating func add(_ value: Double) {
    // Most columns of a particle are whole numbers. A zero may have a sign.
    if abs(value) < 1e15, value == value.rounded(), value != 0 || value.sign == .plus {
      add(Int(value))
      add(".0")
      return
    }
    var text = value.description
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }
}
