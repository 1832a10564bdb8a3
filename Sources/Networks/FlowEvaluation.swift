import Glibc
import Numerics

extension ConditionalFlow {
  /// log p of rows that are made block by block, and its derivatives by the inputs θ.
  ///
  /// The bits of a row do not depend on threads, shards, or the rows beside it.
  ///
  /// - Parameters:
  ///   - tangents: 0, or the number of θ for derivatives.
  ///   - fill: writes scaled θ and x of a range of rows, one row after the other; called on any
  ///     thread.
  public func logDensity(
    rows: Int, tangents: Int = 0, team: ThreadTeam,
    fill: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void
  ) -> PerceptronOutputs {
    let (shape, parameters) = (shape, parameters)
    let result = EvaluationResult(rows: rows, outputs: 1, tangents: tangents)
    let size = EvaluationPass<Scalar>.blockRows
    team.forEachEvaluationBlock(of: rows, size: size) {
      FlowEvaluationPass<Scalar>(shape: shape, tangents: tangents)
    } work: { rows, pass in
      pass.load(rows: rows, fill: fill)
      pass.addLogDensity(parameters)
      result.write(rows: rows, from: pass.sum.start, blockRows: size)
    }
    return result.arrays
  }

  /// Draws x at θ: rows × observables, scaled.
  ///
  /// Row i is a function of (seed, i) and its θ alone.
  ///
  /// - Parameters:
  ///   - rows: numbers of the rows, any part of a longer table.
  ///   - theta: scaled θ of a row.
  public func draw(
    rows: Range<Int>, seed: UInt64, team: ThreadTeam, theta: @Sendable (Int) -> [Double]
  ) -> [Double] {
    let (shape, parameters, first) = (shape, parameters, rows.lowerBound)
    let result = EvaluationResult(rows: rows.count, outputs: shape.observables, tangents: 0)
    let size = EvaluationPass<Scalar>.blockRows
    team.forEachEvaluationBlock(of: rows.count, size: size) {
      FlowEvaluationPass<Scalar>(shape: shape, tangents: 0)
    } work: { places, pass in
      pass.load(rows: places) { places, inputs in
        inputs.update(repeating: 0)
        for (i, place) in places.enumerated() {
          for (k, value) in theta(first + place).enumerated() {
            inputs[i * shape.inputs + k] = Scalar(value)
          }
        }
      }
      let streams = places.map {
        PhiloxStream(seed: seed, purpose: .modelDrawing, item: UInt64(first + $0))
      }
      pass.draw(parameters, streams)
      result.write(rows: places, from: pass.x, blockRows: size)
    }
    return result.arrays.values
  }
}

/// The passes of a flow's networks for a block of rows in columns, without gradients.
private final class FlowEvaluationPass<Scalar: NetworkScalar>: Sendable {
  private let shape: FlowShape
  private let tangents: Int
  private let passes: [EvaluationPass<Scalar>]
  private let states: [AlignedBuffer<Double>]
  private let mixture: Mixture
  /// log p and its tangents, [1 + tangents][row].
  let sum: AlignedBuffer<Double>

  private var rows: Int { EvaluationPass<Scalar>.blockRows }
  /// What goes into the first network: x, [observable][row].
  var x: UnsafeMutablePointer<Double> { states[0].start }

  init(shape: FlowShape, tangents: Int) {
    precondition(tangents == 0 || tangents == shape.parameters)
    self.shape = shape
    self.tangents = tangents
    passes = shape.steps.map { EvaluationPass(shape: $0.network, tangents: tangents) }
    let size = (1 + tangents) * EvaluationPass<Scalar>.blockRows
    let d = shape.observables
    states = shape.steps.map { _ in AlignedBuffer(count: size * d) }
    sum = AlignedBuffer(count: size)
    mixture = Mixture(components: shape.components, bound: shape.logPrecisionBound)
  }

  func load(rows: Range<Int>, fill: (Range<Int>, UnsafeMutableBufferPointer<Scalar>) -> Void) {
    passes[0].load(rows: rows, fill: fill)
    for pass in passes.dropFirst() { pass.load(first: shape.parameters, of: passes[0]) }
    passes[0].readInputs(from: shape.parameters, to: x)
  }

  private func block(_ start: UnsafeMutablePointer<Double>, units: Int) -> UnitBlock {
    UnitBlock(columns: start, rows: rows, units: units)
  }

  /// The outputs of a network for its state.
  private func run(_ f: Int, _ parameters: [Scalar]) -> UnitBlock {
    let step = shape.steps[f]
    parameters.withUnsafeBufferPointer {
      if let start = $0.baseAddress { passes[f].forward(start + step.offset) }
    }
    return block(passes[f].outputs.start, units: step.network.outputs)
  }

  func addLogDensity(_ parameters: [Scalar]) {
    let d = shape.observables
    let sum = block(sum.start, units: 1)
    sum.start.update(repeating: 0, count: (1 + tangents) * rows)
    for (f, step) in shape.steps.enumerated() {
      if f > 0 { passes[f].replaceInputs(from: shape.parameters, by: states[f].start) }
      let out = run(f, parameters)
      let u = block(states[f].start, units: d)
      let formulas = FlowBlock(
        rows: rows, observables: d, tangents: tangents, components: step.components,
        bound: shape.logPrecisionBound)
      if f < passes.count - 1 {
        formulas.transform(u, out, to: block(states[f + 1].start, units: d), sum: sum)
      } else {
        formulas.addBase(u, out, sum: sum, mixture: mixture)
      }
    }
  }

  /// Fills `x` with draws, one for each stream: networks from the base on, in each observable by
  /// observable in its order, since an observable needs those before it.
  func draw(_ parameters: [Scalar], _ streams: [PhiloxStream]) {
    let (d, bound) = (shape.observables, shape.logPrecisionBound)
    var streams = streams
    for (f, step) in shape.steps.enumerated().reversed() {
      let isBase = f == passes.count - 1
      let target = block(states[f].start, units: d)
      // Observables not drawn yet meet weights of 0, so they must be finite.
      target.start.update(repeating: 0, count: rows * d)
      for i in step.order {
        passes[f].replaceInputs(from: shape.parameters, by: states[f].start)
        let out = run(f, parameters)
        for row in streams.indices {
          if isBase {
            mixture.gather(
              stream: 0, row, i, target, out, observables: d, to: mixture.point)
            target[0, row, i] = mixture.draw(&streams[row])
          } else {
            let next = block(states[f + 1].start, units: d)
            let log = LogPrecision(out[0, row, d + i], bound: bound).value
            target[0, row, i] = out[0, row, i] + exp(-log / 2) * next[0, row, i]
          }
        }
      }
    }
  }
}
