import EventModel
import Numerics

/// The rows of one block, column by column.
struct RowBlock: Sendable {
  var x: [Double] = []
  var theta0: [Double] = []
  var theta1: [Double] = []
  var y: [Int32] = []
  var logRatio: [Double] = []
  var score0: [Double] = []
  var score1: [Double] = []
  var weight: [Double] = []
  var eventID: [Int64] = []
  var sample: [Int32] = []
  var counts = SampleCounts()

  init(_ maker: SampleMaker, _ range: Range<Int>) throws {
    let events = maker.drawing.events
    let isRatio = maker.plan.method.isRatio
    reserve(range.count, maker)
    var points = HypothesisPair(maker.plan, events, maker.nuisancePoints)
    for row in range {
      let place = RowPlace(row, maker.plan)
      try points.move(to: place)
      let source = place.isDenominator ? points.second : points.first
      let draw = try maker.event(place, at: source)
      counts.rows += 1
      counts.tries += draw.tries
      if draw.value < 0 { counts.negative += 1 }
      Self.append(points.first, to: &theta0)
      let value0 =
        place.isDenominator ? events.differential(draw.index, at: points.first) : draw.value
      if isRatio {
        Self.append(points.second, to: &theta1)
        y.append(place.isDenominator ? 1 : 0)
        let value1 =
          place.isDenominator ? draw.value : events.differential(draw.index, at: points.second)
        appendRatio(value0, value1, points, maker, events, draw.index, place.isDenominator)
        if maker.hasDenominatorScore {
          Self.appendScore(value1, points.second, maker, events, draw.index, to: &score1, &counts)
        }
      }
      if maker.hasScore {
        Self.appendScore(value0, points.first, maker, events, draw.index, to: &score0, &counts)
      }
      if let weight = maker.weight(of: draw, at: source) { self.weight.append(weight) }
      append(event: draw.index, events)
    }
  }

  private mutating func reserve(_ n: Int, _ maker: SampleMaker) {
    let table = maker.drawing.events.table
    let p = maker.coordinateNames.count
    x.reserveCapacity(n * table.observableNames.count)
    theta0.reserveCapacity(n * p)
    eventID.reserveCapacity(n)
    sample.reserveCapacity(n)
    if maker.plan.method.isRatio {
      theta1.reserveCapacity(n * p)
      y.reserveCapacity(n)
      logRatio.reserveCapacity(n)
    }
    if maker.hasScore { score0.reserveCapacity(n * maker.scoreNames.count) }
    if maker.hasDenominatorScore { score1.reserveCapacity(n * maker.scoreNames.count) }
  }

  private static func append(_ point: Hypothesis, to column: inout [Double]) {
    column.append(contentsOf: point.theta)
    if let nuisance = point.nuisance { column.append(contentsOf: nuisance.nu) }
  }

  private mutating func append(event index: Int, _ events: WeightedEvents) {
    let table = events.table
    let row = events.rows[index]
    let d = table.observableNames.count
    x.append(contentsOf: table.observations[row * d..<(row + 1) * d])
    // Files without event ids get one from the row's place, so that repeated draws are known.
    eventID.append(
      table.eventIDs.isEmpty
        ? EventIdentity.id(sampleKey: 0, index: row) : table.eventIDs[row])
    sample.append(table.sampleIndices[row])
  }

  private mutating func appendRatio(
    _ value0: Double, _ value1: Double, _ points: HypothesisPair, _ maker: SampleMaker,
    _ events: WeightedEvents, _ index: Int, _ isDenominator: Bool
  ) {
    var value = WeightedEvents.logRatio(value0, points.first, value1, points.second)
    if value.isNaN {
      // The event was drawn at one hypothesis and has a weight of the other sign at the other: a
      // density cannot be negative, so it is impossible there. Below the digits of the weights that
      // is what the zero of the weight looks like. An event that no hypothesis has is in weighted
      // samples only, and weighs nothing.
      value = value0 == 0 && value1 == 0 ? 0 : isDenominator ? -.infinity : .infinity
      let other = isDenominator ? points.first : points.second
      if abs(isDenominator ? value0 : value1) > events.precision * events.bound(index, at: other) {
        counts.oppositeSigns += 1
      }
    }
    if let clip = maker.plan.logRatioClip, abs(value) > clip {
      value = value < 0 ? -clip : clip
      counts.clippedRatios += 1
    }
    if value.isInfinite { counts.infiniteRatios += 1 }
    logRatio.append(value)
  }

  /// Zero where dσ_e = 0 (not the hypothesis the event was drawn at): the score of an impossible event
  /// is not defined, and its weight in every loss is zero.
  private static func appendScore(
    _ value: Double, _ point: Hypothesis, _ maker: SampleMaker, _ events: WeightedEvents,
    _ index: Int, to column: inout [Double], _ counts: inout SampleCounts
  ) {
    let count = maker.scoreNames.count
    let start = column.count
    column.append(contentsOf: repeatElement(0, count: count))
    guard value != 0 else { return }
    if let profile = maker.profile {
      let profiled = profile.apply(events.score(index, at: point))
      for k in 0..<count { column[start + k] = profiled[k] }
    } else {
      column.withUnsafeMutableBufferPointer {
        events.score(
          index, at: point,
          into: UnsafeMutableBufferPointer(rebasing: $0[start..<start + count]))
      }
    }
    guard let clip = maker.plan.scoreClip else { return }
    for k in start..<start + count where abs(column[k]) > clip {
      column[k] = column[k] < 0 ? -clip : clip
      counts.clippedScores += 1
    }
  }
}
