import Diagnostics
import EventModel

/// Cuts rows into blocks of one size, whatever the size of the batches that come.
struct RowBlocks {
  private let fields: [Field]
  private let blockRows: Int
  private var pending: Batch

  init(_ fields: [Field], blockRows: Int) {
    self.fields = fields
    self.blockRows = blockRows
    pending = Batch(count: 0, columns: fields.map { Column($0.type, count: 0) { _ in } })
  }

  /// Adds rows and hands every full block to `body`.
  mutating func add(_ batch: Batch, _ body: (Batch) throws -> Void) throws {
    try Self.check(batch, fields)
    if pending.count == 0 && batch.count == blockRows { return try body(batch) }
    var at = 0
    while at < batch.count {
      let n = min(blockRows - pending.count, batch.count - at)
      for (i, field) in fields.enumerated() {
        pending.columns[i].append(
          batch.columns[i], from: at * field.width, count: n * field.width)
      }
      pending.count += n
      at += n
      if pending.count == blockRows { try flush(body) }
    }
  }

  /// Hands over the rows that are left.
  mutating func flush(_ body: (Batch) throws -> Void) throws {
    guard pending.count > 0 else { return }
    try body(pending)
    pending = Batch(count: 0, columns: fields.map { Column($0.type, count: 0) { _ in } })
  }

  /// A batch that does not fit its header is an error of ours.
  static func check(_ batch: Batch, _ fields: [Field]) throws {
    guard batch.columns.count == fields.count,
      zip(batch.columns, fields).allSatisfy({ column, field in
        column.type == field.type && column.count == batch.count * field.width
      })
    else {
      throw Problem(.software, "a batch of rows does not fit the columns of its table")
    }
  }
}

extension Column {
  /// Appends values of a column of the same type.
  mutating func append(_ other: Column, from: Int, count: Int) {
    switch (consume self, other) {
    case (.float64(var a), .float64(let b)):
      a.append(contentsOf: b[from..<(from + count)])
      self = .float64(a)
    case (.float32(var a), .float32(let b)):
      a.append(contentsOf: b[from..<(from + count)])
      self = .float32(a)
    case (.int64(var a), .int64(let b)):
      a.append(contentsOf: b[from..<(from + count)])
      self = .int64(a)
    case (.int32(var a), .int32(let b)):
      a.append(contentsOf: b[from..<(from + count)])
      self = .int32(a)
    case (let a, _):
      self = a
    }
  }

  /// The values `from ..< from + count`.
  func slice(from: Int, count: Int) -> Column {
    switch self {
    case .float64(let v): .float64(Array(v[from..<(from + count)]))
    case .float32(let v): .float32(Array(v[from..<(from + count)]))
    case .int64(let v): .int64(Array(v[from..<(from + count)]))
    case .int32(let v): .int32(Array(v[from..<(from + count)]))
    }
  }
}
