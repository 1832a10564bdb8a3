import Numerics

/// The forward pass of a fixed number of rows, which stand in columns: [1 + tangents][unit][row].
///
/// It does without BLAS, whose kernels sum the columns of a product in different orders depending
/// on their place. The formulas are those of `PerceptronPass`.
final class EvaluationPass<Scalar: NetworkScalar>: Sendable {
  /// Rows in a block; the inputs of a layer of 100 units then fit the first-level cache.
  static var blockRows: Int { 64 }

  private let shape: PerceptronShape
  private let layers: [PerceptronShape.Layer]
  private let tangents: Int
  /// Scaled inputs, one row after the other.
  private let block: AlignedBuffer<Scalar>
  private let inputs: AlignedBuffers<Scalar>
  private let sums: AlignedBuffers<Scalar>
  private let firsts: AlignedBuffers<Scalar>
  /// What `forward` computed, [1 + tangents][output][row].
  let outputs: AlignedBuffer<Double>

  init(shape: PerceptronShape, tangents: Int) {
    precondition((0...shape.inputs).contains(tangents))
    let rows = Self.blockRows
    self.shape = shape
    self.tangents = tangents
    layers = shape.layers
    block = AlignedBuffer(count: rows * shape.inputs)
    inputs = AlignedBuffers(counts: layers.map { (1 + tangents) * rows * $0.inputs })
    sums = AlignedBuffers(counts: layers.map { (1 + tangents) * rows * $0.outputs })
    firsts = AlignedBuffers(counts: layers.map { rows * $0.outputs })
    outputs = AlignedBuffer(count: (1 + tangents) * rows * shape.outputs)
    // ∂input/∂θ_k is a unit vector in every row.
    for k in 0..<tangents {
      let start = inputs[0] + ((k + 1) * shape.inputs + k) * rows
      Scalar.setColumn(rows, stride: 1, 1, start)
    }
  }

  /// Fills the inputs of a block of rows.
  func load(rows: Range<Int>, fill: (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void) {
    fill(rows, UnsafeMutableBufferPointer(start: block.start, count: rows.count * shape.inputs))
    Scalar.transpose(
      rows.count, width: shape.inputs, block: Self.blockRows, block.start, to: inputs[0])
  }

  /// Takes over the first inputs of another pass of the same width.
  func load(first count: Int, of other: EvaluationPass) {
    inputs[0].update(from: other.inputs[0], count: count * Self.blockRows)
  }

  /// The loaded inputs from number `first` on, as doubles, [inputs − first][row].
  func readInputs(from first: Int, to columns: UnsafeMutablePointer<Double>) {
    let start = inputs[0] + first * Self.blockRows
    Scalar.toDouble((shape.inputs - first) * Self.blockRows, start, columns)
  }

  /// Replaces the inputs from number `first` on by computed ones, tangents included.
  /// - Parameter columns: [1 + tangents][inputs − first][row].
  func replaceInputs(from first: Int, by columns: UnsafePointer<Double>) {
    let count = (shape.inputs - first) * Self.blockRows
    for stream in 0...tangents {
      let start = inputs[0] + (stream * shape.inputs + first) * Self.blockRows
      Scalar.fromDouble(count, columns + stream * count, start)
    }
  }

  /// Computes the outputs of the loaded block.
  func forward(_ parameters: UnsafePointer<Scalar>) {
    let count = Self.blockRows
    for (l, layer) in layers.enumerated() {
      let (h, z, n) = (inputs[l], sums[l], count * layer.outputs)
      for stream in 0...tangents {
        Scalar.affine(
          layer, columns: count, parameters + layer.offset, withBias: stream == 0,
          h + stream * count * layer.inputs, z + stream * n)
      }
      if l == layers.count - 1 { break }
      let (next, first) = (inputs[l + 1], firsts[l])
      Scalar.activate(
        shape.activation, n, z, next, first: tangents > 0 ? first : nil, second: nil)
      if tangents > 0 {
        Scalar.pushTangents(n, streams: tangents, first: first, z + n, next + n)
      }
    }
    Scalar.toDouble(
      (1 + tangents) * count * shape.outputs, sums[layers.count - 1], outputs.start)
  }
}

/// Where the values and tangents of many rows are gathered from blocks in columns.
final class EvaluationResult: Sendable {
  private let rows: Int
  private let outputs: Int
  private let tangents: Int
  private let values: AlignedBuffer<Double>
  private let derivatives: AlignedBuffer<Double>

  init(rows: Int, outputs: Int, tangents: Int) {
    self.rows = rows
    self.outputs = outputs
    self.tangents = tangents
    values = AlignedBuffer(count: rows * outputs)
    derivatives = AlignedBuffer(count: rows * tangents * outputs)
  }

  /// Writes a block, [1 + tangents][output][row of the block], to its rows of the result.
  func write(rows: Range<Int>, from block: UnsafePointer<Double>, blockRows: Int) {
    for o in 0..<outputs {
      for (i, row) in rows.enumerated() {
        values.start[row * outputs + o] = block[o * blockRows + i]
      }
      for k in 0..<tangents {
        let from = block + ((k + 1) * outputs + o) * blockRows
        for (i, row) in rows.enumerated() {
          derivatives.start[(row * tangents + k) * outputs + o] = from[i]
        }
      }
    }
  }

  var arrays: PerceptronOutputs {
    PerceptronOutputs(
      values: values.array(rows * outputs), tangents: derivatives.array(rows * tangents * outputs))
  }
}

extension AlignedBuffer {
  /// The first values as an array.
  func array(_ count: Int) -> [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

extension ThreadTeam {
  /// Calls `work` for each block of rows, with a workspace that no other thread has at the time.
  func forEachEvaluationBlock<Workspace: Sendable>(
    of rows: Int, size: Int, make: @escaping @Sendable () -> Workspace,
    work: @Sendable (Range<Int>, Workspace) -> Void
  ) {
    let pool = WorkspacePool(make)
    // Several blocks at a time, so that handing out work costs little beside it.
    forEachRange(of: rows, size: 16 * size) { _, range in
      pool.withWorkspace { workspace in
        for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
          work(start..<min(range.upperBound, start + size), workspace)
        }
      }
    }
  }
}
