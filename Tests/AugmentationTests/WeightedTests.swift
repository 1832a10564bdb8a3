import Diagnostics
import EventIO
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Augmentation

@Suite struct WeightedTests {
  static func plan(_ method: SampleMethod, _ theta0: ThetaSource, _ theta1: ThetaSource? = nil)
    -> SamplePlan
  {
    var plan = SamplePlan(method: method, theta0: theta0, theta1: theta1, count: nil, seed: 4)
    plan.isWeighted = true
    return plan
  }

  /// One pass holds every event once for each combination, and its weighted means are expectations.
  /// (learning.md 7.3: one pass over the events.)
  @Test func onePassIsTheWholeSample() throws {
    let events = try WeightedEvents(
      Toys.amplitude(events: 200, background: 0.4), part: .all)
    let maker = try SampleMaker(
      Self.plan(.ratio, .points([[0.4], [-0.6]]), .points([[0]])), events: events)
    #expect(maker.weightedRows == 250 * 2 * 2)
    let rows = try maker.rows(maker.weightedRows)
    let weights = try #require(rows["weight"]).doubles
    let y = try #require(rows["y"]).doubles
    let theta = try #require(rows["theta0"]).doubles
    let logRatio = try #require(rows["log_r_xz"]).doubles
    let ids = try #require(rows["event_id"]).integers
    for point in [0.4, -0.6] {
      let own = weights.indices.filter { theta[$0] == point }
      for side in [0.0, 1] {
        let rows = own.filter { y[$0] == side }
        #expect(rows.count == 250 && Set(rows.map { ids[$0] }).count == 250)
        // Mean weight one, and E[r] = 1 over the denominator, E[1/r] = 1 over the numerator.
        let mean = rows.reduce(0) { $0 + weights[$1] } / 250
        #expect(abs(mean - 1) < 1e-12)
        let check = rows.reduce(0) {
          $0 + weights[$1] * exponential(side == 1 ? logRatio[$1] : -logRatio[$1])
        }
        #expect(abs(check / 250 - 1) < 1e-12)
      }
    }
  }

  @Test func aPriorGivesEveryRowAPointAndGoesRoundTheEvents() throws {
    let events = try WeightedEvents(Toys.amplitude(events: 100), part: .train)
    let maker = try SampleMaker(
      Self.plan(.ratio, try .priors([.flat(-1, 1)]), .points([[0]])), events: events)
    let n = events.count
    #expect(maker.weightedRows == 2 * n)
    let rows = try maker.rows(4 * n)
    let ids = try #require(rows["event_id"]).integers
    #expect(Array(ids[..<(2 * n)]) == Array(ids[(2 * n)...]))
    #expect(Set(ids).count == n)
    #expect(Set(try #require(rows["theta0"]).doubles).count == 4 * n)
    #expect(ids[0] == ids[1])
    let team = ThreadTeam(threads: 3)
    #expect(try maker.batch(0..<4 * n, team: team).batch == maker.batch(0..<4 * n).batch)
  }

