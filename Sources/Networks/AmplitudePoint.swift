import Glibc
import LinearAlgebra

/// What an `AmplitudeForm` needs of one θ: Wᵀv, its derivatives by ϑ, log s and the derivatives of it.
///
/// The numbers of a point stand in one buffer, so that a loss can make one for every row without allocating.
struct AmplitudePoint {
  let amplitudes: Int
  let parameters: Int
  private let start: UnsafeMutablePointer<Double>

  /// Numbers of a point: amplitudes × (1 + parameters) + 1 + parameters.
  static func length(_ form: AmplitudeForm) -> Int {
    (form.amplitudes.count + 1) * (form.parameterCount + 1)
  }

  /// The point at ϑ in `buffer`, which holds `length` numbers.
  init(
    _ form: AmplitudeForm, at theta: UnsafePointer<Double>,
    in buffer: UnsafeMutablePointer<Double>
  ) {
    amplitudes = form.amplitudes.count
    parameters = form.parameterCount
    start = buffer
    buffer.update(repeating: 0, count: Self.length(form))
    for (i, powers) in form.amplitudes.enumerated() {
      for stream in 0...parameters {
        let value = Self.monomial(powers, theta, derivative: stream - 1)
        if value == 0 { continue }
        // (Wᵀv)_j = Σ_{i≥j} W_ij v_i.
        for j in 0...i {
          buffer[stream * amplitudes + j] += form.frame[i * amplitudes + j] * value
        }
      }
    }
    let sigma = buffer + amplitudes * (1 + parameters)
    for term in form.crossSection {
      for stream in 0...parameters {
        sigma[stream] +=
          term.coefficient * Self.monomial(term.powers, theta, derivative: stream - 1)
      }
    }
    for k in 0..<parameters { sigma[k + 1] /= sigma[0] }
    sigma[0] = log(sigma[0])
  }

  /// Wᵀv, and its derivative by ϑ_k as stream k + 1.
  @inline(__always)
  func amplitude(_ i: Int, stream: Int = 0) -> Double { start[stream * amplitudes + i] }
  /// log s, and its derivative by ϑ_k as stream k + 1.
  @inline(__always)
  func logCrossSection(stream: Int = 0) -> Double {
    start[amplitudes * (1 + parameters) + stream]
  }

  /// Π_k ϑ_k^powers_k or its derivative by one ϑ; −1 for the value.
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
      if exponent > 0 {
        for _ in 0..<exponent { value *= theta[k] }
      }
    }
    return value
  }
}

/// log r̂ and its θ derivatives from the outputs of a network at one point, with what their gradients need.
struct AmplitudeRatio {
  private let point: AmplitudePoint
  private let outputs: UnsafePointer<Double>
  /// u = LᵀWᵀv, then the same of the derivatives of v: [1 + tangents][amplitudes].
  private let sums: UnsafeMutablePointer<Double>
  private let tangents: Int
  /// |u|²; never zero, so that its logarithm is finite.
  private let square: Double

  /// Numbers that `scratch` must hold.
  static func scratch(_ form: AmplitudeForm, tangents: Int) -> Int {
    form.amplitudes.count * (1 + tangents)
  }

  init(
    _ point: AmplitudePoint, outputs: UnsafePointer<Double>, tangents: Int,
    scratch: UnsafeMutablePointer<Double>
  ) {
    self.point = point
    self.outputs = outputs
    self.tangents = tangents
    sums = scratch
    let n = point.amplitudes
    scratch.update(repeating: 0, count: n * (1 + tangents))
    for stream in 0...tangents {
      for i in 0..<n {
        let value = point.amplitude(i, stream: stream)
        for j in 0...i { scratch[stream * n + j] += Self.entry(outputs, i, j) * value }
      }
    }
    var square = 0.0
    for j in 0..<n { square += scratch[j] * scratch[j] }
    self.square = max(square, 1e-300)
  }

  /// L_ij.
  @inline(__always)
  static func entry(_ outputs: UnsafePointer<Double>, _ i: Int, _ j: Int) -> Double {
    if i == 0 { return 1 }
    let value = outputs[i * (i + 1) / 2 + j - 1]
    return i == j ? 1 + value : value
  }

  /// log r̂.
  var logRatio: Double { log(square) - point.logCrossSection() }

  /// ∂ log r̂/∂ϑ_k.
  func score(_ k: Int) -> Double {
    projection(k) - point.logCrossSection(stream: k + 1)
  }

  /// 2 u·∂u/∂ϑ_k / |u|².
  private func projection(_ k: Int) -> Double {
    let n = point.amplitudes
    var sum = 0.0
    for j in 0..<n { sum += sums[j] * sums[(k + 1) * n + j] }
    return 2 * sum / square
  }

