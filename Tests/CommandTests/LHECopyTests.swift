import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

@Suite("events: Les Houches files copied, selected, cut and joined")
struct LHECopyTests {
  @Test(
    "without a selection every byte stays",
    arguments: [
      LHEFixture().text(), LHEFixture().text(gap: "<!-- between -->\n\n"),
      LHEFixture().text().replacing("\n", with: "\r\n"),
      LHEFixture().text().replacing("<event", with: "  <event"), LHEFixture().text(0..<0),
      LHEFixture().text() + "no newline",
    ])
  func identical(text: String) {
    let f = LHEFixture()
    f.write(text)
    #expect(f("events convert a.lhe -o b.lhe").status == 0)
    #expect(f.read("b.lhe") == text)
    // Through pipes and gzip, and by the first N where N is more than there are.
    #expect(f("gzip -c a.lhe | events convert - | events convert -O lhe").text == text)
    let zipped = f("events convert a.lhe -o c.lhe.gz && zcat c.lhe.gz")
    #expect(zipped.text == text, "\(zipped.error)")
  }

  @Test("selected events keep their bytes, in head, events and tail", arguments: [false, true])
  func selected(isCarriage: Bool) {
    let f = LHEFixture()
    let text = f.text(gap: "<!-- before -->\n")
    let written = f.write(isCarriage ? text.replacing("\n", with: "\r\n") : text)
    let events = written.lheEvents
    for (options, wanted) in [
      ("--events 2-3,5", [1, 2, 4]), ("--events 5-", [4, 5]), ("--keep 'weight < 0'", [0, 1]),
      ("--keep 'a[0].pt > 62 and met.pt >= 0'", [3, 4, 5]), ("--process 7", [0, 1, 2, 3, 4, 5]),
      ("--process 8", []), ("--events 1-4 --keep 'weight > 0'", [2, 3]),
      ("--keep 'process_id == 7' --keep 'weight > 6'", [5]),
    ] {
      let outcome = f("events convert --no-provenance \(options) a.lhe")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.text.lheEvents == wanted.map { events[$0] }, "\(options)")
      #expect(outcome.text.hasPrefix(isCarriage ? f.head.replacing("\n", with: "\r\n") : f.head))
      #expect(outcome.text.contains(isCarriage ? "15570 0\r\n" : "15570 0\n"))
      // What stands before the first event is the head's.
      let comments = outcome.text.split(separator: "<!-- before").count - 1
      #expect(comments == 1 + wanted.count { $0 > 0 })
    }
  }

  @Test("a selection says in its head what was run")
  func provenance() {
    let f = LHEFixture()
    f.write(f.text())
    let line =
      "events convert --events 1-3 a.lhe | events convert --keep 'weight < 0 or \"a\" != 1'"
    #expect(f(line).status == 64)
    let text = f("events convert --events 1-3 a.lhe | events convert --keep 'weight < 0'").text
    let records = text.split(separator: "\n").filter { $0.hasPrefix("<sluice ") }
    #expect(records.count == 2)
    #expect(records.first?.contains("command=\"events convert --events 1-3 a.lhe\"") == true)
    #expect(records.last?.contains("--keep 'weight &lt; 0'\"") == true, "\(records)")
    #expect(!f("events convert --events 1 --no-provenance a.lhe").text.contains("<sluice "))
    // One more run reads it as history.
    f.write(text, "b.lhe")
    #expect(f("events info b.lhe").text.contains("--events 1-3 a.lhe"))
  }

  /// The cross section that lhe-read takes from a file, in pb.
  private func crossSection(_ f: LHEFixture, _ name: String) -> Double? {
    let text = f("events info --json \(name)").text
    guard let group = text.firstRange(of: "\"cross_section_by_weights\""),
      let found = text[group.upperBound...].firstRange(of: "\"value\": ")
    else { return nil }
    return Double(text[found.upperBound...].prefix { !$0.isWhitespace && $0 != "," && $0 != "}" })
  }

  struct Case: Sendable {
    var norm: String
    var selection: String
    var expected: Double
    init(_ norm: String, _ selection: String, _ expected: Double) {
      self.norm = norm
      self.selection = selection
      self.expected = expected
    }
  }

  /// Weights are −3 −1 1 3 5 7: their sum is 12 and their mean 2, as <init> says.
  static let cases: [Case] = [
    // Σ over positive weights is 16; an average divides it by all six events.
    Case("average", "--keep 'weight > 0'", 2.6666667), Case("sum", "--keep 'weight > 0'", 16),
    Case("unity", "--keep 'weight > 0'", 2.6666667),
    // Three of six events by their place are half of the sample.
    Case("average", "--events 1-3", -1), Case("sum", "--events 1-3", -6),
    Case("unity", "--events 1-3", 2),
    // Both: 1 of the first three.
    Case("average", "--events 1-3 --keep 'weight > 0'", 0.33333333),
    Case("sum", "--events 1-3 --keep 'weight > 0'", 2),
    // In two runs.
    Case("average", "--keep 'weight > 0' a.lhe | events convert --keep 'weight > 4'", 2),
    Case("average", "--events 1-3 a.lhe | events convert --keep 'weight > 0'", 0.33333333),
    // All of them, and another weight in the place of the first.
    Case("average", "--keep 'weight < 99'", 2), Case("unity", "--nominal up", 2.5),
  ]

  @Test(
    "what was left out is not forgotten: skims and parts keep their cross sections",
    arguments: cases)
  func normalisation(test: Case) throws {
    let (norm, selection, expected) = (test.norm, test.selection, test.expected)
    var f = LHEFixture()
    f.norm = norm
    f.write(f.text())
    let line = selection.contains("a.lhe") ? selection : selection + " a.lhe"
    let outcome = f("events convert \(line) > b.lhe")
    #expect(outcome.status == 0, "\(outcome.error)")
    let sigma = try #require(crossSection(f, "b.lhe"))
    // Six digits are printed.
    #expect(relativeError(sigma, expected) < 1e-5, "\(sigma)")
    #expect(f.read("b.lhe").contains("sluice selection") == !selection.contains("99"))
  }

  /// Two processes whose weights are relative, each to its own cross section (IDWTUP 1 to 3).
  private func twoProcesses(_ strategy: Int) -> LHEFixture {
    let f = LHEFixture()
    var other = f
    (other.process, other.scale) = (9, 3)
    let head = f.head.replacing("  average = event_norm ! what weights mean\n", with: "")
      .replacing("-4 1\n", with: "\(strategy) 2\n")
      .replacing("2.0 7\n</init>", with: "2.0 7\n 0.5 1e-3 1.0 9\n</init>")
    let events = (0..<24).map { i in (i % 3 == 0 ? other : f).event(i) }
    f.write(head + events.joined() + "</LesHouchesEvents>\n")
    return f
  }

  /// Weights in pb by the event's own weight, which no two events share.
  private func weights(_ f: LHEFixture, _ name: String) throws -> [Double: Double] {
    let made = f("lhe-read --particles \(name) -o \(name).h5")
    try #require(made.status == 0, "\(made.error)")
    let source = try Input.openTable(
      f.folder.file(name + ".h5"), expecting: [.events], journal: Journal())
    let rows = try #require(ParticleRows(source.header))
    let nominal = try #require(source.header.index(of: EventFields.nominal))
    var found: [Double: Double] = [:]
    while let batch = try source.next() {
      let values = batch.columns[nominal].doubles
      rows.forEach(in: batch) { row, event, _ in found[event.weight] = values[row] }
    }
    return found
  }

  @Test(
    "a skim of several processes keeps each event's weight in pb",
    arguments: [1, -1, 2, -2, 3, -3],
    [
      "events convert --keep 'weight > 9'", "events convert --process 9",
      "events convert --keep 'weight > 9' a.lhe | events convert --keep 'weight < 60'",
    ])
  func skims(strategy: Int, command: String) throws {
    let f = twoProcesses(strategy)
    let line = command.contains("a.lhe") ? command : command + " a.lhe"
    let outcome = f("{ \(line); } > b.lhe")
    try #require(outcome.status == 0, "\(outcome.error)")
    let (whole, skim) = (try weights(f, "a.lhe"), try weights(f, "b.lhe"))
    #expect(whole.count == 24 && !skim.isEmpty && skim.count < 24)
    for (own, weight) in skim {
      // The sums of the record are those of the file, in another order perhaps.
      #expect(relativeError(weight, try #require(whole[own])) < 1e-12)
    }
  }

  @Test("parts of a file of several processes, merged again, are the file")
  func partsOfProcesses() throws {
    let f = twoProcesses(2)
    let outcome = f(
      """
      set -e
      events convert --keep 'weight > 9' a.lhe -o skim.lhe
      events split --parts 2 -o 'p%d.lhe' skim.lhe
      events merge p1.lhe p2.lhe -o b.lhe
      """)
    try #require(outcome.status == 0, "\(outcome.error)")
    let (whole, back) = (try weights(f, "skim.lhe"), try weights(f, "b.lhe"))
    #expect(back.count == whole.count)
    for (own, weight) in back { #expect(relativeError(weight, whole[own] ?? 0) < 1e-12) }
  }

  @Test("weights are dropped from events and declarations, the rest stays")
  func weights() {
    let f = LHEFixture()
    let text = f.write(f.text())
    let none = f("events convert --weights none --no-provenance a.lhe").text
    #expect(!none.contains("<wgt") && !none.contains("<rwgt") && none.contains("#rwgt 1 9"))
    #expect(!none.contains("initrwgt") && none.contains("<scales muf=\"90.1\"/>\n</event>"))
    let up = f("events convert --weights up --no-provenance a.lhe").text
    #expect(
      up
        == text.replacing("<weight id=\"down\"> mur=0.5 </weight>\n", with: "")
        .split(separator: "\n", omittingEmptySubsequences: false)
        .filter { !$0.hasPrefix("<wgt id='down'") }.joined(separator: "\n"))
    let wrong = f("events convert --weights upp a.lhe")
    #expect(wrong.status == 65 && wrong.error.contains("did you mean 'up'"), "\(wrong.error)")
  }

  @Test("another weight becomes that of the event, as it is spelled")
  func nominal() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f("events convert --nominal up --no-provenance a.lhe")
    #expect(outcome.status == 0, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n").filter { $0.hasPrefix(" 6 7 ") }
    #expect(lines.first == " 6 7 -3.75 9.1e+01 7.5e-03 -.12D+00")
    f.write(f.text().replacing("<wgt id='up'> 3.75 </wgt>\n", with: ""), "b.lhe")
    let missing = f("events convert --nominal up b.lhe -o c.lhe")
    #expect(missing.status == 65 && missing.error.contains("event 4"), "\(missing.error)")
    #expect(!f.folder.contents.contains("c.lhe"))
  }

  @Test("the first events are a document")
  func head() {
    let f = LHEFixture()
    let text = f.write(f.text())
    let two = f("events head -n 2 a.lhe").text
    #expect(two.lheEvents == Array(text.lheEvents[..<2]))
    #expect(two.hasSuffix("</LesHouchesEvents>\n") && two.contains("kept=2"))
    #expect(f("events head -n 2 a.lhe | events check").error.contains("error") == false)
    #expect(f("events head -n 0 a.lhe").text.lheEvents.isEmpty)
    // A reader that leaves early is no failure.
    #expect(f("set -o pipefail; events convert a.lhe | head -1").status == 0)
  }

  @Test("what cannot be written or read is an error, and nothing appears")
  func failures() {
    let f = LHEFixture()
    let text = f.write(f.text())
    #expect(f("events convert a.lhe > /dev/full").status == 74)
    f.write(String(text.prefix(text.count / 2)), "cut.lhe")
    let cut = f("events convert cut.lhe -o out.lhe")
    #expect(cut.status == 65 && cut.error.contains("ends inside an event"), "\(cut.error)")
    #expect(!f.folder.contents.contains("out.lhe"))
    let kept = f("events convert --salvage cut.lhe -o out.lhe && events check out.lhe")
    #expect(kept.status != 65, "\(kept.error)")
    #expect(f("events convert a.lhe -o a.lhe").status == 64)
    #expect(f("events convert --events 3-1 a.lhe").status == 64)
    #expect(f("events convert --keep 'pt >' a.lhe").status == 64)
    #expect(f("events convert none.lhe").status == 66)
  }
}
