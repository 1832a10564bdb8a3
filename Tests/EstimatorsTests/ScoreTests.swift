import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Estimators

@Suite struct ScoreTests {
  /// t(x) = x/5 at θ = 0. The error allowed is a tenth of the spread of t (0.447); a target in the wrong units misses by 1.
  /// (learning.md 7.1 no. 9: the toy has the joint score (z − θ)/4.)
  @Test func learnsTheExactScore() throws {
    let sample = try TrainingRows(
      GaussianToy.scoreSample(rows: 20_000, seed: 4), columns: .scores)
    let model = try EstimatorTrainer(
      plan: RatioTests.plan(), team: ThreadTeam(threads: 2), journal: Journal()
    ).trainScore(sample)
    let estimator = try Estimator([model], team: ThreadTeam(threads: 1))
    for x in [-3.0, -1, 0, 1.5, 3] {
      #expect(abs(try estimator.score(x: [x, 0.3])[0] - x / 5) < 0.045)
    }
  }

  @Test func selectedObservablesAreTheInputs() throws {
    let sample = try TrainingRows(
      GaussianToy.scoreSample(rows: 500, seed: 4), columns: .scores, observables: ["noise"])
    #expect(sample.observableNames == ["noise"])
    #expect(sample.x.count == 500)
  }

  @Test func unknownObservableNamesTheOnesThereAre() throws {
    let source = GaussianToy.scoreSample(rows: 10, seed: 4)
    #expect {
      try TrainingRows(source, columns: .scores, observables: ["pt_x"])
    } throws: { error in
      guard let problem = error as? Problem else { return false }
      return problem.kind == .data && problem.fact.contains("pt_x")
        && problem.remedy?.contains("noise") == true
    }
  }

  @Test func missingColumnIsNamed() throws {
    let source = GaussianToy.scoreSample(rows: 10, seed: 4)
    #expect {
      try TrainingRows(source, columns: .logRatios)
    } throws: { error in
      (error as? Problem)?.kind == .data && (error as? Problem)?.fact.contains("log_r_xz") == true
    }
  }

  /// A value that is not a number must stop the training before it starts; an untrained model would be worse.
  /// (learning.md 7.1 no. 13.)
  @Test func undefinedObservableIsRefusedWithItsRow() throws {
    let good = GaussianToy.scoreSample(rows: 10, seed: 4)
    var batch = try #require(good.next())
    var x = batch.columns[0].doubles
    x[7] = .nan
    batch.columns[0] = .float64(x)
    let source = MemorySource(name: "s.h5", header: good.header, batches: [batch])
    #expect {
      try TrainingRows(source, columns: .scores)
    } throws: { error in
      (error as? Problem)?.line.contains("s.h5: row 4: observable noise is nan") == true
    }
  }

  /// However often an event was drawn, its rows are on one side of the split.
  /// (learning.md 7.1 no. 5: no event is in training and validation.)
  @Test func splitGoesByEvent() throws {
    let sample = try TrainingRows(
      GaussianToy.ratioSample(rows: 5000, seed: 1, copies: 5), columns: [.theta, .labels])
    let (training, validation) = sample.split(validationFraction: 0.25, seed: 1)
    let a = Set(training.map { sample.eventIDs[Int($0)] })
    let b = Set(validation.map { sample.eventIDs[Int($0)] })
    #expect(a.isDisjoint(with: b))
    #expect(training.count + validation.count == 5000)
    // 1000 events at 25 %: five standard deviations are 0.07.
    #expect(abs(Double(validation.count) / 5000 - 0.25) < 0.07)
  }

  @Test(arguments: ["0,5", "10,-3", "ten"])
  func hiddenLayersMustBeNumbers(text: String) {
    var choices = TrainingChoices()
    choices.hidden = text
    #expect(throws: Problem.self) {
      _ = try EstimatorTrainer(
        plan: TrainingPlan(choices), team: ThreadTeam(threads: 1), journal: Journal())
    }
  }

  /// A huge rate must end in a message, not in a model of NaN.
  @Test func divergenceIsAnError() throws {
    var plan = RatioTests.plan()
    plan.training.optimiser = .sgd(momentum: 0)
    plan.training.initialRate = 1e30
    plan.training.finalRate = 1e30
    let sample = try TrainingRows(
      GaussianToy.scoreSample(rows: 500, seed: 4), columns: .scores)
    let trainer = try EstimatorTrainer(
      plan: plan, team: ThreadTeam(threads: 1), journal: Journal())
    #expect {
      try trainer.trainScore(sample)
    } throws: { error in
      (error as? Problem)?.fact.hasPrefix("training diverged in epoch") == true
    }
  }
}
