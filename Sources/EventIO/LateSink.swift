import Diagnostics
import EventModel

/// A sink whose rows wait in a spool because the columns of the output are known only once all rows are.
package final class LateSink: Sink {
  private let spool: Spool
  private var blocks: RowBlocks
  private let inspect: (Batch) -> Void
  private let open: () throws -> any Sink
  private let transform: (Batch) -> Batch

  /// - Parameters:
  ///   - fields: of the rows written to it.
  ///   - inspect: sees every block of rows, in their order; blocks have `blockRows` rows but for the last.
  ///   - open: makes the output, after the last row.
  ///   - transform: makes a block of the output of a block written.
  package init(
    fields: [Field], blockRows: Int, inspect: @escaping (Batch) -> Void,
    open: @escaping () throws -> any Sink, transform: @escaping (Batch) -> Batch
  ) throws {
    spool = try Spool(fields, blockRows: blockRows)
    blocks = RowBlocks(fields, blockRows: blockRows)
    self.inspect = inspect
    self.open = open
    self.transform = transform
  }

  package func write(_ batch: Batch) throws {
    try blocks.add(batch) { try take($0) }
  }

  private func take(_ block: Batch) throws {
    inspect(block)
    try spool.append(block)
  }

  /// Hands the rows that are left to `inspect`; no row may follow.
  package func flush() throws { try blocks.flush { try take($0) } }

  package func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try flush()
    let sink = try open()
    try spool.forEach { try sink.write(transform($0)) }
    try sink.finish(document: document, rewriting: rewriting)
  }
}
