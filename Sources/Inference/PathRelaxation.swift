/// A path between two fixed ends relaxed to a geodesic.
///
/// The energy E = n Σ_k Δ_kᵀ g(m_k) Δ_k of n pieces, m_k their midpoints, has its minimum where the path is a geodesic run
/// through at constant speed; the length is then sqrt(E).
struct PathRelaxation {
  private let field: any MetricField

  init(_ field: any MetricField) { self.field = field }

  /// The length after relaxation with `pieces` and twice as many, extrapolated for the error 1/n².
  func length(_ chain: [[Double]], pieces: Int) -> Double {
    let coarse = relaxed(Self.resampled(chain, pieces))
    let fine = relaxed(Self.resampled(coarse.path, 2 * pieces))
    let (a, b) = (coarse.energy.squareRoot(), fine.energy.squareRoot())
    return b + (b - a) / 3
  }

  /// n pieces of equal coordinate length along a chain (each axis scaled to its box).
  private static func resampled(_ chain: [[Double]], _ n: Int) -> [[Double]] {
    let count = chain.count - 1
    return (0...n).map { k in
      let position = Double(k) / Double(n) * Double(count)
      let i = min(count - 1, Int(position))
      let t = position - Double(i)
      return zip(chain[i], chain[i + 1]).map { $0 + t * ($1 - $0) }
    }
  }

  private func relaxed(_ start: [[Double]]) -> (path: [[Double]], energy: Double) {
    var path = start
    var (energy, gradient, metrics) = evaluate(path)
    for _ in 0..<60 {
      guard let step = Self.step(gradient, metrics) else { break }
      let slope = zip(step, gradient).reduce(0.0) { sum, pair in
        sum + zip(pair.0, pair.1).reduce(0) { $0 + $1.0 * $1.1 }
      }
      var scale = 1.0
      var moved = false
      for _ in 0..<12 {
        var next = path
        for j in step.indices {
          for i in step[j].indices {
            next[j + 1][i] = clamp(path[j + 1][i] - scale * step[j][i], i)
          }
        }
        let candidate = evaluate(next)
        if candidate.energy <= energy - 1e-4 * scale * slope {
          path = next
          (energy, gradient, metrics) = candidate
          moved = true
          break
        }
        scale *= 0.5
      }
      if !moved || slope <= 1e-13 * energy { break }
    }
    return (path, energy)
  }

  /// Paths stay in the box, where the metric is known.
  private func clamp(_ x: Double, _ axis: Int) -> Double {
    min(max(x, field.bounds[axis].lowerBound), field.bounds[axis].upperBound)
  }

  /// E, ∂E/∂x_j of the inner nodes, and g of the pieces.
  private func evaluate(
    _ path: [[Double]]
  ) -> (energy: Double, gradient: [[Double]], metrics: [[Double]]) {
    let n = field.dimension
    let pieces = path.count - 1
    let scale = Double(pieces)
    var energy = 0.0
    var gradient = [[Double]](
      repeating: [Double](repeating: 0, count: n), count: max(0, pieces - 1))
    var metrics: [[Double]] = []
    for k in 0..<pieces {
      let step = zip(path[k], path[k + 1]).map { $1 - $0 }
      let (g, dg) = field.metric(at: zip(path[k], path[k + 1]).map { 0.5 * ($0 + $1) })
      metrics.append(g.map { 2 * scale * $0 })
      energy += scale * MetricAlgebra.product(g, step, step)
      for i in 0..<n {
        var pull = 0.0
        var bend = 0.0
        for a in 0..<n {
          pull += g[i * n + a] * step[a]
          for b in 0..<n { bend += step[a] * dg[(i * n + a) * n + b] * step[b] }
        }
        if k > 0 { gradient[k - 1][i] += scale * (-2 * pull + 0.5 * bend) }
        if k < pieces - 1 { gradient[k][i] += scale * (2 * pull + 0.5 * bend) }
      }
    }
    return (energy, gradient, metrics)
  }

  /// H⁻¹ gradient with the block-tridiagonal part of the second derivatives that has g alone: positive definite, and all
  /// there is for a flat metric.
  private static func step(_ gradient: [[Double]], _ metrics: [[Double]]) -> [[Double]]? {
    let nodes = gradient.count
    guard nodes > 0 else { return nil }
    let n = gradient[0].count
    // Diagonal g_k + g_{k+1}, off-diagonal −g_{k+1}: block elimination from the first node on.
    var pivots: [[Double]] = []
    var rights: [[Double]] = []
    for j in 0..<nodes {
      var pivot = zip(metrics[j], metrics[j + 1]).map { $0 + $1 }
      var right = gradient[j]
      if j > 0 {
        // pivot −= g P⁻¹ g, right += g P⁻¹ r.
        let g = metrics[j]
        guard let solved = MetricAlgebra.solve(pivots[j - 1], rights[j - 1]) else { return nil }
        for i in 0..<n { for a in 0..<n { right[i] += g[i * n + a] * solved[a] } }
        for column in 0..<n {
          let c = (0..<n).map { g[$0 * n + column] }
          guard let x = MetricAlgebra.solve(pivots[j - 1], c) else { return nil }
          for i in 0..<n {
            var sum = 0.0
            for a in 0..<n { sum += g[i * n + a] * x[a] }
            pivot[i * n + column] -= sum
          }
        }
      }
      pivots.append(pivot)
      rights.append(right)
    }
    var result = [[Double]](repeating: [], count: nodes)
    for j in (0..<nodes).reversed() {
      var right = rights[j]
      if j < nodes - 1 {
        let g = metrics[j + 1]
        for i in 0..<n { for a in 0..<n { right[i] += g[i * n + a] * result[j + 1][a] } }
      }
      guard let x = MetricAlgebra.solve(pivots[j], right) else { return nil }
      result[j] = x
    }
    return result
  }
}
