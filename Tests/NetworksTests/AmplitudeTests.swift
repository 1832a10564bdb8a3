import Glibc
import Numerics
import Testing

@testable import Networks

/// A ratio that is a sum of squares of amplitudes: what it promises whatever a network gives, and its gradients.
@Suite struct AmplitudeTests {
  /// σ(θ) = 2 + 0.3 θ₀ − 0.5 θ₁ + 1.5 θ₀² + 0.4 θ₀θ₁ + 3 θ₁², positive everywhere.
  private static let terms: [AmplitudeForm.Term] = [
    .init(powers: [0, 0], coefficient: 2), .init(powers: [1, 0], coefficient: 0.3),
    .init(powers: [0, 1], coefficient: -0.5), .init(powers: [2, 0], coefficient: 1.5),
    .init(powers: [1, 1], coefficient: 0.4), .init(powers: [0, 2], coefficient: 3),
  ]
  private static func sigma(_ t: [Double]) -> Double {
    2 + 0.3 * t[0] - 0.5 * t[1] + 1.5 * t[0] * t[0] + 0.4 * t[0] * t[1] + 3 * t[1] * t[1]
  }
  private let form: AmplitudeForm
  private let rows = 12
  private let outputs: [Double]

  init() throws {
    form = try AmplitudeForm(components: Self.terms, centre: [0.2, -0.1], scales: [1, 0.3])
    var stream = PhiloxStream(seed: 5, purpose: .initialisation, item: 0)
    outputs = (0..<12 * 5).map { _ in stream.uniform(-0.8, 0.8) }
  }

  @Test func spansTheCrossSection() {
    #expect(form.amplitudes == [[0, 0], [1, 0], [0, 1]])
    #expect(form.outputCount == 5)
    // An untrained network that gives zeros has r̂ = 1 everywhere: W Wᵀ is the matrix of s(θ).
    for theta in [[0.2, -0.1], [1, 0.3], [-1, 0.2], [0.5, -0.3]] {
      let value = form.logRatio(outputs: [0, 0, 0, 0, 0], theta: theta).values[0]
      #expect(abs(value) < 1e-13)
    }
  }

  @Test func isOneAtTheReferencePoint() {
    for value in form.logRatio(outputs: outputs, theta: form.centre).values {
      #expect(abs(value) < 1e-14)
    }
  }

  /// r̂(x|θ) σ(θ) is a polynomial of second degree for every x: its third differences vanish.
  @Test func isPolynomial() {
    func value(_ t: Double) -> [Double] {
      let theta = [0.1 + t, 0.2 - 0.4 * t]
      let sigma = Self.sigma(theta)
      return form.logRatio(outputs: outputs, theta: theta).values.map { exp($0) * sigma }
    }
    let (a, b, c, d) = (value(0), value(0.5), value(1), value(1.5))
    for i in 0..<rows {
      #expect(abs(d[i] - 3 * c[i] + 3 * b[i] - a[i]) < 1e-12 * abs(d[i]))
      #expect(a[i] > 0 && b[i] > 0 && c[i] > 0 && d[i] > 0)
    }
  }

  /// E[r̂] = 1 over the rows it was calibrated with, at every θ and with weights; the ratio at θ₁ stays 1.
  @Test func calibrationGivesTheTrueMean() throws {
    let weights = (0..<rows).map { 0.5 + Double($0) }
    let calibrated = try #require(form.calibrated(outputs: outputs, weights: weights))
    for theta in [[0.2, -0.1], [1, 0.3], [-1, 0.2], [0.5, -0.3], [3, 3]] {
      let ratios = calibrated.logRatio(outputs: outputs, theta: theta).values.map { exp($0) }
      let mean =
        zip(ratios, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
      #expect(abs(mean - 1) < 1e-12)
    }
    for value in calibrated.logRatio(outputs: outputs, theta: form.centre).values {
      #expect(abs(value) < 1e-13)
    }
  }

  @Test func scoreIsTheDerivative() {
    let theta = [0.4, 0.15]
    let gradient = form.logRatio(outputs: outputs, theta: theta, gradient: true).gradient
    let step = 1e-5
    for k in 0..<2 {
      var (up, down) = (theta, theta)
      up[k] += step
      down[k] -= step
      let (high, low) = (
        form.logRatio(outputs: outputs, theta: up).values,
        form.logRatio(outputs: outputs, theta: down).values
      )
      for i in 0..<rows {
        // Differences of second order: error of about step².
        #expect(abs((high[i] - low[i]) / (2 * step) - gradient[2 * i + k]) < 1e-8)
      }
    }
  }

  /// The slopes by all outputs of every ratio loss with and without scores, against differences of the loss.
  @Test(arguments: RatioMethod.allCases)
  func lossGradient(method: RatioMethod) throws {
    var stream = PhiloxStream(seed: 9, purpose: .initialisation, item: 1)
    let theta = (0..<rows * 2).map { _ in stream.uniform(-0.9, 0.9) }
    let loss = AmplitudeLoss(
      form: try #require(form.calibrated(outputs: outputs)),
      ratio: RatioLoss(
        method: method, labels: (0..<rows).map { Double($0 % 2) },
        logRatios: (0..<rows).map { _ in stream.uniform(-1, 1) },
        scores: theta.map { _ in stream.uniform(-2, 2) }, parameterCount: 2, alpha: 0.7,
        weights: (0..<rows).map { _ in stream.uniform(0.5, 2) }),
      theta: theta)
    func evaluate(_ values: [Double], _ gradients: UnsafeMutablePointer<Double>?) -> Double {
      (0..<Int32(rows)).map { $0 }.withUnsafeBufferPointer { numbers in
        values.withUnsafeBufferPointer { values in
          loss.evaluate(
            LossBlock(
              rows: numbers, outputs: 5, tangents: 0,
              values: values.baseAddress.unsafelyUnwrapped, gradients: gradients))
        }
      }
    }
    var gradient = [Double](repeating: 0, count: outputs.count)
    _ = gradient.withUnsafeMutableBufferPointer { evaluate(outputs, $0.baseAddress) }
    let step = 1e-5
    for i in outputs.indices {
      var (up, down) = (outputs, outputs)
      up[i] += step
      down[i] -= step
      let slope = (evaluate(up, nil) - evaluate(down, nil)) / (2 * step)
      #expect(abs(slope - gradient[i]) < 1e-6 * max(1, abs(slope)), "output \(i)")
    }
  }

  /// Two parameters in production and decay: degree four, where s(θ) does not decide the mean of L Lᵀ.
  @Test func fourthDegreeHasNoLinearCalibration() throws {
    let terms = (0...4).map {
      AmplitudeForm.Term(powers: [$0], coefficient: [1, 0.2, 2, 0.1, 1][$0])
    }
    let quartic = try AmplitudeForm(components: terms, centre: [0], scales: [1])
    #expect(quartic.amplitudes == [[0], [1], [2]])
    #expect(quartic.calibrated(outputs: outputs) == nil)
    #expect(abs(quartic.logRatio(outputs: outputs, theta: [0]).values[0]) < 1e-14)
  }

  @Test func truncatedInterferenceIsRefused() {
    #expect(throws: AmplitudeForm.Fault.noProduct([1])) {
      try AmplitudeForm(
        components: [.init(powers: [0], coefficient: 1), .init(powers: [1], coefficient: 0.1)],
        centre: [0], scales: [1])
    }
    #expect(throws: AmplitudeForm.Fault.notPositive) {
      try AmplitudeForm(
        components: [.init(powers: [0], coefficient: -1), .init(powers: [2], coefficient: 0.1)],
        centre: [0], scales: [1])
    }
  }
}
