import EventModel
import Numerics

/// Nuisance parameters ν of pseudo-experiments: what they do to every bin at every hypothesis, computed once, and the
/// profile of one pseudo-experiment over them.
///
/// −ln L(ν) = Σ_c [s_c − n_c ln s_c] − Σ_k ln C_k(ν_k) with s_c = Lσ_c exp Σ_k (a_ck ν_k + b_ck ν_k²), a and b as in
/// `BinnedModel`; C is the constraint about the auxiliary measurement of the pseudo-experiment. Without the rate
/// Σ_c s_c is replaced by n ln Σ_c s_c in every channel. The minimum is found by Newton's method, which needs a few steps
/// of a function that is convex but for the b.
///
/// Where the statistics of the simulation vary bins, each has a factor β_c on s_c, normal about an auxiliary measurement
/// m_c with the relative error δ_c of the template, and is profiled in closed form as in `BinnedLikelihood`:
/// β² + (s δ² − m)β − nδ² = 0.
struct ToyNuisances: Sendable {
  /// The bins of one channel at one hypothesis.
  struct Bins {
    var table: BinTable
    var point: MorphedPoint
    /// Of the table's nuisance parameters among all.
    var places: [Int]
    /// δ²; empty without the statistics of the simulation.
    var variances: [Double]
  }

  let constraints: [NuisanceConstraint]
  /// Of each channel.
  private let channels: [Range<Int>]
  private let binCount: Int
  private let includesRate: Bool
  /// Lσ_c at ν = 0, [hypothesis][bin].
  private let means: [Double]
  /// a_ck and b_ck, [hypothesis][bin][parameter].
  private let linear: [Double]
  private let quadratic: [Double]
  /// δ_c², [hypothesis][bin]; empty without the statistics of the simulation.
  private let variances: [Double]

  /// - Parameters:
  ///   - bins: [channel][hypothesis].
  ///   - constraints: of all nuisance parameters.
  init(
    _ bins: [[Bins]], constraints: [NuisanceConstraint], luminosity: Double, includesRate: Bool
  ) throws {
    self.constraints = constraints
    self.includesRate = includesRate
    var ends = [0]
    for channel in bins { ends.append((ends.last ?? 0) + (channel.first?.table.binCount ?? 0)) }
    channels = zip(ends, ends.dropFirst()).map { $0..<$1 }
    binCount = ends.last ?? 0
    var (means, linear, quadratic): ([Double], [Double], [Double]) = ([], [], [])
    var variances: [Double] = []
    for h in bins.first?.indices ?? 0..<0 {
      for channel in bins {
        let (table, point, places) = (channel[h].table, channel[h].point, channel[h].places)
        precondition(table.nuisanceCount == places.count)
        variances += channel[h].variances
        let zero = places.map { _ in 0.0 }
        for bin in 0..<table.binCount {
          means.append(luminosity * point.crossSection(table, bin: bin).value)
          // At ν = 0 the slope of the exponent is a; at ν_k = 1 it is a + 2b.
          let a = NuisanceResponse(
            table, bin: bin, at: point, nu: zero, gradient: true, moves: false
          ).slopes
          let c = NuisanceResponse(
            table, bin: bin, at: point, nu: zero.map { _ in 1 }, gradient: true, moves: false
          ).slopes
          let first = linear.count
          linear += constraints.map { _ in 0 }
          quadratic += constraints.map { _ in 0 }
          for (k, place) in places.enumerated() {
            linear[first + place] = a[k]
            quadratic[first + place] = 0.5 * (c[k] - a[k])
          }
        }
      }
    }
    (self.means, self.linear, self.quadratic) = (means, linear, quadratic)
    self.variances = variances
  }

  var count: Int { constraints.count }

  /// Whether every bin has a factor that the statistics of the simulation leave free.
  var hasStatistics: Bool { !variances.isEmpty }

