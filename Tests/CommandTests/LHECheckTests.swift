import TestSupport
import Testing

@Suite("events check, diff, info: Les Houches files")
struct LHECheckTests {
  @Test("a good file has no findings")
  func good() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f("events check a.lhe")
    #expect(outcome.status == 0 && outcome.text.isEmpty && outcome.error.isEmpty, "\(outcome)")
  }

  static let laws: [(part: String, other: String, fact: String)] = [
    ("+1.0e+02 1.0e+02", "+1.1e+02 1.1e+02", "is not conserved"),
    // Three digits leave 1 % open.
    ("62.0 0. 0. 62.0", "62.0 0. 30.0 62.0", "E^2-p^2-m^2"),
    ("-1.0e+02 1.0e+02", "-1.0e+02 -1.0e+02", "has the energy -100"),
    ("-1 -1 0 0 0 501", "-1 -1 0 0 0 502", "does not connect"),
    ("2 -1 0 0 501 0", "2 -1 0 0 501 502", "has not the colour of a triplet"),
    ("22 1 1 2 0 0 62.0", "22 1 1 9 0 0 62.0", "the mothers of particle 3"),
    ("22 1 1 2 0 0 62.0", "22 5 1 2 0 0 62.0", "which has no meaning"),
    ("14 1 1 2", "14 1 3 0", "is final and the mother"),
    ("22 1 1 2 0 0 62.0", "22 2 3 3 0 0 62.0", "among its own ancestors"),
    (" 6 7 1.0 9.1", " 6 8 1.0 9.1", "process 8 is not declared"),
    ("<wgt id='down'> 0.75 </wgt>\n", "", "1 of 2 declared weights are missing, such as 'down'"),
    ("<wgt id='down'> 0.75", "<wgt id='other'> 0.75", "'other' is not declared"),
    ("<wgt id='up'> 1.25", "<wgt id='up'> NaN", "weight 'up' is nan"),
    (" 6 7 1.0 9.1", " 6 7 nan 9.1", "(XWGTUP) is nan"),
    ("6 = nevents", "7 = nevents", "asks for 7 events and there are 6"),
    ("0 0 247000 247000 -4 1", "0 0 247000 247000 -4 3", "announces 3 processes and lists 1"),
  ]

  @Test("each law has its finding", arguments: laws)
  func finding(part: String, other: String, fact: String) {
    let f = LHEFixture()
    let text = f.text()
    let source = text.replacing(part, with: other)
    #expect(source != text, "\(part)")
    f.write(source)
    let outcome = f("events check a.lhe")
    #expect(outcome.status == 1 && outcome.text.contains(fact), "\(outcome.text) \(outcome.error)")
    #expect(f("events check --json a.lhe").text.contains("\"findings\""))
  }

  @Test("findings of a kind are one line with number and first place; all files are looked at")
  func lines() {
    let f = LHEFixture()
    let text = f.text()
    f.write(text.replacing("+1.0e+02 1.0e+02", with: "+1.1e+02 1.1e+02"))
    f.write(
      text.replacing("</LesHouchesEvents>", with: f.event(2) + "</LesHouchesEvents>"), "b.lhe")
    f.write(String(text.prefix(1500)), "cut.lhe")
    let outcome = f("events check a.lhe cut.lhe b.lhe")
    #expect(outcome.status == 65 && outcome.error.contains("cut.lhe"))
    let lines = outcome.text.split(separator: "\n")
    #expect(
      lines.contains { $0.hasPrefix("a.lhe: 6 events, first event 1 (byte ") }, "\(outcome.text)")
    #expect(lines.contains { $0.hasPrefix("b.lhe: event 7") && $0.contains("was there before") })
    #expect(f("events check --relative 0.2 a.lhe").text.contains("conserved") == false)
  }

  @Test("comparison is by value, with tolerances, and names the first difference")
  func diff() {
    let f = LHEFixture()
    let text = f.write(f.text())
    f.write(
      text.replacing("9.1e+01", with: "91").replacing("<event npLO", with: "<event  npLO"), "b.lhe")
    #expect(f("events diff a.lhe b.lhe").status == 0)
    #expect(
      f("events convert --events 1- a.lhe -o same.lhe && events diff a.lhe same.lhe").status == 0)
    let changes: [(String, String, String, String)] = [
      (
        "62.0 0. 0. 62.0", "62.0 0. 0. 62.01", "event 3: particle 3: E is 62.0 and 62.01",
        "--relative 1e-3"
      ),
      (
        "<wgt id='up'> 1.25 ", "<wgt id='up'> 1.26 ", "event 3: weight 'up' is 1.25 and 1.26",
        "--absolute 0.02"
      ),
      ("npNLO=\" 1 \"", "npNLO=\" 2 \"", "attributes differ in 6 events", "--skip attributes"),
      ("2.0 1e-2 2.0 7", "2.5 1e-2 2.0 7", "<init>: process 7", "--skip init"),
      ("21 = iseed", "22 = iseed", "heads differ", "--skip head"),
      ("mur=0.5", "mur=0.25", "weight 'down' is declared as", "--skip weights"),
    ]
    for (part, other, fact, pass) in changes {
      let changed = text.replacing(part, with: other)
      #expect(changed != text, "\(part)")
      f.write(changed, "b.lhe")
      let outcome = f("events diff a.lhe b.lhe")
      #expect(
        outcome.status == 1 && outcome.text.contains(fact), "\(outcome.text) \(outcome.error)")
      #expect(f("events diff \(pass) a.lhe b.lhe").status == 0, "\(pass)")
    }
    f.write(f.text(0..<4), "b.lhe")
    #expect(f("events diff a.lhe b.lhe").text.contains("there are 6 and 4 events"))
  }

  @Test("what a file holds")
  func info() {
    let f = LHEFixture()
    f.write(f.text())
    let outcome = f("events info a.lhe")
    #expect(outcome.status == 0, "\(outcome.error)")
    for part in [
      "kind: Les Houches events", "beams: p at 6500 GeV, p at 6500 GeV", "events: 6",
      "negative weights: 2 (33.3 %)", "cross section by weights: 2 pb",
      "u d~ > vm~ vm a a",
      "npLO", "iseed",
    ] { #expect(outcome.text.contains(part), "\(part) in \(outcome.text)") }
    let rows = outcome.text.split(separator: "\n")
    // Ratios to XWGTUP: 1.25 in every event.
    #expect(rows.contains { $0.hasPrefix("up ") && $0.contains("1.25") && $0.contains("mur=2") })
    #expect(f("events info --json a.lhe").text.contains("\"weights\""))
  }

  @Test("the files of other generators", .needsShared)
  func zoo() {
    let f = LHEFixture()
    let files = shell("ls \(Place.shared)/lhe-zoo/*.lhe* \(Place.shared)/data/wh_smeft_tiny.lhe")
      .text
      .split(separator: "\n")
    #expect(files.count > 10)
    for file in files {
      let cat = file.hasSuffix(".gz") ? "zcat" : "cat"
      #expect(f("events convert -O lhe \(file) | cmp - <(\(cat) \(file))").status == 0, "\(file)")
      let check = f("events check \(file)")
      #expect(check.status == 0 || check.status == 1, "\(file): \(check.error)")
      // Nothing that every event of a good generator has is a finding.
      #expect(check.text.split(separator: "\n").count <= 4, "\(check.text)")
      #expect(!check.text.contains("conserved"), "\(check.text)")
      #expect(f("events info \(file)").status == 0)
      #expect(f("events diff \(file) \(file)").status == 0)
      #expect(
        f("events convert --keep 'n_particles > 0' \(file) | events diff - \(file)").status == 0)
    }
  }
}
