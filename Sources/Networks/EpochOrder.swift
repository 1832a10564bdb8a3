import Numerics

/// The rows of an epoch in random order, which can be drawn in parts: while the epoch before runs, by a thread that waits.
///
/// Used by one thread at a time.
final class EpochOrder {
  /// From 1.
  let epoch: Int
  private let rows: UnsafeMutableBufferPointer<Int32>
  private var stream: PhiloxStream
  /// Rows without their place.
  private var left: Int

  /// The rows as they are.
  init(_ rows: [Int32], epoch: Int, settings: TrainingSettings) {
    self.epoch = epoch
    self.rows = .allocate(capacity: rows.count)
    _ = self.rows.initialize(fromContentsOf: rows)
    stream = PhiloxStream(
      seed: settings.seed, purpose: .epochOrder, item: settings.item(epoch: epoch))
    left = rows.count
  }

  deinit { rows.deallocate() }

  /// Gives a few rows their place, in about 0.2 µs.
  func drawSome() { draw(places: 32) }

  /// Gives all rows their place; they are there as long as this is.
  func finish() -> UnsafeBufferPointer<Int32> {
    while left > 1 { draw(places: 512) }
    return UnsafeBufferPointer(rows)
  }

  private func draw(places: Int) {
    left = stream.shufflePart(of: rows, left: left, places: places)
  }
}
