/// A sum of doubles without rounding: the same for any order and any division into parts.
///
/// A long fixed-point accumulator after Kulisch (Computer Arithmetic and Validity, ch. 8): limbs of 32 bits from 2^−1074 up,
/// kept in 64 bits so that carries are taken care of seldom.
public struct ExactSum: Sendable, Equatable {
  private static let limbCount = 70
  private var limbs = [Int64](repeating: 0, count: limbCount)
  private var pending = 0
  /// Values that no fixed-point number holds, in one double: NaN or an infinity.
  private var special = 0.0

  public init() {}

  public mutating func add(_ value: Double) {
    guard value.isFinite else {
      special += value
      return
    }
    let bits = value.bitPattern
    let exponent = Int(bits &>> 52 & 0x7ff)
    let fraction = bits & 0xf_ffff_ffff_ffff
    let mantissa = exponent == 0 ? fraction : fraction | 0x10_0000_0000_0000
    // Position of the lowest bit above 2^−1074.
    let shift = max(0, exponent - 1)
    let (limb, offset) = (shift / 32, UInt64(shift % 32))
    let low = mantissa &<< offset
    let high = offset == 0 ? 0 : mantissa &>> (64 - offset)
    let sign: Int64 = value.sign == .minus ? -1 : 1
    limbs[limb] += sign * Int64(low & 0xffff_ffff)
    limbs[limb + 1] += sign * Int64(low &>> 32)
    limbs[limb + 2] += sign * Int64(high)
    pending += 1
    if pending == 1 << 30 { carry() }
  }

  public static func += (a: inout ExactSum, b: ExactSum) {
    a.carry()
    var b = b
    b.carry()
    for i in 0..<limbCount { a.limbs[i] += b.limbs[i] }
    a.special += b.special
    a.carry()
  }

  /// Every limb but the last into 0 ..< 2³².
  private mutating func carry() {
    for i in 0..<(Self.limbCount - 1) {
      limbs[i + 1] += limbs[i] >> 32
      limbs[i] &= 0xffff_ffff
    }
    pending = 0
  }

  public static func == (a: ExactSum, b: ExactSum) -> Bool { a.text == b.text }

  private var isSpecial: Bool { special.isNaN || special.isInfinite }

  /// The limbs of the absolute value, all of 32 bits.
  private var magnitude: (isNegative: Bool, limbs: [UInt32]) {
    var copy = self
    copy.carry()
    let isNegative = copy.limbs[Self.limbCount - 1] < 0
    if isNegative {
      for i in copy.limbs.indices { copy.limbs[i] = -copy.limbs[i] }
      copy.carry()
    }
    return (isNegative, copy.limbs.map { UInt32(truncatingIfNeeded: $0) })
  }

  /// The nearest double (of two the one with the even last bit).
  public var value: Double {
    if isSpecial { return special }
    let (isNegative, limbs) = magnitude
    guard let top = limbs.lastIndex(where: { $0 != 0 }) else { return 0 }
    // 64 bits hold the leading 53 and a guard; what is below only breaks ties.
    var leading = UInt64(limbs[top])
    var lowest = top
    while lowest > 0, leading.leadingZeroBitCount >= 32 {
      lowest -= 1
      leading = leading &<< 32 | UInt64(limbs[lowest])
    }
    var exponent = 32 * lowest - 1074
    let spare = leading.leadingZeroBitCount
    if spare > 0, lowest > 0 {
      leading = leading &<< UInt64(spare) | UInt64(limbs[lowest - 1]) &>> UInt64(32 - spare)
      exponent -= spare
      let rest = UInt64(limbs[lowest - 1]) & (1 &<< UInt64(32 - spare) - 1)
      if rest != 0 || limbs[..<(lowest - 1)].contains(where: { $0 != 0 }) { leading |= 1 }
    } else if limbs[..<lowest].contains(where: { $0 != 0 }) {
      leading |= 1
    }
    // The conversion of an integer rounds to nearest even; scaling by a power of two is exact.
    let result = Double(sign: .plus, exponent: exponent, significand: Double(leading))
    return isNegative ? -result : result
  }

  /// Exact, as a hexadecimal number of any length: `-0x1f3p-1074`, or `nan`.
  public var text: String {
    if isSpecial { return "\(special)" }
    let (isNegative, limbs) = magnitude
    guard let top = limbs.lastIndex(where: { $0 != 0 }),
      let bottom = limbs.firstIndex(where: { $0 != 0 })
    else { return "0x0p+0" }
    var digits = ""
    for i in (bottom...top).reversed() {
      let part = String(limbs[i], radix: 16)
      digits += i == top ? part : String(repeating: "0", count: 8 - part.count) + part
    }
    return "\(isNegative ? "-" : "")0x\(digits)p\(32 * bottom - 1074)"
  }

  /// Reads what `text` gives; nil for anything else.
  public init?(text: String) {
    switch text {
    case "nan", "-nan": special = .nan
    case "inf": special = .infinity
    case "-inf": special = -.infinity
    case "0x0p+0": break
    default:
      let isNegative = text.hasPrefix("-")
      let parts = text.drop { $0 == "-" }.split(separator: "p", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0].hasPrefix("0x"), let exponent = Int(parts[1]),
        exponent >= -1074, (exponent + 1074) % 32 == 0
      else { return nil }
      var digits = parts[0].dropFirst(2)
      var limb = (exponent + 1074) / 32
      while !digits.isEmpty {
        guard limb < Self.limbCount, let part = UInt32(digits.suffix(8), radix: 16) else {
          return nil
        }
        limbs[limb] = isNegative ? -Int64(part) : Int64(part)
        digits = digits.dropLast(8)
        limb += 1
      }
      carry()
    }
  }
}
