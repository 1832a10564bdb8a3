import Glibc

/// A likelihood ratio that is known in θ, from the ratios of the benchmarks (arXiv:1805.00020, section 3.3.3):
///
///     r(x | θ, θ₁) = Σ_b a_b(θ) r_b(x),   a_b = w_b(θ) σ_b/σ(θ),   Σ_b a_b = 1
///
/// where r_b = p(x | θ_b)/p(x | θ₁), w_b are the morphing weights, and log r_b = h_b is what a network of x gives. The
/// a_b have either sign, and nothing keeps the sum s positive while a network learns. Its logarithm is therefore taken of
///
///     log r̂ = log ½(s + √(s² + δ² Σ_b (a_b r_b)²))
///
/// which is log s + (δ/2)² Σ(a_b r_b)²/s² + … where s is positive beyond the digit δ of its terms, and falls smoothly
/// where it is not. Gradients vanish nowhere, so that rows with s < 0 are what training corrects first.
public struct MorphedForm: Sendable, Equatable {
  /// Powers of θ in each component.
  public let components: [[Int]]
  /// M_cb σ_b, row-major components × benchmarks: σ_b w_b(θ) is the sum over components.
  public let coefficients: [Double]
  /// Units of θ in which derivatives are taken.
  public let scales: [Double]
  /// δ, the share of the terms below which their sum is noise.
  public let smoothing: Double

  public static let standardSmoothing = 1e-3

  /// - Parameters:
  ///   - components: powers, one row each.
  ///   - coefficients: components × benchmarks.
  ///   - scales: one for each parameter, positive.
  public init(
    components: [[Int]], coefficients: [Double], scales: [Double],
    smoothing: Double = Self.standardSmoothing
  ) {
    precondition(!components.isEmpty && coefficients.count % components.count == 0)
    precondition(components.allSatisfy { $0.count == scales.count } && smoothing > 0)
    self.components = components
    self.coefficients = coefficients
    self.scales = scales
    self.smoothing = smoothing
  }

  public var parameterCount: Int { scales.count }
  /// Benchmarks, one output of the network each.
  public var outputCount: Int { coefficients.count / components.count }

  /// Numbers of `fractions`: one for each benchmark, and its derivatives.
  var pointLength: Int { outputCount * (1 + parameterCount) }

  /// a_b(θ) and its derivatives by θ/scale, [1 + parameters][benchmark]; NaN where σ(θ) is not positive.
  func fractions(_ theta: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>) {
    let (n, p) = (outputCount, parameterCount)
    result.update(repeating: 0, count: pointLength)
    coefficients.withUnsafeBufferPointer { coefficients in
      for (c, powers) in components.enumerated() {
        for stream in 0...p {
          let value = Self.monomial(powers, theta, derivative: stream - 1)
          if value == 0 { continue }
          let factor = stream == 0 ? value : value * scales[stream - 1]
          for b in 0..<n { result[stream * n + b] += factor * coefficients[c * n + b] }
        }
      }
    }
    var sigma = 0.0
    for b in 0..<n { sigma += result[b] }
    let inverse = sigma > 0 ? 1 / sigma : .nan
    for b in 0..<n { result[b] *= inverse }
    for k in 1..<(1 + p) {
      var slope = 0.0
      for b in 0..<n { slope += result[k * n + b] }
      for b in 0..<n { result[k * n + b] = (result[k * n + b] - result[b] * slope) * inverse }
    }
  }

  private static func monomial(
    _ powers: [Int], _ theta: UnsafePointer<Double>, derivative: Int
  ) -> Double {
    var value = 1.0
    for (k, power) in powers.enumerated() {
      var exponent = power
      if k == derivative {
        value *= Double(power)
        exponent -= 1
      }
      if exponent > 0 { for _ in 0..<exponent { value *= theta[k] } }
    }
    return value
  }
}

/// log r̂ and its derivatives by θ for the outputs of one row, with what their gradients need.
struct MorphedRatio {
  private let benchmarks: Int
  private let tangents: Int
  private let smoothing: Double
  /// a_b r_b and its derivatives by θ, all divided by e^shift: [1 + tangents][benchmark].
  private let terms: UnsafeMutablePointer<Double>
  private let shift: Double
  /// s, q = Σ(a_b r_b)² and R = √(s² + δ²q).
  private let sum: Double
  private let squares: Double
  private let root: Double

