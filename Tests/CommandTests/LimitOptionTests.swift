import Foundation
import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
private let nuisance = Place.shared + "/golden/inference/toy_mc.h5"
private let grid = "--grid t0=-1:1:5 --grid t1=-1:1:5"
private let histogram = "--observable x --bins=-2,-1,0,1,2"

/// Options that every kind of limits takes, and what it says of the numbers.
@Suite struct LimitOptionTests {
  private func json(_ line: String, in folder: TemporaryFolder? = nil) throws -> ResultJSON {
    let command = "limits " + line + " --json -q"
    return try ResultJSON(folder.map { shell(command, in: $0.path) } ?? shell(command))
  }

  /// Any column of the data table holds weights: text, HDF5, numpy and Arrow; other columns are observables, and cuts act
  /// on both.
  @Test(.needsShared, arguments: ["obs.tsv", "obs.h5", "obs.npy", "obs.arrow"])
  func weightsOfAnyTable(_ name: String) throws {
    let folder = TemporaryFolder()
    let made = shell(
      "printf 'x\\tx2\\tn\\n-1.2\\t1.44\\t2\\n-0.3\\t0.09\\t3.5\\n0.6\\t0.36\\t1\\n' > obs.tsv"
        + (name == "obs.tsv" ? "" : " && events convert obs.tsv -o \(name)"), in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let job = "observed \(nuisance) --data \(name) --luminosity 5/fb \(grid)"
    let weighted = try json("\(job) \(histogram) --weights n", in: folder)
    #expect(try weighted.numbers("limits", "event_count") == [6.5])
    #expect(try weighted.numbers("limits", "bins", "count") == [0, 2, 3.5, 1, 0, 0])
    let cut = try json("\(job) \(histogram) --weights n --cut 'x > -1'", in: folder)
    #expect(try cut.numbers("limits", "event_count") == [4.5])
    #expect(try json("\(job) --weights n", in: folder).numbers("limits", "event_count") == [6.5])
    let other = try json("\(job) --observable x2 --bins 0.2,1 --weights n", in: folder)
    #expect(try other.numbers("limits", "bins", "count") == [3.5, 1, 2])
    let missing = shell("limits \(job) \(histogram) --weights m", in: folder.path)
    #expect(
      missing.status == 65 && missing.error.contains("there are x, x2, n"), "\(missing.error)")
  }

