import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// What the trainers have in common: ensembles, trainings that go on and trainings that were interrupted.
@Suite struct TrainingCommandTests {
  private static let draw =
    "augment ratio events.h5 --theta0 flat:cHW=-.1:.1,cHq3=-.03:.03 --theta1 sm -n 400"
  private static let quick = "train-ratio sample.h5 --hidden 8 --epochs 3 --no-provenance"

  private static func bench() -> Analysed {
    let bench = Analysed()
    bench.expectSuccess(bench("\(draw) --observables pt_w,mt_w -o sample.h5"))
    return bench
  }

  @Test func membersTogetherAndApart() throws {
    let bench = Self.bench()
    bench.expectSuccess(bench("\(Self.quick) --members 3 -o whole.h5"))
    bench.expectSuccess(bench("\(Self.quick) --members 3 -@ 1 -o one.h5 && cmp whole.h5 one.h5"))
    bench.expectSuccess(
      bench("for k in 2 3 1; do \(Self.quick) --member $k/3 -o m$k.h5 || exit; done"))
    bench.expectSuccess(bench("events merge m3.h5 m1.h5 m2.h5 -o merged.h5"))
    bench.expectSuccess(bench("events diff whole.h5 merged.h5"))
    let missing = bench("events merge m3.h5 m1.h5 -o two.h5")
    #expect(missing.status == 65 && missing.error.contains("member 2 of 3 is missing"))
    bench.expectSuccess(bench("events merge --allow-missing m3.h5 m1.h5 -o two.h5"))
    #expect(try ModelEnsemble(document: bench.header("two.h5", .model).document).members.count == 2)
    // Every command takes it, and outputs are the means of the members'.
    let all = "--theta cHW=0.05 --partition all"
    bench.expectSuccess(bench("evaluate events.h5 --model whole.h5 \(all) -o e.h5"))
    bench.expectSuccess(
      bench(
        "evaluate events.h5 --model m1.h5 --model m2.h5 --model m3.h5 \(all) -o f.h5 && events diff e.h5 f.h5"
      ))
    bench.expectSuccess(bench("events info whole.h5 | grep -q 'members  *3'"))
    bench.expectSuccess(bench("events check whole.h5"))
    bench.expectSuccess(bench("plot whole.h5 -O tsv > /dev/null"))
    bench.expectSuccess(
      bench(
        "fisher full events.h5 --model whole.h5 --theta sm --luminosity 3/fb --partition all -q -o i.h5"
      ))
    bench.expectSuccess(
      bench(
        "limits expected events.h5 --model whole.h5 --luminosity 3/fb --partition all -q --grid cHW=-.05:.05:3 -o l.h5"
      ))
  }

  @Test func aTrainingGoesOn() throws {
    let bench = Self.bench()
    bench.expectSuccess(bench("\(Self.quick) --method carl -o a.h5"))
    bench.expectSuccess(
      bench("train-ratio sample.h5 --continue a.h5 --method alices --epochs 2 -o b.h5"))
    let (a, b) = try (
      Model(document: bench.header("a.h5", .model).document),
      Model(document: bench.header("b.h5", .model).document)
    )
    #expect(
      b.layerWidths == a.layerWidths && b.xMeans == a.xMeans && b.thetaScales == a.thetaScales)
    #expect(b.trainingLoss.count == 5 && Array(b.trainingLoss[..<3]) == a.trainingLoss)
    let other = bench("train-ratio sample.h5 --continue a.h5 --hidden 9 -o c.h5")
    #expect(other.status == 64 && other.error.contains("--hidden is 8 in the model to continue"))
  }

  /// Killed after some state was written, and started again: the bytes of a training that was never interrupted. A test
  /// that finds the training done before the signal proves nothing, but does not fail.
  @Test(arguments: ["TERM", "KILL"])
  func anInterruptedTrainingGoesOn(signal: String) {
    let bench = Self.bench()
    let long = "train-ratio sample.h5 --hidden 8 --epochs 400 --no-provenance --dropout 0.1"
    bench.expectSuccess(bench("\(long) -o whole.h5"))
    let outcome = bench(
      """
      \(long) --checkpoint c.h5 --checkpoint-every 5 -o m.h5 & job=$!
      while ! [ -e c.h5 ] && kill -0 $job; do sleep 0.01; done
      kill -\(signal) $job; wait $job; echo $? ; [ -e m.h5 ] && echo written
      """)
    let words = outcome.text.split(whereSeparator: \.isWhitespace).map(String.init)
    if words.last != "written" {
      #expect(words == [signal == "TERM" ? "75" : "137"], "\(outcome.text) \(outcome.error)")
      #expect(signal == "KILL" || outcome.error.contains("c.h5: interrupted; the same command"))
      let another = bench("\(long) --seed 2 --checkpoint c.h5 -o m.h5")
      #expect(another.status == 65 && another.error.contains("seed"), "\(another.error)")
      bench.expectSuccess(bench("events info c.h5"))
    }
    bench.expectSuccess(
      bench("\(long) --checkpoint c.h5 --checkpoint-every 5 -o m.h5 && cmp m.h5 whole.h5"))
    #expect(bench("ls c.h5").status != 0, "the state goes when the model is there")
  }

  @Test func whatIsNotANumberIsRefusedWithItsPlace() throws {
    let bench = Self.bench()
    for (column, text) in [
      ("x", "observable mt_w is nan"), ("theta0", "theta0 of cHq3 is nan"),
      ("t_xz0", "t_xz0 of cHq3 is nan"), ("log_r_xz", "log_r_xz is nan"),
    ] {
      try Self.spoil("sample.h5", as: "bad.h5", column: column, in: bench)
      let outcome = bench("train-ratio bad.h5 --epochs 1 -o m.h5")
      #expect(outcome.status == 65)
      #expect(outcome.error.contains("bad.h5: row 7: \(text) (1 such value)"), "\(outcome.error)")
      #expect(bench("ls m.h5").status != 0)
    }
  }

  /// A copy with NaN in the last value of the seventh row of a column.
  private static func spoil(
    _ name: String, as copy: String, column: String, in bench: Analysed
  ) throws {
    let source = try Input.openTable(
      bench.folder.file(name), expecting: [.sample], journal: Journal())
    let sink = try Output.openTable(
      bench.folder.file(copy), header: source.header, options: OutputOptions())
    let index = try #require(source.header.index(of: column))
    let width = source.header.fields[index].width
    var isFirst = true
    while var batch = try source.next() {
      if isFirst {
        var values = batch.columns[index].doubles
        values[7 * width - 1] = .nan
        batch.columns[index] =
          source.header.fields[index].type == .float32
          ? .float32(values.map { Float($0) }) : .float64(values)
        isFirst = false
      }
      try sink.write(batch)
    }
    try sink.finish()
  }
}
