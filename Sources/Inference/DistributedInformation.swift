import Diagnostics
import EventModel
import LinearAlgebra

/// How information on θ is distributed over an observable.
///
/// In each bin: `truth`, the sum of the events' own matrices; `rate`, the information of that bin of the histogram;
/// and with models `retained` and `full`, L Σ_e w_e (t_e + s)(t_e + s)ᵀ with t the regressed or the estimated score and
/// s = ∇ ln σ. An estimated score need not have mean 0, as that of the theory has; L w_e (E[t]sᵀ + sE[t]ᵀ) is taken off, so
/// that the sum is the kinematic information with the rate's. (Adding a bin's rate to its kinematic part, as MadMiner does,
/// counts the bin's mean score twice.)
///
/// Every bin has the covariance of its elements: see `DistributionErrors`.
public enum DistributedInformation {
  /// - Parameter detector: nil is without models; its parameters must be θ alone.
  /// - Throws: `.data` for an unknown observable and for NaN.
  public static func distribution(
    _ events: CombinedEvents, axis: BinAxis, at point: MorphedPoint, luminosity: Double,
    detector: DetectorInformation? = nil
  ) throws -> InformationDistribution {
    let table = try events.fill(axes: [axis])
    let n = point.parameterCount
    let bins = axis.binCount
    var rate = [Double](repeating: 0, count: bins * n * n)
    var sigmas = [Double](repeating: 0, count: bins)
    var slopes: [[Double]] = []
    for bin in 0..<bins {
      let (sigma, d) = point.crossSection(table, bin: bin)
      sigmas[bin] = sigma
      slopes.append(d)
      guard sigma != 0 else { continue }
      for i in 0..<n {
        for j in 0..<n { rate[(bin * n + i) * n + j] = luminosity * d[i] * d[j] / sigma }
      }
    }
    let x = try events.observations([axis.observable], rows: Array(0..<events.table.count))
    let binOfRow = x.map(axis.bin)
    let space = InformationSpace(thetaCount: n)
    let gradients = try EventGradients(events, point, space, freeNorms: []).all()
    var truth = [Double](repeating: 0, count: bins * n * n)
    for (row, sigma) in gradients.sigma.enumerated() where sigma != 0 {
      for i in 0..<n {
        let left = luminosity * gradients.values[row * n + i] / sigma
        for j in 0..<n {
          truth[(binOfRow[row] * n + i) * n + j] += left * gradients.values[row * n + j]
        }
      }
    }
    let errors = DistributionErrors(
      events, gradients, binOfRow: binOfRow, bins: bins, parameters: n, luminosity: luminosity)
    var result = InformationDistribution(
      axis: axis, crossSections: sigmas,
      entries: [
        .init(name: "truth", matrices: truth, covariances: errors.truth()),
        .init(name: "rate", matrices: rate, covariances: errors.rate(sigmas, slopes)),
      ])
    if let detector {
      let scores = try detector.scores()
      for (name, t) in [("retained", scores.regressed), ("full", scores.plugIn)] {
        var matrices = [Double](repeating: 0, count: bins * n * n)
        let (mean, s) = (detector.average(t, n), detector.rate)
        for (e, row) in detector.rows.enumerated() {
          let scale = detector.expectedEvents * detector.weights[e]
          for i in 0..<n {
            let left = scale * (t[e * n + i] + s[i])
            for j in 0..<n {
              matrices[(binOfRow[row] * n + i) * n + j] +=
                left * (t[e * n + j] + s[j]) - scale * (mean[i] * s[j] + s[i] * mean[j])
            }
          }
        }
        result.entries.append(
          .init(
            name: name, matrices: matrices,
            covariances: try errors.estimate(
              detector, t, matrices: matrices, isRegressed: name == "retained")))
      }
    }
    return result
  }

  /// The sums of a distribution over its bins, with their errors and biases: of `rate` those of the histogram, of the others
  /// those of the information that the sum is.
  public static func totals(
    of distribution: InformationDistribution, _ events: CombinedEvents, at point: MorphedPoint,
    luminosity: Double, detector: DetectorInformation? = nil
  ) throws -> [Information.Entry] {
    let known =
      [
        FisherInformation.truth(events, at: point, luminosity: luminosity),
        FisherInformation.binned(
          try events.fill(axes: [distribution.axis]), at: point, luminosity: luminosity,
          name: "rate"),
      ] + (try detector?.entries() ?? [])
    return distribution.entries.map { entry in
      let source = known.first { $0.name == entry.name }
      return Information.Entry(
        name: entry.name, matrix: distribution.sum(entry.name) ?? [],
        covariance: source?.covariance, bias: source?.bias)
    }
  }
}

extension InformationDistribution {
  /// The sum over the bins of one kind of information, row-major.
  public func sum(_ name: String) -> [Double]? {
    guard let entry = self[name] else { return nil }
    let size = entry.matrices.count / axis.binCount
    var sum = [Double](repeating: 0, count: size)
    for (k, value) in entry.matrices.enumerated() { sum[k % size] += value }
    return sum
  }
}
