import Diagnostics
import EventIO
import EventModel
import Glibc

// Inputs and outputs of a command, with the rules for terminals, overwriting and provenance.
extension CommandContext {
  /// Opens rows to read; nil or `-` is standard input, which must not be a terminal.
  public func openTable(
    _ path: String?, expecting kinds: Set<Kind>, options: InputOptions = InputOptions()
  ) throws -> any Source {
    let path = try Self.operand(path)
    let source = try Input.openTable(path, expecting: kinds, options: options, journal: journal)
    let header = source.header
    record(
      InputRecord(name: source.name, status: FileIdentity(path: path)) {
        ContentDigest.of(header)
      }, history: header.provenance)
    return source
  }

  /// Opens the rows of the operand of a command.
  public func openTable(_ input: InputGroup, expecting kinds: Set<Kind>) throws -> any Source {
    try openTable(input.path, expecting: kinds, options: input.reading.options)
  }

  /// Reads events into memory; `observables` nil keeps all.
  public func readEvents(_ input: InputGroup, observables: [String]? = nil) throws -> EventTable {
    try readEvents(input.path, observables: observables, options: input.reading.options)
  }

  public func readEvents(
    _ path: String?, observables: [String]? = nil, options: InputOptions = InputOptions()
  ) throws -> EventTable {
    let source = try openTable(path, expecting: [.events], options: options)
    return try EventTable.load(source, observables: observables)
  }

  /// Reads everything of a file but its rows.
  public func readHeader(
    _ path: String, expecting kinds: Set<Kind>, options: InputOptions = InputOptions()
  ) throws -> Header {
    let path = try Self.operand(path)
    let header = try Input.readHeader(path, expecting: kinds, options: options, journal: journal)
    record(
      InputRecord(
        name: path == "-" ? "standard input" : path, status: FileIdentity(path: path)
      ) { ContentDigest.of(header) }, history: header.provenance)
    return header
  }

  public func readSetup(_ path: String) throws -> Setup {
    let header = try readHeader(path, expecting: [.setup])
    return try Self.naming(path) { try Setup(document: header.document) }
  }

  public func readModel(_ path: String) throws -> Model {
    let header = try readHeader(path, expecting: [.model])
    return try Self.naming(path) { try Model(document: header.document) }
  }

  /// Opens rows to write. Inputs must be open already: their digests go into the record of this run.
  ///
  /// `deferred` sinks accept a new document and rewritten rows at `finish`.
  public func openSink(
    _ output: OutputGroup, header: Header, deferred: Bool = false
  ) throws -> any Sink {
    try guardInputs(of: output.path, force: output.force)
    let format = output.json ? .json : output.outputFormat
    let isBinary = format == nil || format == .stream || format == .hdf5 || format == .npy
    if output.path == nil, isBinary, !output.force, isatty(STDOUT_FILENO) == 1 {
      throw Problem(
        .usage, "binary data are not written to a terminal",
        remedy: "give -o FILE, a pipe, -O tsv, or -f")
    }
    var header = header
    header.provenance = provenance(adding: header.provenance)
    let options = OutputOptions(
      format: format, compress: output.compress, deferred: deferred, force: output.force,
      provenance: !self.options.noProvenance)
    return CountingSink(
      try Output.openTable(output.path, header: header, options: options), context: self)
  }

  /// Writes a setup or a model, which are always files.
  public func writeDocument(kind: Kind, document: Document, output: FileOutputGroup) throws {
    let path = try output.requirePath()
    try guardInputs(of: path, force: output.force)
    try writeDocument(kind: kind, document: document, path: path, force: output.force)
  }

  private func writeDocument(kind: Kind, document: Document, path: String, force: Bool) throws {
    let header = Header(kind: kind, document: document, provenance: provenance(adding: []))
    let options = OutputOptions(
      format: .hdf5, force: force, provenance: !self.options.noProvenance)
    try Output.writeDocument(header, to: path, options: options)
  }

  /// Gives a result: HDF5 with `-o`, else aligned text, or JSON with `--json`.
  ///
  /// `-o` with a name in .json, .tsv or .txt writes that text instead.
  public func report(
    text: @autoclosure () -> String, document: Document, kind: Kind, output: OutputGroup
  ) throws {
    try guardInputs(of: output.path, force: output.force)
    switch try ReportForm(output) {
    case .text: try write(text(), to: output)
    case .json:
      var whole = Document()
      whole.set("kind", kind.rawValue)
      whole.set("format_version", FormatVersion.current)
      for name in document.names { whole[name] = document[name] }
      try write(whole.json(pretty: true) + "\n", to: output)
    case .hdf5(let path):
      try writeDocument(kind: kind, document: document, path: path, force: output.force)
    }
  }

  /// Gives a result that has no HDF5 form: aligned text, or JSON.
  public func report(
    text: @autoclosure () -> String, document: Document, output: OutputGroup
  ) throws {
    let form = try ReportForm(output)
    if case .hdf5 = form, output.outputFormat == .hdf5 {
      throw Problem(.usage, "this result has no HDF5 form", remedy: "leave -O away, or use --json")
    }
    if case .json = form {
      try write(document.json(pretty: true) + "\n", to: output)
    } else {
      try write(text(), to: output)
    }
  }

  private func write(_ text: String, to output: OutputGroup) throws {
    try Output.writeText(
      text, to: output.path, options: OutputOptions(format: .tsv, force: output.force))
  }

  /// Standard input where no operand is given, unless somebody sits there.
  static func operand(_ path: String?) throws -> String {
    if path == nil, isatty(STDIN_FILENO) == 1 {
      throw Problem(
        .usage, "no input file, and standard input is a terminal",
        remedy: "name a file, or pipe into this command")
    }
    return path ?? "-"
  }

  private static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem { throw problem.inFile(path) }
  }
}

/// What a result is written as.
private enum ReportForm {
  case text
  case json
  case hdf5(String)

  init(_ output: OutputGroup) throws {
    if output.json {
      self = .json
      return
    }
    switch (output.outputFormat, output.path) {
    case (.json?, _): self = .json
    case (.tsv?, _), (nil, nil): self = .text
    case (.hdf5?, nil):
      throw Problem(.usage, "HDF5 cannot go to standard output", remedy: "give -o FILE")
    case (.hdf5?, let path?): self = .hdf5(path)
    case (nil, let path?):
      if path.hasSuffix(".json") {
        self = .json
      } else if path.hasSuffix(".tsv") || path.hasSuffix(".txt") {
        self = .text
      } else {
        self = .hdf5(path)
      }
    case (let format?, _):
      throw Problem(
        .usage, "a result cannot be written as \(format.rawValue)",
        remedy: "use -O hdf5, json or tsv")
    }
  }
}

/// Counts rows for the closing line of `-v`.
private final class CountingSink: Sink {
  private let sink: any Sink
  private let context: CommandContext
  init(_ sink: any Sink, context: CommandContext) {
    self.sink = sink
    self.context = context
  }
  func write(_ batch: Batch) throws {
    try sink.write(batch)
    context.countRows(batch.count)
  }
  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try sink.finish(document: document, rewriting: rewriting)
  }
}
