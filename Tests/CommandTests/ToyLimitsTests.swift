import Foundation
import TestSupport
import Testing

/// `limits toys`, `coverage`, `cls`, `counting` and `posterior` as a user meets them.
@Suite struct ToyLimitsTests {
  private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
  private let histogram = "--observable x --bins=-2,-1,0,1,2 --luminosity 10/fb"
  private let grid = "--grid t0=-1:1:7 --grid t1=-1:1:5"

  @Test(.needsShared) func shardsMergeIntoOneJob() {
    let folder = TemporaryFolder()
    let job = "limits toys \(toy) --theta t0=0.3 \(histogram) \(grid) --toys 300 --experiments 200"
    let outcome = shell(
      "\(job) -o whole.h5 -@ 1 && \(job) -o three.h5 -@ 3 && events diff whole.h5 three.h5 && "
        + "for k in 1 2 3; do \(job) --shard $k/3 -o part$k.h5 || exit; done; "
        + "events merge part2.h5 part3.h5 part1.h5 -o merged.h5 && events diff whole.h5 merged.h5",
      in: folder.path)
    #expect(outcome.status == 0, "\(outcome.error)")
    let missing = shell("events merge part1.h5 part3.h5 -o m.h5", in: folder.path)
    #expect(missing.status == 65 && missing.error.contains("part 2 of 3 is missing"))
    let twice = shell("events merge part1.h5 part1.h5 -o m.h5", in: folder.path)
    #expect(twice.status == 65)
    let other = shell(
      "\(job) --seed 2 --shard 2/3 -o other.h5 && events merge part1.h5 other.h5 part3.h5 -o m.h5",
      in: folder.path)
    #expect(other.status == 65 && other.error.contains("another job"), "\(other.error)")
    #expect(!folder.contents.contains("m.h5"))
  }

  @Test(.needsShared) func toysOfObservedAndExpected() throws {
    let expected = try ResultJSON(
      shell(
        "limits toys \(toy) --theta sm \(histogram) \(grid) --toys 400 --experiments 200 --json"))
    let p = try expected.numbers("toys", "p")
    #expect(p.count == 35 * 5)
    // Five experiments from −2σ to +2σ: a larger one has a larger p and region, as of limits expected.
    for k in 0..<35 {
      #expect(zip(p[5 * k..<5 * k + 4], p[5 * k + 1...5 * k + 4]).allSatisfy { $0 <= $1 })
    }
    let critical = try expected.numbers("toys", "critical")
    #expect(critical.count == 70 && critical.allSatisfy { $0 > 0 })
    let text = shell(
      "limits toys \(toy) --theta sm \(histogram) \(grid) --toys 400 --experiments 200")
    #expect(text.text.contains("median") && text.text.contains("chi2_coverage_min"))
    let dry = shell("limits toys \(toy) \(histogram) \(grid) --toys 400 --dry-run")
    #expect(dry.status == 0 && dry.text.contains("35 points, 400 pseudo-experiments each"))
  }

