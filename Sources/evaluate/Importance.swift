import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel

/// Events or a sample, and a model → how much worse the model is without each observable.
struct Importance: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "importance", abstract: "What each observable does for a model.",
    discussion: """
      Permutes the values of one observable at a time among the events, and prints by how much the \
      loss of the model grows: at the points for events, at the hypotheses of each row for a sample.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var model: ModelOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption
  @OptionGroup var events: TestEventOptions

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
    let source = try context.openTable(input, expecting: [.events, .sample])
    let importance =
      source.header.kind == .sample
      ? try ofSample(source, estimator, context) : try ofEvents(source, estimator, context)
    let (loss, gain, entries) = try importance.run()
    var table = TextTable(["observable", "share", "share_error", "increase", "increase_error"])
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
    document.set("importance/increase_errors", entries.map(\.error))
    try context.report(
      text: table.text, document: document, kind: .estimates, output: output)
  }

  private func ofEvents(
    _ source: any Source, _ estimator: Estimator, _ context: CommandContext
  ) throws -> PermutationImportance {
    let events = try self.events.events(source, estimator, part: .test, context)
    let points = try context.points(theta, grid, of: estimator, setup: events.setup)
    return try PermutationImportance(
      estimator: estimator, events: events, points: points.map(\.theta), repeats: repeats,
      seed: context.seed(seed), journal: context.journal)
  }

  private func ofSample(
    _ source: any Source, _ estimator: Estimator, _ context: CommandContext
  ) throws -> PermutationImportance {
    try events.refuse(
      for: source, [("--theta", !theta.theta.isEmpty), ("--grid", !grid.grid.isEmpty)])
    let sample = try TrainingRows(
      source, columns: PermutationImportance.columns(for: estimator, of: source.header),
      observables: estimator.observableNames)
    return try PermutationImportance(
      estimator: estimator, sample: sample, repeats: repeats, seed: context.seed(seed),
      journal: context.journal, file: source.name)
  }
}
