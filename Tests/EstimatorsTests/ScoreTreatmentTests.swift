import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Components of a score that are of nuisance parameters.
@Suite struct ScoreTreatmentTests {
  /// The matrix and rows of spec learning.md 2.6.
  @Test func profiledRowsAreTheReference() throws {
    let profile = try ScoreTreatment.profile(
      ["a", "b", "nu"], on: ["a", "b"], information: [2, 0.3, 0.5, 0.3, 1, 0.2, 0.5, 0.2, 4])
    for (found, wanted) in zip(profile.matrix, [1, 0, -0.125, 0, 1, -0.05]) {
      #expect(abs(found - wanted) < 1e-15)
    }
    #expect(profile.names == ["a", "b"] && profile.kept == [0, 1])
    let scores = profile.apply([1, 2, 4, 0, 0, 8])
    for (found, wanted) in zip(scores, [0.5, 1.8, -1, -0.4]) {
      #expect(abs(found - wanted) < 1e-14)
    }
  }

  @Test func keptAndProjected() throws {
    let scores = [1.0, 2, 3, 4, 5, 6]
    #expect(ScoreTreatment.keep(["a", "b", "nu"]).apply(scores) == scores)
    #expect(try ScoreTreatment.project(["a", "b", "nu"], on: ["b"]).apply(scores) == [2, 5])
  }

  /// A luminosity error has the score 0 but for rounding; what it is divided by must not be that rounding.
  @Test func whatChangesNothingTakesNothing() throws {
    let alone = try ScoreTreatment.profile(
      ["a", "lumi"], on: ["a"], information: [0.5, 3e-17, 3e-17, 2e-30])
    #expect(alone.apply([1, 7]) == [1])
    // Two that do the same, one of which is enough: t − (0.2/0.8)(ν₁ + ν₂)/2.
    let both = try ScoreTreatment.profile(
      ["a", "n", "m"], on: ["a"], information: [0.5, 0.2, 0.2, 0.2, 0.8, 0.8, 0.2, 0.8, 0.8])
    #expect(abs(both.apply([1, 2, 2])[0] - 0.5) < 1e-12)
  }

  @Test func whatCannotBeDoneIsSaid() {
    let broken = #expect(throws: Problem.self) {
      try ScoreTreatment.profile(["a", "nu"], on: ["a"], information: [1, 0, 0, .nan])
    }
    #expect(broken?.fact.contains("nu") == true)
    #expect(throws: Problem.self) { try ScoreTreatment.project(["a"], on: ["c"]) }
  }

  /// Two parameters that shift x and y of the toy: t = (x/5, (x + y)/5) has the information [[1, 1], [1, 2]]/5, so that the
  /// first profiled over the second is x/5 − (x + y)/10.
  @Test func aModelHoldsTheInformationThatItIsProfiledWith() throws {
    let rows = 6000
    var (x, t): ([Double], [Double]) = ([], [])
    for row in 0..<rows {
      var stream = PhiloxStream(seed: 2, purpose: .testing, item: UInt64(row))
      let (a, b) = (2 * stream.normal(), 2 * stream.normal())
      x += [a + stream.normal(), b + stream.normal()]
      t += [a / 4, (a + b) / 4]
    }
    let info = SampleInfo(
      method: "score", theta0: "zero", theta1: "zero", theta1Values: [0, 0],
      setup: GaussianToy.setup)
    let source = MemorySource(
      header: Header(
        kind: .sample, document: info.document,
        fields: [
          Field(SampleFields.x, components: ["x", "y"]),
          Field(SampleFields.score0, components: ["theta", "nu"]),
        ]), batches: [Batch(count: rows, columns: [.float64(x), .float64(t)])])
    let model = try EstimatorTrainer(
      plan: RatioTests.plan(), team: ThreadTeam(threads: 1), journal: Journal()
    ).trainScore(TrainingRows(source, columns: .scores), method: "sallino")
    #expect(model.method == "sallino" && model.referenceTheta == [0, 0])
    #expect(try Model(document: model.document) == model)
    // 6000 rows: 2 % of statistics, and as much of the network.
    for (found, wanted) in zip(model.scoreInformation, [0.2, 0.2, 0.2, 0.4]) {
      #expect(abs(found - wanted) < 0.03)
    }
    let profile = try ScoreTreatment.profile(
      ["theta", "nu"], on: ["theta"], information: model.scoreInformation)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    for (x, y) in [(1.0, 1.0), (2.0, -1.0), (-1.5, 0.5)] {
      let score = profile.apply(try estimator.score(x: [x, y]))
      #expect(abs(score[0] - (x - y) / 10) < 0.06)
    }
  }
}
