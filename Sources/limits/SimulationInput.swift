import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics
import Observables

/// Simulated events with the columns that a likelihood is made of, or a table of bins in their place.
struct SimulationInput {
  let simulation: Simulation
  let digest: String
  /// The point of quantile bins and of closest benchmarks.
  let theta: [Double]
  let file: String

  /// - Parameters:
  ///   - columns: observables, or expressions of them.
  ///   - models: whose observables are needed too.
  ///   - scores: added as columns where the models are of scores.
  ///   - theta: the point of the file's parameters that quantile bins and closest benchmarks are taken at.
  init(
    _ source: any Source, columns: [String], models: [TrainedModel], scores: ScoreColumns?,
    choice: SimulationOptions, theta: [Double], team: ThreadTeam
  ) throws {
    file = source.name
    self.theta = theta
    guard source.header.kind != .bins else {
      let bins = try Self.bins(source, choice)
      simulation = try Simulation(bins, file: source.name)
      digest = ""
      return
    }
    let header = source.header
    let available =
      header.index(of: EventFields.observations).flatMap { header.fields[$0].components } ?? []
    let expressions = try ColumnExpressions(
      columns: columns, cuts: choice.selection.cut, efficiencies: choice.selection.efficiency,
      available: available, file: source.name)
    var wanted = expressions.inputs
    for name in models.flatMap(\.observableNames) where !wanted.contains(name) {
      wanted.append(name)
    }
    var table = try EventTable.load(source, observables: wanted)
    digest = (source as? any DigestedSource)?.contentDigest ?? ContentDigest.of(header)
    table.setup = table.setup.truncated(to: choice.order.order)
    guard table.setup.morphing != nil || models.isEmpty else {
      throw Problem(
        .data, "the setup has no morphing basis",
        remedy: "use 'limits points', or make one with 'morph setup'", file: source.name)
    }
    table = try expressions.apply(to: table, file: source.name)
    if let scores { try scores.add(to: &table, file: source.name) }
    simulation = .events(
      try CombinedEvents(
        table, combination: choice.combine.combine, theta: theta, file: source.name, team: team))
  }

  private static func bins(
    _ source: any Source, _ choice: SimulationOptions
  ) throws -> BinnedEvents {
    guard choice.selection.cut.isEmpty, choice.selection.efficiency.isEmpty,
      choice.combine.combine == nil
    else {
      throw Problem(
        .usage, "a table of bins has its cuts, efficiencies and rule of combination already",
        remedy: "give the events, or make the table anew", file: source.name)
    }
    do {
      var bins = try BinnedEvents(document: source.header.document)
      bins.setup = bins.setup.truncated(to: choice.order.order)
      return bins
    } catch let problem as Problem {
      throw problem.inFile(source.name)
    }
  }

  /// The events; nil where a table of bins stands for them.
  var events: CombinedEvents? {
    if case .events(let events) = simulation { events } else { nil }
  }

  /// Axes of what is asked for; a table of bins has its own, and takes none.
  func axes(_ texts: [(observable: String, bins: String)]) throws -> [BinAxis] {
    guard let events else {
      guard texts.isEmpty else {
        throw Problem(
          .usage, "a table of bins has its axes already",
          remedy: "leave --observable and --model away, or give the events", file: file)
      }
      return []
    }
    return try BinSpecification.axes(texts, events, theta: theta)
  }

  /// Cuts and efficiencies, which a table of bins has of its own.
  private func selection(
    _ choice: SimulationOptions
  ) -> (cuts: [String], efficiencies: [String]) {
    guard case .bins(let bins, _, _) = simulation else {
      return (choice.selection.cut, choice.selection.efficiency)
    }
    return (bins.cuts, bins.efficiencies)
  }

  /// What a result says of the selection.
  func notes(_ choice: SimulationOptions) -> [String] {
    let (cuts, efficiencies) = selection(choice)
    return [("cuts", cuts), ("efficiencies", efficiencies)].filter { !$0.1.isEmpty }.map {
      $0.0 + ": " + $0.1.joined(separator: "; ")
    }
  }

