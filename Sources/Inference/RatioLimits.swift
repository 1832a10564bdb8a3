import Diagnostics
import EventModel
import Morphing

// Limits of likelihood ratios of events.

extension LimitSource {
  /// Expected limits of ratio models, their log r averaged; the Asimov set is the weighted events of a part.
  ///
  /// That set is a noisy experiment: q(θ_true) ≈ p n/n_eff on average is reported, with a warning above 0.5 or where
  /// n > n_eff/10.
  public func expected(
    models: [any RatioEvaluator], part: Partition, thetaTrue: [Double], settings: LimitSettings
  ) throws -> Limits {
    try requireOneMixture()
    try requirePositive(thetaTrue)
    let (rows, scales) = try events.rows(in: part)
    let weights = try self.weights(rows, scales, at: thetaTrue)
    let ratios = try MeanLogRatios(
      models.map { model in
        try check(model)
        return try model.ratios(
          events.observations(model.observableNames, rows: rows), rows: rows.count)
      })
    let reference = models.first?.referenceTheta ?? []
    let isOneReference = models.allSatisfy { $0.referenceTheta == reference }
    let eventCount = luminosity * (try events.point(thetaTrue)).crossSection(events.total).value
    let likelihood = RatioLikelihood(
      ratios, weights: weights, eventCount: eventCount, total: try model(events.total),
      luminosity: luminosity, includesRate: options.includesRate,
      closureWeights: isOneReference ? try self.weights(rows, scales, at: reference) : nil)
    var limits = start(
      .ratio, table: nil, eventCount: eventCount, thetaTrue: thetaTrue, weights: weights)
    limits.partition = part
    warnAboutShapes()
    limits = try run(limits, likelihood, try narrowed(settings, models))
    warnOutside(models, limits)
    warnAboutNoise(limits)
    return limits
  }

  /// Observed limits of ratio models; `x` holds, for each model, the events in the order of its observables.
  public func observed(
    models: [any RatioEvaluator], x: [[Double]], _ data: ObservedColumns,
    settings: LimitSettings
  ) throws -> Limits {
    try requireOneMixture()
    let weights = try data.normalisedWeights()
    let eventCount = weights.reduce(0, +)
    let ratios = try MeanLogRatios(
      zip(models, x).map { model, x in
        try check(model)
        if let at = x.firstIndex(where: { $0.isNaN }) {
          throw Problem(
            .data,
            "observable '\(model.observableNames[at % model.observableNames.count])' is undefined"
              + " (NaN) in the observed events", remedy: "remove such events",
            place: "row \(at / model.observableNames.count + 1)")
        }
        return try model.ratios(x, rows: data.rowCount)
      })
    let likelihood = RatioLikelihood(
      ratios, weights: weights, eventCount: eventCount,
      total: try model(events.total), luminosity: luminosity, includesRate: options.includesRate)
    var limits = start(.ratio, table: nil, eventCount: eventCount)
    warnAboutShapes()
    limits = try run(limits, likelihood, try narrowed(settings, models))
    warnOutside(models, limits)
    return limits
  }

  /// Expected limits where all of the parton level is seen: log r is the joint ratio of each event. All rows stand for
  /// the Asimov set, and q(θ_true) = 0 as for bins.
  public func expectedTruth(thetaTrue: [Double], settings: LimitSettings) throws -> Limits {
    try requireOneMixture()
    try requirePositive(thetaTrue)
    let (rows, scales) = try events.rows(in: .all)
    let weights = try self.weights(rows, scales, at: thetaTrue)
    let eventCount = luminosity * (try events.point(thetaTrue)).crossSection(events.total).value
    let likelihood = RatioLikelihood(
      try JointLogRatios(
        events, rows: rows, reference: thetaTrue,
        nuisance: constraints.isEmpty ? nil : NuisanceFactors(setup)), weights: weights,
      eventCount: eventCount, total: try model(events.total), luminosity: luminosity,
      includesRate: options.includesRate)
    let limits = start(
      .truth, table: nil, eventCount: eventCount, thetaTrue: thetaTrue, weights: weights)
    return try run(limits, likelihood, settings)
  }

