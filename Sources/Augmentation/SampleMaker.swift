import Diagnostics
import EventModel
import Morphing
import Numerics

/// Makes the rows of a training or test sample.
///
/// Row i is a function of (seed, i) alone: threads, blocks and shards do not change it. Of a ratio,
/// even events are drawn at θ0 (y = 0) and odd ones at θ1 (y = 1), so that every prefix is balanced;
/// events 2q and 2q + 1 use the same members of lists, all combinations in turn.
///
/// Weighted samples have every event in turn, with the weight n dσ_e(θ)/σ(θ) for n events: its mean is
/// one, and all hypotheses share one list of events.
public struct SampleMaker: Sendable {
  public let plan: SamplePlan
  public let drawing: EventDrawing
  /// How good the hypotheses are described by the events.
  public let effective: EffectiveEvents
  /// Scores of the parameters alone, where they are profiled over nuisance parameters.
  public let profile: ScoreProfile?
  /// Rows have a joint score at θ0, and at θ1.
  public let hasScore: Bool
  public let hasDenominatorScore: Bool
  /// Components of hypotheses and of scores.
  public let coordinateNames: [String]
  public let scoreNames: [String]
  /// Present where rows are signed.
  private let signs: SignSums?
  /// Present where nuisance parameters take part.
  let nuisancePoints: NuisancePoints?
  /// The events of a weighted sample in an order of no meaning, so that every prefix is a fair one.
  private let order: [Int32]

  /// Rows worked on as one piece.
  static let blockRows = 2048
  /// Rows given out together.
  public static let batchRows = 65_536

  /// - Throws: `.data` for hypotheses with σ ≤ 0 among the first 100,000, and for negative events
  ///   that are to be refused; `.usage` for what cannot be combined.
  public init(
    _ plan: SamplePlan, events: WeightedEvents, team: ThreadTeam? = nil, journal: Journal? = nil
  ) throws {
    try plan.check(events)
    self.plan = plan
    let hasNegative = events.weights.contains { $0 < 0 }
    let policy = plan.negative ?? (hasNegative ? .signed : .refuse)
    drawing = try EventDrawing(events, negative: policy, team: team)
    let setup = events.table.setup
    hasScore = plan.hasScore(setup)
    hasDenominatorScore = plan.hasDenominatorScore(setup)
    coordinateNames = setup.coordinateNames(nuisance: events.nuisance != nil)
    scoreNames = plan.nuisance == .profile ? setup.parameterNames : coordinateNames
    nuisancePoints = events.nuisance.map {
      NuisancePoints($0, plan, physics: setup.parameters.count, team: team)
    }
    signs =
      policy == .signed ? try Self.signs(events, plan, nuisancePoints) : nil
    profile =
      plan.nuisance == .profile
      ? try ScoreProfile(events, plan, nuisancePoints) : nil
    order = plan.isWeighted ? Self.order(events.count, plan.seed) : []
    effective = try EffectiveEvents(
      plan, drawing: drawing, nuisancePoints: nuisancePoints, team: team)
    if let journal { effective.report(to: journal) }
  }

  /// Sums of signs, with those of listed hypotheses known where they are not too many.
  private static func signs(
    _ events: WeightedEvents, _ plan: SamplePlan, _ points: NuisancePoints?
  ) throws -> SignSums {
    var signs = SignSums(events)
    let listed = Set(plan.sources.flatMap { $0.list ?? [] })
    guard !plan.isWeighted, listed.count <= 1000 else { return signs }
    let physics = events.table.setup.parameters.count
    try signs.prepare(
      listed.map { coordinates in
        var point = events.hypothesis(needsScore: false)
        try point.move(
          to: Array(coordinates[..<physics]),
          nuisance: points?.point(Array(coordinates[physics...]), last: nil))
        return point
      }, events)
    return signs
  }

  private static func order(_ count: Int, _ seed: UInt64) -> [Int32] {
    var order = (0..<count).map { Int32($0) }
    var stream = PhiloxStream(seed: seed, purpose: .shuffling)
    stream.shuffle(&order)
    return order
  }

  private var setup: Setup { drawing.events.table.setup }
  public var isSigned: Bool { signs != nil }

  /// Rows of one pass over the events of a weighted sample, all combinations of listed hypotheses with
  /// every event.
  public var weightedRows: Int {
    let combinations = combinations
    let sides = plan.method.isRatio ? 2 : 1
    return drawing.events.count * combinations * sides * (1 + plan.additional.count)
  }

  private var combinations: Int {
    (plan.theta0.list?.count ?? 1) * (plan.theta1?.list?.count ?? 1)
  }

  /// The event of a row: drawn, or taken in turn.
  func event(_ place: RowPlace, at point: Hypothesis) throws -> EventDrawing.Draw {
    guard plan.isWeighted else {
      var stream = PhiloxStream(seed: plan.seed, purpose: .drawing, item: UInt64(place.event))
      return try drawing.draw(at: point, &stream)
    }
    return try drawing.take(Int(order[place.turn / combinations % order.count]), at: point)
  }

