import Augmentation
import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@Suite struct SampleTests {
  static func ratioPlan(_ count: Int?, seed: UInt64 = 7) throws -> SamplePlan {
    try SamplePlan(
      method: .ratio, theta0: .priors([.flat(-1, 1)]), theta1: Toys.point(0), count: count,
      seed: seed)
  }

  /// More than one block and a ragged end.
  /// (learning.md 7.1 no. 5: no random number serves twice.)
  @Test func rowsDoNotDependOnThreadsOrShards() throws {
    let events = try WeightedEvents(
      try Toys.amplitude(events: 3000, background: 0.3), part: .train)
    let n = 10_001
    let maker = try SampleMaker(Self.ratioPlan(n), events: events)
    let (alone, counts) = try maker.batch(0..<n)
    for threads in 1...3 {
      let team = ThreadTeam(threads: threads)
      let other = try SampleMaker(Self.ratioPlan(n), events: events, team: team)
      let (batch, otherCounts) = try other.batch(0..<n, team: team)
      #expect(batch == alone && otherCounts == counts)
    }
    var columns: [[Double]] = alone.columns.map { _ in [] }
    for range in [0..<3333, 3333..<6667, 6667..<n] {
      let (batch, _) = try maker.batch(range)
      for (i, column) in batch.columns.enumerated() { columns[i] += column.doubles }
    }
    #expect(columns == alone.columns.map(\.doubles))
    let other = try SampleMaker(Self.ratioPlan(n, seed: 8), events: events).batch(0..<n).batch
    #expect(other.columns[0] != alone.columns[0])
  }

  @Test func everyRowHasWhatItsHypothesesSay() throws {
    let table = try Toys.amplitude(events: 400, background: 0.3)
    let events = try WeightedEvents(table, part: .train)
    let rows = try SampleMaker(Self.ratioPlan(nil), events: events).rows(501)
    let x = try #require(rows["x"]).doubles
    let theta0 = try #require(rows["theta0"]).doubles
    let theta1 = try #require(rows["theta1"]).doubles
    let y = try #require(rows["y"]).integers
    let logRatio = try #require(rows["log_r_xz"]).doubles
    let score = try #require(rows["t_xz0"]).doubles
    let ids = try #require(rows["event_id"]).integers
    let samples = try #require(rows["sample_index"]).integers
    #expect(rows["weight"] == nil)
    var (p0, p1) = (events.hypothesis(), events.hypothesis())
    try p1.move(to: [0])
    for i in 0..<501 {
      #expect(y[i] == Int64(i % 2))
      #expect(theta1[i] == 0 && abs(theta0[i]) <= 1)
      let row = try #require(table.eventIDs.firstIndex(of: ids[i]))
      #expect(table.observations[row] == x[i] && Int64(table.sampleIndices[row]) == samples[i])
      #expect(table.partition.part(of: ids[i]) == .train)
      let index = try #require(events.rows.firstIndex(of: row))
      try p0.move(to: [theta0[i]])
      #expect(logRatio[i] == events.logRatio(index, p0, p1))
      #expect(score[i] == events.score(index, at: p0)[0])
    }
    #expect(Set(theta0).count == 501)
  }

  /// Lists: all combinations in turn, both rows of a pair at the same hypotheses, and exactly n.
  /// (learning.md 7.1 no. 10: every prefix is balanced; 7.2: fewer than ten points.)
  @Test(arguments: [1, 2, 3, 11, 12, 4096, 4099])
  func theNumberOfRowsIsExactAndListsAreBalanced(_ n: Int) throws {
    let events = try WeightedEvents(try Toys.amplitude(events: 300), part: .all)
    let plan = SamplePlan(
      method: .ratio, theta0: .points([[0.1], [0.2], [0.3]]),
      theta1: .points([[0], [-0.5]]), count: n, seed: 1)
    let maker = try SampleMaker(plan, events: events)
    let sink = MemorySink()
    try maker.write(to: sink, journal: Journal())
    #expect(sink.batches.reduce(0) { $0 + $1.count } == n)
    let columns = Dictionary(
      uniqueKeysWithValues: zip(maker.fields.map(\.path), sink.batches[0].columns))
    let y = try #require(columns["y"]).doubles
    #expect(y.count == n && Int(y.reduce(0, +)) == n / 2)
    let theta0 = try #require(columns["theta0"]).doubles
    let theta1 = try #require(columns["theta1"]).doubles
    for i in 0..<min(n, 12) {
      #expect(theta0[i] == [0.1, 0.2, 0.3][i / 2 % 3])
      #expect(theta1[i] == [0, -0.5][i / 6 % 2])
    }
  }

  @Test func plainAndTestRowsUseEachPointInTurn() throws {
    let events = try WeightedEvents(try Toys.amplitude(events: 300), part: .test)
    let plan = SamplePlan(
      method: .test, theta0: .points([[0.1], [0.2]]), count: 5, seed: 1)
    let maker = try SampleMaker(plan, events: events)
    let rows = try maker.rows(5)
    #expect(try #require(rows["theta0"]).doubles == [0.1, 0.2, 0.1, 0.2, 0.1])
    #expect(Set(rows.keys) == ["x", "theta0", "event_id", "sample_index"])
    for id in try #require(rows["event_id"]).integers {
      #expect(events.table.partition.part(of: id) == .test)
    }
  }

  @Test func gaussianPriorsHaveTheirMoments() throws {
    let events = try WeightedEvents(try Toys.amplitude(events: 300), part: .all)
    let plan = try SamplePlan(
      method: .plain, theta0: .priors([.gauss(mean: 0.2, standardDeviation: 0.1)]),
      count: nil, seed: 1)
    let n = 20_000
    let theta = try #require(try SampleMaker(plan, events: events).rows(n)["theta0"]).doubles
    let moments = ColumnMoments(columns: 1, rowMajor: theta)
    let error: Double = 0.1 / Double(n).squareRoot()
    #expect(abs(moments.means[0] - 0.2) < 4 * error)
    #expect(abs(moments.standardDeviations[0] - 0.1) < 4 * error)
  }

  /// learning.md 7.1 no. 6, and 7.2: negative joint ratios.
  @Test func impossibleEventsHaveInfiniteRatiosAndAreCounted() throws {
    // Event 1 vanishes at θ = 1.
    let setup = try Toys.setup()
    let table = EventTable(
      setup: setup, samples: [Toys.record("s", 0, 2, 2)], count: 2,
      weights: [1, 4, 0, 1, 0, 4], observations: [0, 1], observableNames: ["z"],
      sampleIndices: [0, 0])
    let events = try WeightedEvents(table, part: .all)
    let plan = SamplePlan(
      method: .ratio, theta0: Toys.point(1), theta1: Toys.point(0), count: nil, seed: 1)
    let maker = try SampleMaker(plan, events: events)
    let (batch, counts) = try maker.batch(0..<400)
    let columns = Dictionary(
      uniqueKeysWithValues: zip(maker.fields.map(\.path), batch.columns))
    let x = try #require(columns["x"]).doubles
    let logRatio = try #require(columns["log_r_xz"]).doubles
    let score = try #require(columns["t_xz0"]).doubles
    let impossible = x.count { $0 == 1 }
    #expect(impossible > 50 && counts.infiniteRatios == impossible)
    #expect(counts.oppositeSigns == 0)
    for (i, value) in x.enumerated() {
      #expect(value == 1 ? logRatio[i] == -.infinity : logRatio[i].isFinite)
      #expect(score[i].isFinite)
    }
  }

  /// learning.md 7.1 no. 14: of all rows.
  @Test func effectiveNumbersAreKishAndTheLargestShare() throws {
    let table = try Toys.amplitude(events: 2000)
    let events = try WeightedEvents(table, part: .all)
    let points = [[0.0], [1.0], [-0.9]]
    let plan = SamplePlan(method: .plain, theta0: .points(points), count: 10, seed: 1)
    let maker = try SampleMaker(plan, events: events)
    var (kish, share) = ([Double](), [Double]())
    for point in points {
      var at = events.hypothesis()
      try at.move(to: point)
      let values = (0..<events.count).map { events.differential($0, at: at) }
      kish.append(kishEffectiveNumber(values))
      share.append(values.reduce(0, +) / (values.max() ?? 1))
    }
    let found = maker.effective
    #expect(relativeError(found.minimum, kish.min() ?? 0) < 1e-10)
    #expect(relativeError(found.maximum, kish.max() ?? 0) < 1e-10)
    #expect(relativeError(found.mean, kish.reduce(0, +) / 3) < 1e-10)
    #expect(relativeError(found.smallestByLargestShare ?? 0, share.min() ?? 0) < 1e-10)
  }

  @Test func fewEffectiveEventsAreWarnedOfAndManyAreNot() throws {
    for (events, warnings) in [(3000, 0), (60, 1)] {
      let weighted = try WeightedEvents(try Toys.amplitude(events: events), part: .all)
      let journal = Journal()
      let maker = try SampleMaker(
        SamplePlan(method: .plain, theta0: Toys.point(0.3), count: 10, seed: 1),
        events: weighted, journal: journal)
      try maker.write(to: MemorySink(), journal: journal)
      #expect(journal.warnings.count == warnings)
    }
  }
}

