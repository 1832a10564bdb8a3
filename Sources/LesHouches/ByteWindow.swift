import EventIO

/// The part of the text that is in memory: what is not used yet, and the next chunk after it.
///
/// The head is read on the calling thread, so that many files can stand open; from `startThread` on the bytes are inflated
/// on a thread of their own. After the bytes stand at least 16 zeros.
final class ByteWindow {
  private static let padding = 64
  let name: String
  private let reader: ByteReader
  private let chunkSize: Int
  private var threaded: ThreadedByteReader?
  /// Bytes of the last chunk that `threaded` can carry over.
  private var threadedCount = 0
  private var own = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The buffer before `own`, used again: fresh pages cost as much as reading.
  private var spare = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  @exclusivity(unchecked) private(set) var base: BytePointer
  @exclusivity(unchecked) private(set) var count = 0
  /// Decompressed bytes before `base`.
  private(set) var offset = 0

  init(_ reader: ByteReader, chunkSize: Int = 1 << 18) {
    name = reader.name
    self.reader = reader
    self.chunkSize = chunkSize
    own = .allocate(byteCount: Self.padding, alignment: 64)
    own.initializeMemory(as: UInt8.self, repeating: 0)
    base = BytePointer(
      own.assumingMemoryBound(to: UInt8.self).baseAddress ?? .allocate(capacity: 1))
  }

  deinit {
    own.deallocate()
    spare.deallocate()
  }

  /// The spare buffer, or a new one where it is too small.
  private func takeSpare(_ size: Int) -> UnsafeMutableRawBufferPointer {
    defer { spare = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    if spare.count >= size { return spare }
    spare.deallocate()
    return .allocate(byteCount: size + size / 4, alignment: 64)
  }

  var end: BytePointer { base + count }

  /// Reads and inflates on another thread from here on.
  func startThread() throws {
    if threaded == nil && reader.mayMoveToThread { threaded = try ThreadedByteReader(reader) }
  }

  /// Drops what stands before `unused` and adds the next bytes; false at the end of the text.
  ///
  /// Pointers into the window are void afterwards; `unused` is then `base`.
  func refill(keeping unused: BytePointer) throws -> Bool {
    let carry = end - unused
    offset += count - carry
    if let threaded, carry <= threadedCount {
      guard let chunk = try threaded.next(carrying: carry) else {
        base = unused
        count = carry
        return false
      }
      base = BytePointer(chunk.assumingMemoryBound(to: UInt8.self).baseAddress ?? base)
      count = chunk.count
      threadedCount = count
      return true
    }
    return try refillOwn(unused, carry)
  }

  private func refillOwn(_ unused: BytePointer, _ carry: Int) throws -> Bool {
    // The old bytes are moved before the next chunk is asked for, which may reuse their place.
    let room = threaded == nil ? chunkSize : 0
    var made = takeSpare(carry + room + Self.padding)
    made.copyMemory(from: UnsafeRawBufferPointer(start: unused, count: carry))
    var read = 0
    do {
      if let threaded {
        if let chunk = try threaded.next(carrying: 0) {
          let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: carry + chunk.count + Self.padding, alignment: 64)
          larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: made[0..<carry]))
          UnsafeMutableRawBufferPointer(rebasing: larger[carry...]).copyMemory(from: chunk)
          made.deallocate()
          made = larger
          read = chunk.count
        }
        threadedCount = read
      } else {
        read = try reader.read(into: .init(rebasing: made[carry..<carry + room]))
      }
    } catch {
      adopt(made, carry)
      throw error
    }
    adopt(made, carry + read)
    return read > 0
  }

  private func adopt(_ buffer: UnsafeMutableRawBufferPointer, _ count: Int) {
    UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + Self.padding])
      .initializeMemory(as: UInt8.self, repeating: 0)
    spare.deallocate()
    spare = own
    own = buffer
    if let start = own.assumingMemoryBound(to: UInt8.self).baseAddress {
      base = BytePointer(start)
    }
    self.count = count
  }
}
