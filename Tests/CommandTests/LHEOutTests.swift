import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// Les Houches text out of tables that carry particles, and such tables out of Les Houches text.
@Suite("LHE out of tables")
struct LHEOutTests {
  let folder = TemporaryFolder()

  init() { _ = run("tee", [folder.file("a.lhe")], input: Array(BareReadTests.text.utf8)) }

  /// Digests of events by value, without the names of the files.
  private func digest(_ command: String) -> String {
    let outcome = shell("\(command) --json | tr ',{}' '\\n' | grep -i digest", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    return String(decoding: outcome.output, as: UTF8.self)
  }

  private func expectSuccess(_ script: String) {
    let outcome = shell("set -e; \(script)", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
  }

  @Test func eventsComeBackWithEveryBit() {
    expectSuccess("events convert a.lhe -o a.h5; events convert a.h5 -o b.lhe")
    #expect(digest("events sum a.lhe") == digest("events sum b.lhe"))
    // Again through text of ours: nothing is left to change.
    expectSuccess("events convert b.lhe -o b.h5; events convert b.h5 --no-provenance -o c.lhe")
    #expect(digest("events sum a.lhe") == digest("events sum c.lhe"))
  }

  @Test func pipesAndGzipServeAsWell() {
    expectSuccess(
      "cat a.lhe | events convert -O stream | events convert -O lhe | gzip > b.lhe.gz")
    #expect(digest("events sum a.lhe") == digest("events sum b.lhe.gz"))
  }

  @Test(.needsShared, arguments: BareReadTests.zoo.map(\.file))
  func everyGeneratorsEventsComeBack(_ file: String) {
    let path = "\(Place.shared)/lhe-zoo/\(file)"
    expectSuccess("events convert \(path) -o a.h5; events convert a.h5 -o b.lhe")
    #expect(digest("events sum \(path)") == digest("events sum b.lhe"))
  }

  /// What a cut took away is recorded, so that the rest keeps its cross section.
  @Test(.needsShared) func cutsKeepTheCrossSection() {
    let path = "\(Place.shared)/data/wh_smeft_tiny.lhe"
    expectSuccess(
      """
      lhe-read --particles --cut 'l[0].pt > 60' \(path) -o a.h5
      events convert a.h5 -o b.lhe
      lhe-read b.lhe -O tsv | cut -f 1-40 | head -n 3 > b.tsv
      lhe-read --cut 'l[0].pt > 60' \(path) --observable 'x=1' -O tsv | tail -n +2 > one.tsv
      lhe-read b.lhe --observable 'x=1' -O tsv | tail -n +2 > two.tsv
      cut -f 2 one.tsv > one; cut -f 2 two.tsv > two
      test -s one; cmp one two
      """)
  }

  @Test func rowsWithoutParticlesAreRefused() {
    let outcome = shell("lhe-read a.lhe -o n.h5 && events convert n.h5 -o n.lhe", in: folder.path)
    #expect(outcome.status == 65)
    #expect(outcome.error.contains("the rows carry no particles; read the events with"))
    #expect(!folder.contents.contains("n.lhe"))
  }

  @Test func selectionsGiveEventsNotRows() {
    let outcome = shell("events convert a.lhe --events 1 -o n.h5", in: folder.path)
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("what is selected of Les Houches events"))
  }

  /// procInfo of a table with particles, as (id, cross section, error) each.
  private func processes(_ name: String) throws -> [[Double]] {
    let header = try Input.readHeader(
      folder.file(name), expecting: [.events], journal: Journal())
    let rows = try #require(header.document.reals("procInfo"))
    return stride(from: 0, to: rows.count, by: 6).map { [rows[$0], rows[$0 + 3], rows[$0 + 4]] }
  }

  @Test func mergedTablesStateEachProcessOnce() throws {
    var f = LHEFixture()
    let first = f.text(0..<4)
    f.crossSection = 3
    let second = f.text(4..<6).replacing("21 = iseed", with: "22 = iseed")
    for (name, text) in [("r1.lhe", first), ("r2.lhe", second)] {
      _ = run("tee", [folder.file(name)], input: Array(text.utf8))
    }
    expectSuccess(
      """
      set -e
      lhe-read --particles --sample wh:r1.lhe -o r1.h5
      lhe-read --particles --sample wh:r2.lhe -o r2.h5
      lhe-read --particles --sample zh:r2.lhe -o z.h5
      lhe-read --particles --sample wh:r1.lhe --sample wh:r2.lhe -o both.h5
      events merge r1.h5 r2.h5 -o m.h5
      events merge r1.h5 z.h5 -o s.h5
      """)
    // Four events of 2 ± 0.01 pb and two of 3 ± 0.01 pb: by events, not by halves.
    let mean = [7, (4 * 2.0 + 2 * 3.0) / 6, 0.01 * (16.0 + 4.0).squareRoot() / 6]
    for name in ["m.h5", "both.h5"] {
      let found = try processes(name)
      #expect(found.count == 1)
      for (x, y) in zip(found[0], mean) { #expect(relativeError(x, y) < 1e-14, "\(name)") }
    }
    // Different processes of one id add.
    let sum = try processes("s.h5")
    #expect(sum.count == 1 && sum[0][1] == 5)
    #expect(relativeError(sum[0][2], 0.01 * 2.0.squareRoot()) < 1e-14)
    let document = try Input.readHeader(
      folder.file("m.h5"), expecting: [.events], journal: Journal()
    ).document
    let text = document.text("xml/text") ?? document.text("xml/header")
    #expect(text?.contains("21 = iseed") == true)
    let notes = document.texts("xml/merged") ?? []
    #expect(notes.contains { $0.hasSuffix("r2.h5:   22 = iseed") }, "\(notes)")
  }
}
