import CZlib
import Diagnostics

/// Inflates a gzip file of any number of members, fed from a descriptor in blocks of 256 KiB.
final class GzipDecoder {
  private static let blockSize = 1 << 18
  private let file: FileDescriptor
  /// zlib keeps the address of its state, so it must not move.
  private let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let block = UnsafeMutableRawBufferPointer.allocate(
    byteCount: GzipDecoder.blockSize, alignment: 64)
  /// Compressed bytes taken from the file so far.
  private var bytesRead = 0
  private var isInsideMember = true
  private var isFinished = false
  /// An error met after bytes that the caller gets first.
  private var pending: (any Error)?

  /// `prefix` holds bytes of the file that were read to find out what it is.
  init(_ file: FileDescriptor, prefix: [UInt8]) throws {
    self.file = file
    state.initialize(to: z_stream())
    guard zlib_inflate_gzip_init(state) == Z_OK else {
      throw Problem(.software, "zlib cannot start", file: file.name)
    }
    block.copyBytes(from: prefix)
    supply(prefix.count)
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
    block.deallocate()
  }

  private var waiting: Int { Int(state.pointee.avail_in) }
  /// Where in the compressed file the decoder stands.
  private var place: String { "byte \(bytesRead - waiting) of the compressed file" }

  private func supply(_ count: Int) {
    bytesRead += count
    state.pointee.next_in = block.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_in = UInt32(count)
  }

  /// Gets the next block when the last one is used up; false at the end of the file.
  private func refill() throws -> Bool {
    guard waiting == 0 else { return true }
    supply(try file.read(into: block))
    return waiting > 0
  }

  /// Fills `buffer` as far as there is data; 0 is the end. What stands before damage is given out before the error.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if let pending { throw pending }
    guard !isFinished, buffer.count > 0 else { return 0 }
    let wanted = min(buffer.count, 1 << 30)
    state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_out = UInt32(wanted)
    do {
      try decode()
    } catch {
      guard wanted > Int(state.pointee.avail_out) else { throw error }
      pending = error
    }
    return wanted - Int(state.pointee.avail_out)
  }

  private func decode() throws {
    while state.pointee.avail_out > 0 && !isFinished {
      if !isInsideMember {
        try beginMember()
        continue
      }
      guard try refill() else {
        throw Problem(
          .data, "the gzip data end too early", remedy: "the file is truncated: copy it again",
          file: file.name, place: place)
      }
      switch inflate(state, Z_NO_FLUSH) {
      case Z_STREAM_END: isInsideMember = false
      case Z_OK, Z_BUF_ERROR: break
      default: throw damaged()
      }
    }
  }

  private func damaged() -> Problem {
    let reason = state.pointee.msg.map { String(cString: $0) } ?? "bad code"
    return Problem(
      .data, "the gzip data are damaged (\(reason))", remedy: "copy the file again",
      file: file.name, place: place)
  }

  /// After a member: another member, the end, or zeros as tapes and block devices append them.
  private func beginMember() throws {
    guard try refill() else {
      isFinished = true
      return
    }
    guard let next = state.pointee.next_in else { return }
    if next.pointee == 0 { return try skipZeros() }
    guard next.pointee == 0x1f else {
      throw Problem(
        .data, "bytes that are not gzip stand after the gzip data",
        remedy: "remove them, for instance by unpacking with 'zcat' and packing again",
        file: file.name, place: place)
    }
    inflateReset(state)
    isInsideMember = true
  }

  private func skipZeros() throws {
    while try refill() {
      let left = UnsafeRawBufferPointer(start: state.pointee.next_in, count: waiting)
      guard left.allSatisfy({ $0 == 0 }) else {
        throw Problem(
          .data, "bytes that are not gzip stand after the gzip data",
          remedy: "remove them, for instance by unpacking with 'zcat' and packing again",
          file: file.name, place: place)
      }
      state.pointee.avail_in = 0
    }
    isFinished = true
  }
}
