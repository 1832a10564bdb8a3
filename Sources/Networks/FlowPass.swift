/// The buffers and passes of a flow for one block of rows: log p and its θ tangents forward,
/// gradients backward through all networks. An instance belongs to one thread at a time.
public final class FlowPass<Scalar: NetworkScalar>: DifferentiablePass, @unchecked Sendable {
  public let outputs = 1
  public let tangents: Int

  private let shape: FlowShape
  private let mask: [Scalar]
  private let capacity: Int
  private let passes: [PerceptronPass<Scalar>]
  private let mixture: Mixture
  /// Loaded rows of θ and x.
  private let loaded: AlignedBuffer<Scalar>
  private let loadedAsDoubles: AlignedBuffer<Double>
  /// What goes into each network in place of x, [1 + tangents][rows][observables].
  private let states: [AlignedBuffer<Double>]
  /// log p and its gradient, [1 + tangents][rows].
  private let sum: AlignedBuffer<Double>
  private let sumBar: AlignedBuffer<Double>
  /// Gradients by the states before and after a network, and by its inputs.
  private let bars: [AlignedBuffer<Double>]
  private let inputBar: AlignedBuffer<Double>
  /// The gradient of the parameters before it is masked.
  private let unmasked: AlignedBuffer<Scalar>
  private var rows = 0

  /// - Parameters:
  ///   - mask: of the shape, for all passes the same.
  ///   - capacity: most rows in a block.
  ///   - tangents: 0, or the number of θ.
  ///   - noise: of the hidden layers, where gradients are computed.
  init(
    shape: FlowShape, mask: [Scalar], capacity: Int, tangents: Int, noise: HiddenNoise? = nil
  ) {
    precondition(tangents == 0 || tangents == shape.parameters)
    self.shape = shape
    self.mask = mask
    self.capacity = capacity
    self.tangents = tangents
    passes = shape.steps.enumerated().map { f, step in
      PerceptronPass(
        shape: step.network, capacity: capacity, tangents: tangents, noise: noise,
        firstLayer: f * step.network.layers.count)
    }
    mixture = Mixture(components: shape.components, bound: shape.logPrecisionBound)
    let size = (1 + tangents) * capacity
    loaded = AlignedBuffer(count: capacity * shape.inputs)
    loadedAsDoubles = AlignedBuffer(count: capacity * shape.inputs)
    let d = shape.observables
    states = shape.steps.map { _ in AlignedBuffer(count: size * d) }
    bars = (0..<2).map { _ in AlignedBuffer(count: size * d) }
    inputBar = AlignedBuffer(count: size * d)
    sum = AlignedBuffer(count: size)
    sumBar = AlignedBuffer(count: size)
    unmasked = AlignedBuffer(count: shape.parameterCount)
  }

  /// Randomness of hidden layers where a gradient follows.
  var noise: HiddenNoise? {
    get { passes[0].noise }
    set { for pass in passes { pass.noise = newValue } }
  }

  public func load(rows numbers: UnsafeBufferPointer<Int32>, from table: UnsafePointer<Scalar>) {
    // The observables of all networks but the first are replaced later; θ stays.
    for pass in passes { pass.load(rows: numbers, from: table) }
    rows = numbers.count
    let (width, d) = (shape.inputs, shape.observables)
    Scalar.gather(numbers, width: width, from: table, stride: width, to: loaded.start)
    Scalar.toDouble(rows * width, loaded.start, loadedAsDoubles.start)
    // x itself does not depend on θ.
    let x = states[0].start
    x.update(repeating: 0, count: (1 + tangents) * rows * d)
    for row in 0..<rows {
      let from = loadedAsDoubles.start + row * width + shape.parameters
      (x + row * d).update(from: from, count: d)
    }
  }

  private func block(_ buffer: AlignedBuffer<Double>, units: Int) -> UnitBlock {
    UnitBlock(buffer.start, rows: rows, units: units)
  }

  private func formulas(_ step: FlowStep) -> FlowBlock {
    FlowBlock(
      rows: rows, observables: shape.observables, tangents: tangents,
      components: step.components, bound: shape.logPrecisionBound)
  }

