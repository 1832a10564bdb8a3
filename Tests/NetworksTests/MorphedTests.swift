import Glibc
import Numerics
import Testing

@testable import Networks

/// The morphing-aware ratio: its formula, its derivatives, and what it does where the sum is negative.
@Suite struct MorphedTests {
  /// σ(θ) = (2 + θ)² + 1 from benchmarks at 0, 1 and −1: weights 1 − θ², θ(θ ± 1)/2.
  static func form(smoothing: Double = MorphedForm.standardSmoothing) -> MorphedForm {
    let sigma = [0.0, 1, -1].map { (2 + $0) * (2 + $0) + 1 }
    let matrix = [1.0, 0, 0, 0, 0.5, -0.5, -1, 0.5, 0.5]
    return MorphedForm(
      components: [[0], [1], [2]], coefficients: matrix.indices.map { matrix[$0] * sigma[$0 % 3] },
      scales: [1], smoothing: smoothing)
  }

  /// At a benchmark only its own output counts, and where all ratios are equal the sum is that ratio.
  @Test func benchmarksAndEqualRatios() {
    let form = Self.form()
    for (b, theta) in [0.0, 1, -1].enumerated() {
      let value = form.logRatio(outputs: [0.3, -0.8, 1.1], theta: [theta]).values[0]
      #expect(abs(value - [0.3, -0.8, 1.1][b]) < 1e-6)
    }
    // Σ a_b = 1; the smoothing is δ²/4 of Σ a_b², which is 12 at θ = 2.
    #expect(abs(form.logRatio(outputs: [2, 2, 2], theta: [2]).values[0] - 2) < 1e-5)
    // Neither overflow nor underflow.
    for size in [-2000.0, 2000] {
      let value = form.logRatio(outputs: [size, size, size], theta: [2]).values[0]
      #expect(abs(value - size) < 1e-5)
    }
  }

  /// Derivatives of log r̂ and of the score by differences, with positive and negative sums. With δ = 0.1 third derivatives
  /// are about 1e3 at most, so differences of steps 1e-5 are good to 1e-7.
  @Test func derivativesOnBothSidesOfZero() {
    let form = Self.form(smoothing: 0.1)
    var stream = PhiloxStream(seed: 7, purpose: .testing)
    var (positive, negative) = (0, 0)
    for _ in 0..<60 {
      let theta = stream.uniform(-2.5, 2.5)
      let outputs = (0..<3).map { _ in 1.5 * stream.normal() }
      let fractions = a(theta)
      if zip(fractions, outputs).reduce(0, { $0 + $1.0 * exp($1.1) }) > 0 {
        positive += 1
      } else {
        negative += 1
      }
      let step = 1e-5
      func value(_ theta: Double, _ outputs: [Double]) -> Double {
        form.logRatio(outputs: outputs, theta: [theta]).values[0]
      }
      func score(_ outputs: [Double]) -> Double {
        form.logRatio(outputs: outputs, theta: [theta], gradient: true).gradient[0]
      }
      let slope = (value(theta + step, outputs) - value(theta - step, outputs)) / (2 * step)
      #expect(abs(slope - score(outputs)) < 1e-6 * (1 + abs(slope)))
      for b in 0..<3 {
        var (up, down) = (outputs, outputs)
        up[b] += step
        down[b] -= step
        let first = (value(theta, up) - value(theta, down)) / (2 * step)
        let second = (score(up) - score(down)) / (2 * step)
        #expect(abs(gradient(form, theta, outputs, 1, 0)[b] - first) < 1e-6 * (1 + abs(first)))
        #expect(abs(gradient(form, theta, outputs, 0, 1)[b] - second) < 1e-6 * (1 + abs(second)))
      }
    }
    #expect(positive > 20 && negative > 5)
  }

  /// a_b(θ) of the form, written out.
  private func a(_ t: Double) -> [Double] {
    let sigma = (2 + t) * (2 + t) + 1
    return [5 * (1 - t * t), 10 * t * (t + 1) / 2, 2 * t * (t - 1) / 2].map { $0 / sigma }
  }

  private func gradient(
    _ form: MorphedForm, _ theta: Double, _ outputs: [Double], _ slope: Double, _ scoreSlope: Double
  ) -> [Double] {
    var (point, terms) = ([Double](repeating: 0, count: 6), [Double](repeating: 0, count: 6))
    var result = [0.0, 0, 0]
    terms.withUnsafeMutableBufferPointer { terms in
      point.withUnsafeMutableBufferPointer { point in
        guard let point = point.baseAddress, let terms = terms.baseAddress else { return }
        form.fractions([theta], into: point)
        let ratio = MorphedRatio(
          form, fractions: point, outputs: outputs, tangents: 1, terms: terms)
        ratio.addGradient(slope: slope, scoreSlopes: [scoreSlope], stride: 1, to: &result)
      }
    }
    return result
  }

  /// A negative sum has a finite logarithm and a gradient that raises it: that of a sum limited at a floor would be 0.
  @Test func negativeSumsAreCorrected() {
    let form = Self.form()
    // At θ = 2 a_0 = −15/17; the first ratio dominates.
    let outputs = [3.0, -1, -1]
    let value = form.logRatio(outputs: outputs, theta: [2]).values[0]
    #expect(value.isFinite && value < -5)
    let slopes = gradient(form, 2, outputs, 1, 0)
    #expect(slopes[1] > 0.01 && slopes[2] > 1e-3)
    let far = form.logRatio(outputs: [3, -1.5, -1.5], theta: [2]).values[0]
    #expect(far < value, "the estimate falls as the sum does")
  }

  @Test(arguments: RatioMethod.allCases)
  func gradientOfEachMethod(method: RatioMethod) {
    let s = GradientTests.sample()
    let n = GradientTests.rowCount
    let loss = MorphedLoss(
      form: Self.form(),
      ratio: RatioLoss(
        method: method, labels: s.labels, logRatios: s.logRatios,
        scores: Array(s.scores.prefix(n)), parameterCount: 1, alpha: 1.7),
      theta: (0..<n).map { -0.9 + 0.2 * Double($0) })
    let objective = PerceptronObjective<Double>(
      shape: PerceptronShape(inputs: 5, hidden: [5, 4], outputs: 3), inputs: s.inputs, loss: loss)
    let start = Perceptron<Double>(shape: objective.shape, seed: 3).parameters
    for (difference, gradient) in GradientTests.differences(objective, at: start) {
      #expect(abs(difference - gradient) < 1e-7)
    }
  }
}
