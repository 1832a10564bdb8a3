import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// `events merge`, `split` and `sum` on what the commands write.
@Suite struct MergeCommandTests {
  /// Two samples of one process, read apart and together.
  private func twoSamples() -> Analysed {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        set -e
        zcat \(Analysed.sample) | sed -E '0,/^ *-11 /s//-13 /; s/^ *-?[0-9]+ +-1 /  21 -1 /' > other.lhe
        lhe-read --setup setup.h5 --sample sm:other.lhe -o b.h5
        lhe-read --setup setup.h5 --sample sm:\(Analysed.sample) --sample sm:other.lhe -o both.h5
        """))
    return bench
  }

  @Test func mergingIsReadingTogether() throws {
    let bench = twoSamples()
    bench.expectSuccess(bench("events merge events.h5 b.h5 -o m.h5; events diff m.h5 both.h5"))
    bench.expectSuccess(
      bench("events convert events.h5 | events merge - b.h5 | events diff - both.h5"))
    bench.expectSuccess(bench("events check m.h5"))
    // Two runs of one process: their mean, not their sum.
    let sigma = try ["events.h5", "m.h5"].map { name in
      let table = try bench.table(name)
      let factors = try table.rowFactors(nil)
      return (0..<table.count).reduce(0) {
        $0 + factors[$1] * table.weights[$1 * table.weightCount]
      }
    }
    #expect(relativeError(sigma[1], sigma[0]) < 1e-12)
    bench.expectFailure("events merge events.h5 events.h5 -o x.h5", 65, "twice")
    bench.expectFailure("events merge events.h5 m.h5 -o x.h5", 65, "there and in events.h5")
    bench.expectFailure("events merge events.h5 setup.h5 -o x.h5", 65, "of kind setup")
    bench.expectFailure("events merge setup.h5 setup.h5 -o x.h5", 65, "kind setup")
    bench.expectFailure("events merge events.h5 absent.h5 -o x.h5", 66, "absent.h5")
    bench.expectFailure("events merge events.h5 b.h5 -o b.h5", 64, "also an input")
  }

  @Test func partsAndSums() {
    let bench = twoSamples()
    bench.expectSuccess(
      bench(
        """
        set -e
        events split both.h5 --parts 3 -o 'p%02d.h5'
        events merge p03.h5 p01.h5 p02.h5 -o m.h5
        events diff m.h5 both.h5
        events check p01.h5 p02.h5 p03.h5
        events split both.h5 --by sample -o 's%d.h5'
        events merge s1.h5 s2.h5 | events diff - both.h5
        events split both.h5 --by partition -o '%s.h5'
        events sum both.h5 > whole.sum
        events sum test.h5 train.h5 validation.h5 | cmp - whole.sum
        events merge validation.h5 test.h5 train.h5 | events sum | cmp - whole.sum
        events sum events.h5 > a.sum
        events sum --json b.h5 > b.sum
        events sum -m a.sum b.sum | cmp - whole.sum
        """))
    let text = bench("cat whole.sum").text
    #expect(text.hasPrefix("# rows 400\n") && text.contains("samples/weights"))
    bench.expectFailure("events merge p01.h5 p03.h5 -o x.h5", 65, "part 2 of 3 is missing")
    bench.expectFailure("events merge p01.h5 p03.h5 p01.h5 -o x.h5", 65, "part 1 of 3")
    bench.expectFailure("events merge p01.h5 events.h5 -o x.h5", 65, "missing")
    bench.expectFailure("events sum -m whole.sum setup.h5", 65, "no output of events sum")
    bench.expectFailure("events split both.h5 --parts 3", 64, "part-%02d.h5")
    bench.expectFailure("events split both.h5 --parts 3 -o x.h5", 64, "no place for the number")
    bench.expectFailure("events split both.h5 --parts 0 -o %d.h5", 64, "positive")
    bench.expectFailure("events split both.h5 --parts 2 --rows 2 -o %d.h5", 64, "one of")
    bench.expectFailure("events split both.h5 --parts 401 -o %d.h5", 65, "400 rows")
    bench.expectFailure("events split p01.h5 --parts 2 -o %d.h5", 65, "part 1 of 3")
    bench.expectFailure("events split setup.h5 --parts 2 -o %d.h5", 65, "setup")
    // A part is a part of the cross section, which a command that uses it says.
    let morph = bench("morph cross-section p01.h5 --theta sm")
    #expect(morph.error.contains("part 1 of 3"), "\(morph.error)")
  }

  @Test(arguments: [2, 7]) func shardsOfATrainingSampleAreTheJob(count: Int) {
    let bench = Analysed()
    let line = "augment ratio events.h5 \(AugmentTests.near) -n 1001 -q"
    bench.expectSuccess(
      bench(
        """
        set -e
        \(line) -o whole.h5
        for k in $(seq \(count)); do \(line) --shard $k/\(count) -o q$k.h5; done
        events merge $(ls q?.h5 | sort -r) -o m.h5
        events diff m.h5 whole.h5
        events merge q*.h5 -O stream | events diff - whole.h5
        """))
    bench.expectFailure(
      "events merge $(ls q?.h5 | grep -v q2) -o x.h5", 65, "part 2 of \(count) is missing")
    bench.expectSuccess(
      bench("\(line) --seed 2 -o other.h5; events merge whole.h5 other.h5 -o two.h5"))
    bench.expectFailure("events merge whole.h5 m.h5 -o x.h5", 65, "same row")
    // Parts that would be whole together, and are of two jobs: it is said which, and in what they differ.
    bench.expectSuccess(
      bench(
        "\(line) --shard 2/\(count) --seed 2 -o r2.h5; \(line) -n 1003 --shard 2/\(count) -o n2.h5")
    )
    bench.expectFailure(
      "events merge $(ls q?.h5 | grep -v q2) r2.h5 -o x.h5", 65,
      "r2.h5: this is part 2 of \(count) of a sample of seed 2, and q1.h5 part")
    bench.expectFailure(
      "events merge $(ls q?.h5 | grep -v q2) n2.h5 -o x.h5", 65,
      "n2.h5: this is part 2 of \(count) of another whole than q1.h5")
    bench.expectFailure(
      "augment ratio events.h5 --theta0 sm --theta1 sm -n 9 -q -o o.h5; events merge whole.h5 o.h5 -o x.h5; s=$?; rm o.h5; exit $s",
      65, "sample/theta0 differs")
  }
}
