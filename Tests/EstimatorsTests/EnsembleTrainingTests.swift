import Diagnostics
import EventModel
import Networks
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Ensembles, trainings that go on, and states of trainings.
@Suite struct EnsembleTrainingTests {
  private struct Interrupted: Error {}

  static func plan(_ ensemble: EnsembleChoice = EnsembleChoice(), epochs: Int = 4) throws
    -> TrainingPlan
  {
    var plan = try FreshRowsTests.plan(epochs: epochs)
    plan.ensemble = ensemble
    plan.dropout = 0.1
    return plan
  }

  static func feed(_ isFresh: Bool = false) throws -> TrainingFeed {
    try TrainingFeed(
      FreshRowsTests.source(rows: 900), columns: FreshRowsTests.columns,
      rows: isFresh ? 200 : nil, epochRows: isFresh ? 150 : nil,
      reopen: { try FreshRowsTests.source(rows: 900) })
  }

  static func train(
    _ plan: TrainingPlan, threads: Int = 1, isFresh: Bool = false,
    checkpoint: Checkpointing? = nil
  ) throws -> ModelEnsemble {
    try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: threads), journal: Journal())
      .trainRatio(
        feed(isFresh), plan: RatioPlan(method: .alices), checkpoint: checkpoint)
  }

  /// learning.md 7.3: one thread for each member.
  @Test(arguments: [false, true])
  func membersDoNotDependOnThreads(isFresh: Bool) throws {
    let plan = try Self.plan(EnsembleChoice(members: 5, member: nil), epochs: 2)
    let one = try Self.train(plan, isFresh: isFresh)
    #expect(one.members.count == 5 && Set(one.members.map(\.parameters)).count == 5)
    #expect(Set(one.members.map(\.xMeans)).count == 5, "each has its own validation events")
    #expect(try Self.train(plan, threads: 2, isFresh: isFresh) == one)
    #expect(try Self.train(plan, threads: 3, isFresh: isFresh) == one)
  }

  @Test func membersTrainedAloneMakeTheSameModel() throws {
    let whole = try Self.train(Self.plan(EnsembleChoice(members: 3, member: nil)))
    let parts = try [2, 3, 1].map { k in
      ("\(k)", try Self.train(Self.plan(EnsembleChoice(members: nil, member: "\(k)/3"))))
    }
    #expect(try ModelEnsemble.merged(parts, allowMissing: false) == whole)
    #expect(try Self.train(Self.plan()).first.parameters == whole.first.parameters)
  }

  @Test func choicesOfMembers() throws {
    #expect(try EnsembleChoice(members: nil, member: "2/3").numbers == [2])
    #expect(try EnsembleChoice(members: 3, member: nil).numbers == [1, 2, 3])
    for text in ["0/3", "4/3", "1", "a/b", "1/2/3", ""] {
      #expect(throws: Problem.self) { try EnsembleChoice(members: nil, member: text) }
    }
    #expect(throws: Problem.self) { try EnsembleChoice(members: 4, member: "1/3") }
    #expect(throws: Problem.self) { try EnsembleChoice(members: 0, member: nil) }
  }

  /// A training that is stopped after its third epoch, and one that goes on from there.
  @Test(arguments: [false, true])
  func aTrainingThatIsTakenUpIsTheSame(isFresh: Bool) throws {
    let plan = try Self.plan(EnsembleChoice(members: 2, member: nil), epochs: 5)
    let whole = try Self.train(plan, isFresh: isFresh)
    var kept: Document?
    #expect(throws: Interrupted.self) {
      try Self.train(
        plan, isFresh: isFresh,
        checkpoint: Checkpointing(every: 1, document: nil) { document in
          kept = document
          if document.reals("checkpoint/members/1/training_loss")?.count == 3 {
            throw Interrupted()
          }
        })
    }
    var states = 0
    let rest = Checkpointing(every: 1, document: kept) { _ in states += 1 }
    #expect(try Self.train(plan, threads: 2, isFresh: isFresh, checkpoint: rest) == whole)
    #expect(states == 2)
  }

  @Test func aStateOfAnotherTrainingIsRefused() throws {
    var kept: Document?
    let plan = try Self.plan(epochs: 2)
    _ = try Self.train(
      plan, checkpoint: Checkpointing(every: 1, document: nil) { kept = $0 })
    let document = try #require(kept)
    func refusal(_ change: (inout TrainingPlan) throws -> Void) throws -> Problem? {
      var other = plan
      try change(&other)
      return #expect(throws: Problem.self) {
        try Self.train(
          other, checkpoint: Checkpointing(every: 1, document: document) { _ in })
      }
    }
    let epochs = try refusal { $0.training.epochs = 3 }
    #expect(epochs?.kind == .data && epochs?.fact.contains("its epochs is 2, here it is 3") == true)
    #expect(try refusal { $0.training.seed = 7 }?.fact.contains("seed") == true)
    #expect(try refusal { $0.hidden = [9] }?.fact.contains("hidden") == true)
    var broken = document
    broken["checkpoint/members/1/moments"] = nil
    let problem = #expect(throws: Problem.self) {
      try Self.train(plan, checkpoint: Checkpointing(every: 1, document: broken) { _ in })
    }
    #expect(problem?.place == "dataset checkpoint/members/1/moments")
  }

  /// Weights and scalings stay, and the history goes on; a training that makes nothing better gives the model back.
  /// (learning.md 7.1 no. 12: scalings are kept with the weights.)
  @Test func aContinuedTraining() throws {
    let start = try Self.train(Self.plan(EnsembleChoice(members: 2, member: nil), epochs: 3))
    var plan = try Self.plan(epochs: 2)
    plan.continuing = start
    // Steps that overshoot.
    plan.training.initialRate = 3
    plan.training.finalRate = 3
    let worse = try Self.train(plan)
    #expect(worse.members.count == 2)
    for (a, b) in zip(start.members, worse.members) {
      #expect(b.parameters == a.parameters && b.bestEpoch == a.bestEpoch)
      #expect(b.xMeans == a.xMeans && b.thetaScales == a.thetaScales && b.member == a.member)
      #expect(b.trainingLoss.count == 5 && Array(b.trainingLoss[..<3]) == a.trainingLoss)
      #expect(b.validationLoss.count == 5 && b.trainingScoreLoss.count == 5)
    }
    plan.training.initialRate = 1e-3
    plan.training.finalRate = 1e-3
    let better = try Self.train(plan)
    #expect(better.first.bestEpoch == 4 && better.first.xScales == start.first.xScales)
    #expect(better.first.parameters != start.first.parameters)
  }

  @Test func aModelThatCannotBeContinued() throws {
    let start = try Self.train(Self.plan(epochs: 1))
    func refusal(_ change: (inout Model) -> Void) throws -> Problem? {
      var model = start.first
      change(&model)
      var plan = try Self.plan(epochs: 1)
      plan.continuing = ModelEnsemble(model)
      return #expect(throws: Problem.self) { try Self.train(plan) }
    }
    #expect(try refusal { $0.observableNames = ["y"] }?.fact.contains("observables y") == true)
    #expect(try refusal { $0.referenceTheta = [1] }?.fact.contains("reference") == true)
    #expect(try refusal { $0.validationLoss = [] }?.kind == .usage)
    var choices = TrainingChoices()
    choices.hidden = "7"
    let problem = #expect(throws: Problem.self) {
      try EstimatorTrainer(
        plan: TrainingPlan(choices, continuing: start), team: ThreadTeam(threads: 1),
        journal: Journal())
    }
    #expect(problem?.fact == "--hidden is 8 in the model to continue")
  }
}
