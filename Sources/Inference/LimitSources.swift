import Diagnostics
import EventModel
import Numerics

/// What goes into a likelihood besides the events.
public struct LikelihoodTerms: Sendable {
  public var includesRate: Bool
  /// Nuisance parameters are profiled with their constraints; else they stay at 0.
  public var includesNuisance: Bool
  /// Constraints by parameter; those not named have a unit normal one.
  public var constraints: [String: NuisanceConstraint]
  /// Processes whose normalisation is a parameter.
  public var freeNorms: [String]
  /// Bins vary by the statistics of the simulation.
  public var includesStatistics: Bool
  /// Nuisance parameters that are not 0 in the experiments that stand for data, by name.
  public var trueNuisances: [String: Double]

  public init(
    includesRate: Bool = true, includesNuisance: Bool = true,
    constraints: [String: NuisanceConstraint] = [:], freeNorms: [String] = [],
    includesStatistics: Bool = false, trueNuisances: [String: Double] = [:]
  ) {
    self.trueNuisances = trueNuisances
    self.includesRate = includesRate
    self.includesNuisance = includesNuisance
    self.constraints = constraints
    self.freeNorms = freeNorms
    self.includesStatistics = includesStatistics
  }
}

/// Limits from simulated events: what makes the likelihood of a channel, then `ChannelFit`.
public struct LimitSource: Sendable {
  public let simulation: Simulation
  let luminosity: Double
  let options: LikelihoodTerms
  let journal: Journal?

  public init(
    _ simulation: Simulation, luminosity: Double, options: LikelihoodTerms = .init(),
    journal: Journal? = nil
  ) {
    self.simulation = simulation
    self.luminosity = luminosity
    self.options = options
    self.journal = journal
  }

  public init(
    _ events: CombinedEvents, luminosity: Double, options: LikelihoodTerms = .init(),
    journal: Journal? = nil
  ) {
    self.init(.events(events), luminosity: luminosity, options: options, journal: journal)
  }

  public init(
    _ events: CombinedEvents, luminosity: Double, includesRate: Bool, journal: Journal? = nil
  ) {
    self.init(
      events, luminosity: luminosity, options: .init(includesRate: includesRate),
      journal: journal)
  }

  var setup: Setup { simulation.setup }

  /// All parameters of the likelihood.
  public var parameters: LimitParameters { LimitParameters(setup, options) }

  /// The space that fits search where nothing narrower is known: the ranges of the setup.
  public var bounds: [ClosedRange<Double>] { parameters.thetaBounds }

  // MARK: Common

  /// The model of a template with the parameters of the options.
  func model(_ table: BinTable) throws -> BinnedModel {
    try BinnedModel(
      options.includesNuisance ? table : table.withoutNuisances, morphing: simulation.morphing,
      freeNorms: options.freeNorms)
  }

  func start(_ mode: Limits.Mode, table: BinTable?, eventCount: Double) -> Limits {
    let parameters = parameters
    var limits = Limits(
      mode: mode, isExpected: false, parameterNames: parameters.names,
      parameterUnits: parameters.units, luminosity: luminosity, eventCount: eventCount,
      includesRate: options.includesRate)
    limits.combination = simulation.combination
    limits.includesMonteCarloStatistics = options.includesStatistics && table != nil
    limits.nuisance = parameters.nuisanceRecords
    if let table {
      limits.observables = table.axes.map(\.observable)
      limits.edges = table.axes.map(\.edges)
    }
    return limits
  }

  /// The same as Asimov limits at a point, with what the events that stand for the data are worth.
  func start(
    _ mode: Limits.Mode, table: BinTable?, eventCount: Double, thetaTrue: [Double],
    statistics: EventStatistics
  ) -> Limits {
    var limits = start(mode, table: table, eventCount: eventCount)
    limits.isExpected = true
    limits.thetaTrue = parameters.truePoint(thetaTrue)
    limits.events = statistics.events
    limits.effectiveEvents = statistics.effectiveEvents
    return limits
  }

  /// Limits of this channel alone.
  func run(
    _ limits: Limits, _ likelihood: any LogLikelihood, _ settings: LimitSettings
  ) throws -> Limits {
    try run(LimitChannel(source: self, likelihood: likelihood, head: limits), settings)
  }

  func run(_ channel: LimitChannel, _ settings: LimitSettings) throws -> Limits {
    try ChannelFit([channel], journal: journal).run(settings)
  }
}

extension BinTable {
  /// The same at nominal values only.
  var withoutNuisances: BinTable {
    var result = self
    (result.nuisances, result.up, result.down, result.variedPairSums) = ([], [], [], [])
    result.processes = processes.map {
      Process(name: $0.name, isBackground: $0.isBackground, table: $0.table.withoutNuisances)
    }
    return result
  }
}
