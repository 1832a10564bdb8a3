import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// One table as several.
struct Split: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "split",
    abstract: "Cut a table into parts, each a file of its own that events merge puts together.",
    discussion: """
      Weights and the sample table stay those of the whole, so each part holds a part of the cross section.
      """)

  enum Property: String, CaseIterable, ExpressibleByArgument {
    case sample, partition, process, document
  }

  @Option(help: ArgumentHelp("Cut into N parts of equal size.", valueName: "n"))
  var parts: Int?
  @Option(help: ArgumentHelp("Cut into parts of N rows or events.", valueName: "n"))
  var rows: Int?
  @Option(
    help:
      "One part for each sample, for train, validation and test, or for each process or document of Les Houches events."
  )
  var by: Property?
  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard [parts, rows].compactMap({ $0 }).count + (by == nil ? 0 : 1) == 1 else {
      throw ValidationError("give one of --parts, --rows and --by")
    }
    if let n = parts ?? rows, n < 1 { throw ValidationError("\(n) is not a positive number") }
  }

  private var rule: TableSplit.Rule {
    if let parts { return .parts(parts) }
    if let rows { return .rows(rows) }
    return by == .sample ? .sample : .partition
  }

  func execute(_ context: CommandContext) throws {
    guard let path = output.path else {
      throw Problem(
        .usage, "the names of the parts are missing", remedy: "give -o 'part-%02d.h5'")
    }
    let pattern = try OutputPattern(path)
    let content = try context.openContent(
      input.path, expecting: TableKinds.all, options: input.reading.options)
    switch content {
    case .table(let source): try split(source, pattern, context)
    case .lhe(let bytes): try split(bytes, pattern, context)
    }
  }

  private func split(
    _ source: any Source, _ pattern: OutputPattern, _ context: CommandContext
  ) throws {
    if let by, by == .process || by == .document {
      throw Problem(
        .usage, "--by \(by.rawValue) is for Les Houches events", remedy: "use --by sample",
        file: source.name)
    }
    let split = try TableSplit(source, by: rule, journal: context.journal)
    for part in split.parts {
      var output = output
      output.output = pattern.path(number: part.number, name: part.name)
      try split.write(part, to: context.openSink(output, header: part.header))
    }
  }
  private func split(
    _ bytes: ByteReader, _ pattern: OutputPattern, _ context: CommandContext
  ) throws {
    let open = { (number: Int) in
      try context.openText(pattern.path(number: number, name: "\(number)"), output)
    }
    let rule: LHESplit.Rule
    switch by {
    case .document:
      let reader = try LHEFile.open(
        bytes, input.reading, context, concatenated: true, independent: true)
      _ = try LHEDocumentSplit.write(reader, open: open)
      return LHEFile.warn(reader, context)
    case nil: rule = parts.map { .parts($0) } ?? .events(rows ?? 1)
    case .process: rule = .process
    default:
      throw Problem(
        .usage, "Les Houches events are not split by \(by?.rawValue ?? "")",
        remedy: "use --by process, --by document, --parts or --rows", file: bytes.name)
    }
    var reader = try LHEFile.open(bytes, input.reading, context)
    var whole: LHESplit.Whole?
    if rule != .process, bytes.isSeekable, let path = input.path {
      whole = try LHESplit.Whole(reader)
      let again = LHEReader.Options(salvage: input.reading.salvage, keepsText: true)
      reader = try LHEReader(ByteReader.events(path: path), again)
    }
    let split = LHESplit(rule, history: LHEFile.history(context), open: open)
    _ = try split.write(reader, whole: whole)
    LHEFile.warn(reader, context)
  }
}
