import Diagnostics
import EventModel
import Numerics

/// Pseudo-experiments from simulated events: what the likelihood is made of, then a `ToyTable`.
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

  public let simulation: Simulation
  let likelihood: Likelihood
  let luminosity: Double
  let includesRate: Bool
  let includesStatistics: Bool
  let freeNorms: [String]
  /// θ, free normalisations, and the nuisance parameters that are profiled.
  public let parameters: LimitParameters
  let journal: Journal?

  /// - Throws: `.usage` where nothing is left of the likelihood, and for nuisance parameters of joint ratios; `.data` for
  ///   models of other parameters.
  public init(
    _ simulation: Simulation, likelihood: Likelihood, luminosity: Double,
    terms: LikelihoodTerms = .init(), journal: Journal? = nil
  ) throws {
    self.simulation = simulation
    self.likelihood = likelihood
    self.luminosity = luminosity
    includesRate = terms.includesRate
    includesStatistics = terms.includesStatistics
    freeNorms = terms.freeNorms
    parameters = LimitParameters(simulation.setup, terms)
    self.journal = journal
    switch likelihood {
    case .rate where !includesRate:
      throw Problem(
        .usage, "without the rate there is nothing left",
        remedy: "give --observable, --model or --truth, or leave --no-rate away")
    case .truth where !parameters.constraints.isEmpty:
      throw Problem(
        .usage,
        "nuisance parameters change the joint ratio of every event, which is known at one value of them",
        remedy: "use bins (--observable), or keep them at 0 with --nuisance none")
    case .ratio(let models, _):
      try requireAgreement(models)
      if !parameters.constraints.isEmpty { LimitWarnings.warnAboutShapes(journal) }
    case .rate, .histogram, .truth: break
    }
    if !isBinned, includesStatistics || !freeNorms.isEmpty {
      throw Problem(
        .usage,
        "free normalisations and the statistics of the simulation are of bins, not of ratios of events",
        remedy: "give --observable, or leave --free-norm and --mc-statistics away")
    }
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

  private func requireAgreement(_ models: [any RatioEvaluator]) throws {
    for model in models where model.parameterNames != setup.parameterNames {
      throw Problem(
        .data, "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
        remedy: "the events have " + setup.parameterNames.joined(separator: ", "),
        file: model.name)
    }
  }

  var setup: Setup { simulation.setup }

  /// What the result says of the likelihood.
  /// - Parameter withNuisances: whether its points have values of ν too, which are profiled otherwise.
  public func limits(
    axes: [GridAxis], fixed: [Int], degreesOfFreedom: Int, withNuisances: Bool = false
  ) -> Limits {
    var mode = Limits.Mode.rate
    var table: BinTable?
    var part = Partition.all
    switch likelihood {
    case .rate: break
    case .histogram(let bins, let kind): (mode, table) = (kind, bins)
    case .ratio(_, let used): (mode, part) = (.ratio, used)
    case .truth: mode = .truth
    }
    let count = (withNuisances ? parameters.names : parameters.pointNames).count
    var limits = Limits(
      mode: mode, isExpected: true, parameterNames: Array(parameters.names.prefix(count)),
      parameterUnits: Array(parameters.units.prefix(count)), luminosity: luminosity,
      includesRate: includesRate, degreesOfFreedom: degreesOfFreedom, axes: axes)
    limits.partition = part
    limits.includesMonteCarloStatistics = includesStatistics
    limits.combination = simulation.combination
    limits.fixedParameters = fixed
    if let table {
      limits.observables = table.axes.map(\.observable)
      limits.edges = table.axes.map(\.edges)
    }
    if !freeNorms.isEmpty {
      limits.notes.append("free normalisations: " + freeNorms.joined(separator: ", "))
    }
    if includesStatistics { limits.notes.append("bins vary by the statistics of the simulation") }
    if !parameters.constraints.isEmpty {
      let names = parameters.names.suffix(parameters.nuisanceCount)
      limits.notes.append(
        "nuisance parameters: "
          + zip(names, parameters.constraints).map { "\($0) (\($1.description))" }
          .joined(separator: ", "))
      if withNuisances { limits.nuisance = parameters.nuisanceRecords }
    }
    return limits
  }

  /// Cells and their log densities at all hypotheses, the first `gridCount` of which are the grid.
  /// - Parameter hypotheses: θ, and the normalisations where they are free.
  /// - Throws: `.usage` for the statistics of the simulation: pseudo-experiments profile nuisance parameters alone.
  public func table(_ hypotheses: [[Double]], gridCount: Int) throws -> ToyTable {
    guard !includesStatistics else {
      throw Problem(
        .usage,
        "pseudo-experiments profile nuisance parameters, not the statistics of the simulation",
        remedy: "leave --mc-statistics away, or use asymptotic formulae")
    }
    switch likelihood {
    case .rate, .histogram:
      return try ToyTable(
        bins: bins, morphing: simulation.morphing, hypotheses: hypotheses, gridCount: gridCount,
        luminosity: luminosity, includesRate: includesRate, constraints: parameters.constraints,
        norms: freeNorms.isEmpty ? nil : model(bins))
    case .ratio(let models, let part):
      warnOutside(models, hypotheses)
      return try table(hypotheses, gridCount, part: part)
    case .truth:
      return try table(hypotheses, gridCount, part: .all)
    }
  }

  private func table(
    _ hypotheses: [[Double]], _ gridCount: Int, part: Partition
  ) throws -> ToyTable {
    let events = try simulation.requireEvents()
    let (rows, scales) = try events.rows(in: part)
    return try ToyTable(
      events: events, rows: rows, scales: scales, ratios: simulatedRatios(events, rows),
      hypotheses: hypotheses, gridCount: gridCount, luminosity: luminosity,
      includesRate: includesRate, constraints: parameters.constraints, journal: journal)
  }

  /// log r of simulated events, of likelihoods that are no histogram.
  func simulatedRatios(
    _ events: CombinedEvents, _ rows: [Int]
  ) throws -> any RowLogRatios {
    switch likelihood {
    case .ratio(let models, _):
      return try MeanLogRatios(
        models.map {
          try $0.ratios(events.observations($0.observableNames, rows: rows), rows: rows.count)
        })
    case .truth(let reference):
      return try JointLogRatios(events, rows: rows, reference: reference)
    case .rate, .histogram: preconditionFailure("bins have no ratios of events")
    }
  }

  /// What is binned; the total for the rate alone.
  var bins: BinTable {
    if case .histogram(let table, _) = likelihood { table } else { simulation.total }
  }

  var isBinned: Bool {
    switch likelihood {
    case .rate, .histogram: true
    case .ratio, .truth: false
    }
  }

  /// Warns of points outside the range that models were trained on; `table` does so itself.
  func warnOutside(_ hypotheses: [[Double]]) {
    guard case .ratio(let models, _) = likelihood else { return }
    warnOutside(models, hypotheses)
  }

  private func warnOutside(_ models: [any RatioEvaluator], _ hypotheses: [[Double]]) {
    for model in models where !model.thetaRange.isEmpty {
      let outside = hypotheses.count { !model.knows($0) }
      guard outside > 0 else { continue }
      journal?.warn(
        "limits.outside \(model.name)",
        "\(outside) of \(hypotheses.count) grid points are outside the range of theta that "
          + "\(model.name) was trained on; log r is extrapolated there")
    }
  }

  /// The part of the events that unbinned likelihoods use.
  var part: Partition {
    if case .ratio(_, let part) = likelihood { part } else { .all }
  }

  /// The range of θ that all models were trained on; nil where nothing limits it.
  public var trainingRange: [ClosedRange<Double>]? {
    guard case .ratio(let models, _) = likelihood else { return nil }
    let ranges = models.map(\.thetaRange).filter { !$0.isEmpty }
    guard let first = ranges.first else { return nil }
    return first.indices.map { p in
      let low = ranges.map { $0[p].lowerBound }.max() ?? 0
      return low...max(low, ranges.map { $0[p].upperBound }.min() ?? 0)
    }
  }
}
