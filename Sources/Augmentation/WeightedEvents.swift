import Diagnostics
import EventModel
import Morphing
import Numerics

/// Some rows of an events table with f_e W_eb laid out for drawing and for joint quantities.
///
/// The totals T_b of σ(θ) are of all rows of the table (DESIGN 6: one σ(θ)), whatever rows are
/// here.
public struct WeightedEvents: Sendable {
  public let table: EventTable
  /// The table's rows, in order.
  public let rows: [Int]
  /// f_e W_eb [pb], row-major [index in `rows`][column], the columns of the morphing basis; the
  /// factor rows/rows-in-part of the partition is in it.
  public let weights: [Double]
  /// Columns of `weights`.
  public let width: Int
  /// T_b = Σ_e f_e W_eb over all rows of the table [pb], one for each physics benchmark.
  public let totals: [Double]
  /// Sums over the rows here, for effective numbers.
  public let sums: WeightSums
  /// How nuisance parameters move the weights; nil where they play no part.
  public let nuisance: NuisanceResponse?
  /// dσ_e below this share of Σ_b|w_b||W_eb| is zero within the digits of the weights.
  public let precision: Double

  /// The rows of a part, with factors by a rule (nil is the file's own).
  /// - Parameter nuisance: whether nuisance parameters are to move the weights.
  public init(
    _ table: EventTable, part: Partition, combination: Combination? = nil,
    theta: [Double]? = nil, nuisance: Bool = false, team: ThreadTeam? = nil
  ) throws {
    let factors = try table.rowFactors(combination, theta: theta)
    let all = try WeightSums(table, factors: factors, team: team)
    let (rows, sampleFactors) = try table.rows(in: part)
    try self.init(
      table, rows: rows, factors: factors, sampleFactors: sampleFactors, totals: all.totals,
      sums: part == .all ? all : nil, nuisance: nuisance, team: team)
  }

  /// Explicit rows and factors, one factor for each row of the table.
  /// - Parameter totals: of σ(θ), one for each physics benchmark; nil sums the given rows.
  public init(
    _ table: EventTable, rows: [Int], factors: [Double], sampleFactors: [Double]? = nil,
    totals: [Double]? = nil, sums: WeightSums? = nil, nuisance: Bool = false,
    team: ThreadTeam? = nil
  ) throws {
    guard !rows.isEmpty else {
      throw Problem(.data, "there are no events to draw from", remedy: "use --partition all")
    }
    let sums =
      try sums
      ?? WeightSums(table, factors: factors, rows: rows, sampleFactors: sampleFactors, team: team)
    let width = PointWeights(table.setup).count
    self.table = table
    self.rows = rows
    self.width = width
    self.sums = sums
    self.totals = totals ?? sums.totals
    self.nuisance =
      nuisance
      ? try NuisanceResponse(
        table, rows: totals == nil ? rows : nil,
        factors: totals == nil
          ? Self.scaled(factors, table.sampleIndices, by: sampleFactors) : factors, width: width)
      : nil
    let digits = table.samples.map(\.weightDigits).filter { $0 > 0 }.min() ?? 0
    precision = max(1e-12, digits > 0 && digits < 16 ? 20 * tenToThe(-digits) : 1e-6)
    let stride = table.weightCount
    weights = Array(unsafeUninitializedCapacity: rows.count * width) { buffer, count in
      table.weights.withUnsafeBufferPointer { source in
        for (i, row) in rows.enumerated() {
          var factor = factors[row]
          if let sampleFactors { factor *= sampleFactors[Int(table.sampleIndices[row])] }
          for b in 0..<width {
            buffer.initializeElement(
              at: i * width + b, to: factor == 0 ? 0 : factor * source[row * stride + b])
          }
        }
      }
      count = rows.count * width
    }
  }

  private static func scaled(
    _ factors: [Double], _ samples: [Int32], by sampleFactors: [Double]?
  ) -> [Double] {
    guard let sampleFactors else { return factors }
    return zip(factors, samples).map { $0 * sampleFactors[Int($1)] }
  }

  public var count: Int { rows.count }

  /// A hypothesis at no point yet.
  public func hypothesis(needsScore: Bool = true) -> Hypothesis {
    Hypothesis(table.setup, totals: totals, needsScore: needsScore)
  }

  /// dσ_e(θ, ν) of an event by its index in `rows` [pb].
  public func differential(_ index: Int, at point: Hypothesis) -> Double {
    let nominal = weights.withUnsafeBufferPointer { Self.nominal($0, index, point, width) }
    return point.nuisance == nil ? nominal : nominal * factor(index, at: point)
  }

  /// F_e(ν) of an event by its index in `rows`.
  func factor(_ index: Int, at point: Hypothesis) -> Double {
    guard let nuisance, let nu = point.nuisance?.nu else { return 1 }
    return nuisance.factor(row: rows[index], nu)
  }

  /// F_e(ν) Σ_b |w_b(θ)| |f_e W_eb| [pb]: what dσ_e is the signed sum of.
  func bound(_ index: Int, at point: Hypothesis) -> Double {
    var sum = 0.0
    for b in 0..<width { sum += abs(point.weights[b] * weights[index * width + b]) }
    return sum * factor(index, at: point)
  }

  /// log[dσ_e(θ0)/σ(θ0)] − log[dσ_e(θ1)/σ(θ1)]: ±inf where one weight is zero, NaN for a negative
  /// ratio or 0/0.
  public func logRatio(_ index: Int, _ theta0: Hypothesis, _ theta1: Hypothesis) -> Double {
    Self.logRatio(
      differential(index, at: theta0), theta0, differential(index, at: theta1), theta1)
  }

  /// ∇dσ_e/dσ_e − ∇σ/σ, one for each parameter and, where they play a part, nuisance parameter.
  public func score(_ index: Int, at point: Hypothesis) -> [Double] {
    var result = [Double](repeating: 0, count: point.logCrossSectionGradient.count)
    result.withUnsafeMutableBufferPointer { score(index, at: point, into: $0) }
    return result
  }

  /// The same into a place of as many numbers.
  func score(
    _ index: Int, at point: Hypothesis, into result: UnsafeMutableBufferPointer<Double>
  ) {
    let physics = point.theta.count
    weights.withUnsafeBufferPointer { weights in
      // F_e(ν) stands in numerator and denominator of the score by θ.
      let value = Self.nominal(weights, index, point, width)
      for p in 0..<physics {
        var sum = 0.0
        for b in 0..<width {
          sum += point.gradients[p * width + b] * weights[index * width + b]
        }
        result[p] = sum / value - point.logCrossSectionGradient[p]
      }
    }
    guard let nuisance, let nu = point.nuisance?.nu else { return }
    for k in nu.indices {
      result[physics + k] =
        nuisance.slope(row: rows[index], k, nu) - point.logCrossSectionGradient[physics + k]
    }
  }

  @inline(__always)
  static func nominal(
    _ weights: UnsafeBufferPointer<Double>, _ index: Int, _ point: Hypothesis, _ width: Int
  ) -> Double {
    var sum = 0.0
    for b in 0..<width { sum += point.weights[b] * weights[index * width + b] }
    return sum
  }

  static func logRatio(
    _ value0: Double, _ theta0: Hypothesis, _ value1: Double, _ theta1: Hypothesis
  ) -> Double {
    if value0 == 0 { return value1 == 0 ? .nan : -.infinity }
    if value1 == 0 { return .infinity }
    return logarithm(value0 / value1 * (theta1.crossSection / theta0.crossSection))
  }
}
