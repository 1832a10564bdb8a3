import Diagnostics
import EventModel

/// Rows as tab-separated text: a line of names after `#`, then a line per row; reals with the fewest digits that read
/// back as the same value.
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
      try output.write("# " + StreamLayout.columnNames(fields).joined(separator: "\t") + "\n")
    }
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
    for row in 0..<batch.count {
      var line = ""
      for (field, column) in zip(fields, batch.columns) {
        for i in 0..<field.width {
          if !line.isEmpty { line += "\t" }
          line += column.text(at: row * field.width + i)
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
    var text = "{'descr': [\(members)], 'fortran_order': False, 'shape': (\(rowCount),), }"
    // Magic, version, length and text together fill a multiple of 64 bytes; the text ends with a new line.
    let isLong = text.utf8.count > 65_000
    let fixed = isLong ? 12 : 10
    while (fixed + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    var head: [UInt8] = [0x93] + Array("NUMPY".utf8) + [isLong ? 2 : 1, 0]
    let length = text.utf8.count
    for shift in 0..<(isLong ? 4 : 2) { head.append(UInt8(length >> (8 * shift) & 0xff)) }
    try (head + Array(text.utf8)).withUnsafeBytes { try output.write($0) }
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

  init(_ file: OutputFile, header: Header, options: OutputOptions) throws {
    output = BufferedOutput(file)
    self.header = header
    columns = header.fields.map { Column($0.type, count: 0) { _ in } }
  }

  func write(_ batch: Batch) throws {
    try RowBlocks.check(batch, header.fields)
    for i in columns.indices {
      columns[i].append(batch.columns[i], from: 0, count: batch.columns[i].count)
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
        let rows = header.fields.indices.first { header.fields[$0].width > 0 }.map {
          columns[$0].count / header.fields[$0].width
        }
        var batch = Batch(count: rows ?? 0, columns: columns)
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
      }
      try output.write(JSONFile.text(header, columns: table))
      try output.finish()
    } catch {
      output.file.abandon()
      throw error
    }
  }
}
