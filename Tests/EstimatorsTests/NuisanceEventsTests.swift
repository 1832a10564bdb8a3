import Augmentation
import Diagnostics
import EventIO
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Test events at (θ, ν): what they weigh, and their scores, are what samples are drawn with.
@Suite struct NuisanceEventsTests {
  private static func table() throws -> EventTable {
    try EventTable.load(
      Input.openTable(
        Place.shared + "/golden/events/example.h5", expecting: [.events], journal: Journal()))
  }

  /// A score model of a few rows, whose record says how nuisance parameters were treated.
  private static func estimator(
    _ table: EventTable, _ treatment: NuisanceTreatment
  ) throws -> Estimator {
    var plan = SamplePlan(
      method: .score, theta0: .points([[0, 0, 0, 0]]), count: 200, seed: 1)
    plan.nuisance = treatment
    let maker = try SampleMaker(
      plan, events: WeightedEvents(table, part: .train, nuisance: true))
    let info = maker.info(
      theta0: "sm", theta1: "", part: .train, combination: .balance, digest: "")
    let source = MemorySource(
      header: Header(kind: .sample, document: info.document, fields: maker.fields),
      batches: [try maker.batch(0..<200).batch])
    var choices = RatioTests.plan()
    choices.training.epochs = 1
    let team = ThreadTeam(threads: 1)
    let model = try EstimatorTrainer(plan: choices, team: team, journal: Journal()).trainScore(
      TrainingRows(source, columns: .scores))
    return try Estimator([model], team: team)
  }

  /// 1e-12: sums of the same terms in other orders.
  @Test(.needsShared, arguments: [NuisanceTreatment.keep, .profile])
  func weightsAndScoresAreThoseOfSamples(_ treatment: NuisanceTreatment) throws {
    let table = try Self.table()
    let estimator = try Self.estimator(table, treatment)
    let isProfiled = treatment == .profile
    #expect(estimator.parameterNames.count == (isProfiled ? 2 : 4))
    let tested = try WeightedTestEvents(table, estimator: estimator, part: .test)
    let events = try WeightedEvents(table, part: .test, nuisance: true)
    let theta = isProfiled ? [0.3, -0.2] : [0.3, -0.2, 0.5, -1]
    var point = events.hypothesis()
    try point.move(
      to: [0.3, -0.2],
      nuisance: try #require(events.nuisance).point(isProfiled ? [0, 0] : [0.5, -1]))
    #expect(
      relativeError(try tested.crossSection(at: theta), point.crossSection) < 1e-12)
    let densities = try tested.densities(at: theta)
    let scores = try #require(try tested.scores(at: theta))
    let p = estimator.parameterNames.count
    #expect(densities.count == events.count && scores.count == p * events.count)
    let matrix = estimator.models[0].sample.profileMatrix
    for i in 0..<events.count {
      #expect(
        relativeError(densities[i], events.differential(i, at: point) / point.crossSection) < 1e-12)
      let joint = events.score(i, at: point)
      for k in 0..<p {
        var wanted = joint[k]
        if isProfiled { for n in 0..<2 { wanted += matrix[2 * k + n] * joint[2 + n] } }
        #expect(abs(scores[i * p + k] - wanted) < 1e-11 * (1 + abs(wanted)))
      }
    }
  }
}