  /// Adds the gradient by the outputs of a loss whose slopes by log r̂ and by the scores are given (stride apart).
  func addGradient(
    slope: Double, scoreSlopes: UnsafePointer<Double>, stride: Int,
    to gradient: UnsafeMutablePointer<Double>
  ) {
    let n = point.amplitudes
    // ∂ log r̂/∂L_ij = 2 v_i u_j/|u|²; of the score: 2 (v_i ∂u_j + u_j ∂v_i)/|u|² − 2 v_i u_j/|u|² · (2 u·∂u/|u|²).
    var own = slope
    for k in 0..<tangents { own -= scoreSlopes[k * stride] * projection(k) }
    for i in 1..<n {
      var pushed = 0.0
      for k in 0..<tangents {
        pushed += scoreSlopes[k * stride] * point.amplitude(i, stream: k + 1)
      }
      for j in 0...i {
        var along = own * sums[j]
        for k in 0..<tangents { along += scoreSlopes[k * stride] * sums[(k + 1) * n + j] }
        gradient[i * (i + 1) / 2 + j - 1] +=
          2 / square * (point.amplitude(i) * along + sums[j] * pushed)
      }
    }
  }
}

extension AmplitudeForm {
  /// log r̂ of many rows, and its derivatives by θ itself where `gradient` is asked for.
  ///
  /// - Parameters:
  ///   - outputs: of the network, rows × `outputCount`.
  ///   - theta: θ in its own units, one for all rows or one for each.
  /// - Returns: one value a row; rows × parameters.
  public func logRatio(outputs: [Double], theta: [Double], gradient: Bool = false) -> (
    values: [Double], gradient: [Double]
  ) {
    let rows = outputs.count / outputCount
    let p = parameterCount
    let tangents = gradient ? p : 0
    let isPerRow = theta.count > p
    precondition(theta.count == p || theta.count == rows * p)
    var values = [Double](repeating: 0, count: rows)
    var slopes = [Double](repeating: 0, count: rows * tangents)
    let point = theta.indices.map { (theta[$0] - centre[$0 % p]) / scales[$0 % p] }
    let length = AmplitudePoint.length(self)
    let scratch = AmplitudeRatio.scratch(self, tangents: tangents)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: length + scratch) { buffer in
      guard let place = buffer.baseAddress else { return }
      outputs.withUnsafeBufferPointer { outputs in
        point.withUnsafeBufferPointer { point in
          guard let start = outputs.baseAddress, let theta = point.baseAddress else { return }
          var own = AmplitudePoint(self, at: theta, in: place)
          for row in 0..<rows {
            if isPerRow { own = AmplitudePoint(self, at: theta + row * p, in: place) }
            let estimate = AmplitudeRatio(
              own, outputs: start + row * outputCount, tangents: tangents, scratch: place + length)
            values[row] = estimate.logRatio
            for k in 0..<tangents { slopes[row * p + k] = estimate.score(k) / scales[k] }
          }
        }
      }
    }
    return (values, slopes)
  }

  /// The form with the frame that makes E[r̂(x|θ)] = 1 over these rows for every θ, as it must be over events of θ₁.
  ///
  /// With M the mean of L Lᵀ and T the matrix of s, W = R C⁻¹ with R Rᵀ = T and C Cᵀ = M gives WMWᵀ = T. Nil where several
  /// matrices give the same s(θ), or M is not positive.
  /// - Parameters:
  ///   - outputs: of the network, rows × `outputCount`, for events drawn at θ₁.
  ///   - weights: of the rows, or empty.
  public func calibrated(outputs: [Double], weights: [Double] = []) -> AmplitudeForm? {
    let n = amplitudes.count
    let rows = outputs.count / outputCount
    guard rows > 0, let target = try? crossSectionMatrix?.cholesky() else { return nil }
    var mean = Matrix(rows: n, columns: n)
    var total = 0.0
    outputs.withUnsafeBufferPointer { outputs in
      guard let start = outputs.baseAddress else { return }
      for row in 0..<rows {
        let weight = weights.isEmpty ? 1 : weights[row]
        total += weight
        let own = start + row * outputCount
        for i in 0..<n {
          for k in 0...i {
            var sum = 0.0
            for j in 0...k {
              sum += AmplitudeRatio.entry(own, i, j) * AmplitudeRatio.entry(own, k, j)
            }
            mean[i, k] += weight * sum
          }
        }
      }
    }
    for i in 0..<n { for k in 0..<i { mean[k, i] = mean[i, k] } }
    guard let learned = try? ((1 / total) * mean).cholesky(), let inverse = try? learned.inverse()
    else { return nil }
    var result = self
    result.frame = (target * inverse).elements
    return result
  }
}
