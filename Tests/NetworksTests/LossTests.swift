import Glibc
import Testing

@testable import Networks

/// The reference batch of four rows: losses made with an independent implementation, eight digits
/// given.
@Suite struct LossTests {
  private let labels = [0.0, 0, 1, 1]
  private let values = [0.2, -1, 0.5, 2]
  private let logRatios = [1.5, 0.4, 0.9, 3].map { log($0) }
  private let tangents = [0.1, -0.3, 0.7, 1]
  private let scores = [0.2, -0.1, 0.5, 2]

  private func mean(
    _ loss: some NetworkLoss, values: [Double], outputs: Int = 1, rows: Int = 4
  ) -> Double {
    let numbers = (0..<Int32(rows)).map { $0 }
    return numbers.withUnsafeBufferPointer { numbers in
      values.withUnsafeBufferPointer { values in
        guard let start = values.baseAddress else { return .nan }
        return loss.evaluate(
          LossBlock(
            rows: numbers, outputs: outputs, tangents: loss.tangents, values: start, gradients: nil)
        ) / Double(rows)
      }
    }
  }

  private func ratioLoss(_ method: RatioMethod, alpha: Double = 2) -> Double {
    mean(
      RatioLoss(
        method: method, labels: labels, logRatios: logRatios, scores: scores, parameterCount: 1,
        alpha: alpha),
      values: values + tangents)
  }

  @Test(arguments: [
    (RatioMethod.carl, 1.25310139), (.rolr, 4.97379186), (.alice, 0.66031943),
    (.cascal, 1.27810139), (.rascal, 4.99879186), (.alices, 0.68531943),
  ])
  func referenceBatch(method: RatioMethod, expected: Double) {
    #expect(abs(ratioLoss(method) - expected) < 6e-9)
  }

  @Test func scoreTermAlone() {
    let term = (ratioLoss(.cascal, alpha: 2) - ratioLoss(.cascal, alpha: 0)) / 2
    #expect(abs(term - 0.0125) < 1e-15)
  }

  @Test func scoreTermOfTwoComponents() {
    let loss = RatioLoss(
      method: .cascal, labels: labels, scores: Array(repeating: 0, count: 8), parameterCount: 2,
      alpha: 1)
    let zero = [0.0, 0, 0, 0]
    let with = mean(loss, values: zero + [1, 3, 5, 7] + [2, 4, 6, 8])
    #expect(abs(with - mean(loss, values: zero + zero + zero) - 3.75) < 1e-14)
  }

  @Test func negativeLogLikelihood() {
    let loss = DensityLoss(method: .nde, parameterCount: 1)
    #expect(mean(loss, values: [-1, -2, -3, -0.5]) == 1.625)
  }

  @Test func localScore() {
    let loss = ScoreLoss(scores: scores, components: 1)
    #expect(abs(mean(loss, values: tangents) - 0.2725) < 1e-15)
  }

  @Test func extremeRatiosAreLimited() {
    // r = 1e9 is limited to e¹⁰, and so is L = 30: nothing is left.
    let loss = RatioLoss(method: .rolr, labels: [1], logRatios: [log(1e9)], parameterCount: 1)
    #expect(mean(loss, values: [30], rows: 1) == 0)
  }

  @Test func noOverflowAndNoCancellation() {
    let far = RatioLoss(method: .carl, labels: [0, 1, 0, 1], parameterCount: 1)
    // softplus(−L) for numerator rows, softplus(L) for denominator rows.
    #expect(mean(far, values: [-1000, 1000, 1000, -1000]) == 500)
    #expect(mean(far, values: [40, -40, 40, -40]) == exp(-40.0))
    let infinite = RatioLoss(
      method: .alice, labels: [0, 1, 0, 1],
      logRatios: [.infinity, -.infinity, .infinity, -.infinity], parameterCount: 1)
    #expect(abs(mean(infinite, values: [1, -1, 1, -1]) - log1p(exp(-1.0))) < 1e-15)
  }

  @Test func weightsMultiplyRows() {
    let weights = [2.0, 0, 1, 1]
    let weighted = RatioLoss(
      method: .alice, labels: labels, logRatios: logRatios, parameterCount: 1, weights: weights)
    let rows = (0..<4).map { i in
      mean(
        RatioLoss(
          method: .alice, labels: [labels[i]], logRatios: [logRatios[i]], parameterCount: 1),
        values: [values[i]], rows: 1)
    }
    let expected = zip(weights, rows).reduce(0) { $0 + $1.0 * $1.1 } / 4
    #expect(abs(mean(weighted, values: values) - expected) < 1e-15)
  }

  @Test func notANumberStaysVisible() {
    for method in RatioMethod.allCases {
      let loss = RatioLoss(
        method: method, labels: [1], logRatios: [0], scores: [0], parameterCount: 1)
      #expect(mean(loss, values: [.nan, 0], rows: 1).isNaN)
    }
  }

  @Test(arguments: [(-800.0, 0.0, 0.0), (0, 0.6931471805599453, 0.5), (800, 800, 1)])
  func softplusAndSigmoid(x: Double, soft: Double, slope: Double) {
    #expect(softplus(x) == soft)
    #expect(sigmoid(x) == slope)
  }
}
