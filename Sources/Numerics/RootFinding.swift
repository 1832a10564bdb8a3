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

/// A zero of a function whose slope is known, between two points where its signs differ: every step goes to the zero of the
/// cubic through the values and slopes at both ends of the bracket, and to its middle where that does not shrink it.
///
/// Where the function is dear and nearly a parabola, as profiles of likelihoods are, one or two calls do.
///
/// - Parameters:
///   - ends: value and slope at both ends of the interval.
///   - tolerance: in units of the bracket's width at which the last step, one of Newton's, is taken without another call.
/// - Throws: `NumericsError.noSignChange`, also where the function is not a number inside.
public func findRoot(
  in interval: ClosedRange<Double>,
  ends: ((value: Double, slope: Double), (value: Double, slope: Double)),
  tolerance: Double = 1e-6, _ f: (Double) throws -> (value: Double, slope: Double)
) throws -> Double {
  let failure = NumericsError.noSignChange(
    lower: interval.lowerBound, upper: interval.upperBound)
  var (a, b) = (interval.lowerBound, interval.upperBound)
  var (atA, atB) = ends
  if atA.value == 0 { return a }
  if atB.value == 0 { return b }
  guard (atA.value < 0) == (atB.value > 0), !atA.value.isNaN, !atB.value.isNaN else {
    throw failure
  }
  let width = b - a
  var bisects = false
  for _ in 0..<500 {
    let before = b - a
    var x = bisects ? a : zeroOfCubic(a, b, atA, atB)
    if x <= a || x >= b { x = a + 0.5 * before }
    guard x > a, x < b else { return abs(atA.value) < abs(atB.value) ? a : b }
    let there = try f(x)
    if there.value == 0 { return x }
    guard !there.value.isNaN else { throw failure }
    let step = -there.value / there.slope
    if abs(step) <= tolerance * width, x + step > a, x + step < b { return x + step }
    if (there.value < 0) == (atA.value < 0) {
      (a, atA) = (x, there)
    } else {
      (b, atB) = (x, there)
    }
    if b - a <= 4 * Double.ulpOfOne * max(abs(a), abs(b)) { break }
    bisects = b - a > 0.5 * before
  }
  return abs(atA.value) < abs(atB.value) ? a : b
}

/// The zero between a and b of the cubic through values of opposite sign and slopes there; of the straight line where a slope
/// is not known.
private func zeroOfCubic(
  _ a: Double, _ b: Double, _ atA: (value: Double, slope: Double),
  _ atB: (value: Double, slope: Double)
) -> Double {
  let h = b - a
  let line = a - h * atA.value / (atB.value - atA.value)
  guard atA.slope.isFinite, atB.slope.isFinite else { return line }
  // c0 + c1 t + c2 t² + c3 t³ with t from 0 to 1.
  let (c0, c1) = (atA.value, h * atA.slope)
  let c2 = 3 * (atB.value - atA.value) - h * (2 * atA.slope + atB.slope)
  let c3 = 2 * (atA.value - atB.value) + h * (atA.slope + atB.slope)
  let t = try? findRoot(in: 0...1, tolerance: 1e-12) { c0 + $0 * (c1 + $0 * (c2 + $0 * c3)) }
  return t.map { a + h * $0 } ?? line
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
