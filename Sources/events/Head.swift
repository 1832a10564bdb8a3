import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// The first rows of a table, or the first Les Houches events.
struct Head: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "head",
    abstract:
      "Print the first rows of a table as tab-separated text, or the first Les Houches events.",
    discussion: """
      The first events of a Les Houches file are a Les Houches document again, with its head and an end.
      """)

  @Option(
    name: [.customShort("n"), .customLong("count")],
    help: ArgumentHelp("Number of rows or events.", valueName: "n"))
  var number = 10
  @Flag(help: "Print Les Houches events as tables of particles and weights.")
  var pretty = false
  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard number >= 0 else { throw ValidationError("-n \(number) is negative") }
    if pretty && output.json { throw ValidationError("--pretty is text, not JSON") }
  }

  func execute(_ context: CommandContext) throws {
    switch try context.openContent(
      input.path, expecting: TableKinds.all, options: input.reading.options)
    {
    case .table(let source):
      guard !pretty else {
        throw Problem(
          .usage, "--pretty is for Les Houches events", remedy: "leave it away", file: source.name)
      }
      var output = output
      if output.path == nil && output.outputFormat == nil && !output.json {
        output.outputFormat = .tsv
      }
      try TableCopy.copy(source, to: context.openSink(output, header: source.header), limit: number)
    case .lhe(let bytes):
      let reader = try LHEFile.open(bytes, input.reading, context)
      if pretty {
        let text = try EventTables.text(reader, limit: number)
        return try context.report(text: text, document: Document(), output: output)
      }
      guard LHEFile.isWritten(output) else { throw LHEFile.notATable(reader) }
      _ = try LHECopy(reader).write(
        to: context.openText(output), history: LHEFile.history(context), limit: number)
      LHEFile.warn(reader, context)
    }
  }
}

/// The kinds that have rows.
enum TableKinds {
  static let all: Set<Kind> = [.events, .sample, .estimates]
}
