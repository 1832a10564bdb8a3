import Diagnostics
import EventModel
import Numerics

/// Data that pseudo-experiments are compared with.
public struct ToyData: Sendable {
  /// ln L at every hypothesis of a table.
  public var totals: [Double]
  /// The nuisance parameters that the data prefer at every hypothesis, where pseudo-experiments are thrown; empty where
  /// there are none.
  public var nu: [[Double]]

  public init(totals: [Double] = [], nu: [[Double]] = []) {
    self.totals = totals
    self.nu = nu
  }
}

extension ToySource {
  // MARK: Counts and ratios

  /// The counts of observed events in the bins (one bin for the rate alone).
  /// - Throws: `.data` for values that are NaN, and events where none was simulated.
  public func counts(_ observed: ObservedEvents) throws -> [Double] {
    guard case .histogram(let table, _) = likelihood else { return [Double(observed.count)] }
    var counts = [Double](repeating: 0, count: table.binCount)
    let (names, width) = (table.axes.map(\.observable), table.axes.count)
    let values = try observed.columns(names)
    for row in 0..<observed.count {
      let x = Array(values[row * width..<(row + 1) * width])
      if let k = x.firstIndex(where: \.isNaN) { throw undefined(names[k], row) }
      let bin = table.bin(of: x)
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

  // MARK: Data of a table

  /// Observed events at every hypothesis of a table.
  public func data(_ observed: ObservedEvents, in table: ToyTable) throws -> ToyData {
    guard let ratios = try ratios(observed) else {
      return table.data(counts: try counts(observed))
    }
    let sums = try table.hypotheses.map { theta in
      compensatedSum(try ratios.values(at: theta).map { max($0, RatioLikelihood.floor) })
    }
    return table.data(kinematic: sums, counts: [Double(observed.count)])
  }

  /// ln L of observed events at every hypothesis of a table.
  public func totals(_ observed: ObservedEvents, in table: ToyTable) throws -> [Double] {
    try data(observed, in: table).totals
  }

  /// Asimov data at a point. Without nuisance parameters there is nothing that pseudo-experiments could learn from them.
  /// - Parameter nu: nuisance parameters, at which their auxiliary measurements come out; none is 0.
  public func asimovData(
    at theta: [Double], nu: [Double] = [], in table: ToyTable
  ) throws -> ToyData {
    guard table.nuisances != nil else { return ToyData() }
    let count = parameters.thetaCount
    let point = try simulation.point(Array(theta.prefix(count)))
    let bins =
      isBinned ? try model(bins).table(norms: Array(theta.dropFirst(count))) : simulation.total
    let isMoved = nu.contains { $0 != 0 }
    return table.data(
      counts: (0..<bins.binCount).map { bin in
        let factor =
          isMoved
          ? NuisanceResponse(bins, bin: bin, at: point, nu: nu, gradient: false, moves: false)
            .factor : 1
        return max(0, luminosity * point.crossSection(bins, bin: bin).value * factor)
      }, found: isMoved ? nu : nil)
  }

  // MARK: Likelihoods

  func model(_ table: BinTable) throws -> BinnedModel {
    try BinnedModel(
      parameters.constraints.isEmpty ? table.withoutNuisances : table,
      morphing: simulation.morphing, freeNorms: freeNorms)
  }

  /// The likelihood of observed events as a function of θ, and of ν where they are profiled.
  public func observedLikelihood(_ observed: ObservedEvents) throws -> any LogLikelihood {
    guard let ratios = try ratios(observed) else {
      return constrained(
        try BinnedLikelihood(
          model(bins), counts: try counts(observed), luminosity: luminosity,
          includesRate: includesRate, includesStatistics: includesStatistics))
    }
    return constrained(
      RatioLikelihood(
        ratios, weights: [Double](repeating: 1, count: observed.count),
        eventCount: Double(observed.count), total: try model(simulation.total),
        luminosity: luminosity, includesRate: includesRate))
  }

  /// The likelihood of Asimov data at a point.
  /// - Parameter nu: nuisance parameters, at which their auxiliary measurements come out; nil is 0.
  public func asimovLikelihood(
    at theta: [Double], nu: [Double]? = nil
  ) throws -> any LogLikelihood {
    try asimovLikelihood(
      atPoint: parameters.point(
        theta, nuisances: nu ?? parameters.constraints.map { _ in 0 }))
  }

  /// The same at values of all parameters.
  public func asimovLikelihood(atPoint point: [Double]) throws -> any LogLikelihood {
    let theta = Array(point.prefix(parameters.thetaCount))
    let nu = parameters.nuisances(of: point)
    _ = try simulation.positiveCrossSection(at: theta)
    if isBinned {
      return constrained(
        try BinnedLikelihood(
          asimov: model(bins), truePoint: point, luminosity: luminosity,
          includesRate: includesRate, includesStatistics: includesStatistics), found: nu)
    }
    let events = try simulation.requireEvents()
    let (rows, scales) = try events.rows(in: part)
    let total = try model(events.total)
    let all = events.crossSections(at: try events.point(theta))
    return constrained(
      RatioLikelihood(
        try simulatedRatios(events, rows), weights: zip(rows, scales).map { all[$0] * $1 },
        eventCount: luminosity * total.evaluate(at: theta + nu, gradient: false).values[0],
        total: total, luminosity: luminosity, includesRate: includesRate), found: nu)
  }

  /// The number of events that is expected at values of all parameters.
  public func expectedEvents(atPoint point: [Double]) throws -> Double {
    luminosity * (try model(simulation.total)).evaluate(at: point, gradient: false).values[0]
  }

  private func constrained(
    _ likelihood: any LogLikelihood, found: [Double]? = nil
  ) -> any LogLikelihood {
    parameters.constraints.isEmpty
      ? likelihood : ConstrainedLikelihood(likelihood, parameters.constraints, found: found)
  }

  /// The nuisance parameters that observed events prefer at a point; none where there are none.
  public func profiledNuisances(
    _ likelihood: any LogLikelihood, at theta: [Double]
  ) throws -> [Double] {
    let others = Array((parameters.names.count - parameters.nuisanceCount)..<parameters.names.count)
    let point = parameters.point(theta)
    return parameters.nuisances(
      of: try profiled(
        likelihood, at: point, over: others,
        bounds: theta.map { $0...$0 } + parameters.otherBounds))
  }

  /// The point with the values of some parameters that events prefer, the others kept.
  public func profiled(
    _ likelihood: any LogLikelihood, at point: [Double], over others: [Int],
    bounds: [ClosedRange<Double>]
  ) throws -> [Double] {
    guard !others.isEmpty else { return point }
    return try RestrictedFit(likelihood, bounds: bounds).minimise(from: point, over: others)?.point
      ?? point
  }
}
