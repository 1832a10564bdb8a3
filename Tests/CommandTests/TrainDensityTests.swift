import EventIO
import EventModel
import TestSupport
import Testing

/// `train-density`, and what `evaluate` does with its models.
@Suite struct TrainDensityTests {
  /// The small sample has 200 events: a prior near its benchmark.
  static let prior = "augment score events.h5 --theta flat:cHW=-0.1:0.1 --observables pt_w,mt_w"
  static let quick = "--flows 2 --hidden 8 --epochs 2"

  @Test func aModelThroughAPipeAndWhatItSays() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench("\(Self.prior) -n 800 | train-density \(Self.quick) --base mixture:2 -o m.h5"))
    let model = try Model(document: bench.header("m.h5", .model).document)
    #expect(model.target == .density && model.method == "scandal")
    #expect(model.flow?.orders == [[0, 1], [1, 0]] && model.flow?.components == 2)
    #expect(model.settings.contains { $0 == ("base", "mixture:2") })
    let points = "--theta cHW=0.05 --theta sm --partition all"
    bench.expectSuccess(bench("evaluate events.h5 --model m.h5 \(points) --score -o p.h5"))
    let p = try bench.columns("p.h5", .estimates)
    let logP = try #require(p["log_p"]).doubles
    #expect(logP.count == 400 && logP.allSatisfy(\.isFinite))
    #expect(try #require(p["score"]).doubles.count == 800 && p["log_r"] == nil)
    bench.expectSuccess(
      bench("evaluate estimates events.h5 --model m.h5 \(points) --theta1 sm -o r.h5"))
    let logR = try #require(try bench.columns("r.h5", .estimates)["log_r"]).doubles
    for i in 0..<200 {
      #expect(logR[2 * i] == logP[2 * i] - logP[2 * i + 1] && logR[2 * i + 1] == 0)
    }
  }

  @Test func drawnObservablesAreASample() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench("\(Self.prior) -n 800 | train-density --method nde \(Self.quick) -o m.h5"))
    let draw = "evaluate draw --model m.h5 --theta cHW=0.05 --theta sm"
    bench.expectSuccess(bench("\(draw) -n 101 -o drawn.h5"))
    let drawn = try bench.columns("drawn.h5", .sample)
    #expect(try #require(drawn["x"]).doubles.count == 202)
    #expect(Array(try #require(drawn["theta0"]).doubles.prefix(4)) == [0.05, 0, 0, 0])
    let info = try SampleInfo(document: bench.header("drawn.h5", .sample).document)
    #expect(info.method == "draw")
    // A longer draw begins alike; another seed does not.
    bench.expectSuccess(bench("\(draw) -n 300 -o longer.h5"))
    bench.expectSuccess(bench("\(draw) -n 101 --seed 2 -o other.h5"))
    let x = try #require(drawn["x"]).doubles
    let longer = try #require(try bench.columns("longer.h5", .sample)["x"]).doubles
    #expect(Array(longer[..<202]) == x)
    #expect(try #require(try bench.columns("other.h5", .sample)["x"]).doubles != x)
    // Each row at its own theta0.
    bench.expectSuccess(bench("evaluate drawn.h5 --model m.h5 -o p.h5"))
    #expect(try #require(try bench.columns("p.h5", .estimates)["log_p"]).count == 101)
  }

  @Test func fisherAndLimitsTakeADensity() throws {
    let bench = Analysed()
    bench.expectSuccess(bench("\(Self.prior) -n 800 | train-density \(Self.quick) -o m.h5"))
    bench.expectSuccess(
      bench("fisher full events.h5 --model m.h5 --luminosity 3/fb --partition all -q -o f.h5"))
    bench.expectSuccess(
      bench(
        "limits expected events.h5 --model m.h5 --luminosity 3/fb --partition all -q"
          + " --grid cHW=-.05:.05:3 -o l.h5"))
  }

  @Test func samplesThatCannotBeUsed() {
    let bench = Analysed()
    bench.expectSuccess(bench("augment plain events.h5 --theta sm -n 50 -o plain.h5"))
    bench.expectFailure(
      "train-density plain.h5 -o m.h5", 65,
      "plain.h5: the sample has no column t_xz0; make the sample with augment score, density or ratio"
    )
    bench.expectSuccess(bench("\(Self.prior) -n 1 -o one.h5"))
    bench.expectFailure("train-density one.h5 -o m.h5", 65, "rows are too few")
    bench.expectFailure(
      "train-density one.h5 --validation-split 0 -o m.h5", 65,
      "observable pt_w has the same value in all rows, which has no density; leave it out")
    bench.expectFailure("train-density events.h5 -o m.h5", 65, "where sample is needed")
    bench.expectFailure("train-density plain.h5 --base normal -o m.h5", 64, "--base mixture:5")
    bench.expectFailure("train-density plain.h5 --flows 0 -o m.h5", 64, "--flows 5")
    bench.expectFailure("train-density plain.h5", 64, "-o")
  }

  @Test(.needsPython) func notANumberIsRefusedWithItsRow() {
    let bench = Analysed()
    bench.expectSuccess(bench("\(Self.prior) -n 50 -o bad.h5"))
    let outcome = Python.run(
      // A file without a digest, as another program may write it.
      script: """
        import h5py, sys
        with h5py.File(sys.argv[1], 'r+') as file:
          file['x'][7, 1] = float('nan')
          del file['sluice/content']
        """,
      arguments: [bench.folder.file("bad.h5")])
    #expect(outcome.status == 0, "\(outcome.error)")
    bench.expectFailure("train-density bad.h5 -o m.h5", 65, "bad.h5: row 8: observable mt_w is nan")
  }

  @Test func modelsThatGiveNoDensity() {
    let bench = Analysed()
    bench.expectSuccess(bench("augment score events.h5 --theta sm -n 200 -o score.h5"))
    bench.expectSuccess(bench("train-score score.h5 --hidden 5 --epochs 1 -o sally.h5"))
    bench.expectFailure(
      "evaluate draw --model sally.h5 --theta sm -n 3", 65, "a score model gives no density")
    bench.expectFailure(
      "evaluate events.h5 --model sally.h5 --theta1 sm", 64, "a score model gives no ratio")
    bench.expectFailure("evaluate draw --theta sm -n 3", 64, "a model is missing")
    bench.expectFailure("evaluate draw --model sally.h5 --theta sm", 64, "give -n N")
  }
}
