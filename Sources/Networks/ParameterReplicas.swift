import Numerics

/// Parameters, gradient and optimiser of each thread of a training, all of which move alike.
final class ParameterReplicas<Scalar: NetworkScalar>: @unchecked Sendable {
  /// What one thread has; no other touches it during an epoch.
  final class Replica {
    let weights: AlignedBuffer<Scalar>
    let gradient: AlignedBuffer<Scalar>
    let optimiser: OptimiserState<Scalar>
    var total = CompensatedSum()
    var score = CompensatedSum()
    /// The batch without finite numbers, from 1; 0 for none.
    var diverged = 0
    /// Whether it has followed all batches so far.
    var isCurrent = false

    fileprivate init(like optimiser: OptimiserState<Scalar>, count: Int) {
      weights = AlignedBuffer(count: count)
      gradient = AlignedBuffer(count: count)
      self.optimiser = optimiser.duplicate()
    }

    /// Becomes like another of the same size.
    func copy(_ other: Replica, parameters: Int) {
      weights.start.update(from: other.weights.start, count: parameters)
      optimiser.copy(other.optimiser)
      (total, score, diverged) = (other.total, other.score, other.diverged)
    }
  }

  /// In places of their own: read from an array, threads would wait for each other's counting of references to it.
  private var start: UnsafeMutablePointer<Replica>?
  private var members = 0

  /// So many, made at the first epoch.
  func prepare(
    _ count: Int, like optimiser: OptimiserState<Scalar>, parameters: Int
  ) -> UnsafeMutablePointer<Replica> {
    if let start, members >= count { return start }
    release()
    let start = UnsafeMutablePointer<Replica>.allocate(capacity: count)
    for i in 0..<count {
      (start + i).initialize(to: Replica(like: optimiser, count: parameters))
    }
    (self.start, members) = (start, count)
    return start
  }

  private func release() {
    start?.deinitialize(count: members)
    start?.deallocate()
    start = nil
  }

  deinit { release() }
}
