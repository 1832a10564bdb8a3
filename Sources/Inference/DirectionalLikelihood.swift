import Diagnostics
import EventModel
import Numerics

/// The likelihood of a statistic of the score that depends on the direction of θ − θ_ref (SALLINO, adaptive binning):
/// Σ_c n_c ln[p_c(θ)/p_c(θ_ref)] in the bins of that direction, and the rate term.
///
/// Densities of different variables cannot be compared: at every θ the ratio to the reference is taken in the variable and
/// in the bins of this θ, and what is compared is that ratio of probabilities. Bins hold equal parts of the reference, so
/// none is empty there, and depend on the direction alone.
final class DirectionalLikelihood: LogLikelihood {
  private let events: CombinedEvents
  private let statistic: ScoreStatistic
  private let binCounts: [Int]
  private let reference: MorphedPoint
  /// Of the simulated events, and those that stand for the data; row-major [row][component].
  private let scores: [Double]
  private let data: [Double]
  /// Σ is n.
  private let dataWeights: [Double]
  private let referenceWeights: [Double]
  /// Rows that the bins are chosen by.
  private let binning: [Int]
  private let rate: RateTerm
  private let includesRate: Bool
  private var last: (theta: [Double], kinematic: Double)?

  var isCheap: Bool { false }
  var isSmooth: Bool { false }
  var parameterCount: Int { rate.model.parameterCount }
  private var componentCount: Int { reference.parameterCount }

  /// - Throws: `.data` where weights at θ_ref are negative (quantiles are then undefined).
  init(
    _ events: CombinedEvents, scores: [Double], reference: [Double], statistic: ScoreStatistic,
    binCounts: [Int]?, data: [Double], dataWeights: [Double], total: BinnedModel,
    luminosity: Double, includesRate: Bool
  ) throws {
    self.events = events
    self.statistic = statistic
    self.scores = scores
    self.data = data
    self.dataWeights = dataWeights
    self.includesRate = includesRate
    self.reference = try events.point(reference)
    self.binCounts = binCounts ?? statistic.defaultBins(components: reference.count)
    referenceWeights = events.crossSections(at: self.reference)
    guard referenceWeights.allSatisfy({ $0 >= 0 }) else {
      throw Problem(
        .data, "quantiles are not defined for negative weights",
        remedy: "use --statistic sally with edges (--bins)", file: events.file)
    }
    let step = max(1, events.table.count / 16_384)
    binning = Array(stride(from: 0, to: events.table.count, by: step))
    rate = RateTerm(
      total, luminosity: luminosity, eventCount: dataWeights.reduce(0, +))
  }

  func evaluate(at theta: [Double], gradient: Bool) throws -> LikelihoodValue {
    guard let rate = rate.evaluate(at: theta, gradient: gradient) else {
      return .undefined(parameterCount)
    }
    let theory = Array(theta.prefix(componentCount))
    let kinematic: Double
    if let last, last.theta == theory {
      kinematic = last.kinematic
    } else {
      kinematic = try self.kinematic(theory)
      last = (theory, kinematic)
    }
    guard !kinematic.isNaN else { return .undefined(parameterCount) }
    // Of nuisance parameters alone: the likelihood is not smooth in θ.
    return LikelihoodValue(
      kinematic: kinematic, rate: includesRate ? rate.value : 0,
      gradient: rate.gradient.map { includesRate ? $0 : 0 })
  }

