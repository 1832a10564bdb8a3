import TestSupport
import Testing

/// From analysis.yaml to the commands that read the events: systematics as a user meets them.
@Suite struct SystematicsCommandTests {
  private static let analysis = """
    name: wh
    parameters:
      cHW: {block: SMEFT, id: 7, range: [-1, 1]}
      cHq3: {block: SMEFT, id: 25, range: [-0.3, 0.3]}
    max-overall-power: 2
    benchmarks:
      sm: {cHW: 0, cHq3: 0}
      chw_pos: {cHW: 1, cHq3: 0}
      chw_neg: {cHW: -1, cHq3: 0}
      chq3_pos: {cHW: 0, cHq3: 0.3}
      chq3_neg: {cHW: 0, cHq3: -0.3}
      chw_pos_chq3_pos: {cHW: 1, cHq3: 0.3}
    observables: {pt_l: 'l[0].pt'}

    """
  private static let systematics = """
    systematics:
      rate: {type: norm, value: 1.1}
      scales: {type: scale, scale: muf, factors: [0.5, 2]}
      sets: {type: pdf, ids: [247000, 246800, 315200, 315000], combination: replicas, components: 2}

    """
  private static let sample = Place.root + "/Tests/Fixtures/wh_200.lhe.gz"

  /// A folder with plain.h5, without systematics, and with.h5.
  private func folder() throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    _ = run("tee", [folder.file("plain.yaml")], input: Array(Self.analysis.utf8))
    _ = run(
      "tee", [folder.file("with.yaml")], input: Array((Self.analysis + Self.systematics).utf8))
    for name in ["plain", "with"] {
      let made = shell(
        "morph setup \(name).yaml -o \(name)-setup.h5 && lhe-read --setup \(name)-setup.h5 --sample sm:\(Self.sample) -o \(name).h5",
        in: folder.path)
      try #require(made.status == 0, "\(made.error)")
      #expect(made.error == "")
    }
    return folder
  }

  private func sigma(_ options: String, _ folder: TemporaryFolder) throws -> Double {
    try #require(
      try ResultJSON(
        shell("morph cross-section --json --theta sm " + options, in: folder.path)
      ).numbers("cross_section", "sigma").first)
  }

  /// Rows that wait for the components of the replicas are gone with the output.
  @Test(arguments: ["-o out.h5", ""]) func fullDiskLeavesNothing(output: String) throws {
    let folder = try folder()
    let before = folder.contents
    let outcome = shell(
      "ulimit -f 2; lhe-read --setup with-setup.h5 --sample sm:\(Self.sample) \(output)",
      in: folder.path)
    #expect(outcome.status == 74 && outcome.text.isEmpty, "\(outcome)")
    #expect(outcome.error.hasSuffix("cannot write: file too large\n"))
    #expect(folder.contents == before)
  }

  @Test func fromYAMLToCrossSections() throws {
    let folder = try folder()
    let nominal = try sigma("plain.h5", folder)
    #expect(try sigma("with.h5", folder) == nominal)
    #expect(relativeError(try sigma("with.h5 --nu rate=1", folder), 1.1 * nominal) < 1e-12)
    #expect(relativeError(try sigma("with.h5 --nu rate=-1", folder), nominal / 1.1) < 1e-12)
    let both = try sigma("with.h5 --nu rate=1,scales=-1", folder)
    #expect(
      relativeError(both, 1.1 * (try sigma("with.h5 --nu scales=-1", folder))) < 1e-12)
    #expect(try sigma("with.h5 --nu sets_nuisance_param_0=1", folder) > nominal)
    // The columns of morph weights add up to the same.
    let weights = shell(
      "morph weights with.h5 --theta sm --nu rate=1,scales=-1 -O tsv | awk 'NR > 1 { s += $NF } END { printf \"%.15g\", s }'",
      in: folder.path)
    #expect(relativeError(Double(weights.text) ?? 0, both) < 1e-12)
    let unknown = shell("morph cross-section with.h5 --nu tune=1", in: folder.path)
    #expect(unknown.status == 64 && unknown.error.contains("there is no nuisance parameter 'tune'"))
    let without = shell("morph cross-section plain.h5 --nu rate=1", in: folder.path)
    #expect(without.status == 64)
  }

  @Test func theFileSaysWhatItHas() throws {
    let folder = try folder()
    let info = shell("events info with.h5", in: folder.path)
    #expect(info.status == 0, "\(info.error)")
    for part in [
      "rate_nuisance_param_0", "scales_nuisance_param_0_benchmark_1", "sets_nuisance_param_1",
      "scale=muf factors=0.5,2.0",
    ] {
      #expect(info.text.contains(part), "\(part) in \(info.text)")
    }
    #expect(shell("events check with.h5", in: folder.path).status == 0)
    // Standard input and a stream give the same rows as files.
    let piped = shell(
      """
      zcat \(Self.sample) | lhe-read --setup with-setup.h5 --sample sm:- | events convert - -o piped.h5
      events convert piped.h5 -O tsv > piped.tsv && events convert with.h5 -O tsv | cmp - piped.tsv
      """, in: folder.path)
    #expect(piped.status == 0, "\(piped.error) \(piped.text)")
  }

  @Test func infoTellsWhatANuisanceParameterDoes() throws {
    let folder = try folder()
    let info = shell("events info --json with.h5", in: folder.path)
    let result = try ResultJSON(info)
    let up = try result.numbers("nuisance_parameters", "sigma_up")
    let down = try result.numbers("nuisance_parameters", "sigma_down")
    let nominal = try sigma("with.h5", folder)
    // Parameters 0 and 1 are the rate, ±10 %, and the scale.
    #expect(relativeError(up[0], 1.1) < 1e-12)
    let (raised, lowered) = (
      try sigma("with.h5 --nu scales=1", folder), try sigma("with.h5 --nu scales=-1", folder)
    )
    #expect(relativeError(up[1], raised / nominal) < 1e-9)
    #expect(down.contains { relativeError($0, lowered / nominal) < 1e-9 })
    #expect(!info.text.contains("fraction") && info.text.contains("components=2"))
  }

  @Test func componentsOfDifferentRunsAreNotMerged() throws {
    let folder = try folder()
    let made = shell(
      """
      events convert --events 50-200 \(Self.sample) -o other.lhe &&
      lhe-read --setup with-setup.h5 --sample sm:other.lhe -o other.h5 &&
      lhe-read --setup plain-setup.h5 --sample sm:other.lhe -o plain-other.h5
      """, in: folder.path)
    #expect(made.status == 0, "\(made.error)")
    let merged = shell("events merge with.h5 other.h5 -o m.h5", in: folder.path)
    #expect(merged.status == 65 && merged.error.contains("principal components"))
    #expect(merged.error.contains("'sets'") && merged.error.contains("one run of lhe-read"))
    #expect(merged.error.split(separator: "\n").count == 1, "\(merged.error)")
    #expect(!folder.contents.contains("m.h5"))
    let plain = shell("events merge plain.h5 plain-other.h5 -o m.h5", in: folder.path)
    #expect(plain.status == 0, "\(plain.error)")
    // Parts of one table are of one run.
    let parts = shell(
      "events split with.h5 --parts 2 -o 'p%d.h5' && events merge p1.h5 p2.h5 -o whole.h5",
      in: folder.path)
    #expect(parts.status == 0, "\(parts.error)")
  }

  /// Commands that keep ν at 0 by default or choice say so and give the numbers of the file without systematics.
  @Test func otherCommandsKeepThemAtZero() throws {
    let folder = try folder()
    for command in ["fisher truth", "fisher rate"] {
      let options = " --luminosity 300/fb --theta sm --nuisance none --json"
      let plain = shell("\(command) plain.h5\(options)", in: folder.path)
      let with = shell("\(command) with.h5\(options)", in: folder.path)
      #expect(with.status == 0 && with.error.contains("nuisance parameters are kept at 0"))
      let name = String(command.split(separator: " ")[1])
      #expect(
        try ResultJSON(with).numbers("information", "matrices", name, "matrix")
          == ResultJSON(plain).numbers("information", "matrices", name, "matrix"))
    }
    for file in ["plain", "with"] {
      let made = shell(
        "augment ratio \(file).h5 --theta0 chw_pos --theta1 sm -n 1000 -O tsv > \(file).tsv",
        in: folder.path)
      #expect(made.status == 0, "\(made.error)")
    }
    #expect(shell("cmp plain.tsv with.tsv", in: folder.path).status == 0)
  }

  @Test func errorsNameTheSystematic() throws {
    let folder = TemporaryFolder()
    let text = Self.analysis + "systematics:\n  wide: {type: scale, factors: [0.25, 4]}\n"
    _ = run("tee", [folder.file("a.yaml")], input: Array(text.utf8))
    let made = shell(
      "morph setup a.yaml -o s.h5; lhe-read --setup s.h5 --sample sm:\(Self.sample) -o e.h5",
      in: folder.path)
    #expect(made.status == 65)
    #expect(
      made.error.contains(
        "systematic 'wide' needs a weight with muR=4.0 muF=4.0; the file has muR=0.5"),
      "\(made.error)")
    #expect(!Place.exists(folder.file("e.h5")))
  }

  /// MadMiner 0.9.6 opens the file: σ at ν, and the information of truth with nuisance parameters.
  @Test(.needsPeers) func madMinerOpensIt() throws {
    let folder = try folder()
    let points = [[1.0, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0.5, -0.3]]
    let script = Place.root + "/Tests/Peers/madminer_nuisance.py"
    let nu =
      "["
      + points.map { "[" + $0.map { "\($0)" }.joined(separator: ",") + "]" }.joined(separator: ",")
      + "]"
    let theirs = try ResultJSON(
      run(
        Peers.interpreter ?? "python3", [script, nu, "with.h5"], in: folder.path,
        environment: [
          "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        ]))
    let names = ["rate", "scales", "sets_nuisance_param_0", "sets_nuisance_param_1"]
    #expect(
      try theirs.texts("nuisance_parameters")
        == [
          "rate_nuisance_param_0", "scales_nuisance_param_0", "sets_nuisance_param_0",
          "sets_nuisance_param_1",
        ])
    let sigmas = try theirs.numbers("sigma")
    for (point, sigma) in zip(points, sigmas) {
      let text = zip(names, point).map { "\($0)=\($1)" }.joined(separator: ",")
      // The same sums in another order.
      #expect(relativeError(try self.sigma("with.h5 --nu \(text)", folder), sigma) < 1e-8)
    }
    let ours = try ResultJSON(
      shell(
        "fisher truth with.h5 --luminosity 1000/pb --theta sm --nuisance keep --json",
        in: folder.path)
    ).numbers("information", "matrices", "truth", "matrix")
    let full = try theirs.numbers("truth")
    let scale = full.map(abs).max() ?? 1
    #expect(ours.count == 36 && full.count == 36)
    for (a, b) in zip(ours, full) { #expect(abs(a - b) < 1e-8 * scale) }
  }
}
