import Diagnostics
import EventModel
import LinearAlgebra

/// The networks of a model file, and what corrects their mean.
struct CalibratedEnsemble: Sendable {
  let networks: [TrainedNetwork]
  let calibration: CalibratedRatio?

  init(_ ensemble: ModelEnsemble) throws {
    networks = try ensemble.members.map(TrainedNetwork.init)
    calibration = try ensemble.calibration.map(CalibratedRatio.init)
  }
}

extension Estimator {
  /// Each network by itself, without calibration: what the spread of an ensemble is of.
  func members() throws -> [Estimator] { try models.map { try Estimator([$0], team: team) } }
}

/// A calibration ready to be applied to log r and its derivatives by θ.
struct CalibratedRatio: Sendable {
  let calibration: Calibration
  private let interpolation: PointInterpolation

  init(_ calibration: Calibration) throws {
    self.calibration = calibration
    do {
      interpolation = try PointInterpolation(
        points: calibration.points, scales: calibration.scales)
    } catch {
      throw Problem(
        .data, "the points of the model's calibration cannot be told apart",
        remedy: "calibrate again at fewer points", place: "dataset model/calibration/theta")
    }
  }

  /// Corrects log r of rows at one θ for all, or one for each, and the derivatives [row][parameter] where there are any.
  ///
  /// With l' the derivative of l = log r, that of l + Σ λ_k δ_k(l) is l' (1 + Σ λ_k δ_k') + Σ λ_k' δ_k.
  func apply(to values: inout [Double], gradient: inout [Double], theta: [Double]) {
    let p = calibration.scales.count
    let isPerRow = theta.count > p
    let needsGradient = !gradient.isEmpty
    var (weights, slopes) = interpolation.weights(at: theta.prefix(p), gradient: needsGradient)
    for row in values.indices {
      if isPerRow, row > 0 {
        (weights, slopes) = interpolation.weights(
          at: theta[row * p..<(row + 1) * p], gradient: needsGradient)
      }
      var shift = 0.0
      var stretch = 1.0
      var moves = [Double](repeating: 0, count: needsGradient ? p : 0)
      for k in weights.indices where weights[k] != 0 || needsGradient {
        let (value, slope) = correction(k, values[row])
        shift += weights[k] * value
        stretch += weights[k] * slope
        for d in moves.indices { moves[d] += slopes[k * p + d] * value }
      }
      values[row] += shift
      for d in moves.indices {
        gradient[row * p + d] = stretch * gradient[row * p + d] + moves[d]
      }
    }
  }

  /// δ_k and its derivative at a value of log r.
  private func correction(_ k: Int, _ value: Double) -> (value: Double, slope: Double) {
    let knots = calibration.knots[k]
    let corrections = calibration.corrections[k]
    let last = knots.count - 1
    guard last > 0, value > knots[0] else { return (corrections[0], 0) }
    guard value < knots[last] else { return (corrections[last], 0) }
    var (low, high) = (0, last)
    while high - low > 1 {
      let middle = (low + high) / 2
      if knots[middle] <= value { low = middle } else { high = middle }
    }
    let slope = (corrections[high] - corrections[low]) / (knots[high] - knots[low])
    return (corrections[low] + slope * (value - knots[low]), slope)
  }
}

extension PointInterpolation {
  /// - Parameter points: row-major [point][parameter], none twice.
  init(points: [Double], scales: [Double]) throws {
    try self.init(points: points, scales: scales) { elements, size in
      try Matrix(rows: size, columns: size, elements: elements).inverse().elements
    }
  }
}
