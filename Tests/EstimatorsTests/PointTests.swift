import Diagnostics
import EventModel
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Ratios of two fixed hypotheses: point by point, networks of x alone.
@Suite struct PointTests {
  private static func train(_ method: RatioMethod) throws -> Model {
    let sample = try TrainingRows(
      GaussianToy.pairSample(rows: 10_000, seed: 3, theta0: 1.5...1.5, theta1: 0...0),
      columns: EstimatorTrainer.columns(for: method))
    var plan = RatioTests.plan()
    plan.training.epochs = 8
    return try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: 1), journal: Journal())
      .trainRatio(sample, method: method)
  }

  /// log r = 0.3 x − 0.225; its variance is 0.45. A wrong sign gives an error of 1.8.
  @Test(arguments: [RatioMethod.carl, .alice, .rolr])
  func theNetworkSeesTheObservablesAlone(method: RatioMethod) throws {
    let model = try Self.train(method)
    #expect(model.layerWidths[0] == 1 && model.fixedParameters == [0])
    #expect(try Model(document: model.document) == model)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    let x = stride(from: -3.0, through: 4.0, by: 0.5).map { $0 }
    let error = try zip(x, estimator.logRatio(x: x, theta: [1.5])).reduce(0) {
      let d = $1.1 - GaussianToy.logRatio(x: $1.0, theta: 1.5)
      return $0 + d * d / Double(x.count)
    }
    #expect(error < 0.06, "\(error)")
  }

  @Test func otherPointsAreRefused() throws {
    let estimator = try Estimator([Self.train(.carl)], team: ThreadTeam(threads: 1))
    let problem = #expect(throws: Problem.self) { try estimator.logRatio(x: [1], theta: [1]) }
    #expect(
      problem?.fact == "the model is asked for theta=1.0, and knows theta=1.5 only"
        && problem?.kind == .data)
    #expect(throws: Problem.self) { try estimator.logRatio(x: [1, 2], theta: [1.5, 1]) }
    #expect(throws: Problem.self) { try estimator.score(x: [1], theta: [1.5]) }
    // The ratio of the denominator to itself is known all the same.
    #expect(try estimator.logRatio(x: [1, 2], theta: [0]) == [0, 0])
  }

  /// Joint scores give the derivative at the point: (x − 1.5)/5, though θ never moved.
  @Test func scoresTeachTheDerivative() throws {
    let model = try Self.train(.alices)
    #expect(model.layerWidths[0] == 2 && model.fixedParameters.isEmpty)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    for x in [-1.0, 1.5, 4] {
      #expect(abs(try estimator.score(x: [x], theta: [1.5])[0] - (x - 1.5) / 5) < 0.1)
    }
    #expect(throws: Problem.self) { try estimator.logRatio(x: [1], theta: [1]) }
  }
}
