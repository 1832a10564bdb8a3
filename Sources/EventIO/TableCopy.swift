import Diagnostics
import EventModel
import Glibc

/// Tables from one encoding into another.
public enum TableCopy {
  /// Every row, or the first `limit`.
  public static func copy(_ source: any Source, to sink: any Sink, limit: Int? = nil) throws {
    var left = limit ?? .max
    while left > 0, var batch = try source.next() {
      if batch.count > left {
        batch = batch.rows(from: 0, count: left, fields: source.header.fields)
      }
      left -= batch.count
      try sink.write(batch)
    }
    try sink.finish()
  }
}

/// Events as MadMiner expects them: weights that add to the cross section as they are, rows in no order.
///
/// MadMiner knows no balance heuristic: it multiplies the rows of benchmark s by n_s/Σn. So the factors are put into the
/// weights, and every signal row names one benchmark, which makes MadMiner's factor 1. It splits rows by their number;
/// so they are shuffled.
public struct MadMinerExport {
  public let header: Header
  private let columns: [Column]
  private let count: Int

  /// Reads all rows; throws for other kinds than events and for events without weights.
  public init(_ source: any Source, combination: Combination?, seed: UInt64) throws {
    let given = source.header
    let memory = try Self.load(source)
    let table = try EventTable.load(
      MemorySource(name: source.name, header: given, batches: [memory]))
    let factors = try table.rowFactors(combination)
    let order = Self.order(table.count, seed: seed)
    let paths = HDF5Layout.madMinerColumns
    guard let weights = given.index(of: EventFields.weights),
      let observations = given.index(of: EventFields.observations)
    else {
      throw Problem(
        .data, "MadMiner needs observables and weights", remedy: "read the events with lhe-read",
        file: source.name)
    }
    let reference = Int64(table.setup.referenceBenchmark)
    let isBackground = table.samples.map(\.isBackground)
    let benchmarks = table.sampleIndices.map { isBackground[Int($0)] ? -1 : reference }
    let width = table.weightCount
    columns = [
      Self.permuted(memory.columns[observations].doubles, order, given.fields[observations].width),
      Self.permuted(
        table.weights.indices.map { table.weights[$0] * factors[$0 / width] }, order, width),
      .int64(order.map { benchmarks[$0] }),
    ]
    let rows = table.count
    count = rows
    var document = given.document
    let setup = document.group("sluice/setup")
    document["sluice"] = nil
    document["sluice/setup"] = setup.map { .group($0) }
    let background = benchmarks.count { $0 < 0 }
    document.set(
      "sample_summary/signal_events",
      table.setup.benchmarks.indices.map { $0 == Int(reference) ? rows - background : 0 })
    document.set("sample_summary/background_events", background)
    header = Header(
      kind: .events, document: document,
      fields: [
        given.fields[observations], given.fields[weights], Field(paths[2], .int64),
      ], provenance: given.provenance)
  }

  private static func load(_ source: any Source) throws -> Batch {
    let fields = source.header.fields
    var all = Batch(count: 0, columns: fields.map(Column.empty))
    while let batch = try source.next() {
      for (i, field) in fields.enumerated() where !field.isList {
        all.columns[i].append(
          rowsOf: batch.columns[i], from: 0, count: batch.count, width: field.width)
      }
      all.count += batch.count
    }
    return all
  }

