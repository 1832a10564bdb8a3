import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Augmentation

@Suite struct NuisanceTests {
  /// The linear amplitude with two nuisance parameters: the first tilts with z, up and down; the second
  /// has an upper variation alone.
  static func table(events: Int) throws -> EventTable {
    let plain = try Toys.amplitude(events: events)
    var setup = plain.setup
    setup.nuisanceBenchmarks = ["up0", "down0", "up1"]
    setup.nuisanceParameters = [
      NuisanceParameter(
        name: "nu0", systematic: "tilt", benchmarkPositive: "up0", benchmarkNegative: "down0"),
      NuisanceParameter(
        name: "nu1", systematic: "scale", benchmarkPositive: "up1", benchmarkNegative: nil),
    ]
    var weights: [Double] = []
    for row in 0..<plain.count {
      let own = Array(plain.weights[row * 3..<row * 3 + 3])
      let z = plain.observations[row]
      let tilt = 1 + 0.2 * z / (1 + abs(z))
      let scale = 1 + 0.1 * z * z / (1 + z * z)
      weights += own + [own[0] * tilt, own[0] / tilt * 1.01, own[0] * scale]
    }
    return EventTable(
      setup: setup, samples: plain.samples, count: plain.count, weights: weights,
      observations: plain.observations, observableNames: plain.observableNames,
      sampleIndices: plain.sampleIndices, eventIDs: plain.eventIDs)
  }

  static func plan(
    _ theta: ThetaSource, _ method: SampleMethod = .score, count: Int? = nil
  ) -> SamplePlan {
    var plan = SamplePlan(method: method, theta0: theta, count: count, seed: 5)
    plan.nuisance = .keep
    return plan
  }

  /// ∇ log σ by ν and the score by ν are derivatives of log σ and log dσ_e: central differences, whose
  /// error is h² times third derivatives of order 1.
  @Test func scoresByNuAreDerivatives() throws {
    let events = try WeightedEvents(Self.table(events: 300), part: .all, nuisance: true)
    let response = try #require(events.nuisance)
    let (nu, h) = ([0.4, -0.7], 1e-4)
    var point = events.hypothesis()
    try point.move(to: [0.3], nuisance: response.point(nu))
    for k in 0..<2 {
      var ends: [Hypothesis] = []
      for step in [h, -h] {
        var moved = nu
        moved[k] += step
        var end = events.hypothesis()
        try end.move(to: [0.3], nuisance: response.point(moved))
        ends.append(end)
      }
      let slope = logarithm(ends[0].crossSection / ends[1].crossSection) / (2 * h)
      #expect(abs(point.logCrossSectionGradient[1 + k] - slope) < 1e-7)
      for i in stride(from: 0, to: 300, by: 37) {
        let difference =
          logarithm(events.differential(i, at: ends[0]) / events.differential(i, at: ends[1]))
          / (2 * h) - slope
        #expect(abs(events.score(i, at: point)[1 + k] - difference) < 1e-7)
      }
    }
    // Σ p t = 0 exactly over the rows of σ.
    var sum = 0.0
    for i in 0..<events.count {
      sum += events.differential(i, at: point) / point.crossSection * events.score(i, at: point)[2]
    }
    #expect(abs(sum) < 1e-12)
  }

