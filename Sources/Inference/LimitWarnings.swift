import Diagnostics
import EventModel

// What a reader of the numbers must know.

enum LimitWarnings {
  /// Nuisance parameters that models of ratios or scores do not know; without models that is all.
  static func warnAboutShapes(
    _ models: [any RatioEvaluator], of parameters: LimitParameters, _ journal: Journal?
  ) {
    let known = models.flatMap(\.parameterNames)
    guard parameters.nuisanceNames.contains(where: { !known.contains($0) }) else { return }
    journal?.warn(
      "limits.shapes",
      "the models do not know the nuisance parameters, which act on the rate alone; their effect on shapes is left out"
    )
  }

  /// Points outside the range of θ that a model was trained on.
  /// - Parameter points: of the model's θ.
  static func warnAboutRange(
    _ model: any RatioEvaluator, _ points: [[Double]], _ journal: Journal?
  ) {
    guard !model.thetaRange.isEmpty else { return }
    let outside = points.count { !model.knows($0) }
    guard outside > 0 else { return }
    journal?.warn(
      "limits.outside \(model.name)",
      "\(outside) of \(points.count) grid points are outside the range of theta that "
        + "\(model.name) was trained on; log r is extrapolated there")
  }

  /// Bins of too few simulated events.
  static func warnAboutSimulation(
    _ poor: Int, of count: Int, such label: String, remedy: String, _ journal: Journal?
  ) {
    journal?.warn(
      "limits.bins.simulation",
      "\(poor) of \(count) bins hold less than 10 effective simulated events, such as \(label); \(remedy)"
    )
  }

  static func warnAboutCounts(_ events: Double, _ journal: Journal?) {
    guard events.rounded() < 10 else { return }
    journal?.warn(
      "limits.asymptotic",
      "\(LimitCalculation.rounded(events)) events are too few for the chi-square distribution to hold; check p-values with toys"
    )
  }

  static func warnAboutNegativeBins(_ count: Int, such place: String, _ journal: Journal?) {
    journal?.warn(
      "limits.negative.bins",
      "a bin without events has a negative cross section at \(place), inside the regions; join it with its neighbour",
      count: count)
  }
}

extension BinTable {
  /// Warns of bins whose template at a point is of less than ten effective events.
  public func warnAboutSimulation(
    at point: MorphedPoint, remedy: String = "join bins (--bins) or use more events",
    journal: Journal?
  ) {
    let poor = (0..<binCount).filter { bin in
      let sigma = point.crossSection(self, bin: bin).value
      return sigma * sigma < 10 * point.squaredError(self, bin: bin)
    }
    guard let first = poor.first else { return }
    LimitWarnings.warnAboutSimulation(
      poor.count, of: binCount, such: label(first), remedy: remedy, journal)
  }
}

extension ToySource {
  /// What results of the likelihood must say at a point, and at the points that are asked for.
  ///
  /// - Parameters:
  ///   - theta: of the parameters of all channels.
  ///   - grid: points at which the likelihood is asked for; none where `table` has warned of them.
  ///   - events: the number of events, where chi-square distributions are asked for.
  public func warn(
    at theta: [Double], grid: [[Double]] = [], events: Double? = nil, hasToys: Bool = false
  ) throws {
    for channel in channels where isBinned && !includesStatistics {
      channel.bins.warnAboutSimulation(
        at: try channel.simulation.point(own(channel, theta)),
        remedy: hasToys
          ? "join bins (--bins) or use more events"
          : "join bins, or let them vary with --mc-statistics", journal: journal)
    }
    if let events { LimitWarnings.warnAboutCounts(events, journal) }
    warnOutside(grid)
    guard isBinned, !grid.isEmpty else { return }
    let negative = try grid.filter { point in
      try channels.contains { channel in
        let morphed = try channel.simulation.point(own(channel, point))
        return (0..<channel.bins.binCount).contains {
          morphed.crossSection(channel.bins, bin: $0).value < 0
        }
      }
    }
    if let first = negative.first {
      let place = zip(parameters.names, first.prefix(parameters.thetaCount))
        .map { "\($0)=\($1)" }.joined(separator: ",")
      journal?.warn(
        "limits.negative.bins",
        "a bin has a negative cross section at \(place), on the grid; join it with its neighbour, or use a smaller --grid",
        count: negative.count)
    }
  }

  /// θ of a channel.
  private func own(_ channel: Channel, _ point: [Double]) -> [Double] {
    parameters.thetaPlaces(of: channel.parameters).map { point[$0] }
  }
}

