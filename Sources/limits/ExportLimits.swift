import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

struct ExportLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "export", abstract: "Likelihoods and results in the formats of other programs.",
    discussion: """
      pyhf: a workspace of the bins of --observable at --theta, one sample for each process, and with --grid a patch set of \
      other points. popxf: the bins as polynomials in the parameters. hepdata: results of limits and fisher as tables, one \
      YAML file, or a folder (-o FOLDER/) with submission.yaml and a file for each table.
      """)

  enum Target: String, CaseIterable, ExpressibleByArgument { case pyhf, popxf, hepdata }

  @Option(help: ArgumentHelp("Format: pyhf, popxf or hepdata. Required.", valueName: "format"))
  var format: Target

  @OptionGroup var inputs: InputsGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var theta: ThetaOption

  @Option(
    help: ArgumentHelp("Bins of this observable; without it one bin, the rate.", valueName: "name"))
  var observable: String?
  @OptionGroup var bins: BinsOption

  @Option(
    help: ArgumentHelp(
      "Observed events for the workspace of pyhf; without them the expected counts.",
      valueName: "file"), completion: .file())
  var data: String?

  @OptionGroup var order: OrderOption
  @OptionGroup var grid: GridOption

  @Option(
    help: ArgumentHelp("Where the patch set of --grid goes.", valueName: "file"),
    completion: .file())
  var patchset: String?

  @Option(
    help: ArgumentHelp(
      "Scale at which the parameters are defined, in GeV; popxf needs it.", valueName: "GeV"))
  var scale: Double?

  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (patchset == nil) == grid.grid.isEmpty else {
      throw ValidationError("--grid and --patchset FILE go together")
    }
    if patchset != nil, format != .pyhf { throw ValidationError("--patchset is for pyhf") }
    if let scale, !(scale > 0) { throw ValidationError("--scale takes a positive number") }
    if output.outputFormat != nil {
      throw ValidationError("--format says the format; leave -O away")
    }
  }

  func execute(_ context: CommandContext) throws {
    switch format {
    case .hepdata: try hepdata(context)
    case .pyhf: try pyhf(context)
    case .popxf: try popxf(context)
    }
  }

  private func events(_ context: CommandContext) throws -> (CombinedEvents, [Double]) {
    guard inputs.paths.count <= 1 else {
      throw Problem(.usage, "more than one events file", remedy: "put them together: events merge")
    }
    let file = try context.openTable(
      inputs.paths.first, expecting: [.events], options: inputs.reading.options)
    var table = try EventTable.load(file, observables: observable.map { [$0] } ?? [])
    table.setup = table.setup.truncated(to: order.order)
    let reference = table.setup.benchmarks[table.setup.referenceBenchmark].values
    let point = theta.theta.isEmpty ? reference : try theta.requireOne().resolve(table.setup)
    let events = try CombinedEvents(
      table, combination: combine.combine, theta: point, file: file.name,
      team: ThreadTeam(threads: context.threads))
    return (events, point)
  }

  private func edges(_ events: CombinedEvents, _ theta: [Double]) throws -> [Double] {
    guard let observable else { return [] }
    return try BinSpecification(parsing: bins.bins).edges(
      events, observable: observable, theta: theta)
  }

  private func warn(
    _ events: CombinedEvents, _ edges: [Double], _ theta: [Double], _ context: CommandContext
  ) throws {
    let table = try observable.map { try events.fill($0, edges: edges) } ?? events.total
    table.warnAboutSimulation(at: try events.point(theta), journal: context.journal)
  }

  private func pyhf(_ context: CommandContext) throws {
    let luminosity = try luminosity.require()
    let (events, theta) = try events(context)
    let setup = events.table.setup
    let edges = try edges(events, theta)
    try warn(events, edges, theta, context)
    let export = try HistFactoryExport(
      ProcessBins.tables(events, observable: observable, edges: edges), setup: setup,
      morphing: events.morphing, luminosity: luminosity.inversePicobarn, theta: theta,
      notes: [
        ("luminosity", luminosity.description),
        ("point of the workspace", PointSpecification.name(of: theta, setup)),
      ] + context.origin)
    var counts: [Double]?
    if let data {
      let observed = try ObservedEvents(
        context.openTable(
          data, expecting: [.events, .sample], options: inputs.reading.options))
      let source = try ToySource(
        events,
        likelihood: observable.map { .histogram(try events.fill($0, edges: edges)) } ?? .rate,
        luminosity: luminosity.inversePicobarn)
      do { counts = try source.counts(observed) } catch let p as Problem { throw p.inFile(data) }
    }
    let workspace = try export.workspace(counts: counts)
    if let patchset {
      let points = try GridAxis.points(grid.axes(), setup: setup)
      try context.write(
        bytes: Array(export.patchSet(workspace, points: points).json.utf8), to: patchset,
        isBinary: false, force: output.force)
    }
    try context.write(
      bytes: Array(workspace.json.utf8), to: output.path, isBinary: false, force: output.force)
  }

  private func popxf(_ context: CommandContext) throws {
    guard let scale else {
      throw Problem(
        .usage, "the scale of the parameters is missing", remedy: "give --scale 1000 (GeV)")
    }
    let (events, theta) = try events(context)
    let table =
      try observable.map { try events.fill($0, edges: edges(events, theta)) } ?? events.total
    try warn(events, edges(events, theta), theta, context)
    let export = try POPxfExport(
      table, setup: events.table.setup, morphing: events.morphing, scale: scale,
      notes: context.origin)
    try context.write(
      bytes: Array(export.document().json.utf8), to: output.path, isBinary: false,
      force: output.force)
  }

  private func hepdata(_ context: CommandContext) throws {
    guard !inputs.paths.isEmpty else {
      throw Problem(.usage, "no result to export", remedy: "name files of limits or fisher")
    }
    var tables: [HEPDataTable] = []
    for path in inputs.paths {
      let header = try context.readHeader(
        path, expecting: [.limits, .information], options: inputs.reading.options)
      do {
        tables += try HEPDataTable.tables(
          header.document, label: inputs.paths.count > 1 ? Self.label(path) : "")
      } catch let problem as Problem { throw problem.inFile(path) }
    }
    let submission = HEPDataSubmission(
      comment: context.origin.map { "\($0.0): \($0.1)" }.joined(separator: "; "), tables: tables)
    guard let folder = output.path, folder.hasSuffix("/") else {
      return try context.write(
        bytes: Array(submission.single.utf8), to: output.path, isBinary: false,
        force: output.force)
    }
    try context.makeFolder(folder)
    // The submission comes last: with it the folder is whole.
    for file in submission.files.reversed() {
      try context.write(
        bytes: Array(file.text.utf8), to: folder + file.name, isBinary: false, force: output.force)
    }
  }

  /// A file's name without folders and ending.
  private static func label(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.split(separator: ".").first.map(String.init) ?? name
  }
}

extension CommandContext {
  /// Where an exported file comes from, in words: program, command line and digests of the inputs; nothing with
  /// `--no-provenance`.
  var origin: [(String, String)] {
    guard let own = provenance(adding: []).last else { return [] }
    return [("made by", "sluice \(own.program) \(own.version)"), ("command", own.commandLine)]
      + own.inputs.map { ("input \($0.name)", $0.digest) }
  }
}
