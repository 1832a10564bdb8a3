import CZlib
import Diagnostics

/// Deflates bytes into one gzip member without name or time, so that equal content gives equal bytes.
final class GzipEncoder {
  /// zlib keeps the address of its state, so it must not move.
  private let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)

  init() throws {
    state.initialize(to: z_stream())
    guard zlib_deflate_gzip_init(state, 6) == Z_OK else {
      throw Problem(.software, "zlib cannot start")
    }
  }

  deinit {
    deflateEnd(state)
    state.deallocate()
    block.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer, to output: BufferedOutput) throws {
    var at = 0
    while at < bytes.count {
      let count = min(bytes.count - at, 1 << 30)
      let piece = UnsafeMutableRawPointer(mutating: bytes.baseAddress.map { $0 + at })
      state.pointee.next_in = piece?.assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_in = UInt32(count)
      try run(Z_NO_FLUSH, output)
      at += count
    }
  }

  func finish(to output: BufferedOutput) throws {
    state.pointee.avail_in = 0
    try run(Z_FINISH, output)
  }

  private func run(_ mode: Int32, _ output: BufferedOutput) throws {
    while true {
      state.pointee.next_out = block.baseAddress?.assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_out = UInt32(block.count)
      let code = deflate(state, mode)
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        throw Problem(.software, "zlib cannot compress (\(code))")
      }
      let made = block.count - Int(state.pointee.avail_out)
      try output.write(UnsafeRawBufferPointer(rebasing: block[0..<made]))
      if made < block.count { return }
    }
  }
}
