import Diagnostics
import EventModel
import Networks
import Numerics

/// Which members of an ensemble a training makes.
public struct EnsembleChoice: Sendable, Equatable {
  /// Members of the whole ensemble.
  public var count: Int
  /// The one to train, from 1; nil trains all.
  public var only: Int?

  /// A network alone.
  public init() { count = 1 }

  /// - Parameters:
  ///   - members: N, or nil.
  ///   - member: `K/N`, or nil. Throws `.usage` for what cannot be read.
  public init(members: Int?, member: String?) throws {
    count = members ?? 1
    guard count >= 1, count <= 10_000 else {
      throw Problem(.usage, "--members takes a number from 1 to 10000")
    }
    guard let member else { return }
    let parts = member.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard members == nil else {
      throw Problem(
        .usage, "--members and --member '\(member)' are both given",
        remedy: "write --member K/N alone for one member, or --members N for all")
    }
    guard parts.count == 2, let number = parts[0], let whole = parts[1], whole <= 10_000,
      (1...max(1, whole)).contains(number)
    else {
      throw Problem(
        .usage, "--member '\(member)' is not K/N with 1 <= K <= N", remedy: "write 3/8")
    }
    (count, only) = (whole, number)
  }

  /// Numbers of the members to train.
  var numbers: [Int] { only.map { [$0] } ?? Array(1...count) }
}

extension EstimatorTrainer {
  /// Trains the members that the plan asks for, all of them epoch by epoch, and makes their model.
  ///
  /// Each member is trained on one thread while there are as many members as threads, the rest with all threads; bits do not
  /// depend on that.
  /// - Parameters:
  ///   - title: what the training is, for checkpoints, beside the plan.
  ///   - make: the training of a member, from a trainer with its number and the first rows.
  func train(
    _ feed: TrainingFeed, title: [(name: String, value: String)], checkpoint: Checkpointing?,
    _ make: (EstimatorTrainer, TrainingRows) throws -> any MemberTraining
  ) throws -> ModelEnsemble {
    let numbers = plan.ensemble.numbers
    let members = try numbers.map { try make(self.member($0), feed.first) }
    let identity =
      title + plan.identity + [("rows", "\(feed.first.count)"), ("sample", feed.first.digest)]
    var epoch = 0
    if let checkpoint, let document = checkpoint.document {
      do {
        let saved = try TrainingCheckpoint(document: document)
        try saved.requireFit(identity, count: members.count)
        for (member, state) in zip(members, saved.states) where !member.resume(state) {
          throw TrainingCheckpoint.unfit("its networks have other sizes")
        }
      } catch let problem as Problem {
        throw checkpoint.file.map(problem.inFile) ?? problem
      }
      epoch = members.map(\.epoch).max() ?? 0
      journal.note("taken up after epoch \(epoch)")
      if feed.isFresh { for past in 1..<max(1, epoch) { _ = try feed.rows(epoch: past + 1) } }
    }
    while members.contains(where: { !$0.isOver }) {
      epoch += 1
      let fresh = feed.isFresh && epoch > 1 ? try feed.rows(epoch: epoch) : nil
      try advance(members, numbers, on: fresh, epoch: epoch)
      let isOver = members.allSatisfy(\.isOver)
      if let checkpoint, isOver || epoch % checkpoint.every == 0 {
        try checkpoint.save(
          TrainingCheckpoint(identity: identity, states: members.map(\.state)).document)
      }
    }
    return try ModelEnsemble.merged(
      zip(numbers, members).map { number, member in
        var model = try member.model()
        if plan.ensemble.count > 1 {
          model.member = EnsembleMember(number: number, count: plan.ensemble.count)
        }
        return ("member \(number)", ModelEnsemble(model))
      })
  }

  /// Trains a single network to its end.
  func train(_ member: any MemberTraining) throws -> Model {
    while !member.isOver { _ = try member.advance(on: nil, team: team) }
    return try member.model()
  }

  /// The trainer of a member.
  private func member(_ number: Int) throws -> EstimatorTrainer {
    var trainer = self
    trainer.plan.training.member = UInt32(number - 1)
    guard let earlier = plan.continuing?.members, !earlier.isEmpty else { return trainer }
    let start = earlier[earlier.count == 1 ? 0 : number - 1]
    trainer.start = start
    trainer.plan.training.earlierEpochs = start.trainingLoss.count
    return trainer
  }

  private func advance(
    _ members: [any MemberTraining], _ numbers: [Int], on fresh: TrainingRows?, epoch: Int
  ) throws {
    let active = members.indices.filter { !members[$0].isOver }
    // Whole rounds of a thread each; who is left gets all threads.
    let together = team.threads > 1 ? active.count / team.threads * team.threads : 0
    let alone = ThreadTeam(threads: 1)
    var reports = try team.mapBlocks(count: together) { i in
      try members[active[i]].advance(on: fresh, team: alone)
    }
    for i in active[together...] {
      reports.append(try members[i].advance(on: fresh, team: team))
    }
    journal.progress("epoch", epoch, of: plan.training.epochs)
    for (i, report) in zip(active, reports) {
      let name = members.count > 1 ? "member \(numbers[i]), " : ""
      journal.note(
        "\(name)epoch \(report.epoch) of \(report.epochs): training loss \(report.trainingLoss)"
          + (report.validationLoss.map { ", validation loss \($0)" } ?? ""))
    }
  }
}
