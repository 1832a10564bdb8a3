import EventModel
import Morphing

/// dσ_e and its gradient in all parameters of a space, for single events: nuisance parameters act on each by its own a_k,
/// free normalisations on those of their process.
struct EventGradients {
  let events: CombinedEvents
  let point: MorphedPoint
  let space: InformationSpace
  private let nuisance: NuisanceFactors?
  /// The free normalisation of each sample; −1 is none.
  private let norms: [Int]

  init(
    _ events: CombinedEvents, _ point: MorphedPoint, _ space: InformationSpace,
    freeNorms: [String]
  ) throws {
    self.events = events
    self.point = point
    self.space = space
    nuisance = space.nuisanceCount > 0 ? try NuisanceFactors(events.table.setup) : nil
    let index = ProcessIndex(events.table)
    let normOfProcess = index.processes.map { process in
      freeNorms.firstIndex {
        BinnedModel.isNamed($0, process.name, isBackground: process.isBackground)
      } ?? -1
    }
    for (k, name) in freeNorms.enumerated() where !normOfProcess.contains(k) {
      throw BinnedModel.unknownProcess(name, among: index.processes.map(\.name))
    }
    norms = index.ofSample.map { normOfProcess[$0] }
  }

  /// Fills ∂dσ_e, over all parameters, and returns dσ_e [pb]; f_e is in both.
  @inline(__always)
  func fill(_ row: Int, _ weights: UnsafePointer<Double>, into g: inout [Double]) -> Double {
    let f = events.factors[row]
    let sigma = f * point.value(weights)
    for i in 0..<space.thetaCount { g[i] = f * point.gradient(weights, i) }
    if space.normCount > 0 {
      let own = norms[Int(events.table.sampleIndices[row])]
      for k in 0..<space.normCount { g[space.thetaCount + k] = k == own ? sigma : 0 }
    }
    if let nuisance {
      let first = space.thetaCount + space.normCount
      for k in 0..<space.nuisanceCount {
        g[first + k] = sigma * nuisance.coefficients(k, weights).a
      }
    }
    return sigma
  }

  /// Σ_e g gᵀ/dσ_e over all parameters (row-major), and the events of zero weight but non-zero gradient, left out.
  func matrix() -> (matrix: [Double], skipped: Int) {
    let n = space.fullCount
    let blocks = overBlocks { rows -> (matrix: [Double], skipped: Int) in
      var matrix = [Double](repeating: 0, count: n * n)
      var skipped = 0
      forEach(rows) { sigma, g in
        guard sigma != 0 else {
          if g.contains(where: { $0 != 0 }) { skipped += 1 }
          return
        }
        for i in 0..<n {
          let left = g[i] / sigma
          for j in i..<n { matrix[i * n + j] += left * g[j] }
        }
      }
      return (matrix, skipped)
    }
    var result = (matrix: [Double](repeating: 0, count: n * n), skipped: 0)
    for block in blocks {
      for k in block.matrix.indices { result.matrix[k] += block.matrix[k] }
      result.skipped += block.skipped
    }
    for i in 0..<n { for j in 0..<i { result.matrix[i * n + j] = result.matrix[j * n + i] } }
    return result
  }

  /// Σ_e v_e ⊗ v_e over pairs, v_e = U g gᵀ Uᵀ/dσ_e.
  func covariance(_ reduction: Reduction, count n: Int) -> [Double] {
    let pairs = SymmetricPairs(n)
    let count = pairs.count
    let blocks = overBlocks { rows -> [Double] in
      var sum = [Double](repeating: 0, count: count * count)
      var reduced = [Double](repeating: 0, count: n)
      var v = [Double](repeating: 0, count: count)
      forEach(rows) { sigma, g in
        guard sigma != 0 else { return }
        reduction.apply(g, into: &reduced)
        for (k, pair) in pairs.pairs.enumerated() {
          v[k] = reduced[pair.i] * reduced[pair.j] / sigma
        }
        for k in 0..<count { for l in k..<count { sum[k * count + l] += v[k] * v[l] } }
      }
      return sum
    }
    var result = [Double](repeating: 0, count: count * count)
    for block in blocks { for k in block.indices { result[k] += block[k] } }
    for k in 0..<count { for l in 0..<k { result[k * count + l] = result[l * count + k] } }
    return result
  }

  /// dσ_e and ∂dσ_e (row-major [row][parameter]) of every row.
  func all() -> (sigma: [Double], values: [Double]) {
    let n = space.fullCount
    let blocks = overBlocks { rows -> (sigma: [Double], values: [Double]) in
      var sigma: [Double] = []
      var values: [Double] = []
      var g = [Double](repeating: 0, count: n)
      events.table.weights.withUnsafeBufferPointer { weights in
        guard let base = weights.baseAddress else { return }
        for row in rows {
          sigma.append(fill(row, base + row * events.table.weightCount, into: &g))
          values += g
        }
      }
      return (sigma, values)
    }
    return (blocks.flatMap(\.sigma), blocks.flatMap(\.values))
  }

  private func overBlocks<T: Sendable>(_ body: @Sendable (Range<Int>) -> T) -> [T] {
    events.team.mapRanges(of: events.table.count, size: CombinedEvents.blockSize, body)
  }

  private func forEach(_ rows: Range<Int>, _ body: (Double, [Double]) -> Void) {
    var g = [Double](repeating: 0, count: space.fullCount)
    events.table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in rows where events.factors[row] != 0 {
        let sigma = fill(row, base + row * events.table.weightCount, into: &g)
        body(sigma, g)
      }
    }
  }
}
