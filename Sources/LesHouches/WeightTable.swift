import Glibc

/// Weight ids and the values of the current event.
///
/// An id has a slot from the first time it is seen or asked for. Events repeat the order of the event before, so the slot
/// that followed the last one is tried first; only another order costs a look-up.
struct WeightTable {
  private(set) var ids: [String] = []
  private var slots: [String: Int] = [:]
  /// Bytes of all ids, one after the other, and where each starts; one entry more than ids.
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]
  /// The first eight bytes of each id, and which of them it has.
  private var heads: [(bytes: UInt64, mask: UInt64)] = []
  /// The slot expected after each slot; the last entry is the first one of an event.
  private var follower: [Int] = [-1]
  private(set) var isWanted: [Bool] = []
  /// Wanted, and taken where it is NaN or infinite.
  private(set) var isTakenAsItIs: [Bool] = []
  private(set) var values: [Double] = []
  /// The event in which a slot was last seen.
  private(set) var seenIn: [Int] = []
  private var last = 0

  /// The slot of an id, new if need be.
  mutating func slot(_ id: String) -> Int {
    if let slot = slots[id] { return slot }
    let slot = ids.count
    slots[id] = slot
    ids.append(id)
    bytes.append(contentsOf: id.utf8)
    starts.append(bytes.count)
    let length = min(8, id.utf8.count)
    heads.append(
      (
        id.utf8.prefix(8).reversed().reduce(0) { $0 &<< 8 | UInt64($1) },
        length == 8 ? .max : (1 &<< UInt64(8 &* length)) &- 1
      ))
    follower.insert(-1, at: slot)
    isWanted.append(false)
    isTakenAsItIs.append(false)
    values.append(.nan)
    seenIn.append(-1)
    if last == slot { last = slot + 1 }
    return slot
  }

  /// A weight that anybody wants finite must be finite.
  mutating func want(_ id: String, asItIs: Bool) -> Int {
    let slot = slot(id)
    isTakenAsItIs[slot] = asItIs && (isTakenAsItIs[slot] || !isWanted[slot])
    isWanted[slot] = true
    return slot
  }

  /// Ids that an event has carried, if it was the last to carry them.
  func ids(ofEvent number: Int) -> [String] {
    ids.indices.filter { seenIn[$0] == number }.map { ids[$0] }
  }

  mutating func startEvent() { last = ids.count }

  /// The slot of the id at `from`, which `quote` ends; moves `p` past the quote. Nil where the quote is missing.
  @inline(__always)
  mutating func match(
    _ p: inout BytePointer, quote: UInt8, before end: BytePointer
  ) -> Int? {
    let expected = follower[last]
    if expected >= 0 {
      let start = starts[expected]
      let length = starts[expected + 1] - start
      let same =
        end - p > max(8, length)
        && (UnsafeRawPointer(p).loadUnaligned(as: UInt64.self) ^ heads[expected].bytes)
          & heads[expected].mask == 0
        && p[length] == quote && (length <= 8 || isRest(p, start, length))
      if same {
        p += length + 1
        last = expected
        return expected
      }
    }
    guard let close = Bytes.find(quote, from: p, to: end) else { return nil }
    let found = lookUp(from: p, to: close)
    p = close + 1
    return found
  }

  /// True where the bytes of an id past its eighth stand at `p`.
  private func isRest(_ p: BytePointer, _ start: Int, _ length: Int) -> Bool {
    bytes.withUnsafeBufferPointer { names in
      var i = 8
      while i < length && names[start + i] == p[i] { i += 1 }
      return i == length
    }
  }

  /// The slot of the id between two pointers, as XML means it.
  @inline(never)
  mutating func lookUp(from: BytePointer, to: BytePointer) -> Int {
    let found = slot(Bytes.attribute(from, to))
    follower[last] = found
    last = found
    return found
  }

  @inline(__always)
  mutating func mark(_ slot: Int, event: Int) { seenIn[slot] = event }

  @inline(__always)
  mutating func set(_ slot: Int, _ value: Double) { values[slot] = value }
}
