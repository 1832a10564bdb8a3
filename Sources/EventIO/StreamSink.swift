import Diagnostics
import EventModel
import Glibc

/// Rows into an Arrow stream; the closing batch says that it is whole.
final class StreamSink: Sink {
  private let output: OutputFile
  private let writer: ArrowWriter
  private var header: Header
  private var blocks: RowBlocks
  private var digest: ColumnDigest
  private var sums: WeightSums
  /// Where rows wait when the header may still change.
  private let spool: Spool?
  /// The columns of one block, one component after the other; lists have their offsets before them.
  private var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)

  init(_ output: OutputFile, header: Header, options: OutputOptions) throws {
    self.output = output
    self.header = header
    writer = ArrowWriter(output.descriptor)
    let blockRows = BlockSize.rows(header.fields, bytes: 1 << 22)
    blocks = RowBlocks(header.fields, blockRows: blockRows)
    digest = ColumnDigest(header.fields)
    sums = WeightSums(header.fields)
    spool = options.deferred ? try Spool(header.fields, blockRows: blockRows) : nil
    if spool == nil { try guarded { try writeSchema() } }
  }

  deinit { scratch.deallocate() }

  private func guarded<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch {
      output.abandon()
      throw error
    }
  }

  private func writeSchema() throws {
    try writer.writeSchema(
      StreamLayout.arrowFields(header.fields), metadata: StreamLayout.metadata(header))
  }

  func write(_ batch: Batch) throws {
    try guarded {
      try blocks.add(batch) { block in
        if let spool { try spool.append(block) } else { try send(block) }
      }
    }
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try requireDeferred(spool != nil, document: document, rewriting: rewriting)
    try guarded {
      try blocks.flush { block in
        if let spool { try spool.append(block) } else { try send(block) }
      }
      if let spool {
        if let document { header.document = document }
        try writeSchema()
        try spool.forEach { block in
          try rewriting?(&block)
          try send(block)
        }
      }
      if !header.isEndless { try writeClosingBatch() }
      try writer.writeEnd()
    }
    try output.commit()
  }

  private func writeClosingBatch() throws {
    var metadata: ArrowMetadata = [
      (StreamLayout.rows, String(digest.rows)), (StreamLayout.digest, digest.hex),
    ]
    if let text = sums.text { metadata.append((StreamLayout.sumOfWeights, text)) }
    let empty = Batch(count: 0, columns: header.fields.map(Column.empty))
    try writer.writeBatch(rows: 0, columns: columns(of: empty), metadata: metadata)
  }

  private func send(_ block: Batch) throws {
    digest.update(block)
    sums.add(block)
    try writer.writeBatch(rows: block.count, columns: columns(of: block))
  }

  /// The block's columns as bytes in `scratch`, which stay until the next call.
  private func columns(of block: Batch) -> [ArrowWriter.ColumnBytes] {
    let needed = zip(header.fields, block.columns).reduce(0) { sum, each in
      sum + each.1.count * each.0.type.size + (each.0.isList ? 4 * block.count + 16 : 8)
    }
    if scratch.count < needed {
      scratch.deallocate()
      scratch = .allocate(byteCount: needed, alignment: 64)
    }
    var columns: [ArrowWriter.ColumnBytes] = []
    var at = 0
    func take(_ size: Int) -> UnsafeMutableRawBufferPointer {
      defer { at += (size + 7) / 8 * 8 }
      return UnsafeMutableRawBufferPointer(rebasing: scratch[at..<(at + size)])
    }
    /// The values, one component after the other.
    func transposed(_ column: Column, _ field: Field, rows: Int) -> [UnsafeRawBufferPointer] {
      let size = rows * field.type.size
      let place = take(size * field.width)
      column.withBytes { Transposition.toColumns($0, field, rows: rows, into: place) }
      return (0..<field.width).map {
        UnsafeRawBufferPointer(rebasing: place[($0 * size)..<(($0 + 1) * size)])
      }
    }
    for (field, column) in zip(header.fields, block.columns) {
      guard case .list(let counts, let values) = column else {
        columns += transposed(column, field, rows: block.count).map { .values($0) }
        continue
      }
      let offsets = take(4 * (counts.count + 1))
      var end: Int32 = 0
      offsets.storeBytes(of: end, toByteOffset: 0, as: Int32.self)
      for (i, n) in counts.enumerated() {
        end += Int32(n)
        offsets.storeBytes(of: end, toByteOffset: 4 * (i + 1), as: Int32.self)
      }
      columns.append(
        .list(
          offsets: UnsafeRawBufferPointer(offsets), entries: Int(end),
          values: transposed(values, field, rows: Int(end)),
          isStruct: field.components != nil))
    }
    return columns
  }
}

/// Rows of several components to columns and back, in tiles that stay in the processor's cache.
enum Transposition {
  private static let tile = 256

  static func toColumns(
    _ values: UnsafeRawBufferPointer, _ field: Field, rows: Int,
    into place: UnsafeMutableRawBufferPointer
  ) {
    guard rows > 0, let from = values.baseAddress, let to = place.baseAddress else { return }
    if field.width == 1 { return to.copyMemory(from: from, byteCount: values.count) }
    if field.type.size == 8 {
      scatter(from, to, rows: rows, width: field.width, as: UInt64.self)
    } else {
      scatter(from, to, rows: rows, width: field.width, as: UInt32.self)
    }
  }

  @inline(__always)
  private static func scatter<T: FixedWidthInteger>(
    _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, rows: Int, width: Int, as: T.Type
  ) {
    let size = MemoryLayout<T>.size
    for start in stride(from: 0, to: rows, by: tile) {
      let end = min(rows, start + tile)
      for i in 0..<width {
        for row in start..<end {
          let value = from.load(fromByteOffset: (row * width + i) * size, as: T.self)
          to.storeBytes(of: value, toByteOffset: (i * rows + row) * size, as: T.self)
        }
      }
    }
  }

  /// Copies one component's values for some rows into row-major values.
  @inline(__always)
  static func gather<T: BitwiseCopyable>(
    _ columns: [UnsafeRawPointer], rows: Int, into place: UnsafeMutablePointer<T>
  ) {
    let width = columns.count
    for start in stride(from: 0, to: rows, by: tile) {
      let end = min(rows, start + tile)
      for i in 0..<width {
        let from = columns[i]
        for row in start..<end {
          place[row * width + i] = from.loadUnaligned(
            fromByteOffset: row * MemoryLayout<T>.size, as: T.self)
        }
      }
    }
  }
}

/// Σw of every weight column, added in the order of the rows.
struct WeightSums {
  private let index: Int?
  private let width: Int
  private var sums: [Double]

  /// Weights are an events table's benchmark weights, or a sample's `weight`.
  init(_ fields: [Field]) {
    index =
      fields.firstIndex { $0.path == EventFields.weights }
      ?? fields.firstIndex { $0.path == SampleFields.weight }
    width = index.map { fields[$0].width } ?? 0
    sums = [Double](repeating: 0, count: width)
  }

  mutating func add(_ batch: Batch) {
    guard let index else { return }
    let values = batch.columns[index].doubles
    for row in 0..<batch.count {
      for i in 0..<width { sums[i] += values[row * width + i] }
    }
  }

  /// A JSON list, nil without weights.
  var text: String? {
    index == nil ? nil : "[" + sums.map { JSON.text($0) }.joined(separator: ",") + "]"
  }
}
