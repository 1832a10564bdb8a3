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
      pyhf: a workspace of the bins of --observable (the rate without one) at --theta, one sample for each process, and with --grid a patch set of \
      other points; of tables of 'fisher bins' a channel each. popxf: the bins as polynomials in the parameters. hepdata: results of limits and fisher as tables, one \
      YAML file, or a folder (-o FOLDER/) with submission.yaml and a file for each table.
      """)

  enum Target: String, CaseIterable, ExpressibleByArgument { case pyhf, popxf, hepdata }

  @Option(help: ArgumentHelp("Format: pyhf, popxf or hepdata. Required.", valueName: "format"))
  var format: Target

  @OptionGroup var inputs: InputsGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var theta: ThetaOption

  @OptionGroup var histogram: HistogramOptions

  @Option(
    help: ArgumentHelp(
      "Observed events for the workspace of pyhf; without them the expected counts.",
      valueName: "file"), completion: .file())
  var data: String?

  @OptionGroup var simulation: SimulationOptions
  @OptionGroup var grid: GridOption

  @Option(
    help: ArgumentHelp("Where the patch set of --grid goes.", valueName: "file"),
    completion: .file())
  var patchset: String?

  @Option(
    help: ArgumentHelp(
      "Scale at which the parameters are defined, in GeV; popxf needs it.", valueName: "GeV"))
  var scale: Double?

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

  /// What is exported: events, or the tables of bins that stand for them.
  private enum Content {
    case events(SimulationInput)
    case tables([(file: String?, bins: BinnedEvents)])

    var setup: Setup {
      switch self {
      case .events(let input): input.simulation.setup
      case .tables(let tables): tables[0].bins.setup
      }
    }
  }

  /// The input and the point that --theta names.
  private func content(_ context: CommandContext) throws -> (Content, theta: [Double]) {
    let paths = inputs.paths.isEmpty ? [nil] : inputs.paths.map { Optional($0) }
    let sources = try paths.map {
      try context.openTable($0, expecting: [.events, .bins], options: inputs.reading.options)
    }
    func point(_ setup: Setup) throws -> [Double] {
      try theta.theta.isEmpty
        ? setup.benchmarks[setup.referenceBenchmark].values : theta.requireOne().resolve(setup)
    }
    if sources.contains(where: { $0.header.kind == .events }) {
      guard sources.count == 1 else {
        throw Problem(
          .usage, "more than one file, and not all of them are tables of bins",
          remedy: "make a table of each with 'fisher bins', or put events together: events merge")
      }
      let input = try SimulationInput(
        sources[0], columns: histogram.observable, models: [], scores: nil, choice: simulation,
        theta: point(Setup(document: sources[0].header.document)),
        team: ThreadTeam(threads: context.threads))
      return (.events(input), input.theta)
    }
    for (option, isGiven) in [
      ("--observable", !histogram.observable.isEmpty), ("--data", data != nil),
      ("--combine", simulation.combine.combine != nil),
      ("--cut", !simulation.selection.cut.isEmpty),
      ("--efficiency", !simulation.selection.efficiency.isEmpty),
    ] where isGiven {
      throw Problem(
        .usage, "\(option) is for events; a table of bins is what it is",
        remedy: "leave it out, or give the events")
    }
    let tables = try sources.map { ($0.name, try binned($0)) }
    return (.tables(tables), try point(tables[0].1.setup))
  }

  private func binned(_ source: any Source) throws -> BinnedEvents {
    do {
      var bins = try BinnedEvents(document: source.header.document)
      bins.setup = bins.setup.truncated(to: simulation.order.order)
      guard let part = bins.part else { return bins }
      throw Problem(
        .data, "this is \(part.description) of a table of bins",
        remedy: "put the parts together with events merge")
    } catch let problem as Problem {
      throw problem.inFile(source.name)
    }
  }

  /// The bins of the observables; one bin, the rate, without any.
  private func fill(_ input: SimulationInput) throws -> BinTable {
    try input.simulation.requireEvents().fill(axes: input.axes(histogram.axes()))
  }

  /// Warns of bins of few simulated events and of negative ones.
  private func warn(
    _ table: BinTable, _ setup: Setup, _ theta: [Double], _ context: CommandContext
  ) throws {
    table.warnAboutSimulation(
      at: MorphedPoint(theta, morphing: try setup.requireMorphing()), journal: context.journal)
  }

  private func pyhf(_ context: CommandContext) throws {
    let luminosity = try luminosity.require()
    let (content, theta) = try content(context)
    let setup = content.setup
    let channels: [HistFactoryExport.Channel]
    var counts: [[Double]]?
    switch content {
    case .events(let input):
      let table = try fill(input)
      try warn(table, setup, theta, context)
      channels = [try .init(table, setup: setup)]
      if let data {
        let observed = try input.selected(
          ObservedEvents(
            context.openTable(
              data, expecting: [.events, .sample], options: inputs.reading.options),
            columns: histogram.observable), scores: nil, observables: histogram.observable,
          choice: simulation)
        let channel = try ToySource.Channel(
          input.simulation, likelihood: table.axes.isEmpty ? .rate : .histogram(table))
        do { counts = [try channel.counts(observed)] } catch let p as Problem {
          throw p.inFile(data)
        }
      }
    case .tables(let tables):
      channels = try tables.map { file, bins in
        try warn(bins.table, bins.setup, theta, context)
        let name = tables.count > 1 ? file.map(Self.label) : nil
        return try .init(name: name, bins.table, setup: bins.setup)
      }
    }
    let export = try HistFactoryExport(
      channels, luminosity: luminosity.inversePicobarn, theta: theta,
      notes: [
        ("luminosity", luminosity.description),
        ("point of the workspace", PointSpecification.name(of: theta, setup)),
      ] + context.origin)
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
    let (content, theta) = try content(context)
    let table: BinTable
    switch content {
    case .events(let input): table = try fill(input)
    case .tables(let tables):
      guard tables.count == 1 else {
        throw Problem(.usage, "more than one table of bins", remedy: "export each of them")
      }
      table = tables[0].bins.table
    }
    try warn(table, content.setup, theta, context)
    let export = try POPxfExport(
      table, setup: content.setup, scale: scale, notes: context.origin)
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
