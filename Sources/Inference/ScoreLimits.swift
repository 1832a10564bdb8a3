import Diagnostics
import EventModel

// Limits of statistics of the score that turn with θ; SALLY itself is a histogram (`expected(axes:)`).

extension LimitSource {
  /// Expected limits of SALLINO or of adaptive binning; the template at θ_true is the Asimov set.
  ///
  /// - Parameters:
  ///   - columns: the score components among the observables of the events.
  ///   - bins: bins on each axis; nil takes those of `ScoreStatistic`.
  public func expected(
    _ statistic: ScoreStatistic, columns: ScoreColumns, bins: [Int]? = nil, thetaTrue: [Double],
    settings: LimitSettings
  ) throws -> Limits {
    let events = try simulation.requireEvents()
    let eventCount = try expectedEvents(at: thetaTrue)
    let scores = try events.observations(columns.names, rows: Array(0..<events.table.count))
    let weights = try events.crossSections(at: thetaTrue, nu: parameters.trueNuisances)
    let scale =
      parameters.trueNuisances.contains { $0 != 0 }
      ? eventCount / weights.reduce(0, +) : luminosity
    let likelihood = try directional(
      statistic, columns, bins, scores, scores, weights.map { scale * $0 })
    let limits = start(
      statistic.mode, table: nil, eventCount: scale * weights.reduce(0, +),
      thetaTrue: thetaTrue, statistics: EventStatistics(weights))
    return try runDirectional(limits, likelihood, columns, settings)
  }

  /// Observed limits of SALLINO or of adaptive binning.
  /// - Parameter data: scores of the observed events.
  public func observed(
    _ statistic: ScoreStatistic, columns: ScoreColumns, bins: [Int]? = nil,
    _ data: ObservedColumns, settings: LimitSettings
  ) throws -> Limits {
    let events = try simulation.requireEvents()
    let scores = try events.observations(columns.names, rows: Array(0..<events.table.count))
    let weights = try data.normalisedWeights()
    let likelihood = try directional(statistic, columns, bins, scores, data.values, weights)
    let limits = start(statistic.mode, table: nil, eventCount: weights.reduce(0, +))
    return try runDirectional(limits, likelihood, columns, settings)
  }

  private func directional(
    _ statistic: ScoreStatistic, _ columns: ScoreColumns, _ bins: [Int]?, _ scores: [Double],
    _ data: [Double], _ weights: [Double]
  ) throws -> DirectionalLikelihood {
    try requireOneMixture()
    let events = try simulation.requireEvents()
    return try DirectionalLikelihood(
      events, scores: scores, reference: columns.reference, statistic: statistic,
      binCounts: bins, data: data, dataWeights: weights, total: model(events.total),
      luminosity: luminosity, includesRate: options.includesRate)
  }

  private func runDirectional(
    _ limits: Limits, _ likelihood: DirectionalLikelihood, _ columns: ScoreColumns,
    _ settings: LimitSettings
  ) throws -> Limits {
    var limits = limits
    var settings = settings
    let axes = try settings.axes ?? binnedAxes(limits, columns, settings)
    settings.axes = axes
    let gridded = Set(axes.map(\.parameter))
    if let p = setup.parameters.indices.first(where: {
      !gridded.contains(setup.parameterNames[$0]) && settings.fixed[$0] == nil
    }) {
      throw Problem(
        .usage,
        "\(setup.parameterNames[p]) cannot be profiled: the statistic is another variable at every theta",
        remedy: "give it an axis with --grid, or a value with --fix")
    }
    warnAboutShapes([])
    limits.notes.append(
      "relative to the density at the reference point of the score, in bins of each direction")
    return try run(limits, likelihood, settings)
  }

  /// The grid that a histogram of the score components takes.
  private func binnedAxes(
    _ limits: Limits, _ columns: ScoreColumns, _ settings: LimitSettings
  ) throws -> [GridAxis] {
    let theta = limits.isExpected ? limits.thetaTrue : columns.reference
    let bins = ScoreStatistic.sally.defaultBins(components: columns.names.count)
    let point = Array(theta.prefix(setup.parameters.count))
    let events = try simulation.requireEvents()
    let axes = try zip(columns.names, bins).map { name, count in
      BinAxis(name, edges: try events.quantileEdges(name, bins: count, theta: point))
    }
    var quick = settings
    quick.wantsIntervals = false
    quick.wantsImpacts = false
    quick.pointsPerAxis = 2
    quick.levels = [0.5]
    let source = LimitSource(events, luminosity: luminosity, options: options)
    let found = try source.expected(axes: axes, thetaTrue: point, settings: quick).axes
    return found.map {
      GridAxis(
        parameter: $0.parameter, lower: $0.lower, upper: $0.upper, count: settings.pointsPerAxis)
    }
  }
}
