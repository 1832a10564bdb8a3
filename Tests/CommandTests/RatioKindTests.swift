import EventIO
import EventModel
import TestSupport
import Testing

/// Ratios of two hypotheses, point by point and morphing-aware; SALLINO; scores with nuisance parameters: through the
/// commands.
@Suite struct RatioKindTests {
  private static let quick = "--hidden 8 --epochs 2"
  /// The small sample has 200 events: priors near its benchmark.
  private static let prior = "flat:cHW=-0.1:0.1,cHq3=-0.02:0.02"

  /// Where scores are decides what is learned, not what the sample was made for.
  @Test func scoresAreLearnedAtTheirOwnPoint() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 cHW=0.05 --theta1 sm -n 400 -q -o ratio.h5 &&
          augment density events.h5 --theta cHW=0.05 -n 400 -q -o density.h5 &&
          augment ratio events.h5 --theta0 \(Self.prior) --theta1 sm -n 400 -q -o several.h5
        """))
    for sample in ["ratio", "density"] {
      bench.expectSuccess(bench("train-score \(sample).h5 \(Self.quick) -o \(sample)-m.h5"))
      let model = try Model(document: bench.header("\(sample)-m.h5", .model).document)
      #expect(model.referenceTheta == [0.05, 0])
    }
    for options in ["", "--epoch-rows 50"] {
      bench.expectFailure(
        "train-score several.h5 \(options) -o none.h5", 65,
        "several.h5: the scores are at several points: cHW is ")
    }
    #expect(!Place.exists(bench.folder.file("none.h5")))
  }

  /// Samples as another program may write them, with no digest: one without the rows drawn at theta1, which are passed over
  /// anyway, and one whose only parameter is a column without an axis of parameters.
  @Test(.needsPython) func scoresOfSamplesOfOtherPrograms() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 cHW=0.05 --theta1 sm -n 400 -q -o all.h5 && cp all.h5 some.h5 &&
          awk 'BEGIN { print "a\tm\tt"; for (i = 0; i < 200; ++i) print i % 7 "\t0.5\t" i % 3 - 1 }' > rows.tsv &&
          augment import rows.tsv --x a --parameters m=0:1 --theta0 m --score t -q -o flat.h5
        """))
    let outcome = Python.run(
      script: """
        import h5py, sys
        with h5py.File(sys.argv[1], 'r+') as file:
          kept = file['y'][()] == 0
          for path in [path for path in file if isinstance(file[path], h5py.Dataset)]:
            values, attributes = file[path][()][kept], dict(file[path].attrs)
            del file[path]
            file[path] = values
            for name, value in attributes.items(): file[path].attrs[name] = value
          del file['sluice/content']
        with h5py.File(sys.argv[2], 'r+') as file:
          values = file['theta0'][:, 0]
          del file['theta0'], file['sluice/content']
          file['theta0'] = values
        """, arguments: [bench.folder.file("some.h5"), bench.folder.file("flat.h5")])
    #expect(outcome.status == 0, "\(outcome.error)")
    func model(_ sample: String) throws -> Model {
      bench.expectSuccess(bench("train-score \(sample).h5 \(Self.quick) -q -o m-\(sample).h5"))
      return try Model(document: bench.header("m-\(sample).h5", .model).document)
    }
    #expect(try model("all").parameters == model("some").parameters)
    #expect(try model("flat").referenceTheta == [0.5])
  }

  @Test func twoHypothesesFromSampleToLimits() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 \(Self.prior) --theta1 \(Self.prior) -n 600 -q -o pair.h5 &&
          train-ratio pair.h5 \(Self.quick) -o m.h5
        """))
    let model = try Model(document: bench.header("m.h5", .model).document)
    #expect(model.hasTwoHypotheses && model.layerWidths[0] == 4 + model.observableNames.count)
    // A sample at its own pairs; and exchanging the points changes the sign.
    bench.expectSuccess(bench("evaluate pair.h5 --model m.h5 --score -o own.h5"))
    let own = try bench.columns("own.h5", .estimates)
    #expect(own["log_r"]?.count == 600 && own["score"]?.count == 1200)
    #expect(own["score1"]?.count == 1200)
    for (a, b, file) in [("sm", "cHW=0.05", "a.h5"), ("cHW=0.05", "sm", "b.h5")] {
      bench.expectSuccess(
        bench(
          "evaluate events.h5 --model m.h5 --theta \(a) --theta1 \(b) --partition all -o \(file)"))
    }
    let a = try #require(try bench.columns("a.h5", .estimates)["log_r"]).doubles
    let b = try #require(try bench.columns("b.h5", .estimates)["log_r"]).doubles
    #expect(a.count == 200 && a == b.map { -$0 })
    bench.expectSuccess(
      bench(
        """
        limits expected events.h5 --model m.h5 --theta1 sm --luminosity 3/fb --partition all -q \
          --grid cHW=-.05:.05:3 --fix cHq3 -o l.h5 &&
          fisher full events.h5 --model m.h5 --theta1 sm --luminosity 3/fb --partition all -q -o f.h5
        """))
    bench.expectFailure(
      "train-ratio pair.h5 --hypotheses 1 -o x.h5", 65,
      "pair.h5: the sample has more than one denominator hypothesis")
    bench.expectFailure(
      "train-ratio pair.h5 --network polynomial --hypotheses 2 -o x.h5", 64, "one hypothesis")
    bench.expectFailure("train-ratio pair.h5 --hypotheses 3 -o x.h5", 64, "--hypotheses 2")
    // A single theta1 has no scores of its own.
    bench.expectSuccess(
      bench("augment ratio events.h5 --theta0 \(Self.prior) --theta1 sm -n 300 -q -o one.h5"))
    bench.expectFailure(
      "train-ratio one.h5 --hypotheses 2 -o x.h5", 65,
      "one.h5: the sample has one denominator hypothesis, and no scores at it")
    bench.expectSuccess(bench("train-ratio one.h5 \(Self.quick) -o one_model.h5"))
    bench.expectFailure(
      "limits expected events.h5 --model one_model.h5 --theta1 sm --luminosity 3/fb", 64,
      "one_model.h5 has no free theta1")
    bench.expectFailure(
      "limits expected events.h5 --theta1 sm --luminosity 3/fb", 64, "--theta1 is for --model")
  }

  @Test func pointByPointHoldsAtItsPoint() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 cHW=0.05 --theta1 sm -n 400 -q |
          train-ratio --method carl \(Self.quick) -o m.h5
        """))
    let model = try Model(document: bench.header("m.h5", .model).document)
    #expect(model.fixedParameters == [0, 1] && model.layerWidths[0] == model.observableNames.count)
    bench.expectSuccess(
      bench(
        "evaluate events.h5 --model m.h5 --theta cHW=0.05 --theta sm --partition all -q -o e.h5"))
    let ratios = try #require(try bench.columns("e.h5", .estimates)["log_r"]).doubles
    #expect(ratios.count == 400)
    #expect(stride(from: 1, to: 400, by: 2).allSatisfy { ratios[$0] == 0 })
    bench.expectSuccess(
      bench(
        "limits points events.h5 --model m.h5 --test cHW=0.05 --luminosity 3/fb --partition all -q"
          + " > points.txt"))
    for (arguments, text) in [
      ("evaluate events.h5 --model m.h5 --theta cHW=0.06", "knows cHW=0.05 only"),
      ("evaluate events.h5 --model m.h5 --theta cHW=0.05 --score", "depends on cHW"),
      (
        "fisher full events.h5 --model m.h5 --theta cHW=0.05 --luminosity 3/fb -q",
        "m.h5: the model does not know how log r depends on cHW"
      ),
      (
        "limits expected events.h5 --model m.h5 --luminosity 3/fb -q --grid cHW=-.1:.1:3",
        "m.h5: the model is asked for"
      ), ("limits expected events.h5 --model m.h5 --luminosity 3/fb -q", "limits points"),
    ] { bench.expectFailure(arguments, 65, text) }
  }

  /// An anchored model, from the method whose default it is to limits; what goes on from it needs no --network.
  @Test func anchoredFromSampleToLimits() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 \(Self.prior) --theta1 sm -n 600 -q -o s.h5 &&
          train-ratio s.h5 --method cascal \(Self.quick) -o m.h5 &&
          train-ratio s.h5 --method cascal --epochs 1 --continue m.h5 -o more.h5 &&
          train-ratio s.h5 --network polynomial \(Self.quick) -o p.h5 &&
          train-ratio s.h5 --epochs 1 --continue p.h5 -o p2.h5
        """))
    for (file, isAnchored) in [("m.h5", true), ("more.h5", true), ("p2.h5", false)] {
      let model = try Model(document: bench.header(file, .model).document)
      #expect(model.isAnchored == isAnchored && (model.amplitudes != nil) == !isAnchored)
    }
    bench.expectSuccess(
      bench("evaluate events.h5 --model m.h5 --theta sm --theta cHW=0.05 --partition all -o e.h5"))
    let values = try #require(try bench.columns("e.h5", .estimates)["log_r"]).doubles
    // On a grid of points the first layer sums in another order: rounding is left.
    #expect((0..<200).allSatisfy { abs(values[2 * $0]) < 1e-6 && values[2 * $0 + 1] != 0 })
    bench.expectSuccess(
      bench(
        """
        limits expected events.h5 --model m.h5 --luminosity 3/fb --partition all -q \
          --grid cHW=-.05:.05:3 --fix cHq3 -o l.h5
        """))
    bench.expectFailure(
      "train-ratio s.h5 --network anchored --hypotheses 2 -o x.h5", 64, "--network anchored has one"
    )
    bench.expectFailure(
      "train-ratio s.h5 --network perceptron --continue m.h5 -o x.h5", 65, "anchored at theta1")
  }

  /// learning.md 7.2: morphing-aware models are read like any.
  @Test func morphingAwareFromSampleToLimits() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 \(Self.prior) --theta1 sm -n 600 -q |
          train-ratio --network morphing-aware \(Self.quick) -o m.h5
        """))
    let model = try Model(document: bench.header("m.h5", .model).document)
    #expect(model.morphed?.outputs == 6 && model.morphed?.powers.count == 6)
    bench.expectSuccess(
      bench(
        """
        evaluate events.h5 --model m.h5 --theta cHW=0.05 --score --partition all -o e.h5 &&
          limits expected events.h5 --model m.h5 --luminosity 3/fb --partition all -q \
          --grid cHW=-.05:.05:3 -o l.h5 && plot m.h5 -o m.svg
        """))
    let e = try bench.columns("e.h5", .estimates)
    #expect(e["log_r"]?.doubles.allSatisfy(\.isFinite) == true && e["score"]?.count == 400)
  }

  @Test func sallinoProjectsOnDirections() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        augment score events.h5 --theta sm -n 400 -q |
          train-score --method sallino \(Self.quick) -o m.h5 &&
          evaluate events.h5 --model m.h5 --theta cHW=0.3,cHq3=0.4 --partition all -o e.h5
        """))
    let model = try Model(document: bench.header("m.h5", .model).document)
    #expect(model.method == "sallino" && model.referenceTheta == [0, 0])
    let e = try bench.columns("e.h5", .estimates)
    let score = try #require(e["score"]).doubles
    let projected = try #require(e["projected_score"]).doubles
    #expect(projected.count == 200)
    for (i, value) in projected.enumerated() {
      let expected = 0.6 * score[2 * i] + 0.8 * score[2 * i + 1]
      #expect(abs(value - expected) < 1e-12 * (1 + abs(expected)))
    }
    // At the reference point itself log r is 0, and so it is on a grid through it.
    bench.expectSuccess(
      bench("evaluate events.h5 --model m.h5 --grid cHW=-1:1:3 --theta sm --partition all -o g.h5"))
    let grid = try bench.columns("g.h5", .estimates)
    let along = try #require(grid["projected_score"]).doubles
    #expect(along.count == 800)
    for i in 0..<200 {
      // In the order sm, cHW = -1, 0, 1.
      #expect(along[4 * i] == 0 && along[4 * i + 2] == 0)
      #expect(along[4 * i + 1] == -score[2 * i] && along[4 * i + 3] == score[2 * i])
    }
    bench.expectFailure("evaluate events.h5 --model m.h5 --nuisance profile", 64, "--nuisance keep")
    bench.expectFailure(
      "evaluate events.h5 --model m.h5 --information i.h5", 64, "--nuisance profile")
  }

  /// The reference file has two nuisance parameters; a profiled component is that combination of the kept ones.
  @Test(.needsShared) func nuisanceComponentsOfAScore() throws {
    let bench = Analysed(events: false)
    let events = Place.shared + "/golden/events/example.h5"
    bench.expectSuccess(
      bench(
        """
        augment score \(events) --theta sm --nuisance keep -n 2000 -q |
          train-score \(Self.quick) -o m.h5
        for n in keep project profile; do
          evaluate \(events) --model m.h5 --nuisance $n --partition all -q -o $n.h5 || exit 1; done
        fisher full \(events) --model m.h5 --luminosity 3/fb --partition all -q -o f.h5
        """))
    let model = try Model(document: bench.header("m.h5", .model).document)
    let p = model.parameterNames.count
    #expect(p == 4 && model.scoreInformation.count == 16)
    func scores(_ name: String) throws -> [Double] {
      try #require(try bench.columns(name, .estimates)["score"]).doubles
    }
    let (kept, projected, profiled) = try (
      scores("keep.h5"), scores("project.h5"), scores("profile.h5")
    )
    #expect(kept.count == 2 * projected.count && profiled.count == projected.count)
    #expect(projected[0] == kept[0] && projected[3] == kept[5])
    bench.expectFailure(
      "evaluate \(events) --model m.h5 --nuisance project --theta sm,scales=1", 64,
      "only in what is left out of it")
    // Uncorrelated with the nuisance components in the matrix: row · I_ν = 0.
    let i = model.scoreInformation
    let determinant = i[10] * i[15] - i[11] * i[14]
    let a = (i[2] * i[15] - i[3] * i[14]) / determinant
    let b = (i[3] * i[10] - i[2] * i[11]) / determinant
    #expect(abs(profiled[0] - (kept[0] - a * kept[2] - b * kept[3])) < 1e-9)
  }
}
