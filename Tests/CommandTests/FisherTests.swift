import TestSupport
import Testing

private let toy = Place.shared + "/golden/inference/toy_quadrature.h5"
private let point = "--theta t0=0.3,t1=-0.2 --luminosity 300/fb"

/// fisher on the toy file of the reference numbers (made by another program), and on the W+H samples.
@Suite struct FisherCommandTests {
  private func golden() throws -> ResultJSON {
    try ResultJSON(file: Place.shared + "/golden/inference/results.json")
  }

  /// A table of bins has no events to draw.
  @Test(.needsShared) func replicasNeedEvents() throws {
    let folder = TemporaryFolder()
    let made = shell("fisher bins \(toy) --observable x --bins=-1,0,1 -o b.h5", in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    for command in ["histogram", "rate"] {
      for option in ["--bootstrap 20", "--jackknife 10"] {
        let refused = shell("fisher \(command) b.h5 \(point) \(option)", in: folder.path)
        #expect(refused.status == 64 && refused.error.contains("a table of bins has none"))
        #expect(refused.error.contains("leave \(option.prefix { $0 != " " }) away"))
      }
    }
  }

  private func deviation(_ a: [Double], _ b: [Double]) -> Double {
    let scale = b.map(abs).max() ?? 1
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) / scale }.max() ?? .infinity
  }

  /// 1e-9 of the largest element: rounding of 1,400 terms.
  @Test(
    .needsShared,
    arguments: [
      ("truth", "truth", "A.truth.I", "A.truth.cov", "corrected"),
      ("rate", "rate", "A.rate.I", "A.rate.cov", "corrected_full"),
      (
        "histogram --observable x --bins -3:3:10", "histogram", "A.histo1d.fixed.I",
        "A.histo1d.fixed.cov", "corrected_full"
      ),
      (
        "histogram --observable x --bins=-2,-1,0.5,2", "histogram", "A.histo1d.array.I",
        "A.histo1d.array.cov", "corrected_full"
      ),
    ])
  func onTheToy(_ job: (String, String, String, String, String)) throws {
    let words = job.0.split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? String(words[1]) : ""
    let result = try ResultJSON(
      shell("fisher \(words[0]) \(toy) \(point) \(rest) --json"))
    let golden = try golden()
    let matrix = try result.numbers("information", "matrices", job.1, "matrix")
    #expect(deviation(matrix, try golden.numbers("results", job.2, "reference")) < 1e-9)
    let covariance = try result.numbers("information", "matrices", job.1, "covariance")
    #expect(deviation(covariance, try golden.numbers("results", job.3, job.4)) < 1e-9)
  }

  /// Cuts, efficiencies and several axes, as expressions of observables.
  @Test(
    .needsShared,
    arguments: [
      ("truth --cut 'x > -1' --efficiency '1/(1+exp(-x))'", "truth", "A.truth.cut_eff.I"),
      ("rate --cut 'x > -1' --efficiency '1/(1+exp(-x))'", "rate", "A.rate.cut_eff.I"),
      (
        "histogram --observable x --bins -3:3:6 --observable x2 --bins 0:4:4", "histogram",
        "A.histo2d.I"
      ),
      (
        "histogram --observable x --bins -3:3:6 --observable 'x*x' --bins 0:4:4", "histogram",
        "A.histo2d.I"
      ),
    ])
  func expressionsOnTheToy(_ job: (String, String, String)) throws {
    let words = job.0.split(separator: " ", maxSplits: 1)
    let result = try ResultJSON(shell("fisher \(words[0]) \(toy) \(point) \(words[1]) --json"))
    let matrix = try result.numbers("information", "matrices", job.1, "matrix")
    #expect(deviation(matrix, try golden().numbers("results", job.2, "reference")) < 1e-9)
  }

  @Test(.needsShared) func fileRoundTripAndAlgebra() throws {
    let folder = TemporaryFolder()
    let outcome = shell(
      "fisher truth \(toy) \(point) -o a.h5 && fisher sum a.h5 a.h5 -o b.h5"
        + " && fisher profile b.h5 --keep t1 -o c.h5 && fisher project b.h5 --keep t1,t0 -o d.h5"
        + " && fisher project c.h5 --keep t1 --json", in: folder.path)
    #expect(outcome.error == "")
    #expect(folder.contents == ["a.h5", "b.h5", "c.h5", "d.h5"])
    let one = try ResultJSON(outcome)
    let matrix = try one.numbers("information", "matrices", "sum", "matrix")
    #expect(deviation(matrix, [432]) < 1e-8)
    let turned = try ResultJSON(shell("fisher project d.h5 --keep t1,t0 --json", in: folder.path))
    let both = try turned.numbers("information", "matrices", "sum", "matrix")
    #expect(deviation(both, [432, 0, 0, 600]) < 1e-8)
  }

  @Test(.needsShared) func textHasAHeaderAndAlignedColumns() {
    let text = shell("fisher truth \(toy) \(point)").text
    let lines = text.split(separator: "\n")
    #expect(lines.first == "# theta: t0=0.3,t1=-0.2")
    #expect(lines.contains("# luminosity: 300/fb"))
    #expect(lines.contains { $0.hasPrefix("# matrix  row  column") })
    #expect(lines.contains { $0.hasPrefix("# matrix  parameter  error_others_fixed") })
    // Eigenvectors stand last; those of a diagonal matrix are the axes.
    #expect(lines.contains { $0.hasPrefix("# matrix  eigenvalue") })
    #expect(lines.suffix(2).allSatisfy { $0.hasPrefix("truth ") })
  }

  @Test(.needsShared) func threadsDoNotMatter() {
    let command = "fisher histogram \(toy) \(point) --observable x --no-provenance --json"
    #expect(shell(command + " -@ 1").output == shell(command + " -@ 3").output)
  }

  /// Exit code and the words that the one line must have.
  @Test(
    .needsShared,
    arguments: [
      ("truth \(toy) --luminosity 300", 64, "300/fb"),
      ("truth \(toy)", 64, "luminosity"),
      ("truth \(toy) --luminosity 300/fb --theta nope", 64, "benchmark 'nope'"),
      ("truth \(toy) --luminosity 300/fb --theta cHW=1", 64, "parameter 'cHW'"),
      ("histogram \(toy) --luminosity 300/fb --observable pt", 65, "there are x, x2"),
      ("histogram \(toy) --luminosity 300/fb", 64, "observable"),
      ("histogram \(toy) --luminosity 300/fb --observable x --bins 3,2,1", 64, "increase"),
      ("histogram \(toy) --luminosity 300/fb --observable x --bins a:b", 64, "--bins"),
      ("truth /dev/null --luminosity 300/fb", 65, "/dev/null"),
      ("truth missing.h5 --luminosity 300/fb", 66, "missing.h5"),
      ("full \(toy) --luminosity 300/fb", 64, "--model"),
      ("project \(toy) --keep t0", 65, "kind events"),
      ("truth \(toy) --luminosity 300/fb --cut 'x > y'", 64, "unknown name 'y'"),
      ("truth \(toy) --luminosity 300/fb --cut 'x > 100'", 65, "no event is left"),
      ("truth \(toy) --luminosity 300/fb --efficiency x", 65, "row 1"),
      ("truth \(toy) --luminosity 300/fb --free-norm ttbar", 64, "no process 'ttbar'"),
      ("truth \(toy) --luminosity 300/fb --bootstrap 1", 64, "--bootstrap"),
      ("histogram \(toy) --luminosity 300/fb --observable x --observable x", 64, "two axes"),
      ("distribution \(toy) --luminosity 300/fb --observable x --observable x2", 64, "one"),
      ("metric \(toy) --luminosity 300/fb", 64, "--grid"),
      ("metric \(toy) --luminosity 300/fb --grid z=0:1:3", 64, "parameter 'z'"),
      ("distance \(toy)", 65, "kind events"),
    ])
  func badInput(_ job: (String, Int32, String)) {
    let folder = TemporaryFolder()
    let outcome = shell("fisher \(job.0) -o out.h5", in: folder.path)
    #expect(outcome.status == job.1, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("fisher: error: "))
    #expect(outcome.error.contains(job.2), "\(outcome.error)")
    // Wrong words on the command line have a hint at the help below.
    #expect(outcome.error.split(separator: "\n").count { !$0.hasPrefix("see 'fisher ") } == 1)
    #expect(folder.contents == [])
  }
}

