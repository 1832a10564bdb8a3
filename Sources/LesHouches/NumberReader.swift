import Glibc

/// Reads decimal numbers out of bytes, correctly rounded: Clinger's exact path, then Eisel-Lemire, then strtod.
///
/// Takes what Fortran writes too: `1D+02`, `-.5E+01`, `1.0-101`. Sixteen bytes after the text must be readable. The
/// number ends before the first byte that cannot belong to it; callers check what that byte is.
struct NumberReader: ~Copyable {
  private static let firstPower = -342
  /// `powersOfFive`, then 10^0 … 10^22 as bit patterns.
  private let table: UnsafeMutablePointer<UInt64>
  private let tens: UnsafeMutablePointer<Double>
  /// 10^0 … 10^8.
  private let powers: UnsafeMutablePointer<UInt64>

  init() {
    table = .allocate(capacity: powersOfFive.count)
    table.initialize(from: powersOfFive, count: powersOfFive.count)
    tens = .allocate(capacity: 23)
    var power = 1.0
    for i in 0..<23 {
      tens[i] = power
      power *= 10
    }
    powers = .allocate(capacity: 9)
    for i in 0..<9 { powers[i] = UInt64(tens[i]) }
  }
  deinit {
    table.deallocate()
    tens.deallocate()
    powers.deallocate()
  }

