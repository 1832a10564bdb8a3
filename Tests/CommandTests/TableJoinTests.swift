import EventModel
import TestSupport
import Testing

/// `lhe-read --observables`, and the samples that an analysis names.
@Suite struct TableJoinTests {
  private static let read = "lhe-read --setup setup.h5 --sample sm:\(Analysed.sample)"

  /// A table of all events but every fourth: the values that lhe-read computes, and one it does not know.
  private func bench() -> Analysed {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        set -e -o pipefail
        events head -n 200 events.h5 | awk -F '\\t' -v OFS='\\t' '
          NR == 1 { sub("# ", ""); for (i = 1; i <= NF; i++) if ($i == "observations.pt_l") c = i
            print "event", "pt_l", "score"; next }
          (NR - 1) % 4 { print NR - 1, $c, (NR - 1) / 2 }' > t.tsv
        """))
    return bench
  }

  @Test func observablesAreJoinedByNumber() throws {
    let bench = bench()
    let outcome = bench("\(Self.read) --observables t.tsv -o joined.h5")
    #expect(outcome.status == 0)
    #expect(
      outcome.error.contains("50 of 200 events have no row in t.tsv and count as not selected"),
      "\(outcome.error)")
    let (all, joined) = (try bench.table("events.h5"), try bench.table("joined.h5"))
    #expect(joined.count == 150 && joined.observableNames == all.observableNames + ["score"])
    let record = try #require(joined.samples.first)
    // The sums are those of all events: what the simulation loses is an efficiency.
    #expect(record.eventsRead == 200 && record.eventsKept == 150)
    #expect(record.sumWeights == all.samples[0].sumWeights)
    let width = all.observableNames.count
    let kept = (0..<200).filter { ($0 + 1) % 4 != 0 }
    for (row, event) in kept.enumerated() {
      #expect(joined.eventIDs[row] == all.eventIDs[event])
      #expect(
        Array(joined.observations[(row * (width + 1))..<(row * (width + 1) + width)])
          == Array(all.observations[(event * width)..<((event + 1) * width)]))
      #expect(joined.observations[row * (width + 1) + width] == Double(event + 1) / 2)
      #expect(
        joined.weights[row * joined.weightCount] == all.weights[event * all.weightCount])
    }
    #expect(joined.setup.observables.last?.expression == nil)
  }

  @Test func anyFormatAndOrder() {
    let bench = bench()
    bench.expectSuccess(
      bench(
        """
        set -e
        exec 2> noise
        \(Self.read) --observables t.tsv -o joined.h5
        events convert t.tsv -o t.h5
        events convert t.tsv -o t.npy
        events convert t.tsv -O stream -o t.arrows
        (head -n 1 t.tsv; tail -n +2 t.tsv | sort -r) | gzip > shuffled.gz
        sed 's/^event/number/' t.tsv | awk -v OFS='\\t' 'NR > 1 { $1-- } { $1 = $1; print }' > zero.tsv
        for t in t.h5 t.npy t.arrows shuffled.gz; do
          \(Self.read) --observables $t -o again.h5
          events diff joined.h5 again.h5
        done
        \(Self.read) --observables - -o again.h5 < t.tsv
        events diff joined.h5 again.h5
        \(Self.read) --observables zero.tsv --event-column number --event-base 0 -o again.h5
        events diff joined.h5 again.h5
        """))
  }

  /// Cuts know observables of tables; an undefined one follows the rule of the setup.
  @Test func cutsAndUndefinedValues() throws {
    let bench = bench()
    let outcome = bench(
      """
      set -e
      (cat \(Analysed.analysis); echo 'cuts: [pt_l > 60]') |
        sed 's/^  pt_l: .*/  pt_l: {expression: "l[0].pt", on-undefined: reject}/' > cut.yaml
      morph setup cut.yaml -o setup.h5
      lhe-read --setup setup.h5 --sample sm:\(Analysed.sample) -o computed.h5
      awk -v OFS='\\t' 'NR == 7 { $2 = "nan" } { $1 = $1; print }' t.tsv > nan.tsv
      \(Self.read) --observables nan.tsv -o joined.h5
      """)
    #expect(outcome.status == 0, "\(outcome.error)")
    let (computed, joined) = (try bench.table("computed.h5"), try bench.table("joined.h5"))
    #expect(joined.count < computed.count && joined.count > 0)
    #expect(Set(joined.eventIDs).isSubset(of: computed.eventIDs))
  }

  @Test func badTablesAreRefused() {
    let bench = bench()
    func fail(_ change: String, _ options: String, _ status: Int32, _ says: String) {
      bench.expectFailure(
        "\(change) t.tsv > b; \(Self.read) --observables \(options) -o x.h5; s=$?; rm b; exit $s",
        status, says)
    }
    fail("cat", "b --event-column n", 65, "no column 'n'")
    fail("sed 's/^7\\t/7.5\\t/'", "b", 65, "7.5")
    fail("sed 's/^7\\t/6\\t/'", "b", 65, "event 6 has two rows")
    fail("sed 's/^199\\t/201\\t/'", "b", 65, "such as 201 (it has 200)")
    fail("sed '5s/\\t.*//'", "b", 65, "b: line 5: 1 values")
    fail("sed '5s/\\t[0-9]/\\tx/'", "b", 65, "b: line 5: 'x")
    fail("cat", "absent", 66, "absent")
    fail("cat", "b --event-base 2", 64, "--event-base")
    fail("cat", "b --observables b", 64, "1 samples and 2 tables")
    fail("cat", "x.lhe:b", 66, "x.lhe:b")
  }

  @Test func severalSamplesHaveATableEach() throws {
    let bench = bench()
    let outcome = bench(
      """
      set -e
      zcat \(Analysed.sample) | sed -E '0,/^ *-11 /s//-13 /; s/^ *-?[0-9]+ +-1 /  21 -1 /' > other.lhe
      awk -v OFS='\\t' '{ print $1, $3, $2 }' t.tsv | head -n 50 > u.tsv
      \(Self.read) --sample sm:other.lhe --observables t.tsv --observables u.tsv -o a.h5
      \(Self.read) --sample sm:other.lhe --observables other.lhe:u.tsv \
        --observables \(Analysed.sample):t.tsv -o b.h5
      events diff a.h5 b.h5
      """)
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(try bench.table("a.h5").samples.map(\.eventsKept) == [150, 49])
    bench.expectFailure(
      "\(Self.read) --sample sm:other.lhe --observables t.tsv -o x.h5", 64, "2 samples and 1 table")
  }

  /// Samples stand in the analysis; those of the command line replace them.
  @Test func theAnalysisNamesItsSamples() throws {
    let bench = bench()
    let outcome = bench(
      """
      set -e
      cp \(Analysed.sample) sm.lhe.gz
      zcat sm.lhe.gz | sed -E '0,/^ *-11 /s//-13 /; s/^ *-?[0-9]+ +-1 /  21 -1 /' > tt.lhe
      cat \(Analysed.analysis) - > named.yaml << 'END'
      samples:
        - {file: sm.lhe.gz, benchmark: sm}
        - {file: tt.lhe, background: true, process: tt, k-factor: 1.5}
      END
      morph setup named.yaml -o named.h5
      lhe-read --setup named.h5 -o a.h5
      lhe-read --setup setup.h5 --sample sm:sm.lhe.gz --background tt:tt.lhe --k-factor tt=1.5 -o b.h5
      lhe-read --setup named.h5 --sample sm:sm.lhe.gz -o c.h5
      """)
    #expect(outcome.status == 0, "\(outcome.error)")
    let (a, b) = (try bench.table("a.h5"), try bench.table("b.h5"))
    #expect(a.weights == b.weights && a.eventIDs == b.eventIDs)
    #expect(a.samples.map(\.process) == ["wh", "tt"] && a.samples.map(\.kFactor) == [1, 1.5])
    #expect(try bench.table("c.h5").samples.count == 1)
    bench.expectFailure(
      "(cat \(Analysed.analysis); echo 'samples: [{file: x, benchmark: nowhere}]') | morph setup - -o x.h5",
      65, "there is no benchmark 'nowhere'")
  }
}
