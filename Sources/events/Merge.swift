import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// Several tables as one.
struct Merge: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "merge",
    abstract: "Put tables of one kind together: samples of one analysis, or the parts of a job.",
    discussion: """
      Setups, observables and weights must agree by name. Samples of one process are averaged, and processes added, by \
      the commands that read the result; the same sample or event twice is an error.
      """)

  @Flag(help: "Go on where parts of a whole are missing, and record which.")
  var allowMissing = false
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let paths = inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some)
    let sources = try paths.map {
      try context.openTable(
        $0, expecting: Set(Kind.allCases), options: inputs.reading.options)
    }
    let merge = try TableMerge(sources, allowMissing: allowMissing, journal: context.journal)
    try merge.write(to: context.openSink(output, header: merge.header, deferred: true))
  }
}
