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
    let problem = #expect(throws: Problem.self) { try SampleMaker(ratio, events: events) }
    #expect(problem?.kind == .usage)
  }

  /// A prior that correlates θ with ν0, and ν0 with ν1; θ inside of limits where `truncation` is given.
  static func crossed(_ truncation: ClosedRange<Double>? = nil) throws -> ThetaSource {
    .prior(
      try PriorSampler(
        [
          .gauss(mean: 0.1, standardDeviation: 0.2, truncation: truncation),
          .gauss(mean: 0, standardDeviation: 1), .gauss(mean: 0, standardDeviation: 1),
        ], correlations: [(0, 1, 0.7), (1, 2, -0.4)]))
  }

  static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let moments = [a, b].map { ColumnMoments(columns: 1, rowMajor: $0) }
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += (x - moments[0].means[0]) * (y - moments[1].means[0]) }
    return sum / Double(a.count) / moments[0].standardDeviations[0]
      / moments[1].standardDeviations[0]
  }

  /// Both hypotheses of a ratio have the correlations of the prior, and are independent of each other: with m independent ν
  /// a correlation has the error (1 − ρ²)/√m, with one ν a row as with one for eight rows, whose θ are independent given it.
  /// The joint log ratio and the score are those of the θ and ν that the row has.
  @Test(arguments: [1, 8])
  func aPriorMayCorrelateParametersWithNuisanceParameters(_ shared: Int) throws {
    let events = try WeightedEvents(Self.table(events: 60), part: .all, nuisance: true)
    var plan = Self.plan(try Self.crossed(), .ratio)
    plan.theta1 = try Self.crossed()
    plan.eventsPerNuisancePoint = shared
    let n = 8000
    let rows = try SampleMaker(plan, events: events).rows(n)
    let theta = try ["theta0", "theta1"].map { try #require(rows[$0]).doubles }
    func column(_ side: Int, _ k: Int) -> [Double] { (0..<n).map { theta[side][3 * $0 + k] } }
    let error: Double = 1 / (Double(n) / Double(shared)).squareRoot()
    for side in 0..<2 {
      let (a, nu0, nu1) = (column(side, 0), column(side, 1), column(side, 2))
      #expect(abs(Self.correlation(a, nu0) - 0.7) < 5 * (1 - 0.7 * 0.7) * error)
      #expect(abs(Self.correlation(nu0, nu1) + 0.4) < 5 * (1 - 0.4 * 0.4) * error)
      #expect(abs(Self.correlation(a, nu1)) < 5 * error)
      #expect(Set(nu0).count == n / shared && Set(a).count == n)
      let moments = ColumnMoments(columns: 1, rowMajor: a)
      #expect(abs(moments.means[0] - 0.1) < 5 * 0.2 * error)
      #expect(abs(moments.standardDeviations[0] - 0.2) < 5 * 0.2 * error)
    }
    #expect(abs(Self.correlation(column(0, 0), column(1, 0))) < 5 * error)

    let response = try #require(events.nuisance)
    let logRatios = try #require(rows["log_r_xz"]).doubles
    let scores = try #require(rows["t_xz0"]).doubles
    let ids = events.rows.map { events.table.eventIDs[$0] }
    let drawn = try #require(rows["event_id"]).integers
    var points = [events.hypothesis(), events.hypothesis()]
    for row in stride(from: 0, to: n, by: 401) {
      for side in 0..<2 {
        let at = Array(theta[side][3 * row..<3 * row + 3])
        try points[side].move(to: [at[0]], nuisance: response.point(Array(at[1...])))
      }
      let index = try #require(ids.firstIndex(of: Int64(drawn[row])))
      // The same sums in the same order.
      #expect(abs(events.logRatio(index, points[0], points[1]) - logRatios[row]) < 1e-12)
      let score = events.score(index, at: points[0])
      for k in 0..<3 { #expect(abs(score[k] - scores[3 * row + k]) < 1e-12) }
    }
  }

  /// Limits of θ hold, and tell on the ν that are correlated with it: z = (θ − 0.1)/0.2 > 0 has the mean √(2/π), of which
  /// ν0 has 0.7; its variance is 1 − 0.49·2/π.
  @Test func limitsOfParametersTellOnCorrelatedNuisanceParameters() throws {
    let events = try WeightedEvents(Self.table(events: 60), part: .all, nuisance: true)
    var plan = Self.plan(try Self.crossed(0.1...9), .density)
    plan.eventsPerNuisancePoint = 1
    let n = 4000
    let theta = try #require(try SampleMaker(plan, events: events).rows(n)["theta0"]).doubles
    let (a, nu) = ((0..<n).map { theta[3 * $0] }, (0..<n).map { theta[3 * $0 + 1] })
    #expect(a.allSatisfy { $0 >= 0.1 })
    let mean = (2 / Double.pi).squareRoot()
    let root = Double(n).squareRoot()
    let (found, foundNu) = (a.reduce(0, +) / Double(n), nu.reduce(0, +) / Double(n))
    #expect(abs((found - 0.1) / 0.2 - mean) < 5 * (1 - mean * mean).squareRoot() / root)
    #expect(abs(foundNu - 0.7 * mean) < 5 * (1 - 0.49 * mean * mean).squareRoot() / root)
  }
}
