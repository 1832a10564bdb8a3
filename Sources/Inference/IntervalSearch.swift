import EventModel
import Numerics

/// Confidence intervals of each free parameter, the others profiled: where q of the profile crosses the χ²₁ quantile.
///
/// Where the likelihood is cheap the profile is fitted and the crossings are found as roots; otherwise the profile is the
/// minimum over the grid, refined by parabolas, and crossings are found on its cubic interpolation.
struct IntervalSearch {
  private let limits: Limits
  private let fit: RestrictedFit
  private let settings: LimitSettings
  private let likelihood: any LogLikelihood
  private let scanPoints = 61

  init(
    _ limits: Limits, _ fit: RestrictedFit, _ settings: LimitSettings,
    _ likelihood: any LogLikelihood
  ) {
    self.limits = limits
    self.fit = fit
    self.settings = settings
    self.likelihood = likelihood
  }

  /// The intervals, and of expected limits their bands.
  func intervals() throws -> ([Limits.Interval], [Limits.IntervalBand]) {
    var result: [Limits.Interval] = []
    var bands: [Limits.IntervalBand] = []
    for p in limits.griddedParameters {
      let profile: Profile
      if likelihood.isCheap, likelihood.isSmooth {
        profile = try fitted(p)
      } else {
        profile = onGrid(p)
      }
      for level in settings.levels {
        let threshold = ChiSquare(degreesOfFreedom: 1).quantile(level)
        result += try crossings(of: profile, parameter: p, level: level, threshold)
        guard limits.isExpected else { continue }
        for sigma in ExpectedBands.sigmas {
          guard
            let threshold = ExpectedBands.threshold(
              level: level, degreesOfFreedom: 1, sigma: sigma)
          else { continue }
          bands += try crossings(of: profile, parameter: p, level: level, threshold).map {
            Limits.IntervalBand(sigma: sigma, interval: $0)
          }
        }
      }
    }
    return (result, bands)
  }

  private struct Profile {
    var x: [Double]
    var q: [Double]
    /// Where the profile crosses a threshold between x[i − 1] and x[i].
    var crossing: (_ i: Int, _ threshold: Double) throws -> Double
  }

  private func crossings(
    of profile: Profile, parameter: Int, level: Double, _ threshold: Double
  ) throws -> [Limits.Interval] {
    var result: [Limits.Interval] = []
    var lower: Double?
    if let first = profile.q.first, first <= threshold { lower = .nan }
    for i in 1..<profile.x.count {
      let (a, b) = (profile.q[i - 1], profile.q[i])
      guard (a <= threshold) != (b <= threshold) else { continue }
      // Next to a point without a likelihood the interval is not known.
      var root = Double.nan
      if a.isFinite, b.isFinite {
        do {
          root = try profile.crossing(i, threshold)
        } catch is NumericsError {
          // A point without a likelihood between two that have one: the straight line is as good as anything.
          root = profile.x[i - 1] + (threshold - a) / (b - a) * (profile.x[i] - profile.x[i - 1])
        }
      }
      if b <= threshold {
        lower = root
      } else if let start = lower {
        result.append(.init(parameter: parameter, level: level, lower: start, upper: root))
        lower = nil
      }
    }
    if let start = lower {
      result.append(.init(parameter: parameter, level: level, lower: start, upper: .nan))
    }
    return result
  }

  /// The profile by fits, along the axis and through the best fit, each point starting where its neighbour ended.
  private func fitted(_ p: Int) throws -> Profile {
    let free = fit.bounds.indices.filter { $0 != p && settings.fixed[$0] == nil }
    let nuisance = limits.nuisance.map(\.parameter)
    let spreading = free.filter { !nuisance.contains($0) }
    let axis = limits.axes.first { $0.parameter == limits.parameterNames[p] }
    let (low, high) = (
      axis?.lower ?? fit.bounds[p].lowerBound, axis?.upper ?? fit.bounds[p].upperBound
    )
    var x = (0..<scanPoints).map { low + (high - low) * Double($0) / Double(scanPoints - 1) }
    let best = limits.bestFit
    if best[p] > low, best[p] < high { x = (x + [best[p]]).sorted() }
    var points = [ProfilePoint](
      repeating: ProfilePoint(q: .nan, slope: .nan, theta: best), count: x.count)
    let centre = x.firstIndex { $0 >= best[p] } ?? x.count - 1
    func move(to i: Int, from start: [Double]) throws -> [Double] {
      var other = best
      other[p] = x[i]
      points[i] = try profiled(p, x[i], over: free, [start] + fit.spread(other, over: spreading))
      return points[i].theta
    }
    var start = best
    for i in centre..<x.count { start = try move(to: i, from: start) }
    start = best
    for i in (0..<centre).reversed() { start = try move(to: i, from: start) }
    let (scanned, places) = (points, x)
    return Profile(x: x, q: points.map(\.q)) { i, threshold in
      let (left, right) = (scanned[i - 1], scanned[i])
      return try findRoot(
        in: places[i - 1]...places[i],
        ends: ((left.q - threshold, left.slope), (right.q - threshold, right.slope))
      ) { value in
        let point = try profiled(p, value, over: free, starts(between: left, right, p, value, free))
        return (point.q - threshold, point.slope)
      }
    }
  }

