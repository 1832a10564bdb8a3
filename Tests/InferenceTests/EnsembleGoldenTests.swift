import EventModel
import Inference
import Testing

/// The ensemble of spec learning.md section 9: three members, three events of equal weight, two parameters, n = 1. Its numbers
/// are given to six digits.
@Suite struct EnsembleGoldenTests {
  static let scores: [[Double]] = [
    [1, 0, 0, 1, 2, 1], [1.2, 0.1, -0.1, 0.9, 1.8, 1.1], [0.9, -0.2, 0.2, 1.1, 2.1, 0.8],
  ]
  static let mean: [Double] = (0..<6).map { i in scores.map { $0[i] }.reduce(0, +) / 3 }

  private struct Member: ScoreEvaluator {
    /// Of the three events, which their x counts.
    let values: [Double]
    var name: String { "member" }
    var observableNames: [String] { ["x"] }
    var parameterNames: [String] { ["t0", "t1"] }
    func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
      x.flatMap { [values[2 * Int($0)], values[2 * Int($0) + 1]] }
    }
  }

  private func kinematic(_ members: [[Double]]) throws -> Information.Entry {
    var setup = Toy.setup
    setup.observables = [Observable(name: "x", expression: nil)]
    let table = EventTable(
      setup: setup,
      samples: [
        SampleRecord(
          file: "toy", process: "toy", samplingBenchmark: 0, eventsRead: 3, eventsKept: 3)
      ], hasSampleTable: false, count: 3, weights: [Double](repeating: 1.0 / 3, count: 18),
      observations: [0, 1, 2], observableNames: ["x"], sampleIndices: [0, 0, 0])
    let entries = try DetectorInformation(
      CombinedEvents(table), part: .all, models: members.map { Member(values: $0) },
      theta: [0, 0], luminosity: 1
    ).entries()
    return try #require(entries.first { $0.name == "kinematic" })
  }

  /// Σ w t tᵀ of one list of scores.
  private static func information(_ t: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: 4)
    for event in 0..<3 {
      for i in 0..<2 {
        for j in 0..<2 { sum[2 * i + j] += t[2 * event + i] * t[2 * event + j] / 3 }
      }
    }
    return sum
  }

  /// The sample variances over members of elements 00, 01 and 11.
  private static func variances(_ matrices: [[Double]]) -> [Double] {
    let n = Double(matrices.count)
    return [0, 1, 3].map { (k: Int) -> Double in
      let mean = matrices.map { $0[k] }.reduce(0, +) / n
      var square = 0.0
      for matrix in matrices { square += (matrix[k] - mean) * (matrix[k] - mean) }
      return square / (n - 1)
    }
  }

  /// What the reference calls 'score' and 'modified_score' (ε = 0.001 and 1/√3).
  private static func reference(epsilon: Double) -> [Double] {
    variances(
      scores.map { (member: [Double]) -> [Double] in
        information(zip(mean, member).map { m, t in m + epsilon * (t - m) })
      })
  }

  @Test func matrixOfTheMeanScore() throws {
    let matrix = try kinematic(Self.scores).matrix
    for (found, wanted) in zip(matrix, [1.645556, 0.633333, 0.633333, 0.645185]) {
      #expect(abs(found - wanted) < 1e-6)
    }
  }

  /// Our covariance is that of the mean of the members, to first order in their spread: a third of the reference's
  /// 'score' mode, which is the spread of one member. Its 'modified_score' is of the mean too, and differs in the second
  /// order, which a step of 1/√3 does not leave out.
  /// (learning.md 7.1 no. 15, and 7.2: the covariance of an ensemble.)
  @Test func covarianceIsThatOfTheMean() throws {
    // Of a single model with the mean score the covariance has the finite number of events alone.
    let both = try #require(try kinematic(Self.scores).covariance)
    let events = try #require(try kinematic([Self.mean]).covariance)
    let spread = [0, 5, 15].map { both[$0] - events[$0] }
    let member = Self.reference(epsilon: 1e-3).map { $0 / 1e-6 }
    for (k, wanted) in [0.00964369, 0.00322324, 0.00103320].enumerated() {
      #expect(abs(member[k] - wanted) < 1e-8)
      // A step of 0.001 leaves as much of the second order in theirs.
      #expect(abs(spread[k] - wanted / 3) < 1e-3 * wanted / 3)
    }
    let modified = Self.reference(epsilon: 1 / 3.0.squareRoot())
    for (k, wanted) in [0.00308710, 0.00103292, 0.00025235].enumerated() {
      #expect(abs(modified[k] - wanted) < 1e-8)
      #expect(spread[k] > modified[k] && modified[k] > 0.7 * spread[k])
    }
  }

  /// The reference's 'information' mode, the mean of the members' own matrices: noise adds to t tᵀ, so that it is above the
  /// information of the mean score; we have no such mode.
  @Test func meanOfMatricesIsBiasedUpwards() throws {
    let own = try Self.scores.map { try kinematic([$0]).matrix }
    for (k, wanted) in [1.661111, 0.636667, 0.636667, 0.657778].enumerated() {
      let mean = own.map { $0[k] }.reduce(0, +) / 3
      #expect(abs(mean - wanted) < 1e-6)
    }
    #expect(abs(Self.variances(own)[0] - 0.00904815) < 1e-8)
    let ofMean = try kinematic(Self.scores).matrix
    #expect(ofMean[0] < 1.661111 && ofMean[3] < 0.657778)
  }
}
