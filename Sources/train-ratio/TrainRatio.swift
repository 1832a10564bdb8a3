// Training sample → model of the likelihood ratio. The sample, or what an epoch takes of it, is held in memory. See train-ratio(1).
import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Networks
import Numerics

extension RatioMethod: ExpressibleByArgument {}
extension TrainingPlan.NetworkKind: ExpressibleByArgument {}

@main
struct TrainRatio: Tool {
  static let configuration = CommandConfiguration.tool(
    "train-ratio", abstract: "Train a network to be the likelihood ratio.",
    discussion: "Reads a sample made by 'augment ratio' and writes a model.")

  static var citations: [Citation] { [.toolkit, .guide, .mining, .alices] }

  @OptionGroup var input: InputGroup
  @OptionGroup var observables: ObservablesOption

  @Option(help: "Loss to train with; the model is log r in every case.")
  var method = RatioMethod.alices

  @Option(
    help:
      "Network of theta and x, or the same less its output at theta1; or of x alone: a sum of squares polynomial in theta, or the morphed ratios of benchmarks. By default anchored for cascal, else perceptron."
  )
  var network: TrainingPlan.NetworkKind?

  @Option(
    help: ArgumentHelp(
      "Hypotheses that are inputs: 1, theta0 with the sample's theta1, or 2. By default 2 where theta1 varies in the sample.",
      valueName: "n"))
  var hypotheses: Int?

  @Option(
    help: ArgumentHelp(
      "Weight of the score term, a mean over the components of the score; by default the method's.",
      valueName: "number"))
  var alpha: Double?

  @OptionGroup var training: TrainingOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: FileOutputGroup
  @OptionGroup var common: CommonOptions

  mutating func execute(_ context: CommandContext) throws {
    _ = try output.requirePath()
    guard alpha == nil || method.usesScore else {
      throw Problem(
        .usage, "--method \(method.rawValue) has no score term for --alpha to weigh",
        remedy: "leave --alpha away, or use cascal, rascal or alices")
    }
    var choices = training.choices(seed: try context.seed(seed))
    choices.alpha = alpha
    let continued = try context.continuedModel(training)
    let trainer = try EstimatorTrainer(
      plan: TrainingPlan(choices, continuing: continued, file: training.continued),
      team: ThreadTeam(threads: context.threads), journal: context.journal)
    let source = try context.openTable(input, expecting: [.sample])
    let plan: RatioPlan
    do {
      plan = try RatioPlan(
        method: method, network: network ?? continued.map { .init(of: $0.first) },
        hypotheses: hypotheses
      ).resolved(SampleInfo(document: source.header.document))
    } catch let problem as Problem where problem.kind == .data {
      throw problem.inFile(source.name)
    }
    var feed = try TrainingFeed(
      source, columns: plan.columns, observables: observables.names(),
      rows: training.rows, epochRows: training.epochRows, reopen: context.reopener(input, source))
    try plan.check(feed.first, file: source.name)
    feed.first.digest = context.digest(of: source)
    let model = try trainer.trainRatio(
      feed, plan: plan,
      checkpoint: context.checkpoint(training, output: output).map(Checkpointing.init))
    try context.finishTraining(model, training, output: output)
  }
}
