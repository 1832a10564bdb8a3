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
    abstract: "Read Les Houches event files: benchmark weights, observables and cuts as a table.",
    discussion: """
      Every sample is normalised to pb with the events counted in it. Weights at the setup's benchmarks are found by \
      their ids, or by the parameter values that the file gives for its weights.
      """)

  @Argument(
    help: ArgumentHelp(
      "Samples drawn from the benchmark at the values of their own parameter card.",
      valueName: "file"),
    completion: .file())
  var files: [String] = []

  @OptionGroup var setupOption: SetupOption

  @Option(
    help: ArgumentHelp(
      "Sample drawn from a benchmark; '-' is standard input. Repeatable. PROCESS is by default the analysis's name.",
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
      "Weights kept beyond those of the benchmarks: none, all, or their ids.", valueName: "id,id"))
  var weights = "none"

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
    if let generated, generated <= 0 {
      throw ValidationError("--generated takes a positive number")
    }
  }

  func execute(_ context: CommandContext) throws {
    let path = try setupOption.require()
    var setup = try context.readSetup(path)
    let inputs = try inputs(setup)
    let tables = try tableOptions.tables(for: inputs, context)
    if let table = tables.first {
      setup.observables = ObservableTable.observables(setup.observables, table: table.names)
    } else if setup.observables.isEmpty {
      setup.observables = DefaultObservables().observables
    }
    let selection: Selection
    do { selection = try Selection(setup, external: tables.first?.names ?? []) } catch let problem
      as Problem
    {
      throw problem.inFile(path)
    }
    setup.observables = selection.observables
    let set = try SampleSet(
      inputs, setup: setup, options: readingOptions(setup, context), journal: context.journal)
    set.tables = tables
    for input in set.provenance { context.recordInput(input.name, digest: input.digest) }
    // Before the sink, whose provenance holds it.
    let seed = selection.detector == nil ? 0 : try context.seed(self.seed)
    let sink = try set.openSink(set.header(observables: selection.observables)) {
      try context.openSink(output, header: $0, deferred: true)
    }
    let processor = EventProcessor(selection, seed: seed)
    _ = try set.read(into: sink) { event, number, id, row in
      guard
        case .kept(let efficiency) = try processor.process(
          event, number: number, id: id, external: set.tableRow, into: &row)
      else { return nil }
      return efficiency
    }
    processor.report.note(selection, context.journal)
  }

  /// Those of the command line, else those of the analysis.
  private func inputs(_ setup: Setup) throws -> [SampleInput] {
    let inputs =
      files.map { SampleInput(role: .benchmarkOfCard, file: $0) }
      + (try sample.map(SampleInput.init(parsingSample:)))
      + (try background.map(SampleInput.init(parsingBackground:)))
    guard inputs.isEmpty else { return inputs }
    guard !setup.samples.isEmpty else {
      throw Problem(.usage, "no sample is named", remedy: "give --sample BENCHMARK:FILE")
    }
    return setup.samples.map(SampleInput.init)
  }

  private func readingOptions(_ setup: Setup, _ context: CommandContext) throws -> ReadingOptions {
    var options = ReadingOptions()
    options.salvage = salvage
    options.concatenated = concatenated
    options.extraWeights = try ExtraWeights(parsing: weights)
    options.eventNorm = eventNorm
    options.generatedEvents = generated
    options.kFactors = try KFactors(parsing: kFactor)
    if (files + sample + background).isEmpty { options.kFactors.add(setup.samples, of: setup.name) }
    options.threads = context.threads
    return options
  }
}

extension EventNorm: ExpressibleByArgument {}
