import Glibc
import Numerics
import Testing

@testable import Networks

/// Gradients against central differences in float64: with steps of 1e-5 the differences are good to
/// about 1e-9 of the third derivatives and 1e-10 of rounding, so 1e-7 is a tolerance that a wrong
/// term cannot meet.
@Suite struct GradientTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let activation: Activation
    let hidden: [Int]
    var testDescription: String { "\(activation.rawValue) \(hidden)" }
  }

  static let settings =
    Activation.allCases.map { Setting(activation: $0, hidden: [5, 4]) }
    + [[], [7], [6, 5, 4]].map { Setting(activation: .tanh, hidden: $0) }

  static let rowCount = 9
  static let rows = (0..<Int32(rowCount)).map { $0 }

  /// Inputs of two θ and three x, and targets of every kind.
  static func sample() -> (
    inputs: [Double], labels: [Double], logRatios: [Double], scores: [Double]
  ) {
    var stream = PhiloxStream(seed: 4, purpose: .testing)
    return (
      (0..<rowCount * 5).map { _ in stream.normal() }, (0..<rowCount).map { Double($0 % 2) },
      (0..<rowCount).map { _ in stream.normal() }, (0..<rowCount * 2).map { _ in stream.normal() }
    )
  }

  static func ratioObjective(
    _ setting: Setting, _ method: RatioMethod, noise: HiddenNoise? = nil
  ) -> PerceptronObjective<Double> {
    let s = sample()
    return PerceptronObjective(
      shape: PerceptronShape(
        inputs: 5, hidden: setting.hidden, outputs: 1, activation: setting.activation),
      inputs: s.inputs,
      loss: RatioLoss(
        method: method, labels: s.labels, logRatios: s.logRatios, scores: s.scores,
        parameterCount: 2, alpha: 1.7, weights: (0..<rowCount).map { 0.5 + 0.1 * Double($0) }),
      noise: noise)
  }

  /// Largest difference between the gradient and central differences.
  static func worstDifference(
    _ objective: PerceptronObjective<Double>, isNoisy: Bool = false
  ) -> Double {
    let start = Perceptron<Double>(shape: objective.shape, seed: 3).parameters
    return differences(objective, at: start, isNoisy: isNoisy)
      .map { abs($0.difference - $0.gradient) }.max() ?? .nan
  }

  /// Central differences of the summed loss of all rows, and the gradient, by each parameter.
  /// - Parameter isNoisy: whether the differences are of the loss with the noise of hidden layers, which is there where a
  ///   gradient is computed.
  static func differences<Objective: BatchObjective<Double>>(
    _ objective: Objective, at start: [Double], isNoisy: Bool = false
  ) -> [(difference: Double, gradient: Double)] {
    var parameters = start
    let evaluator = BatchEvaluator(objective)
    let team = ThreadTeam(threads: 1)
    func loss(_ gradient: UnsafeMutablePointer<Double>? = nil) -> Double {
      rows.withUnsafeBufferPointer {
        evaluator.evaluate($0, parameters: parameters, gradient: gradient, team: team).total
      }
    }
    var gradient = Array(repeating: Double.nan, count: parameters.count)
    _ = loss(&gradient)
    var unused = gradient
    return parameters.indices.map { i in
      let value = parameters[i]
      parameters[i] = value + 1e-5
      let above = isNoisy ? loss(&unused) : loss()
      parameters[i] = value - 1e-5
      let below = isNoisy ? loss(&unused) : loss()
      parameters[i] = value
      return ((above - below) / 2e-5, gradient[i])
    }
  }

  @Test(arguments: settings)
  func gradientOfAlices(setting: Setting) {
    #expect(Self.worstDifference(Self.ratioObjective(setting, .alices)) < 1e-7)
  }

  static func noise(_ dropout: Double = 0.4, epoch: Int = 1) -> HiddenNoise {
    var settings = TrainingSettings()
    settings.seed = 9
    var noise = HiddenNoise(dropout: dropout, settings: settings)
    noise.begin(epoch: epoch)
    return noise
  }

  /// Dropout and random slopes, through values, θ tangents and their second derivatives.
  @Test(arguments: settings)
  func gradientWithDropout(setting: Setting) {
    let objective = Self.ratioObjective(setting, .alices, noise: Self.noise())
    #expect(Self.worstDifference(objective, isNoisy: true) < 1e-7)
  }

  @Test(arguments: RatioMethod.allCases)
  func gradientOfEachMethod(method: RatioMethod) {
    let setting = Setting(activation: .softplus, hidden: [5, 4])
    #expect(Self.worstDifference(Self.ratioObjective(setting, method)) < 1e-7)
  }

  @Test func gradientOfTheScoreLoss() {
    let s = Self.sample()
    let objective = PerceptronObjective(
      shape: PerceptronShape(inputs: 5, hidden: [6, 4], outputs: 2), inputs: s.inputs,
      loss: ScoreLoss(scores: s.scores, components: 2))
    #expect(Self.worstDifference(objective) < 1e-7)
  }

  @Test(arguments: settings)
  func tangentsAreDerivativesByTheta(setting: Setting) {
    let team = ThreadTeam(threads: 1)
    let inputs = Self.sample().inputs
    let shape = PerceptronShape(
      inputs: 5, hidden: setting.hidden, outputs: 2, activation: setting.activation)
    let network = Perceptron<Double>(shape: shape, seed: 8)
    let tangents = network.evaluate(inputs: inputs, tangents: 2, team: team).tangents
    for k in 0..<2 {
      func shifted(_ step: Double) -> [Double] {
        var moved = inputs
        for row in 0..<Self.rowCount { moved[row * 5 + k] += step }
        return network.evaluate(inputs: moved, team: team).values
      }
      let (above, below) = (shifted(1e-5), shifted(-1e-5))
      for row in 0..<Self.rowCount {
        for o in 0..<2 {
          let difference = (above[row * 2 + o] - below[row * 2 + o]) / 2e-5
          #expect(abs(tangents[(row * 2 + k) * 2 + o] - difference) < 1e-8)
        }
      }
    }
  }

  /// Single precision has 24 bits; sums of a few tens of terms of order one keep 1e-5.
  @Test(arguments: Activation.allCases)
  func singlePrecisionAgreesWithDouble(activation: Activation) {
    let team = ThreadTeam(threads: 1)
    let shape = PerceptronShape(inputs: 5, hidden: [20, 20], outputs: 1, activation: activation)
    let network = Perceptron<Double>(shape: shape, seed: 5)
    let inputs = Self.sample().inputs
    let double = network.evaluate(inputs: inputs, tangents: 2, team: team)
    let single = network.converted(to: Float.self)
      .evaluate(inputs: inputs.map { Float($0) }, tangents: 2, team: team)
    for (a, b) in zip(double.values + double.tangents, single.values + single.tangents) {
      #expect(abs(a - b) < 1e-5)
    }
  }

  /// learning.md 7.1 no. 11: the sigmoid; 7.2: activations that cannot be built.
  @Test(arguments: Activation.allCases)
  func activationsAreWhatTheirNamesSay(activation: Activation) {
    // 67 values: more than a vector, and a remainder.
    let z = (0..<67).map { -8 + 0.25 * Double($0) }
    var h = z
    Double.activate(activation, z.count, z, &h, first: nil, second: nil)
    for (x, y) in zip(z, h) {
      let expected: Double
      switch activation {
      case .tanh: expected = 1 - 2 / (exp(2 * x) + 1)
      case .relu: expected = max(x, 0)
      case .randomLeakyReLU: expected = max(x, 11 * x / 48)
      case .leakyReLU: expected = max(x, 0.01 * x)
      case .elu: expected = x > 0 ? x : exp(x) - 1
      case .selu: expected = 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1))
      case .softplus: expected = log(1 + exp(x))
      case .sigmoid: expected = 1 / (1 + exp(-x))
      case .logSigmoid: expected = -log(1 + exp(-x))
      }
      #expect(abs(y - expected) < 1e-14)
    }
    var single = z.map { Float($0) }
    Float.activate(activation, z.count, z.map { Float($0) }, &single, first: nil, second: nil)
    for (a, b) in zip(single, h) { #expect(abs(Double(a) - b) < 1e-6 * max(1, abs(b))) }
  }

  /// Against the C library, which is good to 2 ulp; ours to 3.
  @Test func tanhOfDoublesEverywhere() {
    var x: [Double] = [0, -0.0, 400, -400, .infinity, -.infinity, 0.17328679513998632]
    for i in -40_000...40_000 { x.append(Double(i) * 0.0006) }
    for i in 0...1000 { x.append(pow(10, -0.3 * Double(i))) }
    var y = x
    Double.activate(.tanh, x.count, x, &y, first: nil, second: nil)
    var worst = 0.0
    for (x, y) in zip(x, y) {
      let expected = Glibc.tanh(x)
      worst = max(worst, abs(y - expected) / expected.ulp)
      #expect(y.sign == x.sign)
    }
    #expect(worst <= 5)
    var nan = [0.0]
    Double.activate(.tanh, 1, [.nan], &nan, first: nil, second: nil)
    #expect(nan[0].isNaN)
  }

  @Test func tanhOfFloatsEverywhere() {
    let x = (-4000...4000).map { Float($0) * 0.005 } + [-1e30, 1e30, 1e-20, -.infinity, .infinity]
    var y = x
    Float.activate(.tanh, x.count, x, &y, first: nil, second: nil)
    for (x, y) in zip(x, y) {
      // 5 ulp of a value near 1, and of small values.
      let expected = Double(x) > 20 ? 1 : Double(x) < -20 ? -1 : 1 - 2 / (exp(2 * Double(x)) + 1)
      #expect(abs(Double(y) - expected) < 3e-7 * max(1e-3, abs(expected)) + 1e-16)
    }
    var nan: [Float] = [.nan]
    Float.activate(.tanh, 1, [.nan], &nan, first: nil, second: nil)
    #expect(nan[0].isNaN, "NaN must not be hidden")
  }
}