  private func kinematic(_ theta: [Double]) throws -> Double {
    let difference = zip(theta, reference.theta).map { $0 - $1 }
    let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return 0 }
    let bins = try DirectionBins(
      statistic, direction: difference.map { $0 / length }, counts: binCounts, scores: scores,
      rows: binning, weights: referenceWeights)
    let point = try events.point(theta)
    let there = crossSections(bins, point)
    let counts = bins.fill(data, dataWeights)
    let (sigma, sigmaReference) = (
      point.crossSection(events.total).value, reference.crossSection(events.total).value
    )
    var sum = 0.0
    for bin in counts.indices where counts[bin] > 0 {
      guard there[bin].theta > 0, there[bin].reference > 0 else { return .nan }
      sum +=
        counts[bin]
        * logarithm(there[bin].theta / sigma * sigmaReference / there[bin].reference)
    }
    return sum
  }

  /// σ_c at θ and at θ_ref.
  private func crossSections(
    _ bins: DirectionBins, _ point: MorphedPoint
  ) -> [(theta: Double, reference: Double)] {
    let (events, scores, referenceWeights) = (events, scores, referenceWeights)
    let table = events.table
    let k = componentCount
    let blocks = events.team.mapRanges(of: table.count, size: CombinedEvents.blockSize) { rows in
      var sums = [(theta: Double, reference: Double)](
        repeating: (0, 0), count: bins.count)
      table.weights.withUnsafeBufferPointer { weights in
        guard let base = weights.baseAddress else { return }
        scores.withUnsafeBufferPointer { scores in
          for row in rows where events.factors[row] != 0 {
            let bin = bins.bin(scores, at: row * k)
            sums[bin].theta += events.factors[row] * point.value(base + row * table.weightCount)
            sums[bin].reference += referenceWeights[row]
          }
        }
      }
      return sums
    }
    var sums = [(theta: Double, reference: Double)](repeating: (0, 0), count: bins.count)
    for block in blocks {
      for bin in sums.indices {
        sums[bin].theta += block[bin].theta
        sums[bin].reference += block[bin].reference
      }
    }
    return sums
  }
}

/// Bins of the statistic of one direction.
struct DirectionBins: Sendable {
  private let statistic: ScoreStatistic
  private let direction: [Double]
  private let edges: [[Double]]
  let count: Int

  init(
    _ statistic: ScoreStatistic, direction: [Double], counts: [Int], scores: [Double],
    rows: [Int], weights: [Double]
  ) throws {
    self.statistic = statistic
    self.direction = direction
    let k = direction.count
    var edges: [[Double]] = []
    for (axis, bins) in counts.enumerated() {
      let values = scores.withUnsafeBufferPointer { scores in
        rows.map { Self.value(statistic, direction, axis, scores, $0 * k) }
      }
      let quantiles = weightedQuantiles(
        values, weights: rows.map { weights[$0] },
        probabilities: (1..<max(2, bins)).map { Double($0) / Double(bins) })
      // Values that coincide leave fewer bins.
      var distinct: [Double] = []
      for edge in quantiles where distinct.last.map({ $0 < edge }) ?? true { distinct.append(edge) }
      edges.append(bins > 1 ? distinct : [])
    }
    self.edges = edges
    count = edges.reduce(1) { $0 * ($1.count + 1) }
  }

  /// The statistic on one axis.
  @inline(__always)
  private static func value(
    _ statistic: ScoreStatistic, _ direction: [Double], _ axis: Int,
    _ scores: UnsafeBufferPointer<Double>, _ start: Int
  ) -> Double {
    if axis == 0 {
      var sum = 0.0
      for i in direction.indices { sum += direction[i] * scores[start + i] }
      return sum
    }
    if direction.count == 2 {
      return direction[0] * scores[start + 1] - direction[1] * scores[start]
    }
    return scores[start + axis - 1]
  }

  @inline(__always)
  func bin(_ scores: UnsafeBufferPointer<Double>, at start: Int) -> Int {
    var bin = 0
    for axis in edges.indices {
      let x = Self.value(statistic, direction, axis, scores, start)
      bin = bin * (edges[axis].count + 1) + BinTable.bin(of: x, edges: edges[axis])
    }
    return bin
  }

  /// Weights of rows in each bin.
  func fill(_ scores: [Double], _ weights: [Double]) -> [Double] {
    var counts = [Double](repeating: 0, count: count)
    scores.withUnsafeBufferPointer { scores in
      for row in weights.indices { counts[bin(scores, at: row * direction.count)] += weights[row] }
    }
    return counts
  }
}