  /// χ² of 100,000 draws against dσ_e(θ, ν)/σ(θ, ν) of 40 events: 39 degrees of freedom, in 11…82 with
  /// probability 1 − 10⁻⁴.
  /// (learning.md 7.1 no. 16: θ has components of ν where they take part, and only there.)
  @Test func drawsFollowTheShiftedWeights() throws {
    let events = try WeightedEvents(Self.table(events: 40), part: .all, nuisance: true)
    let maker = try SampleMaker(
      Self.plan(.points([[0.5, 1.5, -1]])), events: events)
    let n = 100_000
    let rows = try maker.rows(n)
    var point = events.hypothesis()
    try point.move(to: [0.5], nuisance: try #require(events.nuisance).point([1.5, -1]))
    var counts: [Double: Double] = [:]
    for x in try #require(rows["x"]).doubles { counts[x, default: 0] += 1 }
    var chiSquare = 0.0
    for i in 0..<40 {
      let mean = Double(n) * events.differential(i, at: point) / point.crossSection
      let found = counts[events.table.observations[i]] ?? 0
      chiSquare += (found - mean) * (found - mean) / mean
    }
    #expect((11.0..<82.0).contains(chiSquare), "χ² = \(chiSquare)")
    #expect(maker.fields.first { $0.path == "t_xz0" }?.components == ["a", "nu0", "nu1"])
    #expect(maker.fields.first { $0.path == "theta0" }?.components == ["a", "nu0", "nu1"])
    #expect(Array(try #require(rows["theta0"]).doubles[..<3]) == [0.5, 1.5, -1])
  }

  @Test func drawnNuisanceParametersAreSharedByNeighboursAndNormal() throws {
    let events = try WeightedEvents(Self.table(events: 60), part: .all, nuisance: true)
    let prior = try ThetaSource(
      ThetaSpecification(parsing: ["prior"]), setup: events.table.setup, nuisance: true)
    let plan = Self.plan(prior)
    let maker = try SampleMaker(plan, events: events)
    let n = 100 * plan.eventsPerNuisancePoint
    let theta = try #require(try maker.rows(n)["theta0"]).doubles
    let nu = (0..<n).map { theta[3 * $0 + 1] }
    #expect(Set(nu).count == 100)
    var fresh = plan
    fresh.eventsPerNuisancePoint = 1
    let each = try #require(try SampleMaker(fresh, events: events).rows(50)["theta0"]).doubles
    let drawn = Set((0..<50).map { each[3 * $0 + 1] })
    #expect(drawn.count == 50)
    #expect(Set((0..<n).map { theta[3 * $0] }).count == n)
    let mean = nu.reduce(0, +) / Double(n)
    #expect(abs(mean) < 5 / 10)
    // Threads and shards see the same.
    let team = ThreadTeam(threads: 3)
    #expect(try maker.batch(0..<3000, team: team).batch == maker.batch(0..<3000).batch)
    let tail = try maker.batch(1000..<1300).batch.columns[1].doubles
    #expect(tail == Array(theta[3000..<3900]))
  }

  /// t_prof has no correlation with t_ν: Σ p t_prof t_ν = 0 by construction of the matrix.
  @Test func profiledScoresAreUncorrelatedWithThoseOfNu() throws {
    let events = try WeightedEvents(Self.table(events: 500), part: .all, nuisance: true)
    var plan = Self.plan(.points([[0.3, 0, 0]]))
    plan.nuisance = .profile
    let maker = try SampleMaker(plan, events: events)
    let profile = try #require(maker.profile)
    var point = events.hypothesis()
    try point.move(to: [0.3], nuisance: try #require(events.nuisance).point([0, 0]))
    var sums = [0.0, 0.0]
    for i in 0..<events.count {
      let score = events.score(i, at: point)
      let share = events.differential(i, at: point) / point.crossSection
      for k in 0..<2 { sums[k] += share * profile.apply(score)[0] * score[1 + k] }
    }
    #expect(sums.allSatisfy { abs($0) < 1e-12 })
    #expect(profile.matrix.contains { abs($0) > 1e-3 })
    let rows = try maker.rows(100)
    #expect(try #require(rows["t_xz0"]).count == 100)
    let info = maker.info(
      theta0: "", theta1: "", part: .all, combination: .balance, digest: "")
    #expect(info.theta1Values == [0.3] && info.profileMatrix == profile.matrix)
  }

  @Test func whatCannotBeIsRefused() throws {
    let events = try WeightedEvents(Self.table(events: 50), part: .all, nuisance: true)
    var ratio = SamplePlan(
      method: .ratio, theta0: .points([[0, 0, 0]]), theta1: .points([[0.1, 0, 0]]), count: 1,
      seed: 1)
    ratio.nuisance = .profile
    let crossed = ThetaSource.prior(
      try PriorSampler(
        [ThetaSpecification.Prior](
          repeating: .gauss(mean: 0, standardDeviation: 0.1), count: 3),
        correlations: [(0, 1, 0.5)]))
    for plan in [ratio, Self.plan(crossed)] {
      let problem = #expect(throws: Problem.self) { try SampleMaker(plan, events: events) }
      #expect(problem?.kind == .usage)
    }
  }
}
