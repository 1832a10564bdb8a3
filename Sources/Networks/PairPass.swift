import Numerics

/// The passes of a network g(θ0, θ1, x) whose output is taken twice, so that the estimate is antisymmetric:
///
///     log r̂(x | θ0, θ1) = g(θ0, θ1, x) − g(θ1, θ0, x)
///
/// A row of the block is two rows of the perceptron, one after the other in both orders of the hypotheses. Tangents are
/// those of log r̂ by θ0, then by θ1. An instance belongs to one thread at a time.
public final class PairPass<Scalar: NetworkScalar>: DifferentiablePass, @unchecked Sendable {
  private let pass: PerceptronPass<Scalar>
  /// Inputs of one hypothesis.
  private let width: Int
  private let capacity: Int
  private let values: AlignedBuffer<Double>
  private let gradients: AlignedBuffer<Double>
  private let numbers: AlignedBuffer<Int32>
  private var rows = 0

  public var outputs: Int { 1 }
  public var tangents: Int { pass.tangents }

  /// - Parameters:
  ///   - shape: of g, whose inputs begin with both hypotheses.
  ///   - width: inputs of one hypothesis.
  ///   - hasTangents: whether derivatives by both are wanted.
  ///   - noise: of the hidden layers, where gradients are computed; the same for both orders.
  public init(
    shape: PerceptronShape, width: Int, capacity: Int, hasTangents: Bool,
    noise: HiddenNoise? = nil
  ) {
    precondition(shape.outputs == 1 && 2 * width <= shape.inputs)
    pass = PerceptronPass(
      shape: shape, capacity: 2 * capacity, tangents: hasTangents ? 2 * width : 0, noise: noise,
      rowsPerNoise: 2)
    self.width = width
    self.capacity = capacity
    values = AlignedBuffer(count: (1 + pass.tangents) * capacity)
    gradients = AlignedBuffer(count: (1 + pass.tangents) * capacity)
    numbers = AlignedBuffer(count: 2 * capacity)
  }

  /// Randomness of hidden layers where a gradient follows.
  var noise: HiddenNoise? {
    get { pass.noise }
    set { pass.noise = newValue }
  }

  /// Loads rows of a table that has each row in both orders, one after the other.
  public func load(rows chosen: UnsafeBufferPointer<Int32>, from table: UnsafePointer<Scalar>) {
    rows = chosen.count
    for (i, row) in chosen.enumerated() {
      numbers.start[i] = 2 * row
      numbers.start[rows + i] = 2 * row + 1
    }
    pass.load(
      rows: UnsafeBufferPointer(start: numbers.start, count: 2 * rows), from: table)
  }

  public func forward(_ parameters: UnsafePointer<Scalar>, forGradient: Bool) {
    pass.forward(parameters, forGradient: forGradient)
  }

  public func readOutputs() -> UnsafePointer<Double> {
    let both = pass.readOutputs()
    for stream in 0...tangents {
      let exchanged = both + exchanged(stream) * 2 * rows + rows
      let own = both + stream * 2 * rows
      for i in 0..<rows { values.start[stream * rows + i] = own[i] - exchanged[i] }
    }
    return UnsafePointer(values.start)
  }

  public func clearedOutputGradients() -> UnsafeMutablePointer<Double> {
    gradients.start.update(repeating: 0, count: (1 + tangents) * rows)
    return gradients.start
  }

  public func backward(
    _ parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>
  ) {
    let both = pass.clearedOutputGradients()
    for stream in 0...tangents {
      let exchanged = both + exchanged(stream) * 2 * rows + rows
      let own = both + stream * 2 * rows
      for i in 0..<rows {
        let slope = gradients.start[stream * rows + i]
        own[i] = slope
        exchanged[i] = -slope
      }
    }
    pass.backward(parameters, gradient: gradient)
  }

  /// The stream of the rows in the other order that belongs to one of these: what is θ0 here is θ1 there.
  private func exchanged(_ stream: Int) -> Int {
    if stream == 0 { return 0 }
    return stream <= width ? stream + width : stream - width
  }
}

