import ArgumentParser
import CommandKit
import EventModel
import Inference

struct ExpectedLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "expected", abstract: "Limits for the average experiment (Asimov data) at a true point.",
    discussion: """
      With --model the log ratio of the models or a histogram of their scores, with --observable a histogram, with --truth \
      the joint ratio of each event (everything seen at parton level: no measurement), and with none of them the rate alone. \
      A table of bins made by 'fisher bins' stands for its histogram. Several files are channels, whose ln L is added.
      """)

  @OptionGroup var theta: ThetaOption
  @Flag(help: "Take the joint ratio of each event for the likelihood ratio.")
  var truth = false
  @OptionGroup var partition: PartitionOption
  @OptionGroup var options: LimitOptions
  var common: CommonOptions { options.common }

  func validate() throws {
    if truth, !options.histogram.observable.isEmpty || !options.model.model.isEmpty {
      throw ValidationError("--truth, --observable and --model are three kinds of limits; give one")
    }
    if partition.partition != nil, options.model.model.isEmpty {
      throw ValidationError("--partition is for --model; templates are of all events")
    }
  }

  func execute(_ context: CommandContext) throws {
    let input = try LimitInput(options, theta: theta, context: context)
    var limits = try limits(input, context)
    limits.notes += input.notes
    try context.report(
      text: LimitsText(limits, withPoints: options.points).text, document: limits.document,
      kind: .limits, output: options.output)
  }

  private func limits(_ input: LimitInput, _ context: CommandContext) throws -> Limits {
    let settings = try options.grid.settings(input.parameters)
    if let scores = input.scores, scores.statistic != .sally {
      let channel = try input.onlyChannel(scores.statistic)
      return try channel.source.expected(
        scores.statistic, columns: scores.columns, bins: input.turningBins(),
        thetaTrue: channel.thetaTrue, settings: settings)
    }
    let channels = try input.channels.map { channel in
      if truth { return try channel.source.truthChannel(thetaTrue: channel.thetaTrue) }
      guard !input.models.isEmpty else {
        return try channel.source.expectedChannel(
          axes: input.axes(channel), mode: input.scores == nil ? .histogram : .score,
          thetaTrue: channel.thetaTrue)
      }
      return try ratios(channel, input, context)
    }
    return try ChannelFit(channels, journal: context.journal).run(settings)
  }

  private func ratios(
    _ channel: LimitInput.Channel, _ input: LimitInput, _ context: CommandContext
  ) throws -> LimitChannel {
    let part = partition.partition ?? .test
    let events = try channel.source.simulation.requireEvents()
    for model in input.models {
      model.warnIfTrained(
        on: part, of: events.table, digest: channel.input.digest, journal: context.journal)
      model.warnIfMore(events, journal: context.journal)
    }
    return try channel.source.expectedChannel(
      models: input.models, part: part, thetaTrue: channel.thetaTrue)
  }
}
