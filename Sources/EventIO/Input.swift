import Diagnostics
import EventModel

/// How an input is to be read.
public struct InputOptions: Sendable {
  /// The encoding; nil finds it by content.
  public var format: InputFormat?
  /// Keep the whole batches of a truncated stream, with a warning, and mark the header.
  public var salvage: Bool
  /// Accept a stream whose closing batch another program dropped.
  public var reseal: Bool
  /// The columns of a plain numpy array, or the ones wanted of another program's table.
  public var columns: [String]?
  /// HDF5 files of any layout are tables of the datasets at their top.
  public var acceptsPlain = false
  public init(format: InputFormat? = nil, salvage: Bool = false, reseal: Bool = false) {
    self.format = format
    self.salvage = salvage
    self.reseal = reseal
  }
}

/// An input whose content was looked at.
public enum InputContent {
  /// Header and rows of a file or stream of ours.
  case table(any Source)
  /// Les Houches events, to be read as text.
  case lhe(ByteReader)
}

/// Opens what the commands read: HDF5 files and Arrow streams, also inside gzip, from files and pipes.
public enum Input {
  /// Opens a file or `-` (standard input), whatever its encoding. Kinds not in `expecting` throw `.data` naming what it is.
  public static func openTable(
    _ path: String, expecting: Set<Kind>, options: InputOptions = .init(), journal: Journal
  ) throws -> any Source {
    let source = try open(path, options: options, journal: journal)
    try check(source.header, expecting, file: source.name)
    return source
  }

  /// Opens a file or `-` that may also be Les Houches events.
  public static func openContent(
    _ path: String, expecting: Set<Kind>, options: InputOptions = .init(), journal: Journal
  ) throws -> InputContent {
    let reader = try ByteReader(path: path)
    let format = try format(of: reader, options)
    if format == .lhe { return .lhe(reader) }
    if format == .hdf5 {
      let file = try HDF5Reader(path: filePath(path, reader), name: reader.name)
      if LHEH5Text.isThere(file), !file.exists(HDF5Layout.kind) {
        return .lhe(try reader.text(ofLHEH5: file))
      }
    }
    let source = try open(reader, path, format, options, journal)
    try check(source.header, expecting, file: source.name)
    return .table(source)
  }

  /// Header without rows: setup, model, information and limits, or the head of a table.
  public static func readHeader(
    _ path: String, expecting: Set<Kind>, options: InputOptions = .init(), journal: Journal
  ) throws -> Header {
    let source = try open(path, options: options, journal: journal)
    try check(source.header, expecting, file: source.name)
    return source.header
  }

  private static func check(_ header: Header, _ expecting: Set<Kind>, file: String) throws {
    guard !expecting.contains(header.kind) else { return }
    let wanted = Kind.allCases.filter(expecting.contains).map(\.rawValue).joined(separator: " or ")
    throw Problem(
      .data, "this is of kind \(header.kind.rawValue), where \(wanted) is needed",
      remedy: remedy(for: header.kind, expecting), file: file)
  }

  /// Whether the rows of an input can be read a second time.
  package static func canReopen(_ path: String) -> Bool {
    path != "-" && FileStatus.of(path)?.isRegular == true
  }

  /// What makes what is needed of what was given, or where that belongs; else how what is needed is made.
  private static func remedy(for given: Kind, _ expecting: Set<Kind>) -> String? {
    switch given {
    case .setup where expecting.contains(.events): return "make events of it with lhe-read"
    case .events where expecting == [.sample]: return "make a training sample with augment"
    case .sample where expecting == [.events]: return "give the events that it was drawn from"
    case .sample where expecting == [.model]: return "train a model on it first"
    case .model where expecting.isSuperset(of: [.events]):
      return
        "give the events that lhe-read made; evaluate, fisher and limits take the model with --model"
    default: break
    }
    let makers: [(Kind, String)] = [
      (.model, "models are made by train-ratio, train-score and train-density"),
      (.sample, "samples are made by augment"), (.events, "events are made by lhe-read"),
      (.setup, "setups are made by 'morph setup'"),
    ]
    return makers.first { expecting.contains($0.0) }?.1
  }

  private static func open(
    _ path: String, options: InputOptions, journal: Journal
  ) throws -> any Source {
    let reader = try ByteReader(path: path)
    return try open(reader, path, format(of: reader, options), options, journal)
  }

  private static func format(of reader: ByteReader, _ options: InputOptions) throws -> InputFormat {
    try options.format ?? Signature.detect(reader.peek(18), file: reader.name)
  }

  private static func open(
    _ reader: ByteReader, _ path: String, _ format: InputFormat, _ options: InputOptions,
    _ journal: Journal
  ) throws -> any Source {
    switch format {
    case .hdf5:
      return HDF5Source(
        try HDF5Contents(
          path: try filePath(path, reader), name: reader.name, journal: journal,
          acceptsPlain: options.acceptsPlain))
    case .stream:
      return try StreamSource(reader, options: options, journal: journal)
    case .json:
      return try JSONFile.source(reader)
    case .lhe:
      throw Problem(
        .data, "this is a text with tags, such as Les Houches events",
        remedy: "read Les Houches events with lhe-read", file: reader.name)
    case .tsv:
      return try TextSource(reader, columns: options.columns, isForced: options.format == .tsv)
    case .npy:
      return try NumpySource(reader, columns: options.columns)
    }
  }

  /// HDF5 needs to go to and fro in its file.
  static func filePath(_ path: String, _ reader: ByteReader) throws -> String {
    guard !reader.isGzip else {
      throw Problem(
        .data, "this is an HDF5 file inside gzip", remedy: "unpack it with gunzip",
        file: reader.name)
    }
    guard reader.file.status?.isRegular == true else {
      throw Problem(
        .data, "HDF5 cannot be read from a pipe",
        remedy: "name the file, or pipe 'events convert -O stream FILE'", file: reader.name)
    }
    return path == "-" ? "/proc/self/fd/0" : path
  }
}
