import EventModel
import Glibc
import Numerics

/// Length or area of the regions q ≤ threshold on one or two axes, where the grid is too coarse to show them.
///
/// Around each minimum of q the region is a curve r(φ) in the variables in which the second derivatives of q are the unit
/// matrix, where a Gaussian likelihood has a circle: θ = θ̂ + C r (cos φ, sin φ) with C Cᵀ the covariance of the fit, the
/// area |det C| ½∮r² dφ. r follows from roots of q along rays, other parameters profiled.
struct RegionSizes {
  /// The size of one region.
  struct Size {
    var area: Double
    var isOpen: Bool
    /// Mean steps of the grid that it spans along each axis.
    var steps: [Double]
    /// From rays, not from the points of the grid.
    var isIntegrated: Bool
  }

  private let limits: Limits
  private let fit: RestrictedFit
  private let grid: RegionMeasure
  private let profiled: [Int]
  private let centres: [Centre]

  /// Steps below which rays are better than the points of the grid.
  private static let coarse = 6.0
  private static let directions = 64

  /// A minimum with the Cholesky factor of its covariance in the gridded parameters (lower triangle, row-major).
  private struct Centre {
    var point: [Double]
    var value: Double
    var factor: [Double]
  }

  /// - Parameter minima: of fits; those whose second derivatives are not positive definite leave sizes to the grid.
  init(_ limits: Limits, _ fit: RestrictedFit, minima: [RestrictedFit.Found]) {
    self.limits = limits
    self.fit = fit
    grid = RegionMeasure(limits.axes, limits.q)
    profiled = limits.profiledParameters
    let gridded = limits.griddedParameters
    let isPossible =
      fit.likelihood.isCheap && fit.likelihood.isSmooth && !fit.likelihood.isInterpolated
      && (1...2).contains(gridded.count)
    let found = isPossible ? minima.map { Self.centre($0, gridded) } : []
    // Without all of them a sum over minima is not the region.
    centres = found.contains { $0 == nil } ? [] : found.compactMap { $0 }
  }

  private static func centre(_ found: RestrictedFit.Found, _ gridded: [Int]) -> Centre? {
    let places = gridded.compactMap { found.free.firstIndex(of: $0) }
    guard places.count == gridded.count, let covariance = found.covariance else { return nil }
    let n = found.free.count
    let a = covariance[places[0] * n + places[0]]
    guard a > 0 else { return nil }
    let root = a.squareRoot()
    guard places.count == 2 else {
      return Centre(point: found.point, value: found.value, factor: [root])
    }
    let b = covariance[places[1] * n + places[0]] / root
    let rest = covariance[places[1] * n + places[1]] - b * b
    guard rest > 0 else { return nil }
    return Centre(
      point: found.point, value: found.value, factor: [root, 0, b, rest.squareRoot()])
  }

  /// The sizes at some thresholds, in their order.
  func sizes(_ thresholds: [Double]) throws -> [Size] {
    var result = thresholds.map {
      Size(
        area: grid.measure(below: $0), isOpen: grid.reachesBorder(below: $0),
        steps: grid.chords(below: $0), isIntegrated: false)
    }
    let wanted = result.indices.filter { (result[$0].steps.min() ?? 0) < Self.coarse }
      .sorted { thresholds[$0] < thresholds[$1] }
    guard !wanted.isEmpty, !centres.isEmpty, centres.allSatisfy({ isInside($0.point) }) else {
      return result
    }
    let curves = try centres.map { centre in try rays(centre, wanted.map { thresholds[$0] }) }
    for (k, i) in wanted.enumerated() {
      let present = centres.indices.filter { centres[$0].value - limits.minimum < thresholds[i] }
      guard !present.isEmpty,
        try areApart(present.map { centres[$0] }, thresholds[i]),
        holdTheGrid(present.map { (centres[$0], curves[$0].map { $0.radii[k] }) }, thresholds[i])
      else { continue }
      result[i].area = present.reduce(0) { sum, c in
        sum + area(centres[c], curves[c].map { $0.radii[k] })
      }
      result[i].isOpen =
        result[i].isOpen || present.contains { c in curves[c].contains { $0.radii[k] >= $0.end } }
      result[i].isIntegrated = true
    }
    return result
  }

  // MARK: Rays

  private struct Ray {
    /// Where it leaves the grid.
    var end: Double
    /// One for each threshold, at most `end`.
    var radii: [Double]
  }

  private func direction(_ d: Int) -> [Double] {
    guard limits.axes.count == 2 else { return [d == 0 ? 1 : -1] }
    let angle = 2 * Double.pi * Double(d) / Double(Self.directions)
    return [cos(angle), sin(angle)]
  }

  private var directionCount: Int { limits.axes.count == 2 ? Self.directions : 2 }