  /// True if all eight bytes are digits.
  @inline(__always)
  private static func isEightDigits(_ v: UInt64) -> Bool {
    ((v & 0xF0F0_F0F0_F0F0_F0F0)
      | (((v &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) &>> 4)) == 0x3333_3333_3333_3333
  }
  /// The number that eight values of digits make.
  @inline(__always)
  static func eightDigits(_ x: UInt64) -> UInt64 {
    let v = x &* 10 &+ (x &>> 8)
    return
      ((v & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
      &+ ((v &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001) &>> 32
  }

  /// Digits, and the exponent that goes with their value as a whole number.
  private typealias Decimal = (digits: UInt64, exponent: Int)

  /// The last two of ten decimals, where what follows eight of them is like `78e+02` and no digit comes after it.
  @inline(__always)
  private static func tenDecimals(_ tail: UInt64) -> Decimal? {
    // In the order of the text: digit, digit, 0 for an e, 0 or 6 for the sign, digit, digit.
    let x = tail ^ 0x3030_2B65_3030
    let parts = x & 0xFFFF_00FF_FFFF
    let wrong = ((parts &+ 0x7676_007F_7676) | parts) & 0x8080_0080_8080
    let direction = UInt8(truncatingIfNeeded: x &>> 24)
    let next = UInt8(truncatingIfNeeded: tail &>> 48) &- Ascii.zero
    guard wrong == 0 && (direction == 0 || direction == 6) && next >= 10 else { return nil }
    let decimals = (x & 0xF) &* 10 &+ (x &>> 8) & 0xF
    return (decimals, exponent(x &>> 32, direction) &- 10)
  }

  /// Seven decimals, where what follows the dot is like `1999670e` and then `-02`.
  @inline(__always)
  private static func sevenDecimals(_ word: UInt64, _ tail: UInt32) -> Decimal? {
    let x = word ^ 0x6530_3030_3030_3030
    let wrong = ((x &+ 0x7F76_7676_7676_7676) | x) & 0x8080_8080_8080_8080
    let y = UInt64(tail ^ 0x30_302B)
    let parts = y & 0xFF_FF00
    let wrongTail = ((parts &+ 0x76_7600) | parts) & 0x80_8000
    let direction = UInt8(truncatingIfNeeded: y)
    let next = UInt8(truncatingIfNeeded: tail &>> 24) &- Ascii.zero
    guard wrong | wrongTail == 0 && (direction == 0 || direction == 6) && next >= 10 else {
      return nil
    }
    return (eightDigits(x &<< 8), exponent(y &>> 8, direction) &- 7)
  }

  /// Four decimals, where what follows the dot is like `0000e+00` and no digit comes after it.
  @inline(__always)
  private static func fourDecimals(_ word: UInt64, _ next: UInt8) -> Decimal? {
    let x = word ^ 0x3030_2B65_3030_3030
    let parts = x & 0xFFFF_00FF_FFFF_FFFF
    let wrong = ((parts &+ 0x7676_007F_7676_7676) | parts) & 0x8080_0080_8080_8080
    let direction = UInt8(truncatingIfNeeded: x &>> 40)
    guard wrong == 0 && (direction == 0 || direction == 6) && next &- Ascii.zero >= 10 else {
      return nil
    }
    return (eightDigits(x &<< 32), exponent(x &>> 48, direction) &- 4)
  }

  /// Two digits' values in the order of the text; `direction` is 0 for a plus and 6 for a minus.
  @inline(__always)
  private static func exponent(_ x: UInt64, _ direction: UInt8) -> Int {
    let power = Int(truncatingIfNeeded: (x & 0xF) &* 10 &+ (x &>> 8) & 0xF)
    // −1 for a minus, 0 for a plus: x ^ −1 − −1 is −x.
    let mask = 0 &- Int(direction &>> 2)
    return (power ^ mask) &- mask
  }

  /// Digits of the form that most generators write, at `p` past the sign, and how long they are; nil for other forms.
  ///
  /// Where a number ends follows from its form and not from its text, so that the next one need not wait for it.
  @inline(__always)
  private static func usualForm(_ p: UnsafePointer<UInt8>) -> (decimal: Decimal, length: Int)? {
    let lead = UInt64(p.pointee &- Ascii.zero)
    guard lead < 10 && p[1] == Ascii.dot else { return nil }
    let word = UnsafeRawPointer(p + 2).loadUnaligned(as: UInt64.self)
    if isEightDigits(word) {
      // `6.7766956178e+02`: momenta.
      let tail = UnsafeRawPointer(p + 10).loadUnaligned(as: UInt64.self)
      guard let end = tenDecimals(tail) else { return nil }
      let eight = eightDigits(word ^ 0x3030_3030_3030_3030)
      return ((lead &* 10_000_000_000 &+ eight &* 100 &+ end.digits, end.exponent), 16)
    }
    if let end = fourDecimals(word, p[10]) {
      // `9.0000e+00`: lifetimes and spins.
      return ((lead &* 10_000 &+ end.digits, end.exponent), 10)
    }
    // `3.1999670e-02`: weights.
    let tail = UnsafeRawPointer(p + 10).loadUnaligned(as: UInt32.self)
    guard let end = sevenDecimals(word, tail) else { return nil }
    return ((lead &* 10_000_000 &+ end.digits, end.exponent), 13)
  }

  /// The number at `start`; returns where it ends, or `start` where there is none.
  @inline(__always)
  func real(_ start: UnsafePointer<UInt8>, _ value: inout Double) -> UnsafePointer<UInt8> {
    // Signs of momenta are as good as random: no branch may depend on them. x ^ y − 1 has the top bit where x is y.
    let first = UInt64(start.pointee)
    let isMinus = ((first ^ UInt64(Ascii.minus)) &- 1) &>> 63
    let isPlus = ((first ^ UInt64(Ascii.plus)) &- 1) &>> 63
    let sign = isMinus &<< 63
    let p = start + Int(isMinus | isPlus)
    if let usual = Self.usualForm(p),
      _fastPath(usual.decimal.exponent >= -22 && usual.decimal.exponent <= 22)
    {
      let scaled = scale(usual.decimal.digits, usual.decimal.exponent)
      value = Double(bitPattern: scaled.bitPattern ^ sign)
      return p + usual.length
    }
    let other = otherForm(start)
    value = other.value ?? value
    return other.end
  }

  /// A number of any form; no value, and `end` is `start`, where there is none.
  @inline(never)
  private func otherForm(
    _ start: UnsafePointer<UInt8>
  ) -> (value: Double?, end: UnsafePointer<UInt8>) {
    let isNegative = start.pointee == Ascii.minus
    let sign: UInt64 = isNegative ? 1 &<< 63 : 0
    var p = isNegative || start.pointee == Ascii.plus ? start + 1 : start
    let (mantissa, decimals, count) = digits(&p)
    var exponent = decimals
    if count == 0 {
      var value = 0.0
      let end = Self.special(start, &value)
      return (end == start ? nil : value, end)
    }
    let mark = p.pointee | 32
    // `e+05`, which nearly every number ends with.
    let tail = UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)
    let tensDigit = UInt8(truncatingIfNeeded: tail &>> 16) &- Ascii.zero
    let ones = UInt8(truncatingIfNeeded: tail &>> 24) &- Ascii.zero
    let direction = UInt8(truncatingIfNeeded: tail &>> 8)
    if _fastPath(
      mark == Ascii.e && tensDigit < 10 && ones < 10
        && (direction == Ascii.plus || direction == Ascii.minus) && p[4] &- Ascii.zero >= 10)
    {
      // −1 for a minus, 0 for a plus: x ^ −1 − −1 is −x.
      let mask = direction == Ascii.minus ? -1 : 0
      exponent = exponent &+ ((Int(tensDigit &* 10 &+ ones) ^ mask) &- mask)
      p += 4
    } else if mark == Ascii.e || mark == Ascii.d || p.pointee == Ascii.minus
      || p.pointee == Ascii.plus
    {
      p = Self.exponent(p, &exponent)
    }
    // Up to 19 digits cannot overflow 64 bits.
    if _fastPath(count <= 19) {
      if mantissa <= (1 << 53) && exponent >= -22 && exponent <= 22 {
        return (Double(bitPattern: scale(mantissa, exponent).bitPattern ^ sign), p)
      }
      if let bits = Self.eiselLemire(mantissa, exponent, table) {
        return (Double(bitPattern: bits | sign), p)
      }
    }
    return (Self.bySystem(start, p), p)
  }

  /// Exact where the digits are below 2^53 and the exponent is within ±22.
  @inline(__always)
  private func scale(_ digits: UInt64, _ exponent: Int) -> Double {
    let x = Double(digits)
    return exponent < 0 ? x / tens[0 &- exponent] : x * tens[exponent]
  }

  /// Digits with at most one dot at `p`: their value without the dot (past 19 of them, of no use), minus the number of
  /// decimals, and their number.
  ///
  /// How many decimals there are differs from column to column: eight at a time, whatever their number, without a branch.
  @inline(__always)
  private func digits(_ p: inout UnsafePointer<UInt8>) -> (UInt64, Int, Int) {
    var mantissa: UInt64 = 0
    let digits = p
    var c = p.pointee &- Ascii.zero
    while c < 10 {
      mantissa = mantissa &* 10 &+ UInt64(c)
      p += 1
      c = p.pointee &- Ascii.zero
    }
    var count = p - digits
    guard p.pointee == Ascii.dot else { return (mantissa, 0, count) }
    p += 1
    let fraction = p
    var read = leadingDigits(p, &mantissa)
    p += read
    while read == 8 {
      read = leadingDigits(p, &mantissa)
      p += read
    }
    count &+= p - fraction
    return (mantissa, fraction - p, count)
  }

  /// Appends the digits at `p`, eight at most, to a number; returns how many there are.
  @inline(__always)
  private func leadingDigits(_ p: UnsafePointer<UInt8>, _ number: inout UInt64) -> Int {
    let word = UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
    let values = word ^ 0x3030_3030_3030_3030
    // The top bit of each byte that is no digit.
    let others =
      (((values & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676) | values)
      & 0x8080_8080_8080_8080
    let bits = others.trailingZeroBitCount & ~7
    if bits == 0 { return 0 }
    // Moved to the end of the word, with zeros before them.
    let value = Self.eightDigits(values &<< UInt64(64 &- bits))
    number = number &* powers[bits &>> 3] &+ value
    return bits &>> 3
  }
  /// Reads `e+05`, `D2` or `-101` at `p` into `exponent`; returns `p` where there are no digits.
  @inline(__always)
  private static func exponent(
    _ p: UnsafePointer<UInt8>, _ exponent: inout Int
  ) -> UnsafePointer<UInt8> {
    var q = p
    if q.pointee != Ascii.minus && q.pointee != Ascii.plus { q += 1 }
    let isNegative = q.pointee == Ascii.minus
    if isNegative || q.pointee == Ascii.plus { q += 1 }
    let first = q
    var read = 0
    var c = q.pointee &- Ascii.zero
    while c < 10 {
      if read < 100_000 { read = read &* 10 &+ Int(c) }
      q += 1
      c = q.pointee &- Ascii.zero
    }
    if q == first { return p }
    exponent = isNegative ? exponent &- read : exponent &+ read
    return q
  }

  /// `nan`, `inf` and `infinity` in any case, with a sign.
  @inline(never)
  private static func special(
    _ start: UnsafePointer<UInt8>, _ value: inout Double
  ) -> UnsafePointer<UInt8> {
    var p = start
    let isNegative = p.pointee == Ascii.minus
    if isNegative || p.pointee == Ascii.plus { p += 1 }
    func matches(_ word: StaticString) -> Bool {
      for i in 0..<word.utf8CodeUnitCount where p[i] | 32 != word.utf8Start[i] { return false }
      return true
    }
    if matches("nan") {
      value = .nan
      return p + 3
    }
    guard matches("inf") else { return start }
    value = isNegative ? -.infinity : .infinity
    return p + (matches("infinity") ? 8 : 3)
  }

  /// strtod on a copy spelled as C wants it: at most 1,000 bytes of text, exponent marked by `e`.
  @inline(never)
  private static func bySystem(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> Double {
    var text: [CChar] = []
    var p = start
    while p < end {
      let c = p.pointee
      if c | 32 == Ascii.d {
        text.append(CChar(bitPattern: Ascii.e))
      } else {
        let isSign = c == Ascii.minus || c == Ascii.plus
        if isSign, let last = text.last, UInt8(bitPattern: last) != Ascii.e,
          UInt8(bitPattern: last) != Ascii.e & ~32
        {
          text.append(CChar(bitPattern: Ascii.e))
        }
        text.append(CChar(bitPattern: c))
      }
      p += 1
    }
    text.append(0)
    return strtod(text, nil)
  }

  /// The bits of w·10^q for w < 2^64; nil when the 128-bit product cannot decide the rounding, or the result is
  /// subnormal or infinite (arXiv:2101.11408, algorithm 1).
  @inline(never)
  private static func eiselLemire(
    _ w0: UInt64, _ q: Int, _ table: UnsafeMutablePointer<UInt64>
  ) -> UInt64? {
    if w0 == 0 { return 0 }
    if q < -300 || q > 280 { return nil }
    let zeros = w0.leadingZeroBitCount
    let w = w0 &<< UInt64(zeros)
    let i = 2 &* (q &- firstPower)
    var (high, low) = w.multipliedFullWidth(by: table[i])
    if high & 0x1FF == 0x1FF {
      let (more, _) = w.multipliedFullWidth(by: table[i &+ 1])
      low = low &+ more
      if more > low { high = high &+ 1 }
      if low == UInt64.max && (q < -27 || q > 55) { return nil }
    }
    let upper = Int(high &>> 63)
    let shift = UInt64(upper &+ 64 &- 52 &- 3)
    var mantissa = high &>> shift
    // ⌊q·log2(10)⌋ by a multiplication, and the bias of the format.
    var exponent = ((152170 &+ 65536) &* q) &>> 16 &+ 63 &+ upper &- zeros &+ 1023
    if exponent <= 0 { return nil }
    if low <= 1 && q >= -4 && q <= 23 && mantissa & 3 == 1 && (mantissa &<< shift) == high {
      mantissa &= ~1
    }
    mantissa = (mantissa &+ (mantissa & 1)) &>> 1
    if mantissa >= 2 << 52 {
      mantissa = 1 << 52
      exponent &+= 1
    }
    if exponent >= 0x7FF { return nil }
    return (mantissa & ~(1 << 52)) | UInt64(exponent) &<< 52
  }

  /// The integer at `p`, returning where it ends, or `p` where there is none or it does not fit 64 bits.
  @inline(__always)
  func integer(_ start: UnsafePointer<UInt8>, _ value: inout Int) -> UnsafePointer<UInt8> {
    var p = start
    let isNegative = p.pointee == Ascii.minus
    if isNegative || p.pointee == Ascii.plus { p += 1 }
    let first = p
    var read = 0
    var c = p.pointee &- Ascii.zero
    while c < 10 {
      read = read &* 10 &+ Int(c)
      p += 1
      c = p.pointee &- Ascii.zero
    }
    if p == first || p - first > 18 { return start }
    value = isNegative ? -read : read
    return p
  }

  /// A whole text as a number, blanks around it allowed; nil where it is anything else.
  func real(in text: some StringProtocol) -> Double? {
    var bytes = text.utf8.drop { $0 <= Ascii.space }.map { $0 }
    while let last = bytes.last, last <= Ascii.space { bytes.removeLast() }
    let count = bytes.count
    guard count > 0 else { return nil }
    bytes.append(contentsOf: [UInt8](repeating: 0, count: 16))
    return bytes.withUnsafeBufferPointer { buffer -> Double? in
      guard let base = buffer.baseAddress else { return nil }
      var value = 0.0
      return real(base, &value) == base + count ? value : nil
    }
  }

  /// Significant digits that a number's text carries: `+3.1999670e-02` has 8.
  static func significantDigits(
    from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
  ) -> Int {
    var count = 0
    var p = start
    while p < end {
      let c = p.pointee
      let isDigit = c &- Ascii.zero < 10
      if isDigit {
        if count > 0 || c != Ascii.zero { count += 1 }
      } else if c != Ascii.dot && p != start {
        break
      }
      p += 1
    }
    return count
  }
}