  /// Values of ν, and of the factors of bins, of which those that are missing at the end are nominal: 0 and 1.
  func completed(_ nu: [Double]) -> [Double] {
    var result = nu
    while result.count < count { result.append(0) }
    let all = count + (hasStatistics ? binCount : 0)
    while result.count < all { result.append(1) }
    return result
  }

  /// Auxiliary measurements of one pseudo-experiment: of ν, then of the factors of bins, whose errors are given.
  func measurements(
    of nu: [Double], errors: [Double], _ stream: inout PhiloxStream
  ) -> [Double] {
    var found = zip(constraints, nu).map { $0.measurement(of: $1, &stream) }
    for (bin, error) in errors.enumerated() {
      found.append(nu[count + bin] + error * stream.normal())
    }
    return found
  }

  /// exp Σ_k (a_k ν_k + b_k ν_k²) of every bin at a hypothesis.
  func factors(_ hypothesis: Int, _ nu: [Double]) -> [Double] {
    (0..<binCount).map { exponential(exponent(hypothesis * binCount + $0, nu)) }
  }

  @inline(__always)
  private func exponent(_ cell: Int, _ nu: [Double]) -> Double {
    var sum = 0.0
    for k in nu.indices {
      let at = cell * nu.count + k
      sum += (linear[at] + quadratic[at] * nu[k]) * nu[k]
    }
    return sum
  }

  /// The best factor β of a bin, and half the distance of the roots, which is β + (s δ² − m)/2.
  @inline(__always)
  private func freed(
    _ cell: Int, _ mean: Double, _ n: Double, _ measured: Double
  ) -> (beta: Double, root: Double) {
    let variance = variances[cell]
    let half = 0.5 * (mean * variance - measured)
    let root = (half * half + n * variance).squareRoot()
    // Without cancellation for either sign of `half`.
    return (half > 0 ? n * variance / (half + root) : root - half, root)
  }

  /// Whether a bin of this mean has a factor.
  @inline(__always)
  private func isFree(_ cell: Int, _ mean: Double) -> Bool {
    hasStatistics && mean > 0 && variances[cell] > 0
  }

  /// The best factors of bins at ν; empty without the statistics of the simulation.
  func freedFactors(
    _ hypothesis: Int, counts: [Double], found: [Double], nu: [Double]
  ) -> [Double] {
    guard hasStatistics else { return [] }
    return (0..<binCount).map { bin in
      let cell = hypothesis * binCount + bin
      let mean = means[cell] * exponential(exponent(cell, nu))
      return isFree(cell, mean) ? freed(cell, mean, counts[bin], found[count + bin]).beta : 1
    }
  }

  /// What one profile needs besides the data, so that nothing is allocated for each.
  struct Scratch {
    fileprivate var gradient: [Double]
    fileprivate var hessian: [Double]
    fileprivate var safe: [Double]
    fileprivate var mean: [Double]
    fileprivate var step: [Double]
    fileprivate var trial: [Double]
    /// A_k and B_k of the events at a hypothesis, where their ratios know nuisance parameters: ln L has Σ_k (A_k ν_k +
    /// B_k ν_k²) more.
    var response: [Double]

    init(_ count: Int) {
      let zero = [Double](repeating: 0, count: count)
      response = zero + zero
      (gradient, mean, step, trial) = (zero, zero, zero, zero)
      hessian = [Double](repeating: 0, count: count * count)
      safe = hessian
    }
  }

  /// Largest number of Newton steps; three or four are enough of a likelihood that is nearly a parabola.
  private static let mostSteps = 60
  /// Estimated distance of ln L to its maximum where the search ends: far below the margin of equal t.
  private static let tolerance = 1e-11

