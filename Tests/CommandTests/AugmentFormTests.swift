import EventModel
import TestSupport
import Testing

/// Hypotheses of every form, weighted samples, nuisance parameters, benchmarks alone, and rows of other simulators.
@Suite struct AugmentFormTests {
  @Test func everyFormOfHypothesisMakesASample() throws {
    let bench = Analysed()
    for (i, theta) in [
      "--theta0 log:cHW=1e-3:0.1", "--theta0 gauss:cHW=0:0.05:-0.1:0.1",
      "--theta0 gauss:cHW=0:0.02,cHq3=0:0.01,cHW/cHq3=0.5", "--theta0 grid:cHW=-0.1:0.1:3",
      "--theta0 flat:cHW=-0.1:0.1,fixed:cHq3=0.01", "--theta0 sm --theta0 grid:cHW=0:0.1:2",
    ].enumerated() {
      bench.expectSuccess(
        bench("augment ratio events.h5 \(theta) --theta1 sm -n 64 -q -o s\(i).h5"))
      let info = try SampleInfo(document: bench.header("s\(i).h5", .sample).document)
      let written = info.theta0.split(separator: " ").map(String.init)
      #expect(try ThetaSpecification(parsing: written).description == info.theta0)
    }
    let listed = try SampleInfo(document: bench.header("s5.h5", .sample).document).effective
    #expect(listed.map(\.theta) == [[0, 0], [0.1, 0]])
    #expect(listed.allSatisfy { $0.kish > 10 && $0.byLargestShare > 1 })
    bench.expectSuccess(
      bench(
        "augment ratios events.h5 --theta0 sm --theta1 cHW=0.05 --additional cHW=0.1 -n 90 -o r.h5")
    )
    let rows = try bench.columns("r.h5", .sample)
    #expect(rows["t_xz1"] != nil && rows["y"]?.count == 90)
    bench.expectSuccess(
      bench("augment density events.h5 --theta flat:cHW=-0.1:0.1 -n 90 -o d.h5"))
    #expect(try bench.columns("d.h5", .sample)["t_xz0"]?.count == 180)
  }

