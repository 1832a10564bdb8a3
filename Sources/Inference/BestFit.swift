import EventModel

extension LimitCalculation {
  /// The maximum over the whole space, from the best point and the other local maxima of the grid, and the given starts.
  /// - Returns: the minima that fits found; none where there is only a grid.
  func findBestFit(
    _ limits: inout Limits, _ scan: Scan, _ fit: RestrictedFit
  ) throws -> [RestrictedFit.Found] {
    let order = localMinima(limits, scan)
    guard let top = order.first else { return [] }
    let free = names.indices.filter { settings.fixed[$0] == nil }
    limits.bestFit = scan.points[top]
    limits.minimum = -2 * scan.values[top].total
    // Quadratic amplitudes have a few equivalent minima (θ and its mirror images), so five starts are plenty.
    let near = order.prefix(5)
    var minima = near.map { index in
      RestrictedFit.Found(
        point: scan.points[index], value: -2 * scan.values[index].total, free: free,
        covariance: nil)
    }
    var fits: [RestrictedFit.Found] = []
    if settings.reference == .fit, likelihood.isSmooth {
      let starts = near.map { scan.points[$0] } + settings.starts.map(withFixed)
      let fitted = try fit.minima(fromAll: starts, over: free)
      if let best = fitted.first, best.value < limits.minimum {
        (limits.bestFit, limits.minimum) = (best.point, best.value)
      }
      if !fitted.isEmpty { minima = fitted }
      fits = fitted
      // Along a flat direction (the rate alone of two parameters) rounding must not decide: what is as good is the true
      // point.
      if let start = settings.starts.first.map(withFixed) {
        let value = -2 * (try likelihood.evaluate(at: start, gradient: false).total)
        if value <= limits.minimum + 1e-7 { limits.bestFit = start }
      }
      limits.fit = report(fitted.first, at: limits.bestFit, free)
    }
    limits.minima = distinct(minima, limits)
    limits.bestFitIsAtBound = free.contains { p in
      let bound = fit.bounds[p]
      let margin = 1e-9 * (bound.upperBound - bound.lowerBound)
      return limits.bestFit[p] <= bound.lowerBound + margin
        || limits.bestFit[p] >= bound.upperBound - margin
    }
    return fits
  }

  /// The minima inside the widest region. Where second derivatives vanish there is a valley, of which the best point is
  /// enough.
  private func distinct(
    _ found: [RestrictedFit.Found], _ limits: Limits
  ) -> [Limits.Minimum] {
    let widest = settings.threshold(settings.levels.max() ?? 0.95, limits)
    // The best fit may be the true point in place of another that is as good.
    func distance(_ one: RestrictedFit.Found) -> Double {
      zip(one.point, limits.bestFit).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    let first = found.indices.min { distance(found[$0]) < distance(found[$1]) }
    let others = found.indices.filter { $0 != first }.map { found[$0] }.filter {
      ($0.covariance != nil || !likelihood.isSmooth) && $0.value - limits.minimum <= widest
    }
    let best = Limits.Minimum(value: limits.minimum, q: 0, point: limits.bestFit)
    return [best]
      + others.map {
        Limits.Minimum(value: $0.value, q: max(0, $0.value - limits.minimum), point: $0.point)
      }
  }

  /// Values, errors and correlations of what was free.
  private func report(
    _ found: RestrictedFit.Found?, at point: [Double], _ free: [Int]
  ) -> Limits.Fit {
    let errors = free.indices.map { found?.error($0) ?? .nan }
    let n = free.count
    var correlation = [Double](repeating: .nan, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        correlation[i * n + j] =
          i == j ? 1 : (found?.covariance?[i * n + j] ?? .nan) / (errors[i] * errors[j])
      }
    }
    return Limits.Fit(
      parameters: free, values: free.map { point[$0] }, errors: errors, correlation: correlation)
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
}
