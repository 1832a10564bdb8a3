import Diagnostics
import EventModel

/// A sample of the content keys of an input's events, by which the same events in two inputs are found: all keys up to a
/// limit, beyond it those with low bits zero, so that two inputs keep the same ones. At most half a MiB.
struct ContentSample {
  static let limit = 1 << 16
  private var keys: [UInt64] = []
  /// Bits that are zero in the keys kept.
  private var mask: UInt64 = 0
  /// False where most events are like others of the same input, such as decays at rest: then keys say nothing.
  private var tellsApart = true

  @inline(__always)
  mutating func add(_ key: UInt64) {
    guard key & mask == 0, tellsApart else { return }
    keys.append(key)
    if keys.count > Self.limit { thin() }
  }

  private mutating func thin() {
    checkRepetition()
    while keys.count > Self.limit {
      mask = mask &<< 1 | 1
      keys.removeAll { $0 & mask != 0 }
    }
  }

  private mutating func checkRepetition() {
    let distinct = Set(keys)
    tellsApart = 2 * distinct.count > keys.count
    keys = tellsApart ? Array(distinct) : []
  }

  /// Sorts the keys, once all events were added.
  mutating func finish() {
    checkRepetition()
    keys.sort()
  }

  /// Of the events compared, which are those of the smaller input, how many are in both.
  struct Overlap {
    var shared: Int
    var compared: Int
    /// Events that stand for one compared.
    var each: UInt64
  }

  /// Of two finished samples.
  func overlap(with other: ContentSample) -> Overlap {
    let mask = mask | other.mask
    let own = keys.filter { $0 & mask == 0 }
    let others = other.keys.filter { $0 & mask == 0 }
    var shared = 0
    var (i, j) = (0, 0)
    while i < own.count, j < others.count {
      if own[i] == others[j] { shared += 1 }
      let (a, b) = (own[i], others[j])
      if a <= b { i += 1 }
      if b <= a { j += 1 }
    }
    return Overlap(shared: shared, compared: min(own.count, others.count), each: mask &+ 1)
  }
}

/// Samples of the inputs of one run.
struct ContentSamples {
  private var samples: [(name: String, sample: ContentSample)] = []

  /// Takes an input's sample, and throws where half of its events, or of a former input's, are in both. A few are a
  /// warning.
  mutating func add(_ sample: ContentSample, of name: String, journal: Journal) throws {
    var sample = sample
    sample.finish()
    for former in samples {
      let overlap = sample.overlap(with: former.sample)
      guard overlap.shared > 0 else { continue }
      if 2 * overlap.shared >= overlap.compared {
        let part =
          overlap.shared == overlap.compared
          ? "" : " (\(100 * overlap.shared / overlap.compared) % of the smaller one)"
        throw Problem(
          .data, "this holds the same events as \(former.name)\(part)",
          remedy: "give every event once", file: name)
      }
      let count = UInt64(overlap.shared) &* overlap.each
      journal.warn(
        "same events \(name) \(former.name)",
        "\(name): \(overlap.each > 1 ? "about " : "")\(count) of its events are in \(former.name) too"
      )
    }
    samples.append((name, sample))
  }
}
