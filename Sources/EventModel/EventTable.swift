import Diagnostics

/// Paths of the columns of an events table.
public enum EventFields {
  public static let observations = "samples/observations"
  public static let weights = "samples/weights"
  public static let samplingBenchmark = "samples/sampling_benchmarks"
  /// Index of the row's sample in the sample table.
  public static let sample = "sluice/rows/sample"
  public static let eventID = "sluice/rows/event_id"
  /// The event's own weight (XWGTUP) in pb, its process (IDPRUP) and the numeric attributes of its tag, in tables without a
  /// setup.
  public static let nominal = "sluice/rows/nominal"
  public static let process = "sluice/rows/process"
  public static let attributes = "sluice/rows/attributes"
  /// Weights that are not benchmarks, by the ids the generator gave them.
  public static let extraWeights = "sluice/weights/values"
}

/// The columns of an events file that inference needs, in memory: float64 weights once, chosen observables, identities.
public struct EventTable: Sendable {
  public var setup: Setup
  public var samples: [SampleRecord]
  /// False for files of other programs; then samples are one per sampling benchmark and rows are combined by `average`.
  public var hasSampleTable: Bool
  public var count: Int
  /// Row-major [row][weight]: physics benchmarks, then nuisance benchmarks [pb]; row factors not applied.
  public var weights: [Double]
  public var weightCount: Int
  /// Row-major [row][observable], only the ones asked for.
  public var observations: [Double]
  public var observableNames: [String]
  /// Index into `samples`.
  public var sampleIndices: [Int32]
  /// Empty where the file has none.
  public var eventIDs: [Int64]
  public var partition: PartitionDefinition
  /// The row of the file that each row is, where some were left out; empty where none was.
  public private(set) var fileRows: [Int] = []
  /// Rows of the file.
  private var fileCount: Int?

  public init(
    setup: Setup, samples: [SampleRecord], hasSampleTable: Bool = true, count: Int,
    weights: [Double], observations: [Double] = [], observableNames: [String] = [],
    sampleIndices: [Int32], eventIDs: [Int64] = [], partition: PartitionDefinition = .init()
  ) {
    self.setup = setup
    self.samples = samples
    self.hasSampleTable = hasSampleTable
    self.count = count
    self.weights = weights
    self.weightCount = setup.weightNames.count
    self.observations = observations
    self.observableNames = observableNames
    self.sampleIndices = sampleIndices
    self.eventIDs = eventIDs
    self.partition = partition
  }

  /// Physics benchmarks, the first columns of `weights`.
  public var benchmarkCount: Int { setup.benchmarks.count }

  /// The rule used when none is asked for: balance for our files, MadMiner's average for others.
  public var defaultCombination: Combination { hasSampleTable ? .balance : .average }

  /// Factors under a rule; `closest` needs theta.
  public func rowFactors(_ combination: Combination?, theta: [Double]? = nil) throws -> [Double] {
    let rule = try RowFactors(
      combination ?? defaultCombination, samples: samples, benchmarks: setup.benchmarks,
      theta: theta)
    var factors = [Double](repeating: 1, count: count)
    weights.withUnsafeBufferPointer { w in
      guard let base = w.baseAddress else { return }
      for row in 0..<count {
        factors[row] = rule.factor(
          sample: Int(sampleIndices[row]), weights: base + row * weightCount)
      }
    }
    return factors
  }

  /// The part that each row belongs to.
  public func parts() -> [Partition] {
    (0..<count).map {
      eventIDs.isEmpty
        ? partition.part(row: fileRow($0), of: fileCount ?? count)
        : partition.part(of: eventIDs[$0])
    }
  }

  /// The row of the file that a row is, from 0.
  public func fileRow(_ row: Int) -> Int { fileRows.isEmpty ? row : fileRows[row] }

  /// Some rows, in order, their weights multiplied by `scales`; what is known of the samples stays.
  public func selecting(_ rows: [Int], scales: [Double]) -> EventTable {
    var result = self
    let width = observableNames.count
    result.fileRows = rows.map(fileRow)
    result.fileCount = fileCount ?? count
    result.count = rows.count
    result.weights = []
    result.weights.reserveCapacity(rows.count * weightCount)
    for (row, scale) in zip(rows, scales) {
      for w in weights[row * weightCount..<(row + 1) * weightCount] {
        result.weights.append(scale * w)
      }
    }
    result.observations = rows.flatMap { observations[$0 * width..<($0 + 1) * width] }
    result.sampleIndices = rows.map { sampleIndices[$0] }
    result.eventIDs = eventIDs.isEmpty ? [] : rows.map { eventIDs[$0] }
    return result
  }

  /// Adds columns, one value a row.
  public mutating func add(columns: [(name: String, values: [Double])]) {
    guard !columns.isEmpty else { return }
    let width = observableNames.count
    var all: [Double] = []
    all.reserveCapacity(count * (width + columns.count))
    for row in 0..<count {
      all += observations[row * width..<(row + 1) * width]
      for column in columns { all.append(column.values[row]) }
    }
    observations = all
    observableNames += columns.map(\.name)
  }

