import Diagnostics
import EventModel
import Numerics

/// Likelihoods of pseudo-experiments and of posteriors from simulated events, of one file or of several that are channels
/// of one measurement: what they are made of, then a `ToyTable`.
public struct ToySource {
  /// What the kinematic likelihood is made of.
  public enum Likelihood {
    case rate
    /// Of observables, or of scores.
    case histogram(BinTable, mode: Limits.Mode = .histogram)
    case ratio([any RatioEvaluator], Partition)
    /// The joint ratio to a reference point.
    case truth(reference: [Double])
  }

  /// One file.
  public struct Channel {
    public let simulation: Simulation
    let likelihood: Likelihood
    let freeNorms: [String]
    let includesNuisance: Bool
    /// Its own, which are among those of all.
    public let parameters: LimitParameters

    /// - Throws: `.usage` where nothing is left of the likelihood, for nuisance parameters of joint ratios, and for terms of
    ///   bins where there are none; `.data` for models of other parameters.
    public init(
      _ simulation: Simulation, likelihood: Likelihood, terms: LikelihoodTerms = .init()
    ) throws {
      self.simulation = simulation
      self.likelihood = likelihood
      freeNorms = terms.freeNorms
      includesNuisance = terms.includesNuisance
      parameters = LimitParameters(simulation.setup, terms)
      switch likelihood {
      case .rate where !terms.includesRate:
        throw Problem(
          .usage, "without the rate there is nothing left",
          remedy: "give --observable, --model or --truth, or leave --no-rate away")
      case .truth where !parameters.constraints.isEmpty:
        throw Problem(
          .usage,
          "nuisance parameters change the joint ratio of every event, which is known at one value of them",
          remedy: "use bins (--observable), or keep them at 0 with --nuisance none")
      case .ratio(let models, _):
        for model in models { try model.requireParameters(of: simulation.setup) }
      case .rate, .histogram, .truth: break
      }
      if !isBinned, terms.includesStatistics || !freeNorms.isEmpty {
        throw Problem(
          .usage,
          "free normalisations and the statistics of the simulation are of bins, not of ratios of events",
          remedy: "give --observable, or leave --free-norm and --mc-statistics away")
      }
    }

    public var isBinned: Bool {
      switch likelihood {
      case .rate, .histogram: true
      case .ratio, .truth: false
      }
    }

    /// What is binned; the total for the rate alone.
    var bins: BinTable {
      if case .histogram(let table, _) = likelihood { table } else { simulation.total }
    }

    /// The part of the events that unbinned likelihoods use.
    var part: Partition {
      if case .ratio(_, let part) = likelihood { part } else { .all }
    }

    var models: [any RatioEvaluator] {
      if case .ratio(let models, _) = likelihood { models } else { [] }
    }

    var mode: Limits.Mode {
      switch likelihood {
      case .rate: .rate
      case .histogram(_, let mode): mode
      case .ratio: .ratio
      case .truth: .truth
      }
    }

    /// Observables of the bins.
    var axes: [BinAxis] {
      if case .histogram(let table, _) = likelihood { table.axes } else { [] }
    }

    var name: String { simulation.file ?? "events" }

    /// Bins, or a total, with the parameters of the channel.
    func model(_ table: BinTable) throws -> BinnedModel {
      try BinnedModel(
        includesNuisance ? table : table.withoutNuisances, morphing: simulation.morphing,
        freeNorms: freeNorms)
    }

    /// log r of simulated events, of likelihoods that are no histogram.
    func simulatedRatios(
      _ events: CombinedEvents, _ rows: [Int]
    ) throws -> any RowLogRatios {
      switch likelihood {
      case .ratio(let models, _):
        return try MeanLogRatios(models, of: parameters, rows: rows.count) {
          try events.observations($0.observableNames, rows: rows)
        }
      case .truth(let reference):
        return try JointLogRatios(events, rows: rows, reference: reference)
      case .rate, .histogram: preconditionFailure("bins have no ratios of events")
      }
    }
  }

  /// At least one.
  public let channels: [Channel]
  let luminosity: Double
  let includesRate: Bool
  let includesStatistics: Bool
  /// θ, free normalisations, and the nuisance parameters that are profiled, of all channels.
  public let parameters: LimitParameters
  let journal: Journal?

  /// - Parameter terms: of which what every channel has in common counts.
  /// - Throws: `.data` where a parameter has another unit in another channel; `.usage` for channels of bins beside others
  ///   of events.
  public init(
    _ channels: [Channel], luminosity: Double, terms: LikelihoodTerms = .init(),
    journal: Journal? = nil
  ) throws {
    self.channels = channels
    self.luminosity = luminosity
    includesRate = terms.includesRate
    includesStatistics = terms.includesStatistics
    parameters = try LimitParameters(joining: channels.map { ($0.parameters, $0.name) })
    self.journal = journal
    if let other = channels.first(where: { $0.isBinned != channels[0].isBinned }) {
      throw Problem(
        .usage, "some channels are of bins and others of events",
        remedy: "give events or tables of bins for all", file: other.simulation.file)
    }
    let models = channels.flatMap(\.models)
    if !models.isEmpty { LimitWarnings.warnAboutShapes(models, of: parameters, journal) }
  }

  /// One channel.
  public init(
    _ simulation: Simulation, likelihood: Likelihood, luminosity: Double,
    terms: LikelihoodTerms = .init(), journal: Journal? = nil
  ) throws {
    try self.init(
      [Channel(simulation, likelihood: likelihood, terms: terms)], luminosity: luminosity,
      terms: terms, journal: journal)
  }

