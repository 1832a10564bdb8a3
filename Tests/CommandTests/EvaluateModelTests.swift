import EventIO
import EventModel
import Glibc
import TestSupport
import Testing

/// What `evaluate` does with a model beside estimates, and models for other programs.
@Suite struct EvaluateModelTests {
  /// A folder with a ratio model of the 200 events.
  private static func bench() -> Analysed {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        "augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1,cHq3=-0.05:0.05 --theta1 sm"
          + " --observables pt_w,mt_w -n 400"
          + " | train-ratio --method alices --hidden 8 --epochs 2 -o m.h5"))
    return bench
  }
  private static let points = "--theta cHW=0.05 --theta cHW=-0.05,cHq3=0.02 --partition all"

  @Test func aCalibrationIsPartOfTheModel() throws {
    let bench = Self.bench()
    let evaluate = "evaluate events.h5 \(Self.points) --model"
    bench.expectSuccess(bench("\(evaluate) m.h5 -o plain.h5"))
    let plain = try #require(try bench.columns("plain.h5", .estimates)["log_r"]).doubles
    for method in ["expectation", "isotonic"] {
      bench.expectSuccess(
        bench(
          "evaluate calibrate events.h5 --model m.h5 \(Self.points) --method \(method) -o c.h5"))
      let ensemble = try ModelEnsemble(document: bench.header("c.h5", .model).document)
      #expect(ensemble.calibration?.method.rawValue == method && ensemble.calibration?.count == 2)
      #expect(ensemble.calibration?.part == .all && ensemble.calibration?.eventsDigest != "")
      bench.expectSuccess(bench("\(evaluate) c.h5 -o c_r.h5"))
      let corrected = try #require(try bench.columns("c_r.h5", .estimates)["log_r"]).doubles
      #expect(corrected != plain)
      if method == "expectation", let shifts = ensemble.calibration?.corrections {
        for (i, value) in corrected.enumerated() {
          #expect(abs(value - plain[i] - shifts[i % 2][0]) < 1e-12)
        }
      }
      // Limits and information take it as they take any model.
      bench.expectSuccess(
        bench(
          "limits expected events.h5 --theta sm --model c.h5 --luminosity 3/fb --partition all -q"
            + " --grid cHW=-.05:.05:3 -o l.h5"))
    }
    // A calibrated model can be calibrated again: what was there goes.
    bench.expectSuccess(
      bench("evaluate calibrate events.h5 --model c.h5 --theta cHW=0.05 --partition all -o d.h5"))
    let again = try ModelEnsemble(document: bench.header("d.h5", .model).document)
    #expect(again.calibration?.count == 1)
  }

  /// What is printed and what -o keeps are the same numbers, and those of the rows' own estimates.
  @Test func aComparisonIsKept() throws {
    let bench = Self.bench()
    bench.expectSuccess(
      bench(
        """
        augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1,cHq3=-0.05:0.05 --theta1 sm \
          --observables pt_w,mt_w -n 300 --seed 3 -q -o s.h5
        evaluate s.h5 --model m.h5 --compare -o c.h5
        evaluate s.h5 --model m.h5 --compare -o c.json
        evaluate s.h5 --model m.h5 --score -q -o e.h5
        """))
    let kept = try bench.header("c.h5", .estimates).document
    #expect(try bench.header("c.json", .estimates).document.exactJSON == kept.exactJSON)
    let sample = try bench.columns("s.h5", .sample)
    let estimates = try bench.columns("e.h5", .estimates)
    func column(_ columns: [String: Column], _ path: String) throws -> [Double] {
      try #require(columns[path]).doubles
    }
    let (logs, joint) = try (column(estimates, "log_r"), column(sample, "log_r_xz"))
    let labels = try column(sample, "y")
    #expect(kept.integer("comparison/rows") == 300)
    #expect(kept.integer("comparison/infinite_rows") == joint.count { $0.isInfinite })
    let squares = zip(logs, joint).map { ($0 - $1) * ($0 - $1) }.sorted()
    let (scores, truth) = try (column(estimates, "score"), column(sample, "t_xz0"))
    func mean(_ values: some Collection<Double>) -> Double {
      values.reduce(0, +) / Double(values.count)
    }
    let numerator = (0..<300).filter { labels[$0] == 0 }
    for (path, wanted) in [
      ("mean_squared_error", mean(squares)),
      ("trimmed_mean_squared_error", mean(squares.prefix(285))),
      (
        "mean_ratio_denominator",
        mean((0..<300).filter { labels[$0] == 1 }.map { exp(logs[$0]) })
      ), ("mean_inverse_ratio_numerator", mean(numerator.map { exp(-logs[$0]) })),
    ] {
      let value = try #require(kept.real("comparison/" + path))
      // Networks of float32, whose rows are summed in other blocks for estimates.
      #expect(relativeError(value, wanted) < 1e-5, "\(path): \(value) \(wanted)")
    }
    let errors = try #require(kept.reals("comparison/score_errors"))
    #expect(errors.count == 2)
    for (k, error) in errors.enumerated() {
      let wanted = mean(
        numerator.map {
          (scores[2 * $0 + k] - truth[2 * $0 + k]) * (scores[2 * $0 + k] - truth[2 * $0 + k])
        })
      #expect(relativeError(error, wanted) < 1e-5)
    }
    let text = bench("evaluate s.h5 --model m.h5 --compare -o c.txt && cat c.txt").text
    #expect(text == bench("evaluate s.h5 --model m.h5 --compare").text)
    #expect(
      text.contains("mean of r over denominator rows") && text.contains("of the score by cHq3"))
    bench.expectFailure("evaluate s.h5 --model m.h5 --compare --theta sm -o x.h5", 64, "--compare")
    bench.expectFailure("plot c.h5 -O tsv", 65, "only a diagnosis is drawn")
  }

  @Test func aDiagnosisSaysYesOrNoAndIsDrawn() throws {
    let bench = Self.bench()
    let diagnose = "evaluate diagnose events.h5 --model m.h5 \(Self.points) --toys 4"
    // With a tolerance that lets all pass the answer is yes.
    let passed = bench("\(diagnose) --tolerance 1000")
    bench.expectSuccess(passed)
    #expect(passed.text.hasPrefix("# verdict") && passed.text.contains("AUC after reweighting"))
    bench.expectSuccess(bench("\(diagnose) --tolerance 1000 --json -o d.json"))
    bench.expectSuccess(bench("\(diagnose) --tolerance 1000 --luminosity 3/fb -o d.h5"))
    let diagnosis = try Diagnosis(document: bench.header("d.h5", .estimates).document)
    #expect(diagnosis.events == 200 && diagnosis.failures == 0 && diagnosis.curves.count == 2)
    bench.expectSuccess(bench("plot d.h5 -O tsv -o d.tsv"))
    #expect(bench("plot d.h5 -O tsv").text == bench("plot d.json -O tsv").text)
    // Two events in a toy and no tolerance at all: something fails, and the file is there all the same.
    let failed = bench("\(diagnose) --tolerance 1e-9 --toy-events 2 -o f.h5")
    #expect(failed.status == 1 && failed.error.contains("checks failed"), "\(failed.error)")
    #expect(try Diagnosis(document: bench.header("f.h5", .estimates).document).failures > 0)
    bench.expectFailure("\(diagnose) --tolerance 0", 64, "--tolerance takes a positive number")
    bench.expectFailure(
      "evaluate diagnose events.h5 --model m.h5 --partition all", 64,
      "no benchmark but theta1 is inside the range of training; give --theta")
    bench.expectSuccess(bench("evaluate events.h5 --model m.h5 \(Self.points) -o e.h5"))
    bench.expectFailure("plot e.h5 -O tsv", 65, "only a diagnosis is drawn")
  }

  @Test func importanceOfObservables() throws {
    let bench = Self.bench()
    let outcome = bench("evaluate importance events.h5 --model m.h5 \(Self.points) --repeats 2")
    bench.expectSuccess(outcome)
    let names = outcome.text.split(separator: "\n").dropFirst().map { $0.prefix { $0 != " " } }
    #expect(Set(names) == ["pt_w", "mt_w"])
    // What -o keeps is read back, and converted.
    let evaluate = "evaluate importance events.h5 --model m.h5 \(Self.points) --repeats 2"
    bench.expectSuccess(bench("\(evaluate) -o imp.h5 && \(evaluate) -O npz -o imp.npz"))
    let kept = try bench.header("imp.h5", .estimates).document
    #expect(Set(kept.texts("importance/observables") ?? []) == ["pt_w", "mt_w"])
    #expect(kept.reals("importance/shares")?.count == 2)
    #expect(kept.reals("importance/increase_errors")?.count == 2)
    bench.expectFailure("plot imp.h5 -O tsv", 65, "only a diagnosis is drawn")
    bench.expectSuccess(bench("test $(head -c 2 imp.npz) = PK"))
    // The rows of a sample have hypotheses of their own.
    bench.expectSuccess(
      bench(
        "augment ratio events.h5 --theta0 flat:cHW=-0.1:0.1,cHq3=-0.05:0.05 --theta1 sm"
          + " --observables pt_w,mt_w -n 400 --seed 2 -q -o s.h5"
          + " && evaluate importance s.h5 --model m.h5 --repeats 2 -o s_imp.h5"))
    #expect(
      try bench.header("s_imp.h5", .estimates).document.texts("importance/observables")?.count == 2)
    for option in ["--theta sm", "--grid cHW=0:1:2", "--partition all", "--order linear"] {
      bench.expectFailure(
        "evaluate importance s.h5 --model m.h5 \(option)", 64,
        "\(option.prefix { $0 != " " }) is for events; the rows of a sample")
    }
    bench.expectFailure(
      "evaluate importance events.h5 --model m.h5", 64, "a parameter point is missing")
    bench.expectFailure(
      "evaluate importance events.h5 --model m.h5 --theta sm --repeats 0", 64, "--repeats")
  }

  /// A model of linear order is compared with events to linear order, said or not, and with no others.
  @Test func ordersInTheCouplingsMustAgree() {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        """
        for order in linear quadratic; do
          augment ratio events.h5 --theta0 flat:cHW=-0.05:0.05 --theta1 sm --order $order \
            --observables pt_w,mt_w -n 400 -q |
            train-ratio --method carl --hidden 8 --epochs 2 -o $order.h5 || exit 1
        done
        """))
    let rest = "--theta cHW=0.03 --partition all"
    for command in ["diagnose --toys 0 --tolerance 1e9", "importance --repeats 1"] {
      let taken = bench("evaluate \(command) events.h5 --model linear.h5 \(rest)")
      let given = bench("evaluate \(command) events.h5 --model linear.h5 --order linear \(rest)")
      bench.expectSuccess(taken)
      #expect(taken.text == given.text)
      // The whole polynomial of this setup is quadratic.
      bench.expectSuccess(
        bench("evaluate \(command) events.h5 --model quadratic.h5 --order quadratic \(rest)"))
      bench.expectFailure(
        "evaluate \(command) events.h5 --model linear.h5 --order quadratic \(rest)", 64,
        "linear.h5: the model was trained to linear order")
      bench.expectFailure(
        "evaluate \(command) events.h5 --model quadratic.h5 --order linear \(rest)", 64,
        "quadratic.h5: the model was trained with the whole polynomial")
    }
    bench.expectFailure(
      "evaluate calibrate events.h5 --model linear.h5 --order quadratic \(rest) -o c.h5", 64,
      "trained to linear order")
    bench.expectSuccess(
      bench("evaluate calibrate events.h5 --model linear.h5 \(rest) -o c.h5"))
  }

  @Test func scoreModelsToo() throws {
    let bench = Analysed()
    bench.expectSuccess(
      bench(
        "augment score events.h5 --theta sm -n 300 --observables pt_w,mt_w"
          + " | train-score --hidden 8 --epochs 2 -o s.h5"))
    let outcome = bench("evaluate diagnose events.h5 --model s.h5 --partition all --tolerance 1e3")
    bench.expectSuccess(outcome)
    #expect(outcome.text.contains("slope of joint score by cHW"))
    bench.expectSuccess(bench("evaluate importance events.h5 --model s.h5 --partition all"))
    bench.expectFailure(
      "evaluate calibrate events.h5 --model s.h5 --theta sm -o c.h5", 65,
      "a score model has no ratio to calibrate")
  }

  @Test func modelsForOtherPrograms() throws {
    let bench = Self.bench()
    for format in ["onnx", "npz"] {
      bench.expectSuccess(bench("events convert m.h5 -o m.\(format)"))
      let piped = bench("events convert m.h5 -O \(format)")
      bench.expectSuccess(piped)
      #expect(piped.output == bench("cat m.\(format)").output && piped.output.count > 1000)
      bench.expectFailure(
        "events convert events.h5 -O \(format)", 64, "a table cannot be written as \(format)")
    }
    bench.expectSuccess(bench("events convert setup.h5 -o setup.npz"))
    bench.expectFailure("events convert setup.h5 -o s.onnx", 64, "cannot be written as onnx")
    bench.expectFailure(
      "evaluate events.h5 --theta sm --model m.npz", 65, "this is a zip archive")
    bench.expectFailure("evaluate events.h5 --theta sm --model m.onnx", 65, "m.onnx")
    for method in ["expectation", "isotonic"] {
      bench.expectSuccess(
        bench(
          "evaluate calibrate events.h5 --model m.h5 \(Self.points) --method \(method) -o c.h5 -f"
            + " && events convert c.h5 -o c.onnx -f"))
    }
  }
}
