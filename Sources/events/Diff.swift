import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// Whether two files hold the same.
struct Diff: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "diff", abstract: "Compare the contents of two files or streams; exit 1 if they differ.",
    discussion: """
      Encoding, batches and history do not count. Les Houches events are compared in order and by value: how a \
      number is spelled does not count.
      """)

  @Argument(help: "First file; '-' is standard input.", completion: .file())
  var first: String
  @Argument(help: "Second file.", completion: .file())
  var second: String

  @Option(
    help: ArgumentHelp(
      "Numbers of Les Houches events are the same within this share of the larger.",
      valueName: "x"))
  var relative = 0.0
  @Option(
    help: ArgumentHelp("Numbers of Les Houches events are the same within this.", valueName: "x"))
  var absolute = 0.0
  @Option(
    help: ArgumentHelp(
      "Do not compare a part of Les Houches files. Repeatable.", valueName: "part"))
  var skip: [LHEDifference.Part] = []

  @OptionGroup var reading: InputFormatOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard relative >= 0, absolute >= 0 else {
      throw ValidationError("--relative and --absolute take numbers from 0 up")
    }
  }

  func execute(_ context: CommandContext) throws {
    let kinds = Set(Kind.allCases)
    let a = try context.openContent(first, expecting: kinds, options: reading.options)
    let b = try context.openContent(second, expecting: kinds, options: reading.options)
    let lines: [String]
    switch (a, b) {
    case (.table(let a), .table(let b)): lines = try TableDifference.lines(a, b)
    case (.lhe(let a), .lhe(let b)):
      var tolerance = LHEDifference.Tolerance()
      tolerance.relative = relative
      tolerance.absolute = absolute
      lines = try LHEDifference(
        LHEFile.open(a, reading, context), LHEFile.open(b, reading, context), tolerance: tolerance,
        skipping: Set(skip)
      ).lines
    case (.lhe(let bytes), _), (_, .lhe(let bytes)):
      throw Problem(
        .usage, "these are Les Houches events, and the other input is not",
        remedy: "read them with lhe-read first", file: bytes.name)
    }
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

extension LHEDifference.Part: ExpressibleByArgument {}
