import Diagnostics
import EventModel

/// What one pass over a table tells: how many rows, and for every column its sum, range and odd values.
public struct TableSummary: Sendable {
  /// One column, or one component of a field.
  public struct Component: Sendable {
    public let name: String
    public let unit: String?
    public fileprivate(set) var sum = 0.0
    public fileprivate(set) var minimum = Double.infinity
    public fileprivate(set) var maximum = -Double.infinity
    public fileprivate(set) var negative = 0
    public fileprivate(set) var nan = 0
    public fileprivate(set) var infinite = 0
  }
  public private(set) var rows = 0
  /// Indexed [field][component].
  public private(set) var components: [[Component]]
  /// Rows of each entry of the sample table, in its order; rows of no entry are in `strayRows`.
  public private(set) var rowsOfSample: [Int]
  public private(set) var strayRows = 0
  /// Rows of each sampling benchmark; −1 is background.
  public private(set) var rowsOfBenchmark: [Int: Int] = [:]
  public let digest: String?
  private let sampleIndex: Int?
  private let benchmarkIndex: Int?

  /// Reads the source to its end. `each` sees every batch.
  public init(reading source: any Source, each: ((Batch) throws -> Void)? = nil) throws {
    let header = source.header
    var names = StreamLayout.columnNames(header.fields)[...]
    let made = header.fields.map { field in
      (0..<field.width).map { _ in Component(name: names.removeFirst(), unit: field.unit) }
    }
    var tally = Tally(
      components: made,
      rowsOfSample: [Int](
        repeating: 0, count: try SampleTable.read(header.document)?.count ?? 0))
    sampleIndex = header.index(of: EventFields.sample)
    benchmarkIndex = header.index(of: EventFields.samplingBenchmark)
    while let batch = try source.next() {
      tally.add(batch, sampleIndex: sampleIndex, benchmarkIndex: benchmarkIndex)
      try each?(batch)
    }
    rows = tally.rows
    components = tally.components
    rowsOfSample = tally.rowsOfSample
    strayRows = tally.strayRows
    rowsOfBenchmark = tally.rowsOfBenchmark
    digest = (source as? any DigestedSource)?.contentDigest
  }

  private struct Tally {
    var rows = 0
    var components: [[Component]]
    var rowsOfSample: [Int]
    var strayRows = 0
    var rowsOfBenchmark: [Int: Int] = [:]

    mutating func add(_ batch: Batch, sampleIndex: Int?, benchmarkIndex: Int?) {
      rows += batch.count
      for f in components.indices {
        let width = components[f].count
        let values = batch.columns[f].doubles
        for c in 0..<width {
          var component = components[f][c]
          for i in stride(from: c, to: values.count, by: width) { component.add(values[i]) }
          components[f][c] = component
        }
      }
      if let sampleIndex {
        for s in batch.columns[sampleIndex].integers {
          if rowsOfSample.indices.contains(Int(s)) {
            rowsOfSample[Int(s)] += 1
          } else {
            strayRows += 1
          }
        }
      }
      if let benchmarkIndex {
        for b in batch.columns[benchmarkIndex].integers { rowsOfBenchmark[Int(b), default: 0] += 1 }
      }
    }
  }
}

extension TableSummary.Component {
  fileprivate mutating func add(_ value: Double) {
    if value.isNaN {
      nan += 1
      return
    }
    if value.isInfinite { infinite += 1 }
    if value < 0 { negative += 1 }
    sum += value
    if value < minimum { minimum = value }
    if value > maximum { maximum = value }
  }
}

/// What `events check` asks of a table beyond that it can be read and has the digest it states.
public enum TableCheck {
  /// What is wrong, one line each; nothing where all is well. Reads the source to its end.
  public static func findings(_ source: any Source) throws -> [String] {
    let header = source.header
    var ids: [Int64] = []
    let idIndex = header.kind == .events ? header.index(of: EventFields.eventID) : nil
    let summary = try TableSummary(reading: source) { batch in
      if let idIndex { ids += batch.columns[idIndex].integers }
    }
    var lines = weights(header, summary)
    lines += try samples(header, summary)
    lines += try summaryCounts(header, summary)
    lines += duplicates(&ids)
    return lines
  }

  private static func weights(_ header: Header, _ summary: TableSummary) -> [String] {
    var lines: [String] = []
    for (field, components) in zip(header.fields, summary.components)
    where field.path == EventFields.weights || field.path == SampleFields.weight {
      for component in components where component.nan + component.infinite > 0 {
        lines.append(
          "\(component.name): \(component.nan) NaN, \(component.infinite) infinite values")
      }
      for component in components where summary.rows > 0 && component.sum == 0 {
        lines.append("\(component.name): the weights add to 0")
      }
    }
    return lines
  }

  private static func samples(_ header: Header, _ summary: TableSummary) throws -> [String] {
    guard let samples = try SampleTable.read(header.document) else { return [] }
    var lines: [String] = []
    let isPart = try TablePart.read(header.document) != nil
    for (sample, rows) in zip(samples, summary.rowsOfSample)
    where isPart ? sample.eventsKept < rows : sample.eventsKept != rows {
      lines.append(
        "sample \(sample.file): \(rows) rows, but the sample table says \(sample.eventsKept)")
    }
    for sample in samples where sample.eventsKept > sample.eventsRead {
      lines.append("sample \(sample.file): more events kept than read")
    }
    if summary.strayRows > 0 {
      lines.append("\(summary.strayRows) rows belong to no entry of the sample table")
    }
    return lines
  }

  /// MadMiner's own counts, which its factors go by.
  private static func summaryCounts(
    _ header: Header, _ summary: TableSummary
  ) throws -> [String] {
    guard let signal = header.document.integers("sample_summary/signal_events"),
      !summary.rowsOfBenchmark.isEmpty, try TablePart.read(header.document) == nil
    else { return [] }
    var lines: [String] = []
    for (benchmark, stated) in signal.enumerated() {
      let rows = summary.rowsOfBenchmark[benchmark] ?? 0
      if rows != stated {
        lines.append(
          "benchmark \(benchmark): \(rows) rows, but sample_summary/signal_events says \(stated)")
      }
    }
    let background = header.document.integer("sample_summary/background_events") ?? 0
    if background != summary.rowsOfBenchmark[-1] ?? 0 {
      lines.append(
        "\(summary.rowsOfBenchmark[-1] ?? 0) background rows, but "
          + "sample_summary/background_events says \(background)")
    }
    return lines
  }

  private static func duplicates(_ ids: inout [Int64]) -> [String] {
    ids.sort()
    let twice = zip(ids, ids.dropFirst()).count { $0 == $1 }
    return twice == 0 ? [] : ["\(twice) events are there more than once"]
  }
}
