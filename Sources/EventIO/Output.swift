import Diagnostics
import EventModel
import Glibc

/// The encodings of outputs: `-O`, or the suffix of `-o`.
public enum OutputFormat: String, Sendable, CaseIterable {
  case hdf5, stream, tsv, npy, json, lhe, lheh5, npz, onnx

  /// Formats whose bytes would harm a terminal.
  var isBinary: Bool { [.stream, .npy, .npz, .onnx].contains(self) || isHDF5 }
  var isHDF5: Bool { self == .hdf5 || self == .lheh5 }

  private static let suffixes: [(String, OutputFormat)] = [
    (".h5", .hdf5), (".hdf5", .hdf5), (".arrow", .stream), (".arrows", .stream), (".tsv", .tsv),
    (".npy", .npy), (".json", .json), (".lhe", .lhe), (".lhe.gz", .lhe), (".lheh5", .lheh5),
    (".npz", .npz), (".onnx", .onnx),
  ]

  /// The format that a file's name asks for.
  public static func bySuffix(of path: String) -> OutputFormat? {
    suffixes.first { path.hasSuffix($0.0) }?.1
  }
}

/// How an output is to be written.
public struct OutputOptions: Sendable {
  /// nil: by the suffix of the name, else HDF5 for files and a stream for standard output, pipes and devices.
  public var format: OutputFormat?
  /// Shuffle and deflate the columns of HDF5 files.
  public var compress: Bool
  /// Accept a document and changes of rows in `finish`.
  public var deferred: Bool
  /// Write over an input, and binary data to a terminal.
  public var force: Bool
  /// Keep the header's provenance; without it equal contents give equal bytes.
  public var provenance: Bool
  /// Files that the command reads, which it does not overwrite unless forced.
  public var inputs: [String]

  public init(
    format: OutputFormat? = nil, compress: Bool = false, deferred: Bool = false,
    force: Bool = false, provenance: Bool = true, inputs: [String] = []
  ) {
    self.format = format
    self.compress = compress
    self.deferred = deferred
    self.force = force
    self.provenance = provenance
    self.inputs = inputs
  }
}

/// Opens what the commands write. Regular files appear complete or not at all.
public enum Output {
  /// Rows to `path`; nil and `-` are standard output.
  public static func openTable(
    _ path: String?, header: Header, options: OutputOptions
  ) throws -> any Sink {
    let format = try format(path, options, table: true)
    let output = try open(path, format, options)
    let header = stamped(header, options)
    return ParticleStartSink.wrapping(
      try sink(format, output, header: header, options), header)
  }

  private static func sink(
    _ format: OutputFormat, _ output: OutputFile, header: Header, _ options: OutputOptions
  ) throws -> any Sink {
    switch format {
    case .hdf5: return try HDF5Sink(output, header: header, options: options)
    case .stream: return try StreamSink(output, header: header, options: options)
    case .tsv: return try TextSink(output, header: header, options: options)
    case .npy: return try NumpySink(output, header: header, options: options)
    case .json: return try JSONSink(output, header: header, options: options)
    case .lheh5: return try LHEH5Sink(output, header: header, options: options)
    case .lhe:
      throw Problem(
        .usage, "a table cannot be written as Les Houches events",
        remedy: "use -O hdf5, stream, tsv, npy or json")
    case .npz, .onnx:
      throw Problem(
        .usage, "a table cannot be written as \(format.rawValue)",
        remedy: "use -O npy; npz is for setups, models and results, onnx for models")
    }
  }

  /// Setup, model, information or limits to a file: HDF5, or JSON, npz and (models) ONNX where asked for.
  public static func writeDocument(
    _ header: Header, to path: String, options: OutputOptions
  ) throws {
    let format = try format(path, options, table: false)
    let header = stamped(header, options)
    switch format {
    case .json: try writeText(JSONFile.text(header), to: path, options: options)
    case .hdf5:
      try HDF5Document.write(header, to: open(path, format, options), options: options)
    case .npz: try write(NumpyArchive.bytes(header), to: open(path, format, options))
    case .onnx where header.kind == .model:
      try write(
        ONNXModel.bytes(ModelEnsemble(document: header.document)), to: open(path, format, options))
    default:
      throw Problem(
        .usage, "a \(header.kind.rawValue) cannot be written as \(format.rawValue)",
        remedy: "use -O hdf5, json or npz")
    }
  }

  /// Text to standard output (nil, `-`) or, whole or not at all, to a file.
  ///
  /// Throws `ClosedPipe` where the reader of standard output left, `.io` for every other failure of a write or close.
  public static func writeText(_ text: String, to path: String?, options: OutputOptions) throws {
    let buffered = BufferedOutput(
      try OutputFile(path, inputs: options.inputs, force: options.force))
    try buffered.write(text)
    try buffered.finish()
  }

  /// Bytes that are no table (a picture), under the same rules.
  public static func writeBytes(
    _ bytes: [UInt8], to path: String?, options: OutputOptions
  ) throws {
    try write(bytes, to: OutputFile(path, inputs: options.inputs, force: options.force))
  }

  private static func write(_ bytes: [UInt8], to file: OutputFile) throws {
    let buffered = BufferedOutput(file)
    try bytes.withUnsafeBytes { try buffered.write($0) }
    try buffered.finish()
  }

  /// Makes a folder, unless there is one.
  public static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o777) != 0, errno != EEXIST || FileStatus.of(path)?.isFolder != true else {
      return
    }
    throw Problem(.cannotCreate, "cannot create the folder: \(systemMessage(errno))", file: path)
  }

  private static func stamped(_ header: Header, _ options: OutputOptions) -> Header {
    var header = header
    header.formatVersion = FormatVersion.current
    if !options.provenance { header.provenance = [] }
    return header
  }

  private static func open(
    _ path: String?, _ format: OutputFormat, _ options: OutputOptions
  ) throws -> OutputFile {
    let isStandardOutput = path == nil || path == "-"
    if isStandardOutput && format.isBinary && !options.force && isatty(1) == 1 {
      throw Problem(
        .usage, "binary data are not written to a terminal",
        remedy: "use -o FILE, a pipe, -O tsv, or -f", file: "standard output")
    }
    return try OutputFile(path, inputs: options.inputs, force: options.force)
  }

  private static func format(
    _ path: String?, _ options: OutputOptions, table: Bool
  ) throws -> OutputFormat {
    let isFile = OutputFile.isReplaceable(path)
    let format =
      options.format ?? path.flatMap(OutputFormat.bySuffix)
      ?? (isFile || !table ? .hdf5 : .stream)
    if format.isHDF5 && !isFile {
      throw Problem(
        .usage, "HDF5 cannot be written to a pipe or a device",
        remedy: table ? "use -o FILE, or -O stream" : "use -o FILE", file: path)
    }
    return format
  }
}
