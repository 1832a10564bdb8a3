import Glibc

/// ln |Γ(x)|. (The C function `lgamma` writes a global, so it is not used by several threads.)
public func logGamma(_ x: Double) -> Double {
  var sign: Int32 = 0
  return lgamma_r(x, &sign)
}

/// The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P(a, x), each to about
/// 1e-14 of its value.
public enum IncompleteGamma {
  /// P(a, x), the lower function, for a > 0 and x ≥ 0; NaN elsewhere.
  public static func lower(_ a: Double, _ x: Double) -> Double { both(a, x).lower }

  /// Q(a, x), the upper function, for a > 0 and x ≥ 0; NaN elsewhere.
  public static func upper(_ a: Double, _ x: Double) -> Double { both(a, x).upper }

  /// The series below x = a + 1, the continued fraction above (Numerical Recipes 6.2); the other
  /// one is the complement.
  static func both(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
    guard a > 0, x >= 0, a.isFinite else { return (.nan, .nan) }
    if x == 0 { return (0, 1) }
    if x == .infinity { return (1, 0) }
    if x < a + 1 {
      let p = min(1, prefactor(a, x) * series(a, x))
      return (p, 1 - p)
    }
    let q = min(1, prefactor(a, x) * continuedFraction(a, x))
    return (1 - q, q)
  }

  /// xᵃ e⁻ˣ / Γ(a).
  static func prefactor(_ a: Double, _ x: Double) -> Double {
    if a < 10 { return exp(a * log(x) - x - logGamma(a)) }
    // For large a the terms of the exponent cancel; Stirling's form keeps the digits:
    // xᵃe⁻ˣ/Γ(a) = √(a/2π) exp(−a(λ − 1 − ln λ)) exp(−stirling(a)), λ = x/a.
    let excess = x / a - 1
    return (a / (2 * .pi)).squareRoot() * exp(a * logOnePlusMinus(excess) - stirling(a))
  }

  /// Σ_n xⁿ / (a (a+1) … (a+n)).
  private static func series(_ a: Double, _ x: Double) -> Double {
    var term = 1 / a
    var sum = term
    var n = a
    while term > sum * 1e-17 {
      n += 1
      term *= x / n
      sum += term
    }
    return sum
  }

  /// Lentz's evaluation of 1/(x+1−a− 1(1−a)/(x+3−a− …)).
  private static func continuedFraction(_ a: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / b
    var h = d
    var i = 1.0
    while i < 1e7 {
      let an = -i * (i - a)
      b += 2
      d = an * d + b
      if abs(d) < tiny { d = tiny }
      c = b + an / c
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      let delta = d * c
      h *= delta
      if abs(delta - 1) < 1e-16 { break }
      i += 1
    }
    return h
  }

  /// ln(1 + e) − e without cancellation.
  static func logOnePlusMinus(_ e: Double) -> Double {
    if abs(e) > 0.3 { return log1p(e) - e }
    // With s = e/(2+e): ln(1+e) = 2(s + s³/3 + s⁵/5 + …) and 2s − e = −e s.
    let s = e / (2 + e)
    let s2 = s * s
    var power = s * s2
    var sum = 0.0
    var k = 3.0
    while abs(power) > abs(sum) * 1e-18, k < 200 {
      sum += power / k
      power *= s2
      k += 2
    }
    return 2 * sum - e * s
  }

  /// ln Γ(a) − [(a − ½) ln a − a + ½ ln 2π], the tail of Stirling's series, for a ≥ 10.
  static func stirling(_ a: Double) -> Double {
    let r = 1 / (a * a)
    let coefficients = [
      1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156,
    ]
    return coefficients.reversed().reduce(0) { $0 * r + $1 } / a
  }
}

/// The regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1 (Numerical Recipes
/// 6.4).
public func incompleteBeta(_ a: Double, _ b: Double, _ x: Double) -> Double {
  guard a > 0, b > 0, x >= 0, x <= 1 else { return .nan }
  if x == 0 || x == 1 { return x }
  let logFront =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
  if x < (a + 1) / (a + b + 2) { return exp(logFront) * betaFraction(a, b, x) / a }
  return 1 - exp(logFront) * betaFraction(b, a, 1 - x) / b
}

private func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  func nonZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
  var h = d
  var m = 1.0
  while m < 100_000 {
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    h *= d * c
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    let delta = d * c
    h *= delta
    if abs(delta - 1) < 1e-16 { break }
    m += 1
  }
  return h
}
