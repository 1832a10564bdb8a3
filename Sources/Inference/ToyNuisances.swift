import EventModel
import Numerics

/// Nuisance parameters ν of pseudo-experiments: what they do to every bin at every hypothesis, computed once, and the
/// profile of one pseudo-experiment over them.
///
/// −ln L(ν) = Σ_c [s_c − n_c ln s_c] − Σ_k ln C_k(ν_k) with s_c = Lσ_c exp Σ_k (a_ck ν_k + b_ck ν_k²), a and b as in
/// `BinnedModel`; C is the constraint about the auxiliary measurement of the pseudo-experiment. Without the rate
/// Σ_c s_c is replaced by n ln Σ_c s_c. The minimum is found by Newton's method, which needs a few steps of a
/// function that is convex but for the b.
struct ToyNuisances: Sendable {
  let constraints: [NuisanceConstraint]
  private let binCount: Int
  private let includesRate: Bool
  /// Lσ_c at ν = 0, [hypothesis][bin].
  private let means: [Double]
  /// a_ck and b_ck, [hypothesis][bin][parameter].
  private let linear: [Double]
  private let quadratic: [Double]

  /// Bins whose nuisance parameters are those of the constraints, and θ, of each hypothesis.
  init(
    _ hypotheses: [(table: BinTable, point: MorphedPoint)], constraints: [NuisanceConstraint],
    luminosity: Double, includesRate: Bool
  ) {
    self.constraints = constraints
    self.includesRate = includesRate
    binCount = hypotheses.first?.table.binCount ?? 0
    var (means, linear, quadratic): ([Double], [Double], [Double]) = ([], [], [])
    let zero = constraints.map { _ in 0.0 }
    for (table, point) in hypotheses {
      precondition(table.nuisanceCount == constraints.count)
      for bin in 0..<table.binCount {
        means.append(luminosity * point.crossSection(table, bin: bin).value)
        // At ν = 0 the slope of the exponent is a; at ν_k = 1 it is a + 2b.
        let a = NuisanceResponse(table, bin: bin, at: point, nu: zero, gradient: true, moves: false)
          .slopes
        let c = NuisanceResponse(
          table, bin: bin, at: point, nu: zero.map { _ in 1 }, gradient: true, moves: false
        ).slopes
        linear += a
        quadratic += zip(a, c).map { 0.5 * ($1 - $0) }
      }
    }
    (self.means, self.linear, self.quadratic) = (means, linear, quadratic)
  }

  var count: Int { constraints.count }

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

  /// What one profile needs besides the data, so that nothing is allocated for each.
  struct Scratch {
    fileprivate var gradient: [Double]
    fileprivate var hessian: [Double]
    fileprivate var safe: [Double]
    fileprivate var mean: [Double]
    fileprivate var step: [Double]
    fileprivate var trial: [Double]

    init(_ count: Int) {
      let zero = [Double](repeating: 0, count: count)
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
    var value = objective(hypothesis, counts, found, nu)
    if !value.isFinite {
      nu = zip(constraints, found).map { min(max($1, $0.range.lowerBound), $0.range.upperBound) }
      value = objective(hypothesis, counts, found, nu)
      guard value.isFinite else { return .nan }
    }
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
        let next = objective(hypothesis, counts, found, scratch.trial)
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
    _ hypothesis: Int, _ counts: [Double], _ found: [Double], _ nu: [Double]
  ) -> Double {
    var (sum, total, events) = (0.0, 0.0, 0.0)
    for bin in 0..<binCount {
      let cell = hypothesis * binCount + bin
      let exponent = exponent(cell, nu)
      total += means[cell] * exponential(exponent)
      guard counts[bin] > 0 else { continue }
      events += counts[bin]
      // As without nuisance parameters: a bin that is empty at a hypothesis excludes it, at a finite price.
      let log = means[cell] > 0 ? logarithm(means[cell]) + exponent : Self.emptyLog(means, cell)
      sum -= counts[bin] * log
    }
    guard total > 0 else { return .infinity }
    sum += includesRate ? total : events * logarithm(total)
    for k in nu.indices { sum -= constraints[k].logLikelihood(nu[k], found: found[k]).value }
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
    for k in 0..<n { (scratch.gradient[k], scratch.mean[k]) = (0, 0) }
    for i in 0..<n * n { (scratch.hessian[i], scratch.safe[i]) = (0, 0) }
    var (total, events) = (0.0, 0.0)
    for bin in 0..<binCount {
      let cell = hypothesis * binCount + bin
      total += means[cell] * exponential(exponent(cell, nu))
      events += counts[bin]
    }
    let scale = includesRate ? 1 : events / total
    for bin in 0..<binCount {
      let cell = hypothesis * binCount + bin
      let expected = scale * means[cell] * exponential(exponent(cell, nu))
      let seen = means[cell] > 0 ? counts[bin] : 0
      for k in 0..<n {
        let d = linear[cell * n + k] + 2 * quadratic[cell * n + k] * nu[k]
        scratch.gradient[k] += (expected - seen) * d
        scratch.mean[k] += expected * d
        scratch.hessian[k * n + k] += (expected - seen) * 2 * quadratic[cell * n + k]
        for l in 0..<n {
          let other = linear[cell * n + l] + 2 * quadratic[cell * n + l] * nu[l]
          scratch.safe[k * n + l] += expected * d * other
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
    for i in 0..<n * n { scratch.hessian[i] += scratch.safe[i] }
    for k in 0..<n {
      scratch.gradient[k] -= constraints[k].logLikelihood(nu[k], found: found[k]).slope
      let curvature = constraints[k].curvature(nu[k])
      scratch.hessian[k * n + k] += curvature
      scratch.safe[k * n + k] += curvature
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
