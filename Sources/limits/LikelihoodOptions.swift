import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

/// What the likelihood of pseudo-experiments and of posteriors is made of.
struct LikelihoodOptions: ParsableArguments {
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var model: ModelOption
  @OptionGroup var histogram: HistogramOptions

  @Flag(help: "Take the joint ratio of each event for the likelihood ratio.")
  var truth = false

  @Flag(help: "Leave the number of events out of the likelihood.")
  var noRate = false

  @OptionGroup var nuisances: NuisanceOptions
  @OptionGroup var bins: BinTermOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var simulation: SimulationOptions

  func validate() throws {
    if [!histogram.observable.isEmpty, !model.model.isEmpty, truth].count(where: { $0 }) > 1 {
      throw ValidationError("--truth, --observable and --model are three likelihoods; give one")
    }
    if partition.partition != nil, model.model.isEmpty {
      throw ValidationError("--partition is for --model; bins are of all events")
    }
  }
}

/// Events, and the likelihood made from them: one file, or one for each channel.
struct LikelihoodInput {
  let source: ToySource
  let team: ThreadTeam
  /// Of all files.
  let setup: Setup
  /// What a result says of what it was made with.
  let notes: [String]
  /// Nuisance parameters are parameters of the likelihood, and points may name them.
  private let keepsNuisances: Bool
  private let inputs: [SimulationInput]
  /// Score models whose outputs are binned.
  private let scores: ScoreColumns?

  /// - Parameters:
  ///   - theta: the point that quantile bins and closest benchmarks are taken at; nil is the reference benchmark.
  ///   - freeNorms: processes whose normalisation is free besides those of the options.
  init(
    _ options: LikelihoodOptions, theta: [String], freeNorms: [String] = [],
    context: CommandContext
  ) throws {
    let luminosity = try options.luminosity.require().inversePicobarn
    let point = try PointList.expand(theta).first.map(PointSpecification.init(parsing:))
    let hasNuisances = options.nuisances.nuisance == .profile
    let freeNorms =
      options.bins.freeNorm + freeNorms.filter { !options.bins.freeNorm.contains($0) }
    let team = ThreadTeam(threads: context.threads)
    self.team = team
    let models = try options.model.model.map {
      try TrainedModel(context.readModel($0), name: $0, team: team)
    }
    let isScore = models.contains { $0.model.target == .score }
    let scores = try isScore ? ScoreColumns(models) : nil
    self.scores = scores
    try options.simulation.requireTrained(models)
    let files = try SimulationFiles(options.inputs, context)
    let setup = files.setup
    self.setup = setup
    let reference = setup.benchmarks[setup.referenceBenchmark]
    let place = try point.map {
      try ($0.withoutNorms(freeNorms.map { "mu_" + $0 }) ?? .benchmark(reference.name))
        .resolve(setup, nuisance: hasNuisances)
    }
    let inputs = try files.load(
      columns: options.histogram.observable, models: models, scores: scores,
      choice: options.simulation, theta: place ?? reference.values, team: team)
    self.inputs = inputs
    let all = inputs.map(\.simulation)
    let constraints = try options.nuisances.constraints(all.map(\.setup))
    func terms(_ simulation: Simulation) -> LikelihoodTerms {
      LikelihoodTerms(
        includesRate: !options.noRate, includesNuisance: hasNuisances, constraints: constraints,
        freeNorms: BinTermOptions.freeNorms(freeNorms, of: simulation, among: all),
        includesStatistics: options.bins.mcStatistics)
    }
    source = try ToySource(
      inputs.map { input in
        try ToySource.Channel(
          input.simulation,
          likelihood: try Self.likelihood(options, input, inputs, scores, models, context),
          terms: terms(input.simulation))
      }, luminosity: luminosity, terms: terms(all[0]), journal: context.journal)
    keepsNuisances = hasNuisances
    notes = inputs.notes(options.simulation) + options.simulation.notes + models.map(\.note)
    if !setup.nuisanceParameters.isEmpty, options.nuisances.nuisance == .none {
      context.journal.warn(
        "limits.nuisance", "nuisance parameters are kept at 0; the result is without systematics")
    }
  }

