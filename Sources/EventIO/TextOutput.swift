import Diagnostics
import Glibc

/// Text that is written piece by piece, plain or as gzip, and appears whole or not at all.
public final class TextOutput {
  /// What problems call it.
  public let name: String
  private let output: BufferedOutput
  private let encoder: GzipEncoder?

  /// nil and `-` are standard output. gzip where the name ends in .gz, or `options.compress` says so.
  public init(_ path: String?, options: OutputOptions) throws {
    let isGzip = path?.hasSuffix(".gz") ?? false || options.compress
    if isGzip, path == nil || path == "-", !options.force, isatty(1) == 1 {
      throw Problem(
        .usage, "binary data are not written to a terminal", remedy: "use -o FILE, a pipe, or -f",
        file: "standard output")
    }
    output = BufferedOutput(
      try OutputFile(path, inputs: options.inputs, force: options.force))
    name = output.file.name
    encoder = isGzip ? try GzipEncoder() : nil
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    if let encoder {
      try encoder.write(bytes, to: output)
    } else {
      try output.write(bytes)
    }
  }

  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  public func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Everything is on the disk, under its name.
  public func finish() throws {
    try encoder?.finish(to: output)
    try output.finish()
  }
}
