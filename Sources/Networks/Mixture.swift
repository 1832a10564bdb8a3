import Glibc
import Numerics

/// The density of one observable in the base of a flow: a mixture of K Gaussians,
///
///     φ = log Σ_c π_c e^{ℓ_c/2 − z_c²/2} − ½ log 2π,    z_c = e^{ℓ_c/2}(u − m_c),    π = softmax(α)
///
/// as a function of v = (u, m_1 …, a_1 …, α_1 …), with its gradient and second derivatives along a
/// vector. Holds the buffers of one point; belongs to one thread at a time.
final class Mixture: @unchecked Sendable {
  private let components: Int
  private let bound: Double
  private let length: Int
  private let buffer: AlignedBuffer<Double>
  /// v, a tangent of v, and Σ of tangents with factors.
  let point: UnsafeMutablePointer<Double>
  let move: UnsafeMutablePointer<Double>
  private let total: UnsafeMutablePointer<Double>
  private let gradient: UnsafeMutablePointer<Double>
  /// Of each component: z, e^{ℓ/2}, π, and its share q of the density.
  private let z: UnsafeMutablePointer<Double>
  private let sigma: UnsafeMutablePointer<Double>
  private let prior: UnsafeMutablePointer<Double>
  private let share: UnsafeMutablePointer<Double>
  /// Of each component: derivatives of ℓ by a, and the change of log(π e^{ℓ/2 − z²/2}) along `total`.
  private let first: UnsafeMutablePointer<Double>
  private let second: UnsafeMutablePointer<Double>
  private let exponentMove: UnsafeMutablePointer<Double>

  init(components: Int, bound: Double) {
    self.components = components
    self.bound = bound
    length = 1 + 3 * components
    buffer = AlignedBuffer(count: 4 * length + 7 * components)
    point = buffer.start
    move = point + length
    total = move + length
    gradient = total + length
    z = gradient + length
    sigma = z + components
    prior = sigma + components
    share = prior + components
    first = share + components
    second = first + components
    exponentMove = second + components
  }

  /// Copies (u, m, a, α) of an observable; a single Gaussian has no α.
  func gather(
    stream: Int, _ row: Int, _ i: Int, _ u: UnitBlock, _ out: UnitBlock, observables: Int,
    to vector: UnsafeMutablePointer<Double>
  ) {
    vector[0] = u[stream, row, i]
    for j in 0..<(components == 1 ? 2 : 3) {
      for c in 0..<components {
        vector[1 + j * components + c] = out[stream, row, (j * observables + i) * components + c]
      }
    }
  }

  /// φ at `point`; keeps the gradient.
  func evaluate() -> Double {
    let (m, a, alpha) = (point + 1, point + 1 + components, point + 1 + 2 * components)
    var largestAlpha = -Double.infinity
    var largest = -Double.infinity
    for c in 0..<components {
      let log = LogPrecision(a[c], bound: bound)
      first[c] = log.first
      second[c] = log.second
      sigma[c] = exp(log.value / 2)
      z[c] = sigma[c] * (point[0] - m[c])
      share[c] = alpha[c] + log.value / 2 - z[c] * z[c] / 2
      largest = max(largest, share[c])
      largestAlpha = max(largestAlpha, alpha[c])
    }
    var (sum, sumAlpha) = (0.0, 0.0)
    for c in 0..<components {
      share[c] = exp(share[c] - largest)
      prior[c] = exp(alpha[c] - largestAlpha)
      sum += share[c]
      sumAlpha += prior[c]
    }
    gradient[0] = 0
    for c in 0..<components {
      share[c] /= sum
      prior[c] /= sumAlpha
      let pull = share[c] * z[c] * sigma[c]
      gradient[0] -= pull
      gradient[1 + c] = pull
      gradient[1 + components + c] = first[c] * share[c] * (1 - z[c] * z[c]) / 2
      gradient[1 + 2 * components + c] = share[c] - prior[c]
    }
    let normalisation = largestAlpha + log(sumAlpha) + log(2 * Double.pi) / 2
    return largest + log(sum) - normalisation
  }

  /// ∇φ · `move`.
  func slopeAlongMove() -> Double {
    var slope = 0.0
    for j in 0..<length { slope += gradient[j] * move[j] }
    return slope
  }

  func clearTotal() { total.update(repeating: 0, count: length) }

  func addMoveToTotal(times factor: Double) {
    for j in 0..<length { total[j] += factor * move[j] }
  }

  /// Writes a multiple of ∇φ to the gradients by u and the outputs.
  func scatterGradient(
    stream: Int, _ row: Int, _ i: Int, _ uBar: UnitBlock, _ outBar: UnitBlock, observables: Int,
    times factor: Double
  ) {
    uBar[stream, row, i] = factor * gradient[0]
    for j in 0..<(components == 1 ? 2 : 3) {
      for c in 0..<components {
        outBar[stream, row, (j * observables + i) * components + c] =
          factor * gradient[1 + j * components + c]
      }
    }
  }

  /// Adds the derivative of ∇φ along `total` to the gradients by u and the outputs.
  func addCurvature(
    _ row: Int, _ i: Int, _ uBar: UnitBlock, _ outBar: UnitBlock, observables: Int
  ) {
    let k = components
    var (meanAlpha, meanExponent) = (0.0, 0.0)
    for c in 0..<k {
      let halfMove = first[c] * total[1 + k + c] / 2
      let zMove = sigma[c] * (total[0] - total[1 + c]) + z[c] * halfMove
      exponentMove[c] = total[1 + 2 * k + c] + halfMove - z[c] * zMove
      meanAlpha += prior[c] * total[1 + 2 * k + c]
      meanExponent += share[c] * exponentMove[c]
    }
    for c in 0..<k {
      let halfMove = first[c] * total[1 + k + c] / 2
      let zMove = sigma[c] * (total[0] - total[1 + c]) + z[c] * halfMove
      let shareMove = share[c] * (exponentMove[c] - meanExponent)
      let pullMove = sigma[c] * (shareMove * z[c] + share[c] * (zMove + z[c] * halfMove))
      let narrowing = 1 - z[c] * z[c]
      let widthMove = shareMove * narrowing / 2 - share[c] * z[c] * zMove
      uBar[0, row, i] -= pullMove
      outBar[0, row, i * k + c] += pullMove
      outBar[0, row, (observables + i) * k + c] +=
        first[c] * widthMove + second[c] * total[1 + k + c] * share[c] * narrowing / 2
      if k > 1 {
        outBar[0, row, (2 * observables + i) * k + c] +=
          shareMove - prior[c] * (total[1 + 2 * k + c] - meanAlpha)
      }
    }
  }

  /// A random u from the mixture of `point`: a component, then its Gaussian.
  func draw(_ stream: inout PhiloxStream) -> Double {
    _ = evaluate()
    let (uniform, normal) = (stream.uniform(), stream.normal())
    var chosen = 0
    var reached = prior[0]
    while chosen < components - 1, uniform >= reached {
      chosen += 1
      reached += prior[chosen]
    }
    return point[1 + chosen] + normal / sigma[chosen]
  }
}
