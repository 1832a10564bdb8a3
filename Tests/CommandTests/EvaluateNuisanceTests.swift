import EventIO
import EventModel
import TestSupport
import Testing

/// Models whose hypotheses have nuisance parameters, in every subcommand of `evaluate`.
@Suite struct EvaluateNuisanceTests {
  private static let events = Place.shared + "/golden/events/example.h5"
  private static let quick = "--hidden 5 --epochs 2"
  private static let prior = "flat:CWL2=-1:1,CPWL2=-1:1,gauss:scales=0:1"
  /// With a tolerance that lets all pass.
  private static let all = "--partition all --tolerance 1e9 --toys 2 --toy-events 3"

  /// At points with and without a value of ν, and at the benchmarks where none is given.
  private func expectDiagnoses(_ bench: Analysed, _ model: String) {
    for points in [
      "--theta CWL2=.3", "--theta CWL2=.3,scales=1 --theta w", "",
      "--grid CWL2=.1:.3:2 --grid scales=-1:1:2",
    ] {
      bench.expectSuccess(
        bench("evaluate diagnose \(Self.events) --model \(model) \(points) \(Self.all) -q"))
    }
  }

  /// `--nu` is the value in every point, and moves the weights of the events with it.
  private func expectDiagnosesAwayFromZero(_ bench: Analysed) throws {
    let name = "scales_nuisance_param_0"
    func checks(_ points: String, _ file: String) throws -> [Diagnosis.Check] {
      bench.expectSuccess(
        bench(
          "evaluate diagnose \(Self.events) --model m.h5 \(points) \(Self.all) -q -o \(file)"))
      return try Diagnosis(document: bench.header(file, .estimates).document).checks
    }
    let moved = try checks("--theta CWL2=.3 --theta w --nu scales=1", "nu.h5")
    let written = try checks("--theta CWL2=.3,scales=1 --theta w,scales=1", "written.h5")
    let still = try checks("--theta CWL2=.3 --theta w", "still.h5")
    #expect(moved.map(\.value) == written.map(\.value) && moved.count == still.count)
    for (a, b) in zip(moved, still) where a.name == "mean of r at theta1" {
      #expect(a.value != b.value && a.point == b.point + ",\(name)=1.0")
    }
    // theta1 is at 0: the same benchmark elsewhere is a point like any.
    let points = Set(try checks("--nu scales=1", "default.h5").map(\.point)).subtracting([""])
    #expect(points.contains("sm,\(name)=1.0") && points.allSatisfy { $0.hasSuffix(",\(name)=1.0") })
    for (options, text) in [
      ("--theta w,scales=1 --nu scales=2", "\(name) is given by --nu and by a point"),
      ("--grid scales=-1:1:2 --nu scales=2", "is given by --nu and by a point"),
      ("--nu CWL2=1", "there is no nuisance parameter 'CWL2'"), ("--nu scales", "--nu"),
    ] {
      bench.expectFailure("evaluate diagnose \(Self.events) --model m.h5 \(options)", 64, text)
    }
    bench.expectFailure(
      "evaluate diagnose n.h5 --model m.h5 --nu scales=1", 64, "--nu is for events")
  }

  @Test(.needsShared) func ratios() throws {
    let bench = Analysed(events: false)
    let e = Self.events
    bench.expectSuccess(
      bench(
        """
        augment ratio \(e) --theta0 \(Self.prior) --theta1 sm -n 600 -q -o n.h5 &&
          train-ratio n.h5 \(Self.quick) -o m.h5
        """))
    #expect(try Model(document: bench.header("m.h5", .model).document).parameterNames.count == 4)
    expectDiagnoses(bench, "m.h5")
    try expectDiagnosesAwayFromZero(bench)
    bench.expectSuccess(bench("evaluate diagnose n.h5 --model m.h5 --tolerance 1e9"))
    bench.expectSuccess(
      bench("evaluate importance \(e) --model m.h5 --theta CWL2=.3,scales=1 --partition all"))
    bench.expectSuccess(bench("evaluate importance n.h5 --model m.h5"))
    for (source, method) in [(e, "isotonic"), (e, "expectation"), ("n.h5", "expectation")] {
      let part = source == e ? "--partition all" : ""
      bench.expectSuccess(
        bench(
          "evaluate calibrate \(source) --model m.h5 --theta CWL2=.3 --theta CWL2=.3,scales=1"
            + " --method \(method) \(part) -o c.h5 && evaluate \(e) --model c.h5"
            + " --theta CWL2=.3,scales=1 --score --partition all -q -o e.h5"))
      let ensemble = try ModelEnsemble(document: bench.header("c.h5", .model).document)
      #expect(ensemble.calibration?.points.suffix(1) == [1])
      let ratios = try #require(try bench.columns("e.h5", .estimates)["log_r"]).doubles
      #expect(ratios.count == 325 && ratios.allSatisfy(\.isFinite))
    }
    // A model without them.
    bench.expectSuccess(
      bench(
        """
        augment ratio \(e) --theta0 flat:CWL2=-1:1 --theta1 sm --nuisance none -n 200 -q |
          train-ratio \(Self.quick) -o bare.h5
        """))
    bench.expectFailure(
      "evaluate diagnose \(e) --model bare.h5 --theta CWL2=.3 --partition all --nu scales=1", 64,
      "the hypotheses of the model have no nuisance parameters")
    // Hypotheses with nuisance parameters and without are not those of one another.
    bench.expectSuccess(
      bench(
        "augment ratio \(e) --theta0 flat:CWL2=-1:1 --theta1 sm --nuisance none -n 200 -q -o f.h5"))
    for command in [
      "diagnose", "importance", "calibrate -o x.h5 --theta sm", "--compare", "estimates",
    ] {
      bench.expectFailure("evaluate \(command) f.h5 --model m.h5", 65, "coordinates")
    }
    bench.expectFailure("evaluate draw --model m.h5 --theta CWL2=.3,scales=1 -n 3", 65, "density")
    bench.expectFailure(
      "evaluate diagnose \(e) --model m.h5 --theta scal=1", 64, "there is no parameter 'scal'")
  }

