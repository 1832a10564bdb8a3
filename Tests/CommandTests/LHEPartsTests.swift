import TestSupport
import Testing

@Suite("events split, merge, sum: Les Houches files")
struct LHEPartsTests {
  @Test(
    "parts joined again are the file", arguments: ["--parts 3", "--rows 4", "--rows 2 --salvage"])
  func splitAndMerge(rule: String) {
    let f = LHEFixture()
    let text = f.write(f.text(gap: "<!-- x -->\n"))
    let split = f("events split --no-provenance \(rule) -o 'p-%02d.lhe.gz' a.lhe")
    #expect(split.status == 0, "\(split.error)")
    let parts = f.folder.contents.filter { $0.hasPrefix("p-") }
    #expect(parts.count == (rule.contains("4") ? 2 : 3))
    #expect(f("zcat p-01.lhe.gz").text.contains("sluice selection: kept="))
    let merged = f("events merge --no-provenance p-*.lhe.gz -o b.lhe")
    #expect(merged.status == 0, "\(merged.error)")
    #expect(f.read("b.lhe") == text)
    // Digests of the parts add up, and order does not matter.
    #expect(f("events sum a.lhe").text == f("events sum p-*.lhe.gz").text)
    #expect(f("events sum a.lhe").text == f("events sum $(ls -r p-*)").text)
  }

  @Test("a file of each process, and back")
  func processes() {
    let f = LHEFixture()
    var other = f
    other.process = 9
    let head = f.head.replacing("-4 1\n", with: "-4 2\n").replacing(
      "2.0 7\n</init>", with: "2.0 7\n 1.0 1e-3 1.0 9\n</init>")
    f.write(
      head + (0..<3).map { f.event($0) + other.event($0 + 3) }.joined() + "</LesHouchesEvents>\n")
    #expect(f("events split --by process -o 'proc%d.lhe' a.lhe").status == 0)
    let seven = f.read("proc7.lhe")
    #expect(seven.lheEvents == (0..<3).map { f.event($0).lheEvents[0] })
    #expect(seven.contains("-4 1\n") && !seven.contains("1.0 1e-3 1.0 9\n"))
    #expect(f.read("proc9.lhe").contains(" 1.0 1e-3 1.0 9\n"))
    let merged = f("events merge proc7.lhe proc9.lhe -o b.lhe")
    #expect(merged.status == 0, "\(merged.error)")
    #expect(f("events sum b.lhe").text == f("events sum a.lhe").text)
    #expect(!f.read("b.lhe").contains("sluice selection"))
  }

  @Test("runs of one process are averaged by events, and sums are shared out")
  func runs() {
    var f = LHEFixture()
    f.write(f.text(0..<4), "a.lhe")
    f.crossSection = 3
    f.write(f.text(4..<6), "b.lhe")
    let merged = f("events merge a.lhe b.lhe -o c.lhe")
    #expect(merged.status == 0, "\(merged.error)")
    let text = f.read("c.lhe")
    // (4·2 + 2·3)/6; events stay as they are under event_norm average.
    #expect(text.contains("2.33333333333333"), "\(text.prefix(900))")
    #expect(text.lheEvents == f.read("a.lhe").lheEvents + f.read("b.lhe").lheEvents)
    #expect(text.contains("<sluice-input name=\"b.lhe\" events=\"2\" cross-section=\"3.0\""))
    for name in ["a", "b"] {
      f.write(
        f.read("\(name).lhe").replacing("average = event_norm", with: "sum = event_norm"),
        "s\(name).lhe")
    }
    #expect(f("events merge sa.lhe sb.lhe -o sc.lhe").status == 0)
    // −3 · 4/6 and 15 … · 2/6.
    #expect(f.read("sc.lhe").contains(" 6 7 -2.0000000000000000e+00 9.1e+01"))
    #expect(f("events merge sa.lhe b.lhe").error.contains("event_norm"))
  }

  @Test("different processes add")
  func stack() {
    var f = LHEFixture()
    f.write(f.text(), "a.lhe")
    f.write(f.text(6..<9), "same.lhe")
    f.process = 8
    f.write(f.text(6..<9), "b.lhe")
    let merged = f("events merge a.lhe b.lhe -o c.lhe")
    #expect(merged.status == 0, "\(merged.error)")
    let text = f.read("c.lhe")
    #expect(text.contains(" -4 2\n"))
    // Nine events: each file's mean is to be its own share, so weights grow by 9/6 and 9/3.
    #expect(text.contains(" 6 7 -4.5000000000000000e+00 9.1e+01"))
    #expect(text.contains(" 6 8 2.7000000000000000e+01 9.1e+01"))
    #expect(text.contains("<wgt id='up'> -5.6250000000000000e+00 </wgt>"))
    #expect(f("events merge --different a.lhe same.lhe").error.contains("--renumber"))
    let renumbered = f("events merge --different --renumber a.lhe same.lhe").text
    #expect(
      renumbered.contains(" 6 1 -4.5") && renumbered.contains(" 6 2 2.7"),
      "\(renumbered.prefix(600))")
  }

  @Test("what cannot be one sample is refused")
  func refused() {
    let f = LHEFixture()
    let text = f.write(f.text())
    for (change, fact) in [
      (text, "the same events"),
      (text.replacing("\"up\"", with: "\"above\"").replacing("6.0", with: "6.5"), "weight"),
      (text.replacing("6.5e+03", with: "7e3").replacing("-3.0", with: "-3.5"), "beams"),
      (String(text.dropLast(400)), "ends"),
    ] {
      f.write(change, "b.lhe")
      let outcome = f("events merge a.lhe b.lhe -o c.lhe")
      #expect(outcome.status == 65 && outcome.error.contains(fact), "\(outcome.error)")
      #expect(!f.folder.contents.contains("c.lhe"))
    }
    #expect(f("events merge a.lhe -", input: text).status == 64)
    #expect(f("events split --parts 2 -o 'p%d.lhe'", input: text).status == 64)
    #expect(f("events split --rows 2 -o p.lhe a.lhe").status == 64)
  }

  @Test("sums do not see spelling and order")
  func sum() {
    let f = LHEFixture()
    let text = f.write(f.text())
    f.write(
      f.head + (0..<6).reversed().map { f.event($0) }.joined() + "</LesHouchesEvents>", "b.lhe")
    f.write(text.replacing("9.1e+01", with: "91").replacing("-.12D+00", with: "-0.12"), "c.lhe")
    f.write(text.replacing("9.1e+01", with: "91.000001"), "d.lhe")
    let sum = f("events sum a.lhe")
    #expect(sum.status == 0, "\(sum.error)")
    #expect(f("events sum b.lhe").text == sum.text)
    #expect(f("events sum c.lhe").text == sum.text)
    #expect(f("events sum d.lhe").text != sum.text)
  }
}