  public func forward(_ parameters: UnsafePointer<Scalar>, forGradient: Bool) {
    let d = shape.observables
    sum.start.update(repeating: 0, count: (1 + tangents) * rows)
    for (f, step) in shape.steps.enumerated() {
      let pass = passes[f]
      if f > 0 { pass.replaceInputs(from: shape.parameters, by: states[f].start) }
      pass.forward(parameters + step.offset, forGradient: forGradient)
      let outputs = UnsafeMutablePointer(mutating: pass.readOutputs())
      let out = UnitBlock(outputs, rows: rows, units: step.network.outputs)
      let u = block(states[f], units: d)
      if f < passes.count - 1 {
        formulas(step).transform(
          u, out, to: block(states[f + 1], units: d), sum: block(sum, units: 1))
      } else {
        formulas(step).addBase(u, out, sum: block(sum, units: 1), mixture: mixture)
      }
    }
  }

  public func readOutputs() -> UnsafePointer<Double> { UnsafePointer(sum.start) }

  public func clearedOutputGradients() -> UnsafeMutablePointer<Double> {
    sumBar.start.update(repeating: 0, count: (1 + tangents) * rows)
    return sumBar.start
  }

  public func backward(
    _ parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>
  ) {
    let d = shape.observables
    let sumBar = block(sumBar, units: 1)
    for (f, step) in shape.steps.enumerated().reversed() {
      let pass = passes[f]
      let outputs = UnsafeMutablePointer(mutating: pass.lastOutputs)
      let out = UnitBlock(outputs, rows: rows, units: step.network.outputs)
      let outBar = UnitBlock(
        pass.clearedOutputGradients(), rows: rows, units: step.network.outputs)
      let u = block(states[f], units: d)
      let uBar = block(bars[f % 2], units: d)
      if f == passes.count - 1 {
        formulas(step).pullBase(
          u, out, sumBar: sumBar, uBar: uBar, outBar: outBar, mixture: mixture)
      } else {
        formulas(step).pullTransform(
          u, out, nextBar: block(bars[(f + 1) % 2], units: d), sumBar: sumBar, uBar: uBar,
          outBar: outBar)
      }
      let weights = parameters + step.offset
      pass.backward(weights, gradient: unmasked.start + step.offset)
      guard f > 0 else { break }
      pass.readInputGradients(weights, from: shape.parameters, to: inputBar.start)
      Double.add((1 + tangents) * rows * d, inputBar.start, to: bars[f % 2].start)
    }
    mask.withUnsafeBufferPointer { mask in
      guard let mask = mask.baseAddress else { return }
      Scalar.pushTangents(
        shape.parameterCount, streams: 1, first: mask, unmasked.start, gradient)
    }
  }
}

/// A flow with a loss on log p and its θ tangents.
public final class FlowObjective<Scalar: NetworkScalar>: BatchObjective, @unchecked Sendable {
  public let shape: FlowShape
  private let inputs: [Scalar]
  private let loss: any NetworkLoss
  private let mask: [Scalar]
  private var noise: HiddenNoise?

  /// - Parameters:
  ///   - inputs: rows × shape.inputs, scaled, θ first.
  ///   - loss: of one output, log p of the scaled x.
  ///   - noise: of the hidden layers, where gradients are computed.
  public init(
    shape: FlowShape, inputs: [Scalar], loss: any NetworkLoss, noise: HiddenNoise? = nil
  ) {
    precondition(inputs.count % shape.inputs == 0)
    self.noise = noise
    self.shape = shape
    self.inputs = inputs
    self.loss = loss
    mask = shape.mask(Scalar.self)
  }

  public var parameterCount: Int { shape.parameterCount }

  public func begin(epoch: Int) { noise?.begin(epoch: epoch) }

  public func makeWorkspace(rows: Int) -> FlowPass<Scalar> {
    FlowPass(shape: shape, mask: mask, capacity: rows, tangents: loss.tangents, noise: noise)
  }

  public func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>?, workspace pass: FlowPass<Scalar>
  ) -> LossSum {
    pass.noise = noise
    return pass.evaluate(
      loss, rows: rows, of: inputs, parameters: parameters, gradient: gradient)
  }
}
