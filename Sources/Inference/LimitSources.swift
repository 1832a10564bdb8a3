import Diagnostics
import EventModel
import Numerics

/// Limits from simulated events: what makes the likelihood, then `LimitCalculation`.
public struct LimitSource: Sendable {
  let events: CombinedEvents
  let luminosity: Double
  let includesRate: Bool
  let journal: Journal?

  public init(
    _ events: CombinedEvents, luminosity: Double, includesRate: Bool = true,
    journal: Journal? = nil
  ) {
    self.events = events
    self.luminosity = luminosity
    self.includesRate = includesRate
    self.journal = journal
  }

  private var setup: Setup { events.table.setup }

  /// The space that fits search where nothing narrower is known: the ranges of the setup.
  public var bounds: [ClosedRange<Double>] { setup.parameters.map(\.range) }

  // MARK: Bins and rate

  /// Expected limits of a histogram, or of the rate alone (`observable` nil): the template at θ_true is the Asimov set.
  public func expected(
    observable: String?, edges: [Double], thetaTrue: [Double], settings: LimitSettings
  ) throws -> Limits {
    let (table, mode) = try template(observable, edges)
    try requirePositive(thetaTrue)
    let likelihood = try BinnedLikelihood(
      asimov: table, morphing: events.morphing, thetaTrue: thetaTrue, luminosity: luminosity,
      includesRate: includesRate)
    var limits = start(mode, table: table, eventCount: likelihood.eventCount)
    limits.isExpected = true
    limits.thetaTrue = thetaTrue
    let statistics = EventStatistics(events.crossSections(at: try events.point(thetaTrue)))
    limits.events = statistics.events
    limits.effectiveEvents = statistics.effectiveEvents
    return try run(limits, likelihood, settings)
  }

  /// Observed limits of a histogram of `values`, or of their number alone (`observable` nil).
  /// - Throws: `.data` for values that are NaN, and events where none was simulated.
  public func observed(
    observable: String?, edges: [Double], values: [Double], settings: LimitSettings
  ) throws -> Limits {
    let (table, mode) = try template(observable, edges)
    var counts = [Double](repeating: 0, count: table.binCount)
    for (row, value) in values.enumerated() {
      guard !value.isNaN || observable == nil else {
        throw Problem(
          .data, "observable '\(observable ?? "")' is undefined (NaN) in the observed events",
          remedy: "remove such events", place: "row \(row + 1)")
      }
      counts[observable == nil ? 0 : table.bin(of: value)] += 1
    }
    let likelihood = try BinnedLikelihood(
      table, morphing: events.morphing, counts: counts, luminosity: luminosity,
      includesRate: includesRate)
    let limits = start(mode, table: table, eventCount: Double(values.count))
    return try run(limits, likelihood, settings)
  }

  private func template(
    _ observable: String?, _ edges: [Double]
  ) throws -> (BinTable, Limits.Mode) {
    guard let observable else {
      guard includesRate else {
        throw Problem(
          .usage, "without the rate there is nothing left",
          remedy: "give --observable, --model or --truth, or leave --no-rate away")
      }
      return (events.total, .rate)
    }
    return (try events.fill(observable, edges: edges), .histogram)
  }

  // MARK: Ratios