  @Test(.needsShared) func coverageOfRegions() throws {
    let job =
      "limits coverage \(toy) --theta t0=0.5,t1=-0.2 --theta sm \(histogram) --grid t0=-1:1:11 --grid t1=-1:1:11 --toys 4000 --experiments 4000"
    let result = try ResultJSON(shell(job + " --json"))
    let fraction = try result.numbers("coverage", "fraction")
    #expect(fraction.count == 8)
    // Point, level, method: asymptotic at 68 % first; 4000 experiments leave 0.7 %, 4000 toys of the construction as much.
    #expect(fraction[0] > 0.72 && fraction[4] < 0.69)
    for k in [1, 5] { #expect(abs(fraction[k] - 0.68) < 0.042) }
    for k in [3, 7] { #expect(abs(fraction[k] - 0.95) < 0.02) }
  }

  /// pyhf 0.7.6: CLs(1) = 0.618317, upper limits 3.069 and 1.203 … 4.134.
  @Test func counting() throws {
    let result = try ResultJSON(
      shell(
        "limits counting --signal 5,10 --background 50,60 --background-uncertainty 5,12 --observed 55,72 --json"
      ))
    #expect(abs(try result.numbers("cls", "observed")[0] - 0.618317) < 2e-5)
    #expect(abs(try result.numbers("cls", "upper_limit")[0] - 3.069) < 2e-3)
    let expected = try result.numbers("cls", "expected_upper_limits")
    for (a, b) in zip(expected, [1.203, 1.612, 2.230, 3.092, 4.134]) { #expect(abs(a - b) < 4e-3) }
    let single = try ResultJSON(
      shell("limits counting --signal 1 --background 3 --observed 6 --level 0.9 --json"))
    let interval = try single.numbers("cls", "feldman_cousins")
    #expect(abs(interval[0] - 0.155) < 0.006 && abs(interval[1] - 8.465) < 0.006)
    let known = try ResultJSON(shell("limits counting --signal 10 --background 20 --json"))
    #expect(abs(try known.numbers("cls", "expected_significance")[0] - 2.08036) < 1e-5)
  }

  @Test(.needsShared) func clsAlongAParameter() throws {
    let job =
      "limits cls \(toy) --observable x --bins=-2,-1,0,1,2 --luminosity 1000/fb --grid t0=0:0.3:31 --fix t1"
    let asymptotic = try ResultJSON(shell(job + " --json"))
    let limits = try asymptotic.numbers("cls", "expected_upper_limits")
    #expect(zip(limits, limits.dropFirst()).allSatisfy { $0 < $1 })
    let toys = try ResultJSON(shell(job + " --toys 1000 --json"))
    let median = try toys.numbers("cls", "expected_upper_limits")[2]
    // 1000 toys leave some per cent.
    #expect(abs(median / limits[2] - 1) < 0.1)
    #expect(try asymptotic.numbers("cls", "upper_limit")[0].isNaN)
  }

  @Test(.needsShared) func posteriorOnGridAndByChains() throws {
    let folder = TemporaryFolder()
    let job =
      "limits posterior \(toy) --theta t0=0.3 --observable x --bins=-2,-1,0,1,2 --luminosity 1000/fb"
    let grid = try ResultJSON(
      shell(job + " --grid t0=-1:1:101 --grid t1=-1:1:101 --json -q"))
    let mean = try grid.numbers("posterior", "mean")
    let covariance = try grid.numbers("posterior", "covariance")
    for method in ["ensemble", "hmc"] {
      let chains = try ResultJSON(
        shell(job + " --method \(method) --samples 2000 --json -q"))
      let found = try chains.numbers("posterior", "mean")
      let size = try chains.numbers("posterior", "effective_size")
      for k in 0..<2 {
        let error = (covariance[3 * k] / size[k]).squareRoot()
        #expect(abs(found[k] - mean[k]) < 5 * error + 1e-3, "\(method) \(found) \(mean)")
      }
    }
    let draws = shell(
      job + " --draws -q -o draws.tsv && " + job
        + " --draws -q -o draws.npy && events info draws.npy",
      in: folder.path)
    #expect(draws.status == 0, "\(draws.error)")
    let same = shell(
      job + " -@ 1 -q -o a.h5 && " + job + " -@ 3 -q -o b.h5 && events diff a.h5 b.h5",
      in: folder.path)
    #expect(same.status == 0, "\(same.error)")
  }

  @Test(
    .needsShared,
    arguments: [
      ("toys TOY --luminosity 10/fb", 64, "--grid NAME=LOW:HIGH:POINTS"),
      ("toys TOY --luminosity 10/fb --grid t0=-1:1:5", 64, "neither an axis nor a value"),
      ("toys TOY --luminosity 10/fb --grid t0=-1:1:5 --fix t0 --fix t1", 64, "is fixed"),
      ("toys TOY --luminosity 10/fb --grid t0=-1:1:5 --fix t1 --toys 3", 64, "--toys"),
      ("toys TOY --luminosity 10/fb --grid t0=-1:1:5 --fix t1 --shard 3/2", 64, "K/N"),
      ("toys TOY --luminosity 10/fb --grid t0=-1:1:5 --fix t1 --no-rate", 64, "nothing left"),
      (
        "toys TOY --luminosity 900/fb --truth --grid t0=-1:1:5 --fix t1 --toys 100", 65,
        "more than"
      ),
      ("toys TOY --luminosity 10/fb --truth --data TOY --grid t0=-1:1:5 --fix t1", 64, "no joint"),
      ("coverage TOY --luminosity 10/fb --grid t0=-1:1:5 --fix t1 --theta nowhere", 64, "nowhere"),
      ("cls TOY --luminosity 10/fb --grid t0=0:1:5 --grid t1=0:1:5", 64, "one parameter"),
      ("cls TOY --luminosity 10/fb --grid t0=-1:0:5 --fix t1", 64, "no value above"),
      ("counting --signal 1,2 --background 3", 64, "bins"),
      ("counting --signal a --background 3", 64, "no list of numbers"),
      ("counting --background 3", 64, "--signal"),
      ("posterior TOY --luminosity 10/fb", 64, "--data FILE"),
      ("posterior TOY --luminosity 10/fb --theta sm --prior t0=1", 64, "no prior"),
      ("posterior TOY --luminosity 10/fb --theta sm --grid t0=-1:1:5", 64, "no axis"),
      (
        "posterior TOY --luminosity 900/fb --theta sm --samples 8 --warm-up 0 --observable x", 65,
        "not converged"
      ),
      ("export TOY --format pyhf", 64, "luminosity"),
      ("export TOY --format popxf", 64, "--scale"),
      ("export TOY --format pyhf --luminosity 10/fb --grid t0=0:1:3", 64, "--patchset"),
      ("export --format hepdata TOY", 65, "kind events"),
      ("export TOY --format xml", 64, "xml"),
    ])
  func badInput(_ job: (String, Int32, String)) {
    let folder = TemporaryFolder()
    let line = job.0.replacingOccurrences(of: "TOY", with: toy)
    let outcome = shell("limits \(line) -o out.h5", in: folder.path)
    #expect(outcome.status == job.1, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("limits: error: "), "\(outcome.error)")
    #expect(outcome.error.contains(job.2), "\(outcome.error)")
    #expect(folder.contents == [])
  }
}