  /// Rows by a hash of seed and number: the same on every machine.
  private static func order(_ count: Int, seed: UInt64) -> [Int] {
    let keys = (0..<count).map { EventIdentity.id(sampleKey: seed, index: $0) }
    return (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  private static func permuted(_ values: [Double], _ order: [Int], _ width: Int) -> Column {
    .float64(order.flatMap { values[($0 * width)..<(($0 + 1) * width)] })
  }

  public func write(to sink: any Sink) throws {
    try sink.write(Batch(count: count, columns: columns))
    try sink.finish()
  }
}

/// Where two tables differ; provenance and encoding do not count.
public enum TableDifference {
  /// One line for each difference, the first row that differs among them; nothing where the contents are the same.
  public static func lines(_ a: any Source, _ b: any Source) throws -> [String] {
    var lines: [String] = []
    if a.header.kind != b.header.kind {
      lines.append("kind: \(a.header.kind.rawValue) and \(b.header.kind.rawValue)")
    }
    lines += documents(a.header.document, b.header.document, "")
    let (left, right) = (a.header.fields, b.header.fields)
    guard left == right else {
      let names = (StreamLayout.columnNames(left), StreamLayout.columnNames(right))
      lines.append(
        "columns: \(names.0.joined(separator: " ")) and \(names.1.joined(separator: " "))")
      return lines
    }
    return lines + (try rows(Cursor(a), Cursor(b)))
  }

  private static func documents(_ a: Document, _ b: Document, _ path: String) -> [String] {
    var lines: [String] = []
    for name in Set(a.names + b.names).sorted() {
      let full = path.isEmpty ? name : path + "/" + name
      switch (a[name], b[name]) {
      case (.group(let x)?, .group(let y)?): lines += documents(x, y, full)
      case (nil, _?): lines.append("\(full): only in the second")
      case (_?, nil): lines.append("\(full): only in the first")
      case (let x?, let y?):
        var (p, q) = (Document(), Document())
        p[name] = x
        q[name] = y
        if p.exactJSON != q.exactJSON { lines.append("\(full): different values") }
      case (nil, nil): break
      }
    }
    return lines
  }

  /// Rows one by one, whatever the batches.
  private final class Cursor {
    let source: any Source
    private(set) var batch = Batch(count: 0, columns: [])
    private(set) var row = 0
    init(_ source: any Source) { self.source = source }

    /// Rows at hand, after a look for more; 0 at the end.
    func available() throws -> Int {
      while row == batch.count {
        guard let next = try source.next() else { return 0 }
        batch = next
        row = 0
      }
      return batch.count - row
    }
    func advance(_ n: Int) { row += n }
  }

  private static func sameBytes(_ a: Cursor, _ b: Cursor, _ f: Int, _ values: Int) -> Bool {
    let field = a.source.header.fields[f]
    let size = values * field.type.size
    let rowSize = field.width * field.type.size
    return a.batch.columns[f].withBytes { p in
      b.batch.columns[f].withBytes { q in
        guard size > 0, let x = p.baseAddress, let y = q.baseAddress else { return size == 0 }
        return memcmp(x + a.row * rowSize, y + b.row * rowSize, size) == 0
      }
    }
  }

  /// Rows of a list in which two tables differ, and how.
  private static func lists(
    _ a: Cursor, _ b: Cursor, _ f: Int, rows: Int
  ) throws -> [(row: Int, text: String)] {
    let field = a.source.header.fields[f]
    guard
      case .list(let p, let x) = a.batch.columns[f].rows(
        from: a.row, count: rows, width: field.width),
      case .list(let q, let y) = b.batch.columns[f].rows(
        from: b.row, count: rows, width: field.width)
    else { return [] }
    let isSame = p == q && x.withBytes { u in y.withBytes { v in u.elementsEqual(v) } }
    if isSame { return [] }
    var found: [(row: Int, text: String)] = []
    var (atX, atY) = (0, 0)
    for row in 0..<rows {
      defer {
        atX += p[row] * field.width
        atY += q[row] * field.width
      }
      guard p[row] == q[row] else {
        found.append((row, "\(field.path) has \(p[row]) and \(q[row]) entries"))
        continue
      }
      let i = (0..<(p[row] * field.width)).first { x.text(at: atX + $0) != y.text(at: atY + $0) }
      guard let i else { continue }
      let name = field.components.map { "." + $0[i % field.width] } ?? ""
      found.append(
        (
          row,
          "\(field.path)\(name) of entry \(i / field.width + 1) is \(x.text(at: atX + i)) and \(y.text(at: atY + i))"
        ))
    }
    return found
  }

  private static func rows(_ a: Cursor, _ b: Cursor) throws -> [String] {
    let fields = a.source.header.fields
    let names = StreamLayout.columnNames(fields)
    var (row, different) = (0, 0)
    var first: String?
    while true {
      let (left, right) = (try a.available(), try b.available())
      let n = min(left, right)
      if n == 0 {
        if left != right { return ["rows: the first \(row) are in both, then one ends"] }
        break
      }
      for (f, field) in fields.enumerated() where field.isList {
        let found = try lists(a, b, f, rows: n)
        different += found.count
        first = first ?? found.first.map { "row \(row + $0.row + 1): \($0.text)" }
      }
      for (f, field) in fields.enumerated()
      where !field.isList && !sameBytes(a, b, f, n * field.width) {
        for i in 0..<(n * field.width) {
          let x = a.batch.columns[f].text(at: a.row * field.width + i)
          let y = b.batch.columns[f].text(at: b.row * field.width + i)
          guard x != y else { continue }
          different += 1
          let name = names[fields[..<f].reduce(0) { $0 + $1.width } + i % field.width]
          first = first ?? "row \(row + i / field.width + 1): \(name) is \(x) and \(y)"
        }
      }
      a.advance(n)
      b.advance(n)
      row += n
    }
    return first.map { [$0 + (different > 1 ? ", and \(different - 1) more values differ" : "")] }
      ?? []
  }
}