  /// Gridded parameters at a distance along a ray.
  private func place(_ centre: Centre, _ u: [Double], _ r: Double) -> [Double] {
    let gridded = limits.griddedParameters
    return gridded.indices.map { i in
      centre.point[gridded[i]]
        + r * (0...i).reduce(0) { $0 + centre.factor[i * gridded.count + $1] * u[$1] }
    }
  }

  private func rays(_ centre: Centre, _ thresholds: [Double]) throws -> [Ray] {
    try (0..<directionCount).map { d in
      let u = direction(d)
      let (origin, unit) = (place(centre, u, 0), place(centre, u, 1))
      var end = Double.infinity
      for (k, axis) in limits.axes.enumerated() {
        let speed = unit[k] - origin[k]
        if speed > 0 { end = min(end, (axis.upper - origin[k]) / speed) }
        if speed < 0 { end = min(end, (axis.lower - origin[k]) / speed) }
      }
      var radii: [Double] = []
      for threshold in thresholds {
        radii.append(
          try radius(centre, u, threshold, from: radii.last ?? 0, to: end))
      }
      return Ray(end: end, radii: radii)
    }
  }

  private func q(_ centre: Centre, _ u: [Double], _ r: Double) throws -> Double {
    var theta = centre.point
    for (p, x) in zip(limits.griddedParameters, place(centre, u, r)) { theta[p] = x }
    let value =
      profiled.isEmpty
      ? -2 * (try fit.likelihood.evaluate(at: theta, gradient: false)).total
      : try fit.minimise(from: theta, over: profiled)?.value ?? .nan
    // Where there is no likelihood, no region is.
    return value.isNaN ? 1e300 : value - limits.minimum
  }

  /// Where q first rises above a threshold: steps that suit a parabola, then a root.
  private func radius(
    _ centre: Centre, _ u: [Double], _ threshold: Double, from start: Double, to end: Double
  ) throws -> Double {
    let size = max(0, threshold - (centre.value - limits.minimum)).squareRoot()
    guard size > 0, end > start else { return min(start, end) }
    var low = start
    var high = min(end, max(1.05 * size, start + 0.05 * size))
    while try q(centre, u, high) <= threshold {
      guard high < end else { return end }
      low = high
      high = min(end, high + 0.25 * size)
    }
    do {
      return try findRoot(in: low...high, tolerance: 1e-4 * size) {
        min(try q(centre, u, $0), 100 * threshold) - threshold
      }
    } catch is NumericsError {
      // The ray was above this threshold already where the one below ended.
      return low
    }
  }

  private func area(_ centre: Centre, _ radii: [Double]) -> Double {
    guard limits.axes.count == 2 else { return centre.factor[0] * radii.reduce(0, +) }
    let squares = radii.reduce(0) { $0 + $1 * $1 }
    return centre.factor[0] * centre.factor[3] * Double.pi / Double(radii.count) * squares
  }

  // MARK: Checks

  private func isInside(_ point: [Double]) -> Bool {
    zip(limits.axes, limits.griddedParameters).allSatisfy {
      point[$1] >= $0.lower && point[$1] <= $0.upper
    }
  }

  /// Whether q rises above the threshold between every two minima, so that regions add up.
  private func areApart(_ centres: [Centre], _ threshold: Double) throws -> Bool {
    for (i, one) in centres.enumerated() {
      for other in centres[(i + 1)...] {
        let isApart = try (1..<16).contains { k in
          var theta = one.point
          for p in limits.griddedParameters {
            theta[p] += (other.point[p] - one.point[p]) * Double(k) / 16
          }
          let value =
            profiled.isEmpty
            ? -2 * (try fit.likelihood.evaluate(at: theta, gradient: false)).total
            : try fit.minimise(from: theta, over: profiled)?.value ?? .nan
          return !(value - limits.minimum <= threshold)
        }
        if !isApart { return false }
      }
    }
    return true
  }

  /// Whether every point of the grid that is inside is so by one of the rays: the region has no other parts.
  private func holdTheGrid(_ parts: [(Centre, [Double])], _ threshold: Double) -> Bool {
    let n = limits.parameterCount
    let gridded = limits.griddedParameters
    return limits.q.indices.allSatisfy { index in
      guard limits.q[index] <= threshold else { return true }
      return parts.contains { centre, radii in
        let d = gridded.map { limits.points[index * n + $0] - centre.point[$0] }
        let x = d[0] / centre.factor[0]
        guard d.count == 2 else { return abs(x) <= 1.02 * radii[x >= 0 ? 0 : 1] + 1e-9 }
        let y = (d[1] - centre.factor[2] * x) / centre.factor[3]
        let turn = atan2(y, x) / (2 * Double.pi) * Double(radii.count)
        let place = turn < 0 ? turn + Double(radii.count) : turn
        let k = Int(place) % radii.count
        let r = max(radii[k], radii[(k + 1) % radii.count])
        return (x * x + y * y).squareRoot() <= 1.05 * r + 1e-9
      }
    }
  }
}
