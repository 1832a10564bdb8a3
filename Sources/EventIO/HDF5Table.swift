import CHDF5
import Diagnostics
import EventModel
import Glibc

/// Rows of an HDF5 file, in blocks.
final class HDF5Source: DigestedSource {
  let name: String
  let header: Header
  var rowCount: Int? { contents.rowCount }
  private let contents: HDF5Contents
  private var digest: ColumnDigest
  private let blockRows: Int

  /// Known from the start for files of ours, whose stated digest is checked at the end.
  var contentDigest: String? {
    if contents.statedDigest != nil || digest.rows == contents.rowCount {
      return digestText(contents.statedDigest ?? digest.hex)
    }
    return nil
  }

  init(_ contents: HDF5Contents) {
    self.contents = contents
    name = contents.reader.name
    header = contents.header
    digest = ColumnDigest(header.fields)
    // As the writer's blocks, so that every chunk is read, and inflated, once.
    blockRows = BlockSize.rows(header.fields, bytes: 1 << 24)
  }

  private func digestText(_ columns: String) -> String {
    ContentDigest.of(header, rowDigest: columns)
  }

  func next() throws -> Batch? {
    let row = digest.rows
    guard row < contents.rowCount else {
      if let stated = contents.statedDigest, stated != digest.hex {
        throw contents.reader.problem(
          "the rows do not have the digest that the file states", "",
          remedy: "the file was changed or damaged: write it again")
      }
      return nil
    }
    let batch = try contents.reader.rows(
      contents.columns, from: row, count: min(blockRows, contents.rowCount - row))
    digest.update(batch)
    return batch
  }
}

/// Rows into an HDF5 file that appears when it is whole.
final class HDF5Sink: Sink {
  private let output: OutputFile
  private let writer: HDF5Writer
  private var header: Header
  private let isDeferred: Bool
  private var blocks: RowBlocks
  private var digest: ColumnDigest
  private let path: String
  /// A file with nothing of ours but the rows and the document.
  private let isLHEH5: Bool

  init(
    _ output: OutputFile, header: Header, options: OutputOptions, isLHEH5: Bool = false
  ) throws {
    guard let path = output.temporaryPath else {
      throw Problem(
        .usage, "HDF5 cannot be written to a pipe or a device",
        remedy: "use -o FILE, or -O stream", file: output.name)
    }
    self.output = output
    self.path = path
    self.header = header
    isDeferred = options.deferred
    self.isLHEH5 = isLHEH5
    writer = try HDF5Writer(
      path: path, name: output.name, fields: header.fields, compress: options.compress,
      isLHEH5: isLHEH5)
    blocks = RowBlocks(header.fields, blockRows: writer.blockRows)
    digest = ColumnDigest(header.fields)
  }

  /// A failure leaves nothing behind.
  private func guarded<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch {
      writer.abandon()
      output.abandon()
      throw error
    }
  }

  func write(_ batch: Batch) throws {
    try guarded {
      try blocks.add(batch) { block in
        digest.update(block)
        try writer.append(block)
      }
    }
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try requireDeferred(isDeferred, document: document, rewriting: rewriting)
    try guarded {
      try blocks.flush { block in
        digest.update(block)
        try writer.append(block)
      }
      if let rewriting { try rewrite(rewriting) }
      if let document { header.document = document }
      try writer.write(header.document)
      if !isLHEH5 {
        try writer.write(HDF5Layout.envelope(header, digest: header.fields.isEmpty ? nil : digest))
      }
      try writer.finish()
      try verify()
    }
    try output.commit()
  }

  private func rewrite(_ change: (inout Batch) throws -> Void) throws {
    digest = ColumnDigest(header.fields)
    var row = 0
    while row < writer.rowCount {
      let former = try writer.read(
        from: row, count: min(writer.blockRows, writer.rowCount - row))
      var batch = former
      try change(&batch)
      try RowBlocks.check(batch, header.fields)
      try writer.write(batch, over: former, at: row)
      digest.update(batch)
      row += batch.count
    }
  }

  /// Opens what was written, as a reader will.
  private func verify() throws {
    let name = output.name
    do {
      let arrived: Int
      if isLHEH5 {
        let reader = try HDF5Reader(path: path, name: name, isTemporary: true)
        arrived = try reader.column(ParticleBlock.events, keepingType: true).rows
      } else {
        arrived =
          try HDF5Contents(path: path, name: name, journal: Journal(), isTemporary: true).rowCount
      }
      guard arrived == digest.rows else {
        throw Problem(.io, "only \(arrived) of \(digest.rows) rows arrived")
      }
    } catch let problem as Problem {
      throw Problem(
        .io, "what was written cannot be read again: \(problem.fact)",
        remedy: "look for room on the disk", file: name)
    }
  }
}

/// A document alone: setup, model, information, limits.
enum HDF5Document {
  static func write(_ header: Header, to output: OutputFile, options: OutputOptions) throws {
    try HDF5Sink(output, header: header, options: options).finish()
  }
}

/// Sinks whose header went out before the rows cannot change it at the end: a caller that asks has an error of ours.
func requireDeferred(
  _ isDeferred: Bool, document: Document?, rewriting: ((inout Batch) throws -> Void)?
) throws {
  guard isDeferred || (document == nil && rewriting == nil) else {
    throw Problem(.software, "the output was not opened as deferred")
  }
}