  /// The reference file has nuisance parameters: a benchmark away from their 0, on the command line and in a list.
  @Test(.needsShared) func aBenchmarkWithNuisanceParameters() throws {
    let bench = Analysed(events: false)
    let events = Place.shared + "/golden/events/example.h5"
    bench.expectSuccess(
      bench(
        """
        printf 'w,scales=1\\n' > points.txt
        augment ratio \(events) --theta0 w,scales=1 --theta1 sm -n 20 -q -o a.h5 &&
          augment ratio \(events) --theta0 @points.txt --theta1 sm -n 20 -q -o b.h5 &&
          augment ratio \(events) --theta0 CWL2=1,CPWL2=0.1,scales=1 --theta1 sm -n 20 -q -o c.h5
        """))
    let a = try bench.columns("a.h5", .sample)
    #expect(a["theta0"]?.doubles.prefix(4) == [1, 0.1, 0, 1])
    #expect(a["theta1"]?.doubles.allSatisfy { $0 == 0 } == true)
    for other in ["b.h5", "c.h5"] {
      let rows = try bench.columns(other, .sample)
      for (path, column) in a { #expect(rows[path]?.doubles == column.doubles, "\(path)") }
    }
    bench.expectFailure(
      "augment plain \(events) --theta w,CWL2=1 --nuisance keep -n 3 -o x.h5", 64,
      "benchmark 'w' has its own value of CWL2; only nuisance parameters follow")
    bench.expectFailure(
      "augment plain \(events) --theta w,scales=1 --nuisance none -n 3 -o x.h5", 64,
      "--nuisance none contradicts")
  }

  /// Every method takes a prior that correlates a parameter with a nuisance parameter.
  @Test(.needsShared) func aPriorThatJoinsParametersAndNuisanceParameters() throws {
    let bench = Analysed(events: false)
    let events = Place.shared + "/golden/events/example.h5"
    let prior = "gauss:CWL2=0:0.1,scales=0:1,CWL2/scales=0.9"
    let common = "-n 4000 --rows-per-nuisance 1 -q"
    bench.expectSuccess(
      bench(
        """
        augment plain \(events) --theta \(prior) \(common) -o plain.h5 &&
          augment test \(events) --theta \(prior) \(common) -o test.h5 &&
          augment density \(events) --theta \(prior) \(common) -o density.h5 &&
          augment ratio \(events) --theta0 \(prior) --theta1 sm \(common) -o ratio.h5 &&
          augment ratio \(events) --theta0 \(prior) --theta1 sm --weighted --rows-per-nuisance 1 -q -o weighted.h5 &&
          augment ratios \(events) --theta0 sm --theta1 sm --additional \(prior) \(common) -o ratios.h5
        """))
    for (name, column, step) in [
      ("plain", "theta0", 1), ("test", "theta0", 1), ("density", "theta0", 1),
      ("ratio", "theta0", 1), ("weighted", "theta0", 1), ("ratios", "theta1", 4),
    ] {
      let bare = try bench.columns("\(name).h5", .sample)
      let theta = try #require(bare[column]).doubles
      // Of 'ratios' every fourth row has an event of theta0 and the further hypothesis for its denominator.
      let rows = stride(from: name == "ratios" ? 1 : 0, to: theta.count / 4, by: step)
      var (xx, xy, yy, n) = (0.0, 0.0, 0.0, 0.0)
      for row in rows {
        let (x, y) = (theta[4 * row] / 0.1, theta[4 * row + 3])
        (xx, xy, yy, n) = (xx + x * x, xy + x * y, yy + y * y, n + 1)
      }
      let error: Double = (1 - 0.81) / n.squareRoot()
      #expect(abs(xy / (xx * yy).squareRoot() - 0.9) < 5 * error, "\(name)")
    }
  }

  @Test func badSpellingsNameOptionAndRemedy() {
    let bench = Analysed()
    func fail(_ arguments: String, _ status: Int32, _ text: String) {
      bench.expectFailure("augment \(arguments) -o bad.h5", status, text)
    }
    fail("ratio events.h5 --theta0 log:cHW=-1:1 --theta1 sm -n 1", 64, "--theta0")
    fail("ratio events.h5 --theta0 sm --theta1 gauss:cHW=0 -n 1", 64, "--theta1")
    fail("plain events.h5 --theta gauss:cHW=0:1,cHW/cHq3=0.4 -n 1", 64, "--theta")
    fail("plain events.h5 --theta gauss:cHW=0:1:8:9 -n 1", 64, "0.1 %")
    fail("plain events.h5 --theta prior --theta sm -n 1", 64, "stands beside")
    fail("plain events.h5 --theta sm -n 1 --clip-score 0", 64, "--clip-score")
    fail("plain events.h5 --theta sm -n 1 --nuisance keep", 65, "events.h5")
    fail("plain events.h5 --theta sm", 64, "-n")
    fail("ratios events.h5 --theta0 sm --theta1 cHW=0.1 -n 1", 64, "--additional")
    bench.expectFailure(
      """
      printf 'sm\\ncHW=x\\n' > points; augment plain events.h5 --theta @points -n 1 -o b; s=$?
      rm points; exit $s
      """, 65, "points: line 2")
  }

  @Test func weightedSamplesAreTrainedOn() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 sm --theta0 cHW=0.05 --theta1 sm --weighted -o w.h5 &&
          train-ratio w.h5 --hidden 5 --epochs 2 -o model.h5 &&
          augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1 --theta1 sm --weighted -n inf -q |
          train-ratio --epoch-rows 300 --hidden 5 --epochs 2 -o endless.h5
        """))
    let rows = try bench.columns("w.h5", .sample)
    let weights = try #require(rows["weight"]).doubles
    let events = try bench.table("events.h5")
    let train = events.eventIDs.count { events.partition.part(of: $0) == .train }
    #expect(weights.count == 4 * train)
    #expect(try SampleInfo(document: bench.header("w.h5", .sample).document).isWeighted)
  }

  /// Without a basis, hypotheses are benchmarks; what needs θ to vary is refused.
  @Test(.needsPython) func benchmarksAloneAreEnoughForRatios() throws {
    let bench = Analysed()
    let removed = Python.run(
      script: """
        import h5py
        with h5py.File('events.h5', 'a') as f: del f['morphing']
        """, in: bench.folder.path)
    #expect(removed.status == 0, "\(removed.error)")
    let names = try bench.table("events.h5").setup.benchmarks.map(\.name)
    for method in ["carl", "rolr", "alice"] {
      bench.expectSuccess(
        bench(
          """
          augment ratio events.h5 --theta0 \(names[1]) --theta1 \(names[0]) -n 400 -q |
            train-ratio --method \(method) --hidden 5 --epochs 2 -o \(method).h5
          """))
    }
    for (arguments, text) in [
      ("ratio events.h5 --theta0 prior --theta1 sm -n 5", "benchmark"),
      ("score events.h5 --theta sm -n 5", "morph setup"),
      ("plain events.h5 --theta cHW=0.123 -n 5", "benchmark"),
    ] { bench.expectFailure("augment \(arguments) -o b.h5", 65, text) }
    bench.expectFailure(
      "augment ratio events.h5 --theta0 \(names[1]) --theta1 sm -n 50 -q | train-ratio --method alices -o b.h5",
      65,
      "the sample has no column t_xz0: its events have weights at benchmarks and no morphing")
    bench.expectSuccess(bench("augment plain events.h5 --theta sm -n 50 -q -o p.h5"))
    for (command, remedy) in [
      ("train-ratio p.h5 --method carl", "no column y; make the sample with augment ratio"),
      ("train-score p.h5", "no column t_xz0; make the sample with augment score, density or ratio"),
    ] { bench.expectFailure("\(command) -o b.h5", 65, remedy) }
  }

  @Test func rowsOfAnySimulatorBecomeASample() throws {
    let bench = Analysed(events: false)
    let options =
      "--x a,b --parameters m=0:1 --theta0 m --theta1 m=0.5 --y y --log-r lr --score t"
    bench.expectSuccess(
      bench(
        """
        awk 'BEGIN { print "a\\tb\\tm\\ty\\tlr\\tt"
          for (i = 0; i < 300; i++) print i / 7 "\\t" i % 5 "\\t" i / 300 "\\t" i % 2 "\\t" 0.01 * i "\\t" i % 3 }' > t.tsv
        augment import t.tsv \(options) --no-provenance -o t.h5 &&
          augment import \(options) < t.tsv | train-ratio --hidden 4 --epochs 2 -o model.h5
        """))
    let rows = try bench.columns("t.h5", .sample)
    #expect(rows["x"]?.count == 600 && rows["t_xz0"]?.count == 300)
    bench.expectFailure("augment import t.tsv --x a,c --parameters m -o b.h5", 65, "'c'")
    bench.expectFailure("augment import t.tsv --x a -o b.h5", 64, "--parameters")
    bench.expectFailure("augment import t.tsv --parameters m=1:0 --x a -o b.h5", 64, "--parameters")
    bench.expectFailure(
      "augment import t.tsv --x a --parameters m --theta0 q=1 -o b.h5", 64, "--theta0")
    bench.expectFailure(
      "augment import t.tsv --x a --parameters m --theta0 sm,m=1 -o b.h5", 64,
      "rows of another simulator have none")
    bench.expectFailure(
      "augment import t.tsv --x a --parameters m --theta0 m --theta1 m=0 --y b -o b.h5", 65,
      "row 3")
  }

  /// The same rows as text, numpy, Arrow and HDF5 arrays.
  @Test(.needsPython) func everyEncodingIsTheSameSample() throws {
    let bench = Analysed(events: false)
    let written = Python.run(
      script: """
        import h5py, numpy as np, pyarrow as pa
        n = 50
        x = np.arange(2 * n, dtype=float).reshape(n, 2) / 3
        m = np.linspace(0, 1, n)
        with h5py.File('t.hdf5', 'w') as f: f['x'] = x; f['m'] = m
        np.save('t.npy', np.column_stack([x, m]))
        t = pa.table({'x_0': x[:, 0], 'x_1': x[:, 1], 'm': m})
        with pa.OSFile('t.arrow', 'w') as f, pa.ipc.new_stream(f, t.schema) as w: w.write_table(t)
        np.savetxt('t.tsv', np.column_stack([x, m]), fmt='%.17g', delimiter='\\t', comments='',
                   header='x_0\\tx_1\\tm')
        """, in: bench.folder.path)
    #expect(written.status == 0, "\(written.error)")
    let outcome = bench(
      """
      set -e
      for f in t.tsv t.arrow; do
        augment import $f --x x_0,x_1 --parameters m --theta0 m --no-provenance -o $f.h5; done
      augment import t.hdf5 --x x --parameters m --theta0 m --no-provenance -o t.hdf5.h5
      augment import t.npy --columns x_0,x_1,m --x x_0,x_1 --parameters m --theta0 m --no-provenance -o t.npy.h5
      cmp t.tsv.h5 t.arrow.h5 && cmp t.tsv.h5 t.hdf5.h5 && cmp t.tsv.h5 t.npy.h5
      """)
    bench.expectSuccess(outcome)
  }

  /// The board's estimators against its exact likelihood, on fewer runs: the gold brings ALICES far below what a
  /// constant would give, which is Σ p (log r)² = 0.05.
  @Test func theGaltonBoardIsLearned() throws {
    let bench = Analysed(events: false)
    let outcome = bench(
      """
      cp \(Place.root)/Examples/galton/[!o]* . && make -s RUNS=6000 EPOCHS=8 BIN="$(dirname "$(command -v augment)")"
      """)
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 23)
    let errors = try #require(lines.last).split(separator: " ").compactMap { Double($0) }
    #expect(errors.count == 6 && errors[5] < 0.01, "\(lines.last ?? "")")
  }

  /// Where morphing has no basis, a ratio has scores at a numerator whose neighbours give finite differences: those of
  /// 'augment score' there.
  @Test(.needsShared) func finiteDifferencesServeRatios() throws {
    let bench = Analysed(events: false)
    let events = Place.shared + "/golden/events/example_fd.h5"
    bench.expectSuccess(
      bench(
        """
        augment ratio \(events) --theta0 sm --theta1 sm_plus_CWL2 -n 200 --partition all -q -o r.h5
        augment score \(events) --theta sm -n 200 --partition all -q -o s.h5
        train-ratio r.h5 --method alices --hidden 5 --epochs 2 -o m.h5
        train-ratio r.h5 --method cascal --hidden 5 --epochs 2 -o c.h5
        augment ratio \(events) --theta0 sm_plus_CWL2 --theta1 sm -n 200 --partition all -q -o n.h5
        """))
    let ratio = try bench.columns("r.h5", .sample)
    let score = try bench.columns("s.h5", .sample)
    let (ids, t) = (try #require(ratio["event_id"]).doubles, try #require(ratio["t_xz0"]).doubles)
    let own = try #require(score["event_id"]).doubles
    let scores = try #require(score["t_xz0"]).doubles
    var compared = 0
    for (row, id) in ids.enumerated() {
      guard let place = own.firstIndex(of: id) else { continue }
      #expect(t[2 * row] == scores[2 * place] && t[2 * row + 1] == scores[2 * place + 1])
      compared += 1
    }
    #expect(compared > 50)
    #expect(try bench.columns("n.h5", .sample)["t_xz0"] == nil)
    bench.expectFailure("train-ratio n.h5 --method alices -o x.h5", 65, "t_xz0")
  }
}