  /// - Parameters:
  ///   - fractions: of the form at the row's θ.
  ///   - terms: room for benchmarks × (1 + tangents) numbers.
  init(
    _ form: MorphedForm, fractions: UnsafePointer<Double>, outputs: UnsafePointer<Double>,
    tangents: Int, terms: UnsafeMutablePointer<Double>
  ) {
    let n = form.outputCount
    (benchmarks, self.tangents, self.terms, smoothing) = (n, tangents, terms, form.smoothing)
    // The largest term becomes ±1, so that neither s nor q overflows or vanishes.
    var largest = -Double.infinity
    for b in 0..<n where fractions[b] != 0 {
      let size = outputs[b] + log(abs(fractions[b]))
      // NaN is kept.
      if !(size <= largest) { largest = size }
    }
    shift = largest
    var (s, q) = (0.0, 0.0)
    for b in 0..<n {
      // A benchmark with a_b = 0 may still matter for derivatives; the limit keeps 0 · ∞ away.
      let factor = exp(min(outputs[b] - largest, 300))
      for stream in 0...tangents { terms[stream * n + b] = fractions[stream * n + b] * factor }
      s += terms[b]
      q += terms[b] * terms[b]
    }
    sum = s
    squares = q
    root = (s * s + form.smoothing * form.smoothing * q).squareRoot()
  }

  private var strength: Double { smoothing * smoothing }

  /// ½(s + R) without cancellation: the same as δ²q/(2(R − s)).
  var logRatio: Double {
    shift
      + (sum >= 0
        ? log((sum + root) / 2) : log(strength * squares / 2) - log(root - sum))
  }

  /// ∂s, ½∂q and ∂R along the derivative by θ_k.
  private func slopes(_ k: Int) -> (sum: Double, squares: Double, root: Double) {
    var (s, q) = (0.0, 0.0)
    for b in 0..<benchmarks {
      let slope = terms[(k + 1) * benchmarks + b]
      s += slope
      q += terms[b] * slope
    }
    return (s, q, (sum * s + strength * q) / root)
  }

  /// ∂ log r̂ for the change of s, of q/2 and of R.
  private func logarithmic(_ s: Double, _ halfSquares: Double, _ r: Double) -> Double {
    sum >= 0
      ? (s + r) / (sum + root) : 2 * halfSquares / squares - (r - s) / (root - sum)
  }

  /// ∂ log r̂/∂θ_k in units of 1/scale.
  func score(_ k: Int) -> Double {
    let (s, q, r) = slopes(k)
    return logarithmic(s, q, r)
  }

  /// Adds the gradient by the outputs of a loss whose slopes by log r̂ and by the scores (stride apart) are given.
  func addGradient(
    slope: Double, scoreSlopes: UnsafePointer<Double>, stride: Int,
    to gradient: UnsafeMutablePointer<Double>
  ) {
    for b in 0..<benchmarks {
      let u = terms[b]
      let r = (sum * u + strength * u * u) / root
      gradient[b] += slope * logarithmic(u, u * u, r)
    }
    for k in 0..<tangents {
      let (sk, qk, rk) = slopes(k)
      let weight = scoreSlopes[k * stride]
      if weight == 0 { continue }
      for b in 0..<benchmarks {
        let (u, uk) = (terms[b], terms[(k + 1) * benchmarks + b])
        let r = (sum * u + strength * u * u) / root
        // The second derivative of R, by θ_k and by output b; of ½q it is 2 u u_k.
        let rkb = (u * sk + sum * uk + strength * 2 * u * uk - rk * r) / root
        let second: Double
        if sum >= 0 {
          let d = sum + root
          second = (uk + rkb) / d - (sk + rk) * (u + r) / (d * d)
        } else {
          let d = root - sum
          second =
            4 * u * uk / squares - 4 * qk * u * u / (squares * squares) - (rkb - uk) / d
            + (rk - sk) * (r - u) / (d * d)
        }
        gradient[b] += weight * second
      }
    }
  }
}
