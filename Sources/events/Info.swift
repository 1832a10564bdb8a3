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

  @OptionGroup var documents: DocumentOptions
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    guard inputs.paths.count > 1 else {
      let report = try report(of: inputs.paths.first, context)
      return try context.report(text: report.text, document: report.document, output: output)
    }
    // Of several files one after the other, each under its name; in JSON by their numbers from 1.
    var text = ""
    var document = Document()
    for (i, path) in inputs.paths.enumerated() {
      var one = InfoReport()
      one.add("file", path)
      try one.append(report(of: path, context))
      text += (i == 0 ? "" : "\n") + one.text
      document["\(i + 1)"] = .group(one.document)
    }
    try context.report(text: text, document: document, output: output)
  }

  private func report(of path: String?, _ context: CommandContext) throws -> InfoReport {
    switch try context.openContent(
      path, expecting: Set(Kind.allCases), options: inputs.reading.options)
    {
    case .table(let source): return try InfoReport(source)
    case .lhe(let bytes):
      let reader = try LHEFile.open(
        bytes, inputs.reading, context, concatenated: documents.concatenated)
      let report = try InfoReport(reader, context.journal)
      LHEFile.warn(reader, context)
      return report
    }
  }
}
