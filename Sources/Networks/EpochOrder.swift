import Numerics

/// The rows of an epoch in random order, which can be drawn in parts: while the epoch before runs, by a thread that waits.
///
/// Used by one thread at a time.
final class EpochOrder {
  /// From 1; 0 before the first.
  private(set) var epoch = 0
  private var rows = UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)
  private var stream = PhiloxStream(seed: 0, purpose: .epochOrder)
  /// Rows without their place.
  private var left = 0

  deinit { rows.deallocate() }

  /// Takes up the rows, as they are, for an epoch.
  func begin(_ rows: [Int32], epoch: Int, settings: TrainingSettings) {
    if self.rows.count != rows.count {
      self.rows.deallocate()
      self.rows = .allocate(capacity: rows.count)
    }
    _ = self.rows.update(fromContentsOf: rows)
    self.epoch = epoch
    stream = PhiloxStream(
      seed: settings.seed, purpose: .epochOrder, item: settings.item(epoch: epoch))
    left = rows.count
  }

  /// Gives a few rows their place, in about 0.2 µs.
  func drawSome() { draw(places: 32) }

  /// Gives all rows their place.
  func finish() -> UnsafeBufferPointer<Int32> {
    while left > 1 { draw(places: 512) }
    return UnsafeBufferPointer(rows)
  }

  private func draw(places: Int) {
    left = stream.shufflePart(of: rows, left: left, places: places)
  }
}