  /// ln L of counts at a hypothesis, maximal over ν, without terms that no hypothesis changes.
  ///
  /// - Parameters:
  ///   - found: the auxiliary measurements.
  ///   - nu: where the search starts, and the best ν afterwards.
  func profile(
    _ hypothesis: Int, counts: [Double], found: [Double], nu: inout [Double],
    scratch: inout Scratch
  ) -> Double {
    var value = objective(hypothesis, counts, found, nu, scratch.response)
    if !value.isFinite {
      nu = zip(constraints, found).map { min(max($1, $0.range.lowerBound), $0.range.upperBound) }
      value = objective(hypothesis, counts, found, nu, scratch.response)
      guard value.isFinite else { return .nan }
    }
    if nu.isEmpty { return -value }
    for _ in 0..<Self.mostSteps {
      differentiate(hypothesis, counts, found, nu, &scratch)
      guard solve(&scratch) else { return -value }
      let slope = zip(scratch.gradient, scratch.step).reduce(0) { $0 + $1.0 * $1.1 }
      var length = 1.0
      var isBetter = false
      for _ in 0..<30 {
        for k in nu.indices {
          let range = constraints[k].range
          scratch.trial[k] = min(
            max(nu[k] + length * scratch.step[k], range.lowerBound), range.upperBound)
        }
        let next = objective(hypothesis, counts, found, scratch.trial, scratch.response)
        if next < value {
          isBetter = true
          value = next
          nu = scratch.trial
          break
        }
        length *= 0.5
      }
      if !isBetter || -slope < Self.tolerance { break }
    }
    return -value
  }

  /// −ln L; +inf where a bin with events has no cross section.
  private func objective(
    _ hypothesis: Int, _ counts: [Double], _ found: [Double], _ nu: [Double],
    _ response: [Double]
  ) -> Double {
    var sum = 0.0
    for channel in channels {
      var (total, events) = (0.0, 0.0)
      for bin in channel {
        let cell = hypothesis * binCount + bin
        let exponent = exponent(cell, nu)
        let mean = means[cell] * exponential(exponent)
        var beta = 1.0
        if isFree(cell, mean) {
          let measured = found[nu.count + bin]
          beta = freed(cell, mean, counts[bin], measured).beta
          sum += (beta - measured) * (beta - measured) / (2 * variances[cell])
        }
        total += beta * mean
        guard counts[bin] > 0 else { continue }
        events += counts[bin]
        // As without nuisance parameters: a bin that is empty at a hypothesis excludes it, at a finite price.
        let log =
          means[cell] > 0 ? logarithm(beta * means[cell]) + exponent : Self.emptyLog(means, cell)
        sum -= counts[bin] * log
      }
      guard total > 0 || hasStatistics else { return .infinity }
      sum += includesRate ? total : events * logarithm(total)
    }
    for k in nu.indices {
      sum -= constraints[k].logLikelihood(nu[k], found: found[k]).value
      sum -= (response[2 * k] + response[2 * k + 1] * nu[k]) * nu[k]
    }
    return sum
  }

  private static func emptyLog(_ means: [Double], _ cell: Int) -> Double {
    means[cell] < 0 ? -.infinity : RatioLikelihood.floor
  }

  private func differentiate(
    _ hypothesis: Int, _ counts: [Double], _ found: [Double], _ nu: [Double],
    _ scratch: inout Scratch
  ) {
    let n = nu.count
    for k in 0..<n { scratch.gradient[k] = 0 }
    for i in 0..<n * n { (scratch.hessian[i], scratch.safe[i]) = (0, 0) }
    for channel in channels {
      differentiate(channel, hypothesis, counts, found, nu, &scratch)
    }
    for i in 0..<n * n { scratch.hessian[i] += scratch.safe[i] }
    for k in 0..<n {
      scratch.gradient[k] -= constraints[k].logLikelihood(nu[k], found: found[k]).slope
      let (a, b) = (scratch.response[2 * k], scratch.response[2 * k + 1])
      scratch.gradient[k] -= a + 2 * b * nu[k]
      let curvature = constraints[k].curvature(nu[k]) + max(0, -2 * b)
      scratch.hessian[k * n + k] += curvature
      scratch.safe[k * n + k] += curvature
    }
  }

