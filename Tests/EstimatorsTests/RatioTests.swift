import Diagnostics
import EventModel
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

@Suite struct RatioTests {
  static func plan() -> TrainingPlan {
    var plan = TrainingPlan()
    plan.hidden = [20, 20]
    plan.training.epochs = 12
    plan.training.initialRate = 5e-3
    plan.training.finalRate = 3e-4
    plan.training.seed = 3
    return plan
  }

  static func train(
    _ method: RatioMethod, rows: Int = 20_000, threads: Int = 1,
    plan: TrainingPlan = RatioTests.plan()
  ) throws -> Model {
    let sample = try TrainingRows(
      GaussianToy.ratioSample(rows: rows, seed: 1), columns: EstimatorTrainer.columns(for: method))
    return try EstimatorTrainer(
      plan: plan, team: ThreadTeam(threads: threads), journal: Journal()
    ).trainRatio(sample, method: method)
  }

  /// Mean squared error of log r over x ~ N(θ, 5) and a grid of θ, against the closed form.
  static func error(_ model: Model) throws -> Double {
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    var sum = 0.0
    var count = 0.0
    for point in stride(from: -3.0, through: 3.0, by: 1.0) {
      let x = (0..<400).map { i -> Double in
        var stream = PhiloxStream(seed: 99, purpose: .testing, item: UInt64(i))
        return point + 5.0.squareRoot() * stream.normal()
      }
      let estimate = try estimator.logRatio(x: x, theta: [point])
      for (value, x) in zip(estimate, x) {
        let d = value - GaussianToy.logRatio(x: x, theta: point)
        sum += d * d
        count += 1
      }
    }
    return sum / count
  }

  /// Errors reached here are 0.005 (alices) to 0.1 (carl); a wrong sign of L, r or t gives more than 0.5, since the spread of
  /// log r is about 1. ROLR's loss is dominated by few rows, hence the wider bound.
  @Test(arguments: [
    (RatioMethod.carl, 0.3), (.alice, 0.1), (.alices, 0.06), (.rolr, 0.4), (.cascal, 0.2),
    (.rascal, 0.4),
  ])
  func learnsTheExactRatio(method: RatioMethod, bound: Double) throws {
    #expect(try Self.error(Self.train(method)) < bound)
  }

  @Test func doublePrecisionLearnsTheSame() throws {
    var plan = Self.plan()
    plan.precision = .float64
    #expect(try Self.error(Self.train(.alice, plan: plan)) < 0.1)
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let one = try Self.train(.alices, rows: 3000)
    for threads in [2, 3] {
      let other = try Self.train(.alices, rows: 3000, threads: threads)
      #expect(one.parameters == other.parameters)
      #expect(one.validationLoss == other.validationLoss)
    }
  }

  @Test func modelSurvivesItsDocument() throws {
    let model = try Self.train(.alice, rows: 2000)
    let again = try Model(document: model.document)
    #expect(again == model)
    let team = ThreadTeam(threads: 1)
    let x = [-1.0, 0.3, 2.5]
    let before = try Estimator([model], team: team).logRatio(x: x, theta: [1.5])
    let after = try Estimator([again], team: team).logRatio(x: x, theta: [1.5])
    #expect(before == after)
  }

  /// Central differences in double precision: step 1e-5 leaves an error of about 1e-9.
  @Test func gradientIsTheDerivative() throws {
    var plan = Self.plan()
    plan.precision = .float64
    let model = try Self.train(.alices, rows: 2000, plan: plan)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    let h = 1e-5
    for (x, point) in [(-1.0, 0.5), (2.0, -3.0), (0.0, 1.0)] {
      let (value, gradient) = try estimator.logRatioAndGradient(x: [x], theta: [point])
      let up = try estimator.logRatio(x: [x], theta: [point + h])[0]
      let down = try estimator.logRatio(x: [x], theta: [point - h])[0]
      #expect(abs(gradient[0] - (up - down) / (2 * h)) < 1e-7)
      #expect(abs(value[0] - (up + down) / 2) < 1e-7)
    }
  }

  /// The validation loss of the history is that of the finished model on the rows held out, so θ and x are scaled there as in
  /// training (learning.md 7.1 no. 8). Double precision: sums of 1000 terms in other orders.
  @Test func validationLossIsTheModelsOwn() throws {
    var plan = Self.plan()
    plan.precision = .float64
    plan.training.epochs = 3
    let sample = try TrainingRows(
      GaussianToy.ratioSample(rows: 4000, seed: 1), columns: EstimatorTrainer.columns(for: .carl))
    let team = ThreadTeam(threads: 1)
    let model = try EstimatorTrainer(plan: plan, team: team, journal: Journal()).trainRatio(
      sample, method: .carl)
    let held = sample.split(
      validationFraction: plan.validationFraction, seed: plan.training.seed
    ).validation.map { Int($0) }
    let logs = try Estimator([model], team: team).logRatio(
      x: held.map { sample.x[$0] }, theta: held.map { sample.theta[$0] })
    var loss = 0.0
    for (row, value) in zip(held, logs) {
      loss += softplus(sample.labels[row] == 1 ? value : -value) / Double(held.count)
    }
    #expect(held.count > 800 && abs(loss - model.validationLoss[model.bestEpoch]) < 1e-10)
  }

