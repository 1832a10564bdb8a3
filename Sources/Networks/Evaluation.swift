import Numerics

/// Outputs of a network for many rows.
public struct PerceptronOutputs: Sendable, Equatable {
  /// Rows × outputs.
  public let values: [Double]
  /// Derivatives by the first inputs: rows × tangents × outputs; empty without tangents.
  public let tangents: [Double]
}

extension Perceptron {
  /// Outputs, and derivatives by the first `tangents` inputs, of rows that are made block by block.
  ///
  /// The bits of a row do not depend on threads, shards, or the rows beside it.
  ///
  /// - Parameters:
  ///   - fill: writes the scaled inputs of a range of rows, one row after the other; called on any
  ///     thread.
  public func evaluate(
    rows: Int, tangents: Int = 0, team: ThreadTeam,
    fill: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) -> PerceptronOutputs {
    let shape = shape
    let pool = WorkspacePool { EvaluationPass<Scalar>(shape: shape, tangents: tangents) }
    let values = AlignedBuffer<Double>(count: rows * shape.outputs)
    let derivatives = AlignedBuffer<Double>(count: rows * tangents * shape.outputs)
    let parameters = parameters
    // Several blocks at a time, so that handing out work costs little beside it.
    team.forEachRange(of: rows, size: 16 * EvaluationPass<Scalar>.blockRows) { _, range in
      pool.withWorkspace { pass in
        var start = range.lowerBound
        while start < range.upperBound {
          let end = min(range.upperBound, start + EvaluationPass<Scalar>.blockRows)
          pass.run(parameters, rows: start..<end, fill: fill)
          pass.write(rows: start..<end, values: values.start, tangents: derivatives.start)
          start = end
        }
      }
    }
    return PerceptronOutputs(
      values: values.array(rows * shape.outputs),
      tangents: derivatives.array(rows * tangents * shape.outputs))
  }

  /// Outputs, and derivatives by the first `tangents` inputs, of a table of scaled inputs.
  /// - Parameter inputs: rows × shape.inputs.
  public func evaluate(
    inputs: [Scalar], tangents: Int = 0, team: ThreadTeam
  ) -> PerceptronOutputs {
    let width = shape.inputs
    precondition(inputs.count % width == 0)
    return evaluate(rows: inputs.count / width, tangents: tangents, team: team) { range, block in
      inputs.withUnsafeBufferPointer { inputs in
        if let source = inputs.baseAddress, let target = block.baseAddress {
          target.update(from: source + range.lowerBound * width, count: block.count)
        }
      }
    }
  }
}

/// The forward pass of a fixed number of rows, which stand in columns: [1 + tangents][unit][row].
///
/// It does without BLAS, whose kernels sum the columns of a product in different orders depending
/// on their place. The formulas are those of `PerceptronPass`.
private final class EvaluationPass<Scalar: NetworkScalar>: Sendable {
  /// Rows in a block; the inputs of a layer of 100 units then fit the first-level cache.
  static var blockRows: Int { 64 }

  private let shape: PerceptronShape
  private let layers: [PerceptronShape.Layer]
  private let tangents: Int
  /// Scaled inputs, one row after the other.
  private let block: AlignedBuffer<Scalar>
  private let inputs: [AlignedBuffer<Scalar>]
  private let sums: [AlignedBuffer<Scalar>]
  private let firsts: [AlignedBuffer<Scalar>]
  private let outputs: AlignedBuffer<Double>

  init(shape: PerceptronShape, tangents: Int) {
    precondition((0...shape.inputs).contains(tangents))
    let rows = Self.blockRows
    self.shape = shape
    self.tangents = tangents
    layers = shape.layers
    block = AlignedBuffer(count: rows * shape.inputs)
    inputs = layers.map { AlignedBuffer(count: (1 + tangents) * rows * $0.inputs) }
    sums = layers.map { AlignedBuffer(count: (1 + tangents) * rows * $0.outputs) }
    firsts = layers.map { AlignedBuffer(count: rows * $0.outputs) }
    outputs = AlignedBuffer(count: (1 + tangents) * rows * shape.outputs)
    // ∂input/∂θ_k is a unit vector in every row.
    for k in 0..<tangents {
      let start = inputs[0].start + ((k + 1) * shape.inputs + k) * rows
      Scalar.setColumn(rows, stride: 1, 1, start)
    }
  }

  /// Fills a block and computes its outputs.
  func run(
    _ parameters: [Scalar], rows: Range<Int>,
    fill: (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) {
    let count = Self.blockRows
    fill(
      rows, UnsafeMutableBufferPointer(start: block.start, count: rows.count * shape.inputs))
    Scalar.transpose(
      rows.count, width: shape.inputs, block: count, block.start, to: inputs[0].start)
    parameters.withUnsafeBufferPointer { parameters in
      guard let parameters = parameters.baseAddress else { return }
      for (l, layer) in layers.enumerated() {
        let (h, z, n) = (inputs[l].start, sums[l].start, count * layer.outputs)
        for stream in 0...tangents {
          Scalar.affine(
            layer, columns: count, parameters + layer.offset, withBias: stream == 0,
            h + stream * count * layer.inputs, z + stream * n)
        }
        if l == layers.count - 1 { break }
        let (next, first) = (inputs[l + 1].start, firsts[l].start)
        Scalar.activate(
          shape.activation, n, z, next, first: tangents > 0 ? first : nil, second: nil)
        if tangents > 0 {
          Scalar.pushTangents(n, streams: tangents, first: first, z + n, next + n)
        }
      }
    }
    Scalar.toDouble(
      (1 + tangents) * count * shape.outputs, sums[layers.count - 1].start, outputs.start)
  }

  /// Writes a block's outputs to their rows of the result.
  func write(
    rows: Range<Int>, values: UnsafeMutablePointer<Double>, tangents: UnsafeMutablePointer<Double>
  ) {
    let (count, width, read, p) = (Self.blockRows, shape.outputs, outputs.start, self.tangents)
    for o in 0..<width {
      for (i, row) in rows.enumerated() { values[row * width + o] = read[o * count + i] }
      for k in 0..<p {
        let from = read + ((k + 1) * width + o) * count
        for (i, row) in rows.enumerated() { tangents[(row * p + k) * width + o] = from[i] }
      }
    }
  }
}

extension AlignedBuffer where Element == Double {
  /// The first values as an array.
  fileprivate func array(_ count: Int) -> [Double] {
    Array(UnsafeBufferPointer(start: start, count: count))
  }
}
