import TestSupport
import Testing

/// Events files in MadMiner's hands: cross sections and information from its SampleAugmenter and FisherInformation
/// (Tests/Peers/madminer_numbers.py) beside those of morph and fisher. Both are sums of the same terms in another order,
/// with cancellation between benchmarks: 1e-8 relative, element by element.
@Suite struct MadMinerCommandTests {
  /// An events file and the rule by which our commands give what MadMiner gives.
  private struct Job {
    var file: String
    var combine: String
    var events: Double
  }

  private static let jobs = [
    // One sample: both rules are the same.
    Job(file: "one.h5", combine: "balance", events: 6000),
    // MadMiner averages over samples.
    Job(file: "two.h5", combine: "average", events: 10_000),
    // Its export has the factors of the balance heuristic in the weights: MadMiner then gives that combination, and so
    // does our reading of the export, ...
    Job(file: "export.h5", combine: "balance", events: 10_000),
    // ... of the average where that is asked for.
    Job(file: "averaged.h5", combine: "average", events: 10_000),
  ]
  /// Where our numbers come from: of an export, the file that it was made from.
  private static let origin = ["export.h5": "two.h5", "averaged.h5": "two.h5"]

  private static let request = """
    {"benchmarks": ["sm", "chw_pos", "chq3_neg", "chw_pos_chq3_pos"], "points": [[0, 0], [0.3, -0.1]],
     "luminosity": 300000, "observable": "pt_w", "edges": [0, 75, 150, 250, 400]}
    """
  private static let benchmarks =
    "--theta sm --theta chw_pos --theta chq3_neg --theta chw_pos_chq3_pos"
  private static let points = ["cHW=0,cHq3=0", "cHW=0.3,cHq3=-0.1"]

  private func expectEqual(_ a: [Double], _ b: [Double], _ what: Comment) {
    #expect(a.count == b.count && !a.isEmpty, what)
    for (x, y) in zip(a, b) { #expect(relativeError(x, y) < 1e-8, what) }
  }

  @Test(.needsPeers) func itGivesOurNumbers() throws {
    let folder = TemporaryFolder()
    let example = Place.root + "/Examples/wh"
    let made = shell(
      """
      set -e
      morph setup \(example)/analysis.yaml -o setup.h5
      lhe-read --setup setup.h5 --sample sm:\(example)/wh_smeft_sm.lhe.gz -o one.h5
      lhe-read --setup setup.h5 --sample sm:\(example)/wh_smeft_sm.lhe.gz \
        --sample chw_pos_chq3_pos:\(example)/wh_smeft_bsm.lhe.gz -o two.h5
      events convert --for-madminer two.h5 -o export.h5
      events convert --for-madminer --combine average two.h5 -o averaged.h5
      """, in: folder.path)
    try #require(made.status == 0, "\(made.error)")
    let script = Place.root + "/Tests/Peers/madminer_numbers.py"
    let theirs = try ResultJSON(
      run(
        Peers.interpreter ?? "python3", [script, Self.request] + Self.jobs.map(\.file),
        in: folder.path,
        environment: [
          "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        ]))
    for job in Self.jobs {
      #expect(try theirs.numbers(job.file, "events") == [job.events])
      #expect(try theirs.texts(job.file, "parameters") == ["cHW", "cHq3"])
      #expect(try theirs.texts(job.file, "observables").prefix(3) == ["pt_l", "pt_v", "pt_w"])
      try compareCrossSections(job, theirs, in: folder)
      for kind in ["truth", "rate", "histogram"] {
        try compareInformation(kind, job, theirs, in: folder)
      }
    }
  }

  private func compareCrossSections(
    _ job: Job, _ theirs: ResultJSON, in folder: TemporaryFolder
  ) throws {
    let command =
      "morph cross-section \(Self.origin[job.file] ?? job.file) --combine \(job.combine) --json "
    let what: Comment = "cross sections of \(job.file)"
    let named = try ResultJSON(shell(command + Self.benchmarks, in: folder.path))
    expectEqual(
      try named.numbers("cross_section", "sigma"),
      try theirs.numbers(job.file, "benchmark_sigma"), what)
    expectEqual(
      try named.numbers("cross_section", "error_poisson"),
      try theirs.numbers(job.file, "benchmark_error"), what)
    let points = Self.points.map { "--theta \($0)" }.joined(separator: " ")
    expectEqual(
      try ResultJSON(shell(command + points, in: folder.path)).numbers("cross_section", "sigma"),
      try theirs.numbers(job.file, "point_sigma"), what)
  }

  private func compareInformation(
    _ kind: String, _ job: Job, _ theirs: ResultJSON, in folder: TemporaryFolder
  ) throws {
    let options = kind == "histogram" ? "--observable pt_w --bins 0,75,150,250,400" : ""
    let ours = try Self.points.flatMap { point in
      try ResultJSON(
        shell(
          "fisher \(kind) \(Self.origin[job.file] ?? job.file) --combine \(job.combine) "
            + "--luminosity 300/fb --theta \(point) \(options) --json", in: folder.path)
      ).numbers("information", "matrices", kind, "matrix")
    }
    expectEqual(ours, try theirs.numbers(job.file, kind), "\(kind) of \(job.file)")
  }
}
