import Numerics

/// The passes of a network f(θ, x) whose output is taken less that at a fixed θ1, so that the estimate is what a log ratio to θ1
/// is there, 0, whatever f is:
///
///     log r̂(x | θ, θ1) = f(θ, x) − f(θ1, x)
///
/// With a score term, which ties the slope of f in θ to the joint score, nothing is then left that only labels or ratios could
/// tell. Tangents are those of f at θ. An instance belongs to one thread at a time.
public final class AnchoredPass<Scalar: NetworkScalar>: DifferentiablePass, @unchecked Sendable {
  private let free: PerceptronPass<Scalar>
  private let fixed: PerceptronPass<Scalar>
  private let anchor: [Scalar]
  private let values: AlignedBuffer<Double>
  private let gradients: AlignedBuffer<Double>
  private let second: AlignedBuffer<Scalar>
  private let parameterCount: Int
  private var rows = 0

  public var outputs: Int { 1 }
  public var tangents: Int { free.tangents }

  /// - Parameters:
  ///   - shape: of f, whose inputs begin with θ.
  ///   - anchor: θ1, scaled as θ is.
  ///   - noise: of the hidden layers, where gradients are computed; the same for both.
  public init(
    shape: PerceptronShape, anchor: [Scalar], capacity: Int, tangents: Int,
    noise: HiddenNoise? = nil
  ) {
    precondition(shape.outputs == 1 && anchor.count < shape.inputs)
    free = PerceptronPass(shape: shape, capacity: capacity, tangents: tangents, noise: noise)
    fixed = PerceptronPass(shape: shape, capacity: capacity, noise: noise)
    self.anchor = anchor
    values = AlignedBuffer(count: (1 + tangents) * capacity)
    gradients = AlignedBuffer(count: (1 + tangents) * capacity)
    parameterCount = shape.parameterCount
    second = AlignedBuffer(count: parameterCount)
  }

  /// Randomness of hidden layers where a gradient follows.
  var noise: HiddenNoise? {
    get { free.noise }
    set {
      free.noise = newValue
      fixed.noise = newValue
    }
  }

  public func load(rows chosen: UnsafeBufferPointer<Int32>, from table: UnsafePointer<Scalar>) {
    rows = chosen.count
    free.load(rows: chosen, from: table)
    fixed.load(rows: chosen, from: table)
    fixed.setInputs(anchor)
  }

  public func forward(_ parameters: UnsafePointer<Scalar>, forGradient: Bool) {
    free.forward(parameters, forGradient: forGradient)
    fixed.forward(parameters, forGradient: forGradient)
  }

  public func readOutputs() -> UnsafePointer<Double> {
    let (own, other) = (free.readOutputs(), fixed.readOutputs())
    for i in 0..<(1 + tangents) * rows { values.start[i] = i < rows ? own[i] - other[i] : own[i] }
    return UnsafePointer(values.start)
  }

  public func clearedOutputGradients() -> UnsafeMutablePointer<Double> {
    gradients.start.update(repeating: 0, count: (1 + tangents) * rows)
    return gradients.start
  }

  public func backward(
    _ parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>
  ) {
    let (own, other) = (free.clearedOutputGradients(), fixed.clearedOutputGradients())
    own.update(from: gradients.start, count: (1 + tangents) * rows)
    for i in 0..<rows { other[i] = -gradients.start[i] }
    free.backward(parameters, gradient: gradient)
    fixed.backward(parameters, gradient: second.start)
    Scalar.add(parameterCount, second.start, to: gradient)
  }
}

/// A perceptron whose output is taken less that at a fixed θ1, with a loss of log r̂ and its θ tangents.
public final class AnchoredObjective<Scalar: NetworkScalar>: BatchObjective, @unchecked Sendable {
  public let shape: PerceptronShape
  private let anchor: [Scalar]
  private let inputs: [Scalar]
  private let loss: any NetworkLoss
  private var noise: HiddenNoise?

  /// - Parameters:
  ///   - anchor: θ1, scaled as θ is.
  ///   - inputs: rows × shape.inputs, scaled: θ, x.
  ///   - loss: with targets for the same rows.
  ///   - noise: of the hidden layers, where gradients are computed.
  public init(
    shape: PerceptronShape, anchor: [Scalar], inputs: [Scalar], loss: any NetworkLoss,
    noise: HiddenNoise? = nil
  ) {
    precondition(inputs.count % shape.inputs == 0 && loss.tangents <= anchor.count)
    self.shape = shape
    self.anchor = anchor
    self.inputs = inputs
    self.loss = loss
    self.noise = noise
  }

  public var parameterCount: Int { shape.parameterCount }

  public func begin(epoch: Int) { noise?.begin(epoch: epoch) }

  public func makeWorkspace(rows: Int) -> AnchoredPass<Scalar> {
    AnchoredPass(
      shape: shape, anchor: anchor, capacity: rows, tangents: loss.tangents, noise: noise)
  }

  public func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>?, workspace pass: AnchoredPass<Scalar>
  ) -> LossSum {
    pass.noise = noise
    return pass.evaluate(
      loss, rows: rows, of: inputs, parameters: parameters, gradient: gradient)
  }
}
