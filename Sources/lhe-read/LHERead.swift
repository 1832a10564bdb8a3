import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches
import Observables

@main
struct LHERead: Tool {
  static let configuration = CommandConfiguration.tool(
    "lhe-read",
    abstract: "Read Les Houches event files: weights, observables and cuts as a table.",
    discussion: """
      Every sample is normalised to pb with the events counted in it. Weights at the benchmarks of --setup are found by \
      their ids, or by the parameter values that the file gives for its weights. Without --setup every weight stands by \
      its id. Standard input is read where no file is named.
      """)

  @Argument(
    help: ArgumentHelp(
      "LHE or LHEH5 files; with --setup, drawn from the benchmark at the values of their own parameter card.",
      valueName: "file"),
    completion: .file())
  var files: [String] = []

  @OptionGroup var setupOption: SetupOption

  @Option(
    help: ArgumentHelp(
      "Sample drawn from a benchmark, or without --setup of a process; '-' is standard input. Repeatable. PROCESS is by default the analysis's name.",
      valueName: "[process/]benchmark:file"))
  var sample: [String] = []

  @Option(
    help: ArgumentHelp(
      "Sample that does not depend on the parameters. Repeatable.", valueName: "[process:]file"))
  var background: [String] = []

  @Option(
    help: ArgumentHelp(
      "Multiply the weights of a process, or of all, by K. Repeatable.", valueName: "[process=]k"))
  var kFactor: [String] = []

  @Option(
    help: ArgumentHelp(
      "Weights kept beyond those of the benchmarks: none, all, or their ids. By default none with --setup, else all.",
      valueName: "id,id"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "An observable, after those of the setup or in place of the default ones. Repeatable.",
      valueName: "name=expr"))
  var observable: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep events for which this is true, beside the cuts of the setup. Repeatable.",
      valueName: "expr"))
  var cut: [String] = []

  @Flag(
    help: "Keep the particles of each event, and its head line and weights as the file has them.")
  var particles = false

  @Option(
    help: ArgumentHelp(
      "What weights mean, whatever the file says: average, sum or unity.", valueName: "rule"))
  var eventNorm: EventNorm?

  @Option(
    help: ArgumentHelp(
      "Events generated, where the file holds only some of them.", valueName: "n"))
  var generated: Int?

  @Flag(help: "Keep the complete events of a truncated input, and mark the output as salvaged.")
  var salvage = false

  @Flag(help: "Take several documents in one file, of one process, as runs of one sample.")
  var concatenated = false

  @OptionGroup var seed: SeedOptions
  @OptionGroup var tableOptions: TableOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let generated, generated <= 0 { throw ValidationError("--generated N is a number from 1") }
  }

  func execute(_ context: CommandContext) throws {
    let given = try setupOption.setup.map { try context.readSetup($0) }
    let inputs = try inputs(given)
    let tables = try tableOptions.tables(for: inputs, context)
    let plan = try SelectionPlan(
      given, file: setupOption.setup, table: tables.first?.names ?? [], observables: observable,
      cuts: cut)
    let set = try SampleSet(
      inputs, setup: plan.setup, hasSetup: given != nil, options: readingOptions(given, context),
      journal: context.journal)
    set.tables = tables
    for input in set.provenance { context.recordInput(input.name, digest: input.digest) }
    // Before the sink, whose provenance holds it.
    let seed = plan.selection.detector == nil ? 0 : try context.seed(self.seed)
    let sink = try set.openSink(set.header(observables: plan.selection.observables)) {
      try context.openSink(output, header: $0, deferred: true)
    }
    if output.asksFor(.lheh5) { set.warnOfLHEH5() }
    let processor = EventProcessor(plan.selection, seed: seed)
    _ = try set.read(into: sink) { event, number, id, row in
      guard
        case .kept(let efficiency) = try processor.process(
          event, number: number, id: id, external: set.tableRow, into: &row)
      else { return nil }
      return efficiency
    }
    processor.report.note(plan.selection, context.journal)
  }

  /// Those of the command line, else those of the analysis, else standard input.
  private func inputs(_ setup: Setup?) throws -> [SampleInput] {
    let inputs =
      files.map { SampleInput(role: .benchmarkOfCard, file: $0) }
      + (try sample.map(SampleInput.init(parsingSample:)))
      + (try background.map(SampleInput.init(parsingBackground:)))
    guard inputs.isEmpty else { return inputs }
    if let setup, !setup.samples.isEmpty { return setup.samples.map(SampleInput.init) }
    return [SampleInput(role: .benchmarkOfCard, file: try CommandContext.operand(nil))]
  }

  private func readingOptions(_ setup: Setup?, _ context: CommandContext) throws -> ReadingOptions {
    var options = ReadingOptions()
    options.salvage = salvage
    options.concatenated = concatenated
    options.extraWeights = try weights.map(ExtraWeights.init(parsing:))
    options.particles = particles
    options.eventNorm = eventNorm
    options.generatedEvents = generated
    options.kFactors = try KFactors(parsing: kFactor)
    if let setup, (files + sample + background).isEmpty {
      options.kFactors.add(setup.samples, of: setup.name)
    }
    options.threads = context.threads
    return options
  }
}

extension EventNorm: ExpressibleByArgument {}
