import EventModel
import TestSupport
import Testing

@testable import LesHouches

@Suite("LHE text: numbers, ranges, records")
struct EventTextTests {
  @Test("numbers written read back to the same bits, with 17 digits")
  func numbers() {
    let reader = NumberReader()
    var bits: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<20_000 {
      bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: bits)
      guard value.isFinite else { continue }
      let text = EventFormat.real(value)
      #expect(reader.real(in: text)?.bitPattern == value.bitPattern, "\(text)")
    }
    #expect(EventFormat.real(0.1) == "1.0000000000000001e-01")
    #expect(EventFormat.real(-0.0) == "-0.0000000000000000e+00")
  }

  @Test("ranges join, and say where they end")
  func ranges() throws {
    let ranges = try EventRanges(parsing: "5-7,1,2-3,6-9")
    #expect((0...11).filter(ranges.contains) == [1, 2, 3, 5, 6, 7, 8, 9])
    #expect(ranges.last == 9)
    #expect(try EventRanges(parsing: "4-").last == nil)
    #expect(try EventRanges(parsing: "4-").contains(.max))
    let first = try EventRanges(parsing: "-3,7")
    #expect((0...9).filter(first.contains) == [1, 2, 3, 7])
    for wrong in ["", "0", "3-2", "-", "-0", "--3", "1,,2", "a", "1-2-3", "1 2"] {
      #expect(throws: (any Error).self) { try EventRanges(parsing: wrong) }
    }
  }

  @Test("a record reads back, also when a part of a part is taken")
  func record() throws {
    var from = SelectionRecord.Sums()
    from.add(weight: 0.1, trials: 3)
    from.add(weight: -1e-300, trials: nil)
    var of = from
    of.events = 7
    let record = SelectionRecord(kept: 1, from: from, of: of)
    #expect(SelectionRecord(in: Array(("<x>\n" + record.text + "\n</x>").utf8)) == record)
    #expect(!record.text.dropFirst(4).dropLast(3).contains("--"))
    let unknown = SelectionRecord(kept: 4, from: from, of: nil)
    #expect(SelectionRecord(in: Array(unknown.text.utf8)) == unknown)
    // Two of the four that were kept stand for half of what was looked at.
    let half = unknown.narrowed(kept: 2, seen: 2)
    #expect(half.kept == 2 && half.from.events == 1 && half.from.trials == 1.5)
    #expect(SelectionRecord(in: Array("<!-- sluice selection: kept=x -->".utf8)) == nil)
  }

  @Test("repeated events are found, whatever their number")
  func seen() {
    var seen = SeenEvents()
    var repeats = 0
    for round in 0..<2 {
      for i in 0..<10_000 {
        let text = "<event>\(i)</event>"
        let isRepeated = Array(text.utf8).withUnsafeBytes { seen.isRepeated($0) }
        #expect(isRepeated == (round == 1))
        if isRepeated { repeats += 1 }
      }
    }
    #expect(repeats == 10_000)
  }

  @Test("a head is edited without touching the rest")
  func head() {
    let text = SmallFile().head + SmallFile().initBlock
    var edit = HeadEdit(Array(text.utf8))
    edit.keepWeights { $0 == "sm" }
    let kept = String(decoding: edit.text, as: UTF8.self)
    #expect(LHEHead(text: kept).weights.map(\.id) == ["sm"])
    #expect(kept.contains("<weightgroup name='mg_reweighting'") && kept.contains("DECAY 25"))
    edit = HeadEdit(Array(text.utf8))
    edit.keepWeights { _ in false }
    #expect(!String(decoding: edit.text, as: UTF8.self).contains("initrwgt"))
    edit = HeadEdit(Array(text.utf8))
    edit.setProcesses([
      .init(crossSection: 2, error: 0.01, maximum: 2, id: 1),
      .init(crossSection: 1.5, error: 0.1, maximum: 3, id: 4),
    ])
    let block = LHEHead(text: String(decoding: edit.text, as: UTF8.self)).initBlock
    #expect(block?.processes.map(\.id) == [1, 4] && block?.declaredProcesses == 2)
    #expect(String(decoding: edit.text, as: UTF8.self).contains("\n2.0 0.01 2.0 1\n"))
  }
}