  /// One point of a profile by fits.
  private struct ProfilePoint {
    /// q; NaN where there is no likelihood.
    var q: Double
    /// dq/d(parameter): of the likelihood itself, since the others stand at a minimum.
    var slope: Double
    /// All parameters.
    var theta: [Double]
  }

  private func profiled(
    _ p: Int, _ value: Double, over free: [Int], _ starts: [[Double]]
  ) throws -> ProfilePoint {
    var theta = starts[0]
    theta[p] = value
    if !free.isEmpty {
      let moved = starts.map { start in
        var start = start
        start[p] = value
        return start
      }
      guard let found = try fit.minimise(fromAll: moved, over: free) else {
        return ProfilePoint(q: .nan, slope: .nan, theta: theta)
      }
      theta = found.point
    }
    let there = try likelihood.evaluate(at: theta, gradient: true)
    return ProfilePoint(
      q: -2 * there.total - limits.minimum, slope: -2 * there.gradient[p], theta: theta)
  }

  /// Where fits between two points of a profile start: on the line between them, or at both if they lie in two valleys.
  private func starts(
    between left: ProfilePoint, _ right: ProfilePoint, _ p: Int, _ value: Double, _ free: [Int]
  ) -> [[Double]] {
    let isOneValley = free.allSatisfy { k in
      let width = fit.bounds[k].upperBound - fit.bounds[k].lowerBound
      return abs(left.theta[k] - right.theta[k]) < 0.02 * width
    }
    guard isOneValley else { return [left.theta, right.theta] }
    let t = (value - left.theta[p]) / (right.theta[p] - left.theta[p])
    return [zip(left.theta, right.theta).map { $0 + t * ($1 - $0) }]
  }

  /// The profile on the grid: along every line through a point of the axis, the smallest q, moved to the vertex of the
  /// parabola through it and its neighbours.
  private func onGrid(_ p: Int) -> Profile {
    let shape = limits.shape
    let dimension = limits.griddedParameters.firstIndex(of: p) ?? 0
    let strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    let x = limits.axes[dimension].values
    var best = [Int?](repeating: nil, count: x.count)
    for (index, q) in limits.q.enumerated() where !q.isNaN {
      let k = index / strides[dimension] % shape[dimension]
      if best[k].map({ q < limits.q[$0] }) ?? true { best[k] = index }
    }
    let q = best.map { index -> Double in
      guard let index else { return .nan }
      var value = limits.q[index]
      for d in shape.indices where d != dimension {
        let k = index / strides[d] % shape[d]
        guard k > 0, k < shape[d] - 1 else { continue }
        let (a, b, c) = (
          limits.q[index - strides[d]], limits.q[index], limits.q[index + strides[d]]
        )
        let curvature = a - 2 * b + c
        if curvature > 0, curvature.isFinite { value -= (a - c) * (a - c) / (8 * curvature) }
      }
      return max(0, value)
    }
    return Profile(x: x, q: q) { i, threshold in
      try findRoot(in: x[i - 1]...x[i]) { Self.interpolated(x, q, at: $0) - threshold }
    }
  }

  /// Cubic Hermite interpolation with the slopes of neighbouring points (Catmull and Rom) on equal steps.
  private static func interpolated(_ x: [Double], _ y: [Double], at value: Double) -> Double {
    let step = (x[x.count - 1] - x[0]) / Double(x.count - 1)
    let i = min(max(Int((value - x[0]) / step), 0), x.count - 2)
    let t = (value - x[i]) / step
    func slope(_ k: Int) -> Double {
      let (a, b) = (max(k - 1, 0), min(k + 1, x.count - 1))
      let s = (y[b] - y[a]) / Double(b - a)
      return s.isFinite ? s : y[i + 1] - y[i]
    }
    let (t2, t3) = (t * t, t * t * t)
    return (2 * t3 - 3 * t2 + 1) * y[i] + (t3 - 2 * t2 + t) * slope(i)
      + (3 * t2 - 2 * t3) * y[i + 1] + (t3 - t2) * slope(i + 1)
  }
}
