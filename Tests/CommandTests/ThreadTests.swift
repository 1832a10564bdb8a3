import TestSupport
import Testing

/// Same input, seed and options give the same bytes at 1, 2 and 3 threads: the whole chain, one command after the other.
///
/// Three threads on whatever cores there are; a sum whose order depended on them would differ in the last bits.
@Suite struct ThreadTests {
  /// File that a command makes, and the command without its threads and provenance.
  private static let chain: [(file: String, command: String)] = [
    ("setup.h5", "morph setup $EXAMPLE/analysis.yaml"),
    (
      "events.h5",
      "lhe-read --setup setup.h5 --sample sm:$EXAMPLE/wh_smeft_sm.lhe.gz"
        + " --sample chw_pos_chq3_pos:$EXAMPLE/wh_smeft_bsm.lhe.gz"
    ),
    ("weights.h5", "morph weights events.h5 --theta cHW=0.3 --theta cHq3=-0.1"),
    ("sigma.json", "morph cross-section events.h5 --theta cHW=0.3 --grid cHq3=-.1:.1:3 --json"),
    ("score.h5", "augment score events.h5 --theta sm -n 5000"),
    ("ratio.h5", "augment ratio events.h5 --theta0 prior --theta1 sm -n 5000"),
    ("density.h5", "augment score events.h5 --theta prior -n 5000"),
    ("sally.h5", "train-score score.h5 --observables pt_w,mt_w --hidden 20 --epochs 2"),
    ("alices.h5", "train-ratio ratio.h5 --observables pt_w,mt_w --hidden 20 --epochs 2"),
    ("poly.h5", "train-ratio ratio.h5 --network polynomial --hidden 20 --epochs 2"),
    ("morphed.h5", "train-ratio ratio.h5 --network morphing-aware --hidden 20 --epochs 2"),
    ("anchored.h5", "train-ratio ratio.h5 --method cascal --hidden 20 --epochs 2"),
    ("anchored-estimates.h5", "evaluate events.h5 --model anchored.h5 --grid cHW=-1:1:3 --score"),
    ("pair.h5", "augment ratio events.h5 --theta0 prior --theta1 prior -n 5000"),
    ("both.h5", "train-ratio pair.h5 --observables pt_w,mt_w --hidden 20 --epochs 2"),
    (
      "scandal.h5",
      "train-density density.h5 --observables pt_w,mt_w --hidden 20 --flows 2 --base mixture:2"
        + " --epochs 2"
    ),
    ("estimates.h5", "evaluate events.h5 --model alices.h5 --grid cHW=-1:1:3 --score"),
    ("pairs.h5", "evaluate pair.h5 --model both.h5 --score"),
    ("morphed-estimates.h5", "evaluate events.h5 --model morphed.h5 --grid cHW=-1:1:3 --score"),
    ("scores.h5", "evaluate events.h5 --model sally.h5 --theta cHW=1"),
    ("densities.h5", "evaluate events.h5 --model scandal.h5 --grid cHW=-1:1:3 --score"),
    ("drawn.h5", "evaluate draw --model scandal.h5 --theta sm -n 3000"),
    ("compare.json", "evaluate ratio.h5 --model alices.h5 --compare --json"),
    ("truth.h5", "fisher truth events.h5 --luminosity 300/fb"),
    ("histogram.h5", "fisher histogram events.h5 --observable pt_w --luminosity 300/fb"),
    ("full.h5", "fisher full events.h5 --model sally.h5 --luminosity 300/fb"),
    (
      "limits.h5",
      "limits expected events.h5 --model alices.h5 --luminosity 3/fb"
        + " --grid cHW=-.5:.5:5 --grid cHq3=-.2:.2:5"
    ),
    (
      "limits-truth.h5",
      "limits expected events.h5 --truth --luminosity 3/fb"
        + " --grid cHW=-.5:.5:5 --grid cHq3=-.2:.2:5"
    ),
    ("points.txt", "limits points events.h5 --model alices.h5 --luminosity 3/fb --test cHW=0.5"),
    ("bins.h5", "limits expected events.h5 --observable pt_w --luminosity 3/fb"),
    ("madminer.h5", "events convert events.h5 --for-madminer"),
    ("limits.tsv", "plot limits.h5"),
  ]

  @Test func bytesDoNotDependOnThreads() {
    let folder = TemporaryFolder()
    for (file, command) in Self.chain {
      for threads in 1...3 {
        let name = threads == 1 ? file : "\(threads)-\(file)"
        let outcome = shell(
          "\(command) --no-provenance -q -@ \(threads) -o \(name)", in: folder.path,
          environment: ["EXAMPLE": Place.root + "/Examples/wh"])
        #expect(outcome.status == 0 && outcome.error == "", "\(command): \(outcome.error)")
        guard threads > 1 else { continue }
        #expect(
          shell("cmp \(file) \(name)", in: folder.path).status == 0,
          "\(command) at \(threads) threads")
      }
    }
  }
}
