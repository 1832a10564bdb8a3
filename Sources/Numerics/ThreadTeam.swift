import CVectorMath
import Glibc
import Synchronization

/// The number of cores this process may use (its affinity mask, which batch systems and `taskset`
/// set).
public func availableCores() -> Int { Int(cvm_available_cores()) }

/// A kept team of threads for work of 20 µs and more, where starting threads or tasks would cost as
/// much as the work: helpers spin for a bounded time, then sleep.
///
/// Work is cut into numbered blocks that the members claim one after the other. Which member takes
/// which block is not fixed, so a block must write to a place of its own, and sums over blocks are
/// taken by the caller in the order of the blocks: then results do not depend on the number of
/// threads.
public final class ThreadTeam: Sendable {
  /// Members, the calling thread included.
  public let threads: Int
  private let crew: Crew?

  /// A team of `threads` members, by default one for each core this process may use.
  public init(threads: Int = availableCores()) {
    self.threads = max(1, threads)
    crew = threads > 1 ? Crew(helpers: threads - 1) : nil
  }

  deinit { crew?.dismiss() }

  /// Runs `body(0)` … `body(count - 1)`, in any order and at the same time, and returns when all
  /// are done.
  ///
  /// The first block that fails (by number, whatever the threads) gives the error; blocks after it
  /// may not have run. A team that is already at work (a block that uses its own team, or another
  /// thread) runs the blocks on the calling thread.
  public func forEachBlock<E: Error>(
    count: Int, _ body: @Sendable (Int) throws(E) -> Void
  ) throws(E) {
    guard count > 1, let crew, crew.reserve() else {
      for block in 0..<max(0, count) { try body(block) }
      return
    }
    defer { crew.release() }
    let failure = Mutex<(block: Int, error: E)?>(nil)
    withoutActuallyEscaping(body) { body in
      crew.run(count: count) { block, _ in
        do {
          try body(block)
          return true
        } catch let error as E {
          failure.withLock { if block < $0?.block ?? .max { $0 = (block, error) } }
          return false
        } catch {
          return false
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
  }

  /// `forEachBlock` for short work that comes often and cannot fail; it is told which member works, below `threads`, so that
  /// each can have a workspace of its own.
  public func run(blocks count: Int, _ body: @Sendable (_ block: Int, _ member: Int) -> Void) {
    guard count > 1, let crew, crew.reserve() else {
      for block in 0..<max(0, count) { body(block, 0) }
      return
    }
    defer { crew.release() }
    withoutActuallyEscaping(body) { body in
      crew.run(count: count) { block, member in
        body(block, member)
        return true
      }
    }
  }

  /// Runs many short stages, each of `blocks` blocks, which begin when all blocks of the stage before are done; what they
  /// wrote is then seen. Handing out every stage by itself would take as long as some last.
  ///
  /// A block goes to the same member in every stage where that one is not late, so that what it works on stays in the cache of
  /// one core.
  ///
  /// - Parameter meanwhile: work that the calling thread may do, a little at a time (0.2 µs), while it waits for others; nobody
  ///   else calls it.
  public func run(
    stages: Int, blocks: Int, meanwhile: () -> Void = {},
    _ body: @Sendable (_ stage: Int, _ block: Int, _ member: Int) -> Void
  ) {
    let relay = StageRelay(stages: stages, blocks: blocks, threads: threads)
    // Whoever comes late, or not at all, finds its part done by the others.
    withoutActuallyEscaping(meanwhile) { meanwhile in
      let ofCaller = CallerOnly(work: meanwhile)
      run(blocks: threads) { _, member in
        relay.takePart(member: member, meanwhile: { if member == 0 { ofCaller.work() } }) {
          body($0, $1, member)
        }
      }
    }
  }

  /// Cuts `0 ..< total` into ranges of `size` (the last may be shorter) and runs `body(block,
  /// range)` for each.
  public func forEachRange<E: Error>(
    of total: Int, size: Int,
    _ body: @Sendable (_ block: Int, _ range: Range<Int>) throws(E) -> Void
  ) throws(E) {
    let size = max(1, size)
    try forEachBlock(count: (total + size - 1) / size) { block throws(E) in
      try body(block, block * size..<min(total, (block + 1) * size))
    }
  }

  /// The results of `body(0)` … `body(count - 1)` in the order of the blocks.
  public func mapBlocks<Result: Sendable, E: Error>(
    count: Int, _ body: @Sendable (Int) throws(E) -> Result
  ) throws(E) -> [Result] {
    let slots = Slots<Result>(count: count)
    try forEachBlock(count: count) { block throws(E) in
      slots[block] = try body(block)
    }
    return slots.results()
  }

  /// Cuts `0 ..< total` into ranges of `size` and gives the results of the ranges in their order.
  public func mapRanges<Result: Sendable, E: Error>(
    of total: Int, size: Int, _ body: @Sendable (Range<Int>) throws(E) -> Result
  ) throws(E) -> [Result] {
    let size = max(1, size)
    return try mapBlocks(count: (total + size - 1) / size) { block throws(E) in
      try body(block * size..<min(total, (block + 1) * size))
    }
  }
}

/// Work of the thread that calls a team, which it alone may do.
private struct CallerOnly: @unchecked Sendable { let work: () -> Void }

/// One place for each block's result; blocks write different places, so there is no race.
private final class Slots<Value>: @unchecked Sendable {
  private let values: UnsafeMutableBufferPointer<Value?>

  init(count: Int) {
    values = .allocate(capacity: max(0, count))
    values.initialize(repeating: nil)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  subscript(block: Int) -> Value? {
    get { values[block] }
    set { values[block] = newValue }
  }

  func results() -> [Value] { values.compactMap { $0 } }
}

/// The helper threads and the job they share.
///
/// A helper counts itself into `inside` before it looks whether the job is open; the caller closes
/// the job before it waits for `inside` to become zero. So nobody can hold a job that has ended,
/// and a helper that wakes late delays nobody.
private final class Crew: @unchecked Sendable {
  /// Turns of the waiting loop before a helper sleeps: about 0.3 ms.
  private static let patience = 20_000

  private let isReserved = Atomic<Bool>(false)
  private let ticket = Atomic<Int>(0)
  private let isOpen = Atomic<Bool>(false)
  private let inside = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let hasFailed = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  /// Helpers that have begun; the caller of a job is member 0.
  private let members = Atomic<Int>(0)
  private let isDismissed = Atomic<Bool>(false)
  private var count = 0
  private var job: ((Int, Int) -> Bool)?
  private var threads: [pthread_t] = []
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(helpers: Int) {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    for _ in 0..<helpers {
      var thread = pthread_t()
      let crew = Unmanaged.passRetained(self)
      let status = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Crew>.fromOpaque(argument).takeRetainedValue().serve() }
          return nil
        }, crew.toOpaque())
      // A process at its limit of threads works with those it has; results do not depend on it.
      if status == 0 { threads.append(thread) } else { crew.release() }
    }
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// True if the caller now has the crew to itself.
  func reserve() -> Bool {
    isReserved.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  func release() { isReserved.store(false, ordering: .releasing) }

  /// Runs all blocks; `job` returns false when a block failed, and no further blocks are then
  /// claimed.
  func run(count: Int, _ job: @escaping (Int, Int) -> Bool) {
    self.count = count
    self.job = job
    next.store(0, ordering: .relaxed)
    hasFailed.store(false, ordering: .relaxed)
    isOpen.store(true, ordering: .sequentiallyConsistent)
    ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    work(count, member: 0, job)
    isOpen.store(false, ordering: .sequentiallyConsistent)
    var turns = 0
    while inside.load(ordering: .sequentiallyConsistent) != 0 {
      turns += 1
      if turns > Self.patience { sched_yield() } else { cvm_pause() }
    }
    self.job = nil
  }

  private func work(_ count: Int, member: Int, _ job: (Int, Int) -> Bool) {
    while !hasFailed.load(ordering: .relaxed) {
      let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard block < count else { return }
      if !job(block, member) { hasFailed.store(true, ordering: .relaxed) }
    }
  }

  private func serve() {
    let member = members.wrappingAdd(1, ordering: .relaxed).newValue
    var seen = 0
    while true {
      // The ticket first: one taken after a look at `isDismissed` could be the dismissal's own, and nothing would follow it.
      seen = nextTicket(after: seen)
      if isDismissed.load(ordering: .acquiring) { return }
      inside.wrappingAdd(1, ordering: .sequentiallyConsistent)
      if isOpen.load(ordering: .sequentiallyConsistent), let job {
        work(count, member: member, job)
      }
      inside.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }
  }

  /// Waits until the ticket is another than `seen`, and gives it.
  private func nextTicket(after seen: Int) -> Int {
    for _ in 0..<Self.patience {
      let now = ticket.load(ordering: .acquiring)
      if now != seen { return now }
      cvm_pause()
    }
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    var now = ticket.load(ordering: .sequentiallyConsistent)
    while now == seen {
      pthread_cond_wait(condition, mutex)
      now = ticket.load(ordering: .sequentiallyConsistent)
    }
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
    return now
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Ends the helpers and waits for them.
  func dismiss() {
    isDismissed.store(true, ordering: .releasing)
    ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
    wakeAll()
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }
}
