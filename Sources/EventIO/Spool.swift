import Diagnostics
import EventModel
import Glibc

/// Rows that wait for the end of their table, in a file without a name in TMPDIR (or /tmp).
final class Spool {
  private let fields: [Field]
  private let file: FileDescriptor
  private let blockRows: Int
  private var rowCount = 0
  private var rowsRead = 0

  /// Blocks that are added have `blockRows` rows, but for the last.
  init(_ fields: [Field], blockRows: Int) throws {
    self.fields = fields
    self.blockRows = blockRows
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let name = "the spool file in \(folder.isEmpty ? "/tmp" : folder)"
    var template = Array(((folder.isEmpty ? "/tmp" : folder) + "/sluice-XXXXXX").utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else {
      throw Problem(
        .cannotCreate, "cannot create: \(systemMessage(errno))",
        remedy: "set TMPDIR to a folder with room", file: name)
    }
    unlink(template)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    file = FileDescriptor(number, name: name, isOwned: true)
  }

  func append(_ block: Batch) throws {
    for column in block.columns {
      if case .list(let counts, _) = column { try counts.withUnsafeBytes { try file.write($0) } }
      try column.withBytes { try file.write($0) }
    }
    rowCount += block.count
  }

  /// All blocks in their order.
  func forEach(_ body: (inout Batch) throws -> Void) throws {
    try rewind()
    while var batch = try next() {
      try body(&batch)
      try RowBlocks.check(batch, fields)
    }
  }

  /// Goes to the first block; after this nothing may be appended.
  func rewind() throws {
    guard lseek(file.number, 0, SEEK_SET) == 0 else { throw file.writeFailure(errno) }
    rowsRead = 0
  }

  /// The next block after `rewind`; nil after the last.
  func next() throws -> Batch? {
    guard rowsRead < rowCount else { return nil }
    let count = min(blockRows, rowCount - rowsRead)
    rowsRead += count
    return Batch(
      count: count,
      columns: try fields.map { field in
        guard field.isList else {
          return try Column(field.type, count: count * field.width) { try fill($0) }
        }
        var counts = [Int](repeating: 0, count: count)
        try counts.withUnsafeMutableBytes { try fill($0) }
        return .list(
          counts: counts,
          values: try Column(field.type, count: counts.reduce(0, +) * field.width) {
            try fill($0)
          })
      })
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws {
    var got = 0
    while got < buffer.count {
      let n = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[got...]))
      guard n > 0 else { throw Problem(.io, "the file became shorter", file: file.name) }
      got += n
    }
  }
}
