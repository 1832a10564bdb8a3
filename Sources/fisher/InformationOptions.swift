import ArgumentParser
import CommandKit
import EventIO
import EventModel
import Inference
import Numerics

/// What the subcommands that read events have in common.
struct InformationOptions: ParsableArguments {
  @OptionGroup var input: InputGroup
  @OptionGroup var theta: ThetaOption
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions
}

/// Events in memory at one parameter point, and the information of them to be filled in.
struct InformationInput {
  let events: CombinedEvents
  let theta: [Double]
  let luminosity: Luminosity
  let digest: String
  let context: CommandContext

  /// - Parameter standard: the point where none is given; nil is the reference benchmark.
  init(
    _ options: InformationOptions, observables: [String], standard: [Double]? = nil,
    context: CommandContext
  ) throws {
    self.context = context
    luminosity = try options.luminosity.require()
    let point = options.theta.theta.isEmpty ? nil : try options.theta.requireOne()
    let source = try context.openTable(options.input, expecting: [.events])
    let table = try EventTable.load(source, observables: observables)
    digest = (source as? any DigestedSource)?.contentDigest ?? ContentDigest.of(source.header)
    let setup = table.setup
    theta =
      try point?.resolve(setup) ?? standard ?? setup.benchmarks[setup.referenceBenchmark].values
    events = try CombinedEvents(
      table, combination: options.combine.combine, theta: theta, file: source.name,
      team: ThreadTeam(threads: context.threads))
    if !setup.nuisanceParameters.isEmpty {
      context.journal.warn(
        "fisher.nuisance",
        "nuisance parameters are kept at 0; the information is what it would be without systematics"
      )
    }
  }

  /// The information with all but its matrices.
  func information(entries: [Information.Entry], partition: Partition = .all) throws -> Information
  {
    let statistics = EventStatistics(events.crossSections(at: try events.point(theta)))
    let setup = events.table.setup
    if statistics.negativeFraction > 0 {
      context.journal.warn(
        "fisher.negative",
        "events of negative weight (\(TextTable.number(statistics.negativeFraction, digits: 3)) of the total) count with negative information"
      )
    }
    return Information(
      parameterNames: setup.parameterNames, parameterUnits: setup.parameters.map(\.unit),
      theta: theta, luminosity: luminosity.inversePicobarn, crossSection: statistics.crossSection,
      crossSectionError: statistics.crossSectionError, events: statistics.events,
      effectiveEvents: statistics.effectiveEvents, negativeFraction: statistics.negativeFraction,
      partition: partition, combination: events.combination, entries: entries)
  }
}

extension CommandContext {
  /// Gives information as text, JSON or HDF5.
  func report(_ information: Information, output: OutputGroup) throws {
    try report(
      text: InformationText(information).text, document: information.document, kind: .information,
      output: output)
  }
}
