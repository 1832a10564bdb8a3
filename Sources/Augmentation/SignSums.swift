/// Σ_e|dσ_e(θ)| for any θ, which normalises signed rows.
///
/// Events whose weights have one sign at all benchmarks keep it at every θ (a squared matrix element
/// times the sign that the generator gave), so they are a sum over components; the others are gone
/// through one by one.
struct SignSums: Sendable {
  /// Σ_e sgn(W_e) f_e W_eb over events of one sign.
  private var totals: [Double]
  /// Indices of events with weights of both signs.
  private var mixed: [Int] = []

  init(_ events: WeightedEvents) {
    totals = Array(repeating: 0, count: events.width)
    for i in 0..<events.count {
      let row = events.weights[i * events.width..<(i + 1) * events.width]
      let isNegative = row.contains { $0 < 0 }
      if isNegative && row.contains(where: { $0 > 0 }) {
        mixed.append(i)
        continue
      }
      for (b, weight) in row.enumerated() { totals[b] += isNegative ? -weight : weight }
    }
  }

  /// Σ_e|dσ_e|/Σ_e dσ_e over the rows: 1 without negative events.
  func absoluteOverSigned(_ events: WeightedEvents, at point: Hypothesis) -> Double {
    var absolute = 0.0
    var signed = 0.0
    for b in 0..<events.width {
      absolute += point.weights[b] * totals[b]
      signed += point.weights[b] * events.sums.totals[b]
    }
    for i in mixed { absolute += abs(events.differential(i, at: point)) }
    return signed > 0 ? max(1, absolute / signed) : 1
  }
}
