import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// Whether two files hold the same.
struct Diff: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "diff", abstract: "Compare the contents of two files or streams; exit 1 if they differ.",
    discussion: "Encoding, batches and history do not count.")

  @Argument(help: "First file; '-' is standard input.", completion: .file())
  var first: String
  @Argument(help: "Second file.", completion: .file())
  var second: String
  @OptionGroup var reading: InputFormatOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let kinds = Set(Kind.allCases)
    let a = try context.openTable(first, expecting: kinds, options: reading.options)
    let b = try context.openTable(second, expecting: kinds, options: reading.options)
    let lines = try TableDifference.lines(a, b)
    var document = Document()
    document.set("differences", lines)
    if output.json || !lines.isEmpty {
      try context.report(
        text: lines.map { $0 + "\n" }.joined(), document: document, output: output)
    }
    guard lines.isEmpty else {
      throw Problem(.answerIsNo, "the contents differ")
    }
  }
}
