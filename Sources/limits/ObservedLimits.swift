import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct ObservedLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "observed", abstract: "Limits from observed events.",
    discussion: "The events on the command line are the simulation that gives cross sections.")

  @Option(
    help: ArgumentHelp(
      "Observed events with the same observables. Required.", valueName: "file"),
    completion: .file())
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Column of the observed events that says how many events each stands for; by default one.",
      valueName: "column"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "Number of observed events that the rows of --data stand for; by default their number, or the sum of --weights.",
      valueName: "n"))
  var nObserved: Double?

  @OptionGroup var options: LimitOptions
  var common: CommonOptions { options.common }

  func validate() throws {
    if let nObserved, !(nObserved >= 0 && nObserved.isFinite) {
      throw ValidationError("--n-observed takes a number of events")
    }
  }

  func execute(_ context: CommandContext) throws {
    guard let data else {
      throw Problem(.usage, "the observed events are missing", remedy: "give --data FILE")
    }
    let input = try LimitInput(options, theta: nil, context: context)
    let observed = try ObservedEvents(
      context.openTable(
        data, expecting: [.events, .sample], options: options.input.reading.options))
    do {
      var limits = try limits(input, observed)
      limits.notes += input.notes
      try context.report(
        text: LimitsText(limits, withPoints: options.points).text, document: limits.document,
        kind: .limits, output: options.output)
    } catch let problem as Problem where problem.place != nil {
      throw problem.inFile(data)
    }
  }

  private func limits(_ input: LimitInput, _ observed: ObservedEvents) throws -> Limits {
    let source = input.source
    let settings = try options.grid.settings(source)
    let weights = try weights.map { try observed.columns([$0]) }
    func columns(_ values: [Double]) -> ObservedColumns {
      ObservedColumns(
        values: values, rowCount: observed.count, weights: weights, eventCount: nObserved)
    }
    if let scores = input.scores {
      let values = try scores.columns.values(
        observed.values, names: observed.names, file: observed.file)
      guard scores.statistic == .sally else {
        return try source.observed(
          scores.statistic, columns: scores.columns, bins: input.turningBins(), columns(values),
          settings: settings)
      }
      return try source.observed(
        axes: input.axes(), mode: .score, columns(values), settings: settings)
    }
    guard !input.models.isEmpty else {
      return try source.observed(
        axes: input.axes(), columns(observed.columns(options.histogram.observable)),
        settings: settings)
    }
    return try source.observed(
      models: input.models, x: input.models.map { try observed.columns($0.observableNames) },
      columns([]), settings: settings)
  }
}
