import Diagnostics
import EventModel
import Inference
import Numerics
import TestSupport
import Testing

/// Trained models as evaluators: a linear network that is the exact score of the toy at θ = 0.
@Suite struct EstimatorBindingTests {
  static func model(part: Partition = .train, digest: String = "") -> Model {
    Model(
      target: .score, method: "sally", observableNames: ["x", "x2"], parameterNames: ["t0", "t1"],
      referenceTheta: [0, 0], thetaRange: [], xMeans: [0, 1], xScales: [2, 1], thetaMeans: [],
      thetaScales: [], scoreScales: [0.5, 1], layerWidths: [2, 2], activation: "tanh",
      // t0 = 2 C1 x = 0.5 · (4 C1 · 2x/2), t1 = 2 C2 (x² − 1).
      parameters: [8 * Toy.c1, 0, 0, 2 * Toy.c2, 0, 0], precision: "float64", trainingLoss: [],
      validationLoss: [], bestEpoch: 0, settings: [],
      sample: SampleInfo(method: "score", part: part, eventsDigest: digest), sampleDigest: "")
  }

  @Test(.needsShared) func scoreModelGivesTheInformationOfTheExactScore() throws {
    let team = ThreadTeam(threads: 2)
    let events = try CombinedEvents(Toy.quadrature(), team: team)
    let trained = try TrainedModel(Self.model(), name: "sally.h5", team: team)
    let entries = try DetectorInformation(
      events, part: .test, models: [trained], theta: [0, 0], luminosity: 3e5
    ).entries()
    let golden = try Golden("inference/results.json", "results")
    let exact = try golden.numbers("A.full_information.I", "analytic")
    #expect(deviation(entries[0].matrix, exact) < 1e-8)
    #expect(deviation(entries[1].matrix, exact) < 1e-8)
  }

  @Test func scoreModelGivesNoRatio() throws {
    let trained = try TrainedModel(
      Self.model(), name: "sally.h5", team: ThreadTeam(threads: 1))
    let problem = #expect(throws: Problem.self) {
      try LimitSource(CombinedEvents(Toy.quadrature()), luminosity: 10).expected(
        models: [trained], part: .all, thetaTrue: [0, 0],
        settings: LimitSettings(bounds: [-1...1, -1...1]))
    }
    #expect(problem?.file == "sally.h5")
  }

  /// The score of a ratio model is another variable at every θ, and that of another reference point another one too: their
  /// histograms cannot be compared.
  @Test func statisticsThatAreNotComparable() throws {
    let team = ThreadTeam(threads: 1)
    var ratio = Self.model()
    ratio.target = .ratio
    let problem = #expect(throws: Problem.self) {
      try ScoreColumns([TrainedModel(ratio, name: "alices.h5", team: team)])
    }
    #expect(problem?.kind == .data && problem?.file == "alices.h5")
    #expect(problem?.fact.contains("cannot be compared across theta") == true)
    var moved = Self.model()
    moved.referenceTheta = [0.1, 0]
    let second = #expect(throws: Problem.self) {
      try ScoreColumns([
        TrainedModel(Self.model(), name: "a.h5", team: team),
        TrainedModel(moved, name: "b.h5", team: team),
      ])
    }
    #expect(second?.file == "b.h5" && second?.fact.contains("another point") == true)
  }

  /// Training rows may be seen again only where parts overlap.
  @Test(
    arguments: [
      (Partition.train, Partition.test, "d", false), (.train, .train, "d", true),
      (.train, .all, "d", true), (.all, .test, "d", true), (.train, .train, "other", false),
    ])
  func trainingRowsWarn(_ job: (Partition, Partition, String, Bool)) throws {
    let journal = Journal()
    let trained = try TrainedModel(
      Self.model(part: job.0, digest: job.2), name: "sally.h5", team: ThreadTeam(threads: 1))
    trained.warnIfTrained(on: job.1, of: Toy.quadrature(), digest: "d", journal: journal)
    #expect(journal.warnings.isEmpty != job.3)
  }
}
