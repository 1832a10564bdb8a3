import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel

/// The same content in another encoding.
struct Convert: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "convert", abstract: "Write the same content as HDF5, stream, TSV, npy or JSON.")

  @Flag(help: "Accept a stream whose closing batch another program dropped, and seal it again.")
  var reseal = false

  @Flag(help: "Put the row factors into the weights and shuffle, as MadMiner expects.")
  var forMadminer = false

  @OptionGroup var combination: CombineOption
  @OptionGroup var seeds: SeedOptions
  @OptionGroup var input: InputGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var reading = input.reading.options
    reading.reseal = reseal
    let source = try context.openTable(
      input.path, expecting: forMadminer ? [.events] : Set(Kind.allCases), options: reading)
    if forMadminer {
      let export = try MadMinerExport(
        source, combination: combination.combine, seed: try context.seed(seeds))
      return try export.write(to: context.openSink(output, header: export.header))
    }
    guard TableKinds.all.contains(source.header.kind) else {
      return try context.report(
        text: source.header.document.json(pretty: true) + "\n", document: source.header.document,
        kind: source.header.kind, output: output)
    }
    try TableCopy.copy(source, to: context.openSink(output, header: source.header))
  }
}
