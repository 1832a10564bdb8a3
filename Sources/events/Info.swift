import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// What a file holds.
struct Info: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "info", abstract: "Print what a file holds: setup, samples, columns, history.")

  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let source = try context.openTable(input, expecting: Set(Kind.allCases))
    let report = try InfoReport(source)
    try context.report(text: report.text, document: report.document, output: output)
  }
}