  /// The shape of a ratio belongs to one mixture of processes, and varies with nuisance parameters only where it knows
  /// them.
  func requireOneMixture() throws {
    guard options.freeNorms.isEmpty else {
      throw Problem(
        .usage, "a free normalisation changes the mixture of processes that a ratio is of",
        remedy: "use bins (--observable), or leave --free-norm away")
    }
    guard !options.includesStatistics else {
      throw Problem(.usage, "--mc-statistics is of bins", remedy: "give --observable")
    }
  }

  func warnAboutShapes() {
    guard !constraints.isEmpty else { return }
    journal?.warn(
      "limits.shapes",
      "the models do not know the nuisance parameters, which act on the rate alone; their effect on shapes is left out"
    )
  }

  private func check(_ model: any RatioEvaluator) throws {
    guard model.parameterNames == setup.parameterNames else {
      throw Problem(
        .data, "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
        remedy: "the events have " + setup.parameterNames.joined(separator: ", "),
        file: model.name)
    }
  }

  private func weights(_ rows: [Int], _ scales: [Double], at theta: [Double]) throws -> [Double] {
    let all = events.crossSections(at: try events.point(theta))
    return zip(rows, scales).map { all[$0] * $1 }
  }

  /// Fits stay where the models were trained; a parameter that was never varied is fixed unless it has an axis.
  private func narrowed(
    _ settings: LimitSettings, _ models: [any RatioEvaluator]
  ) throws -> LimitSettings {
    var result = settings
    for model in models where !model.thetaRange.isEmpty {
      for (p, range) in model.thetaRange.enumerated() {
        let hasAxis =
          settings.axes?.contains { $0.parameter == setup.parameterNames[p] } ?? false
        if range.lowerBound == range.upperBound {
          if !hasAxis, result.fixed[p] == nil { result.fixed[p] = range.lowerBound }
        } else {
          let bound = result.bounds[p].clamped(to: range)
          if bound.lowerBound < bound.upperBound { result.bounds[p] = bound }
        }
      }
    }
    guard settings.axes != nil || result.fixed.count < setup.parameterNames.count else {
      throw Problem(
        .data, "the models know one value of each parameter, so there is nothing to fit",
        remedy: "test points with 'limits points', or train on more of them",
        file: models.first?.name)
    }
    return result
  }

  private func warnOutside(_ models: [any RatioEvaluator], _ limits: Limits) {
    for model in models where !model.thetaRange.isEmpty {
      let (n, theory) = (limits.parameterCount, setup.parameters.count)
      let outside = (0..<limits.pointCount).filter { point in
        (0..<theory).contains { p in
          let (range, value) = (model.thetaRange[p], limits.points[point * n + p])
          // The range is of values that were drawn: random ones stop a little short of the ends of their prior.
          let margin = 1e-3 * (range.upperBound - range.lowerBound)
          return value < range.lowerBound - margin || value > range.upperBound + margin
        }
      }
      guard !outside.isEmpty else { continue }
      journal?.warn(
        "limits.outside \(model.name)",
        "\(outside.count) of \(limits.pointCount) grid points are outside the range of theta that "
          + "\(model.name) was trained on; log r is extrapolated there")
    }
  }

  private func warnAboutNoise(_ limits: Limits) {
    let number = LimitCalculation.rounded
    if limits.qTrue > 0.5 {
      journal?.warn(
        "limits.noise",
        "q at the true point is \(number(limits.qTrue)), not 0: the Asimov set is too noisy or log r is biased; use more events or less luminosity"
      )
    } else if limits.eventCount > limits.effectiveEvents / 10 {
      journal?.warn(
        "limits.noise",
        "\(number(limits.effectiveEvents)) effective events stand for \(number(limits.eventCount)) expected ones; use ten times as many, or less luminosity"
      )
    }
  }
}