  /// Rows of a part and, for each sample, rows / rows in the part.
  ///
  /// Throws where a sample has rows but none of them in the part, since its cross section would be lost.
  public func rows(in part: Partition) throws -> (rows: [Int], sampleFactors: [Double]) {
    guard part != .all else {
      return (Array(0..<count), [Double](repeating: 1, count: samples.count))
    }
    let all = parts()
    let rows = (0..<count).filter { all[$0] == part }
    var total = [Int](repeating: 0, count: samples.count)
    var inside = total
    for row in 0..<count { total[Int(sampleIndices[row])] += 1 }
    for row in rows { inside[Int(sampleIndices[row])] += 1 }
    var factors = [Double](repeating: 1, count: samples.count)
    for s in samples.indices where total[s] > 0 {
      guard inside[s] > 0 else {
        throw Problem(
          .data, "sample \(samples[s].file) has no event in the \(part.rawValue) part",
          remedy: "use more events or --partition all")
      }
      factors[s] = Double(total[s]) / Double(inside[s])
    }
    return (rows, factors)
  }

  /// Reads a source of kind `events` to its end. `observables` nil keeps all; unknown names throw with the names there are.
  public static func load(_ source: any Source, observables: [String]? = nil) throws -> EventTable {
    let header = source.header
    guard header.kind == .events else {
      throw Problem(
        .data, "this is a file of kind \(header.kind.rawValue), not events", file: source.name)
    }
    guard let weightIndex = header.index(of: EventFields.weights) else {
      throw Problem(
        .data, "there are no benchmark weights", remedy: "read the events with lhe-read --setup",
        file: source.name)
    }
    let setup = try Setup(document: header.document)
    let observationIndex = header.index(of: EventFields.observations)
    let available = observationIndex.flatMap { header.fields[$0].components } ?? []
    let chosen = try ObservableChoice(observables, available: available, file: source.name)
    var table = EventTable(
      setup: setup, samples: [], count: 0, weights: [], observableNames: chosen.names,
      sampleIndices: [], partition: PartitionDefinition(header.document, at: "sluice/partition"))
    var samplingBenchmarks: [Int64] = []
    let sampleIndex = header.index(of: EventFields.sample)
    let benchmarkIndex = header.index(of: EventFields.samplingBenchmark)
    let idIndex = header.index(of: EventFields.eventID)
    while let batch = try source.next() {
      table.count += batch.count
      table.weights += batch.columns[weightIndex].doubles
      if let observationIndex {
        chosen.append(batch.columns[observationIndex].doubles, to: &table.observations)
      }
      if let sampleIndex {
        table.sampleIndices += batch.columns[sampleIndex].integers.map { Int32($0) }
      }
      if let idIndex { table.eventIDs += batch.columns[idIndex].integers }
      if let benchmarkIndex { samplingBenchmarks += batch.columns[benchmarkIndex].integers }
    }
    if sampleIndex != nil, let samples = try SampleTable.read(header.document) {
      table.samples = samples
    } else {
      try table.inferSamples(samplingBenchmarks, file: source.name)
    }
    for index in table.sampleIndices where !table.samples.indices.contains(Int(index)) {
      throw Problem(
        .data, "a row belongs to sample \(index), which the sample table does not list",
        file: source.name)
    }
    return table
  }

  /// One sample per sampling benchmark for files without our sample table; without ids, one sample with factor 1.
  private mutating func inferSamples(_ ids: [Int64], file: String) throws {
    hasSampleTable = false
    let ids = ids.isEmpty ? [Int64](repeating: 0, count: count) : ids
    var inferred = InferredSamples(setup, file: file)
    sampleIndices = []
    sampleIndices.reserveCapacity(count)
    for (row, id) in ids.enumerated() {
      sampleIndices.append(
        try inferred.add(benchmark: id, row: row) { weights[row * weightCount + $0] })
    }
    samples = inferred.records
  }
}

/// Columns picked by name out of a row-major block.
public struct ObservableChoice: Sendable {
  public let names: [String]
  /// Position of each chosen column in the block.
  public let indices: [Int]
  private let width: Int

  public init(_ wanted: [String]?, available: [String], file: String? = nil) throws {
    names = wanted ?? available
    width = available.count
    indices = try names.map { name in
      guard let i = available.firstIndex(of: name) else {
        throw Problem(
          .data, "there is no observable '\(name)'",
          remedy: "there are " + available.joined(separator: ", "), file: file)
      }
      return i
    }
  }

  public func append(_ block: [Double], to result: inout [Double]) {
    guard width > 0 else { return }
    if indices == Array(0..<width) {
      result += block
      return
    }
    for row in 0..<(block.count / width) {
      for i in indices { result.append(block[row * width + i]) }
    }
  }
}
