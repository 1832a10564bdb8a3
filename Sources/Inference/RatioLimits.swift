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
    try run(expectedChannel(models: models, part: part, thetaTrue: thetaTrue), settings)
  }

  /// The channel of these limits.
  public func expectedChannel(
    models: [any RatioEvaluator], part: Partition, thetaTrue: [Double]
  ) throws -> LimitChannel {
    try requireOneMixture()
    let events = try simulation.requireEvents()
    let eventCount = try expectedEvents(at: thetaTrue)
    let (rows, scales) = try events.rows(in: part)
    let weights = try self.weights(
      events, rows, scales, at: thetaTrue, nu: parameters.trueNuisances)
    for model in models { try model.requireParameters(of: setup) }
    let ratios = try MeanLogRatios(models, of: parameters, rows: rows.count) {
      try events.observations($0.observableNames, rows: rows)
    }
    let reference = models[0].reference(in: setup)
    let isOneReference = models.allSatisfy { $0.reference(in: setup) == reference }
    let likelihood = RatioLikelihood(
      ratios, weights: weights, eventCount: eventCount, total: try model(events.total),
      luminosity: luminosity, includesRate: options.includesRate,
      closureWeights: isOneReference
        ? try self.weights(events, rows, scales, at: reference.theta, nu: reference.nu) : nil)
    var limits = start(
      .ratio, table: nil, eventCount: eventCount, thetaTrue: thetaTrue,
      statistics: EventStatistics(weights))
    limits.partition = part
    warnAboutShapes(models)
    return LimitChannel(source: self, likelihood: likelihood, head: limits, models: models)
  }

  /// Observed limits of ratio models; `x` holds, for each model, the events in the order of its observables.
  public func observed(
    models: [any RatioEvaluator], x: [[Double]], _ data: ObservedColumns,
    settings: LimitSettings
  ) throws -> Limits {
    try run(observedChannel(models: models, x: x, data), settings)
  }

  /// The channel of these limits.
  public func observedChannel(
    models: [any RatioEvaluator], x: [[Double]], _ data: ObservedColumns
  ) throws -> LimitChannel {
    try requireOneMixture()
    let weights = try data.normalisedWeights()
    let eventCount = weights.reduce(0, +)
    for (model, x) in zip(models, x) {
      try model.requireParameters(of: setup)
      if let at = x.firstIndex(where: { $0.isNaN }) {
        throw Problem(
          .data,
          "observable '\(model.observableNames[at % model.observableNames.count])' is undefined"
            + " (NaN) in the observed events", remedy: "remove such events",
          place: "row \(at / model.observableNames.count + 1)")
      }
    }
    var rest = x[...]
    let ratios = try MeanLogRatios(models, of: parameters, rows: data.rowCount) { _ in
      rest.removeFirst()
    }
    let likelihood = RatioLikelihood(
      ratios, weights: weights, eventCount: eventCount,
      total: try model(simulation.total), luminosity: luminosity,
      includesRate: options.includesRate)
    warnAboutShapes(models)
    return LimitChannel(
      source: self, likelihood: likelihood,
      head: start(.ratio, table: nil, eventCount: eventCount), models: models)
  }

  /// Expected limits where all of the parton level is seen: log r is the joint ratio of each event. All rows stand for
  /// the Asimov set, and q(θ_true) = 0 as for bins.
  public func expectedTruth(thetaTrue: [Double], settings: LimitSettings) throws -> Limits {
    try run(truthChannel(thetaTrue: thetaTrue), settings)
  }

  /// The channel of these limits.
  public func truthChannel(thetaTrue: [Double]) throws -> LimitChannel {
    try requireOneMixture()
    let events = try simulation.requireEvents()
    let eventCount = try expectedEvents(at: thetaTrue)
    let (rows, scales) = try events.rows(in: .all)
    let weights = try withoutNegative(
      self.weights(events, rows, scales, at: thetaTrue, nu: parameters.trueNuisances),
      file: events.file)
    let total = try model(events.total)
    let likelihood: any LogLikelihood
    if parameters.constraints.isEmpty {
      likelihood = RatioLikelihood(
        try JointLogRatios(events, rows: rows, reference: thetaTrue), weights: weights,
        eventCount: eventCount, total: total, luminosity: luminosity,
        includesRate: options.includesRate)
    } else {
      likelihood = try ReweightedLikelihood(
        events, weights: weights, eventCount: eventCount, reference: thetaTrue,
        nuisance: NuisanceFactors(setup), total: total, luminosity: luminosity,
        includesRate: options.includesRate)
    }
    let limits = start(
      .truth, table: nil, eventCount: eventCount, thetaTrue: thetaTrue,
      statistics: EventStatistics(weights))
    return LimitChannel(source: self, likelihood: likelihood, head: limits)
  }

  /// The policy on negative densities of a sum over events: an event of negative weight has no log density, so a little
  /// of it is left out, and more is refused; bins add it up.
  private func withoutNegative(_ weights: [Double], file: String?) throws -> [Double] {
    let share = EventStatistics(weights).negativeFraction
    let percent = Double(Int((1e4 * share).rounded())) / 100
    guard share <= ToyDrawing.largestNegativeFraction else {
      throw Problem(
        .data,
        "\(percent) % of the weight at the true point is negative, and such events have no likelihood ratio",
        remedy: "use bins (--observable), or another order or point", file: file)
    }
    if percent > 0 {
      journal?.warn(
        "limits.negative.events",
        "\(percent) % of the weight at the true point is negative and left out of the Asimov set")
    }
    return share > 0 ? weights.map { max(0, $0) } : weights
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

  func warnAboutShapes(_ models: [any RatioEvaluator]) {
    LimitWarnings.warnAboutShapes(models, of: parameters, journal)
  }

  private func weights(
    _ events: CombinedEvents, _ rows: [Int], _ scales: [Double], at theta: [Double],
    nu: [Double] = []
  ) throws -> [Double] {
    let all = try events.crossSections(at: theta, nu: nu)
    return zip(rows, scales).map { all[$0] * $1 }
  }

  /// Lσ at the true point, nuisance parameters included.
  func expectedEvents(at theta: [Double]) throws -> Double {
    let nominal = try simulation.positiveCrossSection(at: theta)
    guard parameters.trueNuisances.contains(where: { $0 != 0 }) else {
      return luminosity * nominal
    }
    return luminosity
      * (try model(simulation.total).evaluate(at: parameters.truePoint(theta), gradient: false))
      .values[0]
  }
}

extension CombinedEvents {
  /// dσ_e(θ, ν) of all events: nuisance parameters change the shape of the Asimov set, not only its size.
  /// - Parameter nu: of the setup's nuisance parameters; none is 0.
  func crossSections(at theta: [Double], nu: [Double]) throws -> [Double] {
    var all = crossSections(at: try point(theta))
    guard nu.contains(where: { $0 != 0 }) else { return all }
    let factors = try NuisanceFactors(table.setup)
    let table = table
    table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in all.indices { all[row] *= factors.factor(nu, base + row * table.weightCount) }
    }
    return all
  }
}