/// A perceptron of two hypotheses, made antisymmetric, with a loss of log r̂ and its derivatives by both.
public final class PairObjective<Scalar: NetworkScalar>: BatchObjective, @unchecked Sendable {
  public let shape: PerceptronShape
  private let width: Int
  private let inputs: [Scalar]
  private let loss: any NetworkLoss
  private var noise: HiddenNoise?

  /// - Parameters:
  ///   - width: inputs of one hypothesis.
  ///   - inputs: rows × shape.inputs, scaled: θ0, θ1, x.
  ///   - loss: with targets for the same rows, and no tangents or 2 · width.
  ///   - noise: of the hidden layers, where gradients are computed.
  public init(
    shape: PerceptronShape, width: Int, inputs: [Scalar], loss: any NetworkLoss,
    noise: HiddenNoise? = nil
  ) {
    precondition(inputs.count % shape.inputs == 0)
    self.noise = noise
    precondition(loss.tangents == 0 || loss.tangents == 2 * width)
    self.shape = shape
    self.width = width
    self.inputs = Self.bothOrders(inputs, width: width, rowLength: shape.inputs)
    self.loss = loss
  }

  public var parameterCount: Int { shape.parameterCount }

  private static func bothOrders(_ inputs: [Scalar], width: Int, rowLength: Int) -> [Scalar] {
    var table: [Scalar] = []
    table.reserveCapacity(2 * inputs.count)
    for start in stride(from: 0, to: inputs.count, by: rowLength) {
      let (middle, end) = (start + width, start + 2 * width)
      table += inputs[start..<start + rowLength]
      table += inputs[middle..<end]
      table += inputs[start..<middle]
      table += inputs[end..<start + rowLength]
    }
    return table
  }

  public func begin(epoch: Int) { noise?.begin(epoch: epoch) }

  public func makeWorkspace(rows: Int) -> PairPass<Scalar> {
    PairPass(
      shape: shape, width: width, capacity: rows, hasTangents: loss.tangents > 0, noise: noise)
  }

  public func evaluate(
    _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>?, workspace pass: PairPass<Scalar>
  ) -> LossSum {
    pass.noise = noise
    return pass.evaluate(
      loss, rows: rows, of: inputs, parameters: parameters, gradient: gradient)
  }
}

extension Perceptron {
  /// log r̂ of two hypotheses, g(θ0, θ1, x) − g(θ1, θ0, x), and its derivatives by θ0 and then by θ1.
  ///
  /// - Parameters:
  ///   - width: inputs of one hypothesis.
  ///   - fill: writes scaled rows θ0, θ1, x; called on any thread.
  public func evaluatePairs(
    rows: Int, width: Int, tangents: Bool, team: ThreadTeam,
    fill: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) -> PerceptronOutputs {
    let length = shape.inputs
    let count = tangents ? 2 * width : 0
    let both = evaluate(rows: 2 * rows, tangents: count, team: team) { range, block in
      // Row i of the network is row i/2, odd ones with the hypotheses exchanged.
      for (place, row) in range.enumerated() {
        let own = UnsafeMutableBufferPointer(
          rebasing: block[place * length..<(place + 1) * length])
        fill(row / 2..<row / 2 + 1, own)
        guard row & 1 == 1 else { continue }
        for k in 0..<width { own.swapAt(k, width + k) }
      }
    }
    var values = [Double](repeating: 0, count: rows)
    var derivatives = [Double](repeating: 0, count: rows * count)
    for row in 0..<rows {
      values[row] = both.values[2 * row] - both.values[2 * row + 1]
      for k in 0..<count {
        let other = k < width ? k + width : k - width
        derivatives[row * count + k] =
          both.tangents[2 * row * count + k] - both.tangents[(2 * row + 1) * count + other]
      }
    }
    return PerceptronOutputs(values: values, tangents: derivatives)
  }
}
