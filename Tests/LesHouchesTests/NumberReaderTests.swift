import Glibc
import Testing

@testable import LesHouches

@Suite("Numbers out of bytes")
struct NumberReaderTests {
  static func read(_ text: String) -> Double? { NumberReader().real(in: text) }

  @Test(
    "Fortran's and C's spellings",
    arguments: [
      ("1D+02", 100), ("-.5E+01", -5), ("1.0-101", 1e-101), ("+1.", 1), ("2d0", 2), ("0.1e1", 1),
      ("-.53944305E+04", -5394.4305), ("1.5+3", 1500), ("1e22", 1e22), ("00012.5000", 12.5),
      ("123456789012345678901234567890", 1.2345678901234568e29),
      ("4.9e-324", .leastNonzeroMagnitude),
      ("1.7976931348623157e308", 1.7976931348623157e308), ("-0", -0.0),
    ] as [(String, Double)])
  func spellings(text: String, value: Double) {
    #expect(Self.read(text)?.bitPattern == value.bitPattern)
  }

  @Test(
    "what is not a number", arguments: ["", "-", ".", "1e", "1..2", "1.0x", "abc", "1-", "--1"])
  func refused(text: String) {
    #expect(Self.read(text) == nil)
  }

  @Test("overflow and named values are not finite")
  func special() {
    #expect(Self.read("1e400") == .infinity)
    #expect(Self.read("-Infinity") == -.infinity)
    #expect(Self.read("INF") == .infinity)
    #expect(Self.read("NaN")?.isNaN == true)
  }

  /// Correctly rounded means the bits of strtod, which is exact in glibc.
  @Test("200,000 random texts give the bits of strtod")
  func bits() {
    var state: UInt64 = 42
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state &>> 11
    }
    var wrong = 0
    for i in 0..<200_000 {
      let digits = String(next() % 1_000_000_000_000_000_000, radix: 10)
      let cut = digits.index(digits.startIndex, offsetBy: Int(next()) % digits.count)
      let range = i % 2 == 0 ? 20 : 320
      let exponent = Int(next() % UInt64(2 * range)) - range
      let text = "\(i % 3 == 0 ? "-" : "+")\(digits[..<cut]).\(digits[cut...])e\(exponent)"
      if Self.read(text)?.bitPattern != strtod(text, nil).bitPattern { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// Generators write one digit, some decimals and an exponent of two or three digits: paths of their own.
  @Test("momenta as generators write them give the bits of strtod")
  func momenta() {
    var state: UInt64 = 7
    func next(_ n: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state &>> 11) % n
    }
    var wrong: [String] = []
    for i in 0..<100_000 {
      let decimals = 4 + Int(next(12))
      let digits = (0..<decimals).map { _ in String(next(10)) }.joined()
      let power = String(next(i % 5 == 0 ? 300 : 40))
      let exponent = power.count == 1 ? "0\(power)" : power
      let mark = ["e", "E"][Int(next(2))]
      let text =
        ["", "-", "+"][Int(next(3))] + "\(next(10)).\(digits)\(mark)" + ["-", "+"][Int(next(2))]
        + exponent
      if Self.read(text)?.bitPattern != strtod(text, nil).bitPattern { wrong.append(text) }
    }
    #expect(wrong.isEmpty)
    for tail in ["e)02", "e/02", "e+0x", "f+02", "e+-2", "xe+02", "e+02x"] {
      #expect(Self.read("6.77669561\(tail.first == "x" ? "" : "78")\(tail)") == nil, "\(tail)")
    }
  }

  @Test(
    "significant digits",
    arguments: [("+3.1999670e-02", 8), ("0.0025", 2), ("100", 3), ("0", 0), ("-.5D0", 1)])
  func digits(text: String, count: Int) {
    let bytes = Array(text.utf8) + [0]
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      #expect(
        NumberReader.significantDigits(from: base, to: base + text.utf8.count) == count)
    }
  }
}