@Suite struct SampleProblems {
  /// learning.md 7.1 no. 14, and 7.2: the part "all".
  @Test func partsCoverEveryRowOnceAndKeepTheCrossSection() throws {
    let table = try Toys.amplitude(events: 5000, background: 0.5)
    var seen = [Int](repeating: 0, count: table.count)
    let all = try WeightedEvents(table, part: .all)
    for part in [Partition.train, .validation, .test] {
      let events = try WeightedEvents(table, part: part)
      for row in events.rows { seen[row] += 1 }
      // One σ(θ): the totals are of all rows, whatever the part.
      #expect(events.totals == all.totals)
      // At θ = 0 all weights of a sample are equal, so rows/rows-in-part is exact sample by sample.
      #expect(relativeError(events.sums.totals[0], all.totals[0]) < 1e-12)
    }
    #expect(seen.allSatisfy { $0 == 1 })
  }

  @Test func aPointWithNegativeCrossSectionIsNamed() throws {
    // A slope that the quadratic term does not make up for: σ(1) < 0.
    var setup = try Toys.setup([0, -1], power: 1)
    setup.observables = []
    let table = EventTable(
      setup: setup, samples: [Toys.record("s", 0, 1, 1)], count: 1, weights: [1, 3],
      sampleIndices: [0])
    let events = try WeightedEvents(table, part: .all)
    for source in [ThetaSource.points([[1]]), try .priors([.flat(-1, 1)])] {
      let problem = #expect(throws: Problem.self) {
        try SampleMaker(
          SamplePlan(method: .plain, theta0: source, count: 100, seed: 1), events: events)
      }
      #expect(problem?.kind == .data)
      #expect(problem?.fact.hasPrefix("the cross section at a=") == true)
    }
  }

  @Test func anEmptyPartIsAnError() throws {
    let table = try Toys.uneven(negative: false)
    var small = table
    small.eventIDs = []
    small.count = 1
    small.sampleIndices = [0]
    small.weights = Array(table.weights[..<3])
    let problem = #expect(throws: Problem.self) {
      try WeightedEvents(small, part: .test)
    }
    #expect(problem?.kind == .data && problem?.remedy?.contains("--partition all") == true)
  }

  @Test func hypothesesAreCheckedAgainstTheSetup() throws {
    let setup = try Toys.setup()
    let bad: [[String]] = [
      ["nowhere"], ["b=1"], ["a=x"], ["flat:b=0:1"], ["flat:a=1:0"], ["gauss:a=0:0"],
      ["flat:a=0"], ["a=1,a=2"], [""],
    ]
    for texts in bad {
      let problem = #expect(throws: Problem.self, "\(texts)") {
        try ThetaSource(ThetaSpecification(parsing: texts), setup: setup)
      }
      #expect(problem?.kind == .usage)
    }
    #expect(throws: Problem.self) { try ThetaSource(nil, setup: setup) }
    let axis = GridAxis(parameter: "a", lower: 0, upper: 1, count: 3)
    #expect(try ThetaSource(nil, grid: [axis], setup: setup).list == [[0], [0.5], [1]])
    #expect(throws: Problem.self) { try ThetaSource(.ranges, grid: [axis], setup: setup) }
    #expect(throws: Problem.self) {
      let plan = SamplePlan(method: .ratio, theta0: Toys.point(0), count: 1, seed: 1)
      return try SampleMaker(
        plan, events: WeightedEvents(Toys.amplitude(events: 100), part: .all))
    }
  }

  @Test func theClosestSampleMustBeTheSameForAllPoints() throws {
    var table = try Toys.amplitude(events: 100)
    table.samples.append(Toys.record("signal", 1, 10, 2))
    #expect(try table.closestPoint([.points([[0.1], [0.2]])]) == [0.1])
    for sources in [[ThetaSource.points([[0.1], [0.9]])], [try .priors([.flat(0, 1)])]] {
      let problem = #expect(throws: Problem.self) { try table.closestPoint(sources) }
      #expect(problem?.kind == .usage)
    }
  }

  @Test func scoresNeedMorphing() throws {
    var table = try Toys.amplitude(events: 100)
    table.setup.morphing = nil
    let events = try WeightedEvents(table, part: .all)
    for theta in [0.0, 0.5] {
      #expect(throws: Problem.self) {
        try SampleMaker(
          SamplePlan(method: .score, theta0: Toys.point(theta), count: 1, seed: 1),
          events: events)
      }
    }
    // Between benchmarks a ratio does without scores.
    let maker = try SampleMaker(
      SamplePlan(
        method: .ratio, theta0: Toys.point(1), theta1: Toys.point(0), count: 1, seed: 1),
      events: events)
    let rows = try maker.rows(10)
    #expect(rows["t_xz0"] == nil)
    #expect(try #require(rows["log_r_xz"]).doubles.allSatisfy(\.isFinite))
  }
}
