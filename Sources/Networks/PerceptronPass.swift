import LinearAlgebra

/// The buffers and passes of a perceptron for one block of rows: forward, tangents, backward.
///
/// Tangents are the derivatives of the outputs by the first `tangents` inputs (the parameters θ).
/// Values and tangents go through the network as one stack of rows: first the block's m rows of
/// values, then m rows of ∂/∂θ₁, and so on. The last column of a layer's input is 1 for values and
/// 0 for tangents, so that the bias acts on values only; a layer is then one matrix product over
/// the stack, and so is its gradient.
///
/// Of the first layer the tangents are known: where inputs are as loaded, ḣ are unit vectors, ż_k is column k of W, and Σ ż̄ ḣᵀ
/// are sums of columns.
///
/// With z = W h + b, h = f(z), and a dot for a tangent:
///
///     forward   ż = W ḣ            ḣ = f′(z) ż
///     backward  h̄, ḣ̄ = Wᵀz̄, Wᵀż̄    W̄ = Σ z̄ hᵀ + Σ ż̄ ḣᵀ
///               z̄ = f′(z) h̄ + f″(z) Σ_k ż_k ḣ̄_k       ż̄_k = f′(z) ḣ̄_k
///
/// An instance belongs to one thread at a time.
public final class PerceptronPass<Scalar: NetworkScalar>: DifferentiablePass, @unchecked Sendable {
  public let shape: PerceptronShape
  public var outputs: Int { shape.outputs }
  /// Most rows in a block.
  public let capacity: Int
  /// Number of leading inputs by which outputs are differentiated.
  public let tangents: Int

  private let layers: [PerceptronShape.Layer]
  /// Numbers from one row to the next in the inputs of layer l; padded so that vectors start
  /// aligned.
  private let strides: [Int]
  /// Inputs of layer l, (1 + tangents) · m rows of `strides[l]`.
  private let inputs: AlignedBuffers<Scalar>
  /// z of layer l, in the stride of the next layer's inputs; of the last layer compact.
  private let sums: AlignedBuffers<Scalar>
  /// Gradients of z of layer l, laid out like it.
  private let bars: AlignedBuffers<Scalar>
  private let firsts: AlignedBuffers<Scalar>
  private let seconds: AlignedBuffers<Scalar>
  /// Weights and bias of the layer at hand, transposed.
  private let transposed: AlignedBuffer<Scalar>
  private let outputsAsDoubles: AlignedBuffer<Double>
  private let gradientsAsDoubles: AlignedBuffer<Double>
  /// Rows for which the constant parts of the first input are filled.
  private var preparedRows = 0
  /// Whether the tangents of the inputs are others than unit vectors.
  private var hasComputedTangents = false
  /// Randomness of hidden layers where a gradient follows; nil for none.
  var noise: HiddenNoise?
  /// Number of the first layer among those of all networks of an estimator.
  private let firstLayer: Int
  private let rowsPerNoise: Int32
  /// Numbers of the loaded rows, for the noise.
  private var loadedRows: [Int32] = []
  /// Inputs, or gradients by them, on their way from or to doubles; only where inputs are computed.
  private lazy var compact = AlignedBuffer<Scalar>(count: (1 + tangents) * capacity * shape.inputs)
  private lazy var rowNumbers = (0..<Int32((1 + tangents) * capacity)).map { $0 }

  /// - Parameter firstLayer: number of the first layer among those of all networks of an estimator, so that no two have the
  ///   same noise; `rowsPerNoise` rows of the table, one after the other, have the same.
  public init(
    shape: PerceptronShape, capacity: Int, tangents: Int = 0, noise: HiddenNoise? = nil,
    firstLayer: Int = 0, rowsPerNoise: Int32 = 1
  ) {
    self.rowsPerNoise = rowsPerNoise
    precondition(capacity > 0 && (0...shape.inputs).contains(tangents))
    self.noise = noise
    self.firstLayer = firstLayer
    self.shape = shape
    self.capacity = capacity
    self.tangents = tangents
    layers = shape.layers
    let streams = 1 + tangents
    strides = layers.map { ($0.inputs + 16) / 16 * 16 }
    let widths = strides.dropFirst() + [shape.outputs]
    inputs = AlignedBuffers(counts: strides.map { streams * capacity * $0 })
    sums = AlignedBuffers(counts: widths.map { streams * capacity * $0 })
    bars = AlignedBuffers(counts: widths.map { streams * capacity * $0 })
    firsts = AlignedBuffers(counts: strides.dropFirst().map { capacity * $0 })
    seconds = AlignedBuffers(counts: strides.dropFirst().map { capacity * $0 })
    transposed = AlignedBuffer(
      count: layers.map { $0.rowLength * Self.padded($0.outputs) }.max() ?? 0)
    outputsAsDoubles = AlignedBuffer(count: streams * capacity * shape.outputs)
    gradientsAsDoubles = AlignedBuffer(count: streams * capacity * shape.outputs)
  }