  /// Nuisance parameters of the true point in every kind; kept at 0 they are refused.
  @Test(.needsShared) func trueNuisanceParameters() throws {
    let folder = TemporaryFolder()
    let made = shell("fisher bins \(nuisance) \(histogram) -o b.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let point = "--theta t0=0.3,t1=-0.2,nu_norm=1 --luminosity 100/fb"
    let expected = try json("expected b.h5 \(point) \(grid)", in: folder)
    #expect(try expected.numbers("limits", "theta_true") == [0.3, -0.2, 1, 0])
    #expect(try expected.numbers("limits", "q_true")[0] < 1e-6)
    let n = try expected.numbers("limits", "event_count")[0]
    let toys = try json(
      "toys b.h5 \(point) --grid t0=-0.6:0.6:3 --fix t1=-0.2 --toys 100 --experiments 100",
      in: folder)
    #expect(relativeError(try toys.numbers("limits", "event_count")[0], n) < 1e-9)
    let both = try json("expected b.h5 b.h5 \(point) \(grid)", in: folder)
    #expect(try both.numbers("limits", "q_true")[0] < 1e-6)
    // The same of a benchmark by name.
    let named = try json(
      "expected b.h5 --theta w,nu_norm=1 --luminosity 100/fb \(grid)", in: folder)
    let written = try json(
      "expected b.h5 --theta t0=0.6,nu_norm=1 --luminosity 100/fb \(grid)", in: folder)
    #expect(try named.numbers("limits", "theta_true") == [0.6, 0, 1, 0])
    #expect(try named.numbers("limits", "q") == written.numbers("limits", "q"))
    for (point, text) in [
      ("w,t0=1", "benchmark 'w' has its own value of t0"), ("w,nu=1", "no parameter 'nu'"),
      ("w,nu_norm=1 --nuisance none", "keeps at 0"),
    ] {
      let refused = shell(
        "limits expected b.h5 --theta \(point) --luminosity 1/fb \(grid)", in: folder.path)
      #expect(refused.status == 64 && refused.error.contains(text), "\(refused.error)")
    }
    let line = "--grid t0=-0.6:0.6:7 --fix t1=-0.2 --toys 200"
    for job in [
      "toys b.h5 \(point) \(line) --experiments 100",
      "coverage b.h5 \(point) \(line) --experiments 100",
      "posterior b.h5 \(point) --prior flat:t0=-1:1,t1=-1:1 --samples 500 --warm-up 500",
      "cls b.h5 --theta nu_norm=1 --luminosity 100/fb --grid t0=0:0.6:7 --fix t1",
    ] {
      let outcome = shell("limits \(job) -q", in: folder.path)
      #expect(outcome.status == 0 || outcome.error.contains("not converged"), "\(outcome.error)")
      if outcome.status == 0 { #expect(outcome.text.contains("nu_norm"), "\(outcome.text)") }
      let kept = shell("limits \(job) --nuisance none -q", in: folder.path)
      #expect(kept.status == 64 && kept.error.contains("keeps at 0"), "\(kept.error)")
    }
    let unknown = shell(
      "limits expected b.h5 --theta t0=1,nu=1 --luminosity 1/fb \(grid)", in: folder.path)
    #expect(unknown.status == 64 && unknown.error.contains("no parameter 'nu'"), "\(unknown.error)")
  }

  /// A strength as an axis of a Neyman construction, and the true point at another than 1.
  @Test(.needsShared) func strengthsInToys() throws {
    let folder = TemporaryFolder()
    let made = shell("fisher bins \(nuisance) \(histogram) -o b.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let job = "b.h5 --luminosity 100/fb --nuisance none --free-norm background --fix t0,t1"
    let axis = "--grid mu_background=0:3:13 --toys 500 --experiments 500"
    let toys = try json("toys \(job) \(axis) --theta mu_background=1.5", in: folder)
    #expect(try toys.texts("limits", "parameters") == ["t0", "t1", "mu_background"])
    #expect(try toys.numbers("limits", "theta_true") == [0, 0, 1.5])
    let n = try ["1.5", "1", "2"].map {
      try json("toys \(job) \(axis) --theta mu_background=\($0)", in: folder)
        .numbers("limits", "event_count")[0]
    }
    #expect(relativeError(2 * n[0], n[1] + n[2]) < 1e-12)
    let covered = try json("coverage \(job) \(axis) --theta mu_background=1.5", in: folder)
    #expect(try covered.numbers("coverage", "fraction").allSatisfy { $0 > 0.6 })
    // What no region could hold.
    for (options, text) in [
      ("\(axis) --theta mu_background=5", "mu_background=5.0, outside of the grid"),
      ("\(axis) --theta t0=0.5", "--fix keeps it at 0.0: no region holds that point"),
      ("--fix mu_background=2 --grid t0=0:1:2", "'t0' has an axis and is fixed"),
    ] {
      let refused = shell("limits coverage \(job) \(options)", in: folder.path)
      #expect(refused.status == 64 && refused.error.contains(text), "\(refused.error)")
    }
    let chain = shell(
      "limits posterior b.h5 --luminosity 100/fb --theta t0=0,t1=0 --prior flat:t0=-1:1,t1=-1:1"
        + " --reference sm", in: folder.path)
    #expect(chain.status == 64 && chain.error.contains("chains do not give"), "\(chain.error)")
  }

  /// Where bins of a linear expansion are negative at the start of a fit, it starts elsewhere.
  @Test(.needsShared) func profilesFindWhereTheLikelihoodIsDefined() throws {
    let job = "expected \(toy) --order linear --observable x --bins=-1,0,1 --luminosity 100/fb"
    let wide = try json("\(job) --grid t0=-1:1:21")
    let defined = try wide.numbers("limits", "q").filter { !$0.isNaN }.count
    let fixed = try json("\(job) --grid t0=-1:1:21 --fix t1=0").numbers("limits", "q")
      .filter { !$0.isNaN }.count
    #expect(defined > fixed, "\(defined) \(fixed)")
  }

  /// CLs of a signal strength from events is that of the counts; other parameters are profiled, which weakens limits.
  @Test(.needsShared) func strengthFromEvents() throws {
    let folder = TemporaryFolder()
    let made = shell("fisher bins \(nuisance) \(histogram) -o b.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let job = "cls b.h5 --luminosity 20/fb --nuisance none"
    let strength = try json("\(job) --grid mu_signal=0:20:5 --fix t0,t1", in: folder)
    let limits = try strength.numbers("cls", "expected_upper_limits")
    #expect(zip(limits, limits.dropFirst()).allSatisfy { $0 < $1 }, "\(limits)")
    #expect(try strength.texts("cls", "notes").contains("free normalisations: signal"))
    // Without signal there is the background alone.
    let other = try json("\(job) --grid mu_background=0:20:5 --fix t0,t1", in: folder)
    let n = try [strength, other].map { try $0.numbers("cls", "event_count")[0] }
    #expect(relativeError(n[0] + n[1], 20e3 * 1.494633e-3) < 1e-5, "\(n)")
    let line = "cls b.h5 --luminosity 100/fb --grid t0=0:0.8:5"
    func median(_ options: String) throws -> Double {
      try json("\(line) \(options)", in: folder).numbers("cls", "expected_upper_limits")[2]
    }
    let fixed = try median("--fix t1")
    #expect(try median("") >= fixed - 1e-6)
    #expect(try median("--fix t1 --free-norm background") >= fixed - 1e-6)
    #expect(try median("--fix t1 --mc-statistics") > fixed + 1e-6)
    let toys = shell("limits \(line) --fix t1 --free-norm background --toys 200", in: folder.path)
    #expect(
      toys.status == 64 && toys.error.contains("'mu_background' has neither"), "\(toys.error)")
    // Pseudo-experiments of a strength, whose maximum is on the grid: a quarter of the asymptotic limit.
    let asymptotic = try json("\(job) --grid mu_signal=0:1:21 --fix t0,t1", in: folder)
    let thrown = try json("\(job) --grid mu_signal=0:1:21 --fix t0,t1 --toys 2000", in: folder)
    for k in 1..<4 {
      let (a, b) = (
        try asymptotic.numbers("cls", "expected_upper_limits")[k],
        try thrown.numbers("cls", "expected_upper_limits")[k]
      )
      #expect(abs(a / b - 1) < 0.25, "\(a) \(b)")
    }
    let kept = shell(
      "limits \(line) --fix t1,mu_background=1 --free-norm background --toys 200", in: folder.path)
    #expect(kept.status == 0, "\(kept.error)")
    let free = shell("limits \(line) --toys 200", in: folder.path)
    #expect(free.status == 64 && free.error.contains("neither an axis nor a value"))
  }

  /// Binomial errors beside every CLs of toys, and the number of toys that the bands need.
  @Test(.needsShared) func clsOfToys() throws {
    let job =
      "cls \(toy) \(histogram) --luminosity 1000/fb --grid t0=0:0.3:7 --fix t1 --toys 200"
    let errors = try json(job).numbers("cls", "expected_error")
    #expect(errors.count == 30 && errors.allSatisfy { $0 >= 0 } && errors.contains { $0 > 0 })
    let outcome = shell("limits \(job)")
    #expect(outcome.error.contains("--toys 8800 or more"), "\(outcome.error)")
    let row = outcome.text.split(separator: "\n").last?.split(separator: " ")
    #expect(row?.count == 11)
    let beyond = shell(
      "limits cls \(toy) \(histogram) --luminosity 1000/fb --grid t0=0:0.01:3 --fix t1")
    #expect(beyond.error.contains("use a --grid that goes further"), "\(beyond.error)")
  }

  /// Intervals of each parameter on a grid are those of chains: 3000 samples leave some per cent of a width.
  @Test(.needsShared) func posteriorIntervals() throws {
    let job = "posterior \(toy) --theta t0=0.3 \(histogram) --luminosity 1000/fb"
    let onGrid = try json("\(job) --grid t0=-0.2:0.8:81 --grid t1=-0.6:0.6:81")
    let chains = try json("\(job) --prior flat:t0=-0.2:0.8,t1=-0.6:0.6 --samples 3000")
    for end in ["lower", "upper"] {
      let a = try onGrid.numbers("posterior", "intervals", end)
      let b = try chains.numbers("posterior", "intervals", end)
      #expect(a.count == 4 && zip(a, b).allSatisfy { abs($0 - $1) < 0.03 }, "\(a) \(b)")
    }
    let low = try onGrid.numbers("posterior", "intervals", "hpd_lower")
    let high = try onGrid.numbers("posterior", "intervals", "hpd_upper")
    #expect(zip(low, high).allSatisfy { $0 < $1 })
    let text = shell("limits \(job) --grid t0=-0.2:0.8:21 --grid t1=-0.6:0.6:21 -q").text
    #expect(text.contains("# interval") && text.contains("hpd_lower"))
  }

  @Test(
    .needsShared,
    arguments: [
      ("expected TOY --luminosity 1/fb --grid t0=-1:1:100000 --grid t1=-1:1:100000", "million"),
      ("toys TOY --luminosity 1/fb --grid t0=-1:1:100000 --grid t1=-1:1:100000", "million"),
      (
        "posterior TOY --theta sm --luminosity 1/fb --grid t0=-1:1:99999 --grid t1=-1:1:99",
        "million"
      ),
      ("expected TOY --luminosity 1/fb --observable x --bins 1000000", "more than 100000 bins"),
      ("expected TOY --luminosity 1/fb --observable x --bins 1", "two bins or more"),
      ("cls TOY --luminosity 1/fb --grid mu_higgs=0:2:5", "'higgs'"),
      ("toys TOY --truth --luminosity 1/fb --grid t0=0:1:3 --fix t1 --free-norm signal", "of bins"),
      ("expected TOY --luminosity 1/fb --constraint nu=poisson", "NAME"),
    ])
  func badInput(_ job: (String, String)) {
    let folder = TemporaryFolder()
    let outcome = shell(
      "limits \(job.0.replacingOccurrences(of: "TOY", with: toy)) -o out.h5", in: folder.path)
    #expect(outcome.status == 64, "\(outcome.error)")
    if job.1 != "NAME" { #expect(outcome.error.contains(job.1), "\(outcome.error)") }
    #expect(folder.contents == [])
  }

  /// Warnings that a reader of one line gets: coarse grids, regions at the border.
  @Test(.needsShared) func warnings() {
    let coarse = shell(
      "limits expected \(toy) \(histogram) --luminosity 10000/fb --theta t0=0.3 \(grid)")
    #expect(coarse.status == 0 && coarse.error.contains("steps of the grid"), "\(coarse.error)")
    let toys = shell(
      "limits toys \(toy) \(histogram) --luminosity 10/fb --theta sm --toys 200 --experiments 100 --grid t0=-0.2:0.2:5 --fix t1"
    )
    #expect(toys.error.contains("reaches the border of the grid"), "\(toys.error)")
    let rate = shell("limits expected \(toy) --theta t0=0.9,t1=0.5 --luminosity 1000/fb \(grid)")
    #expect(rate.error.contains("reaches the border of the grid"), "\(rate.error)")
    let outside = shell(
      "limits expected \(toy) \(histogram) --luminosity 1000/fb --grid t0=0.5:0.8:11 --fix t1")
    #expect(outside.error.contains("outside the grid"), "\(outside.error)")
    #expect(!outside.text.contains("yes"))
  }

  /// Bins at linear order in pyhf: the sample at t0 = 0.2 is 1 + 2 t0 C1 x without the square.
  @Test(.needsShared) func orderOfExports() throws {
    let job =
      "limits export \(toy) --format pyhf --observable x --bins=-1,0,1 --luminosity 1000/fb --theta t0=0.2"
    func total(_ options: String) throws -> Double {
      let outcome = shell("\(job) \(options)")
      try #require(outcome.status == 0, "\(outcome.error)")
      let root =
        try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
      let channel = (root?["channels"] as? [[String: Any]])?.first
      let sample = (channel?["samples"] as? [[String: Any]])?.first
      let data = sample?["data"] as? [NSNumber] ?? []
      return data.reduce(0) { $0 + $1.doubleValue }
    }
    // Sums over all x: 1000 (1 + 0.25 · 0.04) with the square, 1000 without.
    #expect(abs(try total("") - 1010) < 0.1)
    #expect(abs(try total("--order linear") - 1000) < 0.1)
  }

  /// Tests of points are a document like others; points beyond the training and few events are said.
  @Test func points() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1 --theta1 sm -n 400 -q -o r.h5 &&
          train-ratio r.h5 --hidden 8 --epochs 2 -o m.h5
        """))
    let job = "limits points events.h5 --model m.h5 --partition all --luminosity 0.003/fb"
    let outcome = bench("\(job) --test cHW=0.5 -o p.h5 && events info p.h5")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.error.contains("outside the range of theta"), "\(outcome.error)")
    #expect(outcome.error.contains("too few"), "\(outcome.error)")
    #expect(outcome.text.contains("kind: limits") && outcome.text.contains("limits points"))
    let json = bench("\(job) --test cHW=0.05 --json -q").text
    for key in ["\"kind\"", "\"format_version\"", "\"provenance\"", "\"significance\""] {
      #expect(json.contains(key), "\(key)")
    }
  }

  /// The remedy of a model that saw the events: a part of them, with the cross section of all.
  @Test func partsOfEventsInBins() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment score events.h5 --theta sm -n 400 -q -o s.h5 &&
          train-score s.h5 --hidden 8 --epochs 2 -o sally.h5
        """))
    let job = "--model sally.h5 --observable t_cHW --bins 2"
    let all = bench("fisher bins events.h5 \(job) -o all.h5")
    #expect(all.error.contains("use --partition test"), "\(all.error)")
    let part = bench("fisher bins events.h5 \(job) --partition test -o part.h5")
    #expect(part.status == 0 && !part.error.contains("--partition"), "\(part.error)")
    func sigma(_ options: String) throws -> Double {
      let outcome = bench(
        "fisher histogram events.h5 \(job) \(options) --luminosity 1/fb --json -q")
      return try ResultJSON(outcome).numbers("information", "events")[0]
    }
    #expect(try sigma("--partition test") < sigma(""))
    let bins = bench("fisher histogram all.h5 --partition test --luminosity 1/fb -q")
    #expect(bins.status == 64 && bins.error.contains("fisher bins"), "\(bins.error)")
  }
}
