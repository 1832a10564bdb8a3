import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// The same content in another encoding.
struct Convert: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "convert", abstract: "Write the same content in another encoding, or some of the events.",
    discussion: """
      Les Houches events are copied byte for byte; what options select keeps its bytes too.
      """)

  @Flag(help: "Accept a stream whose closing batch another program dropped, and seal it again.")
  var reseal = false

  @Flag(help: "Put the row factors into the weights and shuffle, as MadMiner expects.")
  var forMadminer = false

  @Option(
    help: ArgumentHelp(
      "Columns of a numpy array that does not name them, or those wanted of another program's table.",
      valueName: "a,b"))
  var columns: [String] = []

  @OptionGroup var selecting: LHESelectionOptions
  @OptionGroup var documents: DocumentOptions
  @OptionGroup var combination: CombineOption
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var reading = input.reading.options
    reading.reseal = reseal
    reading.columns = try NameList.parse(columns, option: "--columns")
    let selection = try selecting.selection()
    let content = try context.openContent(
      input.path, expecting: forMadminer ? [.events] : Set(Kind.allCases), options: reading)
    switch content {
    case .table(let source): try convert(source, context)
    case .lhe(let bytes):
      let reader = try LHEFile.open(
        bytes, input.reading, context, concatenated: documents.concatenated)
      try convert(reader, selection, context)
    }
  }

  private func convert(
    _ reader: LHEReader, _ selection: LHESelection, _ context: CommandContext
  ) throws {
    guard LHEFile.isWritten(output) else { return try tabulate(reader, context) }
    guard !forMadminer else { throw LHEFile.needsBenchmarks(reader) }
    let result = try LHECopy(reader, selection: selection).write(
      to: context.openText(output), history: LHEFile.history(context))
    context.journal.note("\(reader.name): \(result.kept) of \(result.read) events kept")
    LHEFile.warn(reader, context)
  }

  /// Les Houches events as rows, with their particles and everything else that the format of rows has a place for.
  private func tabulate(_ reader: LHEReader, _ context: CommandContext) throws {
    guard !forMadminer else { throw LHEFile.needsBenchmarks(reader) }
    guard !selecting.isGiven else {
      throw Problem(
        .usage, "what is selected of Les Houches events is Les Houches events again",
        remedy: "select with -O lhe, and pipe that to another 'events convert'", file: reader.name)
    }
    try ParticleCopy.copy(
      reader, threads: context.threads, isForLHEH5: output.asksFor(.lheh5),
      journal: context.journal
    ) {
      try context.openSink(output, header: $0, deferred: true)
    }
  }

  private func convert(_ source: any Source, _ context: CommandContext) throws {
    guard !selecting.isGiven else {
      throw Problem(
        .usage, "options that select events and weights are for Les Houches events",
        remedy: "leave them away", file: source.name)
    }
    if forMadminer {
      let export = try MadMinerExport(
        source, combination: combination.combine, seed: try context.seed(seeds))
      return try export.write(to: context.openSink(output, header: export.header))
    }
    if output.asksFor(.lhe) {
      _ = try LHEWriter(source).write(
        to: context.openText(output), history: LHEFile.history(context))
      return
    }
    guard TableKinds.all.contains(source.header.kind) else {
      return try context.report(
        text: source.header.document.json(pretty: true) + "\n", document: source.header.document,
        kind: source.header.kind, output: output)
    }
    try TableCopy.copy(source, to: context.openSink(output, header: source.header))
  }
}
