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
    // A command that computes with events gets a part of the cross section from a part of them.
    if source.header.kind == .events, kinds.isSubset(of: [.events, .bins]),
      let part = try TablePart.read(source.header.document)
    {
      journal.warn(
        "part \(source.name)",
        "\(source.name) is \(part.description) of a table, and holds a part of its cross section; put the parts together with events merge"
      )
    }
    record(source, path)
    return source
  }

  private func record(_ source: any Source, _ path: String) {
    let header = source.header
    record(
      InputRecord(name: source.name, path: path) {
        (source as? any DigestedSource)?.contentDigest ?? ContentDigest.of(header)
      }, history: header.provenance)
  }

  /// Opens what may be rows or Les Houches events; of the latter the caller records the digest.
  public func openContent(
    _ path: String?, expecting kinds: Set<Kind>, options: InputOptions = InputOptions()
  ) throws -> InputContent {
    let path = try Self.operand(path)
    let content = try Input.openContent(
      path, expecting: kinds, options: options, journal: journal)
    if case .table(let source) = content { record(source, path) }
    return content
  }

  /// Opens text to write, plain or gzip by its name.
  public func openText(_ output: OutputGroup) throws -> TextOutput {
    try openText(output.path, output)
  }

  /// The same under another name than the one after `-o`.
  public func openText(_ path: String?, _ output: OutputGroup) throws -> TextOutput {
    try TextOutput(
      path,
      options: OutputOptions(
        compress: output.compress, force: output.force, inputs: inputPaths))
  }

  /// Opens the rows of the operand of a command.
  public func openTable(_ input: InputGroup, expecting kinds: Set<Kind>) throws -> any Source {
    try openTable(input.path, expecting: kinds, options: input.reading.options)
  }

  /// Opens the rows of an operand once more, from the first; nil for standard input and pipes.
  public func reopener(
    _ input: InputGroup, _ source: any Source
  ) -> (() throws -> any Source)? {
    guard let path = input.path, Input.canReopen(path) else { return nil }
    let (kind, options, journal) = (source.header.kind, input.reading.options, journal)
    return { try Input.openTable(path, expecting: [kind], options: options, journal: journal) }
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
    _ path: String?, expecting kinds: Set<Kind>, options: InputOptions = InputOptions()
  ) throws -> Header {
    let path = try Self.operand(path)
    let header = try Input.readHeader(path, expecting: kinds, options: options, journal: journal)
    record(
      InputRecord(
        name: path == "-" ? "standard input" : path, path: path
      ) { ContentDigest.of(header) }, history: header.provenance)
    return header
  }

  public func readSetup(_ path: String) throws -> Setup {
    let header = try readHeader(path, expecting: [.setup])
    return try Self.naming(path) { try Setup(document: header.document) }
  }

  /// A model, or the members of an ensemble in one file.
  public func readModel(_ path: String) throws -> ModelEnsemble {
    let header = try readHeader(path, expecting: [.model])
    return try Self.naming(path) { try ModelEnsemble(document: header.document) }
  }

  /// Writes a setup or a model that may also be asked for as JSON.
  public func writeDocument(kind: Kind, document: Document, output: OutputGroup) throws {
    guard let path = output.path else {
      throw Problem(.usage, "a \(kind.rawValue) is a file", remedy: "give -o FILE")
    }
    try writeDocument(
      kind: kind, document: document, to: path, as: output.json ? .json : output.outputFormat,
      force: output.force)
  }

  /// Opens rows to write. Inputs must be open already: their digests go into the record of this run.
  ///
  /// `deferred` sinks accept a new document and rewritten rows at `finish`.
  public func openSink(
    _ output: OutputGroup, header: Header, deferred: Bool = false
  ) throws -> any Sink {
    var header = header
    header.provenance = provenance(adding: header.provenance)
    let options = OutputOptions(
      format: output.json ? .json : output.outputFormat, compress: output.compress,
      deferred: deferred, force: output.force, provenance: !self.options.noProvenance,
      inputs: inputPaths)
    return CountingSink(
      try Output.openTable(output.path, header: header, options: options), context: self)
  }

  /// Writes a setup or a model, which are always files.
  public func writeDocument(kind: Kind, document: Document, output: FileOutputGroup) throws {
    try writeDocument(
      kind: kind, document: document, to: try output.requirePath(), force: output.force)
  }

  private func writeDocument(
    kind: Kind, document: Document, to path: String, as format: OutputFormat? = nil, force: Bool
  ) throws {
    let header = Header(kind: kind, document: document, provenance: provenance(adding: []))
    let options = OutputOptions(
      format: format, force: force, provenance: !self.options.noProvenance, inputs: inputPaths)
    try Output.writeDocument(header, to: path, options: options)
  }

  /// Gives a result: HDF5 with `-o`, else aligned text, or JSON with `--json`.
  ///
  /// `-o` with a name in .json, .tsv or .txt writes that text instead.
  public func report(
    text: @autoclosure () -> String, document: Document, kind: Kind, output: OutputGroup
  ) throws {
    switch try ReportForm(output) {
    case .text: try write(text(), to: output)
    case .json:
      try writeDocument(
        kind: kind, document: document, to: output.path ?? "-", as: .json, force: output.force)
    case .binary(let path, let format):
      try writeDocument(
        kind: kind, document: document, to: path ?? "-", as: format, force: output.force)
    }
  }

  /// Gives a result that has no HDF5 form: aligned text, or JSON.
  public func report(
    text: @autoclosure () -> String, document: Document, output: OutputGroup
  ) throws {
    switch try ReportForm(output) {
    case .binary(_, let format) where output.outputFormat == format:
      throw Problem(
        .usage, "this result has no \(format.rawValue) form",
        remedy: "leave -O away, or use --json")
    case .json: try write(document.json(pretty: true) + "\n", to: output)
    case .text, .binary: try write(text(), to: output)
    }
  }

  /// Gives bytes that are neither a table nor a result: a picture. Whole, or not at all.
  public func write(
    bytes: [UInt8], to path: String?, isBinary: Bool, force: Bool
  ) throws {
    let path = path == "-" ? nil : path
    if path == nil, isBinary {
      try Self.refuseTerminal(force: force, remedy: "give -o FILE, or -f")
    }
    try Output.writeBytes(
      bytes, to: path, options: OutputOptions(force: force, inputs: inputPaths))
  }

  /// A folder for several files; one that is there already is as good.
  public func makeFolder(_ path: String) throws { try Output.makeFolder(path) }

  private static func refuseTerminal(force: Bool, remedy: String) throws {
    guard !force, isatty(STDOUT_FILENO) == 1 else { return }
    throw Problem(.usage, "binary data are not written to a terminal", remedy: remedy)
  }

  private func write(_ text: String, to output: OutputGroup) throws {
    try Output.writeText(
      text, to: output.path,
      options: OutputOptions(format: .tsv, force: output.force, inputs: inputPaths))
  }

  /// Standard input where no operand is given, unless somebody sits there.
  public static func operand(_ path: String?) throws -> String {
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
  /// HDF5 to a file, or what else is made for other programs.
  case binary(String?, OutputFormat)

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
    case (.hdf5?, let path?): self = .binary(path, .hdf5)
    case (.npz?, let path): self = .binary(path, .npz)
    case (.onnx?, let path): self = .binary(path, .onnx)
    case (nil, let path?):
      if path.hasSuffix(".json") {
        self = .json
      } else if path.hasSuffix(".tsv") || path.hasSuffix(".txt") {
        self = .text
      } else {
        let others: [OutputFormat] = [.npz, .onnx]
        self = .binary(
          path, OutputFormat.bySuffix(of: path).flatMap { others.contains($0) ? $0 : nil } ?? .hdf5)
      }
    case (let format?, _):
      throw Problem(
        .usage, "a result cannot be written as \(format.rawValue)",
        remedy: "use -O hdf5, json, tsv or npz")
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
