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
    let nuisance = Set(limits.nuisance.map(\.parameter))
    let fit = RestrictedFit(likelihood, bounds: widenedBounds(settings.axes ?? []))
    limits.axes = try settings.axes ?? automaticAxes(fit, nuisance)
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
    limits.constraint = scan.values.map(\.constraint)
    let minima = try findBestFit(&limits, scan, wide)
    fillTests(&limits, scan)
    let sizes = try fillRegions(&limits, wide, minima)
    if settings.wantsIntervals, settings.reference == .fit {
      let search = IntervalSearch(limits, wide, settings, likelihood)
      (limits.intervals, limits.intervalBands) = try search.intervals()
      openRegions(&limits)
    }
    if settings.wantsImpacts {
      limits.impacts = try Impacts(limits, wide, settings, journal: journal).all()
    }
    warnAboutEdges(limits)
    if settings.reference == .fit { warnAboutSteps(sizes, limits) }
    warnAboutBins(limits, scan)
    return limits
  }

  /// Points of a grid; more would take hours, and more memory than there is.
  public static let mostPoints = 1_000_000

  private func check(_ axes: [GridAxis]) throws {
    try Self.checkSize(axes)
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
  private func automaticAxes(
    _ fit: RestrictedFit, _ nuisance: Set<Int>
  ) throws -> [GridAxis] {
    let free = names.indices.filter { settings.fixed[$0] == nil }
    let wanted = settings.ofInterest ?? free.filter { !nuisance.contains($0) }
    guard (1...2).contains(wanted.count) else {
      throw Problem(
        .usage, "a grid is needed for \(wanted.count) free parameters",
        remedy: "name one or two with --poi or --grid NAME=LOW:HIGH:POINTS, or --fix others")
    }
    if let fixed = wanted.first(where: { settings.fixed[$0] != nil }) {
      throw Problem(.usage, "parameter '\(names[fixed])' is of interest and is fixed")
    }
    let starts =
      settings.starts.isEmpty ? [[Double](repeating: 0, count: names.count)] : settings.starts
    let best = try fit.minimise(fromAll: starts.map(withFixed), over: free)
    guard let best else {
      throw Problem(
        .data, "the likelihood is not defined where the fit starts",
        remedy: "give the range with --grid")
    }
    return wanted.map { p in
      let bound = settings.bounds[p]
      var (lower, upper) = (bound.lowerBound, bound.upperBound)
      let error = free.firstIndex(of: p).map(best.error) ?? .nan
      if error.isFinite, error > 0 {
        lower = max(lower, best.point[p] - 5 * error)
        upper = min(upper, best.point[p] + 5 * error)
      }
      return GridAxis(
        parameter: names[p], lower: lower, upper: upper, count: settings.pointsPerAxis)
    }
  }

  func withFixed(_ theta: [Double]) -> [Double] {
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
    // A valley of its own is not to be feared of parameters that are constrained.
    let nuisance = limits.nuisance.map(\.parameter)
    let spreading = profiled.filter { !nuisance.contains($0) }
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
          fromAll: [near] + fit.spread(point, over: spreading), over: profiled)
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
      let place = place(result.points[first])
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

  /// Refuses grids that are too large.
  public static func checkSize(_ axes: [GridAxis]) throws {
    let count = axes.reduce(1.0) { $0 * Double($1.count) }
    guard count <= Double(mostPoints) else {
      throw Problem(
        .usage, "a grid of \(count) points; limits take at most a million",
        remedy: "use fewer points (--grid NAME=LOW:HIGH:POINTS)")
    }
  }

  /// Regions and their bands.
  /// - Returns: the sizes of the regions.
  private func fillRegions(
    _ limits: inout Limits, _ fit: RestrictedFit, _ minima: [RestrictedFit.Found]
  ) throws -> [RegionSizes.Size] {
    let chi = ChiSquare(degreesOfFreedom: limits.degreesOfFreedom)
    let thresholds = settings.levels.map(chi.quantile)
    let bands = limits.isExpected ? ExpectedBands(limits).thresholds(settings.levels) : []
    let known = bands.compactMap(\.threshold)
    let widest = max(thresholds.max() ?? 0, known.max() ?? 0)
    let near = minima.filter { $0.value - limits.minimum <= widest }
    let all = try RegionSizes(
      limits, fit, minima: settings.reference == .fit ? near : []
    ).sizes(thresholds + known)
    // Where the best fit is not on the grid, the grid has a part of the region at most.
    let isCut = bestFitIsOutside(limits)
    limits.regions = settings.levels.indices.map {
      Limits.Region(
        level: settings.levels[$0], threshold: thresholds[$0], area: all[$0].area,
        isOpen: all[$0].isOpen || isCut)
    }
    var rest = all.dropFirst(thresholds.count)
    limits.regionBands = bands.map { band in
      let size = band.threshold == nil ? nil : rest.popFirst()
      return Limits.RegionBand(
        level: band.level, sigma: band.sigma, threshold: band.threshold ?? .nan,
        area: size?.area ?? 0, isOpen: size.map { $0.isOpen || isCut } ?? false)
    }
    return Array(all.prefix(thresholds.count))
  }

  /// A profile that is inside its interval at the border is inside the region, whose threshold is not lower: also where the
  /// region passes between the points of the border.
  private func openRegions(_ limits: inout Limits) {
    for i in limits.regions.indices {
      let ends = limits.intervals.filter { $0.level == limits.regions[i].level }
      if ends.contains(where: { $0.lower.isNaN || $0.upper.isNaN }) {
        limits.regions[i].isOpen = true
      }
    }
  }
}