  /// Without validation rows a training has all its epochs and ends with the last (learning.md 7.2: a split of 0).
  @Test func noValidationIsNoEarlyEnd() throws {
    var plan = Self.plan()
    plan.training.epochs = 4
    plan.validationFraction = 0
    let model = try Self.train(.alice, rows: 2000, plan: plan)
    #expect(model.trainingLoss.count == 4 && model.validationLoss.isEmpty)
    #expect(model.trainingLoss[3] < model.trainingLoss[0] && model.bestEpoch == 3)
  }

  /// The stored parameters must be those of the epoch with the lowest validation loss, not of the last.
  /// (learning.md 7.1 no. 1.)
  @Test func bestEpochIsRestored() throws {
    var plan = Self.plan()
    plan.hidden = [50, 50]
    plan.training.epochs = 40
    plan.training.initialRate = 2e-2
    plan.training.finalRate = 2e-2
    let model = try Self.train(.carl, rows: 600, plan: plan)
    let lowest = try #require(model.validationLoss.min())
    #expect(model.validationLoss[model.bestEpoch] == lowest)
    #expect(model.bestEpoch < 39, "the toy is meant to over-train")
  }

  /// learning.md 7.1 no. 15.
  @Test func averagesOfModelsAreMeansOfLogRatios() throws {
    let a = try Self.train(.alice, rows: 2000)
    var plan = Self.plan()
    plan.training.seed = 8
    let b = try Self.train(.alice, rows: 2000, plan: plan)
    let team = ThreadTeam(threads: 1)
    let one = try Estimator([a], team: team).logRatio(x: [1.0], theta: [2])[0]
    let two = try Estimator([b], team: team).logRatio(x: [1.0], theta: [2])[0]
    let both = try Estimator([a, b], team: team).logRatio(x: [1.0], theta: [2])[0]
    #expect(one != two)
    #expect(both == (one + two) / 2)
  }

  @Test func outsideOfTheTrainingRangeIsNamed() throws {
    let estimator = try Estimator(
      [Self.train(.alice, rows: 2000)], team: ThreadTeam(threads: 1))
    #expect(estimator.outsideTrainingRange([3.5]).isEmpty)
    #expect(estimator.outsideTrainingRange([4.5]) == ["theta"])
  }

  /// Rows count by their weights: those of weight 0 as if they were not there, and 2 as twice.
  @Test func comparisonWeighsRows() throws {
    let model = try Self.train(.alices, rows: 2000)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    var sample = try TrainingRows(
      GaussianToy.ratioSample(rows: 400, seed: 2), columns: [.theta, .labels, .logRatios, .scores])
    let half = try TrainingRows(
      GaussianToy.ratioSample(rows: 200, seed: 2), columns: [.theta, .labels, .logRatios, .scores])
    let expected = try EstimatorComparison(half, estimator: estimator)
    sample.weights = (0..<400).map { $0 < 200 ? 2 : 0 }
    let weighted = try EstimatorComparison(sample, estimator: estimator)
    for path in [
      \EstimatorComparison.meanSquaredError, \.meanRatioDenominator, \.meanInverseNumerator,
      \.scoreErrors[0],
    ] {
      let (a, b) = (weighted[keyPath: path], expected[keyPath: path])
      #expect(abs(a / b - 1) < 1e-12)
    }
  }

  @Test func comparisonFindsSmallErrorsAndIdentities() throws {
    let model = try Self.train(.alices)
    let sample = try TrainingRows(
      GaussianToy.ratioSample(rows: 8000, seed: 2),
      columns: [.theta, .labels, .logRatios, .scores])
    let result = try EstimatorComparison(
      sample, estimator: Estimator([model], team: ThreadTeam(threads: 2)))
    #expect(result.rows == 8000 && result.infiniteRows == 0)
    #expect(result.trimmedError < result.meanSquaredError)
    // E[r | y = 1] = 1; over 4000 rows its spread is 0.2 for this prior.
    #expect(abs(result.meanRatioDenominator - 1) < 0.5)
    // E Var(t_xz | x) = 0.05 for the toy, plus the estimator's error.
    #expect(result.scoreErrors[0] > 0.04 && result.scoreErrors[0] < 0.08)
  }
}
