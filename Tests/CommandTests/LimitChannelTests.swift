import Foundation
import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
private let nuisance = Place.shared + "/golden/inference/toy_mc.h5"
private let grid = "--grid t0=-1:1:5 --grid t1=-1:1:5"
private let histogram = "--observable x --bins=-2,-1,0,1,2"

/// Tables of bins, selections, orders and several files as operands of limits.
@Suite struct LimitChannelTests {
  private func q(_ command: String, in folder: TemporaryFolder? = nil) throws -> [Double] {
    let line = command + " --json -q"
    let outcome = folder.map { shell(line, in: $0.path) } ?? shell(line)
    try #require(outcome.status == 0, "\(outcome.error)")
    return try ResultJSON(outcome).numbers("limits", "q")
  }

  /// A table of bins gives the bits of the events, also with nuisance parameters, free normalisations, statistics of the
  /// simulation, cuts and efficiencies, and an order in the couplings.
  @Test(.needsShared) func tableOfBins() throws {
    let folder = TemporaryFolder()
    let selection = "--cut 'x > -2.5' --efficiency '1/(1 + exp(-x))'"
    let made = shell(
      "fisher bins \(nuisance) \(histogram) -o bins.h5"
        + " && fisher bins \(nuisance) \(histogram) \(selection) -o cut.h5"
        + " && fisher bins \(nuisance) --observable 'x2 - 1' --bins 0,2 -o other.h5",
      in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let options = "--theta t0=0.3 --luminosity 100/fb \(grid)"
    for terms in ["", "--mc-statistics", "--free-norm background", "--no-rate --nuisance none"] {
      #expect(
        try q("limits expected bins.h5 \(options) \(terms)", in: folder)
          == q("limits expected \(nuisance) \(histogram) \(options) \(terms)"))
    }
    #expect(
      try q("limits expected cut.h5 \(options)", in: folder)
        == q("limits expected \(nuisance) \(histogram) \(selection) \(options)"))
    let linear = "--theta sm --luminosity 1/fb \(grid) --order linear"
    // Points without a likelihood are NaN, which equals nothing.
    #expect(
      try q("limits expected bins.h5 \(linear)", in: folder).map(\.bitPattern)
        == q("limits expected \(nuisance) \(histogram) \(linear)").map(\.bitPattern))
    // Observed events: expressions of the axes and cuts are taken of them too.
    let data = "--data \(toy) --luminosity 1400/fb \(grid)"
    #expect(
      try q("limits observed other.h5 \(data)", in: folder)
        == q("limits observed \(nuisance) --observable 'x2 - 1' --bins 0,2 \(data)"))
    let counts = try ResultJSON(
      shell("limits observed cut.h5 \(data) --json -q", in: folder.path)
    ).numbers("limits", "event_count")
    // Five copies of 280 nodes on [−7, 7], of which 190 are above −2.5; efficiencies are not of data.
    #expect(counts == [950])
    let toys = "--theta sm --luminosity 10/fb --grid t0=-1:1:5 --fix t1 --toys 200 --json -q"
    let table = shell("limits toys bins.h5 \(toys)", in: folder.path)
    let events = shell("limits toys \(nuisance) \(histogram) \(toys)")
    #expect(
      try ResultJSON(table).numbers("toys", "critical")
        == ResultJSON(events).numbers("toys", "critical"), "\(table.error)")
  }

  /// A cut is a file without the events that fail it.
  @Test(.needsShared) func cutsAndOrders() throws {
    let job = "limits expected \(toy) --luminosity 10/fb \(grid)"
    let whole = try q("\(job) \(histogram)")
    #expect(try q("\(job) \(histogram) --cut 'x < 100'") == whole)
    let half = try q("\(job) \(histogram) --cut 'x > 0'")
    #expect(half != whole)
    // At linear order the rate of the toy does not depend on the parameters, while bins do, linearly.
    let rate = try q("limits expected \(toy) --order linear --luminosity 10/fb \(grid)")
    #expect(rate.allSatisfy { $0 < 1e-9 })
    let linear = shell(
      "limits expected \(toy) --order linear --observable x --bins=-1,0,1 --luminosity 10/fb \(grid)"
    )
    #expect(linear.status == 0, "\(linear.error)")
  }

  /// Two files in one command: the sum at every point, and q = 0 at the true point, between points of the grid.
  @Test(.needsShared) func channels() throws {
    let folder = TemporaryFolder()
    let made = shell(
      "fisher bins \(toy) \(histogram) -o a.h5 && fisher bins \(toy) --observable x2 --bins 1,4 -o b.h5",
      in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let options = "--theta t0=0.33,t1=-0.21 --luminosity 100/fb \(grid)"
    let both = try ResultJSON(
      shell("limits expected a.h5 b.h5 \(options) --json -q", in: folder.path))
    let sum = zip(
      try q("limits expected a.h5 \(options)", in: folder),
      try q("limits expected b.h5 \(options)", in: folder)
    ).map(+)
    for (a, b) in zip(try both.numbers("limits", "q"), sum) {
      #expect(abs(a - b) < 1e-6 * max(1, b))
    }
    let best = try both.numbers("limits", "best_fit")
    #expect(abs(best[0] - 0.33) < 1e-3 && abs(best[1] + 0.21) < 1e-3)
    let text = shell("limits expected a.h5 b.h5 \(options) -q", in: folder.path).text
    #expect(text.contains("# channel: a.h5 (histogram of x)"))
    let observed = try q(
      "limits observed a.h5 b.h5 --data \(toy) --data \(toy) --luminosity 1400/fb \(grid)",
      in: folder)
    #expect(observed.contains { $0 > 0 })
    let threads = shell(
      "limits expected \(toy) b.h5 \(options) -@ 1 -q --no-provenance -o 1.h5"
        + " && limits expected \(toy) b.h5 \(options) -@ 3 -q --no-provenance -o 3.h5 && cmp 1.h5 3.h5",
      in: folder.path)
    #expect(threads.status == 0, "\(threads.error)")
  }

  /// Nuisance parameters in toys, coverage, CLs and posteriors.
  @Test(.needsShared) func nuisanceParametersInToys() throws {
    let job = "\(nuisance) \(histogram) --luminosity 100/fb"
    let line = "--grid t0=-0.6:0.6:13 --fix t1"
    let coverage = try ResultJSON(
      shell(
        "limits coverage \(job) \(line) --toys 2000 --experiments 2000 --json -q")
    ).numbers("coverage", "fraction")
    // Level, method: Neyman is second; two samples of 2000 leave 0.015 and 0.007.
    #expect(abs(coverage[1] - 0.68) < 0.06 && abs(coverage[3] - 0.95) < 0.028)
    let limits = try ["", "--nuisance none"].map { option in
      try ResultJSON(
        shell(
          "limits cls \(job) --grid t0=0:0.6:31 --fix t1 --toys 500 \(option) --json -q")
      ).numbers("cls", "expected_upper_limits")
    }
    let asymptotic = try ResultJSON(
      shell("limits cls \(job) --grid t0=0:0.6:31 --fix t1 --json -q")
    ).numbers("cls", "expected_upper_limits")
    // 500 toys leave some per cent.
    #expect(abs(limits[0][2] / asymptotic[2] - 1) < 0.15, "\(limits) \(asymptotic)")
    let posterior = try ResultJSON(
      shell("limits posterior \(job) --theta sm --prior flat:t0=-1:1 --samples 1500 --json -q"))
    #expect(try posterior.texts("posterior", "parameters") == ["t0", "t1", "nu_norm", "nu_shape"])
    #expect(
      try posterior.texts("posterior", "free_parameters") == ["t0", "nu_norm", "nu_shape"])
    let sigma = try posterior.numbers("posterior", "standard_deviation")
    // A unit normal constraint, which the data can only narrow: 5 % for the size of the sample.
    #expect(sigma[1] < 1.05 && sigma[1] > 0.2 && sigma[2] < 1.05)
    // The same integrated over at every point of a grid; the chains know a standard deviation to some per cent.
    let onGrid = try ResultJSON(
      shell("limits posterior \(job) --theta sm --prior flat:t0=-1:1 --grid t0=-1:1:81 --json -q"))
    let variance = try onGrid.numbers("posterior", "covariance")
    #expect(abs(variance[0].squareRoot() / sigma[0] - 1) < 0.08, "\(variance) \(sigma)")
    #expect(try onGrid.numbers("posterior", "log_evidence_ratio")[0] < 0)
    #expect(try onGrid.numbers("posterior", "reference") == [0, 0])
    let text = shell("limits toys \(job) \(line) --toys 100 --theta sm -q").text
    #expect(text.contains("nuisance parameters: nu_norm (gauss), nu_shape (gauss)"))
  }

  /// A sample cut into two files is the same measurement, and cuts are of observed events too: toys, coverage, CLs and posteriors of the two channels are those of
  /// the whole.
  @Test(.needsShared) func channelsOfToysAndPosteriors() throws {
    let folder = TemporaryFolder()
    let made = shell(
      "fisher bins \(nuisance) --observable x --bins=-2,-1,0,1,2 -o whole.h5"
        + " && fisher bins \(nuisance) --observable x --bins=-2,-1 --cut 'x < 0' -o below.h5"
        + " && fisher bins \(nuisance) --observable x --bins=1,2 --cut 'x >= 0' -o above.h5",
      in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    func same(_ command: String, _ group: String, _ names: [String], data: Bool = false) throws {
      let results = try [
        "whole.h5\(data ? " --data \(toy)" : "")",
        "below.h5 above.h5\(data ? " --data \(toy) --data \(toy)" : "")",
      ].map {
        let line = "limits \(command) ".replacingOccurrences(of: "FILES", with: $0)
        let outcome = shell(line + "--luminosity 60/fb --json -q", in: folder.path)
        try #require(outcome.status == 0, "\(outcome.error)")
        return try ResultJSON(outcome)
      }
      for name in names {
        let (a, b) = (
          try results[0].numbers(group, name), try results[1].numbers(group, name)
        )
        #expect(!a.isEmpty && a.count == b.count, "\(command)")
        for (x, y) in zip(a, b) where !x.isNaN {
          #expect(abs(x - y) < 1e-5 * max(1, abs(x)), "\(command) \(name): \(x) \(y)")
        }
      }
    }
    let line = "--grid t0=-0.6:0.6:7 --fix t1"
    try same("toys FILES \(line) --toys 200 --theta t0=0.2,nu_norm=0.5", "toys", ["critical", "p"])
    try same("toys FILES \(line) --toys 200 --mc-statistics", "toys", ["critical"])
    try same("toys FILES \(line) --toys 200", "toys", ["critical", "p"], data: true)
    try same("coverage FILES \(line) --toys 200 --experiments 200", "coverage", ["fraction"])
    for toys in ["", "--toys 200"] {
      try same(
        "cls FILES --grid t0=0:0.6:7 --fix t1 \(toys)", "cls", ["observed", "expected"],
        data: true)
    }
    try same(
      "posterior FILES --theta sm --prior flat:t0=-1:1 --grid t0=-1:1:11 --free-norm background",
      "posterior", ["log_density", "mean"])
    try same(
      "posterior FILES --prior flat:t0=-1:1 --grid t0=-1:1:11", "posterior",
      ["log_density", "log_evidence_ratio"], data: true)
    // What is not integrated over is in the point that the evidence is compared with.
    let withAxis = try ResultJSON(
      shell(
        "limits posterior whole.h5 --theta sm --prior flat:t0=-1:1 --grid t0=-1:1:11 --grid mu_background=0:3:7"
          + " --free-norm background --luminosity 60/fb --json -q", in: folder.path))
    #expect(try withAxis.numbers("posterior", "reference") == [0, 0, 1])
    let text = shell(
      "limits toys below.h5 above.h5 \(line) --toys 100 --theta sm --luminosity 60/fb -q",
      in: folder.path
    ).text
    #expect(text.contains("# channel: below.h5 (histogram of x)"))
    let threads = shell(
      [1, 3].map {
        "limits toys below.h5 above.h5 \(line) --toys 300 --luminosity 60/fb -@ \($0) -q --no-provenance -o \($0).h5"
      }.joined(separator: " && ") + " && cmp 1.h5 3.h5", in: folder.path)
    #expect(threads.status == 0, "\(threads.error)")
  }

  @Test(
    .needsShared,
    arguments: [
      ("expected bins.h5 --observable x \(grid) --luminosity 1/fb", 64, "has its axes already"),
      ("expected bins.h5 --cut 'x > 0' --luminosity 1/fb", 64, "has its cuts"),
      ("expected bins.h5 --truth --luminosity 1/fb", 64, "needs the events"),
      ("expected part.h5 --luminosity 1/fb", 65, "part 1 of 2"),
      ("expected TOY --cut 'y > 0' --luminosity 1/fb", 64, "y"),
      ("expected TOY --cut 'x > 100' --luminosity 1/fb", 65, "no event is left"),
      ("expected TOY --efficiency=x --luminosity 1/fb", 65, "efficiency 1 is -6.97"),
      ("expected TOY --order cubic --luminosity 1/fb", 64, "cubic"),
      (
        "expected TOY --truth --order linear --theta t0=0.9 --luminosity 1/fb \(grid)", 65,
        "is negative"
      ),
      ("observed bins.h5 TOY --data TOY --luminosity 1/fb", 64, "1 --data for 2 files"),
      (
        "observed bins.h5 bins.h5 --data TOY --data TOY --n-observed 3 --luminosity 1/fb", 64,
        "one file"
      ),
      ("expected bins.h5 missing.h5 --luminosity 1/fb", 66, "missing.h5"),
      ("toys NUISANCE --truth --luminosity 1/fb --grid t0=0:1:3 --fix t1", 64, "--nuisance none"),
      ("toys bins.h5 --truth --luminosity 1/fb --grid t0=0:1:3 --fix t1", 64, "needs the events"),
      ("toys TOY --luminosity 1/fb --grid t0=0:1:3 --fix t1 --constraint a", 64, "NAME="),
      (
        "posterior NUISANCE --theta sm --luminosity 1/fb --grid t0=0:1:3 --grid nu_norm=0:1:3", 64,
        "integrated over"
      ),
      ("toys TOY TOY --data TOY --luminosity 1/fb --grid t0=0:1:3 --fix t1", 64, "1 --data for 2"),
      (
        "cls TOY --data TOY --data TOY --luminosity 1/fb --grid t0=0:1:3", 64, "2 --data for 1 file"
      ),
      (
        "toys TOY --no-rate --mc-statistics --observable x --luminosity 1/fb --grid t0=0:1:3 --fix t1",
        64, "--mc-statistics"
      ),
      ("coverage TOY --luminosity 1/fb --grid t0=0:1:3 --fix t1 --experiments 9", 64, "--exp"),
    ])
  func badInput(_ job: (String, Int32, String)) throws {
    let folder = TemporaryFolder()
    let made = shell(
      "fisher bins \(toy) \(histogram) -o bins.h5"
        + " && fisher bins \(toy) \(histogram) --shard 1/2 -o part.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let line = job.0.replacingOccurrences(of: "TOY", with: toy)
      .replacingOccurrences(of: "NUISANCE", with: nuisance)
    let outcome = shell("limits \(line) -o out.h5", in: folder.path)
    #expect(outcome.status == job.1, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("limits: error: "), "\(outcome.error)")
    #expect(outcome.error.contains(job.2), "\(outcome.error)")
    // What the parser refuses names the help on a second line.
    let lines = outcome.error.split(separator: "\n")
    #expect(lines.count == 1 || lines[1].hasPrefix("see 'limits "), "\(outcome.error)")
    #expect(folder.contents == ["bins.h5", "part.h5"])
  }
}
