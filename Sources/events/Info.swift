import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// What a file holds.
struct Info: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "info",
    abstract:
      "Print what a file holds: setup, samples, columns, history; of Les Houches events the physics."
  )

  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let report: InfoReport
    switch try context.openContent(
      input.path, expecting: Set(Kind.allCases), options: input.reading.options)
    {
    case .table(let source): report = try InfoReport(source)
    case .lhe(let bytes):
      let reader = try LHEFile.open(bytes, input.reading, context)
      report = try InfoReport(reader, context.journal)
      LHEFile.warn(reader, context)
    }
    try context.report(text: report.text, document: report.document, output: output)
  }
}
