import Testing

@testable import EventModel

@Suite struct ExactSumTests {
  private func sum(_ values: [Double]) -> ExactSum {
    var sum = ExactSum()
    for value in values { sum.add(value) }
    return sum
  }

  @Test func cancellationLosesNothing() {
    #expect(sum([1e300, 1, -1e300]).value == 1)
    #expect(sum([1e16, 1, 1, -1e16]).value == 2)
    #expect(sum([.leastNonzeroMagnitude, 1e308, -1e308]).value == .leastNonzeroMagnitude)
    #expect(sum([0.1, 0.2, -0.3]).value == 0x1p-55)
    #expect(sum([]).value == 0 && sum([1, -1]).text == "0x0p+0")
    #expect(sum([-1.5]).value == -1.5 && sum([-1e-310]).value == -1e-310)
    #expect(sum([.greatestFiniteMagnitude, -1]).value == .greatestFiniteMagnitude)
  }

  /// The nearest double: 2⁵³ + 1 + a little lies above the middle, the tie goes to the even one.
  @Test func roundsToNearest() {
    #expect(sum([0x1p53, 1]).value == 0x1p53)
    #expect(sum([0x1p53, 1, 0x1p-200]).value == 0x1p53 + 2)
    #expect(sum([0x1p53, 2, 1]).value == 0x1p53 + 4)
    #expect(sum([-0x1p53, -1, -0x1p-1000]).value == -0x1p53 - 2)
  }

  @Test func orderAndDivisionDoNotMatter() throws {
    let values = (0..<2000).map { i -> Double in
      let bits = UInt64(bitPattern: EventIdentity.id(sampleKey: 5, index: i))
      let x = Double(bitPattern: bits)
      return x.isFinite ? x : Double(i)
    }
    let whole = sum(values)
    #expect(sum(values.reversed()).text == whole.text)
    var parts = sum(Array(values[..<700]))
    parts += try #require(ExactSum(text: sum(Array(values[700...])).text))
    #expect(parts == whole && parts.value == whole.value)
  }

  @Test func textIsExactAndChecked() throws {
    for value in [1.5, -0.1, 1e-300, 5e-324, 1e300, .infinity, -.infinity] {
      #expect(try #require(ExactSum(text: sum([value]).text)).value == value)
    }
    #expect(try #require(ExactSum(text: sum([.nan, 1]).text)).value.isNaN)
    for bad in ["", "1", "0x1", "0x1p", "0xgp-1074", "0x1p-1073", "0x1p-2000", "0x1p99999"] {
      #expect(ExactSum(text: bad) == nil, "\(bad)")
    }
  }
}
