/// XXH64 (Y. Collet, xxHash specification 0.1.1): the digest of contents, fed in pieces of any size.
public struct XXH64: Sendable {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private let seed: UInt64
  private var v1, v2, v3, v4: UInt64
  private var total: UInt64 = 0
  private var tail: [UInt8] = []

  public init(seed: UInt64 = 0) {
    self.seed = seed
    v1 = seed &+ Self.prime1 &+ Self.prime2
    v2 = seed &+ Self.prime2
    v3 = seed
    v4 = seed &- Self.prime1
    tail.reserveCapacity(32)
  }

  private static func rotate(_ x: UInt64, _ r: UInt64) -> UInt64 { (x &<< r) | (x &>> (64 &- r)) }
  private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
    rotate(accumulator &+ lane &* prime2, 31) &* prime1
  }
  private static func merge(_ hash: UInt64, _ v: UInt64) -> UInt64 {
    (hash ^ round(0, v)) &* prime1 &+ prime4
  }
  private static func lane(_ p: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: p.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
  private mutating func stripe(_ p: UnsafeRawPointer) {
    v1 = Self.round(v1, Self.lane(p, 0))
    v2 = Self.round(v2, Self.lane(p, 8))
    v3 = Self.round(v3, Self.lane(p, 16))
    v4 = Self.round(v4, Self.lane(p, 24))
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    total &+= UInt64(bytes.count)
    var at = 0
    if !tail.isEmpty {
      at = min(32 - tail.count, bytes.count)
      tail.append(contentsOf: bytes[0..<at])
      guard tail.count == 32 else { return }
      let full = tail
      full.withUnsafeBytes { if let p = $0.baseAddress { stripe(p) } }
      tail.removeAll(keepingCapacity: true)
    }
    while at + 32 <= bytes.count {
      stripe(base + at)
      at += 32
    }
    if at < bytes.count { tail.append(contentsOf: bytes[at...]) }
  }
  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }
  public mutating func update<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { update($0) }
  }

  /// The digest of all that came so far; more may follow.
  public var value: UInt64 {
    var hash: UInt64
    if total >= 32 {
      hash = Self.rotate(v1, 1) &+ Self.rotate(v2, 7) &+ Self.rotate(v3, 12) &+ Self.rotate(v4, 18)
      for v in [v1, v2, v3, v4] { hash = Self.merge(hash, v) }
    } else {
      hash = seed &+ Self.prime5
    }
    hash &+= total
    tail.withUnsafeBytes { rest in
      var at = 0
      guard let p = rest.baseAddress else { return }
      while at + 8 <= rest.count {
        hash = Self.rotate(hash ^ Self.round(0, Self.lane(p, at)), 27) &* Self.prime1 &+ Self.prime4
        at += 8
      }
      if at + 4 <= rest.count {
        let word = UInt32(littleEndian: p.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        hash = Self.rotate(hash ^ UInt64(word) &* Self.prime1, 23) &* Self.prime2 &+ Self.prime3
        at += 4
      }
      while at < rest.count {
        hash = Self.rotate(hash ^ UInt64(rest[at]) &* Self.prime5, 11) &* Self.prime1
        at += 1
      }
    }
    hash = (hash ^ (hash &>> 33)) &* Self.prime2
    hash = (hash ^ (hash &>> 29)) &* Self.prime3
    return hash ^ (hash &>> 32)
  }

  /// Sixteen hexadecimal digits.
  public var hex: String { Self.hex(value) }

  /// A value, such as a sum of hashes, as sixteen hexadecimal digits.
  public static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The identity of an event: what random numbers, partitions, duplicate detection and merge order go by.
public enum EventIdentity {
  /// mix(sample key, index in the file): the finaliser of SplitMix64 (Steele, Lea, Flood 2014), a bijection of the index for each key.
  public static func id(sampleKey: UInt64, index: Int) -> Int64 {
    var z = sampleKey &+ UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return Int64(bitPattern: z ^ (z &>> 31))
  }
}
