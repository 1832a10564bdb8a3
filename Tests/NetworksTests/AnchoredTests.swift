import Glibc
import Numerics
import Testing

@testable import Networks

/// Networks whose output is taken less that at θ1.
@Suite struct AnchoredTests {
  private static func objective(
    _ method: RatioMethod, activation: Activation = .softplus, anchor: [Double] = [0.3, -0.8],
    inputs: [Double]? = nil, noise: HiddenNoise? = nil
  ) -> AnchoredObjective<Double> {
    let s = GradientTests.sample()
    return AnchoredObjective(
      shape: PerceptronShape(inputs: 5, hidden: [5, 4], outputs: 1, activation: activation),
      anchor: anchor, inputs: inputs ?? s.inputs,
      loss: RatioLoss(
        method: method, labels: s.labels, logRatios: s.logRatios, scores: s.scores,
        parameterCount: 2, alpha: 1.7,
        weights: (0..<GradientTests.rowCount).map { 0.5 + 0.1 * Double($0) }), noise: noise)
  }

  /// Central differences with steps of 1e-5 are good to about 1e-9; a wrong term misses 1e-7 by far.
  @Test(arguments: RatioMethod.allCases, [false, true])
  func gradientOfEachMethod(method: RatioMethod, isThinned: Bool) {
    let objective = Self.objective(
      method, activation: isThinned ? .randomLeakyReLU : .softplus,
      noise: isThinned ? GradientTests.noise() : nil)
    let start = Perceptron<Double>(shape: objective.shape, seed: 3).parameters
    let found = GradientTests.differences(objective, at: start, isNoisy: isThinned)
    #expect(found.contains { abs($0.gradient) > 1e-3 })
    for (difference, gradient) in found { #expect(abs(difference - gradient) < 1e-7) }
  }

  /// At θ = θ1 log r̂ is 0 whatever the network, and so the cross entropy of each row ln 2.
  @Test func theRatioIsOneAtTheAnchor() {
    var inputs = GradientTests.sample().inputs
    for row in 0..<GradientTests.rowCount { (inputs[row * 5], inputs[row * 5 + 1]) = (0.3, -0.8) }
    let objective = Self.objective(.carl, inputs: inputs, noise: GradientTests.noise())
    let start = Perceptron<Double>(shape: objective.shape, seed: 3).parameters
    var gradient = start
    let evaluator = BatchEvaluator(objective)
    let loss = GradientTests.rows.withUnsafeBufferPointer {
      evaluator.evaluate(
        $0, parameters: start, gradient: &gradient, team: ThreadTeam(threads: 1)
      ).total
    }
    let weights = GradientTests.rows.reduce(0) { $0 + 0.5 + 0.1 * Double($1) }
    #expect(abs(loss - weights * log(2)) < 1e-12)
    #expect(gradient.allSatisfy { abs($0) < 1e-12 })
  }
}
