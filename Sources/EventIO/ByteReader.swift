import Diagnostics
import Glibc

/// The bytes of a file, a pipe or standard input, inflated where they are gzip.
///
/// gzip is known by its first bytes, never by the name. Concatenated members are one text. Truncated or damaged data
/// throw `.data` with the place in the compressed file.
public final class ByteReader {
  /// What problems and provenance call it: the path, or `standard input`.
  public let name: String
  public let isGzip: Bool
  /// Decompressed bytes handed out so far.
  public private(set) var offset = 0
  let file: FileDescriptor
  private let decoder: GzipDecoder?
  /// Makes the bytes of a file that is no text itself; nil is the end.
  private let pieces: (() throws -> [UInt8]?)?
  /// Bytes read ahead to look at, and how many of them were handed out.
  private var ahead: [UInt8]
  private var aheadUsed = 0
  /// The last piece, and how much of it was handed out.
  private var rest: [UInt8] = []
  private var restUsed = 0

  /// True for a regular file, which can be opened and read a second time by its name.
  public var isSeekable: Bool { file.status?.isRegular == true && file.number != 0 }

  /// Opens `path`; `-` is standard input. Throws `.noInput` where it cannot be opened or is a folder.
  public convenience init(path: String) throws { try self.init(FileDescriptor.reading(path)) }

  init(_ file: FileDescriptor) throws {
    self.file = file
    name = file.name
    let first = try Self.take(18) { try file.read(into: $0) }
    isGzip = first.count >= 3 && first[0] == 0x1f && first[1] == 0x8b && first[2] == 8
    decoder = isGzip ? try GzipDecoder(file, prefix: first) : nil
    pieces = nil
    ahead = isGzip ? [] : first
  }

  /// Bytes that are made out of a file, piece by piece.
  init(_ file: FileDescriptor, pieces: @escaping () throws -> [UInt8]?) throws {
    self.file = file
    name = file.name
    isGzip = false
    decoder = nil
    self.pieces = pieces
    ahead = []
  }

  /// True where a thread of its own may read the bytes; the library behind others may serve only one.
  public var mayMoveToThread: Bool { pieces == nil }

  /// Up to `count` bytes from a source of short reads; fewer only at the end.
  private static func take(
    _ count: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let n = try bytes.withUnsafeMutableBytes {
        try read(UnsafeMutableRawBufferPointer(rebasing: $0[got...]))
      }
      if n == 0 { break }
      got += n
    }
    return Array(bytes[0..<got])
  }

  private func readThrough(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if let decoder { return try decoder.read(into: buffer) }
    if let pieces { return try readPiece(pieces, buffer) }
    return try file.read(into: buffer)
  }

  /// Of a piece that does not fit, the rest is kept for the next call.
  private func readPiece(
    _ pieces: () throws -> [UInt8]?, _ buffer: UnsafeMutableRawBufferPointer
  ) throws -> Int {
    if restUsed == rest.count {
      rest = try pieces() ?? []
      restUsed = 0
    }
    let n = min(buffer.count, rest.count - restUsed)
    buffer.copyBytes(from: rest[restUsed..<(restUsed + n)])
    restUsed += n
    return n
  }

  /// The next bytes without taking them; fewer than `count` only where the data end.
  public func peek(_ count: Int) throws -> [UInt8] {
    let have = ahead.count - aheadUsed
    if have < count {
      let more = try Self.take(count - have, readThrough)
      ahead = Array(ahead[aheadUsed...]) + more
      aheadUsed = 0
    }
    return Array(ahead[aheadUsed..<min(ahead.count, aheadUsed + count)])
  }

  /// Puts decompressed bytes into the buffer and says how many; 0 is the end. Short reads are legal.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var n = ahead.count - aheadUsed
    if n > 0 {
      n = min(n, buffer.count)
      buffer.copyBytes(from: ahead[aheadUsed..<(aheadUsed + n)])
      aheadUsed += n
    } else if buffer.count > 0 {
      n = try readThrough(buffer)
    }
    offset += n
    return n
  }

  /// Fills the whole buffer unless the data end; says how many bytes there were.
  public func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var got = 0
    while got < buffer.count {
      let n = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[got...]))
      if n == 0 { break }
      got += n
    }
    return got
  }

  /// Everything up to the end, refusing more than `limit` bytes.
  public func readAll(limit: Int = 1 << 28) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    while true {
      let n = try read(into: block)
      if n == 0 { return bytes }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: block[0..<n]))
      guard bytes.count <= limit else {
        throw Problem(.data, "more than \(limit) bytes", file: name)
      }
    }
  }
}
