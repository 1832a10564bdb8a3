import Diagnostics
import EventIO
import EventModel
import Glibc
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Checks of a model: they pass for one that has learned, and fail for one that is bent.
@Suite struct DiagnosisTests {
  private static func diagnose(
    _ model: Model, threads: Int = 1, rows: Int = 40_000, toys: Int = 60
  ) throws -> Diagnosis {
    try diagnose(ModelEnsemble(model), threads: threads, rows: rows, toys: toys)
  }
  private static func diagnose(
    _ model: ModelEnsemble, threads: Int = 1, rows: Int = 40_000, toys: Int = 60
  ) throws -> Diagnosis {
    let team = ThreadTeam(threads: threads)
    let estimator = try Estimator([model], team: team)
    let events = try WeightedTestEvents(
      AmplitudeToy.events(rows, seed: 5), estimator: estimator, part: .test)
    var plan = EstimatorDiagnosis.Plan()
    plan.toys = toys
    plan.luminosity = 100
    return try EstimatorDiagnosis(
      estimator: estimator, events: events, plan: plan, team: team, journal: Journal()
    ).run(points: [("half", [0.5]), ("down", [-0.8])])
  }

  @Test func aGoodRatioPassesAndABentOneFails() throws {
    let (good, (_, bad)) = (try CalibrationTests.exact(), try CalibrationTests.distorted())
    let passed = try Self.diagnose(good)
    #expect(passed.failures == 0, "\(passed.checks.filter { $0.verdict == .fail })")
    // One check of the model, then the same of each point.
    let names = passed.checks.filter { $0.point == "half" }.map(\.name)
    #expect(passed.checks.count == 1 + 2 * names.count && Set(names).count == names.count)
    for name in ["mean of r at theta1", "AUC after reweighting", "coverage of 68 %", "n |log E r|"]
    { #expect(names.contains(name)) }
    let failed = Set(try Self.diagnose(bad).checks.filter { $0.verdict == .fail }.map(\.name))
    for name in [
      "rms of log r at theta1", "mean of r at theta1", "slope of joint s on s", "calibration of s",
      "AUC after reweighting", "coverage of 68 %", "slope of joint score by theta",
    ] { #expect(failed.contains(name), "\(name)") }
    // n |log E r| is what the mean of r says.
    func value(_ name: String) throws -> Double {
      try #require(passed.checks.first { $0.name == name && $0.point == "half" }).value
    }
    let n = 100 * AmplitudeToy.crossSection(0.5)
    #expect(
      relativeError(try value("n |log E r|"), abs(n * log(try value("mean of r at theta1")))) < 0.05
    )
  }

  /// The distortion is a monotonic function of log r, which isotonic regression finds and takes away.
  @Test func calibrationRepairsAMonotonicDistortion() throws {
    let (_, bad) = try CalibrationTests.distorted()
    let team = ThreadTeam(threads: 1)
    let estimator = try Estimator([bad], team: team)
    let events = try WeightedTestEvents(
      AmplitudeToy.events(40_000, seed: 6), estimator: estimator, part: .validation)
    var ensemble = ModelEnsemble(bad)
    ensemble.calibration = try RatioCalibrator(events: events, journal: Journal()).calibrate(
      estimator, method: .isotonic, points: [("half", [0.5]), ("down", [-0.8])], eventsDigest: "")
    let repaired = try Self.diagnose(ensemble)
    let failed = Set(repaired.checks.filter { $0.verdict == .fail }.map(\.name))
    for name in [
      "mean of r at theta1", "slope of joint s on s", "calibration of s", "AUC after reweighting",
    ] { #expect(!failed.contains(name), "\(name)") }
  }

  // MARK: Samples

  private static func diagnose(
    _ model: Model, _ source: MemorySource, threads: Int = 1
  ) throws -> Diagnosis {
    let team = ThreadTeam(threads: threads)
    let estimator = try Estimator([model], team: team)
    let sample = try TrainingRows(
      source, columns: SampleDiagnosis.columns(for: estimator, of: source.header))
    return try SampleDiagnosis(
      estimator: estimator, sample: sample, plan: EstimatorDiagnosis.Plan(), team: team
    ).run()
  }

  @Test func aSampleTellsAGoodRatioFromABentOne() throws {
    let (good, (_, bad)) = (try CalibrationTests.exact(), try CalibrationTests.distorted())
    func source() -> MemorySource { AmplitudeToy.sample(rows: 40_000, seed: 7) }
    let passed = try Self.diagnose(good, source())
    #expect(passed.failures == 0, "\(passed.checks.filter { $0.verdict == .fail })")
    #expect(passed.checks.allSatisfy { $0.point.isEmpty } && passed.curves.count == 1)
    let failed = Set(
      try Self.diagnose(bad, source()).checks.filter { $0.verdict == .fail }.map(\.name))
    for name in [
      "mean of r at theta1", "slope of joint s on s", "calibration of s", "AUC after reweighting",
    ] { #expect(failed.contains(name), "\(name)") }
    let again = try Self.diagnose(good, source(), threads: 3)
    #expect(again.document.exactJSON == passed.document.exactJSON)
  }

  /// The exact score of the toy is (x − θ)/5; one of twice its size has a slope of ½.
  @Test func aSampleOfScoresIsOfTheModelsPoint() throws {
    let rows = try TrainingRows(
      GaussianToy.scoreSample(rows: 20_000, seed: 1), columns: .scores)
    var plan = RatioTests.plan()
    plan.training.epochs = 8
    var model = try EstimatorTrainer(
      plan: plan, team: ThreadTeam(threads: 1), journal: Journal()
    ).trainScore(rows)
    func source() -> MemorySource { GaussianToy.scoreSample(rows: 20_000, seed: 2) }
    #expect(try Self.diagnose(model, source()).failures == 0)
    model.scoreScales = model.scoreScales.map { 2 * $0 }
    let doubled = try Self.diagnose(model, source())
    let slope = try #require(
      doubled.checks.first { $0.name == "slope of joint score by theta" })
    #expect(slope.verdict == .fail && abs(slope.value - 0.5) < 0.05)
    model.referenceTheta = [1]
    let problem = #expect(throws: Problem.self) { try Self.diagnose(model, source()) }
    #expect(problem?.kind == .data && problem?.fact.contains("theta=0") == true)
  }

  /// A network of two hypotheses for the amplitude toy.
  private static func pair(hidden: [Int], _ parameters: [Double]) -> Model {
    var model = Model(
      target: .ratio, method: "alice", observableNames: ["x"], parameterNames: ["theta"],
      referenceTheta: [0], thetaRange: [[-1, 1]], xMeans: [0], xScales: [1], thetaMeans: [0],
      thetaScales: [1], scoreScales: [1], layerWidths: [3] + hidden + [1], activation: "tanh",
      parameters: parameters, precision: "float64", trainingLoss: [], validationLoss: [],
      bestEpoch: 0, settings: [],
      sample: SampleInfo(method: "ratio", setup: AmplitudeToy.setup), sampleDigest: "")
    model.denominatorRange = [[-1, 1]]
    return model
  }

  /// r(x|θ, θ1) by way of a third hypothesis is the same for the exact ratio. A linear network is a difference of two terms
  /// and cannot fail; tanh of all inputs together does.
  @Test func otherReferenceHypotheses() throws {
    func spread(_ model: Model) throws -> [Diagnosis.Check] {
      try Self.diagnose(model, rows: 2000, toys: 0).checks.filter {
        $0.name == "spread over reference hypotheses"
      }
    }
    let linear = try spread(Self.pair(hidden: [], [0.5, -0.25, 0.75, 0.1]))
    #expect(linear.count == 2 && linear.allSatisfy { $0.value < 1e-12 && $0.verdict == .pass })
    let bent = try spread(Self.pair(hidden: [1], [2, 1, 1, 0.5, 3, 0]))
    #expect(bent.count == 2 && bent.allSatisfy { $0.verdict == .fail })
    let (single, _) = try CalibrationTests.distorted()
    #expect(try spread(single).isEmpty)
  }

  @Test func theBitsDoNotDependOnThreadsAndTheDocumentKeepsThem() throws {
    let (good, _) = try CalibrationTests.distorted()
    let one = try Self.diagnose(good, rows: 4000, toys: 5)
    for threads in [2, 3] {
      #expect(
        try Self.diagnose(good, threads: threads, rows: 4000, toys: 5).document.exactJSON
          == one.document.exactJSON)
    }
    let again = try Diagnosis(document: one.document)
    #expect(again.document.exactJSON == one.document.exactJSON && again.curves == one.curves)
    #expect(again.checks.map(\.verdict) == one.checks.map(\.verdict))
    #expect(again.checks.contains { $0.verdict == .note && $0.expected.isNaN })
  }

  /// Against the sum over pairs, with ties.
  @Test func areaUnderTheCurve() {
    var stream = PhiloxStream(seed: 1, purpose: .testing, item: 9)
    let n = 60
    let scores = (0..<n).map { _ in Double(Int(stream.uniform(0, 12))) }
    let a = (0..<n).map { _ in stream.uniform(0.1, 2) }
    let b = (0..<n).map { stream.uniform(0.1, 2) + 0.1 * scores[$0] }
    var sum = 0.0
    for i in 0..<n {
      for j in 0..<n {
        sum += b[i] * a[j] * (scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0)
      }
    }
    let area = ClosureTest.area(scores: scores, target: b, reweighted: a)
    #expect(abs(area.value - sum / a.reduce(0, +) / b.reduce(0, +)) < 1e-12)
    #expect(area.error > 0 && area.error < 0.1)
    // Equal weights are not told apart, and that is exact.
    let same = ClosureTest.area(scores: scores, target: a, reweighted: a)
    #expect(abs(same.value - 0.5) < 1e-12 && same.error < 1e-12)
  }

  /// The error of the area is that of repeated samples of independent classes.
  @Test func areaErrorCovers() {
    var pulls: [Double] = []
    for turn in 0..<200 {
      var stream = PhiloxStream(seed: 2, purpose: .testing, item: UInt64(turn))
      let scores = (0..<200).map { stream.normal() + ($0 < 100 ? 0.5 : 0) }
      let target = (0..<200).map { $0 < 100 ? 1.0 : 0 }
      let area = ClosureTest.area(
        scores: scores, target: target, reweighted: target.map { 1 - $0 })
      pulls.append((area.value - Normal.cdf(0.5 / 2.0.squareRoot())) / area.error)
    }
    let variance = pulls.reduce(0) { $0 + $1 * $1 } / 200
    // χ² of 200 pulls: 1 ± 0.1.
    #expect(abs(variance - 1) < 0.4, "\(variance)")
  }

  @Test func slopeAndCurveOfJointQuantities() {
    var stream = PhiloxStream(seed: 3, purpose: .testing, item: 1)
    let learned = (0..<20_000).map { _ in stream.uniform() }
    let joint = learned.map { 0.8 * $0 + 0.1 + 0.2 * stream.normal() }
    let weights = learned.map { _ in stream.uniform(0.5, 1.5) }
    let comparison = JointComparison(learned: learned, joint: joint, weights: weights)
    // 20,000 rows of spread 0.2 over a width of 0.29: 0.005.
    #expect(abs(comparison.slope.value - 0.8) < 5 * comparison.slope.error)
    #expect(comparison.slope.error > 0.003 && comparison.slope.error < 0.008)
    let curve = comparison.curve("c")
    #expect(curve.learned.count == JointComparison.bins && curve.eventsLearned.count >= 300)
    for i in curve.learned.indices {
      #expect(abs(curve.joint[i] - 0.8 * curve.learned[i] - 0.1) < 5 * curve.errors[i])
    }
    // |0.2 q − 0.1| has mean 0.05 over q in [0, 1].
    #expect(abs(curve.deviation.value - 0.05) < 5 * curve.deviation.error + 0.003)
  }

  @Test func otherParametersAreRefused() throws {
    let estimator = try Estimator(
      [ExportModels.model(.score, precision: "float64")], team: ThreadTeam(threads: 1))
    let problem = #expect(throws: Problem.self) {
      try WeightedTestEvents(
        AmplitudeToy.events(100, seed: 1), estimator: estimator, part: .all)
    }
    #expect(problem?.kind == .data && problem?.fact.contains("parameters") == true)
  }

  @Test func importanceKnowsWhatCarriesNothing() throws {
    let (good, _) = try CalibrationTests.distorted()
    let estimator = try Estimator([good], team: ThreadTeam(threads: 1))
    let events = try WeightedTestEvents(
      AmplitudeToy.events(10_000, seed: 5), estimator: estimator, part: .test)
    let result = try PermutationImportance(
      estimator: estimator, events: events, points: [[0.5]], repeats: 2, seed: 1,
      journal: Journal()
    ).run()
    // x is all there is: without it the gain is lost, and more, since the network is sure of wrong values.
    #expect(result.entries.map(\.observable) == ["x"] && result.gain > 0.01)
    #expect(result.entries[0].share > 0.8, "\(result)")
  }
}
