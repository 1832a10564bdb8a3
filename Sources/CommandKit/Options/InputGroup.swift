import ArgumentParser
import Diagnostics
import EventIO
import EventModel

/// How inputs are read.
public struct InputFormatOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take inputs to be of this format instead of looking at their content.", valueName: "format"))
  public var inputFormat: InputFormat?

  @Flag(help: "Keep the complete rows of a truncated input, and mark the output as salvaged.")
  public var salvage = false

  public init() {}

  public var options: InputOptions { InputOptions(format: inputFormat, salvage: salvage) }
}

/// One input operand; none, or `-`, is standard input.
public struct InputGroup: ParsableArguments {
  @Argument(
    help: ArgumentHelp("File to read; none, or '-', is standard input.", valueName: "file"),
    completion: .file())
  public var path: String?

  @OptionGroup public var reading: InputFormatOptions

  public init() {}
}

/// Several input operands, read in the given order; none, or `-`, is standard input.
public struct InputsGroup: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Files to read; none, or '-', is standard input.", valueName: "file"),
    completion: .file())
  public var paths: [String] = []

  @OptionGroup public var reading: InputFormatOptions

  public init() {}
}

extension InputFormat: ExpressibleByArgument {}
extension OutputFormat: ExpressibleByArgument {}
extension Partition: ExpressibleByArgument {}
extension Combination: ExpressibleByArgument {}
