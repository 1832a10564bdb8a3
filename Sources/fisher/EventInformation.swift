import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct TruthInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "truth", abstract: "Information of all that is known of each event at parton level.",
    discussion: "Every event is a bin of its own: an upper bound for any measurement.")

  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try InformationInput(options, observables: [], context: context)
    let entry = FisherInformation.truth(
      input.events, at: try input.events.point(input.theta),
      luminosity: input.luminosity.inversePicobarn, journal: context.journal)
    try context.report(input.information(entries: [entry]), output: options.output)
  }
}

struct RateInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "rate", abstract: "Information of the number of events alone.")

  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try InformationInput(options, observables: [], context: context)
    let entry = FisherInformation.binned(
      input.events.total, at: try input.events.point(input.theta),
      luminosity: input.luminosity.inversePicobarn, name: "rate", journal: context.journal)
    try context.report(input.information(entries: [entry]), output: options.output)
  }
}

struct HistogramInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "histogram", abstract: "Information of a histogram of one observable, with its rate.",
    discussion: "The outermost bins are open-ended; a value equal to an edge is above it.")

  @Option(help: ArgumentHelp("The observable on the axis. Required.", valueName: "name"))
  var observable: String?

  @OptionGroup var bins: BinsOption

  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    guard let observable else {
      throw Problem(.usage, "the observable is missing", remedy: "give --observable NAME")
    }
    let specification = try BinSpecification(parsing: bins.bins)
    let input = try InformationInput(options, observables: [observable], context: context)
    let edges = try specification.edges(
      input.events, observable: observable, theta: input.theta)
    let point = try input.events.point(input.theta)
    let luminosity = input.luminosity.inversePicobarn
    let entries = [
      FisherInformation.binned(
        try input.events.fill(observable, edges: edges), at: point, luminosity: luminosity,
        name: "histogram", journal: context.journal)
    ]
    try context.report(input.information(entries: entries), output: options.output)
  }
}
