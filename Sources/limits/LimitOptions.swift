import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

/// What expected and observed limits have in common.
struct LimitOptions: ParsableArguments {
  @OptionGroup var input: InputGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var model: ModelOption
  @OptionGroup var denominator: DenominatorOption

  @Option(
    help: ArgumentHelp("Limits of a histogram of this observable.", valueName: "name"))
  var observable: String?

  @OptionGroup var bins: BinsOption

  @Flag(help: "Leave the number of events out of the likelihood.")
  var noRate = false

  @Option(
    help: ArgumentHelp(
      "One axis of the grid, ends included. Repeatable; by default 5 standard deviations around the best point.",
      valueName: "cHW=-1:1:41"))
  var grid: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep a parameter without an axis at a value (0) instead of profiling over it. Repeatable.",
      valueName: "cHW=0"))
  var fix: [String] = []

  @Option(
    help: ArgumentHelp(
      "Confidence level of regions and intervals. Repeatable; by default 0.68 and 0.95.",
      valueName: "cl"))
  var level: [Double] = []

  @Option(
    help: ArgumentHelp(
      "Degrees of freedom of the regions; by default the axes of the grid.", valueName: "n"))
  var dof: Int?

  @Flag(help: "Print the grid too: parameters, ln L, q and p of every point.")
  var points = false

  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard level.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw ValidationError("--level is between 0 and 1")
    }
    if let dof, dof < 1 { throw ValidationError("--dof takes a positive number") }
    if observable != nil, !model.model.isEmpty {
      throw ValidationError("--observable and --model are two kinds of limits; give one")
    }
    if denominator.theta1 != nil, model.model.isEmpty {
      throw ValidationError("--theta1 is for --model")
    }
  }

  /// The settings, for the parameters of a setup.
  func settings(_ setup: Setup) throws -> LimitSettings {
    var fixed: [Int: Double] = [:]
    for text in fix {
      let specification = try PointSpecification(parsing: text.contains("=") ? text : text + "=0")
      guard case .values(let values) = specification else { continue }
      let resolved = try specification.resolve(setup)
      for name in values.keys {
        if let p = setup.parameterNames.firstIndex(of: name) { fixed[p] = resolved[p] }
      }
    }
    return LimitSettings(
      axes: grid.isEmpty ? nil : try grid.map(GridAxis.init(parsing:)), fixed: fixed,
      levels: level.isEmpty ? [0.68, 0.95] : level, degreesOfFreedom: dof,
      bounds: setup.parameters.map(\.range))
  }
}

/// Events and models that limits are made from.
struct LimitInput {
  let events: CombinedEvents
  let models: [TrainedModel]
  let digest: String
  let thetaTrue: [Double]
  let source: LimitSource

  /// - Parameter theta: the true point of expected limits; nil or empty is the reference benchmark.
  init(_ options: LimitOptions, theta: ThetaOption?, context: CommandContext) throws {
    let luminosity = try options.luminosity.require()
    let point = theta.map(\.theta.isEmpty) ?? true ? nil : try theta?.requireOne()
    let team = ThreadTeam(threads: context.threads)
    models = try options.model.model.map {
      let model = try context.readModel($0)
      let denominator = try options.denominator.resolve(model.first.sample.setup)
      return try TrainedModel(model, name: $0, denominator: denominator, team: team)
    }
    var observables = options.observable.map { [$0] } ?? []
    for name in models.flatMap(\.observableNames) where !observables.contains(name) {
      observables.append(name)
    }
    let file = try context.openTable(options.input, expecting: [.events])
    let table = try EventTable.load(file, observables: observables)
    digest = (file as? any DigestedSource)?.contentDigest ?? ContentDigest.of(file.header)
    let setup = table.setup
    guard setup.morphing != nil || models.isEmpty else {
      throw Problem(
        .data, "the setup has no morphing basis",
        remedy: "use 'limits points', or make one with 'morph setup'", file: file.name)
    }
    thetaTrue = try point?.resolve(setup) ?? setup.benchmarks[setup.referenceBenchmark].values
    events = try CombinedEvents(
      table, combination: options.combine.combine, theta: thetaTrue, file: file.name, team: team)
    source = LimitSource(
      events, luminosity: luminosity.inversePicobarn, includesRate: !options.noRate,
      journal: context.journal)
    if !setup.nuisanceParameters.isEmpty {
      context.journal.warn(
        "limits.nuisance", "nuisance parameters are kept at 0; limits are without systematics")
    }
  }

  /// Edges of the histogram that was asked for.
  func edges(_ options: LimitOptions) throws -> [Double] {
    guard let observable = options.observable else { return [] }
    return try BinSpecification(parsing: options.bins.bins).edges(
      events, observable: observable, theta: thetaTrue)
  }
}
