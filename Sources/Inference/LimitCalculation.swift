import Diagnostics
import EventModel
import Numerics

/// From a likelihood to a grid of p-values, regions and intervals.
///
/// q(θ) = −2 [ln L(θ) − ln L(θ̂)] is compared with χ² (Wilks); θ̂ is fitted, so q does not depend on the spacing of the
/// grid.
public struct LimitCalculation {
  let likelihood: any LogLikelihood
  let settings: LimitSettings
  let names: [String]
  let journal: Journal?

  /// - Parameter names: of the parameters, in order.
  public init(
    _ likelihood: any LogLikelihood, names: [String], settings: LimitSettings,
    journal: Journal? = nil
  ) {
    precondition(
      names.count == likelihood.parameterCount && settings.bounds.count == names.count)
    self.likelihood = likelihood
    self.names = names
    self.settings = settings
    self.journal = journal
  }

  /// Fills everything that follows from the likelihood into `limits`, which says what the likelihood is.
  /// - Throws: `.usage` for axes that do not fit; `.data` where the likelihood is defined nowhere on the grid.
  public func run(_ template: Limits) throws -> Limits {
    var limits = template
    let fit = RestrictedFit(likelihood, bounds: widenedBounds(settings.axes ?? []))
    limits.axes = try settings.axes ?? automaticAxes(fit)
    try check(limits.axes)
    let gridded = limits.griddedParameters
    limits.fixedParameters = settings.fixed.keys.sorted()
    limits.profiledParameters = names.indices.filter {
      !gridded.contains($0) && settings.fixed[$0] == nil
    }
    limits.degreesOfFreedom = settings.degreesOfFreedom ?? gridded.count
    let wide = RestrictedFit(likelihood, bounds: widenedBounds(limits.axes))
    let scan = try scan(limits, wide)
    limits.points = scan.points.flatMap { $0 }
    limits.kinematic = scan.values.map(\.kinematic)
    limits.rate = scan.values.map(\.rate)
    try findBestFit(&limits, scan, wide)
    fillTests(&limits, scan)
    limits.regions = settings.levels.map { region(limits, level: $0) }
    if settings.wantsIntervals {
      limits.intervals = try IntervalSearch(limits, wide, settings, likelihood).intervals()
    }
    warnAboutEdges(limits)
    return limits
  }

  private func check(_ axes: [GridAxis]) throws {
    for axis in axes {
      guard let p = names.firstIndex(of: axis.parameter) else {
        throw Problem(
          .usage, "there is no parameter '\(axis.parameter)'",
          remedy: "there are " + names.joined(separator: ", "))
      }
      guard settings.fixed[p] == nil else {
        throw Problem(.usage, "parameter '\(axis.parameter)' has an axis and is fixed")
      }
    }
    guard Set(axes.map(\.parameter)).count == axes.count else {
      throw Problem(.usage, "a grid axis is given twice")
    }
  }

  /// The searched space: the bounds, and whatever the grid adds; of an estimated ratio the grid alone, since far from
  /// where it is asked for a network has been trained on little or nothing.
  private func widenedBounds(_ axes: [GridAxis]) -> [ClosedRange<Double>] {
    names.indices.map { p in
      let bound = settings.bounds[p]
      guard let axis = axes.first(where: { $0.parameter == names[p] }) else { return bound }
      if !likelihood.isCheap { return axis.lower...axis.upper }
      return min(bound.lowerBound, axis.lower)...max(bound.upperBound, axis.upper)
    }
  }

  /// ±5σ of the information (the second derivatives of −ln L at its maximum), inside the bounds.
  private func automaticAxes(_ fit: RestrictedFit) throws -> [GridAxis] {
    let free = names.indices.filter { settings.fixed[$0] == nil }
    guard (1...2).contains(free.count) else {
      throw Problem(
        .usage, "a grid is needed for \(free.count) free parameters",
        remedy: "give --grid NAME=LOW:HIGH:POINTS once or twice, or --fix")
    }
    let starts =
      settings.starts.isEmpty ? [[Double](repeating: 0, count: names.count)] : settings.starts
    let best = try fit.minimise(fromAll: starts.map(withFixed), over: free)
    guard let best else {
      throw Problem(
        .data, "the likelihood is not defined where the fit starts",
        remedy: "give the range with --grid")
    }
    return free.enumerated().map { k, p in
      let bound = settings.bounds[p]
      var (lower, upper) = (bound.lowerBound, bound.upperBound)
      if let error = best.errors?[k], error.isFinite, error > 0 {
        lower = max(lower, best.point[p] - 5 * error)
        upper = min(upper, best.point[p] + 5 * error)
      }
      return GridAxis(
        parameter: names[p], lower: lower, upper: upper, count: settings.pointsPerAxis)
    }
  }

  private func withFixed(_ theta: [Double]) -> [Double] {
    names.indices.map { settings.fixed[$0] ?? theta[$0] }
  }

  struct Scan {
    var points: [[Double]]
    var values: [LikelihoodValue]
  }

