import EventModel

extension BinnedModel {
  /// δ² = Σdσ²/σ² of every bin at θ, nominal otherwise, and its gradient over θ, row-major [bin][θ]: the relative variance
  /// that the simulation's statistics leave. 0 where σ_c = 0.
  func relativeVariances(at theta: [Double]) -> (values: [Double], gradients: [Double]) {
    let point = MorphedPoint(Array(theta.prefix(thetaCount)), morphing: morphing)
    let b = table.benchmarkCount
    var values = [Double](repeating: 0, count: binCount)
    var gradients = [Double](repeating: 0, count: binCount * thetaCount)
    for bin in 0..<binCount {
      let (sigma, slope) = point.crossSection(table, bin: bin)
      guard sigma != 0 else { continue }
      let pairs = table.pairMatrix(ofBin: bin)
      let square = sigma * sigma
      var variance = 0.0
      for i in 0..<b {
        var row = 0.0
        for j in 0..<b { row += point.weights[j] * pairs[i * b + j] }
        variance += point.weights[i] * row
        for p in 0..<thetaCount {
          gradients[bin * thetaCount + p] += 2 * point.gradients[p * b + i] * row / square
        }
      }
      values[bin] = max(0, variance) / square
      for p in 0..<thetaCount {
        gradients[bin * thetaCount + p] -= 2 * variance * slope[p] / (square * sigma)
      }
    }
    return (values, gradients)
  }
}
