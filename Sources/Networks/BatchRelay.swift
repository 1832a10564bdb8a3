import Numerics
import Synchronization

/// The batches of one epoch, which the threads of a team go through together.
///
/// The gradient of a batch is computed in blocks of rows, then added up and followed in shares of the parameters. Blocks and
/// shares have fixed borders, and sums over them are taken in order: the bits are the same for any number of threads.
final class BatchRelay<Objective: BatchObjective>: @unchecked Sendable {
  typealias Scalar = Objective.Scalar

  private let epoch: Int
  private let settings: TrainingSettings
  private let evaluator: BatchEvaluator<Objective>
  private let optimiser: OptimiserState<Scalar>
  private let order: UnsafeBufferPointer<Int32>
  private let count: Int
  private let weights: UnsafeMutablePointer<Scalar>
  private let gradient: UnsafeMutablePointer<Scalar>
  private let batches: Int
  private let shares: Int
  private let rate: Double
  /// Squared norms of the shares of the gradient, each on a cache line of its own.
  private let squares: AlignedBuffer<Double>
  private static var line: Int { 8 }
  /// Of whoever has the first share of a batch.
  private var total = CompensatedSum()
  private var score = CompensatedSum()
  /// The first batch without finite numbers, from 1; 0 for none.
  private let diverged = Atomic<Int>(0)

  init(
    epoch: Int, settings: TrainingSettings, evaluator: BatchEvaluator<Objective>,
    optimiser: OptimiserState<Scalar>, order: UnsafeBufferPointer<Int32>, count: Int,
    weights: UnsafeMutablePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>
  ) {
    self.epoch = epoch
    self.settings = settings
    self.evaluator = evaluator
    self.optimiser = optimiser
    self.order = order
    self.count = count
    self.weights = weights
    self.gradient = gradient
    batches = (order.count + settings.batchSize - 1) / settings.batchSize
    rate = settings.rate(epoch: epoch - 1)
    // A share of less than 1,000 parameters takes no longer than handing it out.
    shares = count < 2048 ? 1 : max(2, (count + 4095) / 4096)
    squares = AlignedBuffer(count: Self.line * shares)
  }

  /// Moves the parameters by all batches; returns the sum of the loss.
  /// - Parameter meanwhile: work that the calling thread may do, a little at a time, while it waits for others.
  /// - Throws: `TrainingDiverged`.
  func run(_ team: ThreadTeam, meanwhile: () -> Void) throws -> LossSum {
    let rows = min(order.count, settings.batchSize)
    let blocks = evaluator.prepare(rows: rows, withGradient: true, team: team)
    // The step of a limited gradient waits for the norm of all shares.
    let isLimited = settings.gradientClip != nil
    let stages = isLimited ? 3 : 2
    team.run(stages: stages * batches, blocks: max(blocks, shares), meanwhile: meanwhile) {
      stage, block, member in
      guard self.diverged.load(ordering: .relaxed) == 0 else { return }
      let (batch, part) = stage.quotientAndRemainder(dividingBy: stages)
      switch part {
      case 0: self.evaluate(batch, block: block, member: member)
      case 1:
        self.add(batch, share: block)
        if !isLimited { self.move(batch, share: block) }
      default: self.move(batch, share: block)
      }
    }
    if batches > 0 { checkNorm(batches - 1) }
    let bad = diverged.load(ordering: .relaxed)
    if bad > 0 { throw TrainingDiverged(epoch: epoch, batch: bad) }
    optimiser.advance(by: batches)
    return LossSum(total.value, score: score.value)
  }

  private func rows(_ batch: Int) -> UnsafeBufferPointer<Int32> {
    let start = batch * settings.batchSize
    return UnsafeBufferPointer(
      rebasing: order[start..<min(order.count, start + settings.batchSize)])
  }

  private func evaluate(_ batch: Int, block: Int, member: Int) {
    if block == 0, batch > 0 { checkNorm(batch - 1) }
    let rows = rows(batch)
    guard block * BatchEvaluator<Objective>.blockRows < rows.count else { return }
    evaluator.evaluate(
      rows, block: block, parameters: weights, withGradient: true, member: member)
  }

  private func range(_ share: Int) -> Range<Int> {
    let size = (count / shares + 15) / 16 * 16
    return min(count, share * size)..<(share == shares - 1 ? count : min(count, (share + 1) * size))
  }

  private func add(_ batch: Int, share: Int) {
    let rows = rows(batch).count
    if share == 0 {
      let loss = evaluator.loss(rows)
      total.add(loss.total)
      score.add(loss.score)
      if !loss.total.isFinite { stop(batch) }
    }
    guard share < shares else { return }
    squares.start[Self.line * share] = evaluator.addBlocks(rows, to: gradient, in: range(share))
  }

  private func move(_ batch: Int, share: Int) {
    guard share < shares else { return }
    let norm = settings.gradientClip == nil ? 0 : norm(batch)
    let clip = settings.gradientClip.map { norm > $0 ? $0 / norm : 1 } ?? 1
    let step = optimiser.step(
      batch + 1, scale: clip / Double(rows(batch).count),
      rate: rate * settings.warmth(epoch: epoch - 1, batch: batch, of: batches),
      decay: settings.weightDecay)
    optimiser.move(range(share), of: weights, gradient: gradient, by: step)
  }

  /// The norm of the mean gradient of a batch whose shares are added.
  private func norm(_ batch: Int) -> Double {
    var sum = 0.0
    for share in 0..<shares { sum += squares.start[Self.line * share] }
    return sum.squareRoot() / Double(rows(batch).count)
  }

  private func checkNorm(_ batch: Int) {
    if !norm(batch).isFinite { stop(batch) }
  }

  private func stop(_ batch: Int) {
    _ = diverged.compareExchange(expected: 0, desired: batch + 1, ordering: .relaxed)
  }
}