  @Test(.needsShared) func ratiosOfTwoHypotheses() throws {
    let bench = Analysed(events: false)
    let e = Self.events
    bench.expectSuccess(
      bench(
        """
        augment ratio \(e) --theta0 \(Self.prior) --theta1 \(Self.prior) -n 600 -q |
          train-ratio \(Self.quick) -o m.h5
        """))
    expectDiagnoses(bench, "m.h5")
    bench.expectSuccess(
      bench("evaluate importance \(e) --model m.h5 --theta CWL2=.3,scales=1 --partition all"))
    // Calibrated at pairs of its hypotheses, the opposite sign of the exchanged one kept.
    for method in ["expectation", "isotonic"] {
      bench.expectSuccess(
        bench(
          """
          evaluate calibrate \(e) --model m.h5 --theta CWL2=.3,scales=1 --theta w --theta1 sm,scales=-1 \
            --method \(method) --partition all -o c.h5 -f
          for f in c m; do
            evaluate \(e) --model $f.h5 --theta w --theta1 sm,scales=-1 --partition all -q -o $f.a.h5 -f
            evaluate \(e) --model $f.h5 --theta sm,scales=-1 --theta1 w --partition all -q -o $f.b.h5 -f
          done
          """))
      let ensemble = try ModelEnsemble(document: bench.header("c.h5", .model).document)
      #expect(ensemble.calibration?.count == 4 && ensemble.calibration?.scales.count == 8)
      func logs(_ name: String) throws -> [Double] {
        try #require(try bench.columns(name, .estimates)["log_r"]).doubles
      }
      let (own, turned, plain) = try (logs("c.a.h5"), logs("c.b.h5"), logs("m.a.h5"))
      #expect(own != plain && own.count == 325)
      for (a, b) in zip(own, turned) { #expect(abs(a + b) < 1e-9) }
    }
  }

  @Test(.needsShared, arguments: ["keep", "profile"]) func scores(_ treatment: String) throws {
    let bench = Analysed(events: false)
    let e = Self.events
    bench.expectSuccess(
      bench(
        """
        augment score \(e) --theta sm --nuisance \(treatment) -n 600 -q -o s.h5 &&
          train-score s.h5 \(Self.quick) -o m.h5
        """))
    for source in ["\(e) --partition all", "s.h5"] {
      let said = bench("evaluate diagnose \(source) --model m.h5 --tolerance 1e9")
      bench.expectSuccess(said)
      let hasNuisance = said.text.contains("slope of joint score by scales_nuisance_param_0")
      #expect(hasNuisance == (treatment == "keep"))
      bench.expectSuccess(bench("evaluate importance \(source) --model m.h5"))
    }
    bench.expectFailure(
      "evaluate diagnose \(e) --model m.h5 --partition all --nu scales=1", 64,
      "a score model is tested at its own point, where nuisance parameters are 0")
    bench.expectSuccess(
      bench("augment score \(e) --theta sm --nuisance none -n 100 -q -o other.h5"))
    bench.expectFailure(
      "evaluate diagnose other.h5 --model m.h5", 65,
      "other.h5: the scores of the sample treat nuisance parameters in another way")
    bench.expectFailure(
      "evaluate diagnose \(e) --model m.h5 --theta CWL2=.3", 64,
      "a score model is tested at its own point; leave --theta away")
    bench.expectFailure(
      "evaluate importance \(e) --model m.h5 --grid CWL2=0:1:2", 64, "leave --grid away")
  }

  @Test(.needsShared) func densities() throws {
    let bench = Analysed(events: false)
    let e = Self.events
    bench.expectSuccess(
      bench(
        """
        augment density \(e) --theta \(Self.prior) -n 2600 -q |
          train-density \(Self.quick) --flows 2 -o m.h5 &&
          evaluate draw --model m.h5 --theta CWL2=.3,scales=1 --theta sm -n 6 -q -o d.h5
        """))
    expectDiagnoses(bench, "m.h5")
    bench.expectSuccess(
      bench("evaluate importance \(e) --model m.h5 --theta CWL2=.3,scales=1 --partition all"))
    let theta = try #require(try bench.columns("d.h5", .sample)["theta0"]).doubles
    #expect(theta.prefix(8) == [0.3, 0, 0, 1, 0, 0, 0, 0])
    bench.expectFailure(
      "evaluate calibrate \(e) --model m.h5 --theta CWL2=.3,scales=1 -o c.h5", 65, "normalised")
  }
}
