import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

/// What the likelihood of pseudo-experiments and of posteriors is made of.
struct LikelihoodOptions: ParsableArguments {
  @OptionGroup var input: InputGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var model: ModelOption

  @Option(
    help: ArgumentHelp("Use a histogram of this observable.", valueName: "name"))
  var observable: String?

  @OptionGroup var bins: BinsOption

  @Flag(help: "Take the joint ratio of each event for the likelihood ratio.")
  var truth = false

  @Flag(help: "Leave the number of events out of the likelihood.")
  var noRate = false

  @OptionGroup var partition: PartitionOption
  @OptionGroup var combine: CombineOption

  func validate() throws {
    if [observable != nil, !model.model.isEmpty, truth].count(where: { $0 }) > 1 {
      throw ValidationError("--truth, --observable and --model are three likelihoods; give one")
    }
    if partition.partition != nil, model.model.isEmpty {
      throw ValidationError("--partition is for --model; bins are of all events")
    }
  }
}

/// Events, and the likelihood made from them.
struct LikelihoodInput {
  let events: CombinedEvents
  let source: ToySource
  let luminosity: Double
  /// The models, and the part of the events that stands for what they see.
  let models: [TrainedModel]
  let setup: Setup

  /// - Parameter theta: the point that quantile bins and closest benchmarks are taken at; nil is the reference benchmark.
  init(_ options: LikelihoodOptions, theta: [String], context: CommandContext) throws {
    luminosity = try options.luminosity.require().inversePicobarn
    let point = try theta.first.map(PointSpecification.init(parsing:))
    let team = ThreadTeam(threads: context.threads)
    models = try options.model.model.map {
      try TrainedModel(context.readModel($0), name: $0, team: team)
    }
    var observables = options.observable.map { [$0] } ?? []
    for name in models.flatMap(\.observableNames) where !observables.contains(name) {
      observables.append(name)
    }
    let file = try context.openTable(options.input, expecting: [.events])
    let table = try EventTable.load(file, observables: observables)
    let digest = (file as? any DigestedSource)?.contentDigest ?? ContentDigest.of(file.header)
    setup = table.setup
    let reference = setup.benchmarks[setup.referenceBenchmark].values
    let thetaTrue = try point?.resolve(setup) ?? reference
    events = try CombinedEvents(
      table, combination: options.combine.combine, theta: thetaTrue, file: file.name, team: team)
    let likelihood: ToySource.Likelihood
    if let observable = options.observable {
      let edges = try BinSpecification(parsing: options.bins.bins).edges(
        events, observable: observable, theta: thetaTrue)
      likelihood = .histogram(try events.fill(observable, edges: edges))
    } else if options.truth {
      likelihood = .truth(reference: reference)
    } else if models.isEmpty {
      likelihood = .rate
    } else {
      let part = options.partition.partition ?? .test
      for model in models {
        model.warnIfTrained(on: part, of: table, digest: digest, journal: context.journal)
      }
      likelihood = .ratio(models, part)
    }
    source = try ToySource(
      events, likelihood: likelihood, luminosity: luminosity, includesRate: !options.noRate,
      journal: context.journal)
    if !setup.nuisanceParameters.isEmpty {
      context.journal.warn(
        "limits.nuisance", "nuisance parameters are kept at 0; the result is without systematics")
    }
  }

  /// Lσ(θ).
  func expectedEvents(_ theta: [Double]) -> Double {
    luminosity * MorphedPoint(theta, morphing: events.morphing).crossSection(events.total).value
  }

  /// Models by name, for the notes of a result.
  var notes: [String] { models.map(\.note) }

  func observed(
    _ path: String, _ options: LikelihoodOptions, _ context: CommandContext
  ) throws -> ObservedEvents {
    try ObservedEvents(
      context.openTable(
        path, expecting: [.events, .sample], options: options.input.reading.options))
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

  /// The axes, the fixed values by index, and the points of the grid, the last axis running fastest.
  func resolve(
    _ setup: Setup
  ) throws -> (axes: [GridAxis], fixed: [Int: Double], points: [[Double]]) {
    guard !grid.isEmpty else {
      throw Problem(.usage, "a grid is missing", remedy: "give --grid NAME=LOW:HIGH:POINTS")
    }
    let axes = try grid.map(GridAxis.init(parsing:))
    let fixed = try Self.fixed(fix, setup)
    var points = try GridAxis.points(axes, setup: setup)
    let gridded = axes.compactMap { setup.parameterNames.firstIndex(of: $0.parameter) }
    for (p, name) in setup.parameterNames.enumerated() {
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

  /// `NAME=VALUE`, or `NAME` for 0.
  static func fixed(_ texts: [String], _ setup: Setup) throws -> [Int: Double] {
    var fixed: [Int: Double] = [:]
    for text in texts {
      let specification = try PointSpecification(parsing: text.contains("=") ? text : text + "=0")
      guard case .values(let values) = specification else { continue }
      let resolved = try specification.resolve(setup)
      for name in values.keys {
        if let p = setup.parameterNames.firstIndex(of: name) { fixed[p] = resolved[p] }
      }
    }
    return fixed
  }
}

/// Confidence levels.
struct LevelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Confidence level. Repeatable; by default 0.68 and 0.95.", valueName: "cl"))
  var level: [Double] = []

  func validate() throws {
    guard level.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw ValidationError("--level is between 0 and 1")
    }
  }
  var levels: [Double] { level.isEmpty ? [0.68, 0.95] : level }
}
