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
    pending = Batch(count: 0, columns: fields.map(Column.empty))
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
          rowsOf: batch.columns[i], from: at, count: n, width: field.width)
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
    pending = Batch(count: 0, columns: fields.map(Column.empty))
  }

  /// A batch that does not fit its header is an error of ours.
  static func check(_ batch: Batch, _ fields: [Field]) throws {
    guard batch.columns.count == fields.count,
      zip(batch.columns, fields).allSatisfy({ column, field in
        column.fits(field, rows: batch.count)
      })
    else {
      throw Problem(.software, "a batch of rows does not fit the columns of its table")
    }
  }
}
