import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@testable import LesHouches

/// What other programs write beside the accord's letter and what can be read in one way only.
@Suite("LHE texts beside the letter of the accord")
struct ToleranceTests {
  static func file(header: String = "", after: String = "", tag: String = "<event>") -> String {
    FlavourTests.file(
      header: header, initBlock: FlavourTests.plainInit,
      events: FlavourTests.event("2.0", tag: tag, after: after)
        + FlavourTests.event("2.0", tag: tag, after: after))
  }
  static let declared =
    "<header>\n<initrwgt>\n<weight id='a'>x</weight>\n<weight id='b'>y</weight>\n</initrwgt>\n</header>\n"

  @Test("integers as reals: 4. and -1.0 are 4 and -1; 1.5 is none")
  func integersAsReals() throws {
    let text = Self.file()
    let real = text.replacing(" 4 1 2.0", by: " 4. 1.0 2.0").replacing(
      " 22 1 1 2 0 0", by: " 2.2D1 1.0 1. 2.0 0. 0.0")
    #expect(try FlavourTests.read(real).events == FlavourTests.read(text).events)
    #expect(throws: Problem.self) {
      try FlavourTests.read(text.replacing(" 22 1 1 2 0 0", by: " 22 1.5 1 2 0 0"))
    }
  }

  @Test("a > inside quotes does not end a tag", arguments: ["<event note='a > b' n=\"1\">"])
  func quoted(tag: String) throws {
    let found = try FlavourTests.read(
      Self.file(
        header: Self.declared.replacing("id='a'", by: "text='x > y' id='a'"),
        after: "<rwgt><wgt id='b' note='1 > 0'> 3 </wgt><wgt id='HT>1'> 4 </wgt></rwgt>\n",
        tag: tag))
    #expect(found.head.weights.map(\.id) == ["a", "b"])
    #expect(found.attributes == [["note": "a > b", "n": "1"], ["note": "a > b", "n": "1"]])
    #expect(found.weights.allSatisfy { $0 == ["b": 3, "HT>1": 4] })
    // Quotes that do not pair are letters.
    let odd = try FlavourTests.read(Self.file(tag: "<event note=it's>"))
    #expect(odd.events.count == 2)
  }

  @Test(
    "a header may speak of tags in its text, and a comment may lack its end",
    arguments: [
      "<header>\n# writes <event> blocks after the <init> block, then </LesHouchesEvents>\n</header>\n",
      "<!-- by hand -- >\n<header>\n</header>\n",
    ])
  func mentions(header: String) throws {
    let found = try FlavourTests.read(Self.file(header: header))
    #expect(found.events.count == 2 && found.head.initBlock?.crossSection?.value == 2)
    #expect(found.warnings == [])
  }

  @Test("no <rwgt> and an empty one are the same; a weight without a number is missing")
  func empty() throws {
    let plain = try FlavourTests.read(Self.file(header: Self.declared))
    for after in [
      "<rwgt/>\n", "<rwgt />\n", "<rwgt>\n</rwgt>\n", "<rwgt><wgt id='a'> </wgt></rwgt>\n",
    ] {
      let found = try FlavourTests.read(Self.file(header: Self.declared, after: after))
      #expect(found.events == plain.events && found.weights == [[:], [:]], "\(after)")
    }
  }

  @Test(
    "NaN in a weight that nobody needs stays NaN, with one warning; in one that is needed it is an error"
  )
  func notFinite() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      Self.file(
        header: Self.declared,
        after: "<rwgt><wgt id='a'> NaN </wgt><wgt id='b'> Infinity </wgt></rwgt>\n"))
    let journal = Journal()
    let set = try SampleSet(
      [SampleInput(role: .benchmarkOfCard, file: path)], setup: Setup(name: ""), hasSetup: false,
      options: ReadingOptions(), journal: journal)
    _ = try set.read(into: MemorySink(), select: { _, _, _, _ in 1 })
    #expect(journal.warnings.count == 1)
    #expect(journal.warnings[0].text.contains("4 values of weights beyond benchmarks are NaN"))
    #expect(throws: Problem.self) {
      let reader = try LHEReader(ByteReader(path: path))
      _ = reader.want("a", asItIs: true)
      // Whoever needs it finite decides.
      _ = reader.want("a")
      var event = ParticleEvent()
      _ = try reader.next(into: &event)
    }
  }

  @Test("Fortran's stars in XERRUP leave XSECUP known")
  func stars() throws {
    let found = try FlavourTests.read(
      Self.file().replacing("2.0 0.01 2.0 1", by: "2.0 ******** 2.0 1"))
    let declared = try #require(found.head.initBlock?.crossSection)
    #expect(declared.value == 2 && declared.error == 0)
  }

  @Test(
    "files that other programs packed are named as such",
    arguments: [
      ([0x42, 0x5A, 0x68, 0x39], "bzip2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
      ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
    ] as [([UInt8], String)])
  func packed(bytes: [UInt8], program: String) throws {
    let path = try TemporaryFolder().write(bytes + [UInt8](repeating: 7, count: 100), "x.lhe")
    let problem = #expect(throws: Problem.self) { try FlavourTests.read(bytes + [1, 2, 3]) }
    #expect(problem?.fact == "this is packed by \(program)" && !path.isEmpty)
  }

  /// All widths of columns, blanks between them, and what stands near the end of the text.
  @Test("the first columns of a particle line come out of one look as they do one by one")
  func sixIntegers() throws {
    let numbers = NumberReader()
    var state: UInt64 = 11
    func next(_ n: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state &>> 33) % UInt64(n))
    }
    var usual = 0
    for _ in 0..<20_000 {
      let values = (0..<6).map { _ in (next(2) * 2 - 1) * next([10, 1000, 10_000_000][next(3)]) }
      var line = ""
      for value in values { line += String(repeating: " ", count: 1 + next(6)) + "\(value)" }
      let tab = next(10) == 0
      line += (tab ? "\t" : "  ") + "1.5 2.5\n"
      let bytes = Array(line.utf8) + [UInt8](repeating: 0, count: 80)
      bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        let found = numbers.sixIntegers(base)
        guard found.end != base else { return }
        usual += 1
        let v = found.values
        #expect([v.0, v.1, v.2, v.3, v.4, v.5].map(Int.init) == values, "\(line)")
        #expect(found.end.pointee == UInt8(ascii: "1") && found.end[3] == UInt8(ascii: " "))
      }
    }
    // Lines up to 46 bytes: not all of them.
    #expect(usual > 5000)
    for text in [
      "# 1 2 3 4 5 6 7", "1 2 3 4 5 6", "1 2 x 4 5 6 7", "12345678 1 2 3 4 5 6.", "- 1 2 3 4 5 6",
      "<rwgt> 1 2 3 4 5",
    ] {
      let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 80)
      bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        #expect(numbers.sixIntegers(base).end == base, "\(text)")
      }
    }
  }
}
