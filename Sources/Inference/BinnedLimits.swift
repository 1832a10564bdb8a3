import Diagnostics
import EventModel

/// Observed events as columns of what is binned.
public struct ObservedColumns: Sendable {
  /// Row-major, in the order of the axes.
  public var values: [Double]
  /// One a row; nil counts every row once.
  public var weights: [Double]?
  public var rowCount: Int
  /// n; nil is the sum of weights.
  public var eventCount: Double?

  public init(
    values: [Double], rowCount: Int, weights: [Double]? = nil, eventCount: Double? = nil
  ) {
    self.values = values
    self.rowCount = rowCount
    self.weights = weights
    self.eventCount = eventCount
  }

  /// Weights that sum to n.
  /// - Throws: `.data` for weights that are negative or not finite, or all zero.
  func normalisedWeights() throws -> [Double] {
    let weights = weights ?? [Double](repeating: 1, count: rowCount)
    if let row = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      throw Problem(
        .data, "the weight of an observed event is \(weights[row])",
        remedy: "weights of observed events are numbers of events, 0 or more",
        place: "row \(row + 1)")
    }
    let sum = weights.reduce(0, +)
    guard let eventCount else { return weights }
    guard sum > 0 else {
      throw Problem(
        .data, "there are no observed events to stand for \(eventCount)",
        remedy: "leave --n-observed away")
    }
    return weights.map { $0 * eventCount / sum }
  }
}

// Limits of binned observables, and of the rate alone.

extension LimitSource {
  /// Expected limits of a histogram in any number of axes, or of the rate alone (none): the template at θ_true is the
  /// Asimov set. Of a table of bins the axes are its own.
  public func expected(
    axes: [BinAxis], mode: Limits.Mode = .histogram, thetaTrue: [Double], settings: LimitSettings
  ) throws -> Limits {
    try run(expectedChannel(axes: axes, mode: mode, thetaTrue: thetaTrue), settings)
  }

  /// The channel of these limits.
  public func expectedChannel(
    axes: [BinAxis], mode: Limits.Mode = .histogram, thetaTrue: [Double]
  ) throws -> LimitChannel {
    let table = try template(axes)
    _ = try simulation.positiveCrossSection(at: thetaTrue)
    let likelihood = try BinnedLikelihood(
      asimov: model(table), truePoint: parameters.truePoint(thetaTrue), luminosity: luminosity,
      includesRate: options.includesRate, includesStatistics: options.includesStatistics)
    var limits = start(
      table.axes.isEmpty ? .rate : mode, table: table, eventCount: likelihood.eventCount,
      thetaTrue: thetaTrue, statistics: try simulation.statistics(at: thetaTrue))
    limits.partition = binnedPart
    return LimitChannel(source: self, likelihood: likelihood, head: limits)
  }

  /// Observed limits of a histogram, or of the number of events alone.
  /// - Throws: `.data` for values that are NaN, and events where none was simulated.
  public func observed(
    axes: [BinAxis], mode: Limits.Mode = .histogram, _ data: ObservedColumns,
    settings: LimitSettings
  ) throws -> Limits {
    try run(observedChannel(axes: axes, mode: mode, data), settings)
  }

  /// The channel of these limits.
  public func observedChannel(
    axes: [BinAxis], mode: Limits.Mode = .histogram, _ data: ObservedColumns
  ) throws -> LimitChannel {
    let table = try template(axes)
    let weights = try data.normalisedWeights()
    var counts = [Double](repeating: 0, count: table.binCount)
    let width = table.axes.count
    for row in 0..<data.rowCount {
      let values = Array(data.values[row * width..<(row + 1) * width])
      if let k = values.firstIndex(where: \.isNaN) {
        throw Problem(
          .data,
          "observable '\(table.axes[k].observable)' is undefined (NaN) in the observed events",
          remedy: "remove such events", place: "row \(row + 1)")
      }
      counts[table.bin(of: values)] += weights[row]
    }
    let likelihood = try BinnedLikelihood(
      model(table), counts: counts, luminosity: luminosity, includesRate: options.includesRate,
      includesStatistics: options.includesStatistics)
    var limits = start(
      table.axes.isEmpty ? .rate : mode, table: table, eventCount: likelihood.eventCount)
    limits.partition = binnedPart
    return LimitChannel(source: self, likelihood: likelihood, head: limits)
  }

  /// The part of its events that a table of bins is of.
  private var binnedPart: Partition {
    if case .bins(let bins, _, _) = simulation { bins.rows } else { .all }
  }

  private func template(_ axes: [BinAxis]) throws -> BinTable {
    guard (simulation.axes ?? axes).isEmpty else { return try simulation.binned(axes) }
    guard options.includesRate else {
      throw Problem(
        .usage, "without the rate there is nothing left",
        remedy: "give --observable, --model or --truth, or leave --no-rate away")
    }
    return simulation.total
  }
}
