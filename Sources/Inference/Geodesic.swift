import EventModel

/// Christoffel symbols and geodesics of a metric.
public struct GeodesicSolver: Sendable {
  private let field: any MetricField

  public init(_ field: any MetricField) { self.field = field }

  /// Γ^a_bc = ½ g^ad (∂_c g_db + ∂_b g_dc − ∂_d g_bc), row-major [a][b][c]. (The third term is what MadMiner 0.9 has wrong.)
  public func christoffel(at theta: [Double]) -> [Double] {
    let n = field.dimension
    let (g, dg) = field.metric(at: theta)
    var result = [Double](repeating: 0, count: n * n * n)
    for b in 0..<n {
      for c in 0..<n {
        let lowered = (0..<n).map { d in
          0.5 * (dg[(c * n + d) * n + b] + dg[(b * n + d) * n + c] - dg[(d * n + b) * n + c])
        }
        guard let raised = MetricAlgebra.solve(g, lowered) else {
          return [Double](repeating: .nan, count: n * n * n)
        }
        for a in 0..<n { result[(a * n + b) * n + c] = raised[a] }
      }
    }
    return result
  }

  /// The geodesic from θ in a direction, by Runge-Kutta steps of fourth order in the affine parameter that is the distance:
  /// the direction is scaled to unit speed in the metric.
  ///
  /// - Parameters:
  ///   - distance: where it ends, unless it leaves the box before.
  ///   - steps: in all.
  public func geodesic(
    from theta: [Double], direction: [Double], distance: Double, steps: Int = 200
  ) -> Geometry.Path {
    let n = field.dimension
    let speed = MetricAlgebra.product(field.metric(at: theta).value, direction, direction)
      .squareRoot()
    var state = theta + direction.map { $0 / speed }
    var path = Geometry.Path(points: theta, distances: [0], reachesBorder: false)
    let h = distance / Double(steps)
    func moved(_ k: [Double], _ factor: Double) -> [Double] {
      zip(state, k).map { $0 + factor * $1 }
    }
    for step in 1...max(1, steps) {
      let k1 = derivative(state)
      let k2 = derivative(moved(k1, h / 2))
      let k3 = derivative(moved(k2, h / 2))
      let k4 = derivative(moved(k3, h))
      let next = state.indices.map {
        state[$0] + h / 6 * (k1[$0] + 2 * k2[$0] + 2 * k3[$0] + k4[$0])
      }
      let inside = (0..<n).allSatisfy { field.bounds[$0].contains(next[$0]) }
      guard inside, next.allSatisfy(\.isFinite) else {
        path.reachesBorder = true
        break
      }
      state = next
      path.points += state[..<n]
      path.distances.append(h * Double(step))
    }
    return path
  }

  /// (v, −Γ v v).
  private func derivative(_ state: [Double]) -> [Double] {
    let n = field.dimension
    let v = Array(state[n...])
    let (g, dg) = field.metric(at: Array(state[..<n]))
    // g_ad a^a = −(∂_c g_db − ½ ∂_d g_bc) v^b v^c: one solve in place of n² symbols.
    let force = (0..<n).map { d in
      var sum = 0.0
      for b in 0..<n {
        for c in 0..<n {
          sum -= (dg[(c * n + d) * n + b] - 0.5 * dg[(d * n + b) * n + c]) * v[b] * v[c]
        }
      }
      return sum
    }
    let a = MetricAlgebra.solve(g, force) ?? [Double](repeating: .nan, count: n)
    return v + a
  }
}
