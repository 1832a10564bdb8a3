import Diagnostics
import EventModel

/// A table cut into parts, each a table of its own that says which part it is.
///
/// Header, weights and sample table of a part are those of the whole: nothing is scaled, and `TableMerge` puts the parts
/// together again. Rows wait in TMPDIR until the input has come to its end, so that nothing is written of a broken one.
public final class TableSplit {
  /// How rows are divided.
  public enum Rule: Sendable, Equatable {
    /// So many parts of equal size, each of rows that follow one another.
    case parts(Int)
    /// Parts of so many rows.
    case rows(Int)
    /// One part for each sample of the sample table.
    case sample
    /// Train, validation and test.
    case partition
  }

  public struct Part {
    /// From 1.
    public let number: Int
    /// `1`, or `train`.
    public let name: String
    public let header: Header
    public fileprivate(set) var rows = 0
    fileprivate var range = 0..<0
  }

  public private(set) var parts: [Part] = []
  private let source: any Source
  private let rule: Rule
  private let spool: Spool
  private var rowCount = 0
  private let index: Int?
  private let partition: PartitionDefinition

  /// Parts that one run may write.
  public static let maximumParts = 10_000

  /// Reads the source to its end. Throws `.data` for tables without rows, or without what the rule goes by.
  public init(_ source: any Source, by rule: Rule, journal: Journal) throws {
    self.source = source
    self.rule = rule
    let header = source.header
    if let part = try TablePart.read(header.document) {
      throw Problem(
        .data, "this is \(part.description) already", remedy: "split the whole into more parts",
        file: source.name)
    }
    partition = PartitionDefinition(header.document, at: "sluice/partition")
    var names: [String] = []
    switch rule {
    case .parts, .rows: index = nil
    case .sample:
      index = header.index(of: EventFields.sample)
      names = (try SampleTable.read(header.document) ?? []).indices.map { "\($0 + 1)" }
    case .partition:
      index = header.index(of: EventFields.eventID)
      names = [Partition.train, .validation, .test].map(\.rawValue)
    }
    if index == nil || names.isEmpty, rule == .sample || rule == .partition {
      throw Problem(
        .data, "the rows have no \(rule == .sample ? "sample table" : "event ids")",
        remedy: "split by --parts or --rows", file: source.name)
    }
    let blockRows = BlockSize.rows(header.fields, bytes: 1 << 22)
    spool = try Spool(header.fields, blockRows: blockRows)
    var blocks = RowBlocks(header.fields, blockRows: blockRows)
    var digest = ColumnDigest(header.fields)
    var count = 0
    while let batch = try source.next() {
      count += batch.count
      digest.update(batch)
      try blocks.add(batch) { try spool.append($0) }
      journal.progress("rows of \(source.name)", count)
    }
    try blocks.flush { try spool.append($0) }
    rowCount = count
    let ranges = try Self.ranges(rule, rows: count, named: names.count, file: source.name)
    if names.isEmpty { names = ranges.indices.map { "\($0 + 1)" } }
    let whole = ContentDigest.of(header, columns: digest)
    parts = names.enumerated().map { i, name in
      var own = header
      own.provenance = []
      TablePart(numbers: [i + 1], count: names.count, whole: whole).write(to: &own.document)
      return Part(number: i + 1, name: name, header: own, rows: ranges[i].count, range: ranges[i])
    }
  }

  private static func ranges(
    _ rule: Rule, rows: Int, named: Int, file: String
  ) throws -> [Range<Int>] {
    let count: Int
    switch rule {
    case .parts(let n): count = n
    case .rows(let n): count = max(1, (rows + n - 1) / n)
    case .sample, .partition: return [Range<Int>](repeating: 0..<rows, count: named)
    }
    guard count <= maximumParts else {
      throw Problem(
        .usage, "there would be \(count) parts, more than \(maximumParts)",
        remedy: "use larger parts", file: file)
    }
    if case .rows(let n) = rule { return (0..<count).map { $0 * n..<min(rows, ($0 + 1) * n) } }
    guard count <= max(1, rows) else {
      throw Problem(
        .data, "\(rows) rows cannot be cut into \(count) parts", remedy: "use fewer parts",
        file: file)
    }
    return (0..<count).map { k in
      let cut = { (k: Int) in
        Int(
          UInt64(count).dividingFullWidth(
            UInt64(rows).multipliedFullWidth(by: UInt64(k))
          ).quotient)
      }
      return cut(k)..<cut(k + 1)
    }
  }

  /// Writes the rows of a part and finishes the sink.
  public func write(_ part: Part, to sink: any Sink) throws {
    let fields = source.header.fields
    var row = 0
    try spool.forEach { batch in
      let here = row..<(row + batch.count)
      row += batch.count
      if let index {
        let values = batch.columns[index].integers
        let chosen = values.indices.filter { number(of: values[$0]) == part.number }
        guard !chosen.isEmpty else { return }
        try sink.write(
          Batch(
            count: chosen.count,
            columns: zip(batch.columns, fields).map { $0.rows(chosen, width: $1.width) }))
        return
      }
      let wanted = here.clamped(to: part.range)
      guard !wanted.isEmpty else { return }
      try sink.write(
        batch.rows(
          from: wanted.lowerBound - here.lowerBound, count: wanted.count, fields: fields))
    }
    try sink.finish()
  }

  /// The part that a row belongs to, by its sample or its identity.
  private func number(of value: Int64) -> Int {
    guard rule == .partition else { return Int(value) + 1 }
    switch partition.part(of: value) {
    case .train: return 1
    case .validation: return 2
    default: return 3
    }
  }
}

/// The names of several outputs: `part-%02d.h5`.
public struct OutputPattern: Sendable, Equatable {
  private let before: String
  private let after: String
  private let width: Int
  private let isName: Bool

  /// Throws `.usage` unless there is one `%d`, `%02d` or `%s`; `%%` is a percent sign.
  public init(_ text: String) throws {
    var pieces = [""]
    var found: [(width: Int, isName: Bool)] = []
    var rest = text[...]
    while let c = rest.popFirst() {
      guard c == "%" else {
        pieces[pieces.count - 1].append(c)
        continue
      }
      if rest.first == "%" {
        rest.removeFirst()
        pieces[pieces.count - 1] += "%"
        continue
      }
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard let kind = rest.popFirst(), kind == "d" || (kind == "s" && digits.isEmpty),
        digits.count <= 2
      else {
        throw Problem(
          .usage, "'\(text)' is no pattern for names", remedy: "write it as part-%02d.h5")
      }
      found.append((Int(digits) ?? 0, kind == "s"))
      pieces.append("")
    }
    guard found.count == 1 else {
      throw Problem(
        .usage,
        "'\(text)' has \(found.isEmpty ? "no place" : "\(found.count) places") for the number of the part",
        remedy: "write one %d or %02d: part-%02d.h5")
    }
    (before, after) = (pieces[0], pieces[1])
    (width, isName) = found[0]
  }

  public func path(number: Int, name: String) -> String {
    if isName { return before + name + after }
    let digits = String(number)
    return before + String(repeating: "0", count: max(0, width - digits.count)) + digits + after
  }
}
