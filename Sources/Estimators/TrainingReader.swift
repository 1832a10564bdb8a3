import Diagnostics
import EventModel

/// Reads a training sample piece by piece: the columns a method needs, in the order of the rows.
public final class TrainingReader {
  private let columns: TrainingRows.Columns
  private let observables: [String]?
  /// Opens the sample again at its end; nil where that cannot be done.
  private let reopen: (() throws -> any Source)?
  private var source: any Source
  private var layout: Layout
  /// Rows of the last batch that were not asked for yet.
  private var rest: (batch: Batch, start: Int)?
  /// θ0 of all rows so far, where it is to be one point.
  private var scorePoint: [Double] = []

  /// Where a sample has its columns.
  private struct Layout {
    var info: SampleInfo
    var parameterNames: [String]
    var choice: ObservableChoice
    var x: Int
    var theta: Int?
    var label: Int?
    var ratio: Int?
    var score: Int?
    var denominator: Int?
    var denominatorScore: Int?
    var weight: Int?
    var eventID: Int?
    var scorePoint: Int?
    /// y where rows drawn at θ1 are passed over.
    var drawnAt: Int?
  }

  /// - Throws: `.data` where the sample lacks a column or an observable.
  public init(
    _ source: any Source, columns: TrainingRows.Columns, observables: [String]? = nil,
    reopen: (() throws -> any Source)? = nil
  ) throws {
    self.source = source
    self.columns = columns
    self.observables = observables
    self.reopen = reopen
    layout = try Self.layout(source, columns, observables)
  }

  private static func layout(
    _ source: any Source, _ columns: TrainingRows.Columns, _ observables: [String]?
  ) throws -> Layout {
    let header = source.header
    let info = try SampleInfo(document: header.document)
    func index(_ path: String, _ needed: TrainingRows.Columns) throws -> Int? {
      guard columns.isSuperset(of: needed) else { return nil }
      guard let i = header.index(of: path) else {
        throw absence(of: path, info).inFile(source.name)
      }
      return i
    }
    guard let x = try index(SampleFields.x, []) else { preconditionFailure() }
    let choice = try ObservableChoice(
      observables, available: header.fields[x].components ?? [], file: source.name)
    guard !choice.names.isEmpty else {
      throw Problem(.data, "the sample has no observables", file: source.name)
    }
    // Where the sample has nuisance parameters, they are among the components; profiled scores are of
    // the parameters alone.
    let named = columns.contains(.theta) ? SampleFields.theta0 : SampleFields.score0
    let names = header.index(of: named).flatMap { header.fields[$0].components }
    return Layout(
      info: info, parameterNames: names ?? info.setup.parameterNames, choice: choice, x: x,
      theta: try index(SampleFields.theta0, .theta), label: try index(SampleFields.y, .labels),
      ratio: try index(SampleFields.logRatio, .logRatios),
      score: try index(SampleFields.score0, .scores),
      denominator: try index(SampleFields.theta1, .denominators),
      denominatorScore: try index(SampleFields.score1, .denominatorScores),
      weight: header.index(of: SampleFields.weight),
      eventID: header.index(of: SampleFields.eventID),
      scorePoint: columns.contains(.scorePoint) ? header.index(of: SampleFields.theta0) : nil,
      drawnAt: columns.contains(.drawnAtTheta0) ? header.index(of: SampleFields.y) : nil)
  }

  /// Why a sample has no such column, and what has one.
  private static func absence(of path: String, _ info: SampleInfo) -> Problem {
    let fact = "the sample has no column \(path)"
    let isScore = [SampleFields.score0, SampleFields.score1].contains(path)
    switch info.method {
    case "import":
      let options = [
        SampleFields.theta0: "--theta0", SampleFields.theta1: "--theta1", SampleFields.y: "--y",
        SampleFields.logRatio: "--log-r", SampleFields.score0: "--score",
        SampleFields.score1: "--score1",
      ]
      let option = options[path].map { " with \($0)" } ?? ""
      return Problem(
        .data, fact,
        remedy: "name it to 'augment import'\(option), or train by a method that does without")
    case "ratio", "ratios":
      if isScore, info.setup.morphing == nil {
        return Problem(
          .data,
          fact + ": its events have weights at benchmarks and no morphing, so that nothing tells "
            + "how they change with the parameters",
          remedy: "train a ratio with --method carl, rolr or alice, or use a setup with morphing")
      }
      return Problem(
        .data, fact, remedy: "draw theta1 from a prior or several points, which have scores there")
    case "plain", "test", "draw":
      let maker = isScore ? "score, density or ratio" : "ratio"
      return Problem(.data, fact, remedy: "make the sample with augment \(maker)")
    default:
      return Problem(.data, fact, remedy: "make the sample with augment ratio")
    }
  }

