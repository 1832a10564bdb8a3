import Diagnostics
import EventModel
import Networks
import Numerics
import Testing

@testable import Estimators

/// Ratios that are 1 at θ1 by construction, on the Gaussian toy.
@Suite struct AnchoredTests {
  private static func train(
    _ method: RatioMethod, _ network: TrainingPlan.NetworkKind?, threads: Int = 1,
    rows: Int = 20_000, continuing: Model? = nil
  ) throws -> Model {
    let sample = try TrainingRows(
      GaussianToy.ratioSample(rows: rows, seed: 1), columns: EstimatorTrainer.columns(for: method))
    var plan = RatioTests.plan()
    plan.continuing = continuing.map { ModelEnsemble($0) }
    var trainer = try EstimatorTrainer(
      plan: plan, team: ThreadTeam(threads: threads), journal: Journal())
    trainer.start = continuing
    return try trainer.trainRatio(sample, method: method, network: network)
  }

  /// Labels alone leave CASCAL with about 0.02; the anchor takes the larger part of their noise away (here a fifth is left).
  @Test func labelsAreNeededForLess() throws {
    let free = try RatioTests.error(Self.train(.cascal, .perceptron))
    let anchored = try RatioTests.error(Self.train(.cascal, nil))
    #expect(anchored < 0.5 * free, "\(anchored) \(free)")
  }

  @Test(arguments: [(RatioMethod.carl, 0.3), (.alice, 0.1), (.alices, 0.06), (.rascal, 0.4)])
  func learnsTheExactRatio(method: RatioMethod, bound: Double) throws {
    #expect(try RatioTests.error(Self.train(method, .anchored)) < bound)
  }

  @Test func isOneAtTheDenominatorAndTheSameAtAnyThreads() throws {
    let model = try Self.train(.alices, .anchored, rows: 3000)
    #expect(model.isAnchored)
    for threads in [2, 3] {
      #expect(try Self.train(.alices, .anchored, threads: threads, rows: 3000) == model)
    }
    let copy = try Model(document: model.document)
    #expect(copy == model && copy.isAnchored)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    let x = [-3.0, 0.1, 7]
    #expect(try estimator.logRatio(x: x, theta: model.referenceTheta) == [0, 0, 0])
    // On a grid the first layer sums in another order: rounding of the scalar is left.
    let grid = try estimator.logRatios(x: x, points: model.referenceTheta + [1])
    for row in 0..<3 { #expect(abs(grid[2 * row]) < 1e-5 && abs(grid[2 * row + 1]) > 1e-3) }
  }

  /// The default is cascal's alone, and only with one θ1.
  @Test func whichNetworkIsTaken() throws {
    let one = try SampleInfo(document: GaussianToy.ratioSample(rows: 4, seed: 1).header.document)
    let two = try SampleInfo(document: GaussianToy.pairSample(rows: 4, seed: 1).header.document)
    for method in RatioMethod.allCases {
      #expect(
        try RatioPlan(method: method).resolved(one).network
          == (method == .cascal ? .anchored : .perceptron))
      #expect(try RatioPlan(method: method).resolved(two).network == .perceptron)
    }
    let problem = #expect(throws: Problem.self) {
      try RatioPlan(method: .alices, network: .anchored).resolved(two)
    }
    #expect(problem?.kind == .data && problem?.remedy != nil)
  }

  /// A network that is anchored means something else by the same weights.
  @Test func goesOnFromItsKindOnly() throws {
    let anchored = try Self.train(.alices, .anchored, rows: 2000)
    #expect(try Self.train(.alices, .anchored, rows: 2000, continuing: anchored).isAnchored)
    let problem = #expect(throws: Problem.self) {
      try Self.train(.alices, .perceptron, rows: 2000, continuing: anchored)
    }
    #expect(problem?.fact.contains("anchored") == true)
  }
}
