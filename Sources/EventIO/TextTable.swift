import Diagnostics
import EventModel

/// Rows as tab-separated text: a line of names after `#`, then a line per row; reals with the fewest digits that read
/// back as the same value. A list is one cell: its entries stand between semicolons, the values of an entry between commas.
final class TextSink: Sink {
  private let output: BufferedOutput
  private let fields: [Field]
  private var blocks: RowBlocks
  /// Where rows wait that may still change.
  private let spool: Spool?

  init(_ file: OutputFile, header: Header, options: OutputOptions) throws {
    output = BufferedOutput(file)
    fields = header.fields
    let blockRows = BlockSize.rows(fields, bytes: 1 << 20)
    blocks = RowBlocks(fields, blockRows: blockRows)
    spool = options.deferred ? try Spool(fields, blockRows: blockRows) : nil
    try guarded {
      let names = StreamLayout.cellNames(fields).map(Self.onOneCell)
      try output.write("# " + names.joined(separator: "\t") + "\n")
    }
  }

  /// Names come from anywhere: a tab or a newline would make two columns or lines of one.
  private static func onOneCell(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }

  private func guarded(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      output.file.abandon()
      throw error
    }
  }

  func write(_ batch: Batch) throws {
    try guarded {
      guard let spool else {
        try RowBlocks.check(batch, fields)
        return try writeLines(batch)
      }
      try blocks.add(batch) { try spool.append($0) }
    }
  }

  private func writeLines(_ batch: Batch) throws {
    /// Entries of each list that were written.
    var entries = [Int](repeating: 0, count: fields.count)
    for row in 0..<batch.count {
      var line = ""
      var isFirst = true
      func separate() {
        if !isFirst { line += "\t" }
        isFirst = false
      }
      for (f, field) in fields.enumerated() {
        if case .list(let counts, let values) = batch.columns[f] {
          separate()
          for entry in entries[f]..<(entries[f] + counts[row]) {
            if entry > entries[f] { line += ";" }
            for i in 0..<field.width {
              if i > 0 { line += "," }
              line += values.text(at: entry * field.width + i)
            }
          }
          entries[f] += counts[row]
          continue
        }
        for i in 0..<field.width {
          separate()
          line += batch.columns[f].text(at: row * field.width + i)
        }
      }
      try output.write(line + "\n")
    }
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try requireDeferred(spool != nil, document: document, rewriting: rewriting)
    try guarded {
      if let spool {
        try blocks.flush { try spool.append($0) }
        try spool.forEach { batch in
          try rewriting?(&batch)
          try writeLines(batch)
        }
      }
      try output.finish()
    }
  }
}

extension Column {
  /// A value as text; reals with the fewest digits that read back as the same value.
  public func text(at i: Int) -> String {
    switch self {
    case .float64(let v): v[i].description
    case .float32(let v): v[i].description
    case .int64(let v): String(v[i])
    case .int32(let v): String(v[i])
    case .list(_, let values): values.text(at: i)
    }
  }
}

/// Rows as a numpy file (`.npy` version 1 or 2): one structured array, one named field per column.
final class NumpySink: Sink {
  private let output: BufferedOutput
  private let fields: [Field]
  private var blocks: RowBlocks
  /// The number of rows stands before the rows.
  private let spool: Spool
  private var rowCount = 0

  init(_ file: OutputFile, header: Header, options: OutputOptions) throws {
    output = BufferedOutput(file)
    fields = header.fields
    if let list = fields.first(where: \.isList) {
      file.abandon()
      throw Problem(
        .usage, "'\(list.path)' is a list in every row, which a numpy array cannot hold",
        remedy: "use -O stream, hdf5 or tsv, or read the events without it")
    }
    let blockRows = BlockSize.rows(fields, bytes: 1 << 20)
    blocks = RowBlocks(fields, blockRows: blockRows)
    spool = try Spool(fields, blockRows: blockRows)
  }

  func write(_ batch: Batch) throws {
    rowCount += batch.count
    try blocks.add(batch) { try spool.append($0) }
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    do {
      try blocks.flush { try spool.append($0) }
      try writeHead()
      try spool.forEach { batch in
        try rewriting?(&batch)
        try write(rows: batch)
      }
      try output.finish()
    } catch {
      output.file.abandon()
      throw error
    }
  }

  private func writeHead() throws {
    var types: [String] = []
    for field in fields {
      let kind = field.type == .float64 || field.type == .float32 ? "f" : "i"
      for _ in 0..<field.width { types.append("<\(kind)\(field.type.size)") }
    }
    let names = StreamLayout.columnNames(fields).map { name in
      "'" + name.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
    let members = zip(names, types).map { "(\($0), '\($1)')" }.joined(separator: ", ")
    let head = NumpyHead.bytes(descr: "[\(members)]", shape: [rowCount])
    try head.withUnsafeBytes { try output.write($0) }
  }

  private func write(rows batch: Batch) throws {
    let rowSize = fields.reduce(0) { $0 + $1.width * $1.type.size }
    var bytes = [UInt8](repeating: 0, count: batch.count * rowSize)
    var at = 0
    for (field, column) in zip(fields, batch.columns) {
      let size = field.width * field.type.size
      column.withBytes { values in
        for row in 0..<batch.count {
          for i in 0..<size { bytes[row * rowSize + at + i] = values[row * size + i] }
        }
      }
      at += size
    }
    try bytes.withUnsafeBytes { try output.write($0) }
  }
}

/// A small table as JSON, with its header.
final class JSONSink: Sink {
  private static let maximumValues = 10_000_000
  private let output: BufferedOutput
  private var header: Header
  private var columns: [Column]
  private var valueCount = 0
  private var rowCount = 0

  init(_ file: OutputFile, header: Header, options: OutputOptions) throws {
    output = BufferedOutput(file)
    self.header = header
    columns = header.fields.map(Column.empty)
  }

  func write(_ batch: Batch) throws {
    try RowBlocks.check(batch, header.fields)
    rowCount += batch.count
    for (i, field) in header.fields.enumerated() {
      columns[i].append(
        rowsOf: batch.columns[i], from: 0, count: batch.count, width: field.width)
      valueCount += batch.columns[i].count
    }
    guard valueCount <= Self.maximumValues else {
      output.file.abandon()
      throw Problem(
        .usage, "the table has too many values for JSON", remedy: "use -O tsv, npy or stream")
    }
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    do {
      if let document { header.document = document }
      if let rewriting {
        var batch = Batch(count: rowCount, columns: columns)
        try rewriting(&batch)
        columns = batch.columns
      }
      var table = Document()
      for (field, column) in zip(header.fields, columns) {
        let shape =
          field.components.map { [column.count / max(1, $0.count), $0.count] } ?? [column.count]
        let name = field.path.split(separator: "/").joined(separator: ".")
        if field.type == .float64 || field.type == .float32 {
          table[name] = .reals(column.doubles, shape: shape)
        } else {
          table[name] = .integers(column.integers, shape: shape)
        }
        if let names = field.components { table.set(name + ".names", names) }
        if case .list(let counts, _) = column { table.set(name + ".counts", counts) }
      }
      try output.write(JSONFile.text(header, columns: table))
      try output.finish()
    } catch {
      output.file.abandon()
      throw error
    }
  }
}
