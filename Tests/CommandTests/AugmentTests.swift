import EventModel
import TestSupport
import Testing

@Suite struct AugmentTests {
  /// The small sample has 200 events: far points have few effective ones, which is warned of.
  static let near = "--theta0 'flat:cHW=-0.1:0.1' --theta1 sm"

  @Test func aRatioSampleIsWholeAndKnowsWhatItIs() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench("augment ratio events.h5 \(Self.near) -n 501 -o ratio.h5 --observables pt_w,pt_l"))
    let header = try bench.header("ratio.h5", .sample)
    let info = try SampleInfo(document: header.document)
    #expect(info.method == "ratio" && info.theta1Values == [0, 0] && info.part == .train)
    #expect(info.combination == .balance && !info.eventsDigest.isEmpty)
    #expect(header.fields.first?.components == ["pt_w", "pt_l"])
    let columns = try bench.columns("ratio.h5", .sample)
    let y = try #require(columns["y"]).doubles
    #expect(y.count == 501 && y.reduce(0, +) == 250)
    #expect(try #require(columns["theta0"]).doubles.allSatisfy { abs($0) <= 0.1 })
    #expect(try #require(columns["log_r_xz"]).doubles.allSatisfy(\.isFinite))
    let table = try bench.table("events.h5")
    #expect(info.benchmarkTotals.count == 6)
    let sum = stride(from: 0, to: table.weights.count, by: table.weightCount).reduce(0.0) {
      $0 + table.weights[$1]
    }
    #expect(relativeError(info.benchmarkTotals[0], sum) < 1e-12)
  }

  @Test func threadsAndShardsDoNotMatter() throws {
    let bench = Analysed()
    let line = "augment ratio events.h5 \(Self.near) -n 5001 --no-provenance -q"
    for threads in 1...3 {
      bench.expectSuccess(bench("\(line) -@ \(threads) -o t\(threads).h5"))
    }
    #expect(bench("cmp t1.h5 t2.h5 && cmp t1.h5 t3.h5").status == 0)
    for k in 1...3 { bench.expectSuccess(bench("\(line) --shard \(k)/3 -o s\(k).h5")) }
    let whole = try bench.columns("t1.h5", .sample)
    let parts = try (1...3).map { try bench.columns("s\($0).h5", .sample) }
    for (path, column) in whole {
      #expect(parts.flatMap { $0[path]?.doubles ?? [] } == column.doubles, "\(path)")
    }
    bench.expectSuccess(bench("\(line) --seed 9 -o other.h5"))
    #expect(bench("cmp -s t1.h5 other.h5").status == 1)
  }

  @Test func theOtherMethodsAndPartitions() throws {
    let bench = Analysed()
    bench.expectSuccess(bench("augment score events.h5 --theta sm -n 100 -o score.h5"))
    let score = try bench.columns("score.h5", .sample)
    #expect(try #require(score["t_xz0"]).count == 200)
    let info = try SampleInfo(document: bench.header("score.h5", .sample).document)
    #expect(info.theta1Values == [0, 0])
    _ = bench("augment test events.h5 --theta sm -n 100 -o test.h5")
    _ = bench("augment plain events.h5 --grid cHW=-0.1:0.1:3 -n 99 -o plain.h5 --partition all")
    let definition = try bench.table("events.h5").partition
    let ids = try #require(try bench.columns("test.h5", .sample)["event_id"]).count
    #expect(ids == 100)
    let source = try bench.header("test.h5", .sample)
    #expect(try SampleInfo(document: source.document).part == .test)
    #expect(try SampleInfo(document: source.document).partition == definition)
    let theta = try #require(try bench.columns("plain.h5", .sample)["theta0"]).doubles
    #expect(Array(theta.prefix(8)) == [-0.1, 0, 0, 0, 0.1, 0, -0.1, 0])
  }

  @Test func anEndlessStreamEndsWithItsReader() {
    let bench = Analysed()
    let outcome = bench(
      "set -o pipefail; augment ratio events.h5 \(Self.near) -n inf -q | head -c 100000 | wc -c")
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    #expect(outcome.text.contains("100000"))
  }

  @Test func trainingOnAnEndlessStreamEndsIt() throws {
    let bench = Analysed()
    let outcome = bench(
      """
      set -o pipefail; augment ratio events.h5 \(Self.near) -n inf -q |
        train-ratio --epoch-rows 500 --epochs 3 --hidden 5 -o endless.h5
      """)
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    #expect(try bench.header("endless.h5", .model).kind == .model)
    bench.expectFailure(
      "augment ratio events.h5 \(Self.near) -n inf -q | train-ratio -o none.h5", 64,
      "--epoch-rows")
    bench.expectFailure(
      "augment ratio events.h5 \(Self.near) -n 700 -q | train-ratio --epoch-rows 500 -o none.h5",
      65, "-n inf")
    // A file begins again.
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 \(Self.near) -n 700 -o small.h5 &&
          train-ratio small.h5 --epoch-rows 500 --epochs 3 --hidden 5 -o again.h5
        """))
  }

  @Test func badInputIsRefused() {
    let bench = Analysed()
    let out = "-o bad.h5"
    func fail(_ arguments: String, _ status: Int32, _ text: String) {
      bench.expectFailure("augment \(arguments) \(out)", status, text)
    }
    fail("ratio events.h5 --theta0 nowhere --theta1 sm -n 10", 64, "nowhere")
    fail("ratio events.h5 --theta0 cHb=1 --theta1 sm -n 10", 64, "cHb")
    fail("ratio events.h5 --theta0 prior -n 10", 64, "--theta1")
    fail("ratio events.h5 --theta1 sm -n 10", 64, "--theta0")
    fail("ratio events.h5 \(Self.near) -n 0", 64, "-n")
    fail("ratio events.h5 \(Self.near)", 64, "-n")
    fail("ratio events.h5 \(Self.near) -n inf", 64, "fills")
    fail("ratio events.h5 \(Self.near) -n inf -O hdf5", 64, "fills")
    fail("ratio events.h5 \(Self.near) -n 10 --shard 4/3", 64, "4/3")
    fail("ratio events.h5 \(Self.near) -n 10 --observables nonsense", 65, "nonsense")
    fail("ratio events.h5 \(Self.near) -n 10 --combine closest", 64, "closest")
    fail("plain events.h5 --theta 'flat:cHW=1:0' -n 10", 64, "prior")
    fail("plain setup.h5 --theta sm -n 10", 65, "setup")
    fail("plain absent.h5 --theta sm -n 10", 66, "absent.h5")
    bench.expectFailure(
      "head -c 20000 events.h5 > cut; augment plain cut --theta sm -n 1 -o b; s=$?; rm cut; exit $s",
      65, "cut")
  }

  /// The quantiles of a prior against those of its points given as a list: theta0 of the numerator rows.
  @Test func aPriorHasQuantilesOfEffectiveEvents() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench("augment ratio events.h5 --theta0 flat:cHW=-0.2:0.2 --theta1 sm -n 402 -q -o p.h5"))
    // Every other row is drawn at theta0.
    let theta = try #require(try bench.columns("p.h5", .sample)["theta0"]).doubles
    let points = stride(from: 0, to: 402, by: 2).map { "cHW=\(theta[2 * $0])\n" }
    bench.expectSuccess(
      bench(
        """
        cat > points.txt && augment plain events.h5 --theta @points.txt -n 201 -q -o l.h5 &&
          augment ratio events.h5 --theta0 flat:cHW=-0.2:0.2 --theta1 sm -n 402 --seed 2 -q -o o.h5 &&
          events merge p.h5 o.h5 -o m.h5
        """, input: Array(points.joined().utf8)))
    let prior = try SampleInfo(document: bench.header("p.h5", .sample).document)
    let list = try SampleInfo(document: bench.header("l.h5", .sample).document)
    let sorted = list.effective.map(\.kish).sorted()
    #expect(sorted.count == 201 && list.effectiveQuantiles.isEmpty)
    // 201 points: a place at every share, and sums in another order.
    for quantile in prior.effectiveQuantiles {
      let wanted = sorted[Int((200 * quantile.share).rounded())]
      #expect(relativeError(quantile.kish, wanted) < 1e-8, "\(quantile)")
    }
    #expect(prior.effectiveQuantiles.map(\.share) == [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    #expect(prior.minimumEffectiveEvents <= prior.effectiveQuantiles[0].kish)
    let info = bench("events info p.h5")
    #expect(info.text.contains("# effective events of the prior's points"), "\(info.text)")
    let merged = try SampleInfo(document: bench.header("m.h5", .sample).document)
    #expect(merged.effectiveQuantiles.isEmpty && merged.effective == prior.effective)
    let noted = bench("augment plain events.h5 --theta flat:cHW=-0.2:0.2 -n 50 -v -o v.h5")
    #expect(noted.error.contains("of the prior's points 5 % have fewer than"), "\(noted.error)")
  }

  @Test func fewEffectiveEventsAreWarnedOf() {
    let bench = Analysed()
    let outcome = bench("augment plain events.h5 --theta cHW=-1 -n 10 -o far.h5")
    #expect(outcome.status == 0)
    #expect(outcome.error.contains("warning") && outcome.error.contains("effective events"))
  }
}
