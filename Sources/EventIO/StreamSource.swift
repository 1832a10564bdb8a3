import Diagnostics
import EventModel

/// Rows of an Arrow stream, ours or another program's.
///
/// A stream of ours must end with its closing batch and the end mark, whose absence is judged when the end is reached;
/// foreign and endless streams need the mark only.
final class StreamSource: DigestedSource {
  let name: String
  let header: Header
  private(set) var rowCount: Int?
  private let reader: ArrowReader
  private let options: InputOptions
  private let journal: Journal
  private let isSealed: Bool
  /// For every field, its columns in the stream.
  private let columns: [[Int]]
  private var digest: ColumnDigest
  private var current: ArrowReader.ReadBatch?
  private var rowsTaken = 0
  private let blockRows: Int

  var contentDigest: String? { rowCount == nil ? nil : ContentDigest.of(header, columns: digest) }

  init(_ bytes: ByteReader, options: InputOptions, journal: Journal) throws {
    reader = try ArrowReader(bytes)
    name = reader.name
    self.options = options
    self.journal = journal
    var header = try StreamLayout.header(reader)
    if options.salvage { header.document.set(StreamConvention.salvaged, 1) }
    self.header = header
    isSealed = reader.metadata[StreamLayout.sealed] == "1"
    let paths = reader.fields.map { $0.metadata[StreamLayout.path] ?? $0.name }
    columns = header.fields.map { field in
      field.width == 0 && !field.isList ? [] : paths.indices.filter { paths[$0] == field.path }
    }
    digest = ColumnDigest(header.fields)
    blockRows = BlockSize.rows(header.fields, bytes: 1 << 22)
  }

  func next() throws -> Batch? {
    while true {
      if let current, rowsTaken < current.rows {
        let count = min(blockRows, current.rows - rowsTaken)
        let batch = try rows(of: current, from: rowsTaken, count: count)
        rowsTaken += count
        digest.update(batch)
        return batch
      }
      guard rowCount == nil else { return nil }
      do {
        switch try reader.next() {
        case .batch(let batch):
          if batch.rows == 0, batch.metadata[StreamLayout.rows] != nil {
            try close(batch)
            return nil
          }
          current = batch
          rowsTaken = 0
        case .end: try endWithoutClosing()
        case .nothing: throw CutOffStream(problem: truncated())
        }
      } catch let cut as CutOffStream {
        try salvage(cut.problem)
      }
    }
  }

  private func truncated() -> Problem {
    Problem(
      .data, "the stream is truncated after \(digest.rows) rows",
      remedy: "look at what was to write it", file: name)
  }

  /// The end mark came first: right for streams that were never sealed.
  private func endWithoutClosing() throws {
    guard !isSealed || options.reseal else {
      let problem = Problem(
        .data, "the stream ends after \(digest.rows) rows without its closing batch",
        remedy: "it is truncated; if a program filtered it on purpose: events convert --reseal",
        file: name)
      return try salvage(problem)
    }
    try refuseMore()
    rowCount = digest.rows
  }

  /// Checks the closing batch, and that nothing but the end mark follows.
  private func close(_ batch: ArrowReader.ReadBatch) throws {
    guard batch.metadata[StreamLayout.rows] == String(digest.rows),
      batch.metadata[StreamLayout.digest] == digest.hex
    else {
      throw Problem(
        .data,
        "the closing batch tells of \(batch.metadata[StreamLayout.rows] ?? "?") rows and other "
          + "values than the \(digest.rows) rows that came",
        remedy: "if a program changed the stream on purpose, remove the closing batch and use "
          + "events convert --reseal", file: name)
    }
    do {
      guard case .end = try reader.next() else { throw CutOffStream(problem: truncated()) }
      try refuseMore()
      rowCount = digest.rows
    } catch let cut as CutOffStream {
      try salvage(cut.problem)
    }
  }

  private func refuseMore() throws {
    guard try !reader.hasMore() else {
      throw Problem(
        .data, "bytes stand after the end of the stream",
        remedy: "join tables with events merge, not with cat", file: name)
    }
  }

  private func salvage(_ problem: Problem) throws {
    guard options.salvage else { throw problem }
    journal.warn(
      "salvaged-\(name)", "\(problem.line.prefix(200)); kept the \(digest.rows) rows before that")
    rowCount = digest.rows
  }

