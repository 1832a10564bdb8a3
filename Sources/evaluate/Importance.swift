import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel

/// Events and a model → how much worse the model is without each observable.
struct Importance: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "importance", abstract: "What each observable does for a model.",
    discussion: """
      Permutes the values of one observable at a time among the events, and prints by how much the \
      loss of the model grows.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var model: ModelOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var combination: CombineOption

  @Option(help: ArgumentHelp("Permutations of each observable.", valueName: "n"))
  var repeats = 3

  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard repeats > 0 else { throw ValidationError("--repeats takes a positive number") }
  }

  mutating func execute(_ context: CommandContext) throws {
    let estimator = try context.readEstimator(model)
    let events = try WeightedTestEvents(
      context.readEvents(input, observables: estimator.observableNames), estimator: estimator,
      part: partition.partition ?? .test, combination: combination.combine, file: input.path)
    let points = try context.points(theta, grid, setup: events.setup)
    let (loss, gain, entries) = try PermutationImportance(
      estimator: estimator, events: events, points: points.map(\.theta), repeats: repeats,
      seed: context.seed(seed), journal: context.journal
    ).run()
    var table = TextTable(["observable", "share", "error", "increase", "error"])
    for entry in entries {
      table.add(
        [entry.observable]
          + [entry.share, entry.shareError, entry.increase, entry.error].map {
            TextTable.number($0, digits: 4)
          })
    }
    var document = Document()
    document.set("importance/loss", loss)
    document.set("importance/gain", gain)
    document.set("importance/observables", entries.map(\.observable))
    document.set("importance/shares", entries.map(\.share))
    document.set("importance/share_errors", entries.map(\.shareError))
    document.set("importance/increases", entries.map(\.increase))
    document.set("importance/errors", entries.map(\.error))
    try context.report(text: table.text, document: document, output: output)
  }
}
