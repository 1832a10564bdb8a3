import Diagnostics
import EventModel
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Ratios of two hypotheses on the Gaussian toy.
@Suite struct PairTests {
  static func train(
    _ method: RatioMethod, rows: Int = 20_000, threads: Int = 1, alpha: Double = 1,
    denominatorSign: Double = 1, precision: TrainingPlan.Precision = .float32
  ) throws -> Model {
    let ratio = RatioPlan(method: method, hypotheses: 2)
    let sample = try TrainingRows(
      GaussianToy.pairSample(rows: rows, seed: 1, denominatorSign: denominatorSign),
      columns: ratio.columns)
    var plan = RatioTests.plan()
    plan.alpha = alpha
    plan.precision = precision
    return try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: threads), journal: Journal())
      .trainRatio(sample, method: method, hypotheses: 2)
  }

  private static func estimator(_ model: Model) throws -> Estimator {
    try Estimator([model], team: ThreadTeam(threads: 1))
  }

  /// Mean squared error of log r over pairs of hypotheses, with x of the first.
  private static func error(_ model: Model) throws -> Double {
    let estimator = try estimator(model)
    var (sum, count) = (0.0, 0.0)
    for a in stride(from: -3.0, through: 3.0, by: 1.5) {
      for b in stride(from: -3.0, through: 3.0, by: 2.0) {
        let x = (0..<100).map { i -> Double in
          var stream = PhiloxStream(seed: 99, purpose: .testing, item: UInt64(i))
          return a + 5.0.squareRoot() * stream.normal()
        }
        for (x, value) in zip(x, try estimator.logRatio(x: x, theta: [a], denominator: [b])) {
          let d = value - GaussianToy.logRatio(x: x, theta: a, over: b)
          sum += d * d
          count += 1
        }
      }
    }
    return sum / count
  }

  /// The variance of log r over these points is about 3.
  @Test(arguments: [
    (RatioMethod.carl, 0.5), (.alice, 0.15), (.alices, 0.1), (.rolr, 0.6), (.cascal, 0.4),
    (.rascal, 0.6),
  ])
  func learnsTheExactRatio(method: RatioMethod, bound: Double) throws {
    let error = try Self.error(Self.train(method))
    #expect(error < bound, "\(error)")
  }

  /// With the sign of t_xz1 turned round the score term fights the ratio (spec learning.md 8.5): what the right sign does
  /// not only helps but is needed.
  /// (learning.md 7.1 no. 3.)
  @Test func theWrongSignOfTheSecondScoreFails() throws {
    let right = try Self.error(Self.train(.alices, alpha: 5))
    let wrong = try Self.error(Self.train(.alices, alpha: 5, denominatorSign: -1))
    #expect(right < 0.1 && wrong > 0.5, "\(right) \(wrong)")
  }

  /// t(x|θ) = (x − θ)/5 at both hypotheses, of one sign: a slope of 0.2 in x, within a quarter.
  /// (learning.md 7.1 no. 3, and 7.2: scores of two hypotheses.)
  @Test func bothScoresAreScores() throws {
    let estimator = try Self.estimator(Self.train(.alices))
    let (_, first, second) = try estimator.logRatioAndScores(
      x: [-2, 2], theta: [1], denominator: [-1])
    for scores in [first, second] { #expect(abs((scores[1] - scores[0]) / 4 - 0.2) < 0.05) }
    #expect(abs(first[1] - 0.2) < 0.1 && abs(second[1] - 0.6) < 0.1)
  }

  /// learning.md 7.3: value and both gradients are of one pass.
  @Test func antisymmetricToTheBitAndDifferentiable() throws {
    let estimator = try Self.estimator(Self.train(.alice, rows: 2000, precision: .float64))
    let x = [-1.0, 0.4, 3]
    let (own, first, second) = try estimator.logRatioAndScores(
      x: x, theta: [1.2], denominator: [-0.7])
    let turned = try estimator.logRatio(x: x, theta: [-0.7], denominator: [1.2])
    #expect(turned == own.map { -$0 })
    #expect(try estimator.logRatio(x: x, theta: [2], denominator: [2]) == [0, 0, 0])
    let h = 1e-5
    func value(_ a: Double, _ b: Double) throws -> [Double] {
      try estimator.logRatio(x: x, theta: [a], denominator: [b])
    }
    let (up0, down0) = (try value(1.2 + h, -0.7), try value(1.2 - h, -0.7))
    let (up1, down1) = (try value(1.2, -0.7 + h), try value(1.2, -0.7 - h))
    for i in x.indices {
      #expect(abs((up0[i] - down0[i]) / (2 * h) - first[i]) < 1e-7)
      #expect(abs((up1[i] - down1[i]) / (2 * h) + second[i]) < 1e-7)
    }
    // Each row with a pair of its own is each pair alone.
    let rows = try estimator.logRatio(
      x: x, theta: [1.2, 0, 2], denominator: [-0.7, 1, -2])
    #expect(rows[0] == own[0])
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let one = try Self.train(.alices, rows: 3000)
    for threads in [2, 3] { #expect(try Self.train(.alices, rows: 3000, threads: threads) == one) }
    #expect(try Model(document: one.document) == one)
    #expect(one.hasTwoHypotheses && one.referenceTheta == [0])
  }

  @Test func rangesHoldInBothOrders() throws {
    let ratio = RatioPlan(method: .alice)
    let source = GaussianToy.pairSample(rows: 500, seed: 1, theta0: 1...3, theta1: -3...(-1))
    let plan = try ratio.resolved(SampleInfo(document: source.header.document))
    #expect(plan.hypotheses == 2)
    let model = try EstimatorTrainer(
      plan: RatioTests.plan(), team: ThreadTeam(threads: 1), journal: Journal()
    ).trainRatio(TrainingRows(source, columns: plan.columns), method: .alice)
    let estimator = try Self.estimator(model)
    #expect(estimator.outsideTrainingRange([2], denominator: [-2]).isEmpty)
    #expect(estimator.outsideTrainingRange([-2], denominator: [2]).isEmpty)
    #expect(estimator.outsideTrainingRange([2], denominator: [2]) == ["theta"])
  }

  @Test func samplesAndNetworksThatDoNotFit() throws {
    let varied = try SampleInfo(
      document: GaussianToy.pairSample(rows: 4, seed: 1).header.document)
    for (plan, kind) in [
      (RatioPlan(method: .carl, hypotheses: 1), Problem.Kind.data),
      (RatioPlan(method: .carl, network: .polynomial), .data),
      (RatioPlan(method: .carl, network: .morphingAware, hypotheses: 2), .usage),
      (RatioPlan(method: .carl, hypotheses: 3), .usage),
    ] {
      let problem = #expect(throws: Problem.self) { try plan.resolved(varied) }
      #expect(problem?.kind == kind && problem?.remedy != nil)
    }
  }
}
