import Diagnostics
import EventModel
import Numerics

/// Sums of weights and of products of weights over events, from which σ(θ), its errors and the
/// effective number of events follow at any θ without another pass.
///
/// T_b = Σ_e f_e W_eb, per sample T_sb, and Q_bb' = Σ_e (f_e W_eb)(f_e W_eb'), over the physics
/// benchmarks. Summed in blocks of fixed size in a fixed order: equal bits for any number of
/// threads.
public struct WeightSums: Sendable {
  /// T_b [pb], one for each physics benchmark.
  public private(set) var totals: [Double]
  /// T_sb [pb], row-major [sample][benchmark].
  public private(set) var sampleTotals: [Double]
  /// Q_bb' [pb²], row-major, symmetric.
  public private(set) var products: [Double]
  /// n_s: events generated, of which the rows are what the cuts left.
  public let generatedEvents: [Double]
  /// (δσ_s/σ_s)² as the generator gives it; 0 where it does not.
  public let generatorVariances: [Double]
  public let benchmarkCount: Int
  private let evaluator: PointWeights

  private static let blockRows = 8192

  /// - Parameters:
  ///   - factors: f_e of every row of the table (`EventTable.rowFactors`).
  ///   - rows: the rows that count; nil is all.
  ///   - sampleFactors: multiplies f_e, one for each sample (`EventTable.rows(in:)`).
  /// - Throws: `.data` naming the row of a weight that is NaN or infinite.
  public init(
    _ table: EventTable, factors: [Double], rows: [Int]? = nil, sampleFactors: [Double]? = nil,
    team: ThreadTeam? = nil
  ) throws {
    let b = table.benchmarkCount
    benchmarkCount = b
    evaluator = PointWeights(table.setup)
    let samples = table.samples
    generatedEvents = samples.indices.map {
      Double(samples[$0].eventsRead) / (sampleFactors?[$0] ?? 1)
    }
    generatorVariances = samples.map {
      let ratio = $0.declaredError / $0.declaredCrossSection
      return ratio.isFinite ? ratio * ratio : 0
    }
    let total = rows?.count ?? table.count
    let ranges = (0..<(total + Self.blockRows - 1) / Self.blockRows).map {
      $0 * Self.blockRows..<min(total, ($0 + 1) * Self.blockRows)
    }
    let sampleCount = samples.count
    let block: @Sendable (Int) -> BlockSums = { i in
      var sums = BlockSums(samples: sampleCount, benchmarks: b)
      sums.add(table, factors: factors, rows: rows, range: ranges[i], sampleFactors)
      return sums
    }
    let blocks =
      team?.mapBlocks(count: ranges.count, block) ?? ranges.indices.map(block)
    var sampleSums = [CompensatedSum](repeating: .init(), count: sampleCount * b)
    var productSums = [CompensatedSum](repeating: .init(), count: b * b)
    for sums in blocks {
      for i in sampleSums.indices { sampleSums[i].add(sums.sampleTotals[i]) }
      for i in productSums.indices { productSums[i].add(sums.products[i]) }
    }
    sampleTotals = sampleSums.map(\.value)
    products = productSums.map(\.value)
    totals = (0..<b).map { k in
      var sum = CompensatedSum()
      for s in 0..<sampleCount { sum.add(sampleSums[s * b + k]) }
      return sum.value
    }
    for i in 0..<b { for j in 0..<i { products[i * b + j] = products[j * b + i] } }
    if !totals.allSatisfy(\.isFinite) || !products.allSatisfy(\.isFinite) {
      throw Self.notFinite(table)
    }
  }

  private static func notFinite(_ table: EventTable) -> Problem {
    let place = table.weights.firstIndex { !$0.isFinite }
    guard let place else { return Problem(.data, "the weights overflow when they are summed") }
    let name = table.setup.weightNames[place % table.weightCount]
    return Problem(
      .data, "the weight at benchmark \(name) is \(table.weights[place])",
      remedy: "remove the event or repair the weight",
      place: "row \(place / table.weightCount + 1)")
  }

