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

  public init(
    includesRate: Bool = true, includesNuisance: Bool = true,
    constraints: [String: NuisanceConstraint] = [:], freeNorms: [String] = [],
    includesStatistics: Bool = false
  ) {
    self.includesRate = includesRate
    self.includesNuisance = includesNuisance
    self.constraints = constraints
    self.freeNorms = freeNorms
    self.includesStatistics = includesStatistics
  }
}

/// Limits from simulated events: what makes the likelihood, then `LimitCalculation`.
public struct LimitSource: Sendable {
  let events: CombinedEvents
  let luminosity: Double
  let options: LikelihoodTerms
  let journal: Journal?

  public init(
    _ events: CombinedEvents, luminosity: Double, options: LikelihoodTerms = .init(),
    journal: Journal? = nil
  ) {
    self.events = events
    self.luminosity = luminosity
    self.options = options
    self.journal = journal
  }

  public init(
    _ events: CombinedEvents, luminosity: Double, includesRate: Bool, journal: Journal? = nil
  ) {
    self.init(
      events, luminosity: luminosity, options: .init(includesRate: includesRate),
      journal: journal)
  }

  var setup: Setup { events.table.setup }

  /// The space that fits search where nothing narrower is known: the ranges of the setup.
  public var bounds: [ClosedRange<Double>] { setup.parameters.map(\.range) }

  /// Nuisance parameters that are part of the likelihood.
  private var nuisanceNames: [String] {
    options.includesNuisance ? setup.nuisanceParameters.map(\.name) : []
  }

  /// All parameters of the likelihood: θ, `mu_PROCESS`, ν.
  public var parameterNames: [String] {
    setup.parameterNames + options.freeNorms.map { "mu_" + $0 } + nuisanceNames
  }

  /// A parameter's place, by its name or that of the one systematic it is of.
  /// - Throws: `.usage` with the names there are.
  public func parameter(_ name: String) throws -> Int {
    let names = parameterNames
    let systematic = setup.nuisanceParameters.filter { $0.systematic == name }
    let full = systematic.count == 1 ? systematic[0].name : name
    guard let place = names.firstIndex(of: name) ?? names.firstIndex(of: full) else {
      throw Problem(
        .usage, "there is no parameter '\(name)'",
        remedy: "there are " + names.joined(separator: ", "))
    }
    return place
  }

  /// 1 of a normalisation, 0 of all others.
  public func nominalValue(_ parameter: Int) -> Double {
    point(setup.parameters.map { _ in 0 })[parameter]
  }

  /// θ with the other parameters at their nominal values.
  public func point(_ theta: [Double]) -> [Double] {
    theta + options.freeNorms.map { _ in 1 } + nuisanceNames.map { _ in 0 }
  }

  var constraints: [NuisanceConstraint] {
    nuisanceNames.map { options.constraints[$0] ?? .gaussian(1) }
  }

  // MARK: Common

  /// The model of a template with the parameters of the options.
  func model(_ table: BinTable) throws -> BinnedModel {
    try BinnedModel(
      options.includesNuisance ? table : table.withoutNuisances, morphing: events.morphing,
      freeNorms: options.freeNorms)
  }

  func start(_ mode: Limits.Mode, table: BinTable?, eventCount: Double) -> Limits {
    let names = parameterNames
    var limits = Limits(
      mode: mode, isExpected: false, parameterNames: names,
      parameterUnits: setup.parameters.map(\.unit)
        + [String](repeating: "", count: names.count - setup.parameters.count),
      luminosity: luminosity, eventCount: eventCount, includesRate: options.includesRate)
    limits.combination = events.combination
    limits.includesMonteCarloStatistics = options.includesStatistics && table != nil
    let first = names.count - constraints.count
    limits.nuisance = constraints.enumerated().map { k, constraint in
      Limits.Nuisance(
        parameter: first + k, constraint: constraint.description, width: constraint.width)
    }
    if let table {
      limits.observables = table.axes.map(\.observable)
      limits.edges = table.axes.map(\.edges)
    }
    return limits
  }

  /// The same as Asimov limits at a point, with the events that stand for the data.
  func start(
    _ mode: Limits.Mode, table: BinTable?, eventCount: Double, thetaTrue: [Double],
    weights: [Double]
  ) -> Limits {
    var limits = start(mode, table: table, eventCount: eventCount)
    limits.isExpected = true
    limits.thetaTrue = point(thetaTrue)
    let statistics = EventStatistics(weights)
    limits.events = statistics.events
    limits.effectiveEvents = statistics.effectiveEvents
    return limits
  }

  func requirePositive(_ theta: [Double]) throws {
    let sigma = (try events.point(theta)).crossSection(events.total).value
    guard sigma > 0 else {
      throw Problem(
        .data, "the cross section at the true point is \(sigma) pb",
        remedy: "choose another --theta", file: events.file)
    }
  }

  func run(
    _ limits: Limits, _ likelihood: any LogLikelihood, _ settings: LimitSettings
  ) throws -> Limits {
    var settings = settings
    let nominal =
      limits.isExpected ? limits.thetaTrue : point(setup.parameters.map { _ in 0 })
    settings.starts = [nominal] + settings.starts
    settings.bounds += options.freeNorms.map { _ in 0...20 } + constraints.map(\.range)
    let constrained = ConstrainedLikelihood(likelihood, constraints)
    var result = try LimitCalculation(
      constrained, names: parameterNames, settings: settings, journal: journal
    ).run(limits)
    if let binned = likelihood as? BinnedLikelihood {
      result.bins = binned.contents(prefit: nominal, postfit: result.bestFit)
      warnAboutBins(result)
    }
    if limits.isExpected {
      let value = try constrained.evaluate(at: limits.thetaTrue, gradient: false).total
      result.qTrue = max(0, -2 * value - result.minimum)
    }
    return result
  }

  /// Templates of too few simulated events, and contents too low for χ².
  private func warnAboutBins(_ limits: Limits) {
    let poor = limits.bins.filter { $0.postfit * $0.postfit < 10 * $0.error * $0.error }
    if let first = poor.first, !options.includesStatistics {
      journal?.warn(
        "limits.bins.simulation",
        "\(poor.count) of \(limits.bins.count) bins hold less than 10 effective simulated events, such as \(first.label); join bins, or let them vary with --mc-statistics"
      )
    }
    let low = limits.bins.filter { $0.postfit < 1 }
    if let first = low.first, limits.bins.count > 1, limits.eventCount.rounded() >= 10 {
      journal?.warn(
        "limits.asymptotic",
        "less than 1 event is expected in \(low.count) of \(limits.bins.count) bins, such as \(first.label); check p-values with toys"
      )
    }
  }
}

extension BinTable {
  /// The same at nominal values only.
  var withoutNuisances: BinTable {
    var result = self
    (result.nuisances, result.up, result.down) = ([], [], [])
    result.processes = processes.map {
      Process(name: $0.name, isBackground: $0.isBackground, table: $0.table.withoutNuisances)
    }
    return result
  }
}
