import TestSupport
import Testing

/// What keeps Les Houches files from being runs of one process.
@Suite("events merge: cards, processes and events of Les Houches files")
struct LHEMergeTests {
  private static func withCard(_ text: String, _ value: String) -> String {
    text.replacing(
      "<initrwgt>",
      with: "<slha>\nBLOCK SMEFT #\n 7 \(value) # chw\n 8 1.0 # chb\n</slha>\n<initrwgt>")
  }
  private static func withProcess(_ text: String, _ lines: String) -> String {
    text.replacing(
      "<MGRunCard>", with: "<MG5ProcCard>\n<![CDATA[\n\(lines)\n]]>\n</MG5ProcCard>\n<MGRunCard>")
  }

  @Test("parameter cards that differ: which entry, both values, a remedy; rounding does not count")
  func cards() {
    let f = LHEFixture()
    f.write(Self.withCard(f.text(0..<3), "0.000000e+00"))
    f.write(Self.withCard(f.text(3..<6), "5.000000e-01"), "b.lhe")
    for options in ["", "--different --renumber"] {
      let outcome = f("events merge \(options) a.lhe b.lhe -o c.lhe")
      #expect(outcome.status == 65, "\(options)")
      #expect(
        outcome.error.contains("b.lhe") && outcome.error.contains("a.lhe")
          && outcome.error.contains("the parameter cards differ: smeft 7 (chw) is 0.5, and 0.0")
          && outcome.error.contains("--sample BENCHMARK:FILE"), "\(outcome.error)")
      #expect(!f.folder.contents.contains("c.lhe"))
    }
    f.write(f.text(3..<6), "none.lhe")
    #expect(f("events merge a.lhe none.lhe").error.contains("only one has a parameter card"))
    f.write(Self.withCard(f.text(3..<6), "0d0").replacing(" 8 1.0 ", with: " 8 1 "), "same.lhe")
    #expect(f("events merge a.lhe same.lhe -o c.lhe").status == 0)
    // One file holding both says the same.
    let both = f("cat a.lhe b.lhe | events info --concatenated")
    #expect(both.error.contains("the parameter cards differ: smeft 7 (chw)"), "\(both.error)")
  }

  @Test("process cards that differ are different processes, however they are numbered")
  func processCards() {
    let f = LHEFixture()
    f.write(Self.withProcess(f.text(0..<3), "import model /home/a/sm\ngenerate p p > a a"))
    f.write(Self.withProcess(f.text(3..<6), "import model sm\n generate  p p >  z z"), "b.lhe")
    let outcome = f("events merge a.lhe b.lhe -o c.lhe")
    #expect(outcome.status == 65)
    #expect(
      outcome.error.contains("'generate p p > z z'")
        && outcome.error.contains("'generate p p > a a'")
        && outcome.error.contains("--different --renumber"), "\(outcome.error)")
    // As different processes their cross sections add.
    let added = f("events merge --different --renumber a.lhe b.lhe -o c.lhe")
    #expect(added.status == 0, "\(added.error)")
    #expect(f.read("c.lhe").contains(" -4 2\n"))
    f.write(
      Self.withProcess(f.text(3..<6), "import model /b/sm # x\ngenerate p p > a a"), "same.lhe")
    #expect(f("events merge a.lhe same.lhe -o d.lhe").status == 0)
  }

  @Test("without process cards, other particles in the final state are another process")
  func finalStates() {
    let f = LHEFixture()
    f.write(f.text(0..<3))
    f.write(
      f.text(3..<6).replacing(" 14 1 1 2", with: " 16 1 1 2")
        .replacing("-14 1 1 2", with: "-16 1 1 2"), "b.lhe")
    let outcome = f("events merge a.lhe b.lhe -o c.lhe")
    #expect(outcome.status == 65)
    #expect(
      outcome.error.contains("its events are like u d~ > vt~ vt a a")
        && outcome.error.contains("--different --renumber"), "\(outcome.error)")
    #expect(f("events merge --different --renumber a.lhe b.lhe -o c.lhe").status == 0)
    // One final state in common, and they may be one process.
    f.write(
      f.read("b.lhe").replacing("</LesHouchesEvents>", with: f.event(9) + "</LesHouchesEvents>"),
      "d.lhe")
    #expect(f("events merge a.lhe d.lhe -o e.lhe").status == 0)
  }

  @Test("the same events under another head, packed, or a part of them")
  func sameEvents() {
    let f = LHEFixture()
    let text = f.write(f.text())
    f.write(text.replacing("21 = iseed", with: "22 = iseed"), "head.lhe")
    f.write(text.replacing("\n", with: "\r\n"), "crlf.lhe")
    _ = f("events convert a.lhe -o packed.lheh5; events split --parts 2 -o 'p-%d.lhe' a.lhe")
    for other in ["head.lhe", "crlf.lhe", "packed.lheh5", "p-1.lhe"] {
      let merged = f("events merge a.lhe \(other) -o c.lhe")
      let read = f("lhe-read a.lhe \(other) -o c.h5")
      for outcome in [merged, read] {
        #expect(
          outcome.status == 65 && outcome.error.contains("\(other): this holds the same events as"),
          "\(other): \(outcome.error)")
      }
      #expect(!f.folder.contents.contains("c.lhe") && !f.folder.contents.contains("c.h5"))
    }
    // One event of six is a warning.
    f.write(f.text([0, 7, 8, 9, 10, 11]), "few.lhe")
    let few = f("events merge a.lhe few.lhe -o d.lhe")
    #expect(few.status == 0 && few.error.contains("few.lhe: 1 of its events are in a.lhe too"))
  }
}
