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
  /// t̂ at θ1, of a ratio of two hypotheses: −∂ log r̂/∂θ1, so that a score has the sign of a score.
  public static let denominatorScore = "score1"
  /// t̂·(θ − θ_ref)/|θ − θ_ref| of a score model, one value per parameter point; 0 at θ_ref, as log r is there.
  public static let projectedScore = "projected_score"
}

/// Events or a training sample → estimates, batch by batch in constant memory.
public struct EstimateRun: Sendable {
  private let estimator: Estimator
  /// Parameter points with their names; empty means each row's own θ0 (samples only), or a score model.
  private let points: [(name: String, theta: [Double])]
  /// θ1 of log ratios, in place of the model's own; of a density nil is log p̂ itself.
  private let denominator: [Double]?
  private let includesScore: Bool
  /// What becomes of the components of a score.
  private let treatment: ScoreTreatment
  private let part: Partition
  private let journal: Journal

  public init(
    estimator: Estimator, points: [(name: String, theta: [Double])],
    denominator: [Double]? = nil, includesScore: Bool, treatment: ScoreTreatment? = nil,
    part: Partition, journal: Journal
  ) {
    self.estimator = estimator
    self.points = points
    self.denominator = denominator
    self.includesScore = includesScore || estimator.target == .score
    self.treatment = treatment ?? .keep(estimator.parameterNames)
    self.part = part
    self.journal = journal
  }