  /// ln L at every grid point, profiled over the parameters that have neither an axis nor a value.
  private func scan(_ limits: Limits, _ fit: RestrictedFit) throws -> Scan {
    let origin = withFixed(settings.starts.first ?? [Double](repeating: 0, count: names.count))
    var start = origin
    let profiled = limits.profiledParameters
    var result = Scan(points: [], values: [])
    let all = limits.axes.reduce(1) { $0 * $1.count }
    for index in 0..<all {
      var (point, near) = (origin, start)
      var rest = index
      for (axis, p) in zip(limits.axes, limits.griddedParameters).reversed() {
        point[p] = axis.values[rest % axis.count]
        near[p] = point[p]
        rest /= axis.count
      }
      if !profiled.isEmpty,
        let found = try fit.minimise(
          fromAll: [near] + fit.spread(point, over: profiled), over: profiled)
      {
        point = found.point
        start = found.point
      }
      result.points.append(point)
      result.values.append(try likelihood.evaluate(at: point, gradient: false))
      if !likelihood.isCheap { journal?.progress("likelihood", index + 1, of: all) }
    }
    let undefined = result.values.indices.filter { result.values[$0].total.isNaN }
    if let first = undefined.first {
      let place = zip(names, result.points[first]).map { "\($0)=\($1)" }.joined(separator: ",")
      guard undefined.count < all else {
        throw Problem(
          .data, "the cross section is not positive anywhere on the grid, such as at \(place)",
          remedy: "choose a grid inside the region that the events cover")
      }
      journal?.warn(
        "limits.negative",
        "the cross section, or that of a bin with events, is not positive at \(place); such points have no p-value",
        count: undefined.count)
    }
    return result
  }

  /// The maximum over the whole space, from the best point and the other local maxima of the grid, and the given starts.
  private func findBestFit(_ limits: inout Limits, _ scan: Scan, _ fit: RestrictedFit) throws {
    let order = localMinima(limits, scan)
    guard let top = order.first else { return }
    limits.bestFit = scan.points[top]
    limits.minimum = -2 * scan.values[top].total
    guard settings.reference == .fit else { return }
    let free = names.indices.filter { settings.fixed[$0] == nil }
    // Quadratic amplitudes have a few equivalent minima (θ and its mirror images), so five starts are plenty.
    let starts = order.prefix(5).map { scan.points[$0] } + settings.starts.map(withFixed)
    if let found = try fit.minimise(fromAll: starts, over: free), found.value < limits.minimum {
      (limits.bestFit, limits.minimum) = (found.point, found.value)
    }
    // Along a flat direction (the rate alone of two parameters) rounding must not decide: what is as good is the true point.
    if let start = settings.starts.first.map(withFixed) {
      let value = -2 * (try likelihood.evaluate(at: start, gradient: false).total)
      if value <= limits.minimum + 1e-7 { limits.bestFit = start }
    }
    limits.bestFitIsAtBound = free.contains { p in
      let bound = fit.bounds[p]
      let margin = 1e-9 * (bound.upperBound - bound.lowerBound)
      return limits.bestFit[p] <= bound.lowerBound + margin
        || limits.bestFit[p] >= bound.upperBound - margin
    }
  }

  /// Grid points with no better neighbour along an axis, the best first.
  private func localMinima(_ limits: Limits, _ scan: Scan) -> [Int] {
    let shape = limits.shape
    func isLocal(_ index: Int) -> Bool {
      let value = scan.values[index].total
      guard value.isFinite else { return false }
      var stride = 1
      for count in shape.reversed() {
        let k = index / stride % count
        if k > 0, scan.values[index - stride].total > value { return false }
        if k < count - 1, scan.values[index + stride].total > value { return false }
        stride *= count
      }
      return true
    }
    return scan.values.indices.filter(isLocal).sorted {
      (scan.values[$0].total, $1) > (scan.values[$1].total, $0)
    }
  }

  private func fillTests(_ limits: inout Limits, _ scan: Scan) {
    let chi = ChiSquare(degreesOfFreedom: limits.degreesOfFreedom)
    let minimum = limits.minimum
    // The fit may stop a rounding error above a grid point.
    limits.q = scan.values.map { max(0, -2 * $0.total - minimum) }
    for i in limits.q.indices where scan.values[i].total.isNaN { limits.q[i] = .nan }
    limits.p = limits.q.map { $0.isNaN ? .nan : chi.survival($0) }
    let widest = chi.quantile(settings.levels.max() ?? 0.95)
    let inside = scan.values.indices.filter { limits.q[$0] <= widest }
    let floored = inside.map { scan.values[$0].flooredRows }.max() ?? 0
    if floored > 0 {
      journal?.warn(
        "limits.floor",
        "\(floored) rows have a vanishing density inside the regions; log r = "
          + "\(Int(RatioLikelihood.floor)) was taken")
    }
    let deviations = inside.map { abs(logarithm(1 + scan.values[$0].closure)) }
    limits.closure = limits.eventCount * (deviations.filter { !$0.isNaN }.max() ?? .nan)
  }

  private func region(_ limits: Limits, level: Double) -> Limits.Region {
    let threshold = ChiSquare(degreesOfFreedom: limits.degreesOfFreedom).quantile(level)
    let grid = RegionMeasure(limits.axes, limits.q)
    return Limits.Region(
      level: level, threshold: threshold, area: grid.measure(below: threshold),
      isOpen: grid.reachesBorder(below: threshold))
  }

  private func warnAboutEdges(_ limits: Limits) {
    if limits.bestFitIsAtBound {
      journal?.warn(
        "limits.bound", "the best fit is at the border of the space that was searched")
    }
    // The rate alone never bounds two parameters: what the table says ("complete: no") is no surprise there.
    guard limits.mode != .rate || limits.axes.count == 1 else { return }
    if let open = limits.regions.filter(\.isOpen).map(\.level).min() {
      journal?.warn(
        "limits.open", "the region of level \(open) reaches the border of the grid")
    }
  }
}
