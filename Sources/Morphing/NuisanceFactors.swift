import Diagnostics
import EventModel
import Glibc

/// How nuisance parameters ν change an event's weight:
/// dσ_e(θ, ν) = dσ_e(θ) exp Σ_k (a_k ν_k + b_k ν_k²) (arXiv:1907.10621, section 2.5).
///
/// With one column w₊: a = ln(w₊/w₀), b = 0. With two: a = ½ ln(w₊/w₋), b = ½ ln(w₊w₋/w₀²), exact at ν = 0, ±1. w₀ is the
/// weight at the reference benchmark. What is not a number or infinite is 0 (no effect), and a and b stay within ±10.
public struct NuisanceFactors: Sendable {
  /// One for each parameter: columns at ν = +1 and −1 (−1 where there is none).
  private let columns: [(positive: Int, negative: Int)]
  private let reference: Int
  public var count: Int { columns.count }

  /// Throws `.data` where a parameter's column is not among the weights.
  public init(_ setup: Setup) throws {
    let names = setup.weightNames
    func index(_ name: String, _ parameter: NuisanceParameter) throws -> Int {
      guard let index = names.firstIndex(of: name) else {
        throw Problem(
          .data, "nuisance parameter \(parameter.name) has no weight column '\(name)'",
          place: "group nuisance_parameters")
      }
      return index
    }
    columns = try setup.nuisanceParameters.map { parameter in
      guard let positive = parameter.benchmarkPositive else {
        throw Problem(
          .data, "nuisance parameter \(parameter.name) has no positive benchmark",
          place: "group nuisance_parameters")
      }
      return (
        try index(positive, parameter),
        try parameter.benchmarkNegative.map { try index($0, parameter) } ?? -1
      )
    }
    reference = setup.referenceBenchmark
  }

  /// a and b of parameter k for a row of weights.
  @inline(__always)
  public func coefficients(_ k: Int, _ row: UnsafePointer<Double>) -> (a: Double, b: Double) {
    let w0 = row[reference]
    let plus = row[columns[k].positive]
    guard columns[k].negative >= 0 else { return (Self.tamed(log(plus / w0)), 0) }
    let minus = row[columns[k].negative]
    return (
      Self.tamed(0.5 * log(plus / minus)), Self.tamed(0.5 * log(plus / w0 * (minus / w0)))
    )
  }

  /// The factors at ν_k = +1 and −1: exp(b ± a).
  ///
  /// Where both ratios w₊/w₀ and w₋/w₀ are ordinary numbers they are the factors, and no logarithm is needed.
  @inline(__always)
  public func shifts(_ k: Int, _ row: UnsafePointer<Double>) -> (up: Double, down: Double) {
    let w0 = row[reference]
    let up = row[columns[k].positive] / w0
    let down = columns[k].negative >= 0 ? row[columns[k].negative] / w0 : 1 / up
    if up > Self.least, up < Self.most, down > Self.least, down < Self.most { return (up, down) }
    let (a, b) = coefficients(k, row)
    return (exp(b + a), exp(b - a))
  }

  /// Ratios in e^±10 have a and b inside their limits.
  private static let least = exp(-9.9)
  private static let most = exp(9.9)

  private static func tamed(_ x: Double) -> Double {
    x.isFinite ? min(10, max(-10, x)) : 0
  }

  /// exp Σ_k (a_k ν_k + b_k ν_k²).
  public func factor(_ nu: [Double], _ row: UnsafePointer<Double>) -> Double {
    var exponent = 0.0
    for k in columns.indices where nu[k] != 0 {
      let (a, b) = coefficients(k, row)
      exponent += (a + b * nu[k]) * nu[k]
    }
    return exp(exponent)
  }

  /// ∂factor/∂ν_k = (a_k + 2 b_k ν_k) · factor, one for each parameter.
  public func gradient(_ nu: [Double], _ row: UnsafePointer<Double>) -> [Double] {
    let factor = factor(nu, row)
    return columns.indices.map { k in
      let (a, b) = coefficients(k, row)
      return (a + 2 * b * nu[k]) * factor
    }
  }
}

extension EventTable {
  /// Row factors with the effect of nuisance parameters: dσ_e(θ, ν) = f_e(ν) Σ_b w_b(θ) W_eb.
  public func rowFactors(
    _ combination: Combination?, theta: [Double]? = nil, nu: [Double]
  ) throws -> [Double] {
    var factors = try rowFactors(combination, theta: theta)
    guard nu.contains(where: { $0 != 0 }) else { return factors }
    let nuisance = try NuisanceFactors(setup)
    weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in 0..<count { factors[row] *= nuisance.factor(nu, base + row * weightCount) }
    }
    return factors
  }
}

extension Setup {
  /// ν from texts `NAME=VALUE`, separated by commas too; NAME is a nuisance parameter, or a systematic that has only one.
  /// What is not named is 0.
  public func nuisancePoint(_ texts: [String]) throws -> [Double] {
    var nu = [Double](repeating: 0, count: nuisanceParameters.count)
    for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard let equals = text.lastIndex(of: "="),
        let value = Double(text[text.index(after: equals)...]), value.isFinite
      else {
        throw Problem(.usage, "--nu '\(text)' is not NAME=VALUE", remedy: "write --nu scales=1")
      }
      let name = String(text[..<equals])
      nu[try nuisanceIndex(name)] = value
    }
    return nu
  }
}
