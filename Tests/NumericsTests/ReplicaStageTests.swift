import Numerics
import Synchronization
import Testing

/// Stages that every member follows with a state of its own.
@Suite struct ReplicaStageTests {
  /// A sequence in which every stage needs the whole of the one before: state ← Σ_blocks (state + block) mod a prime. Whoever
  /// is late must not come out with another number.
  private func last(stages: Int, blocks: Int, members: Int, threads: Int) -> (UInt64, Int) {
    let values = Mutex<[UInt64]>([])
    let ends = Atomic<Int>(0)
    nonisolated(unsafe) let sums = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * blocks)
    nonisolated(unsafe) let states = UnsafeMutablePointer<UInt64>.allocate(capacity: 8 * members)
    defer {
      sums.deallocate()
      states.deallocate()
    }
    ThreadTeam(threads: threads).runReplicas(stages: stages, blocks: blocks, members: members) {
      states[8 * $0] = 1
    } body: { stage, block, replica, _ in
      sums[stage % 2 * blocks + block] = states[8 * replica] &* 31 &+ UInt64(block)
    } step: { stage, replica in
      var sum: UInt64 = 0
      for block in 0..<blocks { sum &+= sums[stage % 2 * blocks + block] }
      states[8 * replica] = sum % 1_000_000_007
      return stage != 4000
    } end: { replica in
      _ = ends.wrappingAdd(1, ordering: .relaxed)
      values.withLock { $0.append(states[8 * replica]) }
    }
    return (values.withLock { $0.first ?? 0 }, ends.load(ordering: .relaxed))
  }

  private func expected(stages: Int, blocks: Int) -> UInt64 {
    var state: UInt64 = 1
    for stage in 0..<stages {
      var sum: UInt64 = 0
      for block in 0..<blocks { sum &+= state &* 31 &+ UInt64(block) }
      state = sum % 1_000_000_007
      if stage == 4000 { break }
    }
    return state
  }

  /// More members than cores, so that some are left behind; stages beyond the one where `step` stops are not done.
  @Test(arguments: [(2, 2), (3, 2), (4, 4), (5, 3), (40, 3)], [100, 3000, 6000])
  func membersAgree(_ shape: (blocks: Int, members: Int), _ stages: Int) {
    for threads in [1, 2, 4] {
      let (value, ends) = last(
        stages: stages, blocks: shape.blocks, members: shape.members, threads: threads)
      #expect(value == expected(stages: stages, blocks: shape.blocks))
      #expect(ends == 1)
    }
  }
}
