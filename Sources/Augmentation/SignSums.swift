import EventModel
import Morphing

/// Σ_e|dσ_e(θ)| for any θ, which normalises signed rows.
///
/// Events whose weights have one sign at all benchmarks keep it at every θ (a squared matrix element
/// times the sign that the generator gave), so they are a sum over components; the others are gone
/// through one by one. The weights themselves say so only where morphing gives them back at the
/// benchmarks: not to linear order, nor where a polynomial is fitted to more benchmarks than it has
/// terms. There every event is gone through.
struct SignSums: Sendable {
  /// Σ_e sgn(W_e) f_e W_eb over events of one sign.
  private var totals: [Double]
  /// Indices of events with weights of both signs.
  private var mixed: [Int] = []
  /// Whether morphing gives the weights at the benchmarks back.
  private let isExact: Bool
  /// Ratios at listed hypotheses, known beforehand where they are slow to find.
  private var known: [[Double]: Double] = [:]

  init(_ events: WeightedEvents) {
    totals = Array(repeating: 0, count: events.width)
    isExact = Self.givesBenchmarksBack(events.table.setup)
    guard isExact else {
      mixed = Array(0..<events.count)
      return
    }
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

  /// Finds the ratios at hypotheses that many rows have.
  mutating func prepare(_ points: [Hypothesis], _ events: WeightedEvents) {
    guard !mixed.isEmpty else { return }
    for point in points where known[point.coordinates] == nil {
      known[point.coordinates] = absoluteOverSigned(events, at: point)
    }
  }

  /// w_b at each benchmark of the basis is 1 for itself and 0 for the others.
  private static func givesBenchmarksBack(_ setup: Setup) -> Bool {
    let evaluator = PointWeights(setup)
    guard evaluator.hasMorphing else { return true }
    return (0..<evaluator.count).allSatisfy { own in
      guard let w = try? evaluator.weights(at: setup.benchmarks[own].values) else { return false }
      return w.indices.allSatisfy { abs(w[$0] - ($0 == own ? 1 : 0)) < 1e-6 }
    }
  }

  /// Σ_e|dσ_e|/Σ_e dσ_e over the rows: 1 without negative events.
  func absoluteOverSigned(_ events: WeightedEvents, at point: Hypothesis) -> Double {
    if !known.isEmpty, let ratio = known[point.coordinates] { return ratio }
    var absolute = 0.0
    var signed = 0.0
    if isExact {
      for b in 0..<events.width {
        absolute += point.weights[b] * totals[b]
        signed += point.weights[b] * events.sums.totals[b]
      }
      for i in mixed { absolute += abs(events.differential(i, at: point)) }
    } else {
      // With what nuisance parameters do to each event.
      for i in mixed {
        let value = events.differential(i, at: point)
        absolute += abs(value)
        signed += value
      }
    }
    return signed > 0 ? max(1, absolute / signed) : 1
  }
}
