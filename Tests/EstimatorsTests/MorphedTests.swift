import Diagnostics
import EventModel
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// The morphing-aware network on the toy of two helicity amplitudes.
@Suite struct MorphedTests {
  private static func train(
    _ method: RatioMethod, rows: Int = 20_000, threads: Int = 1,
    precision: TrainingPlan.Precision = .float32
  ) throws -> Model {
    let sample = try TrainingRows(
      AmplitudeToy.sample(rows: rows, seed: 1), columns: EstimatorTrainer.columns(for: method))
    var plan = RatioTests.plan()
    plan.training.epochs = 8
    plan.precision = precision
    return try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: threads), journal: Journal())
      .trainRatio(sample, method: method, network: .morphingAware)
  }

  /// The variance of log r over the grid is 0.2; a wrong sign or weight gives more than 0.1.
  @Test(arguments: [
    (RatioMethod.carl, 0.05), (.rolr, 0.05), (.alice, 0.01), (.cascal, 0.05), (.rascal, 0.05),
    (.alices, 0.02),
  ])
  func learnsTheExactRatio(method: RatioMethod, bound: Double) throws {
    let estimator = try Estimator([Self.train(method)], team: ThreadTeam(threads: 1))
    let grid = stride(from: -0.95, through: 0.95, by: 0.1).map { $0 }
    var sum = 0.0
    for theta in grid {
      for (x, value) in zip(grid, try estimator.logRatio(x: grid, theta: [theta])) {
        let d = value - AmplitudeToy.logRatio(x: x, theta: theta)
        sum += d * d
      }
    }
    let error = sum / Double(grid.count * grid.count)
    #expect(error < bound, "\(error)")
  }

  @Test func scoreIsTheDerivativeAndRowsMayHaveTheirOwnTheta() throws {
    let model = try Self.train(.alices, rows: 2000, precision: .float64)
    #expect(model.morphed?.outputs == 3 && model.layerWidths == [1, 20, 20, 3])
    #expect(try Model(document: model.document) == model)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    let (x, own) = ([-0.8, 0.1, 0.7], [0.4, -0.2, 0.9])
    let (values, gradient) = try estimator.logRatioAndGradient(x: x, theta: own)
    for i in x.indices {
      #expect(try estimator.logRatio(x: [x[i]], theta: [own[i]]) == [values[i]])
      let up = try estimator.logRatio(x: [x[i]], theta: [own[i] + 1e-5])[0]
      let down = try estimator.logRatio(x: [x[i]], theta: [own[i] - 1e-5])[0]
      #expect(abs((up - down) / 2e-5 - gradient[i]) < 1e-7)
    }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let one = try Self.train(.alices, rows: 3000)
    for threads in [2, 3] { #expect(try Self.train(.alices, rows: 3000, threads: threads) == one) }
  }

  @Test func brokenModelsAndSetupsWithoutMorphing() throws {
    var broken = try Self.train(.alice, rows: 500).document
    broken.set("model/network/component_coefficients", [1.0])
    #expect(throws: Problem.self) { try Model(document: broken) }
    var sample = try TrainingRows(
      AmplitudeToy.sample(rows: 500, seed: 1), columns: EstimatorTrainer.columns(for: .carl))
    sample.info.setup.morphing = nil
    let trainer = try EstimatorTrainer(
      plan: RatioTests.plan(), team: ThreadTeam(threads: 1), journal: Journal())
    let problem = #expect(throws: Problem.self) {
      try trainer.trainRatio(sample, method: .carl, network: .morphingAware)
    }
    #expect(problem?.kind == .data)
  }
}
