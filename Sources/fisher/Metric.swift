import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct Metric: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "metric", abstract: "Information on a grid of one to four parameters: a metric.",
    discussion: """
      Of the truth; with --observable of a histogram (bins by cross section are those at --theta); with --model what the \
      model retains. Parameters without an axis stay at --theta. 'fisher distance' and 'fisher geodesic' read it.
      """)

  @OptionGroup var grid: GridOption
  @OptionGroup var histogram: HistogramOptions
  @OptionGroup var model: ModelsOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func validate() throws {
    if !histogram.observable.isEmpty, !model.model.isEmpty {
      throw ValidationError("--observable and --model are two kinds of information; give one")
    }
  }

  func execute(_ context: CommandContext) throws {
    let axes = try grid.axes()
    let geometry =
      try model.model.isEmpty ? ofEvents(axes, context) : ofModels(axes, context)
    try context.report(
      text: GeometryText(geometry).text, document: geometry.document, kind: .geometry,
      output: options.output)
  }

  private func ofEvents(_ axes: [GridAxis], _ context: CommandContext) throws -> Geometry {
    let input = try InformationInput(
      options, columns: histogram.observable, acceptsBins: histogram.observable.isEmpty,
      context: context)
    var table = input.bins?.table
    if !histogram.observable.isEmpty {
      let events = try input.requireEvents()
      table = try events.fill(
        axes: BinSpecification.axes(histogram.requireAxes(), events, theta: input.theta))
    }
    let model = try table.map {
      try BinnedModel($0, morphing: input.point.morphing, freeNorms: input.freeNorms)
    }
    return try Geometry.metric(
      axes: axes, setup: input.setup, theta: input.theta, luminosity: input.luminosity,
      source: model == nil ? "truth" : model?.table.axes.isEmpty == true ? "rate" : "histogram",
      journal: context.journal
    ) { theta in
      guard let model else {
        let events = try input.requireEvents()
        return try FisherInformation.truth(
          events, at: events.point(theta), space: input.space, freeNorms: input.freeNorms,
          luminosity: input.luminosity, journal: context.journal)
      }
      return try FisherInformation.binned(
        model, at: theta, space: input.space, luminosity: input.luminosity, name: "histogram",
        journal: context.journal)
    }
  }

  private func ofModels(_ axes: [GridAxis], _ context: CommandContext) throws -> Geometry {
    let detector = try DetectorInput(
      options, model: model, partition: partition, columns: [], context: context)
    let input = detector.input
    return try Geometry.metric(
      axes: axes, setup: input.setup, theta: input.theta, luminosity: input.luminosity,
      source: "retained", journal: context.journal
    ) { theta in
      try DetectorInformation(
        input.requireEvents(), part: detector.part, models: detector.models, theta: theta,
        luminosity: input.luminosity, space: input.space, freeNorms: input.freeNorms,
        journal: context.journal
      ).entries()[0]
    }
  }
}