  /// Expected limits of ratio models, their log r averaged; the Asimov set is the weighted events of a part.
  ///
  /// That set is a noisy experiment: q(θ_true) ≈ p n/n_eff on average is reported, with a warning above 0.5 or where
  /// n > n_eff/10.
  public func expected(
    models: [any RatioEvaluator], part: Partition, thetaTrue: [Double], settings: LimitSettings
  ) throws -> Limits {
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
      ratios, weights: weights, eventCount: eventCount, total: events.total,
      morphing: events.morphing, luminosity: luminosity, includesRate: includesRate,
      closureWeights: isOneReference ? try self.weights(rows, scales, at: reference) : nil)
    var limits = start(.ratio, table: nil, eventCount: eventCount)
    limits.isExpected = true
    limits.thetaTrue = thetaTrue
    limits.partition = part
    let statistics = EventStatistics(weights)
    limits.events = statistics.events
    limits.effectiveEvents = statistics.effectiveEvents
    limits = try run(limits, likelihood, try narrowed(settings, models))
    warnOutside(models, limits)
    limits.qTrue = try q(thetaTrue, likelihood, limits)
    warnAboutNoise(limits)
    return limits
  }

  /// Observed limits of ratio models; `x` holds, for each model, the events in the order of its observables.
  public func observed(
    models: [any RatioEvaluator], x: [[Double]], count: Int, settings: LimitSettings
  ) throws -> Limits {
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
        return try model.ratios(x, rows: count)
      })
    let likelihood = RatioLikelihood(
      ratios, weights: [Double](repeating: 1, count: count), eventCount: Double(count),
      total: events.total, morphing: events.morphing, luminosity: luminosity,
      includesRate: includesRate)
    var limits = start(.ratio, table: nil, eventCount: Double(count))
    limits = try run(limits, likelihood, try narrowed(settings, models))
    warnOutside(models, limits)
    return limits
  }

  /// Expected limits where all of the parton level is seen: log r is the joint ratio of each event. All rows stand for
  /// the Asimov set, and q(θ_true) = 0 as for bins.
  public func expectedTruth(thetaTrue: [Double], settings: LimitSettings) throws -> Limits {
    try requirePositive(thetaTrue)
    let (rows, scales) = try events.rows(in: .all)
    let weights = try self.weights(rows, scales, at: thetaTrue)
    let eventCount = luminosity * (try events.point(thetaTrue)).crossSection(events.total).value
    let likelihood = RatioLikelihood(
      try JointLogRatios(events, rows: rows, reference: thetaTrue), weights: weights,
      eventCount: eventCount, total: events.total, morphing: events.morphing,
      luminosity: luminosity, includesRate: includesRate)
    var limits = start(.truth, table: nil, eventCount: eventCount)
    limits.isExpected = true
    limits.thetaTrue = thetaTrue
    let statistics = EventStatistics(weights)
    limits.events = statistics.events
    limits.effectiveEvents = statistics.effectiveEvents
    limits = try run(limits, likelihood, settings)
    limits.qTrue = try q(thetaTrue, likelihood, limits)
    return limits
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
      let n = limits.parameterCount
      let outside = (0..<limits.pointCount).filter { point in
        (0..<n).contains { p in
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
    let number = { (x: Double) in Double(Int((x * 100).rounded())) / 100 }
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

  // MARK: Common

  private func start(_ mode: Limits.Mode, table: BinTable?, eventCount: Double) -> Limits {
    var limits = Limits(
      mode: mode, isExpected: false, parameterNames: setup.parameterNames,
      parameterUnits: setup.parameters.map(\.unit), luminosity: luminosity,
      eventCount: eventCount, includesRate: includesRate)
    limits.combination = events.combination
    if let table, !table.edges.isEmpty {
      limits.observable = table.observable
      limits.edges = table.edges
    }
    return limits
  }

  private func requirePositive(_ theta: [Double]) throws {
    let sigma = (try events.point(theta)).crossSection(events.total).value
    guard sigma > 0 else {
      throw Problem(
        .data, "the cross section at the true point is \(sigma) pb",
        remedy: "choose another --theta", file: events.file)
    }
  }

  private func run(
    _ limits: Limits, _ likelihood: any LogLikelihood, _ settings: LimitSettings
  ) throws -> Limits {
    var settings = settings
    let point = limits.isExpected ? limits.thetaTrue : nil
    settings.starts = (point.map { [$0] } ?? []) + settings.starts
    var result = try LimitCalculation(
      likelihood, names: setup.parameterNames, settings: settings, journal: journal
    ).run(limits)
    if likelihood is BinnedLikelihood, limits.isExpected {
      result.qTrue = try q(limits.thetaTrue, likelihood, result)
    }
    return result
  }

  private func q(
    _ theta: [Double], _ likelihood: any LogLikelihood, _ limits: Limits
  ) throws -> Double {
    max(0, -2 * (try likelihood.evaluate(at: theta, gradient: false)).total - limits.minimum)
  }
}
