import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import LesHouches

/// Several tables as one.
struct Merge: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "merge",
    abstract: "Put tables of one kind together: samples of one analysis, or the parts of a job.",
    discussion: """
      Setups, observables and weights must agree by name. Samples of one process are averaged, and processes added, by \
      the commands that read the result; the same sample or event twice is an error. \
      Shards of a result (limits toys --shard) become the whole result. \
      Les Houches files become one: runs of one process are averaged, different processes add. \
      Models of one training plan become the members of one model. Tables of bins (fisher bins) are added.
      """)

  @Flag(help: "Go on where parts of a whole are missing, and record which.")
  var allowMissing = false
  @Flag(
    help:
      "Les Houches files hold different processes, whose cross sections add, whatever their ids.")
  var different = false
  @Flag(help: "Give processes of Les Houches files new ids; with --different.")
  var renumber = false
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let paths = inputs.paths.isEmpty ? [nil] : inputs.paths.map(Optional.some)
    let contents = try paths.map {
      try context.openContent(
        $0, expecting: Set(Kind.allCases), options: inputs.reading.options)
    }
    var sources: [any Source] = []
    var names: [String] = []
    for content in contents {
      switch content {
      case .table(let source): sources.append(source)
      case .lhe(let bytes): names.append(bytes.name)
      }
    }
    if let name = names.first {
      guard sources.isEmpty else {
        throw Problem(
          .usage, "these are Les Houches events, and other inputs are not",
          remedy: "read them with lhe-read first", file: name)
      }
      return try mergeLHE(paths.map { $0 ?? "-" }, context)
    }
    if sources.allSatisfy({ $0.header.kind == .model }) { return try mergeModels(sources, context) }
    if sources.first?.header.kind == .bins { return try mergeBins(sources, context) }
    if sources.allSatisfy({ $0.header.kind == .limits }),
      sources.contains(where: { $0.header.document[TablePart.path] != nil })
    {
      return try mergeResults(sources, context)
    }
    let merge = try TableMerge(sources, allowMissing: allowMissing, journal: context.journal)
    try merge.write(to: context.openSink(output, header: merge.header, deferred: true))
  }

  /// Tables of bins have no rows: the parts of a job, or different processes, are added.
  private func mergeBins(_ sources: [any Source], _ context: CommandContext) throws {
    guard output.json || output.path != nil else {
      throw Problem(.usage, "a table of bins is a file", remedy: "give -o FILE, or --json")
    }
    let tables = try sources.map { source in
      guard source.header.kind == .bins else {
        throw Problem(
          .data, "this is of kind \(source.header.kind.rawValue), and the others are bins",
          remedy: "merge files of one kind", file: source.name)
      }
      do {
        return (source.name, try BinnedEvents(document: source.header.document))
      } catch let problem as Problem {
        throw problem.inFile(source.name)
      }
    }
    let merged = try BinMerge.merge(tables, allowMissing: allowMissing)
    try context.report(
      text: merged.table.observable, document: merged.document, kind: .bins, output: output)
  }

  /// Members of an ensemble in the order of their numbers, else of the files.
  private func mergeModels(_ sources: [any Source], _ context: CommandContext) throws {
    let models = try sources.map { source in
      do {
        return (source.name, try ModelEnsemble(document: source.header.document))
      } catch let problem as Problem {
        throw problem.inFile(source.name)
      }
    }
    let ensemble = try ModelEnsemble.merged(models, allowMissing: allowMissing)
    try context.writeDocument(kind: .model, document: ensemble.document, output: output)
  }

  private func mergeResults(_ sources: [any Source], _ context: CommandContext) throws {
    let merge = try ResultMerge(sources.map { ($0.name, $0.header) })
    try context.report(
      text: merge.document.json(pretty: true) + "\n", document: merge.document, kind: merge.kind,
      output: output)
  }

  private func mergeLHE(_ paths: [String], _ context: CommandContext) throws {
    guard LHEFile.isWritten(output) else {
      throw Problem(
        .usage, "merged Les Houches events are Les Houches events", remedy: "use -O lhe")
    }
    let merge = try LHEMerge(
      paths, mode: different ? .different(renumbering: renumber) : .byProcesses,
      options: LHEReader.Options(salvage: inputs.reading.salvage, keepsText: true),
      journal: context.journal)
    for input in merge.provenance { context.recordInput(input.name, digest: input.digest) }
    try merge.write(to: context.openText(output), history: LHEFile.history(context))
  }

  func validate() throws {
    if renumber && !different { throw ValidationError("--renumber goes with --different") }
  }
}
