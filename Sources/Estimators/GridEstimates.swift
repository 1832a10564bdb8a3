import EventModel

extension Estimator {
  /// log r̂ of every row at every point, rows × points; faster than point by point where the network allows it.
  ///
  /// - Parameter points: points × parameters.
  public func logRatios(x: [Double], points: [Double]) throws -> [Double] {
    let p = parameterNames.count
    let rows = x.count / observableNames.count
    let count = points.count / p
    let areKnown = (0..<count).allSatisfy { isKnown(Array(points[$0 * p..<($0 + 1) * p])) }
    if target == .ratio, !hasTwoHypotheses, areKnown,
      let values = grid(x: x, points: points, rows: rows)
    {
      return values
    }
    var result = [Double](repeating: 0, count: rows * count)
    for k in 0..<count {
      let own = try logRatio(x: x, theta: Array(points[k * p..<(k + 1) * p]))
      for row in 0..<rows { result[row * count + k] = own[row] }
    }
    return result
  }

  /// Nil where a network has no such form.
  private func grid(x: [Double], points: [Double], rows: Int) -> [Double]? {
    let p = parameterNames.count
    let count = points.count / p
    guard rows > 0, count > 0 else { return nil }
    if ensembles.count == 1, let ensemble = ensembles.first, ensemble.calibration == nil,
      let network = ensemble.networks.first, ensemble.networks.count == 1
    {
      return network.grid(x: x, points: points, rows: rows, team: team)
    }
    var mean = [Double](repeating: 0, count: rows * count)
    for ensemble in ensembles {
      var sum = mean.map { _ in 0.0 }
      for network in ensemble.networks {
        guard let own = network.grid(x: x, points: points, rows: rows, team: team) else {
          return nil
        }
        for i in own.indices { sum[i] += own[i] }
      }
      let members = Double(ensemble.networks.count)
      for i in sum.indices { sum[i] /= members }
      if let calibration = ensemble.calibration {
        calibration.apply(toGrid: &sum, points: points)
      }
      for i in mean.indices { mean[i] += sum[i] }
    }
    return mean.map { $0 / Double(ensembles.count) }
  }
}

extension CalibratedRatio {
  /// Corrects log r of rows × points.
  func apply(toGrid values: inout [Double], points: [Double]) {
    let p = calibration.scales.count
    let count = points.count / p
    let rows = values.count / count
    for k in 0..<count {
      var own = (0..<rows).map { values[$0 * count + k] }
      var none: [Double] = []
      apply(to: &own, gradient: &none, theta: Array(points[k * p..<(k + 1) * p]))
      for row in 0..<rows { values[row * count + k] = own[row] }
    }
  }
}
