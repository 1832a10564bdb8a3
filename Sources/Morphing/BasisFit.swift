import Diagnostics
import EventModel
import LinearAlgebra

/// A morphing matrix fitted to benchmarks, with what says how good the basis is.
public struct BasisFit: Sendable {
  public let morphing: MorphingSetup
  /// Of the design matrix A_bc = Π_p θ_bp^k_cp, parameters in units of their range.
  public let conditionNumber: Double
  /// Σ_b w_b(θ)² averaged over the box of the parameters' ranges: how much the morphing multiplies
  /// the variance of independent weights.
  public let meanSquaredWeight: Double

  /// Above this the matrix counts as singular: weights of 8 digits then say nothing.
  public static let largestConditionNumber = 1e10

  /// Fits M with M·A = 1: the inverse for as many benchmarks as components, least squares
  /// (Moore-Penrose) for more.
  ///
  /// Parameters are divided by their range before the inversion and multiplied back component by
  /// component, so that units do not decide the condition.
  /// - Throws: `.data` for too few, equal or linearly dependent benchmarks.
  public init(components: [[Int]], parameters: [Parameter], benchmarks: [Benchmark]) throws {
    try Self.check(parameters: parameters, benchmarks: benchmarks)
    guard benchmarks.count >= components.count else {
      throw Problem(
        .data,
        "\(benchmarks.count) benchmarks are too few for \(components.count) morphing components",
        remedy: "add benchmarks or let 'morph setup' complete the basis")
    }
    let scaling = BasisScaling(parameters: parameters, benchmarks: benchmarks)
    let monomials = Monomials(components: components)
    let design = Matrix(
      rows: benchmarks.map { monomials.values(scaling.scaled($0.values)) })
    let decomposition = try Self.lapack { try design.singularValues() }
    conditionNumber = decomposition.conditionNumber
    guard conditionNumber < Self.largestConditionNumber else {
      throw Problem(
        .data,
        "the morphing matrix is singular: its condition number is "
          + "\(shortNumber(conditionNumber)) for the benchmarks "
          + benchmarks.map(\.name).joined(separator: ", "),
        remedy: "move a benchmark so that all \(components.count) components differ, "
          + "or remove some and let 'morph setup' complete the basis")
    }
    let inverse =
      design.isSquare
      ? try Self.lapack { try design.inverse() } : decomposition.pseudoInverse()
    meanSquaredWeight = Self.meanSquaredWeight(
      inverse, Matrix(rows: monomials.meanProducts(in: scaling.box)))
    var matrix = inverse
    for c in 0..<matrix.rows {
      let unit = monomials.values(scaling.scales)[c]
      for b in 0..<matrix.columns { matrix[c, b] /= unit }
    }
    morphing = MorphingSetup(
      components: components, matrix: matrix.elements, benchmarkCount: benchmarks.count)
  }

  /// ⟨Σ_b w_b²⟩ = Tr(Mᵀ ⟨v vᵀ⟩ M).
  static func meanSquaredWeight(_ inverse: Matrix, _ meanProducts: Matrix) -> Double {
    let product = meanProducts * inverse
    return zip(inverse.elements, product.elements).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Refuses benchmarks of equal name or equal values, and values that do not fit the parameters.
  static func check(parameters: [Parameter], benchmarks: [Benchmark]) throws {
    for (b, benchmark) in benchmarks.enumerated() {
      guard benchmark.values.count == parameters.count, benchmark.values.allSatisfy(\.isFinite)
      else {
        throw Problem(
          .data, "benchmark \(benchmark.name) does not have one number for each parameter")
      }
      for other in benchmarks[..<b] {
        if other.name == benchmark.name {
          throw Problem(.data, "two benchmarks are named \(benchmark.name)")
        }
        if other.values == benchmark.values {
          throw Problem(
            .data, "benchmarks \(other.name) and \(benchmark.name) are the same point",
            remedy: "remove one")
        }
      }
    }
  }

  private static func lapack<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as LinearAlgebraError {
      throw Problem(
        .data, "the morphing matrix cannot be inverted (\(error))",
        remedy: "move a benchmark or let 'morph setup' complete the basis")
    }
  }
}

/// The unit of each parameter in the fit.
struct BasisScaling {
  /// One for each parameter, positive.
  let scales: [Double]
  /// The ranges in these units.
  let box: [ClosedRange<Double>]

  init(parameters: [Parameter], benchmarks: [Benchmark]) {
    scales = parameters.indices.map { p in
      let range = parameters[p].range
      let size = max(abs(range.lowerBound), abs(range.upperBound))
      let largest = benchmarks.reduce(0.0) { max($0, abs($1.values[p])) }
      return size > 0 ? size : (largest > 0 ? largest : 1)
    }
    box = zip(parameters, scales).map {
      $0.range.lowerBound / $1...$0.range.upperBound / $1
    }
  }

  func scaled(_ theta: [Double]) -> [Double] { zip(theta, scales).map { $0 / $1 } }
}

/// A number with three digits, for messages and tables: `3.21e+17`, `12.5`.
public func shortNumber(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
  var exponent = value.exponent == 0 ? 0 : Int((Double(value.exponent) * 0.30103).rounded(.down))
  var mantissa = value / decimalPower(exponent)
  while abs(mantissa) >= 10 {
    mantissa /= 10
    exponent += 1
  }
  while abs(mantissa) < 1 {
    mantissa *= 10
    exponent -= 1
  }
  if (-3...5).contains(exponent) {
    let unit = decimalPower(2 - exponent)
    let rounded = (value * unit).rounded() / unit
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
  var rounded = (mantissa * 100).rounded() / 100
  if abs(rounded) >= 10 {
    rounded /= 10
    exponent += 1
  }
  let head = rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  let digits = "\(abs(exponent))"
  return head + (exponent < 0 ? "e-" : "e+") + (digits.count < 2 ? "0" : "") + digits
}

/// 10^k, exact for |k| ≤ 22.
func decimalPower(_ k: Int) -> Double {
  k < 0 ? 1 / integerPower(10, -k) : integerPower(10, k)
}
