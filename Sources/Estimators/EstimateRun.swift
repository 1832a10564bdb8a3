import Diagnostics
import EventModel

/// Paths of the columns of estimates.
public enum EstimateFields {
  public static let eventID = "event_id"
  public static let sample = "sample"
  /// log r̂ of each row, one value per parameter point.
  public static let logRatio = "log_r"
  /// log p̂ of each row, one value per parameter point.
  public static let logDensity = "log_p"
  /// t̂ of each row, one value per parameter; of a ratio or density model for each point in turn.
  public static let score = "score"
}

/// Events or a training sample → estimates, batch by batch in constant memory.
public struct EstimateRun: Sendable {
  private let estimator: Estimator
  /// Parameter points with their names; empty means each row's own θ0 (samples only), or a score model.
  private let points: [(name: String, theta: [Double])]
  /// θ1 of log ratios, in place of the model's own; of a density nil is log p̂ itself.
  private let denominator: [Double]?
  private let includesScore: Bool
  private let part: Partition
  private let journal: Journal

  public init(
    estimator: Estimator, points: [(name: String, theta: [Double])],
    denominator: [Double]? = nil, includesScore: Bool, part: Partition, journal: Journal
  ) {
    self.estimator = estimator
    self.points = points
    self.denominator = denominator
    self.includesScore = includesScore || estimator.target == .score
    self.part = part
    self.journal = journal
  }

  /// The header of the estimates of a source; throws where model and source do not fit.
  public func header(for source: any Source) throws -> Header {
    let input = try Input(source, estimator: estimator)
    let setup = try Setup(document: source.header.document)
    try estimator.requireFit(setup, file: source.name)
    var document = setup.document()
    document.set("estimates/target", estimator.target.rawValue)
    document.set("estimates/method", estimator.models[0].method)
    if !isLogDensity {
      document.set("estimates/reference_theta", denominator ?? estimator.referenceTheta)
    }
    document.set(
      "estimates/theta", points.flatMap(\.theta),
      shape: [points.count, estimator.parameterNames.count])
    document.set("estimates/conventions", Conventions.text)
    var fields: [Field] = []
    if let id = input.eventID {
      fields.append(Field(EstimateFields.eventID, source.header.fields[id].type))
    }
    if let sample = input.sample {
      fields.append(Field(EstimateFields.sample, source.header.fields[sample].type))
    }
    if estimator.target != .score {
      guard !points.isEmpty || input.theta != nil else {
        throw Problem(
          .usage, "a parameter point is missing", remedy: "give --theta POINT or --grid AXIS",
          file: nil)
      }
      fields.append(
        Field(
          isLogDensity ? EstimateFields.logDensity : EstimateFields.logRatio,
          components: points.isEmpty ? nil : points.map(\.name)))
    } else if denominator != nil {
      throw Problem(.usage, "a score model gives no ratio", remedy: "leave out --theta1", file: nil)
    }
    if includesScore {
      let names = estimator.parameterNames
      let components =
        estimator.target == .score || points.count <= 1
        ? names : points.flatMap { point in names.map { "\($0) at \(point.name)" } }
      fields.append(Field(EstimateFields.score, components: components))
    }
    let denominator = denominator.map { [(name: "theta1", theta: $0)] } ?? []
    for point in points + denominator {
      let outside = estimator.outsideTrainingRange(point.theta)
      if !outside.isEmpty {
        journal.warn(
          "outside",
          "\(point.name) is outside the range of \(outside.joined(separator: ", ")) in training; "
            + "the model is extrapolated")
      }
    }
    return Header(kind: .estimates, document: document, fields: fields)
  }

  private var isLogDensity: Bool { estimator.target == .density && denominator == nil }

  /// Reads all rows and writes their estimates; returns how many.
  public func run(_ source: any Source, to sink: any Sink) throws -> Int {
    let input = try Input(source, estimator: estimator)
    let partition = PartitionDefinition(source.header.document, at: "sluice/partition")
    var row = 0
    var written = 0
    while let batch = try source.next() {
      var rows = Array(0..<batch.count)
      if part != .all {
        rows = try input.rows(of: batch, in: part, partition: partition, source: source, from: row)
      }
      row += batch.count
      guard !rows.isEmpty else { continue }
      try sink.write(try estimates(batch, rows, input))
      written += rows.count
      journal.progress("rows", row, of: source.rowCount)
    }
    return written
  }

