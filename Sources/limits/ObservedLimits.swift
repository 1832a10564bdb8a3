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
      "Observed events, of equal weight, with the same observables. Required.", valueName: "file"),
    completion: .file())
  var data: String?

  @OptionGroup var options: LimitOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    guard let data else {
      throw Problem(.usage, "the observed events are missing", remedy: "give --data FILE")
    }
    let input = try LimitInput(options, theta: nil, context: context)
    let settings = try options.settings(input.events.table.setup)
    let observed = try ObservedEvents(
      context.openTable(
        data, expecting: [.events, .sample], options: options.input.reading.options))
    do {
      var limits: Limits
      if input.models.isEmpty {
        let values =
          try options.observable.map { try observed.columns([$0]) }
          ?? [Double](repeating: 0, count: observed.count)
        limits = try input.source.observed(
          observable: options.observable, edges: input.edges(options), values: values,
          settings: settings)
      } else {
        limits = try input.source.observed(
          models: input.models, x: input.models.map { try observed.columns($0.observableNames) },
          count: observed.count, settings: settings)
        limits.notes = input.models.map(\.note)
      }
      try context.report(
        text: LimitsText(limits, withPoints: options.points).text, document: limits.document,
        kind: .limits, output: options.output)
    } catch let problem as Problem where problem.place != nil {
      throw problem.inFile(data)
    }
  }
}
