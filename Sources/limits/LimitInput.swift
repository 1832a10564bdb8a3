import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

/// Events and models that limits are made from.
struct LimitInput {
  let events: CombinedEvents
  let digest: String
  let thetaTrue: [Double]
  let source: LimitSource
  /// Models of ratios or densities; empty for other kinds of limits.
  let models: [TrainedModel]
  /// Score models with what is made of them; nil for other kinds of limits.
  let scores: (columns: ScoreColumns, statistic: ScoreStatistic)?
  /// What a result says of the models it was made with.
  let notes: [String]
  private let histogram: HistogramOptions

  /// - Parameter theta: the true point of expected limits; nil or empty is the reference benchmark.
  init(_ options: LimitOptions, theta: ThetaOption?, context: CommandContext) throws {
    let luminosity = try options.luminosity.require()
    let point = theta.map(\.theta.isEmpty) ?? true ? nil : try theta?.requireOne()
    let team = ThreadTeam(threads: context.threads)
    let trained = try options.model.model.map {
      let model = try context.readModel($0)
      let denominator = try options.denominator.resolve(model.first.sample.setup)
      return try TrainedModel(model, name: $0, denominator: denominator, team: team)
    }
    let isScore = trained.contains { $0.model.target == .score } || options.statistic != nil
    if isScore, trained.isEmpty {
      throw Problem(
        .usage, "--statistic is of score models", remedy: "give --model SALLY.h5")
    }
    // What the model was trained for, unless another statistic is asked for.
    let method = trained.first.flatMap { ScoreStatistic(rawValue: $0.model.method) }
    scores =
      isScore ? (try ScoreColumns(trained), options.statistic ?? method ?? .sally) : nil
    models = isScore ? [] : trained
    notes = trained.map(\.note)
    var wanted = options.histogram.observable
    for name in trained.flatMap(\.observableNames) where !wanted.contains(name) {
      wanted.append(name)
    }
    let file = try context.openTable(options.input, expecting: [.events])
    var table = try EventTable.load(file, observables: wanted)
    digest = (file as? any DigestedSource)?.contentDigest ?? ContentDigest.of(file.header)
    if let scores { try scores.columns.add(to: &table, file: file.name) }
    histogram = options.histogram
    let setup = table.setup
    guard setup.morphing != nil || trained.isEmpty else {
      throw Problem(
        .data, "the setup has no morphing basis",
        remedy: "use 'limits points', or make one with 'morph setup'", file: file.name)
    }
    thetaTrue = try point?.resolve(setup) ?? setup.benchmarks[setup.referenceBenchmark].values
    events = try CombinedEvents(
      table, combination: options.combine.combine, theta: thetaTrue, file: file.name, team: team)
    source = LimitSource(
      events, luminosity: luminosity.inversePicobarn,
      options: try options.likelihood.options(setup), journal: context.journal)
  }

  /// Axes of the histogram that was asked for; none for the rate.
  func axes() throws -> [BinAxis] {
    try BinSpecification.axes(texts(), events, theta: thetaTrue)
  }

  private func texts() throws -> [(observable: String, bins: String)] {
    guard let scores else { return try histogram.axes() }
    let names = scores.columns.names
    guard histogram.bins.count <= 1 || histogram.bins.count == names.count else {
      throw Problem(
        .usage, "\(histogram.bins.count) --bins for \(names.count) components of the score",
        remedy: "give --bins once for each, or once for all")
    }
    let standard = ScoreStatistic.sally.defaultBins(components: names.count)
    return names.enumerated().map { k, name in
      let given = histogram.bins.count == 1 ? histogram.bins[0] : histogram.bins.dropFirst(k).first
      return (name, given ?? String(standard[k]))
    }
  }

  /// Numbers of bins of a statistic of the score that turns; nil where none are given.
  func turningBins() throws -> [Int]? {
    guard !histogram.bins.isEmpty else { return nil }
    return try histogram.bins.map { text in
      guard case .quantiles(let count) = try BinSpecification(parsing: text) else {
        throw Problem(
          .usage, "--bins '\(text)' are edges of a variable that turns with theta",
          remedy: "give the number of bins")
      }
      return count
    }
  }
}