/// The W+H samples against numbers made independently from the same files: 1e-8 relative, element by element (DESIGN 8).
@Suite(.serialized) struct WHInformationTests {
  private static let data = Place.shared + "/data"
  private static let golden = Place.shared + "/golden/wh"

  private func events(_ samples: String, in folder: TemporaryFolder) throws {
    let outcome = shell(
      "morph setup \(Place.root)/Examples/wh/analysis.yaml -o setup.h5 && lhe-read --setup setup.h5 "
        + samples + " -o events.h5", in: folder.path)
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  private func check(
    _ result: ResultJSON, _ matrix: String, _ golden: ResultJSON, _ path: [String],
    _ names: (String, String)
  ) throws {
    func reference(_ name: String) throws -> [Double] {
      switch path.count {
      case 1: try golden.numbers("points", path[0], name)
      default: try golden.numbers("points", path[0], path[1], name)
      }
    }
    let values = try result.numbers("information", "matrices", matrix, "matrix")
    for (a, b) in zip(values, try reference(names.0)) {
      #expect(relativeError(a, b) < 1e-8, "\(path) \(matrix)")
    }
    let covariance = try result.numbers("information", "matrices", matrix, "covariance")
    for (k, b) in try reference(names.1).enumerated() {
      #expect(relativeError(covariance[k * 5].squareRoot(), b) < 1e-8, "\(path) \(matrix) error")
    }
  }

  @Test(.needsShared) func oneSample() throws {
    let folder = TemporaryFolder()
    try events("--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz", in: folder)
    let golden = try ResultJSON(file: Self.golden + "/wh_smeft_sm.json")
    for point in [[0.0, 0.0], [0.3, 0.05], [-0.5, 0.1]] {
      let name = "[" + point.map { $0 == 0 ? "0" : "\($0)" }.joined(separator: ", ") + "]"
      let options =
        " events.h5 --theta cHW=\(point[0]),cHq3=\(point[1]) --luminosity 300/fb --json"
      func fisher(_ job: String) throws -> ResultJSON {
        try ResultJSON(shell("fisher " + job + options, in: folder.path))
      }
      let truth = try fisher("truth")
      try check(truth, "truth", golden, [name], ("truth", "truth_std"))
      let sigma = try truth.numbers("information", "cross_section")[0]
      let error = try truth.numbers("information", "cross_section_error")[0]
      #expect(relativeError(sigma, try golden.numbers("points", name, "sigma_pb")[0]) < 1e-9)
      #expect(relativeError(error, try golden.numbers("points", name, "sigma_err_pb")[0]) < 1e-9)
      try check(fisher("rate"), "rate", golden, [name], ("rate", "rate_std"))
      for (observable, edges) in [
        ("pt_w", "0,75,150,250,400,600"), ("pt_l", "10,40,80,150,300"),
      ] {
        let histogram = try fisher("histogram --observable \(observable) --bins \(edges)")
        try check(
          histogram, "histogram", golden, [name, "histogram_" + observable], ("I", "std"))
      }
    }
  }

  @Test(.needsShared) func twoSamples() throws {
    let folder = TemporaryFolder()
    try events(
      "--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz "
        + "--sample chw_pos_chq3_pos:\(Self.data)/wh_smeft_bsm.lhe.gz", in: folder)
    let golden = try ResultJSON(file: Self.golden + "/wh_smeft_sm_and_bsm.json")
    for point in [[0, 0], [-1, 0], [0, -0.3], [0, 0.3], [1, 0.3], [0.5, -0.2]] {
      let name =
        "["
        + point.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }.joined(separator: ", ") + "]"
      for rule in ["balance", "average"] {
        let truth = try ResultJSON(
          shell(
            "fisher truth events.h5 --theta cHW=\(point[0]),cHq3=\(point[1]) --luminosity 300/fb "
              + "--combine \(rule) --json", in: folder.path))
        try check(truth, "truth", golden, [name, rule], ("truth", "truth_std"))
        let n = try truth.numbers("information", "effective_events")[0]
        #expect(
          relativeError(n, try golden.numbers("points", name, rule, "n_eff_kish")[0]) < 1e-8)
      }
    }
  }

  /// Areas of the expected 95 % regions at parton level: nothing beats the joint ratio, and shape helps the rate.
  @Test(.needsShared) func areasOrder() throws {
    let folder = TemporaryFolder()
    try events(
      "--sample sm:\(Self.data)/wh_smeft_sm.lhe.gz "
        + "--sample chw_pos_chq3_pos:\(Self.data)/wh_smeft_bsm.lhe.gz", in: folder)
    let grid =
      "--grid cHW=-.1:.1:41 --grid cHq3=-.03:.03:41 --luminosity 300/fb --level 0.95 --json"
    func area(_ options: String) throws -> Double {
      try ResultJSON(shell("limits expected events.h5 \(options) \(grid)", in: folder.path))
        .numbers("limits", "regions", "area")[0]
    }
    let truth = try area("--truth")
    let histogram = try area("--observable pt_w --bins 0,75,150,250,400,600")
    let rate = try area("")
    // An independent calculation gave 0.00056, 0.00088 and 0.0035 by counting grid points, which are 5 % more than cells.
    #expect(abs(truth - 0.00056) < 0.00003)
    #expect(abs(histogram - 0.00088) < 0.00004)
    #expect(abs(rate - 0.0035 / 1.05) < 0.00005)
  }
}
