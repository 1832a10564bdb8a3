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

  init() {
    table = .allocate(capacity: powersOfFive.count)
    table.initialize(from: powersOfFive, count: powersOfFive.count)
    tens = .allocate(capacity: 23)
    var power = 1.0
    for i in 0..<23 {
      tens[i] = power
      power *= 10
    }
  }
  deinit {
    table.deallocate()
    tens.deallocate()
  }

  /// True if all eight bytes are digits.
  @inline(__always)
  private static func isEightDigits(_ v: UInt64) -> Bool {
    ((v & 0xF0F0_F0F0_F0F0_F0F0)
      | (((v &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) &>> 4)) == 0x3333_3333_3333_3333
  }
  /// The value of eight digits.
  @inline(__always)
  private static func eightDigits(_ x: UInt64) -> UInt64 {
    var v = x &- 0x3030_3030_3030_3030
    v = v &* 10 &+ (v &>> 8)
    return
      ((v & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
      &+ ((v &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001) &>> 32
  }

  /// The last two of ten decimals and the exponent that goes with all of them, where a tail is like `78e+02` and no digit
  /// comes after it.
  @inline(__always)
  private static func tenDecimals(_ tail: UInt64) -> (decimals: UInt64, exponent: Int)? {
    // In the order of the text: digit, digit, 0 for an e, 0 or 6 for the sign, digit, digit.
    let x = tail ^ 0x3030_2B65_3030
    let parts = x & 0xFFFF_00FF_FFFF
    let wrong = ((parts &+ 0x7676_007F_7676) | parts) & 0x8080_0080_8080
    let direction = UInt8(truncatingIfNeeded: x &>> 24)
    let next = UInt8(truncatingIfNeeded: tail &>> 48) &- Ascii.zero
    guard wrong == 0 && (direction == 0 || direction == 6) && next >= 10 else { return nil }
    let decimals = (x & 0xF) &* 10 &+ (x &>> 8) & 0xF
    let power = Int(truncatingIfNeeded: (x &>> 32) & 0xF &* 10 &+ (x &>> 40) & 0xF)
    // −1 for a minus, 0 for a plus: x ^ −1 − −1 is −x.
    let mask = 0 &- Int(direction &>> 2)
    return (decimals, ((power ^ mask) &- mask) &- 10)
  }

  /// The number at `start`; returns where it ends, or `start` where there is none.
  @inline(__always)
  func real(_ start: UnsafePointer<UInt8>, _ value: inout Double) -> UnsafePointer<UInt8> {
    // Signs of momenta are as good as random: no branch may depend on them. x ^ y − 1 has the top bit where x is y.
    let first = UInt64(start.pointee)
    let isMinus = ((first ^ UInt64(Ascii.minus)) &- 1) &>> 63
    let isPlus = ((first ^ UInt64(Ascii.plus)) &- 1) &>> 63
    let sign = isMinus &<< 63
    var p = start + Int(isMinus | isPlus)
    var mantissa: UInt64
    var exponent: Int
    var count: Int
    let lead = p.pointee &- Ascii.zero
    let word = UnsafeRawPointer(p + 2).loadUnaligned(as: UInt64.self)
    if lead < 10 && p[1] == Ascii.dot && Self.isEightDigits(word) {
      // `6.7766956178e+02`, as most generators write momenta: what follows the eight decimals is judged at once.
      let tail = UnsafeRawPointer(p + 10).loadUnaligned(as: UInt64.self)
      if let end = Self.tenDecimals(tail) {
        mantissa =
          UInt64(lead) &* 10_000_000_000 &+ Self.eightDigits(word) &* 100 &+ end.decimals
        if _fastPath(end.exponent >= -22 && end.exponent <= 22) {
          let x = Double(mantissa)
          let scaled = end.exponent < 0 ? x / tens[0 &- end.exponent] : x * tens[end.exponent]
          value = Double(bitPattern: scaled.bitPattern ^ sign)
          return p + 16
        }
      }
    }
    (mantissa, exponent, count) = Self.digits(&p)
    if count == 0 { return Self.special(start, &value) }
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
        let x = Double(mantissa)
        let scaled = exponent < 0 ? x / tens[0 &- exponent] : x * tens[exponent]
        value = Double(bitPattern: scaled.bitPattern ^ sign)
        return p
      }
      if let bits = Self.eiselLemire(mantissa, exponent, table) {
        value = Double(bitPattern: bits | sign)
        return p
      }
    }
    Self.bySystem(start, p, &value)
    return p
  }

  /// Digits with at most one dot at `p`: their value without the dot (past 19 of them, of no use), minus the number of
  /// decimals, and their number.
  @inline(__always)
  private static func digits(_ p: inout UnsafePointer<UInt8>) -> (UInt64, Int, Int) {
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
    var word = UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
    if isEightDigits(word) {
      mantissa = mantissa &* 100_000_000 &+ eightDigits(word)
      p += 8
      word = UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
      if isEightDigits(word) {
        mantissa = mantissa &* 100_000_000 &+ eightDigits(word)
        p += 8
      }
    }
    c = p.pointee &- Ascii.zero
    while c < 10 {
      mantissa = mantissa &* 10 &+ UInt64(c)
      p += 1
      c = p.pointee &- Ascii.zero
    }
    count &+= p - fraction
    return (mantissa, fraction - p, count)
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
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ value: inout Double
  ) {
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
    value = strtod(text, nil)
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
