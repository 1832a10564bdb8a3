import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct SumInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "sum", abstract: "Add the information of independent measurements.")

  @OptionGroup var inputs: InputsGroup
  @Option(
    help: ArgumentHelp("The matrix to take of each file, not the first.", valueName: "name"))
  var matrix: String?
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let parts = try (inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some)).map {
      ($0 ?? "-", try context.readInformation($0, options: inputs.reading))
    }
    try context.report(Information.sum(parts, name: matrix), output: output)
  }
}

/// Which parameters stay.
struct KeepOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Parameters to keep, in this order. Required.", valueName: "a,b"))
  var keep: String?

  func names() throws -> [String] {
    guard let keep else {
      throw Problem(.usage, "the parameters to keep are missing", remedy: "give --keep A,B")
    }
    return keep.split(separator: ",").map(String.init)
  }
}

struct ProjectInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "project", abstract: "Information with the other parameters fixed.")

  @OptionGroup var input: InputGroup
  @OptionGroup var keep: KeepOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let names = try keep.names()
    let information = try context.readInformation(input.path, options: input.reading)
    try context.report(information.projected(keeping: names), output: output)
  }
}

struct ProfileInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "profile", abstract: "Information with the other parameters floating.")

  @OptionGroup var input: InputGroup
  @OptionGroup var keep: KeepOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let names = try keep.names()
    let information = try context.readInformation(input.path, options: input.reading)
    try context.report(information.profiled(keeping: names), output: output)
  }
}

extension CommandContext {
  /// Reads an information file.
  func readInformation(_ path: String?, options: InputFormatOptions) throws -> Information {
    let header = try readHeader(path, expecting: [.information], options: options.options)
    do {
      return try Information(document: header.document)
    } catch let problem as Problem {
      throw problem.inFile(path ?? "standard input")
    }
  }
}
