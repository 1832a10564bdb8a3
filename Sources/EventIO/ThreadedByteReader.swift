import Diagnostics
import Glibc

/// Chunks of a `ByteReader`, read and inflated on a thread of their own while the caller works on the last one.
///
/// The caller says how many bytes at the end of the last chunk it has not used (an event that is not whole yet); they are
/// put in front of the next. After the bytes stand 64 zeros, so that a scanner may look a little past the end.
public final class ThreadedByteReader {
  public let name: String
  private let ring: Ring
  private var current: (base: UnsafeMutableRawPointer, count: Int)?
  /// Holds a chunk with a carry longer than the room before a slot's bytes.
  private var long = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var isSlotTaken = false
  /// Decompressed bytes handed out so far, each counted once.
  public private(set) var offset = 0

  /// Takes the reader over: nobody else may read from it.
  public init(_ reader: ByteReader, chunkSize: Int = 1 << 20) throws {
    name = reader.name
    ring = Ring(reader, chunkSize: chunkSize)
    try ring.start()
  }

  deinit {
    ring.stop()
    long.deallocate()
  }

  /// The last `carry` bytes of the former chunk and the next ones; nil when there are no next ones.
  ///
  /// Valid until the next call. Throws what the reader threw, after the bytes that came before it.
  public func next(carrying carry: Int = 0) throws -> UnsafeRawBufferPointer? {
    precondition(carry >= 0 && carry <= (current?.count ?? 0))
    guard let slot = ring.wait(besides: isSlotTaken ? 1 : 0) else {
      if let error = ring.failure { throw error }
      return nil
    }
    offset += slot.count
    let total = carry + slot.count
    var base = slot.bytes - carry
    let old = current.map { $0.base + ($0.count - carry) }
    if carry > Ring.room {
      let made = UnsafeMutableRawBufferPointer.allocate(
        byteCount: total + Ring.padding, alignment: 64)
      if let old, let to = made.baseAddress {
        to.copyMemory(from: old, byteCount: carry)
        (to + carry).copyMemory(from: slot.bytes, byteCount: slot.count + Ring.padding)
        base = to
      }
      long.deallocate()
      long = made
    } else if let old, carry > 0 {
      base.copyMemory(from: old, byteCount: carry)
    }
    if isSlotTaken { ring.release() }
    isSlotTaken = true
    current = (base, total)
    return UnsafeRawBufferPointer(start: base, count: total)
  }
}

/// Four slots between one producer and one consumer.
private final class Ring: @unchecked Sendable {
  static let slotCount = 4
  /// Room in front of a slot's bytes for what the consumer carries over.
  static let room = 1 << 18
  static let padding = 64

  private let reader: ByteReader
  private let chunkSize: Int
  private var slots: [UnsafeMutableRawPointer] = []
  private var counts = [Int](repeating: 0, count: Ring.slotCount)
  private var produced = 0
  private var consumed = 0
  private var isAtEnd = false
  private var isStopped = false
  private var error: (any Error)?
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(_ reader: ByteReader, chunkSize: Int) {
    self.reader = reader
    self.chunkSize = chunkSize
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
    for _ in 0..<Self.slotCount {
      slots.append(
        .allocate(byteCount: Self.room + chunkSize + Self.padding, alignment: 64))
    }
  }

  deinit {
    slots.forEach { $0.deallocate() }
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  /// What ended the reading, once `wait` has returned nil.
  var failure: (any Error)? { locked { error } }

  private func locked<T>(_ body: () -> T) -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// The thread keeps the ring alive and is never joined: it may be blocked in a read of a pipe that says nothing more.
  func start() throws {
    var thread = pthread_t()
    let kept = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Ring>.fromOpaque(argument).takeRetainedValue().produce()
        return nil
      }, kept.toOpaque())
    guard code == 0 else {
      kept.release()
      throw Problem(.software, "cannot start a thread: \(systemMessage(code))", file: reader.name)
    }
    pthread_detach(thread)
  }

  func stop() {
    locked {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }

  private func produce() {
    while true {
      let slot: Int? = locked {
        while produced - consumed == Self.slotCount && !isStopped {
          pthread_cond_wait(changed, mutex)
        }
        return isStopped ? nil : produced % Self.slotCount
      }
      guard let slot else { return }
      let bytes = slots[slot] + Self.room
      let (count, thrown) = fill(bytes)
      (bytes + count).initializeMemory(as: UInt8.self, repeating: 0, count: Self.padding)
      locked {
        if count > 0 {
          counts[slot] = count
          produced += 1
        }
        error = thrown
        isAtEnd = thrown != nil || count == 0
        pthread_cond_broadcast(changed)
      }
      if thrown != nil || count == 0 { return }
    }
  }

  /// Fills a slot, but hands over early what a slow pipe has given; what came before an error is not lost.
  private func fill(_ bytes: UnsafeMutableRawPointer) -> (Int, (any Error)?) {
    var count = 0
    do {
      while count < chunkSize {
        let n = try reader.read(
          into: UnsafeMutableRawBufferPointer(start: bytes + count, count: chunkSize - count))
        count += n
        if n == 0 || (n < 1 << 16 && !reader.isGzip && count >= 1 << 16) { break }
      }
      return (count, nil)
    } catch {
      return (count, error)
    }
  }

  /// The next slot besides those that the consumer still holds; nil at the end.
  func wait(besides held: Int) -> (bytes: UnsafeMutableRawPointer, count: Int)? {
    locked {
      while produced - consumed <= held && !isAtEnd { pthread_cond_wait(changed, mutex) }
      guard produced - consumed > held else { return nil }
      let slot = (consumed + held) % Self.slotCount
      return (slots[slot] + Self.room, counts[slot])
    }
  }

  func release() {
    locked {
      consumed += 1
      pthread_cond_broadcast(changed)
    }
  }
}
