import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// Smearing and tags from analysis.yaml to the rows of lhe-read.
@Suite("lhe-read: smearing and tags")
struct SmearingReadTests {
  private static let sample = Place.root + "/Tests/Fixtures/wh_200.lhe.gz"

  private static let analysis = """
    name: wh
    parameters:
      cHW: {block: SMEFT, id: 7, range: [-1, 1]}
    benchmarks:
      sm: {cHW: 0}
      chw_pos: {cHW: 1}
      chw_neg: {cHW: -1}
    observables:
      pt_l: l[0].pt
      e_b: "[x for x in p if abs(x.pdgid) == 5][0].e"
      e_b_truth: "[x for x in p_truth if x.b_tag][0].e"
      met: met.pt
      tags: sum(x.b_tag for x in j)
    """

  private static let detector = """

    smearing:
      b: {energy: "hypot(0.8 * sqrt(e), 0.05 * e)", eta: 0.02, phi: 0.02}
      11,13: {pt: {absolute: 0.1, relative: 0.01}}
      met: {absolute: 5, relative: 0.02}
    tags:
      b_tag: {b: 0.7 if abs(eta) < 2.5 else 0, light: 0.01}
    """

  private static func folder(_ text: String) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    _ = run("tee", [folder.file("analysis.yaml")], input: Array(text.utf8))
    let outcome = shell("morph setup analysis.yaml -o setup.h5", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    return folder
  }

  /// Rows of observations by event identity.
  private static func rows(_ folder: TemporaryFolder, _ name: String) throws -> [Int64: [Double]] {
    let table = try EventTable.load(
      Input.openTable(folder.file(name), expecting: [.events], journal: Journal()))
    let width = table.observableNames.count
    return Dictionary(
      uniqueKeysWithValues: table.eventIDs.enumerated().map { i, id in
        (id, Array(table.observations[i * width..<(i + 1) * width]))
      })
  }

