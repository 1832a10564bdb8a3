/// Zeroed memory that starts on a cache line.
final class AlignedBuffer<Element>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>

  init(count: Int) {
    let bytes = max(1, count) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    start = raw.bindMemory(to: Element.self, capacity: max(1, count))
  }

  deinit { UnsafeMutableRawPointer(start).deallocate() }
}

/// Several pieces of zeroed memory, each of which starts on a cache line: one for each layer of a network.
///
/// An array of `AlignedBuffer` would count a reference whenever one is looked up, which takes 1 % of a training.
final class AlignedBuffers<Element>: @unchecked Sendable {
  private let starts: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  private let owners: [AlignedBuffer<Element>]

  init(counts: [Int]) {
    owners = counts.map { AlignedBuffer(count: $0) }
    starts = .allocate(capacity: max(1, counts.count))
    for (i, owner) in owners.enumerated() { (starts + i).initialize(to: owner.start) }
  }

  deinit { starts.deallocate() }

  /// Where buffer i starts.
  subscript(i: Int) -> UnsafeMutablePointer<Element> { starts[i] }
}