  /// The length of a row of so many outputs in the transposed weights: one alone is as it is.
  private static func padded(_ outputs: Int) -> Int {
    outputs == 1 ? 1 : (outputs + 15) / 16 * 16
  }

  /// Copies rows of inputs, chosen by number from a row-major table, into the block.
  public func load(rows: UnsafeBufferPointer<Int32>, from table: UnsafePointer<Scalar>) {
    Scalar.gather(
      rows, width: shape.inputs, from: table, stride: strides[0], to: inputs[0])
    prepare(rows: rows.count)
    if noise != nil { loadedRows = rows.map { $0 / rowsPerNoise } }
  }

  /// Replaces the loaded inputs from number `first` on by computed ones, tangents included.
  /// - Parameter values: [1 + tangents][rows][inputs − first].
  func replaceInputs(from first: Int, by values: UnsafePointer<Double>) {
    let (width, rows) = (shape.inputs - first, (1 + tangents) * preparedRows)
    hasComputedTangents = true
    Scalar.fromDouble(rows * width, values, compact.start)
    rowNumbers.withUnsafeBufferPointer { numbers in
      Scalar.gather(
        UnsafeBufferPointer(rebasing: numbers[..<rows]), width: width, from: compact.start,
        stride: strides[0], to: inputs[0] + first)
    }
  }

  /// Replaces the first inputs of all loaded rows by one value each.
  func setInputs(_ first: [Scalar]) {
    for (k, value) in first.enumerated() {
      Scalar.setColumn(preparedRows, stride: strides[0], value, inputs[0] + k)
    }
  }

  /// The ones, and the unit vectors ∂input/∂θ_k, of a block of m rows.
  private func prepare(rows m: Int) {
    guard m != preparedRows else { return }
    let (width, stride, target) = (shape.inputs, strides[0], inputs[0])
    Scalar.setColumn(m, stride: stride, 1, target + width)
    for k in 0..<tangents {
      for i in (k + 1) * m..<(k + 2) * m {
        (target + i * stride).update(repeating: 0, count: stride)
        target[i * stride + k] = 1
      }
    }
    preparedRows = m
  }

  /// Computes outputs and tangents of the loaded rows.
  /// - Parameter forGradient: whether `backward` will follow.
  public func forward(_ parameters: UnsafePointer<Scalar>, forGradient: Bool) {
    let m = preparedRows
    for (l, layer) in layers.enumerated() {
      let isLast = l == layers.count - 1
      let width = isLast ? layer.outputs : strides[l + 1]
      let z = sums[l]
      // OpenBLAS multiplies small matrices without copying them, but not by the transpose of the second, which is what a
      // layer needs.
      let block = Self.padded(layer.outputs)
      Scalar.transpose(
        layer.outputs, width: layer.rowLength, block: block, parameters + layer.offset,
        to: transposed.start)
      let streams = tangentsAreKnown(in: l) ? 1 : 1 + tangents
      Scalar.gemm(
        .none, .none, m: streams * m, n: layer.outputs, k: layer.rowLength, alpha: 1,
        inputs[l], lda: strides[l], transposed.start, ldb: block, beta: 0, z, ldc: width)
      for k in streams..<1 + tangents {
        Scalar.repeatRow(
          m, width: layer.outputs, stride: width, transposed.start + (k - 1) * block,
          to: z + k * m * width)
      }
      if isLast { break }
      let h = inputs[l + 1]
      let first = forGradient || tangents > 0 ? firsts[l] : nil
      let second = forGradient && tangents > 0 ? seconds[l] : nil
      Scalar.activate(shape.activation, m * width, z, h, first: first, second: second)
      if let noise, forGradient, let first {
        loadedRows.withUnsafeBufferPointer { rows in
          noise.apply(
            layer: firstLayer + l, rows: rows, units: layer.outputs, stride: width,
            hasRandomSlope: shape.activation == .randomLeakyReLU, z: z, h: h, first: first,
            second: second)
        }
      }
      if let first, tangents > 0 {
        Scalar.pushTangents(
          m * width, streams: tangents, first: first, z + m * width, h + m * width)
      }
      Scalar.setColumn(m, stride: width, 1, h + layer.outputs)
    }
  }

