import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// One table as several.
struct Split: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "split",
    abstract: "Cut a table into parts, each a file of its own that events merge puts together.",
    discussion: """
      Weights and the sample table stay those of the whole, so each part holds a part of the cross section.
      """)

  enum Property: String, CaseIterable, ExpressibleByArgument {
    case sample, partition
  }

  @Option(help: ArgumentHelp("Cut into N parts of equal size.", valueName: "n"))
  var parts: Int?
  @Option(help: ArgumentHelp("Cut into parts of N rows.", valueName: "n"))
  var rows: Int?
  @Option(help: "One part for each sample, or for train, validation and test.")
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
    let source = try context.openTable(input, expecting: TableKinds.all)
    let split = try TableSplit(source, by: rule, journal: context.journal)
    for part in split.parts {
      var output = output
      output.output = pattern.path(number: part.number, name: part.name)
      try split.write(part, to: context.openSink(output, header: part.header))
    }
  }
}
