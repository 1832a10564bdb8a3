import EventModel
import Numerics

/// The rows of one block, column by column.
struct RowBlock: Sendable {
  var x: [Double] = []
  var theta0: [Double] = []
  var theta1: [Double] = []
  var y: [Int32] = []
  var logRatio: [Double] = []
  var score: [Double] = []
  var weight: [Double] = []
  var eventID: [Int64] = []
  var sample: [Int32] = []
  var counts = SampleCounts()

  init(_ maker: SampleMaker, _ range: Range<Int>) throws {
    let events = maker.drawing.events
    let table = events.table
    reserve(range.count, table, maker.plan)
    var points = HypothesisPair(maker.plan, events)
    let needsRatio = maker.plan.method == .ratio
    for row in range {
      try points.move(to: row)
      let isDenominator = needsRatio && row & 1 == 1
      var stream = PhiloxStream(seed: maker.plan.seed, purpose: .drawing, item: UInt64(row))
      let draw = try maker.drawing.draw(
        at: isDenominator ? points.second : points.first, &stream)
      counts.rows += 1
      counts.tries += draw.tries
      theta0.append(contentsOf: points.first.theta)
      let value0 =
        isDenominator ? events.differential(draw.index, at: points.first) : draw.value
      if needsRatio {
        theta1.append(contentsOf: points.second.theta)
        y.append(isDenominator ? 1 : 0)
        let value1 =
          isDenominator ? draw.value : events.differential(draw.index, at: points.second)
        appendRatio(value0, value1, points, events, draw.index, isDenominator)
      }
      if maker.hasScore { appendScore(value0, points.first, events, draw.index) }
      if let signs = maker.signs {
        // With it the mean of any function over rows is its expectation.
        let size = signs.absoluteOverSigned(
          events, at: isDenominator ? points.second : points.first)
        weight.append(draw.value < 0 ? -size : size)
        if draw.value < 0 { counts.negative += 1 }
      }
      let tableRow = events.rows[draw.index]
      let d = table.observableNames.count
      x.append(contentsOf: table.observations[tableRow * d..<(tableRow + 1) * d])
      // Files without event ids get one from the row's place, so that repeated draws are known.
      eventID.append(
        table.eventIDs.isEmpty
          ? EventIdentity.id(sampleKey: 0, index: tableRow) : table.eventIDs[tableRow])
      sample.append(table.sampleIndices[tableRow])
    }
  }

  private mutating func reserve(_ n: Int, _ table: EventTable, _ plan: SamplePlan) {
    let p = table.setup.parameters.count
    x.reserveCapacity(n * table.observableNames.count)
    theta0.reserveCapacity(n * p)
    eventID.reserveCapacity(n)
    sample.reserveCapacity(n)
    if plan.method == .ratio {
      theta1.reserveCapacity(n * p)
      y.reserveCapacity(n)
      logRatio.reserveCapacity(n)
    }
    if plan.hasScore(table.setup) { score.reserveCapacity(n * p) }
  }

  private mutating func appendRatio(
    _ value0: Double, _ value1: Double, _ points: HypothesisPair, _ events: WeightedEvents,
    _ index: Int, _ isDenominator: Bool
  ) {
    var value = WeightedEvents.logRatio(value0, points.first, value1, points.second)
    if value.isNaN {
      // The event was drawn at one hypothesis and has a weight of the other sign at the other: a
      // density cannot be negative, so it is impossible there. Below the digits of the weights that
      // is what the zero of the weight looks like.
      value = isDenominator ? -.infinity : .infinity
      let other = isDenominator ? points.first : points.second
      if abs(isDenominator ? value0 : value1) > events.precision * events.bound(index, at: other) {
        counts.oppositeSigns += 1
      }
    }
    if value.isInfinite { counts.infiniteRatios += 1 }
    logRatio.append(value)
  }

  /// Zero where dσ_e(θ0) = 0 (rows drawn at θ1 only): the score of an impossible event is not
  /// defined, and its numerator weight in every loss is zero.
  private mutating func appendScore(
    _ value: Double, _ point: Hypothesis, _ events: WeightedEvents, _ index: Int
  ) {
    let p = point.theta.count
    let start = score.count
    score.append(contentsOf: repeatElement(0, count: p))
    guard value != 0 else { return }
    events.weights.withUnsafeBufferPointer { weights in
      score.withUnsafeMutableBufferPointer { buffer in
        WeightedEvents.score(
          weights, index, point, events.width, value,
          into: UnsafeMutableBufferPointer(rebasing: buffer[start..<start + p]))
      }
    }
  }
}

/// The hypotheses of a row.
struct HypothesisPair: Sendable {
  private(set) var first: Hypothesis
  private(set) var second: Hypothesis
  private let plan: SamplePlan
  private let firstCount: Int
  private var theta: [Double]

  init(_ plan: SamplePlan, _ events: WeightedEvents) {
    self.plan = plan
    first = events.hypothesis(needsScore: plan.hasScore(events.table.setup))
    second = events.hypothesis(needsScore: false)
    firstCount = plan.theta0.list?.count ?? 1
    theta = first.theta
  }

  /// Moves to the hypotheses of a row; the second only where the method has one.
  mutating func move(to row: Int) throws {
    var stream = PhiloxStream(seed: plan.seed, purpose: .prior, item: UInt64(row))
    let turn = plan.theta1 == nil ? row : row / 2
    plan.theta0.next(turn, &stream, into: &theta)
    try first.move(to: theta)
    guard let source = plan.theta1 else { return }
    source.next(turn / firstCount, &stream, into: &theta)
    try second.move(to: theta)
  }
}
