import Numerics
import Synchronization
import Testing

/// Stages that every member follows with a state of its own.
@Suite struct ReplicaStageTests {
  /// A sequence in which every stage needs the whole of the one before: state ← Σ_blocks (state + block) mod a prime. Whoever
  /// is late must not come out with another number.
  private func whole(stages: Int, blocks: Int, members: Int, threads: Int) -> [UInt64] {
    let values = Mutex<[UInt64]>([])
    nonisolated(unsafe) let sums = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * blocks)
    nonisolated(unsafe) let states = UnsafeMutablePointer<UInt64>.allocate(capacity: 8 * members)
    defer {
      sums.deallocate()
      states.deallocate()
    }
    for member in 0..<members { states[8 * member] = 1 }
    ThreadTeam(threads: threads).runReplicas(stages: stages, blocks: blocks, members: members) {
      stage, block, replica, _ in
      sums[stage % 2 * blocks + block] = states[8 * replica] &* 31 &+ UInt64(block)
    } step: { stage, replica in
      var sum: UInt64 = 0
      for block in 0..<blocks { sum &+= sums[stage % 2 * blocks + block] }
      states[8 * replica] = sum % 1_000_000_007
      return stage != 4000
    } end: { replica in
      values.withLock { $0.append(states[8 * replica]) }
    }
    return values.withLock { $0 }
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
      let values = whole(
        stages: stages, blocks: shape.blocks, members: shape.members, threads: threads)
      let expected = expected(stages: stages, blocks: shape.blocks)
      #expect(values.allSatisfy { $0 == expected })
      #expect((1...shape.members).contains(values.count))
    }
  }
}
