import CVectorMath
import Glibc
import Synchronization

/// Stages that several threads go through together: which blocks are taken, and how many are done.
///
/// Every thread asks for all blocks of a stage before it goes to the next, so when somebody takes a block of a stage, all of
/// the stage before are taken, and whoever took them will end them: waiting for them cannot last for ever.
final class StageRelay: Sendable {
  private let stages: Int
  private let blocks: Int
  private let threads: Int
  /// What is taken at once: every `units`-th block.
  private let units: Int
  /// The stage and the units of it that are taken, a bit each.
  private let taken = Atomic<UInt64>(0)
  /// Units done, of all stages.
  private let done = Atomic<Int>(0)
  private static let bits: UInt64 = 32
  /// Turns of the waiting loop before others may have the core: about 0.3 ms.
  private static let patience = 20_000

  init(stages: Int, blocks: Int, threads: Int) {
    self.stages = stages
    self.blocks = blocks
    self.threads = threads
    units = min(blocks, Int(Self.bits))
  }

  /// Goes through all stages, and does what others have not taken.
  /// - Parameter meanwhile: short work that is done, again and again, while others are waited for.
  func takePart(
    member: Int, meanwhile: () -> Void, _ body: (_ stage: Int, _ block: Int) -> Void
  ) {
    for stage in 0..<stages {
      // Its own units first: those of others when they are late.
      for isOwn in [true, false] {
        for unit in 0..<units where (unit % threads == member) == isOwn {
          guard take(unit, of: stage) else { continue }
          wait(for: stage * units, meanwhile)
          for block in stride(from: unit, to: blocks, by: units) { body(stage, block) }
          done.wrappingAdd(1, ordering: .releasing)
        }
      }
    }
  }

  private func take(_ unit: Int, of stage: Int) -> Bool {
    let (stage, bit) = (UInt64(stage), UInt64(1) << UInt64(unit))
    var word = taken.load(ordering: .relaxed)
    while true {
      let current = word >> Self.bits
      let mask = current == stage ? word & (1 << Self.bits - 1) : 0
      if current > stage || mask & bit != 0 { return false }
      let (isMine, now) = taken.weakCompareExchange(
        expected: word, desired: stage << Self.bits | mask | bit, ordering: .relaxed)
      if isMine { return true }
      word = now
    }
  }

  private func wait(for count: Int, _ meanwhile: () -> Void) {
    var turns = 0
    while done.load(ordering: .acquiring) < count {
      turns += 1
      meanwhile()
      if turns > Self.patience { sched_yield() } else { cvm_pause() }
    }
  }
}
