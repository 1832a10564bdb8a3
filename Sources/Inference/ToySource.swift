import Diagnostics
import EventModel
import Numerics

/// Pseudo-experiments from simulated events: what the likelihood is made of, then a `ToyTable`.
public struct ToySource {
  /// What the kinematic likelihood is made of.
  public enum Likelihood {
    case rate
    case histogram(BinTable)
    case ratio([any RatioEvaluator], Partition)
    /// The joint ratio to a reference point.
    case truth(reference: [Double])
  }

  let events: CombinedEvents
  let likelihood: Likelihood
  let luminosity: Double
  let includesRate: Bool
  let journal: Journal?

  /// - Throws: `.usage` where nothing is left of the likelihood; `.data` for models of other parameters.
  public init(
    _ events: CombinedEvents, likelihood: Likelihood, luminosity: Double,
    includesRate: Bool = true, journal: Journal? = nil
  ) throws {
    self.events = events
    self.likelihood = likelihood
    self.luminosity = luminosity
    self.includesRate = includesRate
    self.journal = journal
    if case .rate = likelihood, !includesRate {
      throw Problem(
        .usage, "without the rate there is nothing left",
        remedy: "give --observable, --model or --truth, or leave --no-rate away")
    }
    guard case .ratio(let models, _) = likelihood else { return }
    for model in models where model.parameterNames != setup.parameterNames {
      throw Problem(
        .data, "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
        remedy: "the events have " + setup.parameterNames.joined(separator: ", "),
        file: model.name)
    }
  }

  var setup: Setup { events.table.setup }

  /// What the result says of the likelihood.
  public func limits(axes: [GridAxis], fixed: [Int], degreesOfFreedom: Int) -> Limits {
    var mode = Limits.Mode.rate
    var table: BinTable?
    var part = Partition.all
    switch likelihood {
    case .rate: break
    case .histogram(let bins): (mode, table) = (.histogram, bins)
    case .ratio(_, let used): (mode, part) = (.ratio, used)
    case .truth: mode = .truth
    }
    var limits = Limits(
      mode: mode, isExpected: true, parameterNames: setup.parameterNames,
      parameterUnits: setup.parameters.map(\.unit), luminosity: luminosity,
      includesRate: includesRate, degreesOfFreedom: degreesOfFreedom, axes: axes)
    limits.partition = part
    limits.combination = events.combination
    limits.fixedParameters = fixed
    if let table {
      limits.observables = table.axes.map(\.observable)
      limits.edges = table.axes.map(\.edges)
    }
    return limits
  }

  /// Cells and their log densities at all hypotheses, the first `gridCount` of which are the grid.
  public func table(_ hypotheses: [[Double]], gridCount: Int) throws -> ToyTable {
    switch likelihood {
    case .rate, .histogram:
      return try ToyTable(
        bins: bins, morphing: events.morphing, hypotheses: hypotheses, gridCount: gridCount,
        luminosity: luminosity, includesRate: includesRate)
    case .ratio(let models, let part):
      warnOutside(models, hypotheses)
      let (rows, scales) = try events.rows(in: part)
      return try table(
        hypotheses, gridCount, rows: rows, scales: scales,
        ratios: MeanLogRatios(
          models.map {
            try $0.ratios(
              events.observations($0.observableNames, rows: rows), rows: rows.count)
          }))
    case .truth(let reference):
      let (rows, scales) = try events.rows(in: .all)
      return try table(
        hypotheses, gridCount, rows: rows, scales: scales,
        ratios: JointLogRatios(events, rows: rows, reference: reference))
    }
  }

  private func table(
    _ hypotheses: [[Double]], _ gridCount: Int, rows: [Int], scales: [Double],
    ratios: any RowLogRatios
  ) throws -> ToyTable {
    try ToyTable(
      events: events, rows: rows, scales: scales, ratios: ratios, hypotheses: hypotheses,
      gridCount: gridCount, luminosity: luminosity, includesRate: includesRate, journal: journal)
  }

  private var bins: BinTable {
    if case .histogram(let table) = likelihood { table } else { events.total }
  }

  private func warnOutside(_ models: [any RatioEvaluator], _ hypotheses: [[Double]]) {
    for model in models where !model.thetaRange.isEmpty {
      let outside = hypotheses.count { theta in
        zip(theta, model.thetaRange).contains { value, range in
          let margin = 1e-3 * (range.upperBound - range.lowerBound)
          return value < range.lowerBound - margin || value > range.upperBound + margin
        }
      }
      guard outside > 0 else { continue }
      journal?.warn(
        "limits.outside \(model.name)",
        "\(outside) of \(hypotheses.count) grid points are outside the range of theta that "
          + "\(model.name) was trained on; log r is extrapolated there")
    }
  }

