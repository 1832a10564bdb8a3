import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct SumInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "sum", abstract: "Add the information of independent measurements.",
    discussion: """
      Nuisance parameters that channels share are kept (--nuisance keep), and constrained after the sum: --constraint adds \
      the constraints to it. A parameter that a file does not have changes nothing there.
      """)

  @OptionGroup var inputs: InputsGroup
  @Option(
    help: ArgumentHelp("The matrix to take of each file, not the first.", valueName: "name"))
  var matrix: String?
  @OptionGroup var constraint: ConstraintOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let parts = try (inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some)).map {
      ($0 ?? "-", try context.readInformation($0, options: inputs.reading))
    }
    let sum = try Information.sum(parts, name: matrix)
    try context.report(constraint.apply(to: sum), output: output)
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

/// The constraints of nuisance parameters, once for all channels.
struct ConstraintOption: ParsableArguments {
  @Flag(help: "Add the unit Gaussian constraints of the nuisance parameters first.")
  var constraint = false

  func apply(to information: Information) throws -> Information {
    constraint ? try information.constrained() : information
  }
}

struct ProjectInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "project", abstract: "Information with the other parameters fixed.")

  @OptionGroup var input: InputGroup
  @OptionGroup var keep: KeepOption
  @OptionGroup var constraint: ConstraintOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let names = try keep.names()
    let information = try context.readInformation(input.path, options: input.reading)
    try context.report(
      constraint.apply(to: information).projected(keeping: names), output: output)
  }
}

struct ProfileInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "profile", abstract: "Information with the other parameters floating.")

  @OptionGroup var input: InputGroup
  @OptionGroup var keep: KeepOption
  @OptionGroup var constraint: ConstraintOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let names = try keep.names()
    let information = try context.readInformation(input.path, options: input.reading)
    try context.report(
      constraint.apply(to: information).profiled(keeping: names), output: output)
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