  private func rows(
    of batch: ArrowReader.ReadBatch, from row: Int, count: Int
  ) throws -> Batch {
    var made: [Column] = []
    for (field, sources) in zip(header.fields, columns) {
      if field.isList, let source = sources.first {
        made.append(try list(field, batch.columns[source], from: row, count: count))
        continue
      }
      let offset = row * field.type.size
      let places = sources.compactMap { batch.columns[$0].bytes.baseAddress.map { $0 + offset } }
      guard places.count == sources.count else {
        throw reader.problem("a batch of \(batch.rows) rows has a column without values")
      }
      var column = Self.gather(field.type, places, count)
      for (i, source) in sources.enumerated() {
        guard let validity = batch.columns[source].validity else { continue }
        try column.clear(
          validity, from: row, count: count, component: i, of: sources.count
        ) { reader.problem("column '\(reader.fields[source].name)' of integers has null values") }
      }
      made.append(column)
    }
    return Batch(count: count, columns: made)
  }

  /// Lists of some rows: their lengths from the offsets, which nobody vouches for, and the values between them.
  private func list(
    _ field: Field, _ column: ArrowReader.ReadBatch.Values, from row: Int, count: Int
  ) throws -> Column {
    guard let entries = column.list else { return .empty(field) }
    func offset(_ i: Int) -> Int {
      entries.isLarge
        ? Int(column.bytes.loadUnaligned(fromByteOffset: 8 * i, as: Int64.self))
        : Int(column.bytes.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self))
    }
    let (start, end) = (offset(row), offset(row + count))
    var counts: [Int] = []
    counts.reserveCapacity(count)
    var last = start
    for i in row..<(row + count) {
      let next = offset(i + 1)
      guard start >= 0, next >= last, next <= entries.count,
        !column.isNull(i) || next == last
      else {
        throw reader.problem(
          "the lists of column '\(field.path)' run backwards, past their values, or are null")
      }
      counts.append(next - last)
      last = next
    }
    let places = entries.components.compactMap {
      $0.bytes.baseAddress.map { $0 + start * field.type.size }
    }
    guard end > start else { return .list(counts: counts, values: .empty(Field("", field.type))) }
    guard places.count == field.width else {
      throw reader.problem("column '\(field.path)' has entries without values")
    }
    var values = Self.gather(field.type, places, end - start)
    for (i, component) in entries.components.enumerated() {
      guard let validity = component.validity else { continue }
      try values.clear(
        validity, from: start, count: end - start, component: i, of: field.width
      ) { reader.problem("lists of integers in column '\(field.path)' have null values") }
    }
    return .list(counts: counts, values: values)
  }

  private static func gather(_ type: ElementType, _ places: [UnsafeRawPointer], _ rows: Int)
    -> Column
  {
    func made<T: BitwiseCopyable>(_: T.Type) -> [T] {
      [T](unsafeUninitializedCapacity: rows * places.count) { buffer, filled in
        if let base = buffer.baseAddress {
          Transposition.gather(places, rows: rows, into: base)
        }
        filled = rows * places.count
      }
    }
    return switch type {
    case .float64: .float64(made(Double.self))
    case .float32: .float32(made(Float.self))
    case .int64: .int64(made(Int64.self))
    case .int32: .int32(made(Int32.self))
    }
  }
}

extension Column {
  /// Turns null values into NaN; integers have no such value and throw.
  fileprivate mutating func clear(
    _ validity: UnsafeRawBufferPointer, from row: Int, count: Int, component: Int, of width: Int,
    orThrow problem: () -> Problem
  ) throws {
    for i in 0..<count {
      let bit = row + i
      guard validity[bit / 8] >> (bit % 8) & 1 == 0 else { continue }
      let at = i * width + component
      switch self {
      case .float64(var values):
        self = .float64([])
        values[at] = .nan
        self = .float64(values)
      case .float32(var values):
        self = .float32([])
        values[at] = .nan
        self = .float32(values)
      case .int64, .int32, .list: throw problem()
      }
    }
  }
}

/// What streams say in their documents.
public enum StreamConvention {
  /// 1 where the table was read with `--salvage`, and may lack rows.
  public static let salvaged = "sluice/salvaged"
}
