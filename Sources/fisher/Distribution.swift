import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct Distribution: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "distribution", abstract: "How the information is distributed over an observable.",
    discussion: """
      For each bin the information of the truth, of the bin's rate, and with --model that of the estimated score; those of \
      truth and of the score sum to the total. On theta alone: nuisance parameters are kept at 0.
      """)

  @OptionGroup var histogram: HistogramOptions
  @OptionGroup var model: ModelsOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    var options = options
    options.parameters.nuisance = .none
    options.parameters.freeNorm = []
    guard try histogram.requireAxes().count == 1 else {
      throw Problem(
        .usage, "information is distributed over one observable",
        remedy: "give --observable once, or use fisher histogram")
    }
    let models =
      model.model.isEmpty
      ? nil
      : try DetectorInput(
        options, model: model, partition: partition, columns: histogram.observable,
        context: context)
    let input =
      try models?.input
      ?? InformationInput(options, columns: histogram.observable, context: context)
    let events = try input.requireEvents()
    let axis = try BinSpecification.axes(
      histogram.requireAxes(), events, theta: input.theta)[0]
    try events.fill(axes: [axis]).warnAboutSimulation(at: input.point, journal: context.journal)
    let detector = try models?.detector(space: nil)
    let distribution = try DistributedInformation.distribution(
      events, axis: axis, at: input.point, luminosity: input.luminosity, detector: detector)
    let totals = try DistributedInformation.totals(
      of: distribution, events, at: input.point, luminosity: input.luminosity, detector: detector)
    var information = try input.information(entries: totals, partition: models?.part ?? .all)
    information.distribution = distribution
    information.notes.append("the matrices are sums over the bins of \(axis.observable)")
    try context.report(information, output: options.output)
  }
}