  private func tangentsAreKnown(in layer: Int) -> Bool { layer == 0 && !hasComputedTangents }

  /// Outputs and tangents of the block as doubles: [1 + tangents][rows][outputs].
  public func readOutputs() -> UnsafePointer<Double> {
    let count = (1 + tangents) * preparedRows * shape.outputs
    let doubles = outputsAsDoubles.start
    Scalar.toDouble(count, sums[layers.count - 1], doubles)
    return UnsafePointer(doubles)
  }

  /// What `readOutputs` read last.
  var lastOutputs: UnsafePointer<Double> { UnsafePointer(outputsAsDoubles.start) }

  /// Place for the gradients of a loss by outputs and tangents, laid out like them, set to zero.
  public func clearedOutputGradients() -> UnsafeMutablePointer<Double> {
    let start = gradientsAsDoubles.start
    start.update(repeating: 0, count: (1 + tangents) * preparedRows * shape.outputs)
    return start
  }

  /// After `backward`: the gradients by the inputs from number `first` on and by their tangents,
  /// [1 + tangents][rows][inputs − first].
  func readInputGradients(
    _ parameters: UnsafePointer<Scalar>, from first: Int, to gradients: UnsafeMutablePointer<Double>
  ) {
    let (layer, width, rows) = (layers[0], shape.inputs - first, (1 + tangents) * preparedRows)
    let stride = layers.count == 1 ? layer.outputs : strides[1]
    Scalar.gemm(
      .none, .none, m: rows, n: width, k: layer.outputs, alpha: 1, bars[0], lda: stride,
      parameters + layer.offset + first, ldb: layer.rowLength, beta: 0, compact.start, ldc: width)
    Scalar.toDouble(rows * width, compact.start, gradients)
  }

  /// Turns the gradients by outputs and tangents into the gradient by the parameters, which is
  /// overwritten.
  public func backward(
    _ parameters: UnsafePointer<Scalar>, gradient: UnsafeMutablePointer<Scalar>
  ) {
    let m = preparedRows
    let rows = (1 + tangents) * m
    let last = layers.count - 1
    Scalar.fromDouble(rows * shape.outputs, gradientsAsDoubles.start, bars[last])
    for l in layers.indices.reversed() {
      let layer = layers[l]
      let width = l == last ? layer.outputs : strides[l + 1]
      let bar = bars[l]
      let streams = tangentsAreKnown(in: l) ? 1 : 1 + tangents
      Scalar.gemm(
        .transposed, .none, m: layer.outputs, n: layer.rowLength, k: streams * m, alpha: 1, bar,
        lda: width, inputs[l], ldb: strides[l], beta: 0, gradient + layer.offset,
        ldc: layer.rowLength)
      for k in streams..<1 + tangents {
        Scalar.addColumns(
          m, width: layer.outputs, stride: width, bar + k * m * width,
          to: gradient + layer.offset + k - 1, step: layer.rowLength)
      }
      if l == 0 { break }
      let below = bars[l - 1]
      let n = m * strides[l]
      Scalar.gemm(
        .none, .none, m: rows, n: layer.inputs, k: layer.outputs, alpha: 1, bar, lda: width,
        parameters + layer.offset, ldb: layer.rowLength, beta: 0, below, ldc: strides[l])
      Scalar.pullTangents(
        n, streams: tangents, first: firsts[l - 1], second: seconds[l - 1],
        sums[l - 1] + n, below)
    }
  }
}