  private static func likelihood(
    _ options: LikelihoodOptions, _ input: SimulationInput, _ inputs: [SimulationInput],
    _ scores: ScoreColumns?, _ models: [TrainedModel], _ context: CommandContext
  ) throws -> ToySource.Likelihood {
    if options.truth {
      let setup = input.simulation.setup
      return .truth(reference: setup.benchmarks[setup.referenceBenchmark].values)
    }
    guard models.isEmpty || scores != nil else {
      let part = options.partition.partition ?? .test
      let events = try input.simulation.requireEvents()
      for model in models {
        model.warnIfTrained(
          on: part, of: events.table, digest: input.digest, journal: context.journal)
        model.warnIfMore(events, journal: context.journal)
      }
      return .ratio(models, part)
    }
    // A table of bins whose axes are scores takes a model for observed events.
    let own = input.simulation.axes
    guard own == nil || scores == nil || own?.isEmpty == true else {
      return .histogram(try input.simulation.binned([]), mode: .score)
    }
    let axes = try inputs.axes(of: input) {
      try scores.map { try options.histogram.axes(ofScores: $0) } ?? options.histogram.axes()
    }
    guard !(own ?? axes).isEmpty else { return .rate }
    return .histogram(
      try input.simulation.binned(axes), mode: scores == nil ? .histogram : .score)
  }

  /// A point with its nuisance parameters, which are 0 where it does not name them; none where they are kept at 0.
  func resolve(_ point: PointSpecification) throws -> (theta: [Double], nu: [Double]) {
    let all = try point.resolve(setup, nuisance: keepsNuisances)
    return (
      Array(all.prefix(setup.parameters.count)), Array(all.dropFirst(setup.parameters.count))
    )
  }

  /// The same of θ with the free normalisations, 1 where it does not name them.
  func resolveWithNorms(
    _ point: PointSpecification
  ) throws -> (theta: [Double], nu: [Double]) {
    let names = Array(source.parameters.pointNames.dropFirst(source.parameters.thetaCount))
    var norms = names.map { _ in 1.0 }
    if case .values(let values) = point {
      for (k, name) in names.enumerated() { norms[k] = values[name] ?? 1 }
    }
    guard let theory = point.withoutNorms(names) else {
      return (
        setup.parameterNames.map { _ in 0 } + norms,
        keepsNuisances ? setup.nuisanceParameters.map { _ in 0 } : []
      )
    }
    let (theta, nu) = try resolve(theory)
    return (theta + norms, nu)
  }

  /// Notes of a true point whose nuisance parameters are not 0.
  func notes(nu: [Double]) -> [String] {
    let moved = zip(setup.nuisanceParameters, nu).filter { $0.1 != 0 }
    guard !moved.isEmpty else { return [] }
    return [
      "experiments have "
        + moved.map { "\($0.0.name) = \(TextTable.number($0.1))" }.joined(separator: ", ")
    ]
  }

  /// Observed events of each file that pass its cuts, with what the likelihood is made of; nil where none are given.
  /// - Throws: `.usage` where their number is not that of the files.
  func observed(
    _ paths: [String], _ options: LikelihoodOptions, _ context: CommandContext
  ) throws -> [ObservedEvents]? {
    guard !paths.isEmpty else { return nil }
    try SimulationFiles.requireData(paths.count, for: inputs.count)
    return try zip(inputs, paths).map { input, path in
      let events = try ObservedEvents(
        context.openTable(
          path, expecting: [.events, .sample], options: options.inputs.reading.options),
        columns: options.histogram.observable)
      return try input.selected(
        events, scores: scores, observables: options.histogram.observable,
        choice: options.simulation)
    }
  }
}

/// Observed events of pseudo-experiments and posteriors.
struct ObservedOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Observed events, of equal weight, with the same observables; one for each file of simulated events, in their order.",
      valueName: "file"),
    completion: .file())
  var data: [String] = []

  /// Whether observed events are given.
  var isGiven: Bool { !data.isEmpty }
}

extension PointSpecification {
  /// The point without the values of some normalisations; nil where nothing is left.
  fileprivate func withoutNorms(_ names: [String]) -> PointSpecification? {
    guard case .values(let values) = self else { return self }
    let rest = values.filter { !names.contains($0.key) }
    return rest.isEmpty ? nil : .values(rest)
  }
}

