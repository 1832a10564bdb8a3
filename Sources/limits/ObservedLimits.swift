import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct ObservedLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "observed", abstract: "Limits from observed events.",
    discussion: """
      The events on the command line are the simulation that gives cross sections, or a table of bins made by 'fisher \
      bins'. Several files are channels with a --data each, whose ln L is added. Cuts are of observed events too.
      """)

  @Option(
    help: ArgumentHelp(
      "Observed events with the same observables; one for each file of simulated events, in their order. Required.",
      valueName: "file"),
    completion: .file())
  var data: [String] = []

  @Option(
    help: ArgumentHelp(
      "Column of the data table that says how many events each stands for; by default one.",
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
    guard !data.isEmpty else {
      throw Problem(.usage, "the observed events are missing", remedy: "give --data FILE")
    }
    let files = max(1, options.inputs.paths.count)
    try SimulationFiles.requireData(data.count, for: files)
    guard files == 1 || nObserved == nil else {
      throw Problem(.usage, "--n-observed is of one file", remedy: "use --weights")
    }
    let input = try LimitInput(options, theta: nil, context: context)
    let settings = try options.grid.settings(input.parameters)
    let observed = try data.map {
      try ObservedEvents(
        context.openTable(
          $0, expecting: [.events, .sample], options: options.inputs.reading.options),
        columns: (weights.map { [$0] } ?? []) + options.histogram.observable)
    }
    var limits = try limits(input, observed, settings, context)
    limits.notes += input.notes
    try context.report(
      text: LimitsText(limits, withPoints: options.points).text, document: limits.document,
      kind: .limits, output: options.output)
  }

  private func limits(
    _ input: LimitInput, _ observed: [ObservedEvents], _ settings: LimitSettings,
    _ context: CommandContext
  ) throws -> Limits {
    if let scores = input.scores, scores.statistic != .sally {
      let source = try input.onlyChannel(scores.statistic).source
      return try named(observed[0].file) {
        let data = try selected(observed[0], input, input.channels[0])
        return try source.observed(
          scores.statistic, columns: scores.columns, bins: input.turningBins(),
          columns(data, scores.columns.names), settings: settings)
      }
    }
    let channels = try zip(input.channels, observed).map { channel, events in
      try named(events.file) { try self.channel(channel, events, input, context.journal) }
    }
    return try ChannelFit(channels, journal: context.journal).run(settings)
  }

  private func channel(
    _ channel: LimitInput.Channel, _ events: ObservedEvents, _ input: LimitInput,
    _ journal: Journal
  ) throws -> LimitChannel {
    let data = try selected(events, input, channel)
    guard !input.models.isEmpty else {
      // Of a table of bins whose axes are scores, a model is there for the data alone.
      let own = channel.source.simulation.axes
      let axes = own != nil && input.scores != nil ? [] : try input.axes(channel)
      return try channel.source.observedChannel(
        axes: axes, mode: input.scores == nil ? .histogram : .score,
        columns(data, (own ?? axes).map(\.observable)))
    }
    for model in input.models {
      model.warnIfMore(try channel.source.simulation.requireEvents(), journal: journal)
    }
    return try channel.source.observedChannel(
      models: input.models, x: input.models.map { try data.columns($0.observableNames) },
      columns(data, []))
  }

  private func selected(
    _ events: ObservedEvents, _ input: LimitInput, _ channel: LimitInput.Channel
  ) throws -> ObservedEvents {
    try channel.input.selected(
      events, scores: input.scores?.columns, observables: options.histogram.observable,
      choice: options.simulation)
  }

  private func columns(
    _ events: ObservedEvents, _ names: [String]
  ) throws -> ObservedColumns {
    ObservedColumns(
      values: try events.columns(names), rowCount: events.count,
      weights: try weights.map { try events.columns([$0]) }, eventCount: nObserved)
  }

  private func named<T>(_ file: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem where problem.place != nil {
      throw problem.inFile(file)
    }
  }
}
