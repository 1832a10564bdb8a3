import Diagnostics
import EventModel
import Numerics

/// How well morphing describes the weights of an events file.
public struct MorphingCheck: Sendable {
  /// Predicted against actual weights at one benchmark.
  public struct Closure: Sendable, Equatable {
    public var benchmark: String
    /// The benchmark alone decides the prediction there, which then says nothing.
    public var isTrivial: Bool
    /// |Σ_b w_b W_eb − W| / max(Σ_b |w_b W_eb|, |W|) over the events.
    public var largestDeviation: Double
    public var rootMeanSquareDeviation: Double
    /// The row of the largest deviation, from 1.
    public var worstRow: Int
    public var eventsBeyondTolerance: Int
  }
  /// What morphing does at one point.
  public struct Point: Sendable, Equatable {
    public var name: String
    public var crossSection: CrossSection
    /// Σ_b w_b(θ)²
    public var squaredWeights: Double
    /// Σ|dσ| of negative events over Σ|dσ| of all.
    public var negativeFraction: Double
    /// σ/max_e dσ_e.
    public var effectiveByLargestShare: Double
    /// Bound on the relative error of σ(θ) that the digits of the weights leave.
    public var roundingError: Double
  }

  public let conditionNumber: Double
  public let meanSquaredWeight: Double
  /// max |M·A − 1|, the error of the matrix in the file.
  public let matrixError: Double
  public let closures: [Closure]
  public let points: [Point]
  /// Significant digits of the weights; nil where the file does not say.
  public let digits: Int?
  public let tolerance: Double

  /// Benchmarks where the closure fails.
  public var failures: [Closure] {
    closures.filter { !$0.isTrivial && $0.eventsBeyondTolerance > 0 }
  }
  /// The closure was tested somewhere.
  public var isTested: Bool { closures.contains { !$0.isTrivial } }

  /// - Parameters:
  ///   - points: names and coordinates at which morphing is described.
  ///   - tolerance: largest deviation of an event; nil is 20 units of the last digit of the weights.
  public init(
    _ table: EventTable, factors: [Double], points: [(name: String, theta: [Double])],
    tolerance: Double? = nil, team: ThreadTeam? = nil
  ) throws {
    let setup = table.setup
    let morphing = try setup.requireMorphing()
    let basis = Array(setup.benchmarks.prefix(morphing.benchmarkCount))
    let fit = try BasisFit(
      components: morphing.components, parameters: setup.parameters, benchmarks: basis)
    conditionNumber = fit.conditionNumber
    meanSquaredWeight = fit.meanSquaredWeight
    matrixError = Self.matrixError(morphing, setup.parameters, basis)
    let digits = table.samples.map(\.weightDigits).filter { $0 > 0 }.min()
    self.digits = digits
    let unit = digits.map { decimalPower(1 - $0) }
    let limit = tolerance ?? max(1e-12, unit.map { 20 * $0 } ?? 1e-5)
    self.tolerance = limit
    let check: @Sendable (Int) -> Closure = { Self.closure($0, table, morphing, limit) }
    closures =
      team?.mapBlocks(count: setup.benchmarks.count, check)
      ?? setup.benchmarks.indices.map(check)
    let sums = try WeightSums(table, factors: factors, team: team)
    let shares = try LargestShares(
      table, factors: factors, at: points.map(\.theta), team: team)
    self.points = points.enumerated().map { i, point in
      let w = morphing.weights(at: point.theta)
      let sigma = sums.crossSection(theta: point.theta, weights: w)
      var size = 0.0
      for (b, weight) in w.enumerated() { size += abs(weight * sums.totals[b]) }
      return Point(
        name: point.name, crossSection: sigma,
        squaredWeights: w.reduce(0) { $0 + $1 * $1 },
        negativeFraction: shares.negativeFractions[i],
        effectiveByLargestShare: shares.effectiveEvents[i],
        roundingError: unit.map { 0.5 * $0 * size / abs(sigma.value) } ?? .nan)
    }
  }

