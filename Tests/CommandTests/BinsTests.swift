import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_mc.h5"
private let point = "--theta t0=0.3,t1=-0.2 --luminosity 300/fb"

/// fisher bins and what reads its tables, on the toy with background and nuisance parameters of the reference numbers.
@Suite struct BinsCommandTests {
  /// A table of bins gives the numbers of the events, whole or made in parts.
  @Test(.needsShared) func tableStandsForTheEvents() throws {
    let folder = TemporaryFolder()
    let axes = "--observable x --bins -3:3:10 --observable 'x2 + 1' --bins 1.5,3"
    let made = shell(
      "fisher bins \(toy) \(axes) -o whole.h5"
        + " && for k in 1 2 3; do fisher bins \(toy) \(axes) --shard $k/3 -o p$k.h5 || exit; done"
        + " && events merge p3.h5 p1.h5 p2.h5 -o merged.h5 && events diff whole.h5 merged.h5",
      in: folder.path)
    #expect(made.status == 0 && made.error == "", "\(made.error)")
    for option in ["", "--nuisance keep", "--free-norm background"] {
      let events = shell("fisher histogram \(toy) \(axes) \(point) \(option) --json")
      let table = shell("fisher histogram merged.h5 \(point) \(option) --json", in: folder.path)
      for name in ["matrix", "covariance", "bias"] {
        #expect(
          try ResultJSON(events).numbers("information", "matrices", "histogram", name)
            == ResultJSON(table).numbers("information", "matrices", "histogram", name))
      }
    }
    let rate = try ResultJSON(
      shell("fisher rate merged.h5 \(point) --nuisance none --json", in: folder.path)
    ).numbers("information", "matrices", "rate", "matrix")
    let reference = try ResultJSON(
      shell("fisher rate \(toy) \(point) --nuisance none --json")
    ).numbers("information", "matrices", "rate", "matrix")
    // The total of bins is added in another order.
    for (a, b) in zip(rate, reference) { #expect(relativeError(a, b) < 1e-9) }
  }

