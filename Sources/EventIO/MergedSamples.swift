import Diagnostics
import EventModel

/// The sample table of merged events, and the columns that go by it.
///
/// Tables are appended: two runs of one process become two samples of it, which later commands combine (their factors are
/// a matter of the table, not of the weights), and different processes add. An input without a sample table (MadMiner's)
/// is taken as one sample for each sampling benchmark, of the rows it holds, and its rows get identities.
struct MergedSamples {
  private let groups: [TableGroup]
  private let setups: [Setup?]
  /// For each group its sample table; nil where it is inferred.
  private let tables: [[SampleRecord]?]
  private let maps: [[Int64]]
  private var inferred: [Int: InferredSamples] = [:]
  private var keys: [Int: UInt64] = [:]
  private let sampleIndex: Int?
  private let idIndex: Int?
  private let benchmarkIndex: Int?
  private let weights: (index: Int, width: Int)?
  private var rowsOfBenchmark: [Int64: Int] = [:]

  /// Nil for tables without samples: streams of other programs. Adds the columns of samples and identities where only
  /// some inputs have them. Throws `.data` for a sample that two inputs hold, and for unequal k-factors of a process.
  init?(_ groups: [TableGroup], fields: inout [Field], journal: Journal) throws {
    self.groups = groups
    setups = groups.map { try? Setup(document: $0.header.document) }
    tables = try groups.map { try SampleTable.read($0.header.document) }
    let isMadMiner = groups.map { $0.header.index(of: EventFields.samplingBenchmark) != nil }
    guard tables.contains(where: { $0 != nil }) || isMadMiner.allSatisfy({ $0 }) else {
      return nil
    }
    for i in groups.indices where tables[i] == nil && !(isMadMiner[i] && setups[i] != nil) {
      throw Problem(
        .data, "there is no sample table, and nothing that tells the samples of the rows",
        remedy: "read the events with lhe-read", file: groups[i].name)
    }
    for path in [EventFields.sample, EventFields.eventID]
    where !fields.contains(where: { $0.path == path }) {
      fields.append(Field(path, .int64))
    }
    func index(_ path: String) -> Int? { fields.firstIndex { $0.path == path } }
    sampleIndex = index(EventFields.sample)
    idIndex = index(EventFields.eventID)
    benchmarkIndex = index(EventFields.samplingBenchmark)
    weights = index(EventFields.weights).map { ($0, fields[$0].width) }
    maps = groups.map { ColumnMapping.benchmarks($0.header, to: groups[0].header) }
    try refuseSameSample()
    // The rule that later commands use says what cannot be combined.
    for i in groups.indices {
      do { _ = try RowFactors(.balance, samples: tables[...i].flatMap { $0 ?? [] }) } catch let
        problem
        as Problem
      { throw problem.inFile(groups[i].name) }
    }
    for i in groups.indices where tables[i] == nil {
      journal.note(
        "\(groups[i].name) has no sample table: each of its sampling benchmarks is one sample of its rows"
      )
    }
  }

  private func refuseSameSample() throws {
    var seen: [UInt64: String] = [:]
    for (group, table) in zip(groups, tables) {
      for record in table ?? [] where record.key != 0 {
        guard let other = seen.updateValue(group.name, forKey: record.key) else { continue }
        throw Problem(
          .data,
          "sample \(record.file) is there "
            + (other == group.name ? "twice" : "and in \(other)"),
          remedy: "give every sample once; parts of one sample come from events split",
          file: group.name)
      }
    }
  }

  /// Samples of the groups before this one.
  private func start(of group: Int) -> Int {
    (0..<group).reduce(0) { $0 + (tables[$1]?.count ?? inferred[$1]?.records.count ?? 0) }
  }