  private func estimates(_ batch: Batch, _ rows: [Int], _ input: Input) throws -> Batch {
    let d = estimator.observableNames.count
    let block = input.x(of: batch)
    var x: [Double] = []
    x.reserveCapacity(rows.count * d)
    for row in rows { x += block[row * d..<(row + 1) * d] }
    var columns: [Column] = []
    if let id = input.eventID { columns.append(batch.columns[id].rows(rows, width: 1)) }
    if let sample = input.sample { columns.append(batch.columns[sample].rows(rows, width: 1)) }
    if estimator.target == .score {
      return Batch(count: rows.count, columns: columns + [.float64(try estimator.score(x: x))])
    }
    let p = estimator.parameterNames.count
    let reference = try denominator.map { try values(x: x, theta: $0, derivatives: false).values }
    if points.isEmpty, let theta = input.theta {
      let all = batch.columns[theta].doubles
      let own = rows.flatMap { all[$0 * p..<($0 + 1) * p] }
      let (values, gradient) = try values(
        x: x, theta: own, reference: reference, derivatives: includesScore)
      columns.append(.float64(values))
      if includesScore { columns.append(.float64(gradient)) }
      return Batch(count: rows.count, columns: columns)
    }
    var ratios = [Double](repeating: 0, count: rows.count * points.count)
    var scores = [Double](repeating: 0, count: includesScore ? ratios.count * p : 0)
    for (k, point) in points.enumerated() {
      let (values, gradient) = try values(
        x: x, theta: point.theta, reference: reference, derivatives: includesScore)
      for i in rows.indices { ratios[i * points.count + k] = values[i] }
      for i in gradient.indices { scores[(i / p * points.count + k) * p + i % p] = gradient[i] }
    }
    columns.append(.float64(ratios))
    if includesScore { columns.append(.float64(scores)) }
    return Batch(count: rows.count, columns: columns)
  }

  /// log r̂ or log p̂ of rows, less the values at a denominator, and its derivatives by θ where wanted.
  private func values(
    x: [Double], theta: [Double], reference: [Double]? = nil, derivatives: Bool
  ) throws -> (values: [Double], gradient: [Double]) {
    var values: [Double]
    var gradient: [Double] = []
    switch (estimator.target, derivatives) {
    case (.density, true):
      (values, gradient) = try estimator.logDensityAndScore(x: x, theta: theta)
    case (.density, false): values = try estimator.logDensity(x: x, theta: theta)
    case (_, true): (values, gradient) = try estimator.logRatioAndGradient(x: x, theta: theta)
    case (_, false): values = try estimator.logRatio(x: x, theta: theta)
    }
    if let reference { for i in values.indices { values[i] -= reference[i] } }
    return (values, gradient)
  }

  /// Where the columns of a source are, for events and samples alike.
  private struct Input {
    let eventID: Int?
    let sample: Int?
    let theta: Int?
    private let observations: Int
    private let choice: ObservableChoice

    init(_ source: any Source, estimator: Estimator) throws {
      let header = source.header
      let isSample = header.kind == .sample
      let path = isSample ? SampleFields.x : EventFields.observations
      guard let x = header.index(of: path) else {
        throw Problem(.data, "there are no observables", file: source.name)
      }
      observations = x
      choice = try ObservableChoice(
        estimator.observableNames, available: header.fields[x].components ?? [],
        file: source.name)
      eventID = header.index(of: isSample ? SampleFields.eventID : EventFields.eventID)
      sample = header.index(of: isSample ? SampleFields.sample : EventFields.sample)
      theta = isSample ? header.index(of: SampleFields.theta0) : nil
    }

    func x(of batch: Batch) -> [Double] {
      var chosen: [Double] = []
      choice.append(batch.columns[observations].doubles, to: &chosen)
      return chosen
    }

    func rows(
      of batch: Batch, in part: Partition, partition: PartitionDefinition, source: any Source,
      from start: Int
    ) throws -> [Int] {
      if let eventID {
        let ids = batch.columns[eventID].integers
        return (0..<batch.count).filter { partition.part(of: ids[$0]) == part }
      }
      guard let count = source.rowCount else {
        throw Problem(
          .data, "rows without event ids in a stream cannot be divided into parts",
          remedy: "give --partition all, or a file", file: source.name)
      }
      return (0..<batch.count).filter { partition.part(row: start + $0, of: count) == part }
    }
  }
}
