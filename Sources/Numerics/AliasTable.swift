/// Draws an index with given probabilities in constant time (Walker 1977; built as in Vose 1991).
public struct AliasTable: Sendable {
  @usableFromInline
  struct Entry: Sendable {
    /// Below it the entry's own index is taken, above it the alias.
    @usableFromInline var threshold: Double
    @usableFromInline var own: Int32
    @usableFromInline var alias: Int32
  }
  @usableFromInline let entries: [Entry]
  /// Sum of the weights.
  public let total: Double

  /// Indices and their weights; those that are not positive are left out and never drawn.
  public init(_ weights: some Sequence<(index: Int, weight: Double)>) {
    var entries: [Entry] = []
    var total = 0.0
    for (index, weight) in weights where weight > 0 {
      entries.append(Entry(threshold: weight, own: Int32(index), alias: Int32(index)))
      total += weight
    }
    self.total = total
    let scale = total > 0 ? Double(entries.count) / total : 0
    var small: [Int32] = []
    var large: [Int32] = []
    for i in entries.indices {
      entries[i].threshold *= scale
      if entries[i].threshold < 1 { small.append(Int32(i)) } else { large.append(Int32(i)) }
    }
    while let s = small.popLast(), let l = large.last {
      entries[Int(s)].alias = entries[Int(l)].own
      entries[Int(l)].threshold -= 1 - entries[Int(s)].threshold
      if entries[Int(l)].threshold < 1 {
        large.removeLast()
        small.append(l)
      }
    }
    // What rounding leaves over keeps its own index (own and alias are the same).
    self.entries = entries
  }

  public var isEmpty: Bool { entries.isEmpty }

  /// The index for a uniform number in [0, 1).
  @inlinable @inline(__always)
  public func index(_ uniform: Double) -> Int {
    let position = uniform * Double(entries.count)
    let i = Int(position)
    let entry = entries[i]
    return Int(position - Double(i) < entry.threshold ? entry.own : entry.alias)
  }
}
