import TestSupport
import Testing

@Suite("events: several documents in one file, and weights in other forms")
struct LHEDocumentTests {
  /// Two runs of one process in one file, as cat(1) makes it: 4 events of 3 pb, then 2 of 2 pb.
  private func twoRuns() -> (f: LHEFixture, first: String, second: String) {
    var f = LHEFixture()
    f.crossSection = 3
    let first = f.text(0..<4)
    f.crossSection = 2
    let second = "<?xml version=\"1.0\"?>\n" + f.text(4..<6)
    f.write(first + second)
    return (f, first, second)
  }

  @Test("parts by document are the file's bytes, whatever the documents are")
  func parts() {
    let (f, first, second) = twoRuns()
    let outcome = f("events split --by document -o 'd%d.lhe' a.lhe")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(f.read("d1.lhe") == first && f.read("d2.lhe") == second)
    // Another process, and a document without events.
    var other = f
    other.process = 9
    let third = other.text(0..<1)
    let none = f.head + "</LesHouchesEvents>\n"
    f.write(first + third + none)
    #expect(f("events split --by document -o 'e%d.lhe' a.lhe").status == 0)
    #expect(f.read("e1.lhe") == first && f.read("e2.lhe") == third && f.read("e3.lhe") == none)
    // Cut in the second: nothing of it.
    f.write(String((first + second).dropLast(200)))
    let cut = f("rm -f d?.lhe; events split --by document -o 'd%d.lhe' a.lhe")
    #expect(cut.status == 65 && !f.folder.contents.contains("d2.lhe"), "\(cut.error)")
  }

  @Test(
    "--concatenated: rows of one sample, copies byte for byte, and no selection across documents")
  func concatenated() {
    let (f, first, second) = twoRuns()
    let refused = f("events convert a.lhe -o a.h5")
    #expect(refused.status == 65 && refused.error.contains("--concatenated"))
    #expect(f("events convert --concatenated a.lhe").text == first + second)
    let rows = f(
      """
      set -e
      events convert --concatenated a.lhe -o a.h5 --no-provenance
      events info a.h5 | grep '; mean of 2 documents'
      events info --concatenated a.lhe | grep -E '^(normalisation|cross section by weights)'
      events check --concatenated a.lhe
      """)
    // ⟨w⟩ of each document is (mean of i − 1.5)·σ: 0·3 over four events and 3·2 over two.
    #expect(rows.text.contains("mean of 2 documents"), "\(rows.error)")
    #expect(rows.text.contains("cross section by weights: 2 pb"), "\(rows.text)")
    for selection in ["--events 1-5", "--keep 'weight > 0'", "--weights none"] {
      let outcome = f("events convert --concatenated \(selection) a.lhe -o s.lhe")
      #expect(outcome.status == 65 && outcome.error.contains("--by document"), "\(outcome.error)")
      #expect(!f.folder.contents.contains("s.lhe"))
    }
  }

  @Test("info of several files: each under its name, in JSON by number")
  func info() {
    let f = LHEFixture()
    f.write(f.text(0..<2), "a.lhe")
    f.write(f.text(0..<3), "b.lhe")
    let text = f("events info a.lhe b.lhe").text
    #expect(text.hasPrefix("file: a.lhe\n") && text.contains("\nfile: b.lhe\n"))
    #expect(text.contains("\nevents: 2\n") && text.contains("\nevents: 3\n"))
    let json = f("events info --json a.lhe b.lhe | tr -d ' \\n'").text
    #expect(json.contains("\"1\":{\"file\":\"a.lhe\""), "\(json.prefix(200))")
    #expect(f("events info a.lhe absent.lhe").status == 66)
  }

  @Test("--except leaves events out by number")
  func except() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f("events convert --events 2- --except 3,5- a.lhe")
    #expect(outcome.text.lheEvents == [1, 3].map { f.event($0).lheEvents[0] }, "\(outcome.error)")
    #expect(f("events convert --except x a.lhe").status == 64)
  }

  @Test("weights by position and by id, there and back, as they are spelled")
  func forms() {
    let f = LHEFixture()
    f.write(f.text())
    let made = f("events convert --weight-form weights a.lhe -o w.lhe --no-provenance")
    #expect(made.status == 0, "\(made.error)")
    let event = f.read("w.lhe").lheEvents[0]
    #expect(event.contains("\n<weights> -3.75 -2.25 </weights>\n</event>"), "\(event)")
    #expect(!event.contains("<wgt"))
    #expect(f("events convert --weight-form rwgt w.lhe -o r.lhe --no-provenance").status == 0)
    #expect(f("events diff a.lhe r.lhe").status == 0)
    // A weight that an event lacks has no place in a list by position.
    f.write(f.text().replacing("<wgt id='down'> 0.75 </wgt>\n", with: ""), "m.lhe")
    #expect(f("events diff a.lhe m.lhe").status == 1)
    let missing = f("events convert --weight-form weights m.lhe -o x.lhe")
    #expect(missing.status == 65 && missing.error.contains("'down' is missing"), "\(missing.error)")
    #expect(!f.folder.contents.contains("x.lhe"))
  }

  @Test("the event's weight once more as a weight with an id, declared in its group")
  func added() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f(
      "events convert --add-weight 'own/central=XWGTUP & more' --weights up a.lhe -o b.lhe --no-provenance"
    )
    #expect(outcome.status == 0, "\(outcome.error)")
    let text = f.read("b.lhe")
    #expect(
      text.contains(
        "<weightgroup name=\"own\"><weight id=\"central\"> XWGTUP &amp; more </weight></weightgroup>\n</initrwgt>"
      ))
    let info = f("events info b.lhe").text
    #expect(info.contains("central") && info.contains("XWGTUP & more") && !info.contains("down"))
    // The ratio to XWGTUP is 1 in every event.
    #expect(
      info.split(separator: "\n").contains {
        $0.hasPrefix("central")
          && $0.split(separator: " ").dropFirst().prefix(4) == ["6", "1", "1", "1"]
      }, "\(info)")
    #expect(f("events convert --add-weight up a.lhe").status == 65)
    #expect(f("events convert --add-weight 'a b' a.lhe").status == 64)
    // Weights that events carry and nobody declares.
    f.write(f.text().replacing("<weight id=\"down\"> mur=0.5 </weight>\n", with: ""), "u.lhe")
    #expect(f("events info u.lhe").text.contains("(undeclared)"))
    #expect(
      f("events convert --declare-weight 'scales/down=mur=0.5' u.lhe -o d.lhe").status == 0)
    #expect(f("events diff --skip head a.lhe d.lhe").status == 0)
  }
}