  private static func matrixError(
    _ morphing: MorphingSetup, _ parameters: [Parameter], _ basis: [Benchmark]
  ) -> Double {
    // In units of the ranges, so that the components compare.
    let scaling = BasisScaling(parameters: parameters, benchmarks: basis)
    let monomials = Monomials(components: morphing.components)
    let units = monomials.values(scaling.scales)
    let rows = basis.map { monomials.values(scaling.scaled($0.values)) }
    let n = morphing.benchmarkCount
    var largest = 0.0
    for c in morphing.components.indices {
      for d in morphing.components.indices {
        var sum = 0.0
        for b in 0..<n { sum += units[c] * morphing.matrix[c * n + b] * rows[b][d] }
        largest = max(largest, abs(sum - (c == d ? 1 : 0)))
      }
    }
    return largest
  }

  private static func closure(
    _ benchmark: Int, _ table: EventTable, _ morphing: MorphingSetup, _ tolerance: Double
  ) -> Closure {
    let target = table.setup.benchmarks[benchmark]
    let w = morphing.weights(at: target.values)
    let isTrivial =
      benchmark < morphing.benchmarkCount
      && w.enumerated().allSatisfy { abs($1 - ($0 == benchmark ? 1 : 0)) < 1e-9 }
    var result = Closure(
      benchmark: target.name, isTrivial: isTrivial, largestDeviation: 0,
      rootMeanSquareDeviation: 0, worstRow: 0, eventsBeyondTolerance: 0)
    var squares = 0.0
    table.weights.withUnsafeBufferPointer { weights in
      for row in 0..<table.count {
        let start = row * table.weightCount
        var predicted = 0.0
        var size = 0.0
        for b in w.indices {
          let term = w[b] * weights[start + b]
          predicted += term
          size += abs(term)
        }
        let actual = weights[start + benchmark]
        size = max(size, abs(actual))
        guard size > 0 else { continue }
        let deviation = abs(predicted - actual) / size
        squares += deviation * deviation
        if deviation > tolerance { result.eventsBeyondTolerance += 1 }
        if deviation > result.largestDeviation {
          result.largestDeviation = deviation
          result.worstRow = row + 1
        }
      }
    }
    result.rootMeanSquareDeviation = (squares / Double(max(1, table.count))).squareRoot()
    return result
  }

  /// Points drawn uniformly in the ranges of the parameters.
  public static func randomPoints(
    _ count: Int, in setup: Setup, seed: UInt64
  ) -> [(name: String, theta: [Double])] {
    (0..<count).map { i in
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(i))
      return (
        "random_\(i + 1)",
        setup.parameters.map { stream.uniform($0.range.lowerBound, $0.range.upperBound) }
      )
    }
  }
}

extension MorphingCheck {
  public func document(_ setup: Setup) -> Document {
    var d = Document()
    d.set("check/condition_number", conditionNumber)
    d.set("check/matrix_error", matrixError)
    d.set("check/mean_squared_weight", meanSquaredWeight)
    d.set("check/weight_digits", digits ?? 0)
    d.set("check/tolerance", tolerance)
    d.set("check/closes", failures.isEmpty ? 1 : 0)
    d.set("check/closure/benchmarks", closures.map(\.benchmark))
    d.set("check/closure/tested", closures.map { $0.isTrivial ? 0 : 1 })
    d.set("check/closure/largest_deviation", closures.map(\.largestDeviation))
    d.set("check/closure/rms_deviation", closures.map(\.rootMeanSquareDeviation))
    d.set("check/closure/events_beyond_tolerance", closures.map(\.eventsBeyondTolerance))
    d.set("check/points/names", points.map(\.name))
    d.set(
      "check/points/theta", points.flatMap(\.crossSection.theta),
      shape: [points.count, setup.parameters.count])
    d.set("check/points/sigma", points.map(\.crossSection.value))
    d.set("check/points/error_fixed_size", points.map(\.crossSection.fixedSizeError))
    d.set("check/points/squared_weights", points.map(\.squaredWeights))
    d.set("check/points/negative_fraction", points.map(\.negativeFraction))
    d.set("check/points/n_eff", points.map(\.crossSection.effectiveEvents))
    d.set("check/points/n_eff_largest_share", points.map(\.effectiveByLargestShare))
    d.set("check/points/rounding_error", points.map(\.roundingError))
    return d
  }
}