  /// The next `limit` rows, fewer at the end of the sample; nil is all there are.
  ///
  /// Throws `.data` where no row is left, and where a value is not a number.
  public func read(_ limit: Int? = nil) throws -> TrainingRows {
    var rows = TrainingRows(
      info: layout.info, observableNames: layout.choice.names,
      parameterNames: layout.parameterNames)
    while limit.map({ rows.count < $0 }) ?? true, try fill(), let (batch, start) = rest {
      let end = min(batch.count, start + (limit.map { $0 - rows.count } ?? batch.count))
      try append(batch, start..<end, to: &rows)
      rest = end < batch.count ? (batch, end) : nil
    }
    guard rows.count > 0 else {
      throw Problem(.data, "the sample holds no rows", file: source.name)
    }
    if rows.weights.allSatisfy({ $0 == 1 }) { rows.weights = [] }
    do { try rows.check() } catch let problem as Problem { throw problem.inFile(source.name) }
    return rows
  }

  /// Exactly `count` rows; after the last row of a file the first comes again.
  ///
  /// Throws `.data` where a stream ends.
  public func readOn(_ count: Int, epoch: Int) throws -> TrainingRows {
    var rows: TrainingRows?
    while (rows?.count ?? 0) < count {
      if try !fill() {
        guard let reopen else {
          throw Problem(
            .data, "the stream ended before epoch \(epoch) had its \(count) rows",
            remedy: "use 'augment -n inf', a file, or fewer epochs", file: source.name)
        }
        source = try reopen()
        layout = try Self.layout(source, columns, observables)
      }
      let more = try read(count - (rows?.count ?? 0))
      if rows == nil { rows = more } else { rows?.append(more) }
    }
    guard let rows else { preconditionFailure("an epoch has rows") }
    return rows
  }

  /// Gets rows where none are waiting; false after the last.
  private func fill() throws -> Bool {
    while rest == nil, let next = try source.next() {
      let batch = usable(next)
      if batch.count > 0 { rest = (batch, 0) }
    }
    return rest != nil
  }

  /// The rows of a batch that are drawn at θ0, where others are to be passed over.
  private func usable(_ batch: Batch) -> Batch {
    guard let drawnAt = layout.drawnAt else { return batch }
    let labels = batch.columns[drawnAt].doubles
    let kept = labels.indices.filter { labels[$0] == 0 }
    return Batch(
      count: kept.count,
      columns: zip(batch.columns, source.header.fields).map { $0.rows(kept, width: $1.width) })
  }

  private func append(_ batch: Batch, _ range: Range<Int>, to rows: inout TrainingRows) throws {
    guard !range.isEmpty else { return }
    func part(_ i: Int) -> ArraySlice<Double> {
      let values = batch.columns[i].doubles
      let width = values.count / batch.count
      return values[(range.lowerBound * width)..<(range.upperBound * width)]
    }
    layout.choice.append(Array(part(layout.x)), to: &rows.x)
    if let i = layout.theta { rows.theta += part(i) }
    if let i = layout.label { rows.labels += part(i) }
    if let i = layout.ratio { rows.logRatios += part(i) }
    if let i = layout.score { rows.scores += part(i) }
    if let i = layout.scorePoint {
      try requireOnePoint(part(i), width: part(i).count / range.count)
      rows.scorePoint = scorePoint
    }
    if let i = layout.denominator { rows.denominators += part(i) }
    if let i = layout.denominatorScore { rows.denominatorScores += part(i) }
    if let i = layout.weight { rows.weights += part(i) }
    if let i = layout.eventID { rows.eventIDs += batch.columns[i].integers[range] }
    rows.count += range.count
  }

  /// That these points are the one of all rows so far: a score at one point is not learned from scores at others.
  private func requireOnePoint(_ points: ArraySlice<Double>, width: Int) throws {
    if scorePoint.isEmpty { scorePoint = Array(points.prefix(width)) }
    for (i, value) in points.enumerated() where value != scorePoint[i % width] {
      let k = i % width
      // A column without names has one axis, and one value in a row.
      let names = layout.scorePoint.flatMap { source.header.fields[$0].components }
      throw Problem(
        .data,
        "the scores are at several points: \((names ?? layout.parameterNames)[k]) is "
          + "\(Rounded.text(scorePoint[k])) in one row "
          + "and \(Rounded.text(value)) in another",
        remedy: "make the sample with 'augment score --theta POINT'", file: source.name)
    }
  }
}

extension TrainingRows {
  /// Puts rows of the same sample after these.
  mutating func append(_ other: TrainingRows) {
    if weights.isEmpty != other.weights.isEmpty {
      if weights.isEmpty { weights = [Double](repeating: 1, count: count) }
      weights += other.weights.isEmpty ? [Double](repeating: 1, count: other.count) : other.weights
    } else {
      weights += other.weights
    }
    x += other.x
    theta += other.theta
    labels += other.labels
    logRatios += other.logRatios
    scores += other.scores
    denominators += other.denominators
    denominatorScores += other.denominatorScores
    eventIDs += other.eventIDs
    count += other.count
  }
}
