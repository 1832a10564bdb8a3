// Training sample → model of the density of the observables. The sample, or what an epoch takes of
// it, is held in memory. See train-density(1).
import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Networks
import Numerics

extension DensityMethod: ExpressibleByArgument {}

@main
struct TrainDensity: Tool {
  static let configuration = CommandConfiguration.tool(
    "train-density", abstract: "Train a flow to be the density of the observables at any theta.",
    discussion: "Reads a sample made by 'augment density' and writes a model.")

  static var citations: [Citation] { [.toolkit, .guide, .mining, .flows] }

  @OptionGroup var input: InputGroup
  @OptionGroup var observables: ObservablesOption

  @Option(help: "Loss to train with; the model is log p in every case.")
  var method = DensityMethod.scandal

  @Option(
    help: ArgumentHelp(
      "Weight of the score term, a mean over the components of the score; by default the method's.",
      valueName: "number"))
  var alpha: Double?

  @Option(
    help: ArgumentHelp(
      "Masked networks in the flow; the order of the observables alternates between them.",
      valueName: "n"))
  var flows = 5

  @Option(
    help: ArgumentHelp(
      "Base density of each observable: gaussian, or mixture:K of K Gaussians.", valueName: "name"))
  var base = "gaussian"

  @OptionGroup var training: TrainingOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: FileOutputGroup
  @OptionGroup var common: CommonOptions

  mutating func execute(_ context: CommandContext) throws {
    _ = try output.requirePath()
    guard alpha == nil || method != .nde else {
      throw Problem(
        .usage, "--method nde has no score term for --alpha to weigh",
        remedy: "leave --alpha away, or use scandal")
    }
    var choices = training.choices(seed: try context.seed(seed))
    choices.alpha = alpha
    let flow = try FlowPlan(flows: flows, base: base)
    let trainer = try EstimatorTrainer(
      plan: TrainingPlan(
        choices, continuing: context.continuedModel(training),
        file: training.continued),
      team: ThreadTeam(threads: context.threads), journal: context.journal)
    let source = try context.openTable(input, expecting: [.sample])
    var feed = try TrainingFeed(
      source, columns: EstimatorTrainer.columns(for: method), observables: observables.names(),
      rows: training.rows, epochRows: training.epochRows, reopen: context.reopener(input, source))
    feed.first.digest = context.digest(of: source)
    let model = try trainer.trainDensity(
      feed, method: method, flow: flow,
      checkpoint: context.checkpoint(training, output: output).map(Checkpointing.init))
    try context.finishTraining(model, training, output: output)
  }
}