  /// Puts indices into the sample table, and what an input has not, into mapped rows; `row` is the first one's number.
  mutating func complete(
    _ batch: inout Batch, original: Batch, group: Int, row: Int
  ) throws {
    let benchmarks = benchmarkIndex.map { batch.columns[$0].integers }
    for b in benchmarks ?? [] { rowsOfBenchmark[b, default: 0] += 1 }
    let start = start(of: group)
    if tables[group] != nil {
      guard let at = sampleIndex, start > 0 else { return }
      let indices = batch.columns[at].integers.map { $0 + Int64(start) }
      batch.columns[at] =
        batch.columns[at].type == .int32
        ? .int32(indices.map { Int32($0) }) : .int64(indices)
      return
    }
    if inferred[group] == nil { try begin(group, original) }
    guard var found = inferred[group], let key = keys[group], let at = sampleIndex,
      let idAt = idIndex
    else { return }
    let values = weights.map { (batch.columns[$0.index].doubles, $0.width) }
    let indices = try (0..<batch.count).map { i in
      Int64(start)
        + Int64(
          try found.add(benchmark: benchmarks?[i] ?? 0, row: row + i) { b in
            values.map { $0.0[i * $0.1 + b] } ?? 0
          })
    }
    inferred[group] = found
    batch.columns[at] = .int64(indices)
    if groups[group].header.index(of: EventFields.eventID) == nil {
      batch.columns[idAt] = .int64(
        (0..<batch.count).map { EventIdentity.id(sampleKey: key, index: row + $0) })
    }
  }

  /// The key of a file without one is made of its header and its first rows.
  private mutating func begin(_ group: Int, _ first: Batch) throws {
    var hash = XXH64()
    hash.update(groups[group].header.document.exactJSON)
    for column in first.columns { column.withBytes { hash.update($0) } }
    if let other = keys.first(where: { $0.value == hash.value }) {
      throw Problem(
        .data, "this is the same as \(groups[other.key].name)", remedy: "give every file once",
        file: groups[group].name)
    }
    keys[group] = hash.value
    inferred[group] = InferredSamples(
      setups[0] ?? Setup(), file: groups[group].name, key: hash.value)
  }

  /// All samples, in the order of the inputs.
  private var records: [SampleRecord] {
    groups.indices.flatMap { g -> [SampleRecord] in
      (tables[g] ?? inferred[g]?.records ?? []).map { record in
        var record = record
        if tables[g] != nil, maps[g].indices.contains(record.samplingBenchmark) {
          record.samplingBenchmark = Int(maps[g][record.samplingBenchmark])
        }
        return record
      }
    }
  }

  /// Writes the sample table, and with the last row MadMiner's counts.
  func describe(in document: inout Document, final isFinal: Bool) {
    let records = records
    SampleTable.write(records, to: &document)
    if tables.allSatisfy({ $0 != nil }) {
      // Columns that the table does not know are appended as they are, or left out where they cannot be.
      var known = Document()
      SampleTable.write(records, to: &known)
      let names = known.group("sluice/samples")?.names ?? []
      for name in document.group("sluice/samples")?.names ?? [] where !names.contains(name) {
        let path = "sluice/samples/" + name
        let nodes = groups.compactMap { $0.header.document[path] }
        document[path] = nodes.count == groups.count ? Document.Node.appended(nodes) : nil
      }
    }
    guard isFinal, let setup = setups[0], benchmarkIndex != nil else { return }
    document["sample_summary"] = nil
    document.set(
      "sample_summary/signal_events",
      setup.benchmarks.indices.map { rowsOfBenchmark[Int64($0)] ?? 0 })
    document.set("sample_summary/background_events", rowsOfBenchmark[-1] ?? 0)
  }

  /// Once all is read: what later commands will combine, and perhaps should not.
  func warn(_ journal: Journal) {
    for (i, sentence) in SampleTable.disagreements(records).enumerated() {
      journal.warn("same process \(i)", sentence)
    }
  }
}

extension Document.Node {
  /// Arrays of one type one after the other along their first axis; nil where they do not fit.
  static func appended(_ nodes: [Document.Node]) -> Document.Node? {
    guard var result = nodes.first else { return nil }
    for node in nodes.dropFirst() {
      switch (result, node) {
      case (.texts(let a, let x, let width), .texts(let b, let y, _)):
        guard let shape = shape(x, y) else { return nil }
        result = .texts(a + b, shape: shape, width: width)
      case (.integers(let a, let x), .integers(let b, let y)):
        guard let shape = shape(x, y) else { return nil }
        result = .integers(a + b, shape: shape)
      case (.reals(let a, let x), .reals(let b, let y)):
        guard let shape = shape(x, y) else { return nil }
        result = .reals(a + b, shape: shape)
      default: return nil
      }
    }
    return result
  }

  private static func shape(_ a: [Int], _ b: [Int]) -> [Int]? {
    guard let first = a.first, let second = b.first, a.dropFirst() == b.dropFirst() else {
      return nil
    }
    return [first + second] + a.dropFirst()
  }
}