  /// σ, errors and effective number at θ.
  /// - Throws: `.data` where θ is no benchmark and there is no morphing basis.
  public func crossSection(at theta: [Double]) throws -> CrossSection {
    crossSection(theta: theta, weights: try evaluator.weights(at: theta))
  }

  /// σ, errors and effective number for given w_b (those left out are 0).
  public func crossSection(theta: [Double], weights: [Double]) -> CrossSection {
    var sigma = 0.0
    for (k, w) in weights.enumerated() { sigma += w * totals[k] }
    var squares = 0.0
    for (i, wi) in weights.enumerated() where wi != 0 {
      var row = 0.0
      for (j, wj) in weights.enumerated() { row += wj * products[i * benchmarkCount + j] }
      squares += wi * row
    }
    // Cancellation can leave a tiny negative number where all weights vanish.
    squares = max(0, squares)
    var fixed = squares
    for s in generatedEvents.indices {
      var part = 0.0
      for (k, w) in weights.enumerated() { part += w * sampleTotals[s * benchmarkCount + k] }
      if generatedEvents[s] > 0 { fixed -= part * part / generatedEvents[s] }
      fixed += part * part * generatorVariances[s]
    }
    return CrossSection(
      theta: theta, value: sigma, poissonError: squares.squareRoot(),
      fixedSizeError: max(0, fixed).squareRoot(),
      effectiveEvents: squares > 0 ? sigma * sigma / squares : 0)
  }

  /// ∂σ/∂θ_p [pb].
  public func crossSectionGradient(at theta: [Double]) throws -> [Double] {
    let gradients = try evaluator.gradients(at: theta)
    let n = evaluator.count
    return (0..<evaluator.parameterCount).map { p in
      (0..<n).reduce(0) { $0 + gradients[p * n + $1] * totals[$1] }
    }
  }
}

/// A cross section from weighted events.
public struct CrossSection: Sendable, Equatable {
  public var theta: [Double]
  /// σ(θ) = Σ_e f_e Σ_b w_b(θ) W_eb [pb].
  public var value: Double
  /// (Σ_e dσ_e²)^½: the error where the number of events is itself Poisson distributed.
  public var poissonError: Double
  /// The error for samples of fixed size: Σ dσ_e² − Σ_s (Σ_{e∈s} dσ_e)²/n_s, plus the generator's
  /// own relative error of each sample's cross section.
  public var fixedSizeError: Double
  /// Kish's (Σ dσ_e)²/Σ dσ_e².
  public var effectiveEvents: Double
}

/// The sums over the rows of one block.
private struct BlockSums: Sendable {
  var sampleTotals: [Double]
  /// Upper triangle filled.
  var products: [Double]
  let benchmarks: Int

  init(samples: Int, benchmarks: Int) {
    self.benchmarks = benchmarks
    sampleTotals = Array(repeating: 0, count: samples * benchmarks)
    products = Array(repeating: 0, count: benchmarks * benchmarks)
  }

  mutating func add(
    _ table: EventTable, factors: [Double], rows: [Int]?, range: Range<Int>,
    _ sampleFactors: [Double]?
  ) {
    let b = benchmarks
    let stride = table.weightCount
    var scaled = [Double](repeating: 0, count: b)
    table.weights.withUnsafeBufferPointer { weights in
      for i in range {
        let row = rows?[i] ?? i
        let sample = Int(table.sampleIndices[row])
        var factor = factors[row]
        if let sampleFactors { factor *= sampleFactors[sample] }
        // Not 0 · W: rows that `closest` leaves out must not bring NaN either way, so they are
        // skipped.
        if factor == 0 { continue }
        for k in 0..<b {
          scaled[k] = factor * weights[row * stride + k]
          sampleTotals[sample * b + k] += scaled[k]
        }
        for k in 0..<b {
          let value = scaled[k]
          for l in k..<b { products[k * b + l] += value * scaled[l] }
        }
      }
    }
  }
}
