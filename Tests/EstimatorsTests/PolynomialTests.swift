import Diagnostics
import EventModel
import Glibc
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// The polynomial network on a toy of two helicity amplitudes whose ratio is known.
@Suite struct PolynomialTests {
  private static func train(
    _ method: RatioMethod, _ network: TrainingPlan.NetworkKind, rows: Int = 20_000,
    threads: Int = 1, change: (inout TrainingRows) -> Void = { _ in }
  ) throws -> Model {
    var sample = try TrainingRows(
      AmplitudeToy.sample(rows: rows, seed: 1), columns: EstimatorTrainer.columns(for: method))
    change(&sample)
    var plan = RatioTests.plan()
    plan.training.epochs = 8
    return try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: threads), journal: Journal())
      .trainRatio(sample, method: method, network: network)
  }

  private static let grid = stride(from: -0.95, through: 0.95, by: 0.1).map { $0 }

  /// Mean squared error of log r over x and θ.
  private static func error(_ model: Model) throws -> Double {
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    var sum = 0.0
    for theta in grid {
      for (x, value) in zip(grid, try estimator.logRatio(x: grid, theta: [theta])) {
        let d = value - AmplitudeToy.logRatio(x: x, theta: theta)
        sum += d * d
      }
    }
    return sum / Double(grid.count * grid.count)
  }

  /// The variance of log r over the grid is 0.2. A wrong sign, unit or frame gives more than 0.05; sampling of 20,000 rows
  /// leaves 0.001 or less where r is used, and ten times that where only labels are.
  @Test(arguments: [
    (RatioMethod.alice, 0.003), (.alices, 0.01), (.carl, 0.03),
  ])
  func learnsTheExactRatio(method: RatioMethod, bound: Double) throws {
    let error = try Self.error(Self.train(method, .polynomial))
    #expect(error < bound, "\(error)")
  }

  /// What the form promises: r̂ = 1 at θ1, and a mean of one over the rows of θ1 at every θ.
  @Test func normalisedAtEveryTheta() throws {
    let model = try Self.train(.alice, .polynomial, rows: 3000)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    let sample = try TrainingRows(
      AmplitudeToy.sample(rows: 3000, seed: 1), columns: [.theta, .labels])
    let x = sample.labels.indices.filter { sample.labels[$0] == 1 }.map { sample.x[$0] }
    for theta in [-1.0, -0.3, 0, 0.5, 2] {
      let ratios = try estimator.logRatio(x: x, theta: [theta]).map { exp($0) }
      let mean = ratios.reduce(0, +) / Double(x.count)
      #expect(abs(mean - 1) < 1e-9)
      if theta == 0 { #expect(ratios.allSatisfy { abs($0 - 1) < 1e-12 }) }
    }
  }

  @Test func scoreIsTheDerivativeAndRowsMayHaveTheirOwnTheta() throws {
    let estimator = try Estimator(
      [Self.train(.alices, .polynomial, rows: 2000)], team: ThreadTeam(threads: 1))
    let x = [-0.8, 0.1, 0.7]
    let own = [0.4, -0.2, 0.9]
    let (values, gradient) = try estimator.logRatioAndGradient(x: x, theta: own)
    for i in x.indices {
      let single = try estimator.logRatio(x: [x[i]], theta: [own[i]])
      #expect(single == [values[i]])
      let up = try estimator.logRatio(x: [x[i]], theta: [own[i] + 1e-5])[0]
      let down = try estimator.logRatio(x: [x[i]], theta: [own[i] - 1e-5])[0]
      #expect(abs((up - down) / 2e-5 - gradient[i]) < 1e-7)
    }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let one = try Self.train(.alices, .polynomial, rows: 3000)
    for threads in [2, 3] {
      #expect(try Self.train(.alices, .polynomial, rows: 3000, threads: threads) == one)
    }
  }

  @Test func modelSurvivesItsDocument() throws {
    let model = try Self.train(.alice, .polynomial, rows: 2000)
    #expect(try Model(document: model.document) == model)
    var broken = model.document
    broken.set("model/network/frame", [1.0])
    #expect(throws: Problem.self) { try Model(document: broken) }
  }

  @Test func refusals() throws {
    let truncated = #expect(throws: Problem.self) {
      try Self.train(.alice, .polynomial, rows: 500) { rows in
        rows.info.setup.morphing = MorphingSetup(
          components: [[0], [1]], matrix: [1, 0, -1, 1], benchmarkCount: 2)
      }
    }
    #expect(
      truncated?.fact == "the term theta of the cross section is no product of two amplitudes")
    let negative = #expect(throws: Problem.self) {
      try Self.train(.alice, .polynomial, rows: 500) { rows in
        rows.weights = [Double](repeating: 1, count: 500)
        rows.weights[3] = -1
      }
    }
    #expect(negative?.fact.hasPrefix("1 of 500 rows have negative weights") == true)
    let none = #expect(throws: Problem.self) {
      try Self.train(.alice, .polynomial, rows: 500) { $0.info.setup.morphing = nil }
    }
    #expect(none?.kind == .data)
  }
}