  @Test("in the setup, in events info, and in the numbers; --seed changes them and is recorded")
  func fromEndToEnd() throws {
    let folder = try Self.folder(Self.analysis + Self.detector)
    let info = shell("events info setup.h5", in: folder.path).text
    for part in [
      "hypot(0.8 * sqrt(e), 0.05 * e)", "0.1 + 0.01 * abs(pt)", "from-mass", "5 + 0.02 * ht",
      "0.7 if abs(eta) < 2.5 else 0",
    ] {
      #expect(info.contains(part), "\(part) in \(info)")
    }
    for seed in ["", "--seed 1", "--seed 2"] {
      let outcome = shell(
        "lhe-read --setup setup.h5 --sample sm:\(Self.sample) \(seed) -o out\(seed.suffix(1)).h5",
        in: folder.path)
      #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    }
    let (rows, same, other) = (
      try Self.rows(folder, "out.h5"), try Self.rows(folder, "out1.h5"),
      try Self.rows(folder, "out2.h5")
    )
    #expect(rows.count == 200 && rows == same)
    #expect(Set(rows.keys) == Set(other.keys))
    var (changed, shift) = (0, 0.0)
    for (id, row) in rows {
      #expect(row[2] == other[id]?[2])
      #expect((0...2).contains(row[4]))
      if row[1] != row[2] { changed += 1 }
      shift += (row[1] / row[2] - 1) / 200
    }
    #expect(changed == 200)
    // Five standard errors of 200 draws of some 10 percent.
    #expect(abs(shift) < 0.05)
    #expect(rows != other)
    for (name, seed) in [("out.h5", 1 as UInt64), ("out2.h5", 2)] {
      let source = try Input.openTable(
        folder.file(name), expecting: [.events], journal: Journal())
      #expect(source.header.provenance.last?.seed == seed)
    }
    let plain = try Self.folder(Self.analysis)
    let outcome = shell(
      "lhe-read --setup setup.h5 --sample sm:\(Self.sample) -o out.h5", in: plain.path)
    #expect(outcome.status == 0)
    for (_, row) in try Self.rows(plain, "out.h5") {
      #expect(row[1] == row[2] && row[4] == 2)
    }
  }

  @Test("the same bits in another order of samples, at any number of threads")
  func order() throws {
    let folder = try Self.folder(Self.analysis + Self.detector)
    let cut = shell(
      """
      events convert \(Self.sample) --events 1-100 -o one.lhe
      events convert \(Self.sample) --events 101- -o other.lhe
      """, in: folder.path)
    #expect(cut.status == 0, "\(cut.error)")
    let options = "--no-provenance -o"
    let a = "--sample sm:one.lhe"
    let b = "--sample sm:other.lhe"
    for (name, samples) in [
      ("ab", "\(a) \(b)"), ("ba", "\(b) \(a)"), ("a", a), ("threads", "-@ 3 \(a) \(b)"),
    ] {
      let outcome = shell(
        "lhe-read --setup setup.h5 \(samples) \(options) \(name).h5", in: folder.path)
      #expect(outcome.status == 0, "\(outcome.error)")
    }
    let both = try Self.rows(folder, "ab.h5")
    #expect(try both.count == 200 && both == Self.rows(folder, "ba.h5"))
    for (id, row) in try Self.rows(folder, "a.h5") { #expect(both[id] == row) }
    #expect(run("cmp", ["ab.h5", "threads.h5"], in: folder.path).status == 0)
  }

  @Test(
    "an event is smeared alike in a part, in LHEH5, in a copy with one more weight, in any order")
  func containers() throws {
    let folder = try Self.folder(Self.analysis + Self.detector)
    let made = shell(
      """
      set -e
      lhe-read --setup setup.h5 --sample sm:\(Self.sample) -o all.h5
      events split --parts 2 -o 'p%d.lhe' \(Self.sample)
      events convert \(Self.sample) -o x.lheh5
      events convert \(Self.sample) --add-weight again -o w.lhe
      for name in x.lheh5 w.lhe; do lhe-read --setup setup.h5 --sample sm:$name -o $name.h5; done
      lhe-read --setup setup.h5 --sample sm:p2.lhe --sample sm:p1.lhe -o parts.h5
      """, in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    func observations(_ name: String) throws -> [Double] {
      try EventTable.load(
        Input.openTable(folder.file(name), expecting: [.events], journal: Journal())
      ).observations
    }
    let all = try observations("all.h5")
    #expect(try observations("x.lheh5.h5") == all)
    #expect(try observations("w.lhe.h5") == all)
    // The second half first.
    #expect(
      try observations("parts.h5") == Array(all[(all.count / 2)...] + all[..<(all.count / 2)]))
  }

  @Test("the example of analysis.yaml(5) is an analysis")
  func manual() throws {
    let page = run("cat", [Place.root + "/man/man5/sluice-analysis.5"]).text
    let start = try #require(page.firstRange(of: ".Bd -literal -offset 2n\nname:"))
    let end = try #require(page[start.upperBound...].firstRange(of: "\n.Ed"))
    // The sample has no weights of the example's systematics; its own are read in SystematicsTests.
    let example = page[start.upperBound..<end.lowerBound]
    let systematics = try #require(example.firstRange(of: "\nsystematics:"))
    var rest = example[systematics.upperBound...].drop { $0 != "\n" }
    while rest.hasPrefix("\n ") { rest = rest.dropFirst().drop { $0 != "\n" } }
    let folder = try Self.folder("name:" + example[..<systematics.lowerBound] + rest + "\n")
    let outcome = shell(
      "lhe-read --setup setup.h5 --sample sm:\(Self.sample) -o out.h5", in: folder.path)
    // The sample has two b quarks everywhere, of which some are tagged.
    #expect(outcome.status == 0, "\(outcome.error)")
    let tags = try Self.rows(folder, "out.h5").values.map { $0[2] }
    #expect(Set(tags).isSubset(of: [0, 1, 2]) && Set(tags).count == 3)
  }

  @Test("what is wrong, with file, line and column; an event that a width does not suit")
  func problems() throws {
    func error(_ section: String) -> (status: Int32, line: String) {
      let folder = TemporaryFolder()
      _ = run(
        "tee", [folder.file("analysis.yaml")], input: Array((Self.analysis + section).utf8))
      let outcome = shell("morph setup analysis.yaml -o setup.h5", in: folder.path)
      return (Int32(outcome.status), outcome.error)
    }
    for (section, says) in [
      (
        "\nsmearing: {jet: {energy: 1}}", "line 14, column 12: 'jet' is not a kind of particle; use"
      ),
      ("\nsmearing: {j: {enrgy: 1}}", "unknown key 'enrgy'; did you mean 'energy'"),
      (
        "\nsmearing:\n  j:\n    energy: 0.1 * ee",
        "line 16, smearing of j energy, column 7: unknown name 'ee'"
      ),
      ("\nsmearing: {j: {energy: from-mass, pt: from-mass}}", "both from the mass"),
      ("\nsmearing: {j: {energy: {relative: -0.1}}}", "'relative' is -0.1, below 0"),
      ("\nsmearing: {j: {energy: {}}}", "the width of j energy is empty"),
      ("\nsmearing: {met: pt}", "smearing of met, column 1: unknown name 'pt'"),
      ("\ntags: {bb_tag: {b: 1}}", "unknown tag 'bb_tag'; did you mean 'b_tag'"),
      ("\ntags: {b_tag: {}}", "'b_tag' names no particles"),
      (
        "\ntags:\n  b_tag:\n    b: 0.7\n    c: 1 +",
        "line 17, b_tag of c, column 4: a value expected"
      ),
    ] {
      let found = error(section)
      #expect(found.status == 65 && found.line.contains(says), "\(found.line)")
    }
    let folder = try Self.folder(Self.analysis + "\nsmearing: {b: {energy: e - 100}}")
    let outcome = shell(
      "lhe-read --setup setup.h5 --sample sm:\(Self.sample) -o out.h5", in: folder.path)
    #expect(outcome.status == 65)
    #expect(
      outcome.error.contains("the width of b energy is -") && outcome.error.contains("event "),
      "\(outcome.error)")
    #expect(run("test", ["-e", "out.h5"], in: folder.path).status != 0)
  }
}
