import ArgumentParser
import Diagnostics
import EventIO
import EventModel

/// Where output goes and in what encoding.
public struct OutputGroup: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to FILE, which appears complete or not at all; '-' is standard output.",
      valueName: "file"),
    completion: .file())
  public var output: String?

  @Option(
    name: [.customShort("O"), .long],
    help: ArgumentHelp(
      "Encoding of the output; by default from the name after -o, else stream.", valueName: "format"
    ))
  public var outputFormat: OutputFormat?

  @Flag(help: "Print results as JSON; the same as -O json.")
  public var json = false

  @Flag(help: "Compress the columns of HDF5 (shuffle and deflate).")
  public var compress = false

  @Flag(
    name: [.customShort("f"), .long],
    help: "Write binary data to a terminal, or over a file that is also an input.")
  public var force = false

  public init() {}

  public func validate() throws {
    if json, let outputFormat, outputFormat != .json {
      throw ValidationError("--json contradicts -O \(outputFormat.rawValue)")
    }
  }

  /// The file named, nil for standard output.
  public var path: String? { output == "-" ? nil : output }

  /// True where this encoding is asked for, with -O or by the name after -o.
  public func asksFor(_ format: OutputFormat) -> Bool {
    !json && (outputFormat ?? path.flatMap(OutputFormat.bySuffix)) == format
  }
}

/// Where a setup or a model goes: always a file.
public struct FileOutputGroup: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to FILE (HDF5), which appears complete or not at all. Required.", valueName: "file"),
    completion: .file())
  public var output: String?

  @Flag(
    name: [.customShort("f"), .long],
    help: "Write over a file that is also an input.")
  public var force = false

  public init() {}

  /// The file named.
  public func requirePath() throws -> String {
    guard let output, output != "-" else {
      throw Problem(.usage, "this output must be a file", remedy: "give -o FILE")
    }
    return output
  }
}