  @Test(.needsShared) func threadsDoNotMatter() throws {
    let folder = TemporaryFolder()
    let bins = "fisher bins \(toy) --observable x --no-provenance"
    let boot =
      "fisher histogram \(toy) --observable x \(point) --bootstrap 20 --no-provenance --json"
    let made = shell(
      "\(bins) -o 1.h5 -@ 1 && \(bins) -o 3.h5 -@ 3 && cmp 1.h5 3.h5", in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    #expect(shell(boot + " -@ 1").output == shell(boot + " -@ 3").output)
  }

  @Test(.needsShared) func information() throws {
    let folder = TemporaryFolder()
    let text = shell("fisher bins \(toy) --observable x --bins=-1,0,1").text
    #expect(text.contains("# processes: analysis, background") || text.contains("background"))
    #expect(text.contains("[-1.0,0.0)"))
    let made = shell("fisher bins \(toy) --observable x --bins=-1,0,1 -o b.h5", in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let info = shell("events info b.h5", in: folder.path).text
    #expect(info.contains("kind: bins"))
    #expect(info.contains("-1,0,1"))
  }

  /// A table knows which part of the events it is of: it says so, readers pass it on, and another part does not fit.
  @Test(.needsShared) func tableKnowsItsPart() throws {
    let folder = TemporaryFolder()
    let made = shell(
      """
      fisher bins \(toy) --observable x --bins=-1,0,1 --partition test -o test.h5 &&
        fisher bins \(toy) --observable x --bins=-1,0,1 --partition train -o train.h5 &&
        fisher bins \(toy) --observable x --bins=-1,0,1 -o all.h5 &&
        for k in 1 2; do
          fisher bins \(toy) --observable x --bins=-1,0,1 --partition test --shard $k/2 -o p$k.h5 || exit
        done && events merge p1.h5 p2.h5 -o merged.h5 && events diff merged.h5 test.h5
      """, in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    #expect(shell("events info test.h5", in: folder.path).text.contains("events part: test"))
    #expect(shell("events info all.h5", in: folder.path).text.contains("events part: all"))
    let own = shell("fisher histogram test.h5 \(point) --json", in: folder.path)
    #expect(try ResultJSON(own).text("information", "partition") == "test")
    // The same as of that part of the events.
    let events = shell(
      "fisher histogram \(toy) --observable x --bins=-1,0,1 --partition test \(point) --json")
    #expect(
      try ResultJSON(own).numbers("information", "matrices", "histogram", "matrix")
        == ResultJSON(events).numbers("information", "matrices", "histogram", "matrix"))
    let limits = shell(
      "limits expected test.h5 --luminosity 300/fb --grid t0=-1:1:5 --fix t1 --json",
      in: folder.path)
    #expect(try ResultJSON(limits).text("limits", "partition") == "test")
    #expect(
      shell("fisher histogram test.h5 \(point) --partition test", in: folder.path).status == 0)
    for (line, status, text) in [
      (
        "fisher histogram test.h5 \(point) --partition train", 64,
        "this table of bins is of the test part of its events; give --partition to"
      ),
      (
        "fisher histogram all.h5 \(point) --partition test", 64,
        "this table of bins is of all events; give --partition to"
      ),
      (
        "events merge test.h5 train.h5 -o m.h5", 65,
        "train.h5: the parts of the events (--partition) differ from those of test.h5"
      ),
    ] as [(String, Int32, String)] {
      let outcome = shell(line, in: folder.path)
      #expect(outcome.status == status && outcome.error.contains(text), "\(outcome.error)")
      #expect(outcome.error.split(separator: "\n").count == 1)
    }
    #expect(!folder.contents.contains("m.h5"))
  }

  @Test(
    .needsShared,
    arguments: [
      ("fisher rate p1.h5 --luminosity 300/fb", 65, "part 1 of 2 of a table of bins"),
      ("events merge p1.h5 -o m.h5", 65, "parts 2 of 2 are missing"),
      ("events merge p1.h5 p1.h5 -o m.h5", 65, "part 1 of 2 is there twice"),
      ("events merge w.h5 w.h5 -o m.h5", 65, "is in w.h5 too"),
      ("events merge w.h5 v.h5 -o m.h5", 65, "the bins differ from those of w.h5"),
      ("fisher truth w.h5 --luminosity 300/fb", 65, "kind bins"),
      ("fisher rate w.h5 --luminosity 300/fb --cut 'x > 0'", 64, "has its cuts"),
      ("fisher histogram w.h5 --luminosity 300/fb --bootstrap 5 --observable x", 65, "kind bins"),
    ])
  func badInput(_ job: (String, Int32, String)) throws {
    let folder = TemporaryFolder()
    let made = shell(
      "fisher bins \(toy) --observable x -o w.h5 && fisher bins \(toy) --observable x2 -o v.h5"
        + " && fisher bins \(toy) --observable x --shard 1/2 -o p1.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let outcome = shell(job.0, in: folder.path)
    #expect(outcome.status == job.1, "\(outcome.error)")
    #expect(outcome.error.contains(job.2), "\(outcome.error)")
    #expect(outcome.error.split(separator: "\n").count == 1)
    #expect(folder.contents == ["p1.h5", "v.h5", "w.h5"])
  }
}

/// Geometry from the command line: the flat metric of the toy, whose distances have a closed form.
@Suite struct GeometryCommandTests {
  @Test(.needsShared) func distancesAndGeodesics() throws {
    let folder = TemporaryFolder()
    let file = Place.shared + "/golden/inference/toy_quadrature.h5"
    let made = shell(
      "fisher metric \(file) --grid t0=-1:1:5 --grid t1=-1:1:5 --luminosity 300/fb -o m.h5"
        + " && fisher geodesic m.h5 --direction t0=1 --direction t0=1,t1=-1 --distance 5 --json",
      in: folder.path)
    #expect(made.status == 0 && made.error == "", "\(made.error)")
    let paths = try ResultJSON(made)
    // Straight lines: I = diag(300, 216).
    let first = try paths.numbers("geometry", "paths", "0", "points")
    #expect(abs(first[first.count - 2] - 5 / 300.0.squareRoot()) < 1e-6)
    let second = try paths.numbers("geometry", "paths", "1", "points")
    #expect(abs(second[second.count - 1] + 5 / 516.0.squareRoot()) < 1e-6)
    let map = try ResultJSON(
      shell("fisher distance m.h5 --theta t0=0.5 --json", in: folder.path)
    ).numbers("geometry", "distances")
    for i in 0..<5 {
      for j in 0..<5 {
        let (a, b) = (-1 + 0.5 * Double(i) - 0.5, -1 + 0.5 * Double(j))
        #expect(abs(map[5 * i + j] - (300 * a * a + 216 * b * b).squareRoot()) < 1e-5)
      }
    }
    let text = shell("fisher distance m.h5", in: folder.path).text
    #expect(text.contains("distance") && text.contains("# from: t0=0,t1=0"))
    let outside = shell("fisher distance m.h5 --theta t0=3", in: folder.path)
    #expect(outside.status == 64 && outside.error.contains("outside the grid"))
  }
}
