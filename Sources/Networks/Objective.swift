import Numerics

/// What a trainer minimises: the mean over rows of a loss.
///
/// The trainer cuts a batch into blocks of fixed size and adds their gradients in order, so an
/// objective handles one block at a time, on any thread, with a workspace of its own.
///
/// A class: of a structure the trainer would make a copy for every block, and threads would wait for each other's counting of
/// what it refers to. It belongs to one training.
public protocol BatchObjective<Scalar>: AnyObject, Sendable {
  associatedtype Scalar: NetworkScalar
  associatedtype Workspace: Sendable

  var parameterCount: Int { get }

  /// Buffers for blocks of up to `rows` rows; used by one thread at a time.
  func makeWorkspace(rows: Int) -> Workspace

  /// The sum of the loss over rows given by number, and its gradient (which is overwritten) unless
  /// that is nil.
  func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>?, workspace: Workspace
  ) -> LossSum

  /// Is told the epoch, from 1, before the first gradient of it, while nothing is evaluated.
  func begin(epoch: Int)
}

extension BatchObjective {
  public func begin(epoch: Int) {}
}

/// A loss summed over rows, and how much of it the score term is.
public struct LossSum: Sendable, Equatable {
  public var total: Double
  /// α included; 0 where the loss has no such term.
  public var score: Double

  public init(_ total: Double, score: Double = 0) {
    self.total = total
    self.score = score
  }
}

/// The passes of a network over one block of rows, as a loss meets them: outputs and their θ
/// tangents forward, gradients backward. An instance belongs to one thread at a time.
protocol DifferentiablePass<Scalar>: Sendable {
  associatedtype Scalar: NetworkScalar

  var outputs: Int { get }
  /// Number of leading inputs, θ, by which outputs are differentiated.
  var tangents: Int { get }

  /// Copies rows of inputs, chosen by number from a row-major table, into the block.
  func load(rows: UnsafeBufferPointer<Int32>, from table: UnsafePointer<Scalar>)

  /// Computes outputs and tangents of the loaded rows.
  func forward(_ parameters: UnsafePointer<Scalar>, forGradient: Bool)

  /// Outputs and tangents: [1 + tangents][rows][outputs].
  func readOutputs() -> UnsafePointer<Double>

  /// Place for the gradients of a loss by `readOutputs`, laid out like them, set to zero.
  func clearedOutputGradients() -> UnsafeMutablePointer<Double>

  /// Turns those gradients into the gradient by the parameters, which is overwritten.
  func backward(_ parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>)
}

extension DifferentiablePass {
  /// The sum of a loss over rows of a table of inputs, and its gradient unless that is nil.
  func evaluate(
    _ loss: any NetworkLoss, rows: UnsafeBufferPointer<Int32>, of inputs: [Scalar],
    parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>?
  ) -> LossSum {
    inputs.withUnsafeBufferPointer { table in
      if let start = table.baseAddress { load(rows: rows, from: start) }
    }
    forward(parameters, forGradient: gradient != nil)
    let values = readOutputs()
    let gradients = gradient == nil ? nil : clearedOutputGradients()
    var score = 0.0
    let total = withUnsafeMutablePointer(to: &score) { score in
      loss.evaluate(
        LossBlock(
          rows: rows, outputs: outputs, tangents: tangents, values: values, gradients: gradients,
          scoreSum: score))
    }
    if let gradient { backward(parameters, gradient: gradient) }
    return LossSum(total, score: score)
  }
}

/// A perceptron with a loss on its outputs and θ tangents.
public final class PerceptronObjective<Scalar: NetworkScalar>: BatchObjective, @unchecked Sendable {
  public let shape: PerceptronShape
  private let inputs: [Scalar]
  private let loss: any NetworkLoss
  private var noise: HiddenNoise?

  /// - Parameters:
  ///   - inputs: rows × shape.inputs, scaled; where the loss needs tangents, θ comes first.
  ///   - loss: with targets for the same rows.
  ///   - noise: of the hidden layers, where gradients are computed.
  public init(
    shape: PerceptronShape, inputs: [Scalar], loss: any NetworkLoss, noise: HiddenNoise? = nil
  ) {
    precondition(inputs.count % shape.inputs == 0 && loss.tangents <= shape.inputs)
    self.noise = noise
    self.shape = shape
    self.inputs = inputs
    self.loss = loss
  }

  public var parameterCount: Int { shape.parameterCount }

  /// Rows in the table.
  public var rowCount: Int { inputs.count / shape.inputs }

  public func begin(epoch: Int) { noise?.begin(epoch: epoch) }

  public func makeWorkspace(rows: Int) -> PerceptronPass<Scalar> {
    PerceptronPass(shape: shape, capacity: rows, tangents: loss.tangents, noise: noise)
  }

  public func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>?, workspace pass: PerceptronPass<Scalar>
  ) -> LossSum {
    pass.noise = noise
    return pass.evaluate(
      loss, rows: rows, of: inputs, parameters: parameters, gradient: gradient)
  }
}