  /// The weight of a row; nil where it is one.
  ///
  /// With it the mean of any function over rows is its expectation: n dσ_e/σ of an event that was not
  /// drawn, sgn(dσ_e) Σ|dσ|/σ of one that was.
  func weight(of draw: EventDrawing.Draw, at point: Hypothesis) -> Double? {
    if plan.isWeighted {
      return draw.value * Double(drawing.events.count) / point.crossSection
    }
    guard let signs else { return nil }
    let size = signs.absoluteOverSigned(drawing.events, at: point)
    return draw.value < 0 ? -size : size
  }

  /// The columns, in the order of the batches.
  public var fields: [Field] {
    var fields = [
      Field(SampleFields.x, components: drawing.events.table.observableNames),
      Field(SampleFields.theta0, components: coordinateNames),
    ]
    if plan.method.isRatio {
      fields += [
        Field(SampleFields.theta1, components: coordinateNames), Field(SampleFields.y, .int32),
        Field(SampleFields.logRatio),
      ]
    }
    if hasScore { fields.append(Field(SampleFields.score0, components: scoreNames)) }
    if hasDenominatorScore { fields.append(Field(SampleFields.score1, components: scoreNames)) }
    if isSigned || plan.isWeighted { fields.append(Field(SampleFields.weight)) }
    fields += [Field(SampleFields.eventID, .int64), Field(SampleFields.sample, .int32)]
    return fields
  }

  /// What the header of the sample says.
  /// - Parameters:
  ///   - theta0: hypotheses as the user wrote them.
  ///   - digest: of the events.
  public func info(
    theta0: String, theta1: String, part: Partition, combination: Combination, digest: String
  ) -> SampleInfo {
    // The one denominator of a ratio, or the reference point of a score.
    let reference = (plan.method == .score ? plan.theta0 : plan.theta1)?.list ?? []
    let isOne = reference.count == 1 && plan.additional.isEmpty
    var point = isOne ? reference[0] : []
    if profile != nil { point = Array(point.prefix(setup.parameters.count)) }
    var info = SampleInfo(
      method: plan.method.rawValue, theta0: theta0, theta1: theta1, theta1Values: point,
      benchmarkTotals: drawing.events.totals, partition: drawing.events.table.partition,
      part: part, combination: combination, minimumEffectiveEvents: effective.minimum,
      eventsDigest: digest, setup: setup)
    info.effective = effective.listed
    info.effectiveQuantiles = effective.quantiles
    info.nuisance = plan.nuisance.rawValue
    info.profileMatrix = profile?.matrix ?? []
    info.isWeighted = plan.isWeighted
    return info
  }

  /// Rows of one range of the job, as one batch, with what was counted on the way.
  public func batch(
    _ range: Range<Int>, team: ThreadTeam? = nil
  ) throws -> (batch: Batch, counts: SampleCounts) {
    let blocks = (range.count + Self.blockRows - 1) / Self.blockRows
    let body: @Sendable (Int) throws -> RowBlock = { block in
      let start = range.lowerBound + block * Self.blockRows
      return try RowBlock(self, start..<min(range.upperBound, start + Self.blockRows))
    }
    let parts = try team?.mapBlocks(count: blocks, body) ?? (0..<blocks).map(body)
    var counts = SampleCounts()
    for part in parts { counts.add(part.counts) }
    func reals(_ path: KeyPath<RowBlock, [Double]>) -> Column {
      .float64(parts.flatMap { $0[keyPath: path] })
    }
    var columns = [reals(\.x), reals(\.theta0)]
    if plan.method.isRatio {
      columns += [reals(\.theta1), .int32(parts.flatMap(\.y)), reals(\.logRatio)]
    }
    if hasScore { columns.append(reals(\.score0)) }
    if hasDenominatorScore { columns.append(reals(\.score1)) }
    if isSigned || plan.isWeighted { columns.append(reals(\.weight)) }
    columns += [.int64(parts.flatMap(\.eventID)), .int32(parts.flatMap(\.sample))]
    return (Batch(count: range.count, columns: columns), counts)
  }

  /// Writes the rows of a shard (nil: all) to a sink, which is not finished; notes what was counted.
  public func write(
    to sink: any Sink, rows: Range<Int>? = nil, team: ThreadTeam? = nil, journal: Journal
  ) throws {
    let range = rows ?? 0..<(plan.count ?? .max)
    var counts = SampleCounts()
    var start = range.lowerBound
    while start < range.upperBound {
      let end = start + min(Self.batchRows, range.upperBound - start)
      let (batch, more) = try batch(start..<end, team: team)
      counts.add(more)
      try sink.write(batch)
      start = end
      journal.progress(
        "rows", start - range.lowerBound, of: plan.count == nil ? nil : range.count)
    }
    counts.report(to: journal)
  }
}
