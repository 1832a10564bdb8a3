import EventIO
import EventModel
import Foundation
import TestSupport
import Testing

/// Hypotheses that no morphing joins: benchmarks alone, and signal against background.
@Suite struct BenchmarkTests {
  private static let quick = "--hidden 8 --epochs 2"

  /// From events without a basis to a test of one benchmark against another.
  @Test(.needsPython) func benchmarksFromEventsToLimits() throws {
    let bench = Analysed()
    let removed = Python.run(
      script: """
        import h5py
        with h5py.File('events.h5', 'a') as f: del f['morphing']
        """, in: bench.folder.path)
    #expect(removed.status == 0, "\(removed.error)")
    for method in ["carl", "rolr", "alice"] {
      bench.expectSuccess(
        bench(
          """
          augment ratio events.h5 --theta0 chw_pos --theta1 sm -n 400 -q |
            train-ratio --method \(method) \(Self.quick) -o \(method).h5 &&
            evaluate events.h5 --model \(method).h5 --theta chw_pos --partition all -o e.h5 -f &&
            limits points events.h5 --model \(method).h5 --theta sm --test chw_pos \
            --luminosity 3/fb --partition all -q --json -o \(method).json
          """))
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: bench.folder.file("carl.json")))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let document = try #require(json["document"] as? [String: Any])
    let points = try #require(document["points"] as? [String: Any])
    let p = try #require(points["p"] as? [Double])
    #expect(p.count == 1 && p[0] > 0 && p[0] < 1 && points["p_at_true"] as? [Double] == [0.5])
    // Several masses, or benchmarks, in one network.
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 chw_pos --theta0 chw_neg --theta1 sm -n 400 -q |
          train-ratio --method alice \(Self.quick) -o two.h5 &&
          limits points events.h5 --model two.h5 --test chw_pos --test chw_neg --luminosity 3/fb \
          --partition all -q --no-rate > two.txt &&
          limits points events.h5 --model two.h5 --test chw_pos --luminosity 3/fb \
          --data events.h5 --partition all -q > observed.txt
        """))
    for (arguments, status, text) in [
      ("--model carl.h5 --test chw_neg", Int32(65), "carl.h5: the model is asked for"),
      ("--model carl.h5 --test cHW=0.5", 65, "benchmark"),
      ("--model carl.h5 --test sm", 64, "a tested point is the true point"),
      ("--test chw_pos", 64, "--model FILE"),
    ] {
      bench.expectFailure(
        "limits points events.h5 \(arguments) --luminosity 3/fb --partition all -q", status, text)
    }
    bench.expectFailure(
      "limits expected events.h5 --model carl.h5 --luminosity 3/fb -q", 65, "limits points")
  }

  /// Mass hypotheses: an analysis without morphing, and a sample for each of its benchmarks, whose events have no weight at
  /// the other.
  @Test func hypothesesFromTheAnalysisToTheTest() throws {
    let bench = Analysed(events: false)
    let analysis = """
      name: masses
      parameters:
        mass: {block: MASS, id: 25, range: [100, 200], unit: GeV}
      morphing: none
      benchmarks:
        light: {mass: 120}
        heavy: {mass: 180}
      observables:
        pt: l[0].pt
        m_bb: (b[0] + b[1]).m

