import Diagnostics
import EventModel

/// By how much nuisance parameters at ±1 change a histogram: each event by its own weights, parameters in quadrature.
struct SystematicBand {
  /// Below and above the histogram, one a bin, both positive.
  var down: [Double]
  var up: [Double]

  /// Columns of weights of one nuisance parameter.
  private struct Columns {
    var positive: Int
    var negative: Int?
  }

  /// Nil where there is nothing to vary.
  ///
  /// - Parameters:
  ///   - names: systematics or nuisance parameters; all where empty, nothing for `none`.
  ///   - bins: the bin of each row, −1 outside.
  ///   - values: dσ_e(θ) of each row.
  init?(
    _ events: EventTable, names: [String], bins: [Int], values: [Double], count: Int,
    isNormalised: Bool
  ) throws {
    let setup = events.setup
    guard names != ["none"], !setup.nuisanceParameters.isEmpty || !names.isEmpty else { return nil }
    for name in names
    where !setup.nuisanceParameters.contains(where: { $0.name == name || $0.systematic == name }) {
      throw Problem(
        .usage, "the events have no systematic '\(name)'",
        remedy: setup.nuisanceParameters.isEmpty
          ? "they have none"
          : "there are " + setup.nuisanceParameters.map(\.name).joined(separator: ", "))
    }
    let chosen = setup.nuisanceParameters.filter { parameter in
      names.isEmpty || names.contains(parameter.name) || names.contains(parameter.systematic)
    }
    let columns = try chosen.map { parameter -> Columns in
      func column(_ name: String?) -> Int? { name.flatMap { setup.weightNames.firstIndex(of: $0) } }
      guard let positive = column(parameter.benchmarkPositive) else {
        throw Problem(
          .data, "nuisance parameter \(parameter.name) has no weights",
          remedy: "read the events again with lhe-read")
      }
      return Columns(positive: positive, negative: column(parameter.benchmarkNegative))
    }
    down = [Double](repeating: 0, count: count)
    up = down
    let nominal = Self.sum(bins, values, count, isNormalised)
    for parameter in columns {
      let shifted = [true, false].map { isUp in
        Self.sum(
          bins,
          values.indices.map {
            bins[$0] < 0 ? 0 : values[$0] * Self.factor(events, $0, parameter, isUp: isUp)
          }, count, isNormalised)
      }
      for bin in 0..<count {
        let changes = shifted.map { $0[bin] - nominal[bin] }
        let (low, high) = (min(0, changes.min() ?? 0), max(0, changes.max() ?? 0))
        down[bin] += low * low
        up[bin] += high * high
      }
    }
    down = down.map { $0.squareRoot() }
    up = up.map { $0.squareRoot() }
  }

  /// w₊/w₀, or w₋/w₀ (w₀/w₊ where there is one weight); 1 where that is no ordinary number.
  private static func factor(
    _ events: EventTable, _ row: Int, _ columns: Columns, isUp: Bool
  ) -> Double {
    let weight = { (column: Int) in events.weights[row * events.weightCount + column] }
    let reference = weight(events.setup.referenceBenchmark)
    let factor =
      isUp
      ? weight(columns.positive) / reference
      : columns.negative.map { weight($0) / reference } ?? reference / weight(columns.positive)
    // The same limits as those of the likelihood: e^±10.
    return factor > 4.5e-5 && factor < 22_027 ? factor : 1
  }

  private static func sum(
    _ bins: [Int], _ values: [Double], _ count: Int, _ isNormalised: Bool
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: count)
    for row in bins.indices where bins[row] >= 0 { sums[bins[row]] += values[row] }
    guard isNormalised else { return sums }
    let total = sums.reduce(0, +)
    return sums.map { $0 / total }
  }
}
