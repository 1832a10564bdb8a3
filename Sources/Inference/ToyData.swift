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

extension ToySource.Channel {
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
      return try MeanLogRatios(models, of: parameters, rows: observed.count) { model in
        let x = try observed.columns(model.observableNames)
        if let at = x.firstIndex(where: { $0.isNaN }) {
          let n = model.observableNames.count
          throw undefined(model.observableNames[at % n], at / n)
        }
        return x
      }
    }
  }

  // MARK: Likelihoods

  /// The likelihood of observed events, without the constraints of nuisance parameters, and their number.
  func observedLikelihood(
    _ observed: ObservedEvents, _ source: ToySource
  ) throws -> (likelihood: any LogLikelihood, eventCount: Double) {
    let count = Double(observed.count)
    guard let ratios = try ratios(observed) else {
      return (
        try BinnedLikelihood(
          model(bins), counts: try counts(observed), luminosity: source.luminosity,
          includesRate: source.includesRate, includesStatistics: source.includesStatistics), count
      )
    }
    return (
      RatioLikelihood(
        ratios, weights: [Double](repeating: 1, count: observed.count), eventCount: count,
        total: try model(simulation.total), luminosity: source.luminosity,
        includesRate: source.includesRate), count
    )
  }

  /// The likelihood of Asimov data at values of the channel's parameters, and the number of events.
  func asimovLikelihood(
    _ point: [Double], _ source: ToySource
  ) throws -> (likelihood: any LogLikelihood, eventCount: Double) {
    let theta = Array(point.prefix(parameters.thetaCount))
    let nu = parameters.nuisances(of: point)
    _ = try simulation.positiveCrossSection(at: theta)
    let total = try model(simulation.total)
    let count = source.luminosity * total.evaluate(at: point, gradient: false).values[0]
    if isBinned {
      return (
        try BinnedLikelihood(
          asimov: model(bins), truePoint: point, luminosity: source.luminosity,
          includesRate: source.includesRate, includesStatistics: source.includesStatistics), count
      )
    }
    let events = try simulation.requireEvents()
    let (rows, scales) = try events.rows(in: part)
    let all = try events.crossSections(at: theta, nu: nu)
    return (
      RatioLikelihood(
        try simulatedRatios(events, rows), weights: zip(rows, scales).map { all[$0] * $1 },
        eventCount: count, total: total, luminosity: source.luminosity,
        includesRate: source.includesRate), count
    )
  }
}

extension ToySource {
  // MARK: Data of a table

  /// Observed events of each channel at every hypothesis of a table.
  public func data(_ observed: [ObservedEvents], in table: ToyTable) throws -> ToyData {
    precondition(observed.count == channels.count)
    guard !isBinned else {
      return table.data(
        counts: try zip(channels, observed).flatMap { channel, events in
          try Self.named(events.file) { try channel.counts(events) }
        })
    }
    let width = table.responseCount
    var responses = [Double](repeating: 0, count: table.hypotheses.count * width)
    let sums = try zip(zip(channels, table.channels), observed).map { channel, events -> [Double] in
      guard let ratios = try Self.named(events.file, { try channel.0.ratios(events) }) else {
        return []
      }
      return try table.hypotheses.enumerated().map { h, point in
        let response = try channel.1.response(ratios, at: point, of: width / 2)
        for k in response.slopes.indices {
          responses[h * width + 2 * k] += compensatedSum(response.slopes[k])
          responses[h * width + 2 * k + 1] += compensatedSum(response.curvatures[k])
        }
        return compensatedSum(response.values)
      }
    }
    return table.data(
      kinematic: sums, responses: responses, counts: observed.map { Double($0.count) })
  }

  private static func named<T>(_ file: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as Problem { throw problem.inFile(file) }
  }

  /// ln L of observed events of each channel at every hypothesis of a table.
  public func totals(_ observed: [ObservedEvents], in table: ToyTable) throws -> [Double] {
    try data(observed, in: table).totals
  }

  /// Asimov data at a point. Without nuisance parameters there is nothing that pseudo-experiments could learn from them.
  /// - Parameter nu: nuisance parameters, at which their auxiliary measurements come out; none is 0.
  public func asimovData(
    at theta: [Double], nu: [Double] = [], in table: ToyTable
  ) throws -> ToyData {
    guard table.nuisances != nil else { return ToyData() }
    return table.asimovData(try table.crossSections(at: theta, nu: nu), found: nu)
  }

  // MARK: Likelihoods

  /// The likelihood of observed events of each channel as a function of θ, and of ν where they are profiled.
  public func observedLikelihood(_ observed: [ObservedEvents]) throws -> any LogLikelihood {
    precondition(observed.count == channels.count)
    return constrained(
      try zip(channels, observed).map { channel, events in
        try Self.named(events.file) { try channel.observedLikelihood(events, self) }
      })
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
    constrained(
      try channels.map { channel in
        try channel.asimovLikelihood(
          parameters.places(of: channel.parameters).map { point[$0] }, self)
      }, found: parameters.nuisances(of: point))
  }

  /// The number of events that is expected at values of all parameters.
  public func expectedEvents(atPoint point: [Double]) throws -> Double {
    try channels.reduce(0) { sum, channel in
      let own = parameters.places(of: channel.parameters).map { point[$0] }
      return sum + luminosity
        * (try channel.model(channel.simulation.total)).evaluate(at: own, gradient: false)
        .values[0]
    }
  }

  /// The likelihood of all channels with the constraints.
  private func constrained(
    _ parts: [(likelihood: any LogLikelihood, eventCount: Double)], found: [Double]? = nil
  ) -> any LogLikelihood {
    let all: any LogLikelihood =
      parts.count == 1
      ? parts[0].likelihood
      : JointLikelihood(
        channels: zip(channels, parts).map {
          ($1.likelihood, parameters.places(of: $0.parameters), $1.eventCount)
        }, parameterCount: parameters.names.count)
    return parameters.constraints.isEmpty
      ? all : ConstrainedLikelihood(all, parameters.constraints, found: found)
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
