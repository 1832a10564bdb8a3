import Glibc
import Synchronization
import Testing

@testable import Numerics

@Suite struct ThreadTeamTests {
  private struct Failure: Error, Equatable { let block: Int }

  @Test(arguments: [1, 2, 3, 5])
  func everyBlockRunsOnce(threads: Int) {
    let team = ThreadTeam(threads: threads)
    for count in [0, 1, 2, 7, 1000] {
      let sums = Mutex(Array(repeating: 0, count: count))
      team.forEachBlock(count: count) { block in sums.withLock { $0[block] += 1 } }
      #expect(sums.withLock { $0 } == Array(repeating: 1, count: count))
    }
  }

  /// No two blocks that run at the same time have one member.
  @Test(arguments: [1, 2, 3])
  func membersHaveWorkspacesOfTheirOwn(threads: Int) {
    let team = ThreadTeam(threads: threads)
    let work = Mutex((busy: Array(repeating: false, count: threads), runs: 0, clashes: 0))
    for _ in 0..<200 {
      team.run(blocks: 10) { _, member in
        work.withLock {
          if $0.busy[member] { $0.clashes += 1 }
          $0.busy[member] = true
          $0.runs += 1
        }
        pause(microseconds: 5)
        work.withLock { $0.busy[member] = false }
      }
    }
    let (runs, clashes) = work.withLock { ($0.runs, $0.clashes) }
    #expect(runs == 2000 && clashes == 0)
  }

  /// Blocks of a stage see what those of the stage before wrote: sums over sums, which a block too early or twice breaks.
  @Test(arguments: [(1, 2), (2, 2), (2, 5), (3, 2), (3, 70)])
  func stagesFollowEachOther(threads: Int, blocks: Int) {
    let team = ThreadTeam(threads: threads)
    for stages in [0, 1, 2000] {
      let rows = UnsafeMutablePointer<Int>.allocate(capacity: 2 * blocks)
      defer { rows.deallocate() }
      for i in 0..<2 * blocks { rows[i] = i < blocks ? i : 0 }
      let cells = UncheckedRows(start: rows)
      team.run(stages: stages, blocks: blocks) { stage, block, member in
        let (from, to) = (stage % 2 * blocks, (stage + 1) % 2 * blocks)
        var sum = member < threads ? 0 : 1
        for i in 0..<blocks { sum &+= (i + 1) &* cells.start[from + i] }
        cells.start[to + block] = (sum &+ block) % 1_000_003
      }
      var expected = Array(0..<blocks)
      for _ in 0..<stages {
        var sum = 0
        for i in 0..<blocks { sum += (i + 1) * expected[i] }
        expected = (0..<blocks).map { (sum + $0) % 1_000_003 }
      }
      let last = stages % 2 * blocks
      #expect((0..<blocks).map { rows[last + $0] } == expected)
    }
  }

  /// A helper holds the first stage up until the caller, which waits for it, has done a hundred pieces of other work. Only the
  /// caller does such work, and not beside a block of its own.
  @Test func whoWaitsWorksMeanwhile() {
    let team = ThreadTeam(threads: 2)
    let caller = pthread_self()
    let pieces = Atomic<Int>(0)
    let isAtBlock = Atomic<Bool>(false)
    let helperHasCome = Atomic<Bool>(false)
    var wrongPieces = 0
    team.run(
      stages: 2, blocks: 2,
      meanwhile: {
        if pthread_self() != caller || isAtBlock.load(ordering: .relaxed) { wrongPieces += 1 }
        pieces.add(1, ordering: .relaxed)
      }
    ) { stage, _, member in
      guard stage == 0 else { return }
      // Neither waits for ever, should the other never come or never work.
      if member == 0 {
        isAtBlock.store(true, ordering: .relaxed)
        for _ in 0..<1000 where !helperHasCome.load(ordering: .relaxed) { pause(milliseconds: 1) }
        isAtBlock.store(false, ordering: .relaxed)
      } else {
        helperHasCome.store(true, ordering: .relaxed)
        for _ in 0..<1000 where pieces.load(ordering: .relaxed) < 100 { pause(milliseconds: 1) }
      }
    }
    let (came, count) = (helperHasCome.load(ordering: .relaxed), pieces.load(ordering: .relaxed))
    #expect(came && count >= 100 && wrongPieces == 0)
  }

  private struct UncheckedRows: @unchecked Sendable { let start: UnsafeMutablePointer<Int> }

  @Test func manyShortJobsAndSleepsBetween() {
    let team = ThreadTeam(threads: 3)
    let total = Atomic<Int>(0)
    for round in 0..<3000 {
      team.forEachBlock(count: 4) { total.add($0, ordering: .relaxed) }
      // Let the helpers go to sleep now and then, so that waking them is tested too.
      if round % 1000 == 0 { pause(milliseconds: 5) }
    }
    #expect(total.load(ordering: .relaxed) == 3000 * 6)
  }

  /// A helper that was between two looks at the state once slept through the end of its team for ever.
  @Test func teamsEndWhileTheirHelpersAreAtWork() {
    for round in 0..<4000 {
      let team = ThreadTeam(threads: 3)
      let total = Atomic<Int>(0)
      team.forEachBlock(count: 1 + round % 5) { total.add($0, ordering: .relaxed) }
      #expect(total.load(ordering: .relaxed) == (1 + round % 5) * (round % 5) / 2)
    }
  }

  @Test func sumsDoNotDependOnThreads() {
    let values = (0..<10_000).map { 1 / Double($0 + 1) }
    let sums = [1, 2, 3].map { threads in
      ThreadTeam(threads: threads)
        .mapRanges(of: values.count, size: 64) { compensatedSum(values[$0]) }
        .reduce(0, +)
    }
    #expect(sums[0] == sums[1] && sums[0] == sums[2])
    // H(10000).
    #expect(abs(sums[0] - 9.787606036044348) < 1e-13)
  }

  @Test func theFirstFailingBlockGivesTheError() {
    let team = ThreadTeam(threads: 2)
    for _ in 0..<50 {
      #expect(throws: Failure(block: 3)) {
        try team.forEachBlock(count: 100) { block in
          if block >= 3 { throw Failure(block: block) }
        }
      }
    }
    // The team still works after a failure.
    #expect(team.mapBlocks(count: 5) { $0 * $0 } == [0, 1, 4, 9, 16])
  }

  @Test func aTeamInsideItsOwnWorkRunsSerially() {
    let team = ThreadTeam(threads: 2)
    let sums = team.mapBlocks(count: 8) { outer in
      team.mapBlocks(count: 8) { outer * $0 }.reduce(0, +)
    }
    #expect(sums == (0..<8).map { $0 * 28 })
  }

  @Test func rangesCoverEverything() {
    let team = ThreadTeam(threads: 2)
    let ranges = team.mapRanges(of: 10, size: 4) { $0 }
    #expect(ranges == [0..<4, 4..<8, 8..<10])
    #expect(team.mapRanges(of: 0, size: 4) { $0 }.isEmpty)
  }

  @Test func thereIsACore() { #expect(availableCores() >= 1) }

  private func pause(milliseconds: Int) { pause(microseconds: 1000 * milliseconds) }

  private func pause(microseconds: Int) {
    let clock = ContinuousClock()
    let end = clock.now + .microseconds(microseconds)
    while clock.now < end {}
  }
}
