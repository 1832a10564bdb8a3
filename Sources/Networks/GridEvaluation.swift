import Numerics

extension Perceptron {
  /// Outputs of every row at every point, [row][point][output]: a row is the rest of the inputs, a point the first
  /// `width` of them.
  ///
  /// What the first layer makes of a row and of a point is summed apart, z = (b + W_x x) + W_θ θ, so it is computed once for each.
  /// The order of the sum is not that of `evaluate`: the two differ by rounding.
  ///
  /// - Parameters:
  ///   - points: scaled, points × width.
  ///   - fill: writes the other scaled inputs of a range of rows, one row after the other; called on any thread.
  public func evaluateGrid(
    rows: Int, points: [Scalar], width: Int, team: ThreadTeam,
    fill: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) -> [Double] {
    precondition(width > 0 && width < shape.inputs && points.count % width == 0)
    let (shape, parameters, count) = (shape, parameters, points.count / width)
    let shifts = parameters.withUnsafeBufferPointer { parameters in
      parameters.baseAddress.map { Self.shifts(shape.layers[0], $0, points, width) }
    }
    guard let shifts else { return [] }
    return Array(unsafeUninitializedCapacity: rows * count * shape.outputs) { buffer, initialized in
      initialized = buffer.count
      guard let start = buffer.baseAddress else { return }
      let values = GridValues(start: start, count: count, outputs: shape.outputs)
      team.forEachEvaluationBlock(of: rows, size: EvaluationPass<Scalar>.blockRows) {
        GridPass<Scalar>(shape: shape, width: width)
      } work: { range, pass in
        parameters.withUnsafeBufferPointer { parameters in
          guard let start = parameters.baseAddress else { return }
          pass.load(rows: range, start, fill: fill)
          for point in 0..<count {
            pass.forward(start, shift: shifts.start + point, stride: count)
            values.write(rows: range, point: point, from: pass.outputs.start, blockRows: pass.rows)
          }
        }
      }
    }
  }

  /// W_θ θ of each unit of the first layer at each point, [unit][point].
  private static func shifts(
    _ layer: PerceptronShape.Layer, _ weights: UnsafePointer<Scalar>, _ points: [Scalar],
    _ width: Int
  ) -> AlignedBuffer<Scalar> {
    let count = points.count / width
    let shifts = AlignedBuffer<Scalar>(count: layer.outputs * count)
    for unit in 0..<layer.outputs {
      let row = weights + unit * layer.rowLength
      for point in 0..<count {
        var sum = row[0] * points[point * width]
        for k in 1..<max(1, width) { sum += row[k] * points[point * width + k] }
        shifts.start[unit * count + point] = sum
      }
    }
    return shifts
  }
}

/// Outputs of rows at points, [row][point][output]; blocks write rows of their own.
private struct GridValues: @unchecked Sendable {
  let start: UnsafeMutablePointer<Double>
  let count: Int
  let outputs: Int

  /// - Parameter block: [output][row of the block].
  func write(rows: Range<Int>, point: Int, from block: UnsafePointer<Double>, blockRows: Int) {
    for o in 0..<outputs {
      for (i, row) in rows.enumerated() {
        start[(row * count + point) * outputs + o] = block[o * blockRows + i]
      }
    }
  }
}

/// The forward passes of a block of rows, in columns, at one point after the other.
private final class GridPass<Scalar: NetworkScalar>: Sendable {
  private let shape: PerceptronShape
  private let layers: [PerceptronShape.Layer]
  private let width: Int
  private let block: AlignedBuffer<Scalar>
  private let x: AlignedBuffer<Scalar>
  /// b + W_x x of the first layer.
  private let start: AlignedBuffer<Scalar>
  private let inputs: AlignedBuffers<Scalar>
  private let sums: AlignedBuffers<Scalar>
  /// [output][row].
  let outputs: AlignedBuffer<Double>

  var rows: Int { EvaluationPass<Scalar>.blockRows }

  init(shape: PerceptronShape, width: Int) {
    let rows = EvaluationPass<Scalar>.blockRows
    self.shape = shape
    self.width = width
    layers = shape.layers
    block = AlignedBuffer(count: rows * (shape.inputs - width))
    x = AlignedBuffer(count: rows * (shape.inputs - width))
    start = AlignedBuffer(count: rows * layers[0].outputs)
    inputs = AlignedBuffers(counts: layers.map { rows * $0.inputs })
    sums = AlignedBuffers(counts: layers.map { rows * $0.outputs })
    outputs = AlignedBuffer(count: rows * shape.outputs)
  }

  func load(
    rows range: Range<Int>, _ parameters: UnsafePointer<Scalar>,
    fill: (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) {
    let count = shape.inputs - width
    fill(range, UnsafeMutableBufferPointer(start: block.start, count: range.count * count))
    Scalar.transpose(range.count, width: count, block: rows, block.start, to: x.start)
    let first = layers[0]
    // Rows of weights from the first of x on, with the bias after the last.
    Scalar.affine(
      PerceptronShape.Layer(
        inputs: count, outputs: first.outputs, offset: 0, rowLength: first.rowLength),
      columns: rows, parameters + width, withBias: true, x.start, start.start)
  }

  /// - Parameter shift: of the first unit at a point; those of others are `stride` numbers apart.
  func forward(
    _ parameters: UnsafePointer<Scalar>, shift: UnsafePointer<Scalar>, stride: Int
  ) {
    for (l, layer) in layers.enumerated() {
      let z = sums[l]
      if l == 0, layers.count > 1, shape.activation == .tanh {
        Scalar.shiftTanh(
          layer.outputs, columns: rows, start.start, by: shift, stride: stride,
          to: inputs[1])
        continue
      }
      if l == 0 {
        Scalar.shift(
          layer.outputs, columns: rows, start.start, by: shift, stride: stride, to: z)
      } else {
        Scalar.affine(
          layer, columns: rows, parameters + layer.offset, withBias: true, inputs[l], z)
      }
      if l == layers.count - 1 { break }
      Scalar.activate(
        shape.activation, rows * layer.outputs, z, inputs[l + 1], first: nil, second: nil)
    }
    Scalar.toDouble(rows * shape.outputs, sums[layers.count - 1], outputs.start)
  }
}