/// Loss and gradient of a batch, its blocks divided between the threads of a team. Used by one thread at a time.
///
/// Which thread takes a block does not matter: blocks have fixed borders and gradients are added in
/// their order, so the bits are the same for any number of threads.
public final class BatchEvaluator<Objective: BatchObjective>: @unchecked Sendable {
  /// Rows in a block: two blocks in a batch of 128, and matrix products that are still efficient.
  public static var blockRows: Int { 64 }

  static func blocks(of rows: Int) -> Int { (rows + blockRows - 1) / blockRows }

  public typealias Scalar = Objective.Scalar

  /// Kept by this evaluator, which does not count who uses it.
  private let objective: Unmanaged<Objective>
  /// One for each member of the team.
  private var workspaces = UnsafeMutableBufferPointer<Objective.Workspace>(start: nil, count: 0)
  /// Of blocks: the losses, each on a cache line of its own, and the gradients. What the threads go by are the addresses, which
  /// nobody counts.
  private var losses = AlignedBuffer<LossSum>(count: 0)
  private var firstLoss: UnsafeMutablePointer<LossSum>
  private var lossCapacity = 0
  private static var line: Int { 4 }
  private var gradients = AlignedBuffer<Scalar>(count: 0)
  private var firstGradient: UnsafeMutablePointer<Scalar>
  private var capacity = 0
  /// From one block's gradient to the next.
  private let length: Int

  public init(_ objective: Objective) {
    self.objective = .passRetained(objective)
    length = (objective.parameterCount + 15) / 16 * 16
    firstLoss = losses.start
    firstGradient = gradients.start
  }

  deinit {
    workspaces.deinitialize()
    workspaces.deallocate()
    objective.release()
  }

  /// Tells the objective the epoch, from 1.
  public func begin(epoch: Int) { objective._withUnsafeGuaranteedRef { $0.begin(epoch: epoch) } }

  /// The sum of the loss over the rows, and the gradient of the sum (not of the mean) in
  /// `gradient`, if given.
  public func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>? = nil, team: ThreadTeam
  ) -> LossSum {
    let blocks = prepare(rows: rows.count, withGradient: gradient != nil, team: team)
    let job = Job(rows: rows, parameters: parameters)
    let withGradient = gradient != nil
    team.run(blocks: blocks) { block, member in
      self.evaluate(
        job.rows, block: block, parameters: job.parameters, withGradient: withGradient,
        member: member)
    }
    if let gradient {
      _ = addBlocks(
        rows.count, to: gradient, in: 0..<objective.takeUnretainedValue().parameterCount)
    }
    return loss(rows.count)
  }

  /// Makes place for batches of up to so many rows; returns their blocks.
  func prepare(rows: Int, withGradient: Bool, team: ThreadTeam) -> Int {
    let blocks = Self.blocks(of: rows)
    if withGradient && blocks > capacity {
      capacity = blocks
      gradients = AlignedBuffer(count: blocks * length)
      firstGradient = gradients.start
    }
    if blocks > lossCapacity {
      lossCapacity = blocks
      losses = AlignedBuffer(count: Self.line * blocks)
      firstLoss = losses.start
    }
    if workspaces.count < team.threads { addWorkspaces(upTo: team.threads) }
    return blocks
  }

  private func addWorkspaces(upTo count: Int) {
    let all = UnsafeMutableBufferPointer<Objective.Workspace>.allocate(capacity: count)
    let next = all.moveInitialize(fromContentsOf: workspaces)
    for i in next..<count {
      all.initializeElement(
        at: i, to: objective.takeUnretainedValue().makeWorkspace(rows: Self.blockRows))
    }
    workspaces.deallocate()
    workspaces = all
  }

  /// The loss of one block of a batch, and its gradient, for `addBlocks`.
  func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, block: Int, parameters: UnsafePointer<Scalar>,
    withGradient: Bool, member: Int
  ) {
    let range = block * Self.blockRows..<min(rows.count, (block + 1) * Self.blockRows)
    firstLoss[Self.line * block] = objective._withUnsafeGuaranteedRef {
      $0.evaluate(
        UnsafeBufferPointer(rebasing: rows[range]), parameters: parameters,
        gradient: withGradient ? firstGradient + block * length : nil,
        workspace: workspaces[member])
    }
  }

  /// The sum of the loss over the blocks of so many rows.
  func loss(_ rows: Int) -> LossSum {
    var (total, score) = (CompensatedSum(), CompensatedSum())
    for block in 0..<Self.blocks(of: rows) {
      let loss = firstLoss[Self.line * block]
      total.add(loss.total)
      score.add(loss.score)
    }
    return LossSum(total.value, score: score.value)
  }

  /// The sum of the gradients of the blocks of so many rows, for a range of the parameters.
  /// - Returns: the squared norm of the sum in the range.
  func addBlocks(
    _ rows: Int, to gradient: UnsafeMutablePointer<Scalar>, in range: Range<Int>
  ) -> Double {
    Scalar.addRows(
      range.count, rows: Self.blocks(of: rows), stride: length,
      firstGradient + range.lowerBound, to: gradient + range.lowerBound)
  }

  /// The addresses of one batch; blocks write to places of their own.
  private struct Job: @unchecked Sendable {
    let rows: UnsafeBufferPointer<Int32>
    let parameters: UnsafePointer<Scalar>
  }
}
