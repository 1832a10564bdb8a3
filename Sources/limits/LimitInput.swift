import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

/// Events and models that limits are made from: one file, or one for each channel.
struct LimitInput {
  /// One file with what its likelihood is made of.
  struct Channel {
    let input: SimulationInput
    let source: LimitSource
    /// The true point's values of its parameters.
    var thetaTrue: [Double] { input.theta }
  }

  let channels: [Channel]
  /// Of all channels.
  let parameters: LimitParameters
  /// Models of ratios or densities; empty for other kinds of limits.
  let models: [TrainedModel]
  /// Score models with what is made of them; nil for other kinds of limits.
  let scores: (columns: ScoreColumns, statistic: ScoreStatistic)?
  /// What a result says of what it was made with.
  let notes: [String]
  private let histogram: HistogramOptions

  /// - Parameter theta: the true point of expected limits; nil or empty is the reference benchmark.
  init(_ options: LimitOptions, theta: ThetaOption?, context: CommandContext) throws {
    let luminosity = try options.luminosity.require()
    let point = theta.map(\.theta.isEmpty) ?? true ? nil : try theta?.requireOne()
    let keepsNuisances = options.likelihood.nuisances.nuisance == .profile
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
    try options.simulation.requireTrained(trained)
    histogram = options.histogram
    let files = try SimulationFiles(options.inputs, context)
    let joint = files.setup
    let truth =
      try point?.resolve(joint, nuisance: keepsNuisances)
      ?? joint.benchmarks[joint.referenceBenchmark].values
    let inputs = try files.load(
      columns: histogram.observable, models: trained, scores: scores?.columns,
      choice: options.simulation, theta: truth, team: team)
    let all = inputs.map(\.simulation)
    let nuisances = Dictionary(
      uniqueKeysWithValues: zip(
        joint.nuisanceParameters.map(\.name), truth.dropFirst(joint.parameters.count)))
    channels = try inputs.map { input in
      Channel(
        input: input,
        source: LimitSource(
          input.simulation, luminosity: luminosity.inversePicobarn,
          options: try options.likelihood.terms(
            input.simulation, among: all, truth: nuisances),
          journal: context.journal))
    }
    parameters = try LimitParameters(
      joining: channels.map { ($0.source.parameters, $0.input.file) })
    notes = inputs.notes(options.simulation) + options.simulation.notes + trained.map(\.note)
  }

  /// The only channel.
  /// - Throws: `.usage` for several where the likelihood cannot be fitted together with others.
  func onlyChannel(_ statistic: ScoreStatistic) throws -> Channel {
    guard channels.count == 1 else {
      throw Problem(
        .usage,
        "the likelihood of --statistic \(statistic.rawValue) jumps between points, so it is fitted on its grid alone",
        remedy: "make limits of each file on one --grid, and use 'limits combine'")
    }
    return channels[0]
  }

  /// Axes of the histogram that was asked for; none for the rate, and of a table of bins.
  func axes(_ channel: Channel) throws -> [BinAxis] {
    try channels.map(\.input).axes(of: channel.input, texts)
  }

  private func texts() throws -> [(observable: String, bins: String)] {
    guard let scores else { return try histogram.axes() }
    return try histogram.axes(ofScores: scores.columns)
  }

  /// Numbers of bins of a statistic of the score that turns; nil where none are given.
  func turningBins() throws -> [Int]? {
    guard !histogram.bins.isEmpty, let scores else { return nil }
    let counts = try histogram.bins.map { text in
      guard case .quantiles(let count) = try BinSpecification(parsing: text) else {
        throw Problem(
          .usage, "--bins '\(text)' are edges of a variable that turns with theta",
          remedy: "give the number of bins")
      }
      return count
    }
    let axes = scores.statistic.defaultBins(components: scores.columns.names.count).count
    guard counts.count == 1 || counts.count == axes else {
      throw Problem(
        .usage,
        "--bins is given \(counts.count) times, and --statistic \(scores.statistic.rawValue) has \(axes == 1 ? "one axis" : "\(axes) axes")",
        remedy: "give it once for all axes, or once for each")
    }
    return counts.count == 1 ? [Int](repeating: counts[0], count: axes) : counts
  }
}

extension HistogramOptions {
  /// The axes of a histogram of score components, as texts.
  func axes(ofScores columns: ScoreColumns) throws -> [(observable: String, bins: String)] {
    let names = columns.names
    guard bins.count <= 1 || bins.count == names.count else {
      throw Problem(
        .usage, "\(bins.count) --bins for \(names.count) components of the score",
        remedy: "give --bins once for each, or once for all")
    }
    let standard = ScoreStatistic.sally.defaultBins(components: names.count)
    return names.enumerated().map { k, name in
      let given = bins.count == 1 ? bins[0] : bins.dropFirst(k).first
      return (name, given ?? String(standard[k]))
    }
  }
}