      """
    bench.expectSuccess(bench("morph setup - -o masses.h5", input: Array(analysis.utf8)))
    let setup = try Setup(document: bench.header("masses.h5", .setup).document)
    #expect(setup.morphing == nil && setup.benchmarks.map(\.name) == ["light", "heavy"])
    // Two samples of one process, without weights and with other masses on their cards.
    bench.expectSuccess(
      bench(
        """
        hypothesis() {
          zcat "\(Place.root)/Examples/wh/wh_smeft_$1.lhe.gz" |
            sed '/<initrwgt>/,/<\\/initrwgt>/d; /<rwgt>/,/<\\/rwgt>/d' |
            sed -E "s/^( *25) +[0-9.e+]+( *# *[mM][hH].*)\\$/\\\\1 $2 \\\\2/"
        }
        hypothesis sm 120 > light.lhe
        hypothesis bsm 180 > heavy.lhe
        lhe-read --setup masses.h5 --sample light:light.lhe --sample heavy:heavy.lhe -o e.h5
        """))
    let table = try bench.table("e.h5")
    #expect(table.count == 10_000)
    for row in 0..<10_000 {
      let own = row < 6000 ? 0 : 1
      #expect(table.weights[2 * row + own] > 0 && table.weights[2 * row + 1 - own] == 0)
    }
    bench.expectSuccess(
      bench(
        """
        augment ratio e.h5 --theta0 light --theta1 heavy -n 400 -q |
          train-ratio --method carl \(Self.quick) -o m.h5 &&
          evaluate diagnose e.h5 --model m.h5 --theta light --partition all --toys 0 \
            --tolerance 1e9 -q &&
          limits points e.h5 --model m.h5 --theta heavy --test light --luminosity 3/fb \
            --partition all -q
        """))
    for (change, text) in [
      ("morphing: no", "line 4"), ("morphing: none\nbasis: {trials: 3}", "line 5"),
      ("morphing: none\nmax-overall-power: 2", "there is to be no morphing"),
    ] {
      bench.expectFailure(
        "morph setup - -o x.h5", 65, text,
        input: Array(analysis.replacing("morphing: none", with: change).utf8))
    }
    bench.expectFailure(
      "morph setup - -o x.h5", 65, "give at least two under 'benchmarks'",
      input: Array(analysis.replacing("  heavy: {mass: 180}\n", with: "").utf8))
  }

  /// Two models whose parameter is a label: no card holds it.
  @Test func aLabelNeedsNoCard() throws {
    let bench = Analysed(events: false)
    let analysis = """
      name: models
      parameters:
        model: {range: [0, 1]}
      morphing: none
      benchmarks:
        one: {model: 0}
        other: {model: 1}
      observables:
        pt: l[0].pt

      """
    bench.expectSuccess(bench("morph setup - -o models.h5", input: Array(analysis.utf8)))
    let info = bench("events info models.h5")
    #expect(info.text.contains("\nmodel       -   -  0.0   1.0"), "\(info.text)")
    bench.expectSuccess(
      bench(
        """
        zcat "\(Analysed.sample)" | sed '/<initrwgt>/,/<\\/initrwgt>/d; /<rwgt>/,/<\\/rwgt>/d' > a.lhe
        sed 's/^ *-11 /-13 /' a.lhe > b.lhe
        lhe-read --setup models.h5 --sample one:a.lhe --sample other:b.lhe -q -o e.h5
        augment ratio e.h5 --theta0 other --theta1 one -n 200 -q |
          train-ratio --method carl \(Self.quick) -o m.h5
        """))
    let table = try bench.table("e.h5")
    #expect(table.count == 400 && table.weights[0] > 0 && table.weights[1] == 0)
    for (change, text) in [
      ("{block: X, range: [0, 1]}", "line 3, column 3: 'model' has 'block' and no 'id'"),
      ("{transform: 2 * theta, range: [0, 1]}", "'model' has 'transform' and no 'block'"),
      ("{block: X, id: 1}", "'model' has no 'range'"),
    ] {
      bench.expectFailure(
        "morph setup - -o x.h5", 65, text,
        input: Array(analysis.replacing("{range: [0, 1]}", with: change).utf8))
    }
    bench.expectFailure(
      "morph setup - -o x.h5", 65, "'model' has no 'block'; add it",
      input: Array(analysis.replacing("morphing: none\n", with: "").utf8))
  }

  /// Signal and background of any simulator: rows, a label, and nothing else.
  @Test func signalAgainstBackground() throws {
    let bench = Analysed(events: false)
    bench.expectSuccess(
      bench(
        """
        awk 'BEGIN { srand(1); print "x\ty"
          for (i = 0; i < 4000; i++) { y = i % 2; g = 0
            for (k = 0; k < 12; k++) g += rand(); print g - 6 + (y ? 0 : 1) "\t" y } }' > t.tsv
        augment import t.tsv --x x --parameters mu=0:1 --theta0 mu=1 --theta1 mu=0 --y y -o s.h5 &&
          train-ratio s.h5 --method carl --hidden 10 --epochs 15 --rate 1e-2:1e-3 -o m.h5 &&
          evaluate s.h5 --model m.h5 --theta mu=1 -o e.h5
        """))
    let x = try #require(try bench.columns("s.h5", .sample)["x"]).doubles
    let ratios = try #require(try bench.columns("e.h5", .estimates)["log_r"]).doubles
    // log r = x − 1/2 of variance 1; a wrong label gives an error of 4 or more.
    let error = zip(x, ratios).reduce(0) { sum, row in
      sum + (row.1 - row.0 + 0.5) * (row.1 - row.0 + 0.5) / Double(x.count)
    }
    #expect(error < 0.1, "\(error)")
    bench.expectFailure(
      "train-ratio s.h5 --method alice -o a.h5", 65,
      "no column log_r_xz; name it to 'augment import' with --log-r, or train by a method")
  }
}
