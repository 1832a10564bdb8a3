import Diagnostics
import EventModel
import Morphing
import Numerics

/// Makes the rows of a training or test sample.
///
/// Row i is a function of (seed, i) alone: threads, blocks and shards do not change it. Of a ratio,
/// even rows are drawn at θ0 (y = 0) and odd rows at θ1 (y = 1), so that every prefix is balanced;
/// rows 2q and 2q + 1 use the same members of lists, all combinations in turn.
public struct SampleMaker: Sendable {
  public let plan: SamplePlan
  public let drawing: EventDrawing
  /// How good the hypotheses are described by the events.
  public let effective: EffectiveEvents
  /// Present where rows are signed.
  let signs: SignSums?

  /// Rows worked on as one piece.
  static let blockRows = 2048
  /// Rows given out together.
  public static let batchRows = 65_536

  /// - Throws: `.data` for hypotheses with σ ≤ 0 among the first 100,000, and for negative events
  ///   that are to be refused.
  public init(
    _ plan: SamplePlan, events: WeightedEvents, team: ThreadTeam? = nil, journal: Journal? = nil
  ) throws {
    if plan.method == .ratio, plan.theta1 == nil {
      throw Problem(.usage, "a ratio needs a denominator hypothesis", remedy: "give --theta1")
    }
    self.plan = plan
    let hasNegative = events.weights.contains { $0 < 0 }
    let policy = plan.negative ?? (hasNegative ? .signed : .refuse)
    drawing = try EventDrawing(events, negative: policy, team: team)
    signs = policy == .signed ? SignSums(events) : nil
    effective = try EffectiveEvents(plan, drawing: drawing, team: team)
    if let journal { effective.report(to: journal) }
  }

  /// Rows have a joint score at θ0.
  public var hasScore: Bool { plan.hasScore(drawing.events.table.setup) }
  public var isSigned: Bool { signs != nil }

  /// The columns, in the order of the batches.
  public var fields: [Field] {
    let table = drawing.events.table
    let parameters = table.setup.parameterNames
    var fields = [
      Field(SampleFields.x, components: table.observableNames),
      Field(SampleFields.theta0, components: parameters),
    ]
    if plan.method == .ratio {
      fields += [
        Field(SampleFields.theta1, components: parameters), Field(SampleFields.y, .int32),
        Field(SampleFields.logRatio),
      ]
    }
    if hasScore { fields.append(Field(SampleFields.score0, components: parameters)) }
    if isSigned { fields.append(Field(SampleFields.weight)) }
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
    let table = drawing.events.table
    // The one denominator of a ratio, or the reference point of a score.
    let reference = (plan.method == .score ? plan.theta0 : plan.theta1)?.list ?? []
    return SampleInfo(
      method: plan.method.rawValue, theta0: theta0, theta1: theta1,
      theta1Values: reference.count == 1 ? reference[0] : [],
      benchmarkTotals: drawing.events.totals, partition: table.partition, part: part,
      combination: combination, minimumEffectiveEvents: effective.minimum, eventsDigest: digest,
      setup: table.setup)
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
    if plan.method == .ratio {
      columns += [reals(\.theta1), .int32(parts.flatMap(\.y)), reals(\.logRatio)]
    }
    if hasScore { columns.append(reals(\.score)) }
    if isSigned { columns.append(reals(\.weight)) }
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

/// What was met while rows were drawn.
public struct SampleCounts: Sendable, Equatable {
  public var rows = 0
  public var tries = 0
  public var negative = 0
  /// log_r_xz = ±inf: the event is impossible at one of the hypotheses.
  public var infiniteRatios = 0
  /// Weights of opposite sign at θ0 and θ1, where the ratio is taken to be zero or infinite.
  public var oppositeSigns = 0

  public init() {}

  mutating func add(_ other: SampleCounts) {
    rows += other.rows
    tries += other.tries
    negative += other.negative
    infiniteRatios += other.infiniteRatios
    oppositeSigns += other.oppositeSigns
  }

  func report(to journal: Journal) {
    guard rows > 0 else { return }
    journal.note(
      "\(shortNumber(Double(tries) / Double(rows))) tries per row on average")
    if negative > 0 {
      journal.note(
        "\(negative) of \(rows) rows have a negative weight "
          + "(\(shortNumber(100 * Double(negative) / Double(rows))) %)")
    }
    if infiniteRatios > 0 {
      journal.note(
        "\(infiniteRatios) rows have an infinite log ratio: impossible at one of the hypotheses")
    }
    if oppositeSigns > 0 {
      journal.warn(
        "opposite-signs",
        "rows have weights of opposite sign at theta0 and theta1; "
          + "their log ratio is written as infinite", count: oppositeSigns)
    }
  }
}