  // MARK: Observed events

  /// The counts of observed events in the bins (one bin for the rate alone).
  /// - Throws: `.data` for values that are NaN, and events where none was simulated.
  public func counts(_ observed: ObservedEvents) throws -> [Double] {
    guard case .histogram(let table) = likelihood else { return [Double(observed.count)] }
    var counts = [Double](repeating: 0, count: table.binCount)
    for (row, value) in try observed.columns([table.observable]).enumerated() {
      guard !value.isNaN else { throw undefined(table.observable, row) }
      let bin = table.bin(of: value)
      guard table.counts[bin] > 0 else {
        throw Problem(
          .data,
          "an event in bin \(table.label(bin)) of \(table.observable), where none was simulated",
          remedy: "join this bin with its neighbour (--bins)", place: "row \(row + 1)")
      }
      counts[bin] += 1
    }
    return counts
  }

  private func undefined(_ observable: String, _ row: Int) -> Problem {
    Problem(
      .data, "observable '\(observable)' is undefined (NaN) in the observed events",
      remedy: "remove such events", place: "row \(row + 1)")
  }

  /// The log ratios of observed events; nil where the likelihood is of bins.
  /// - Throws: `.data` for values that are NaN; `.usage` for joint ratios, which no data has.
  public func ratios(_ observed: ObservedEvents) throws -> (any RowLogRatios)? {
    switch likelihood {
    case .rate, .histogram: return nil
    case .truth:
      throw Problem(
        .usage, "observed events have no joint ratio",
        remedy: "give --model or --observable with --data")
    case .ratio(let models, _):
      return try MeanLogRatios(
        models.map { model in
          let x = try observed.columns(model.observableNames)
          if let at = x.firstIndex(where: { $0.isNaN }) {
            let n = model.observableNames.count
            throw undefined(model.observableNames[at % n], at / n)
          }
          return try model.ratios(x, rows: observed.count)
        })
    }
  }

  /// The likelihood of observed events as a function of θ.
  public func observedLikelihood(_ observed: ObservedEvents) throws -> any LogLikelihood {
    guard let ratios = try ratios(observed) else {
      return try BinnedLikelihood(
        bins, morphing: events.morphing, counts: try counts(observed), luminosity: luminosity,
        includesRate: includesRate)
    }
    return RatioLikelihood(
      ratios, weights: [Double](repeating: 1, count: observed.count),
      eventCount: Double(observed.count), total: events.total, morphing: events.morphing,
      luminosity: luminosity, includesRate: includesRate)
  }

  /// The likelihood of Asimov data at a point.
  public func asimovLikelihood(at theta: [Double]) throws -> any LogLikelihood {
    let sigma = (try events.point(theta)).crossSection(events.total).value
    guard sigma > 0 else {
      throw Problem(
        .data, "the cross section at the true point is \(sigma) pb",
        remedy: "choose another --theta", file: events.file)
    }
    let (rows, scales) = try events.rows(in: part)
    let ratios: any RowLogRatios
    switch likelihood {
    case .rate, .histogram:
      return try BinnedLikelihood(
        asimov: bins, morphing: events.morphing, thetaTrue: theta, luminosity: luminosity,
        includesRate: includesRate)
    case .ratio(let models, _):
      ratios = try MeanLogRatios(
        models.map {
          try $0.ratios(events.observations($0.observableNames, rows: rows), rows: rows.count)
        })
    case .truth(let reference):
      ratios = try JointLogRatios(events, rows: rows, reference: reference)
    }
    let all = events.crossSections(at: try events.point(theta))
    return RatioLikelihood(
      ratios, weights: zip(rows, scales).map { all[$0] * $1 }, eventCount: luminosity * sigma,
      total: events.total, morphing: events.morphing, luminosity: luminosity,
      includesRate: includesRate)
  }

  /// The part of the events that unbinned likelihoods use.
  private var part: Partition {
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

  /// ln L of observed events at every hypothesis of a table.
  public func totals(_ observed: ObservedEvents, in table: ToyTable) throws -> [Double] {
    guard let ratios = try ratios(observed) else {
      return table.totals(counts: try counts(observed))
    }
    let sums = try table.hypotheses.map { theta in
      compensatedSum(try ratios.values(at: theta).map { max($0, RatioLikelihood.floor) })
    }
    return table.totals(kinematic: sums, count: Double(observed.count))
  }
}