  /// The header of the estimates of a source; throws where model and source do not fit.
  public func header(for source: any Source) throws -> Header {
    let input = try Input(source, estimator: estimator)
    let setup = try Setup(document: source.header.document)
    try estimator.requireFit(setup, file: source.name)
    if points.isEmpty, estimator.target != .score, let theta = input.theta,
      let names = source.header.fields[theta].components
    {
      try estimator.requireCoordinates(names, file: source.name)
    }
    var document = setup.document()
    document.set("estimates/target", estimator.target.rawValue)
    document.set("estimates/method", estimator.models[0].method)
    let ownDenominators = usesOwnDenominators(input)
    if !isLogDensity, !ownDenominators {
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
    if includesScore { fields += try scoreFields() }
    fields += try spreads().fields
    let isFree = denominator != nil && !estimator.hasTwoHypotheses
    let others = isFree ? denominator.map { [(name: "theta1", theta: $0)] } ?? [] : []
    for point in points + others {
      let isReference =
        denominator == nil && !includesScore
        && point.theta == estimator.referenceTheta
      // The ratio of theta1 to itself is known all the same.
      if isReference, !estimator.isKnown(point.theta) { continue }
      try estimator.requireKnown(point.theta)
      let outside = estimator.outsideTrainingRange(point.theta, denominator: denominator)
      if !outside.isEmpty {
        journal.warn(
          "outside",
          (estimator.hasTwoHypotheses ? "\(point.name) over theta1" : point.name)
            + " is outside the range of \(outside.joined(separator: ", ")) in training; "
            + "the model is extrapolated")
      }
    }
    return Header(kind: .estimates, document: document, fields: fields)
  }

  private func scoreFields() throws -> [Field] {
    if estimator.target == .score {
      var fields = [Field(EstimateFields.score, components: treatment.names)]
      if !points.isEmpty {
        for point in points { _ = try direction(to: point) }
        fields.append(Field(EstimateFields.projectedScore, components: points.map(\.name)))
      }
      return fields
    }
    try estimator.requireDerivatives()
    let names = estimator.parameterNames
    let components =
      points.count <= 1
      ? names : points.flatMap { point in names.map { "\($0) at \(point.name)" } }
    let paths =
      [EstimateFields.score]
      + (estimator.hasTwoHypotheses ? [EstimateFields.denominatorScore] : [])
    return paths.map { Field($0, components: components) }
  }

  /// The unit vector from θ_ref to a point, of the components that are kept; 0 to θ_ref itself, where log r is 0.
  private func direction(to point: (name: String, theta: [Double])) throws -> [Double] {
    let reference = estimator.referenceTheta
    let delta = treatment.kept.map { point.theta[$0] - reference[$0] }
    let length = delta.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length == 0 else { return delta.map { $0 / length } }
    guard zip(point.theta, reference).allSatisfy({ $0 == $1 }) else {
      throw Problem(
        .usage,
        "\(point.name) differs from the reference point of the score only in what is left out of it",
        remedy: "keep the nuisance parameters, or give another --theta")
    }
    return delta
  }

  /// Rows of a sample have a θ1 of their own, for networks that take any.
  private func usesOwnDenominators(_ input: Input) -> Bool {
    estimator.hasTwoHypotheses && denominator == nil && points.isEmpty && input.theta1 != nil
  }

  private var isLogDensity: Bool { estimator.target == .density && denominator == nil }

  /// Reads all rows and writes their estimates; returns how many.
  public func run(_ source: any Source, to sink: any Sink) throws -> Int {
    let input = try Input(source, estimator: estimator)
    let partition = PartitionDefinition(source.header.document, at: "sluice/partition")
    let spreads = try spreads()
    var row = 0
    var written = 0
    while let batch = try source.next() {
      var rows = Array(0..<batch.count)
      if part != .all {
        rows = try input.rows(of: batch, in: part, partition: partition, source: source, from: row)
      }
      row += batch.count
      // A batch times a grid of many points would be large.
      let size = max(64, Self.largestBlock / max(1, points.count))
      for start in stride(from: 0, to: rows.count, by: size) {
        let block = Array(rows[start..<min(rows.count, start + size)])
        var estimates = try estimates(batch, block, input)
        estimates.columns += try spreadColumns(batch, block, input, spreads)
        try sink.write(estimates)
      }
      written += rows.count
      journal.progress("rows", row, of: source.rowCount)
    }
    return written
  }

  /// Most rows times points that are evaluated together.
  private static let largestBlock = 1 << 20

  private func spreads() throws -> MemberSpreads {
    try MemberSpreads(estimator, points: points, denominator: denominator)
  }

  private func spreadColumns(
    _ batch: Batch, _ rows: [Int], _ input: Input, _ spreads: MemberSpreads
  ) throws -> [Column] {
    guard !spreads.fields.isEmpty else { return [] }
    let (d, p) = (estimator.observableNames.count, estimator.parameterNames.count)
    let block = input.x(of: batch)
    let theta = points.isEmpty ? input.theta.map { batch.columns[$0].doubles } ?? [] : []
    return try spreads.columns(
      x: rows.flatMap { block[$0 * d..<($0 + 1) * d] },
      own: theta.isEmpty ? [] : rows.flatMap { theta[$0 * p..<($0 + 1) * p] })
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
      return Batch(count: rows.count, columns: columns + (try scores(x)))
    }
    let p = estimator.parameterNames.count
    let estimate = try PointEstimates(
      estimator, x: x, denominator: denominator, isLogDensity: isLogDensity,
      derivatives: includesScore)
    if points.isEmpty, let theta = input.theta {
      func own(_ column: Int) -> [Double] {
        let all = batch.columns[column].doubles
        return rows.flatMap { all[$0 * p..<($0 + 1) * p] }
      }
      let theta1 = usesOwnDenominators(input) ? input.theta1.map(own) : nil
      let result = try estimate.at(own(theta), denominator: theta1)
      columns.append(.float64(result.values))
      columns += result.scores.map { .float64($0) }
      return Batch(count: rows.count, columns: columns)
    }
    if !includesScore, estimator.target == .ratio, denominator == nil, !estimator.hasTwoHypotheses {
      let ratios = try estimator.logRatios(x: x, points: points.flatMap(\.theta))
      return Batch(count: rows.count, columns: columns + [.float64(ratios)])
    }
    var ratios = [Double](repeating: 0, count: rows.count * points.count)
    var scores: [[Double]] = []
    for (k, point) in points.enumerated() {
      let result = try estimate.at(point.theta)
      for i in rows.indices { ratios[i * points.count + k] = result.values[i] }
      if scores.isEmpty {
        scores = result.scores.map { _ in [Double](repeating: 0, count: ratios.count * p) }
      }
      for (s, score) in result.scores.enumerated() {
        for i in score.indices { scores[s][(i / p * points.count + k) * p + i % p] = score[i] }
      }
    }
    return Batch(
      count: rows.count, columns: columns + [.float64(ratios)] + scores.map { .float64($0) })
  }

  /// The components of a score that are wanted, and its projections on the directions of the points.
  private func scores(_ x: [Double]) throws -> [Column] {
    let score = treatment.apply(try estimator.score(x: x))
    guard !points.isEmpty else { return [.float64(score)] }
    let p = treatment.names.count
    let directions = try points.map { try direction(to: $0) }
    var projections: [Double] = []
    projections.reserveCapacity(score.count / p * points.count)
    for row in 0..<score.count / p {
      for direction in directions {
        var sum = 0.0
        for k in 0..<p { sum += direction[k] * score[row * p + k] }
        projections.append(sum)
      }
    }
    return [.float64(score), .float64(projections)]
  }

  /// Where the columns of a source are, for events and samples alike.
  private struct Input {
    let eventID: Int?
    let sample: Int?
    let theta: Int?
    let theta1: Int?
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
      theta1 = isSample ? header.index(of: SampleFields.theta1) : nil
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
