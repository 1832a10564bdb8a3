import EventModel

/// Means and scales of columns: v' = (v − mean)/scale. Computed from training rows, stored in the model, applied here only.
struct Scaling: Sendable, Equatable {
  var means: [Double]
  var scales: [Double]
  /// Columns that do not vary but for rounding.
  private(set) var constants: [Int] = []

  init(means: [Double], scales: [Double]) {
    self.means = means
    self.scales = scales
  }

  /// No scaling of `count` columns.
  static func identity(_ count: Int) -> Scaling {
    Scaling(
      means: [Double](repeating: 0, count: count), scales: [Double](repeating: 1, count: count))
  }

  /// Relative spread below which a column counts as constant: a mass on its shell that is computed from momenta of ten digits
  /// spreads by 1e-9, and that much rounding is nothing to learn from.
  static let rounding = 1e-7

  /// Mean and (population) standard deviation of each column over the rows; a column that does not vary has scale 1.
  init(_ values: [Double], width: Int, rows: [Int32]) {
    means = [Double](repeating: 0, count: width)
    scales = [Double](repeating: 1, count: width)
    guard !rows.isEmpty else { return }
    let n = Double(rows.count)
    for c in 0..<width {
      var sum = 0.0
      for row in rows { sum += values[Int(row) * width + c] }
      let mean = sum / n
      var squares = 0.0
      for row in rows {
        let d = values[Int(row) * width + c] - mean
        squares += d * d
      }
      let deviation = (squares / n).squareRoot()
      means[c] = mean
      if deviation > Self.rounding * max(abs(mean), 1e-300) {
        scales[c] = deviation
      } else {
        constants.append(c)
      }
    }
  }

  /// The same columns once more after these.
  var twice: Scaling { Scaling(means: means + means, scales: scales + scales) }

  /// v' of one value of a column.
  @inline(__always)
  func apply(_ value: Double, _ column: Int) -> Double {
    (value - means[column]) / scales[column]
  }
}
