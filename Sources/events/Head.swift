import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// The first rows of a table.
struct Head: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "head", abstract: "Print the first rows of a table, as tab-separated text by default.")

  @Option(
    name: [.customShort("n"), .customLong("count")],
    help: ArgumentHelp("Number of rows.", valueName: "n"))
  var number = 10
  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard number >= 0 else { throw ValidationError("-n \(number) is negative") }
  }

  func execute(_ context: CommandContext) throws {
    let source = try context.openTable(input, expecting: TableKinds.all)
    var output = output
    if output.path == nil && output.outputFormat == nil && !output.json {
      output.outputFormat = .tsv
    }
    try TableCopy.copy(source, to: context.openSink(output, header: source.header), limit: number)
  }
}

/// The kinds that have rows.
enum TableKinds {
  static let all: Set<Kind> = [.events, .sample, .estimates]
}
