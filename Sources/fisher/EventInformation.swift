import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference
import Numerics

struct TruthInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "truth", abstract: "Information of all that is known of each event at parton level.",
    discussion: "Every event is a bin of its own: an upper bound for any measurement.")

  @OptionGroup var replicas: ReplicaOptions
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try InformationInput(options, context: context)
    let entries = try input.entries(replicas) { events in
      [
        try FisherInformation.truth(
          events, at: input.point, space: input.space, freeNorms: input.freeNorms,
          luminosity: input.luminosity, journal: context.journal)
      ]
    }
    try context.report(
      input.information(entries: entries, note: replicas.note), output: options.output)
  }
}

struct RateInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "rate", abstract: "Information of the number of events alone.",
    discussion: "Reads events, or a table of bins made by 'fisher bins'.")

  @OptionGroup var replicas: ReplicaOptions
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try InformationInput(options, acceptsBins: true, context: context)
    if input.bins != nil { try replicas.refuseBins() }
    let varied = input.needsVariedPairs(replicas)
    let entries =
      input.bins != nil
      ? [try input.binned(input.total, name: "rate")]
      : try input.entries(replicas) {
        [
          try input.binned(
            varied ? $0.fill(axes: [], variedPairs: true) : $0.total, name: "rate", errors: varied)
        ]
      }
    try context.report(
      input.information(entries: entries, note: replicas.note), output: options.output)
  }
}

struct HistogramInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "histogram", abstract: "Information of a histogram of one or more observables, with its rate.",
    discussion: """
      The outermost bins are open-ended; a value equal to an edge is above it. Reads events, or a table of bins made by \
      'fisher bins'. With --model, expressions may name the estimated scores: t_cHW for parameter cHW.
      """)

  @OptionGroup var histogram: HistogramOptions
  @OptionGroup var model: ModelsOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var replicas: ReplicaOptions
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try InformationInput(
      options, columns: histogram.observable, models: context.readModels(model),
      acceptsBins: histogram.observable.isEmpty, partition: partition.partition,
      context: context)
    let entries: [Information.Entry]
    if let bins = input.bins {
      try replicas.refuseBins()
      guard !bins.table.axes.isEmpty else {
        throw Problem(.data, "this table has no axis", remedy: "use fisher rate")
      }
      bins.table.warnAboutSimulation(at: input.point, journal: context.journal)
      entries = [try input.binned(bins.table, name: "histogram")]
    } else {
      let axes = try BinSpecification.axes(
        histogram.requireAxes(), input.requireEvents(), theta: input.theta)
      try input.requireEvents().fill(axes: axes).warnAboutSimulation(
        at: input.point, journal: context.journal)
      let varied = input.needsVariedPairs(replicas)
      entries = try input.entries(replicas) {
        [
          try input.binned(
            $0.fill(axes: axes, variedPairs: varied), name: "histogram", errors: varied)
        ]
      }
    }
    try context.report(
      input.information(
        entries: entries, partition: partition.partition, note: replicas.note),
      output: options.output)
  }
}

/// Trained models, and the denominator of those that take any.
struct ModelsOptions: ParsableArguments {
  @OptionGroup var models: ModelOption
  @OptionGroup var denominator: DenominatorOption

  var model: [String] { models.model }
}

extension CommandContext {
  /// The trained models of an option.
  func readModels(_ options: ModelsOptions) throws -> [TrainedModel] {
    let team = ThreadTeam(threads: threads)
    return try options.model.map {
      let model = try readModel($0)
      return try TrainedModel(
        model, name: $0,
        denominator: options.denominator.resolve(model.first.sample.setup), team: team)
    }
  }
}
