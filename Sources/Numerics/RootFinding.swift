/// Why a numerical method gave no answer.
public enum NumericsError: Error, Sendable, Equatable {
  /// The function has the same sign at both ends of the interval, or is not a number there.
  case noSignChange(lower: Double, upper: Double)
  /// The function is not finite at the starting point.
  case startIsNotFinite
}

/// A zero of a continuous function between two points where its signs differ (Brent's method).
///
/// - Parameters:
///   - tolerance: absolute width of the last bracket; machine precision is added to it.
/// - Throws: `NumericsError.noSignChange`.
public func findRoot(
  in interval: ClosedRange<Double>, tolerance: Double = 0, _ f: (Double) throws -> Double
) throws -> Double {
  var a = interval.lowerBound
  var b = interval.upperBound
  var fa = try f(a)
  var fb = try f(b)
  if fa == 0 { return a }
  if fb == 0 { return b }
  guard (fa < 0 && fb > 0) || (fa > 0 && fb < 0) else {
    throw NumericsError.noSignChange(lower: interval.lowerBound, upper: interval.upperBound)
  }
  // b is the best point, c the other end of the bracket, a the point before b.
  var c = a
  var fc = fa
  var step = b - a
  var stepBefore = step
  for _ in 0..<500 {
    if (fb > 0) == (fc > 0) {
      (c, fc) = (a, fa)
      step = b - a
      stepBefore = step
    }
    if abs(fc) < abs(fb) {
      (a, b, c) = (b, c, b)
      (fa, fb, fc) = (fb, fc, fb)
    }
    let precision = 2 * Double.ulpOfOne * abs(b) + 0.5 * tolerance
    let half = 0.5 * (c - b)
    if abs(half) <= precision || fb == 0 { return b }
    if abs(stepBefore) >= precision, abs(fa) > abs(fb) {
      let trial = interpolated(a: a, b: b, c: c, fa: fa, fb: fb, fc: fc)
      if 2 * abs(trial) < min(3 * abs(half) - precision, abs(stepBefore)), trial * half > 0 {
        stepBefore = step
        step = trial
      } else {
        step = half
        stepBefore = half
      }
    } else {
      step = half
      stepBefore = half
    }
    (a, fa) = (b, fb)
    b += abs(step) > precision ? step : (half > 0 ? precision : -precision)
    fb = try f(b)
  }
  return b
}

/// The step from b to the zero of the secant, or of the inverse parabola through three points.
private func interpolated(
  a: Double, b: Double, c: Double, fa: Double, fb: Double, fc: Double
) -> Double {
  let s = fb / fa
  if a == c { return -s * (c - b) / (1 - s) }
  let q = fa / fc
  let r = fb / fc
  let numerator = s * ((c - b) * q * (q - r) - (b - a) * (r - 1))
  return -numerator / ((q - 1) * (r - 1) * (s - 1))
}
