import Numerics

/// Outputs of a network for many rows.
public struct PerceptronOutputs: Sendable, Equatable {
  /// Rows × outputs.
  public let values: [Double]
  /// Derivatives by the first inputs: rows × tangents × outputs; empty without tangents.
  public let tangents: [Double]

  public init(values: [Double], tangents: [Double]) {
    self.values = values
    self.tangents = tangents
  }
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
    let (shape, parameters) = (shape, parameters)
    let result = EvaluationResult(rows: rows, outputs: shape.outputs, tangents: tangents)
    let size = EvaluationPass<Scalar>.blockRows
    team.forEachEvaluationBlock(of: rows, size: size) {
      EvaluationPass<Scalar>(shape: shape, tangents: tangents)
    } work: { rows, pass in
      pass.load(rows: rows, fill: fill)
      parameters.withUnsafeBufferPointer {
        if let start = $0.baseAddress { pass.forward(start) }
      }
      result.write(rows: rows, from: pass.outputs.start, blockRows: size)
    }
    return result.arrays
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