extension LimitCalculation {
  func warnAboutEdges(_ limits: Limits) {
    if limits.bestFitIsAtBound {
      journal?.warn(
        "limits.bound", "the best fit is at the border of the space that was searched")
    }
    let outside = limits.axes.filter { axis in
      guard let p = names.firstIndex(of: axis.parameter) else { return false }
      return isOutside(limits.bestFit[p], axis)
    }
    if !outside.isEmpty {
      let place = outside.compactMap { axis in
        names.firstIndex(of: axis.parameter).map {
          "\(axis.parameter)=\(Self.rounded(limits.bestFit[$0], to: axis))"
        }
      }.joined(separator: ",")
      journal?.warn(
        "limits.grid",
        "the best fit (\(place)) is outside the grid, which holds a part of the regions or nothing of them; use a --grid around it"
      )
    }
    if let open = limits.regions.filter(\.isOpen).map(\.level).min() {
      journal?.warn(
        "limits.open", "the region of level \(open) reaches the border of the grid")
    }
  }

  private func isOutside(_ value: Double, _ axis: GridAxis) -> Bool {
    let margin = 1e-9 * (axis.upper - axis.lower)
    return value < axis.lower - margin || value > axis.upper + margin
  }

  /// Whether the best fit is outside the axes.
  func bestFitIsOutside(_ limits: Limits) -> Bool {
    zip(limits.axes, limits.griddedParameters).contains { isOutside(limits.bestFit[$1], $0) }
  }

  /// Regions that a grid is too coarse for.
  func warnAboutSteps(_ sizes: [RegionSizes.Size], _ limits: Limits) {
    let coarse = zip(limits.regions, sizes).filter { $1.steps.min() ?? 0 < Self.fewSteps }
    guard let (region, size) = coarse.min(by: { $0.0.level < $1.0.level }),
      !bestFitIsOutside(limits)
    else { return }
    let k = size.steps.indices.min { size.steps[$0] < size.steps[$1] } ?? 0
    let axis = limits.axes[k]
    let p = limits.griddedParameters[k]
    var remedy = "use a finer --grid around the best fit"
    // A flat direction has no scale of its own.
    if let i = limits.fit.parameters.firstIndex(of: p),
      10 * limits.fit.errors[i] < axis.upper - axis.lower
    {
      let (low, high) = (-5.0, 5.0)
      let ends = [low, high].map {
        Self.rounded(limits.bestFit[p] + $0 * limits.fit.errors[i], digitsOf: limits.fit.errors[i])
      }
      remedy +=
        ", such as \(axis.parameter)=\(ends[0]):\(ends[1]):\(max(41, settings.pointsPerAxis))"
    }
    journal?.warn(
      "limits.coarse",
      "the region of level \(region.level) spans \(Self.rounded(size.steps[k])) steps of the grid in \(axis.parameter): "
        + (size.isIntegrated
          ? "its size is integrated around the best fit, but points and contours of this grid do not show it; "
          : "its size is not known from so few points; ") + remedy)
  }

  /// Steps of the grid below which a region is not seen on it.
  static let fewSteps = 3.0

  /// Densities that are negative, and counts that are too low for χ².
  func warnAboutBins(_ limits: Limits, _ scan: Scan) {
    let widest = settings.threshold(settings.levels.max() ?? 0.95, limits)
    let negative = scan.values.indices.filter {
      scan.values[$0].negativeBins > 0 && limits.q[$0] <= widest
    }
    if let first = negative.first {
      LimitWarnings.warnAboutNegativeBins(
        negative.count, such: place(scan.points[first]), journal)
    }
    LimitWarnings.warnAboutCounts(limits.eventCount, journal)
  }

  func place(_ theta: [Double]) -> String {
    zip(names, theta).map { "\($0)=\($1)" }.joined(separator: ",")
  }

  static func rounded(_ x: Double) -> Double { Double(Int((x * 100).rounded())) / 100 }

  /// To a thousandth of an axis.
  private static func rounded(_ x: Double, to axis: GridAxis) -> Double {
    rounded(x, digitsOf: (axis.upper - axis.lower) * 0.1)
  }

  /// To two digits of a scale.
  private static func rounded(_ x: Double, digitsOf scale: Double) -> Double {
    guard scale > 0, scale.isFinite, x.isFinite else { return x }
    var unit = 1.0
    while unit > scale * 0.1 { unit /= 10 }
    while unit * 10 <= scale * 0.1 { unit *= 10 }
    // Division by a whole number keeps the decimal form short.
    return unit < 1 ? (x / unit).rounded() / (1 / unit).rounded() : (x / unit).rounded() * unit
  }
}
