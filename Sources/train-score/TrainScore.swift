// Training sample → model of the score at a reference point. The sample, or what an epoch takes of it, is held in memory. See train-score(1).
import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Numerics

@main
struct TrainScore: Tool {
  static let configuration = CommandConfiguration.tool(
    "train-score", abstract: "Train a network to be the score at a reference point.",
    discussion: "Reads a sample made by 'augment score' and writes a model.")

  static var citations: [Citation] { [.toolkit, .guide, .mining] }

  enum Method: String, ExpressibleByArgument, CaseIterable { case sally, sallino }

  @OptionGroup var input: InputGroup
  @OptionGroup var observables: ObservablesOption

  @Option(
    help:
      "How the score is to be used: as it is (sally), or along one direction (sallino); training is the same."
  )
  var method = Method.sally

  @OptionGroup var training: TrainingOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: FileOutputGroup
  @OptionGroup var common: CommonOptions

  mutating func execute(_ context: CommandContext) throws {
    _ = try output.requirePath()
    let trainer = try EstimatorTrainer(
      plan: TrainingPlan(
        training.choices(seed: context.seed(seed)), continuing: context.continuedModel(training),
        file: training.continued),
      team: ThreadTeam(threads: context.threads), journal: context.journal)
    let source = try context.openTable(input, expecting: [.sample])
    var feed = try TrainingFeed(
      source, columns: [.scores, .scorePoint, .drawnAtTheta0], observables: observables.names(),
      rows: training.rows, epochRows: training.epochRows, reopen: context.reopener(input, source))
    feed.first.digest = context.digest(of: source)
    let model = try trainer.trainScore(
      feed, method: method.rawValue,
      checkpoint: context.checkpoint(training, output: output).map(Checkpointing.init))
    try context.finishTraining(model, training, output: output)
  }
}