  @Test func negativeEventsKeepTheirSignOrAreRefused() throws {
    let events = try WeightedEvents(Toys.uneven(negative: true), part: .all)
    var plan = Self.plan(.plain, .points([[0]]))
    let rows = try SampleMaker(plan, events: events).rows(36)
    let weights = try #require(rows["weight"]).doubles
    #expect(abs(weights.reduce(0, +) / 36 - 1) < 1e-12 && weights.contains { $0 < 0 })
    plan.negative = .refuse
    let problem = #expect(throws: Problem.self) {
      try SampleMaker(plan, events: events).rows(36)
    }
    #expect(problem?.kind == .data && problem?.fact.contains("%") == true)
  }

  /// The rows of an event of `ratios` and what they say.
  @Test func furtherHypothesesAreRowsOfTheSameEvent() throws {
    let events = try WeightedEvents(Toys.amplitude(events: 300), part: .all)
    var plan = SamplePlan(
      method: .ratios, theta0: try .priors([.flat(-1, 1)]), theta1: .points([[0.1]]),
      count: nil, seed: 4)
    plan.additional = [.points([[0.7]]), try .priors([.flat(-0.5, 0.5)])]
    let maker = try SampleMaker(plan, events: events)
    let rows = try maker.rows(600)
    let theta0 = try #require(rows["theta0"]).doubles
    let theta1 = try #require(rows["theta1"]).doubles
    let y = try #require(rows["y"]).doubles
    let ids = try #require(rows["event_id"]).integers
    let logRatio = try #require(rows["log_r_xz"]).doubles
    let t0 = try #require(rows["t_xz0"]).doubles
    let t1 = try #require(rows["t_xz1"]).doubles
    var (p0, p1) = (events.hypothesis(), events.hypothesis())
    for event in 0..<200 {
      let first = event * 3
      #expect(Set(ids[first..<first + 3]).count == 1)
      #expect(y[first..<first + 3].allSatisfy { $0 == Double(event % 2) })
      #expect(theta1[first] == 0.1)
      if event % 2 == 0 {
        #expect(Set(theta0[first..<first + 3]).count == 1 && theta1[first + 1] == 0.7)
      } else {
        #expect(theta1[first..<first + 3].allSatisfy { $0 == 0.1 } && theta0[first + 1] == 0.7)
      }
      for row in first..<first + 3 {
        let index = try #require(events.table.eventIDs.firstIndex(of: ids[row]))
        try p0.move(to: [theta0[row]])
        try p1.move(to: [theta1[row]])
        #expect(logRatio[row] == events.logRatio(index, p0, p1))
        #expect(t0[row] == events.score(index, at: p0)[0])
        #expect(t1[row] == events.score(index, at: p1)[0])
      }
    }
  }

  /// t_xz1 is + the score at θ1, ∂ log r/∂θ1 = −t: a central difference.
  @Test func theScoreAtTheta1IsPositive() throws {
    let events = try WeightedEvents(Toys.amplitude(events: 300), part: .all)
    let plan = SamplePlan(
      method: .ratio, theta0: .points([[0.2]]), theta1: try .priors([.flat(-0.5, 0.5)]),
      count: nil, seed: 4)
    let maker = try SampleMaker(plan, events: events)
    #expect(maker.hasDenominatorScore)
    let rows = try maker.rows(40)
    let theta1 = try #require(rows["theta1"]).doubles
    let t1 = try #require(rows["t_xz1"]).doubles
    let ids = try #require(rows["event_id"]).integers
    var (p0, up, down) = (events.hypothesis(), events.hypothesis(), events.hypothesis())
    try p0.move(to: [0.2])
    for row in 0..<40 {
      let index = try #require(events.table.eventIDs.firstIndex(of: ids[row]))
      try up.move(to: [theta1[row] + 1e-5])
      try down.move(to: [theta1[row] - 1e-5])
      let slope = (events.logRatio(index, p0, up) - events.logRatio(index, p0, down)) / 2e-5
      #expect(abs(slope + t1[row]) < 1e-5 * (1 + abs(t1[row]) * abs(t1[row])))
    }
    let fixed = SamplePlan(
      method: .ratio, theta0: .points([[0.2]]), theta1: .points([[0]]), count: 1, seed: 4)
    #expect(try !SampleMaker(fixed, events: events).hasDenominatorScore)
  }

  @Test func limitsAreCounted() throws {
    let events = try WeightedEvents(Toys.amplitude(events: 500), part: .all)
    var plan = SamplePlan(
      method: .ratio, theta0: .points([[0.9]]), theta1: .points([[0]]), count: nil, seed: 4)
    let free = try SampleMaker(plan, events: events).rows(2000)
    plan.scoreClip = 2
    plan.logRatioClip = 0.5
    let (batch, counts) = try SampleMaker(plan, events: events).batch(0..<2000)
    let fields = try SampleMaker(plan, events: events).fields
    let limited = Dictionary(uniqueKeysWithValues: zip(fields.map(\.path), batch.columns))
    for (path, limit, count) in [
      ("t_xz0", 2.0, counts.clippedScores), ("log_r_xz", 0.5, counts.clippedRatios),
    ] {
      let before = try #require(free[path]).doubles
      let after = try #require(limited[path]).doubles
      #expect(count == before.count { abs($0) > limit } && count > 10)
      #expect(zip(before, after).allSatisfy { min(max($0, -limit), limit) == $1 })
    }
  }

  /// example_fd.h5 of MadMiner has no morphing: scores at `sm` are differences to shifted benchmarks.
  @Test(.needsShared) func finiteDifferencesGiveScoresAtTheirBase() throws {
    let source = try Input.openTable(
      Place.shared + "/golden/events/example_fd.h5", expecting: [.events], journal: Journal())
    let table = try EventTable.load(source)
    let setup = table.setup
    let differences = try #require(setup.finiteDifferences)
    #expect(differences.epsilon == 0.01 && differences.bases.count == 1)
    let base = try #require(setup.benchmarkIndex(differences.bases[0].base))
    let events = try WeightedEvents(table, part: .all)
    var point = events.hypothesis()
    try point.move(to: setup.benchmarks[base].values)
    for (p, name) in differences.bases[0].shifted.enumerated() {
      let column = try #require(setup.benchmarkIndex(name))
      var sigma = (base: 0.0, shifted: 0.0)
      for i in 0..<events.count {
        sigma.base += events.weights[i * events.width + base]
        sigma.shifted += events.weights[i * events.width + column]
      }
      for i in 0..<events.count {
        let w = events.weights[i * events.width + base]
        let shifted = events.weights[i * events.width + column]
        let wanted =
          (shifted - w) / 0.01 / w - (sigma.shifted - sigma.base) / 0.01 / sigma.base
        #expect(abs(events.score(i, at: point)[p] - wanted) < 1e-9 * (1 + abs(wanted)))
      }
    }
    // Written and read again.
    #expect(try Setup(document: setup.document()).finiteDifferences == differences)
    let rows = try SampleMaker(
      SamplePlan(
        method: .score, theta0: .points([setup.benchmarks[base].values]), count: 1, seed: 1),
      events: events
    ).rows(20)
    #expect(try #require(rows["t_xz0"]).doubles.allSatisfy(\.isFinite))
    let elsewhere = #expect(throws: Problem.self) {
      try SampleMaker(
        SamplePlan(method: .score, theta0: .points([[7, 7]]), count: 1, seed: 1), events: events)
    }
    #expect(elsewhere?.kind == .data && elsewhere?.remedy != nil)
  }
}