/// The grid of parameter points of which all others are fixed.
struct ScanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "One axis of the grid, ends included. Repeatable; it is the physical region too.",
      valueName: "cHW=-1:1:41"))
  var grid: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep a parameter without an axis at a value (0). Repeatable; every other one has an axis.",
      valueName: "cHW=0"))
  var fix: [String] = []

  /// The axes, the fixed values by index, and the points of the grid, the last axis running fastest, of θ and free
  /// normalisations.
  func resolve(
    _ parameters: LimitParameters, _ setup: Setup
  ) throws -> (axes: [GridAxis], fixed: [Int: Double], points: [[Double]]) {
    guard !grid.isEmpty else {
      throw Problem(.usage, "a grid is missing", remedy: "give --grid NAME=LOW:HIGH:POINTS")
    }
    let axes = try grid.map(GridAxis.init(parsing:))
    try LimitCalculation.checkSize(axes)
    let names = parameters.pointNames
    func place(_ name: String) throws -> Int {
      try names.firstIndex(of: name) ?? setup.coordinate(name, nuisance: false)
    }
    let fixed = try Self.fixed(fix, place: place, nominal: parameters.nominalValue)
    let gridded = try axes.map { try place($0.parameter) }
    var points = try GridAxis.points(axes, at: gridded, of: names.count)
    for (p, name) in names.enumerated() {
      if gridded.contains(p) {
        guard fixed[p] == nil else {
          throw Problem(.usage, "parameter '\(name)' has an axis and is fixed")
        }
        continue
      }
      guard let value = fixed[p] else {
        throw Problem(
          .usage, "parameter '\(name)' has neither an axis nor a value",
          remedy: "give --grid \(name)=LOW:HIGH:POINTS or --fix \(name)")
      }
      for i in points.indices { points[i][p] = value }
    }
    return (axes, fixed, points)
  }

  /// The values of `NAME=VALUE`, or of `NAME` for the nominal one, by place; one text may hold several, with commas between.
  static func fixed(
    _ texts: [String], place: (String) throws -> Int, nominal: (Int) -> Double
  ) throws -> [Int: Double] {
    var fixed: [Int: Double] = [:]
    for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let p = try place(String(parts[0]))
      guard let value = parts.count == 2 ? Double(parts[1]) : nominal(p), value.isFinite else {
        throw Problem(
          .usage, "--fix '\(text)' is not NAME or NAME=VALUE", remedy: "write --fix cHW=0")
      }
      fixed[p] = value
    }
    return fixed
  }
}

/// Terms of the likelihood of bins.
struct BinTermOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Let the normalisation of a process float, 'signal' or 'background' for all of that role: a parameter mu_PROCESS, nominally 1. Repeatable.",
      valueName: "process"))
  var freeNorm: [String] = []

  @Flag(help: "Let every bin vary by the statistics of the simulation (Barlow and Beeston, lite).")
  var mcStatistics = false

  /// Of the processes whose normalisation is free those that a file has; a process that no file has is left for the model
  /// to refuse.
  static func freeNorms(
    _ names: [String], of simulation: Simulation, among all: [Simulation]
  ) -> [String] {
    names.filter { name in
      simulation.hasProcess(name) || !all.contains { $0.hasProcess(name) }
    }
  }
}

/// Confidence levels.
struct LevelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Confidence level of regions and intervals. Repeatable; by default 0.68 and 0.95.",
      valueName: "cl"))
  var level: [Double] = []

  func validate() throws {
    guard level.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw ValidationError("--level is between 0 and 1")
    }
  }
  var levels: [Double] { level.isEmpty ? [0.68, 0.95] : level }
}

/// How many pseudo-experiments there are, and what their regions are compared with.
struct ToyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Pseudo-experiments of the construction at each point.", valueName: "n"))
  var toys = 10_000

  @Option(
    help: ArgumentHelp(
      "Pseudo-experiments at each true point: 1000 for the bands of toys, 10000 that coverage judges, by default.",
      valueName: "n"))
  var experiments: Int?

  @Option(
    help: ArgumentHelp(
      "Degrees of freedom of the asymptotic regions to compare with; by default the axes of the grid.",
      valueName: "n"))
  var dof: Int?

  func validate() throws {
    for (name, count) in [("--toys", toys), ("--experiments", experiments ?? 100)]
    where count < 100 || count >= 1 << 31 {
      throw ValidationError("\(name) takes 100 or more")
    }
    if let dof, dof < 1 { throw ValidationError("--dof takes a positive number") }
  }
}