  /// The same with nuisance parameters kept at 0.
  public init(
    _ events: CombinedEvents, likelihood: Likelihood, luminosity: Double,
    includesRate: Bool = true, journal: Journal? = nil
  ) throws {
    try self.init(
      .events(events), likelihood: likelihood, luminosity: luminosity,
      terms: .init(includesRate: includesRate, includesNuisance: false), journal: journal)
  }

  var isBinned: Bool { channels[0].isBinned }

  /// What the result says of the likelihood.
  /// - Parameter withNuisances: whether its points have values of ν too, which are profiled otherwise.
  public func limits(
    axes: [GridAxis], fixed: [Int], degreesOfFreedom: Int, withNuisances: Bool = false
  ) -> Limits {
    let modes = Set(channels.map(\.mode))
    let count = (withNuisances ? parameters.names : parameters.pointNames).count
    var limits = Limits(
      mode: modes.count == 1 ? channels[0].mode : .combined, isExpected: true,
      parameterNames: Array(parameters.names.prefix(count)),
      parameterUnits: Array(parameters.units.prefix(count)), luminosity: luminosity,
      includesRate: includesRate, degreesOfFreedom: degreesOfFreedom, axes: axes)
    limits.partition = channels[0].part
    limits.includesMonteCarloStatistics = includesStatistics
    limits.combination = channels[0].simulation.combination
    limits.fixedParameters = fixed
    if channels.count == 1 {
      limits.observables = channels[0].axes.map(\.observable)
      limits.edges = channels[0].axes.map(\.edges)
    } else {
      limits.notes += channels.map {
        Limits.channelNote($0.name, $0.mode, observables: $0.axes.map(\.observable))
      }
    }
    let norms = parameters.pointNames.dropFirst(parameters.thetaCount).map { $0.dropFirst(3) }
    if !norms.isEmpty {
      limits.notes.append("free normalisations: " + norms.joined(separator: ", "))
    }
    if includesStatistics { limits.notes.append("bins vary by the statistics of the simulation") }
    if !parameters.constraints.isEmpty {
      limits.notes.append(
        "nuisance parameters: "
          + zip(parameters.nuisanceNames, parameters.constraints)
          .map { "\($0) (\($1.description))" }.joined(separator: ", "))
      if withNuisances { limits.nuisance = parameters.nuisanceRecords }
    }
    return limits
  }

  /// Cells and their log densities at all hypotheses, the first `gridCount` of which are the grid.
  /// - Parameter hypotheses: θ, and the normalisations where they are free.
  /// - Throws: `.usage` for the statistics of the simulation without the rate.
  public func table(_ hypotheses: [[Double]], gridCount: Int) throws -> ToyTable {
    if includesStatistics { try BinnedLikelihood.requireRate(includesRate) }
    warnOutside(hypotheses)
    return try ToyTable(
      channels.map(toyChannel), hypotheses: hypotheses, gridCount: gridCount,
      luminosity: luminosity, includesRate: includesRate, constraints: parameters.constraints,
      includesStatistics: includesStatistics, journal: journal)
  }

  func toyChannel(
    _ channel: Channel
  ) throws -> (channel: ToyChannel, ratios: (any RowLogRatios)?) {
    let simulation = channel.simulation
    let cells: ToyChannel.Cells
    var ratios: (any RowLogRatios)?
    if channel.isBinned {
      let table = channel.includesNuisance ? channel.bins : channel.bins.withoutNuisances
      cells = .bins(table, norms: channel.freeNorms.isEmpty ? nil : try channel.model(channel.bins))
    } else {
      let events = try simulation.requireEvents()
      let (rows, scales) = try events.rows(in: channel.part)
      cells = .events(events, rows: rows, scales: scales)
      ratios = try channel.simulatedRatios(events, rows)
    }
    let total = channel.includesNuisance ? simulation.total : simulation.total.withoutNuisances
    return (
      ToyChannel(
        cells: cells, morphing: simulation.morphing, total: total,
        places: parameters.pointPlaces(of: channel.parameters),
        nuisancePlaces: parameters.nuisancePlaces(of: channel.parameters)), ratios
    )
  }

  /// Warns of points outside the range that models were trained on; `table` does so itself.
  func warnOutside(_ hypotheses: [[Double]]) {
    var warned: Set<String> = []
    for channel in channels {
      let places = parameters.thetaPlaces(of: channel.parameters)
      for model in channel.models where warned.insert(model.name).inserted {
        LimitWarnings.warnAboutRange(
          model, hypotheses.map { point in places.map { point[$0] } }, journal)
      }
    }
  }

  /// The range of every parameter that all models were trained on, those that no model knows where they may go; nil where
  /// nothing limits them.
  public var trainingRange: [ClosedRange<Double>]? {
    let models = channels.flatMap(\.models).filter { !$0.thetaRange.isEmpty }
    guard !models.isEmpty else { return nil }
    var ranges = parameters.thetaBounds.map { _ in -Double.infinity...Double.infinity }
    ranges += parameters.otherBounds
    for model in models {
      for (name, range) in zip(model.parameterNames, model.thetaRange) {
        guard let p = parameters.names.firstIndex(of: name) else { continue }
        let low = max(ranges[p].lowerBound, range.lowerBound)
        ranges[p] = low...max(low, min(ranges[p].upperBound, range.upperBound))
      }
    }
    return ranges
  }
}
