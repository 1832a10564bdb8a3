import Diagnostics
import EventModel

/// Where things stand in an LHEH5 file: all numbers float64, columns named by an attribute.
enum LHEH5Layout {
  static let attribute = "properties"
  static let version = "version"
  static let initialisation = "init"
  static let processes = "procInfo"
  static let header = "xml/header"
  /// Ours: the header as it was, where it is no XML or declares other weights than there are.
  static let text = "xml/text"
  /// Ours: lines of the headers of further runs that the header here, which is that of the first, has not.
  static let mergedLines = "xml/merged"
  static let generators = "generators"
  static let datasets = [
    ParticleBlock.events, ParticleBlock.particles, initialisation, processes, generators,
  ]
  /// What an LHEH5 file has besides its rows.
  static let documents = [version, initialisation, processes, "xml", generators]

  static let initColumns = [
    "beamA", "beamB", "energyA", "energyB", "PDFgroupA", "PDFgroupB", "PDFsetA", "PDFsetB",
    "weightingStrategy", "numProcesses",
  ]
  static let processColumns = ["procId", "npLO", "npNLO", "xSection", "error", "unitWeight"]
  static let generatorColumns = ["name", "version", "description", "extraAttributes"]

  /// Makes what a table with particles says of its run fit for several runs: the processes of all, by their ids, their
  /// generators, and the header of the first, with a note of what others have and it has not.
  ///
  /// `others` are the further tables and what problems call them.
  static func merge(_ others: [(name: String, document: Document)], into document: inout Document) {
    guard document[processes] != nil else { return }
    var programs = GeneratorElement.read(document)
    var merged = MergedProcesses()
    merged.add(document)
    for (_, other) in others {
      programs += GeneratorElement.read(other).filter { !programs.contains($0) }
      merged.add(other)
    }
    GeneratorElement.write(programs, to: &document)
    merged.write(to: &document)
    let former = document.texts(mergedLines) ?? []
    let lines = former + others.flatMap { Self.notes($0.name, $0.document, document) }
    document[mergedLines] = lines.isEmpty ? nil : .texts(lines, shape: [lines.count], width: nil)
  }

  /// Lines of another table's header that the merged one has not, such as the seed of the run.
  private static func notes(_ name: String, _ other: Document, _ document: Document) -> [String] {
    func lines(_ document: Document) -> [Substring] {
      (document.text(text) ?? document.text(header) ?? "").split(separator: "\n")
    }
    let known = Set(lines(document))
    let own = lines(other).filter { !known.contains($0) }.map { "\(name): \($0)" }
    return own + (other.texts(mergedLines) ?? [])
  }

  /// The columns of a dataset of the document that the format names.
  static func columns(of path: String, shape: [Int]) -> [String]? {
    switch path {
    case initialisation where shape == [initColumns.count]: initColumns
    case processes where shape.last == processColumns.count && shape.count == 2: processColumns
    case generators where shape.last == generatorColumns.count && shape.count == 2:
      generatorColumns
    default: nil
    }
  }
}

/// Makes `start` and `nparticles` of the particle block anew from the lists, whatever the rows were before.
final class ParticleStartSink: Sink {
  private let sink: any Sink
  private let events: Int
  private let particles: Int
  private let width: Int
  private var start = 0

  /// The sink itself where its table carries no particles.
  static func wrapping(_ sink: any Sink, _ header: Header) -> any Sink {
    guard let indices = ParticleBlock.indices(in: header) else { return sink }
    return ParticleStartSink(sink, header, indices)
  }

  private init(_ sink: any Sink, _ header: Header, _ indices: (events: Int, particles: Int)) {
    self.sink = sink
    (events, particles) = indices
    width = header.fields[events].width
  }

  func write(_ batch: Batch) throws {
    guard case .list(let counts, _) = batch.columns[particles],
      case .float64(var heads) = batch.columns[events], heads.count == counts.count * width
    else { return try sink.write(batch) }
    for (row, count) in counts.enumerated() {
      heads[row * width + 1] = Double(count)
      heads[row * width + 2] = Double(start)
      start += count
    }
    var batch = batch
    batch.columns[events] = .float64(heads)
    try sink.write(batch)
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try sink.finish(document: document, rewriting: rewriting)
  }
}

/// The particle block alone, as a file of LHEH5 2.6.
///
/// Its weights are those of the generator, which nothing rescales; so what is rewritten at the end of a run does not matter.
final class LHEH5Sink: Sink {
  private let sink: HDF5Sink
  private let indices: (events: Int, particles: Int)
  private let isDeferred: Bool

  init(_ output: OutputFile, header: Header, options: OutputOptions) throws {
    guard let indices = ParticleBlock.indices(in: header) else {
      output.abandon()
      throw Problem(
        .data, "the events carry no particles, which LHEH5 is about",
        remedy: "read them with lhe-read --particles", file: output.name)
    }
    self.indices = indices
    isDeferred = options.deferred
    var picked = Header(
      kind: .events, fields: [header.fields[indices.events], header.fields[indices.particles]])
    picked.document = Self.document(header.document)
    sink = try HDF5Sink(output, header: picked, options: options, isLHEH5: true)
  }

  private static func document(_ given: Document) -> Document {
    var document = Document()
    for name in LHEH5Layout.documents { document[name] = given[name] }
    return document
  }

  func write(_ batch: Batch) throws {
    try sink.write(
      Batch(
        count: batch.count,
        columns: [batch.columns[indices.events], batch.columns[indices.particles]]))
  }

  func finish(document: Document?, rewriting: ((inout Batch) throws -> Void)?) throws {
    try requireDeferred(isDeferred, document: document, rewriting: rewriting)
    try sink.finish(document: document.map(Self.document), rewriting: nil)
  }
}