  /// Adds one channel.
  private func differentiate(
    _ channel: Range<Int>, _ hypothesis: Int, _ counts: [Double], _ found: [Double],
    _ nu: [Double], _ scratch: inout Scratch
  ) {
    let n = nu.count
    for k in 0..<n { scratch.mean[k] = 0 }
    var (total, events) = (0.0, 0.0)
    if !includesRate {
      for bin in channel {
        let cell = hypothesis * binCount + bin
        total += means[cell] * exponential(exponent(cell, nu))
        events += counts[bin]
      }
    }
    let scale = includesRate ? 1 : events / total
    for bin in channel {
      let cell = hypothesis * binCount + bin
      var expected = scale * means[cell] * exponential(exponent(cell, nu))
      var curvature = expected
      let seen = means[cell] > 0 ? counts[bin] : 0
      if isFree(cell, expected) {
        // A free factor gives way: dβ/d ln s = −s δ²β/(2 root), and at its maximum β itself has no slope.
        let (beta, root) = freed(cell, expected, counts[bin], found[n + bin])
        curvature = beta * expected * (1 - expected * variances[cell] / (2 * root))
        expected *= beta
      }
      for k in 0..<n {
        let d = linear[cell * n + k] + 2 * quadratic[cell * n + k] * nu[k]
        scratch.gradient[k] += (expected - seen) * d
        scratch.mean[k] += expected * d
        scratch.hessian[k * n + k] += (expected - seen) * 2 * quadratic[cell * n + k]
        for l in 0..<n {
          let other = linear[cell * n + l] + 2 * quadratic[cell * n + l] * nu[l]
          scratch.safe[k * n + l] += max(0, curvature) * d * other
        }
      }
    }
    if !includesRate, events > 0 {
      for k in 0..<n {
        for l in 0..<n {
          scratch.hessian[k * n + l] -= scratch.mean[k] * scratch.mean[l] / events
        }
      }
    }
  }

  /// The step −H⁻¹g, with a positive definite part of H where H is not; false where neither has an inverse.
  private func solve(_ scratch: inout Scratch) -> Bool {
    if Self.cholesky(&scratch.hessian, scratch.gradient, &scratch.step) { return true }
    // A parameter without constraint that no bin knows of: any value is as good.
    let n = scratch.gradient.count
    for k in 0..<n { scratch.safe[k * n + k] += 1e-12 }
    return Self.cholesky(&scratch.safe, scratch.gradient, &scratch.step)
  }

  /// Solves A x = −g in place of A.
  private static func cholesky(
    _ a: inout [Double], _ g: [Double], _ x: inout [Double]
  ) -> Bool {
    let n = g.count
    for j in 0..<n {
      for i in j..<n {
        var sum = a[i * n + j]
        for k in 0..<j { sum -= a[i * n + k] * a[j * n + k] }
        if i == j {
          guard sum > 0 else { return false }
          a[i * n + j] = sum.squareRoot()
        } else {
          a[i * n + j] = sum / a[j * n + j]
        }
      }
    }
    for i in 0..<n {
      var sum = -g[i]
      for k in 0..<i { sum -= a[i * n + k] * x[k] }
      x[i] = sum / a[i * n + i]
    }
    for i in (0..<n).reversed() {
      var sum = x[i]
      for k in (i + 1)..<n { sum -= a[k * n + i] * x[k] }
      x[i] = sum / a[i * n + i]
    }
    return true
  }
}

extension NuisanceConstraint {
  /// −∂² ln C/∂ν² without the part that changes sign away from the maximum.
  fileprivate func curvature(_ nu: Double) -> Double {
    switch self {
    case .gaussian(let width): return 1 / (width * width)
    case .logNormal(let s):
      let slope = s / (logarithm(1 + s) * (1 + s * nu))
      return slope * slope
    case .poisson(let error): return 1 / (1 + error * nu)
    case .flat: return 0
    }
  }
}