  /// Observed events that pass the cuts of the simulation, with what the likelihood is made of.
  ///
  /// - Parameters:
  ///   - scores: models whose outputs are binned.
  ///   - observables: what is binned of events.
  func selected(
    _ observed: ObservedEvents, scores: ScoreColumns?, observables: [String],
    choice: SimulationOptions
  ) throws -> ObservedEvents {
    let own = simulation.axes?.map(\.observable)
    let cuts = selection(choice).cuts
    guard let scores else {
      return try observed.selected(columns: own ?? observables, cuts: cuts)
    }
    // A table of bins calls the scores as fisher does.
    let names = own == nil ? scores.names : simulation.setup.parameterNames.map { "t_" + $0 }
    return try observed.adding(scores, names: names).selected(columns: own ?? names, cuts: cuts)
  }
}

/// Files of simulated events, or tables of bins, that are channels of one measurement.
struct SimulationFiles {
  private let sources: [any Source]
  private let setups: [Setup]
  /// Of all of them.
  let setup: Setup

  init(_ inputs: InputsGroup, _ context: CommandContext) throws {
    let paths = inputs.paths.isEmpty ? [nil] : inputs.paths.map { Optional($0) }
    sources = try paths.map {
      try context.openTable($0, expecting: [.events, .bins], options: inputs.reading.options)
    }
    setups = try sources.map { source in
      do { return try Setup(document: source.header.document) } catch let problem as Problem {
        throw problem.inFile(source.name)
      }
    }
    setup = Setup.joined(setups)
  }

  /// - Throws: `.usage` where the number of files of observed events is another than that of channels.
  static func requireData(_ count: Int, for files: Int) throws {
    guard count == files else {
      throw Problem(
        .usage, "\(count) --data for \(files) \(files == 1 ? "file" : "files") of simulated events",
        remedy: "give --data once for each, in their order")
    }
  }

  /// - Parameter theta: a point of all parameters.
  func load(
    columns: [String], models: [TrainedModel], scores: ScoreColumns?, choice: SimulationOptions,
    theta: [Double], team: ThreadTeam
  ) throws -> [SimulationInput] {
    try zip(sources, setups).map { source, own in
      try SimulationInput(
        source, columns: columns, models: models, scores: scores, choice: choice,
        theta: own.values(of: theta, in: setup), team: team)
    }
  }
}

extension Collection where Element == SimulationInput {
  /// The axes that each file takes of what is asked for: beside files of events, tables of bins take none of it.
  func axes(
    of input: SimulationInput, _ texts: () throws -> [(observable: String, bins: String)]
  ) throws -> [BinAxis] {
    if input.events == nil, contains(where: { $0.events != nil }) { return [] }
    return try input.axes(texts())
  }

  /// What a result says of their selections.
  func notes(_ choice: SimulationOptions) -> [String] {
    flatMap { input in
      input.notes(choice).map { count > 1 ? "\(input.file): \($0)" : $0 }
    }
  }
}

extension ObservedEvents {
  /// Those that pass cuts, with columns that are observables or expressions of them.
  ///
  /// Efficiencies are of simulated events: what is observed has been found.
  func selected(columns: [String], cuts: [String]) throws -> ObservedEvents {
    let expressions = try ColumnExpressions(
      columns: columns, cuts: cuts, available: names, file: file)
    let table = try expressions.apply(
      to: EventTable(
        setup: Setup(), samples: [], count: count, weights: [], observations: values,
        observableNames: names, sampleIndices: [Int32](repeating: 0, count: count)),
      file: file, allowsNone: true)
    for name in columns {
      guard let column = table.observableNames.firstIndex(of: name) else { continue }
      let width = table.observableNames.count
      if let row = (0..<table.count).first(where: {
        table.observations[$0 * width + column].isNaN
      }) {
        throw Problem(
          .data, "observable '\(name)' is undefined (NaN) in the observed events",
          remedy: "remove such events", file: file, place: "row \(table.fileRow(row) + 1)")
      }
    }
    return ObservedEvents(
      names: table.observableNames, values: table.observations, count: table.count, file: file)
  }

  /// The same events with the scores that models estimate, under names in the order of the parameters.
  func adding(_ scores: ScoreColumns, names added: [String]) throws -> ObservedEvents {
    let t = try scores.values(values, names: names, file: file)
    let (width, k) = (names.count, added.count)
    var all: [Double] = []
    all.reserveCapacity(count * (width + k))
    for row in 0..<count {
      all += values[row * width..<(row + 1) * width]
      all += t[row * k..<(row + 1) * k]
    }
    return ObservedEvents(names: names + added, values: all, count: count, file: file)
  }
}
