import EventModel
import Glibc

/// Nuisance parameters at one point ν, with what σ(θ, ν) needs at any θ.
public struct NuisancePoint: Sendable, Equatable {
  public let nu: [Double]
  /// T_b(ν) = Σ_e F_e(ν) f_e W_eb [pb].
  public let totals: [Double]
  /// ∂T_b/∂ν_k, row-major [k][b].
  public let totalGradients: [Double]
  /// max_e F_e(ν): what drawing by rejection needs.
  public let largestFactor: Double
}

/// How nuisance parameters move the weights of a table's events:
/// F_e(ν) = exp Σ_k (a_ek ν_k + b_ek ν_k²) (arXiv:1907.10621, section 2.5).
///
/// σ(θ, ν) is no polynomial in ν, so each ν costs one pass over the events; θ costs none.
public struct NuisanceResponse: Sendable {
  /// Nuisance parameters.
  public let count: Int
  /// a_ek and b_ek, row-major [row of the table][2k, 2k + 1].
  private let coefficients: [Double]
  private let table: EventTable
  /// Rows of σ and their factors f_e, one for each row of the table; nil is all rows.
  private let rows: [Int]?
  private let factors: [Double]
  private let width: Int

  /// - Parameters:
  ///   - rows: of σ(θ, ν); nil is all.
  ///   - factors: f_e of every row of the table.
  ///   - width: benchmarks of the morphing basis.
  /// - Throws: `.data` where a nuisance parameter's column is not among the weights.
  public init(
    _ table: EventTable, rows: [Int]? = nil, factors: [Double], width: Int
  ) throws {
    let nuisance = try NuisanceFactors(table.setup)
    let m = nuisance.count
    count = m
    self.table = table
    self.rows = rows
    self.factors = factors
    self.width = width
    coefficients = Array(unsafeUninitializedCapacity: table.count * 2 * m) { buffer, count in
      table.weights.withUnsafeBufferPointer { weights in
        guard let base = weights.baseAddress else { return }
        for row in 0..<table.count {
          for k in 0..<m {
            let (a, b) = nuisance.coefficients(k, base + row * table.weightCount)
            buffer.initializeElement(at: (row * m + k) * 2, to: a)
            buffer.initializeElement(at: (row * m + k) * 2 + 1, to: b)
          }
        }
      }
      count = table.count * 2 * m
    }
  }

  /// F_e(ν) of a row of the table.
  public func factor(row: Int, _ nu: [Double]) -> Double {
    var exponent = 0.0
    for k in 0..<count {
      let place = (row * count + k) * 2
      exponent += (coefficients[place] + coefficients[place + 1] * nu[k]) * nu[k]
    }
    return exponent == 0 ? 1 : exp(exponent)
  }

  /// ∂ log F_e/∂ν_k = a_ek + 2 b_ek ν_k.
  public func slope(row: Int, _ k: Int, _ nu: [Double]) -> Double {
    let place = (row * count + k) * 2
    return coefficients[place] + 2 * coefficients[place + 1] * nu[k]
  }

  /// One pass over the rows of σ.
  public func point(_ nu: [Double]) -> NuisancePoint {
    var totals = [Double](repeating: 0, count: width)
    var gradients = [Double](repeating: 0, count: width * count)
    var largest = 0.0
    let stride = table.weightCount
    table.weights.withUnsafeBufferPointer { weights in
      for i in 0..<(rows?.count ?? table.count) {
        let row = rows?[i] ?? i
        // Not 0 · W: rows that are left out must not bring NaN.
        guard factors[row] != 0 else { continue }
        let shift = factor(row: row, nu)
        largest = max(largest, shift)
        for b in 0..<width {
          let value = shift * factors[row] * weights[row * stride + b]
          totals[b] += value
          for k in 0..<count { gradients[k * width + b] += value * slope(row: row, k, nu) }
        }
      }
    }
    return NuisancePoint(
      nu: nu, totals: totals, totalGradients: gradients, largestFactor: largest)
  }
}
