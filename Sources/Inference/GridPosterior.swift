import Diagnostics
import EventModel
import Numerics

/// A posterior on a grid: ln π(θ|D) = ln π(θ) + ln L(θ) − ln Z, summed over cells of equal volume.
///
/// The prior is normalised on the grid, so that Z = E_π[L] whatever the grid leaves out.
public struct GridPosterior: Sendable {
  /// A highest-density region: the smallest set of cells that holds a probability.
  public struct Region: Sendable, Equatable {
    public var level: Double
    /// The density of its last cell, per unit of the gridded parameters.
    public var density: Double
    public var cells: Int
    /// Length, area or volume.
    public var size: Double
    /// It holds cells at the border of the grid.
    public var reachesBorder: Bool
  }

  public let axes: [GridAxis]
  public let points: [[Double]]
  /// ln of the posterior density per unit of the gridded parameters; −inf where prior or likelihood vanish.
  public let logDensity: [Double]
  /// ln E_π[L].
  public let logEvidence: Double
  /// The gridded parameters' mean and covariance (row-major), and the best cell.
  public let mean: [Double]
  public let covariance: [Double]
  public let best: Int
  public let regions: [Region]
  /// The density of each gridded parameter along its axis, the others summed over.
  public let marginals: [[Double]]

  /// - Parameters:
  ///   - points: the grid, the last axis running fastest.
  ///   - gridded: indices of the parameters with an axis.
  ///   - logLikelihood: NaN where it is not defined, which counts as zero.
  /// - Throws: `.data` where nothing on the grid has a finite posterior.
  public init(
    axes: [GridAxis], points: [[Double]], gridded: [Int], logPrior: [Double],
    logLikelihood: [Double], levels: [Double]
  ) throws {
    self.axes = axes
    self.points = points
    let cell = axes.reduce(1) { $0 * ($1.upper - $1.lower) / Double($1.count - 1) }
    let joint = zip(logPrior, logLikelihood).map { prior, likelihood in
      likelihood.isNaN || prior == -.infinity ? -.infinity : prior + likelihood
    }
    let sum = Self.logSumExp(joint)
    guard sum.isFinite else {
      throw Problem(
        .data, "the posterior is zero on the whole grid",
        remedy: "choose a grid where the prior is not zero and the cross section is positive")
    }
    logEvidence = sum - Self.logSumExp(logPrior)
    let probability = joint.map { exponential($0 - sum) }
    logDensity = joint.map { $0 - sum - logarithm(cell) }
    best = joint.indices.max { (joint[$0], $1) < (joint[$1], $0) } ?? 0
    let n = gridded.count
    var mean = [Double](repeating: 0, count: n)
    for (p, theta) in zip(probability, points) {
      for (k, i) in gridded.enumerated() { mean[k] += p * theta[i] }
    }
    var covariance = [Double](repeating: 0, count: n * n)
    for (p, theta) in zip(probability, points) {
      for (k, i) in gridded.enumerated() {
        for (l, j) in gridded.enumerated() {
          covariance[k * n + l] += p * (theta[i] - mean[k]) * (theta[j] - mean[l])
        }
      }
    }
    (self.mean, self.covariance) = (mean, covariance)
    marginals = axes.indices.map { Self.marginal(axes, $0, probability) }
    regions = Self.regions(axes, probability, levels: levels, cell: cell)
  }

  /// The central interval of the marginal along an axis, of equal probability on both sides; cells are uniform inside.
  public func centralInterval(_ k: Int, level: Double) -> (lower: Double, upper: Double) {
    let tail = 0.5 * (1 - level)
    return (quantile(k, tail), quantile(k, 1 - tail))
  }

  /// The shortest interval of the marginal along an axis.
  public func shortestInterval(_ k: Int, level: Double) -> (lower: Double, upper: Double) {
    // Both ends move together: from the lowest to the largest tail below.
    let steps = 400
    let all = (0...steps).map { step -> (lower: Double, upper: Double) in
      let tail = (1 - level) * Double(step) / Double(steps)
      return (quantile(k, tail), quantile(k, min(1, tail + level)))
    }
    return all.min { $0.upper - $0.lower < $1.upper - $1.lower } ?? centralInterval(k, level: level)
  }

  private func quantile(_ k: Int, _ probability: Double) -> Double {
    let axis = axes[k]
    let width = (axis.upper - axis.lower) / Double(axis.count - 1)
    var sum = 0.0
    for (i, density) in marginals[k].enumerated() {
      let p = density * width
      if sum + p >= probability, p > 0 {
        let edge = axis.lower + (Double(i) - 0.5) * width
        // Cells at the ends stick out of the grid by half.
        return min(max(edge + width * (probability - sum) / p, axis.lower), axis.upper)
      }
      sum += p
    }
    return axis.upper
  }

  /// ln Σ exp, −inf for nothing.
  static func logSumExp(_ values: [Double]) -> Double {
    guard let top = values.max(), top > -.infinity else { return -.infinity }
    return top + logarithm(compensatedSum(values.lazy.map { exponential($0 - top) }))
  }

  private static func marginal(
    _ axes: [GridAxis], _ k: Int, _ probability: [Double]
  ) -> [Double] {
    let stride = axes[(k + 1)...].reduce(1) { $0 * $1.count }
    var sums = [Double](repeating: 0, count: axes[k].count)
    for (index, p) in probability.enumerated() { sums[index / stride % axes[k].count] += p }
    let width = (axes[k].upper - axes[k].lower) / Double(axes[k].count - 1)
    return sums.map { $0 / width }
  }

  private static func regions(
    _ axes: [GridAxis], _ probability: [Double], levels: [Double], cell: Double
  ) -> [Region] {
    let order = probability.indices.sorted { (probability[$0], $1) > (probability[$1], $0) }
    func isAtBorder(_ index: Int) -> Bool {
      var rest = index
      for axis in axes.reversed() {
        let k = rest % axis.count
        if k == 0 || k == axis.count - 1 { return true }
        rest /= axis.count
      }
      return false
    }
    return levels.map { level in
      var sum = CompensatedSum()
      var count = 0
      var touches = false
      while count < order.count, sum.value < level {
        sum.add(probability[order[count]])
        touches = touches || isAtBorder(order[count])
        count += 1
      }
      return Region(
        level: level, density: probability[order[max(0, count - 1)]] / cell, cells: count,
        size: Double(count) * cell, reachesBorder: touches)
    }
  }
}
