import Diagnostics
import EventModel

/// w_b(θ) and ∂w_b/∂θ_p without allocation: morphing where the setup has a basis, the benchmarks
/// themselves where it has none.
///
/// Weights beyond the basis benchmarks are 0, so that sums run over the first `count` columns only.
public struct PointWeights: Sendable {
  /// Leading physics benchmarks that the weights are over.
  public let count: Int
  public let parameterCount: Int
  public let hasMorphing: Bool
  private let exponents: [Int]
  private let matrix: [Double]
  private let benchmarks: [[Double]]
  /// Columns shifted in each parameter, for columns that have such, and 1/ε.
  private let shifted: [Int: [Int]]
  private let inverseStep: Double

  public init(_ setup: Setup) {
    parameterCount = setup.parameters.count
    hasMorphing = setup.morphing != nil
    count = setup.morphing?.benchmarkCount ?? setup.benchmarks.count
    exponents = setup.morphing?.components.flatMap { $0 } ?? []
    matrix = setup.morphing?.matrix ?? []
    benchmarks = setup.benchmarks.map(\.values)
    var shifted: [Int: [Int]] = [:]
    for (base, names) in setup.finiteDifferences?.bases ?? [] {
      guard let column = setup.benchmarkIndex(base) else { continue }
      shifted[column] = names.compactMap { setup.benchmarkIndex($0) }
    }
    self.shifted = shifted
    inverseStep = 1 / (setup.finiteDifferences?.epsilon ?? 1)
  }

  /// Puts w_b(θ) into `weights` (at least `count` long).
  /// - Throws: `.data` where θ is no benchmark and there is no basis.
  public func evaluate(_ theta: [Double], into weights: inout [Double]) throws {
    guard hasMorphing else {
      try evaluateBenchmark(theta, &weights)
      return
    }
    for b in 0..<count { weights[b] = 0 }
    let components = exponents.count / max(1, parameterCount)
    for c in 0..<components {
      var product = 1.0
      for p in 0..<parameterCount {
        for _ in 0..<exponents[c * parameterCount + p] { product *= theta[p] }
      }
      add(product, component: c, to: &weights, at: 0)
    }
  }

  /// Puts ∂w_b/∂θ_p into `gradients`, row-major [parameter][count].
  ///
  /// Without a basis they are finite differences, at benchmarks that have shifted ones beside them.
  /// - Throws: `.data` where there is neither.
  public func evaluateGradients(_ theta: [Double], into gradients: inout [Double]) throws {
    guard hasMorphing else { return try evaluateDifferences(theta, &gradients) }
    for i in 0..<parameterCount * count { gradients[i] = 0 }
    let components = exponents.count / max(1, parameterCount)
    for p in 0..<parameterCount {
      for c in 0..<components {
        let power = exponents[c * parameterCount + p]
        guard power > 0 else { continue }
        var product = Double(power)
        for q in 0..<parameterCount {
          let k = exponents[c * parameterCount + q] - (q == p ? 1 : 0)
          for _ in 0..<k { product *= theta[q] }
        }
        add(product, component: c, to: &gradients, at: p * count)
      }
    }
  }

  /// w_b(θ), `count` long.
  public func weights(at theta: [Double]) throws -> [Double] {
    var result = [Double](repeating: 0, count: count)
    try evaluate(theta, into: &result)
    return result
  }

  /// ∂w_b/∂θ_p, row-major [parameter][count].
  public func gradients(at theta: [Double]) throws -> [Double] {
    var result = [Double](repeating: 0, count: count * parameterCount)
    try evaluateGradients(theta, into: &result)
    return result
  }

  @inline(__always)
  private func add(
    _ factor: Double, component c: Int, to values: inout [Double], at offset: Int
  ) {
    guard factor != 0 else { return }
    for b in 0..<count { values[offset + b] += factor * matrix[c * count + b] }
  }

  private func evaluateDifferences(_ theta: [Double], _ gradients: inout [Double]) throws {
    guard let base = benchmarks.firstIndex(of: theta), let columns = shifted[base] else {
      throw Problem(
        .data, "there is no morphing basis, so scores are not known",
        remedy: shifted.isEmpty
          ? "make one with 'morph setup', or use a ratio method without score"
          : "use a benchmark that has shifted ones, or make a basis with 'morph setup'")
    }
    for i in 0..<parameterCount * count { gradients[i] = 0 }
    for (p, column) in columns.enumerated() {
      gradients[p * count + column] += inverseStep
      gradients[p * count + base] -= inverseStep
    }
  }

  private func evaluateBenchmark(_ theta: [Double], _ weights: inout [Double]) throws {
    guard let index = benchmarks.firstIndex(of: theta) else {
      throw Problem(
        .data, "there is no morphing basis, so only benchmarks can be evaluated",
        remedy: "make one with 'morph setup' or name a benchmark")
    }
    for b in 0..<count { weights[b] = b == index ? 1 : 0 }
  }
}
