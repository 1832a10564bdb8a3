import Glibc
import Numerics
import Testing

@testable import Networks

/// Networks of two hypotheses: losses, gradients, derivatives.
@Suite struct PairTests {
  private static let rows = GradientTests.rows
  private static let count = GradientTests.rowCount

  /// Two parameters in each hypothesis and one observable.
  private static func objective(
    _ method: RatioMethod, activation: Activation = .tanh, inputs: [Double]? = nil,
    noise: HiddenNoise? = nil
  ) -> PairObjective<Double> {
    let s = GradientTests.sample()
    var stream = PhiloxStream(seed: 5, purpose: .testing)
    let ratio = RatioLoss(
      method: method, labels: s.labels, logRatios: s.logRatios, scores: s.scores,
      parameterCount: 2, alpha: 1.7, weights: (0..<count).map { 0.5 + 0.1 * Double($0) })
    return PairObjective(
      shape: PerceptronShape(inputs: 5, hidden: [5, 4], outputs: 1, activation: activation),
      width: 2, inputs: inputs ?? s.inputs,
      loss: PairLoss(
        ratio,
        denominatorScores: method.usesScore ? (0..<count * 2).map { _ in stream.normal() } : []),
      noise: noise)
  }

  /// Central differences with steps of 1e-5 are good to about 1e-9; a wrong term misses 1e-7 by far.
  @Test(arguments: RatioMethod.allCases)
  func gradientOfEachMethod(method: RatioMethod) {
    let objective = Self.objective(method, activation: .softplus)
    let start = Perceptron<Double>(shape: objective.shape, seed: 3).parameters
    for (difference, gradient) in GradientTests.differences(objective, at: start) {
      #expect(abs(difference - gradient) < 1e-7)
    }
  }

  /// Both orders of the hypotheses lose the same units, so the thinned network is antisymmetric: log r̂ is 0 where they are equal.
  @Test(arguments: [Activation.tanh, .randomLeakyReLU])
  func dropoutKeepsTheSymmetry(activation: Activation) {
    let noisy = Self.objective(.alices, activation: activation, noise: GradientTests.noise())
    let start = Perceptron<Double>(shape: noisy.shape, seed: 3).parameters
    var isThinned = false
    let plain = GradientTests.differences(
      Self.objective(.alices, activation: activation), at: start)
    for (pair, other) in zip(
      GradientTests.differences(noisy, at: start, isNoisy: true), plain)
    {
      #expect(abs(pair.difference - pair.gradient) < 1e-7)
      if abs(pair.gradient - other.gradient) > 1e-3 { isThinned = true }
    }
    #expect(isThinned)
    var inputs = GradientTests.sample().inputs
    for row in 0..<Self.count {
      for k in 0..<2 { inputs[row * 5 + 2 + k] = inputs[row * 5 + k] }
    }
    let equal = Self.objective(
      .carl, activation: activation, inputs: inputs, noise: GradientTests.noise())
    let evaluator = BatchEvaluator(equal)
    var gradient = start
    let loss = Self.rows.withUnsafeBufferPointer {
      evaluator.evaluate(
        $0, parameters: start, gradient: &gradient, team: ThreadTeam(threads: 1)
      ).total
    }
    let weights = Self.rows.reduce(0) { $0 + 0.5 + 0.1 * Double($1) }
    #expect(abs(loss - weights * log(2)) < 1e-12)
  }

  @Test func derivativesByBothHypotheses() {
    let team = ThreadTeam(threads: 1)
    let inputs = GradientTests.sample().inputs
    let network = Perceptron<Double>(
      shape: PerceptronShape(inputs: 5, hidden: [5, 4], outputs: 1), seed: 8)
    func evaluate(_ inputs: [Double], tangents: Bool = false) -> PerceptronOutputs {
      network.evaluatePairs(rows: Self.count, width: 2, tangents: tangents, team: team) {
        range, block in
        _ = block.update(fromContentsOf: inputs[range.lowerBound * 5..<range.upperBound * 5])
      }
    }
    let tangents = evaluate(inputs, tangents: true).tangents
    for k in 0..<4 {
      func shifted(_ step: Double) -> [Double] {
        var moved = inputs
        for row in 0..<Self.count { moved[row * 5 + k] += step }
        return evaluate(moved).values
      }
      for (row, pair) in zip(shifted(1e-5), shifted(-1e-5)).enumerated() {
        #expect(abs(tangents[row * 4 + k] - (pair.0 - pair.1) / 2e-5) < 1e-8)
      }
    }
  }

  /// What the trainer minimises is what evaluation gives: the loss of the pass is that of the evaluated outputs.
  @Test func trainingAndEvaluationAreOneFunction() {
    let objective = Self.objective(.carl)
    let network = Perceptron<Double>(shape: objective.shape, seed: 3)
    let s = GradientTests.sample()
    let values = network.evaluatePairs(
      rows: Self.count, width: 2, tangents: false, team: ThreadTeam(threads: 1)
    ) { range, block in
      _ = block.update(fromContentsOf: s.inputs[range.lowerBound * 5..<range.upperBound * 5])
    }.values
    let evaluator = BatchEvaluator(objective)
    let team = ThreadTeam(threads: 1)
    let loss = Self.rows.withUnsafeBufferPointer { rows in
      network.parameters.withUnsafeBufferPointer { parameters in
        parameters.baseAddress.map {
          evaluator.evaluate(rows, parameters: $0, team: team).total
        } ?? .nan
      }
    }
    let expected = zip(values, s.labels).enumerated().reduce(0) { sum, row in
      sum + (0.5 + 0.1 * Double(row.offset))
        * softplus(row.element.1 == 1 ? row.element.0 : -row.element.0)
    }
    #expect(abs(loss - expected) < 1e-12)
  }

  /// The reference batch of spec learning.md 9, whose t1 has the sign of ∂ log r/∂θ1: minus that of a score.
  @Test(arguments: [
    (RatioMethod.cascal, 1.37810139), (.rascal, 5.09879186), (.alices, 0.78531943),
    (.carl, 1.25310139), (.rolr, 4.97379186), (.alice, 0.66031943),
  ])
  func referenceBatch(method: RatioMethod, expected: Double) {
    let ratio = RatioLoss(
      method: method, labels: [0, 0, 1, 1], logRatios: [1.5, 0.4, 0.9, 3].map { log($0) },
      scores: [0.2, -0.1, 0.5, 2], parameterCount: 1, alpha: 2)
    let loss = PairLoss(
      ratio, denominatorScores: method.usesScore ? [0, 0.5, 0.1, -1].map { -$0 } : [])
    let values = [0.2, -1, 0.5, 2, 0.1, -0.3, 0.7, 1, -0.2, 0.4, 0.3, -0.6]
    let mean = [Int32(0), 1, 2, 3].withUnsafeBufferPointer { rows in
      values.withUnsafeBufferPointer { values in
        values.baseAddress.map {
          loss.evaluate(
            LossBlock(
              rows: rows, outputs: 1, tangents: loss.tangents, values: $0, gradients: nil)) / 4
        } ?? .nan
      }
    }
    #expect(abs(mean - expected) < 6e-9)
  }
}
