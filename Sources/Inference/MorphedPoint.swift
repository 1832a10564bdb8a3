import EventModel

/// The morphing weights w_b(θ) and their gradients at one parameter point.
public struct MorphedPoint: Sendable {
  public let theta: [Double]
  public let morphing: MorphingSetup
  /// w_b(θ).
  public let weights: [Double]
  /// ∂w_b/∂θ_i, row-major [parameter][benchmark].
  public let gradients: [Double]
  public let parameterCount: Int

  public init(_ theta: [Double], morphing: MorphingSetup) {
    self.theta = theta
    self.morphing = morphing
    weights = morphing.weights(at: theta)
    gradients = morphing.weightGradients(at: theta).flatMap { $0 }
    parameterCount = morphing.parameterCount
  }

  /// σ(θ) = Σ_b w_b(θ) S_b of benchmark sums.
  @inlinable
  public func value(_ sums: UnsafePointer<Double>) -> Double {
    var sum = 0.0
    for b in 0..<weights.count { sum += weights[b] * sums[b] }
    return sum
  }

  /// ∂σ/∂θ_i of benchmark sums.
  @inlinable
  public func gradient(_ sums: UnsafePointer<Double>, _ i: Int) -> Double {
    var sum = 0.0
    for b in 0..<weights.count { sum += gradients[i * weights.count + b] * sums[b] }
    return sum
  }

  /// σ(θ) and ∂σ/∂θ_i of one bin.
  public func crossSection(_ table: BinTable, bin: Int = 0) -> (value: Double, gradient: [Double]) {
    table.sums.withUnsafeBufferPointer { sums in
      guard let base = sums.baseAddress else { return (0, []) }
      let start = base + bin * table.benchmarkCount
      return (value(start), (0..<parameterCount).map { gradient(start, $0) })
    }
  }

  /// Σ_e dσ_e² of one bin [pb²].
  public func squaredError(_ table: BinTable, bin: Int = 0) -> Double {
    let q = table.pairMatrix(ofBin: bin)
    let n = weights.count
    var sum = 0.0
    for i in 0..<n {
      for j in 0..<n { sum += weights[i] * weights[j] * q[i * n + j] }
    }
    return sum
  }
}
