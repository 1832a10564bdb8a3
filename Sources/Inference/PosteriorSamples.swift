import Diagnostics
import EventModel
import Numerics

/// Samples of a posterior with what says whether they can be trusted.
public struct PosteriorSamples: Sendable {
  public let method: MarkovChains.Method
  /// Rows of chain after chain, [row][parameter].
  public let points: [[Double]]
  /// ln π + ln L of each row, up to the constant of the likelihood.
  public let values: [Double]
  /// The chain of each row.
  public let chains: [Int]
  /// Parameters that vary.
  public let free: [Int]
  /// Mean, standard deviation, split-R̂ and effective sample size of each free parameter.
  public let mean: [Double]
  public let standardDeviation: [Double]
  public let rHat: [Double]
  public let effectiveSize: [Double]
  /// Row-major, of the free parameters.
  public let covariance: [Double]
  public let acceptance: Double
  /// The row with the largest density.
  public let best: Int

  /// What R̂ and the effective size must reach, and the R̂ beyond which samples are refused.
  public static let goodRHat = 1.01
  public static let largestRHat = 1.1
  public static let leastEffectiveSize = 400.0

  init(_ series: [MarkovChains.Series], free: [Int], method: MarkovChains.Method) {
    self.method = method
    self.free = free
    let rows = series.flatMap(\.points)
    points = rows
    values = series.flatMap(\.values)
    chains = series.flatMap { s in s.points.map { _ in s.chain } }
    let tried = series.reduce(0) { $0 + $1.tried }
    acceptance = Double(series.reduce(0) { $0 + $1.accepted }) / Double(max(1, tried))
    let n = Double(rows.count)
    let columns = free.map { p in rows.map { $0[p] } }
    let means = columns.map { compensatedSum($0) / n }
    mean = means
    var covariance = [Double](repeating: 0, count: free.count * free.count)
    for i in free.indices {
      for j in free.indices {
        covariance[i * free.count + j] =
          compensatedSum(
            zip(columns[i], columns[j]).lazy.map { ($0 - means[i]) * ($1 - means[j]) }) / (n - 1)
      }
    }
    self.covariance = covariance
    let count = free.count
    standardDeviation = free.indices.map { [covariance] in covariance[$0 * count + $0].squareRoot()
    }
    // Chains are independent, walkers of one ensemble are not: R̂ compares whole ensembles, whose steps stand in order of
    // time so that halves are those of time; autocorrelations are those along walkers.
    let groups = Dictionary(grouping: series, by: \.chain).sorted { $0.key < $1.key }.map(\.value)
    rHat = free.map { p in
      ChainDiagnostics(
        groups.map { group in
          (group.first?.points ?? []).indices.flatMap { step in
            group.map { $0.points[step][p] }
          }
        }, wantsSize: false
      ).rHat
    }
    effectiveSize = free.map { p in
      ChainDiagnostics(series.map { $0.points.map { $0[p] } }).effectiveSize
    }
    let values = values
    best = values.indices.max { (values[$0], $1) < (values[$1], $0) } ?? 0
  }

  public var isConverged: Bool {
    rHat.allSatisfy { $0 < Self.goodRHat }
      && effectiveSize.allSatisfy { $0 > Self.leastEffectiveSize }
  }

  /// Warns where the chains have not converged well, and refuses where they have not converged.
  /// - Throws: `.data` for R̂ above 1.1, or NaN.
  public func check(names: [String], journal: Journal?) throws {
    for (k, p) in free.enumerated() {
      func rounded(_ x: Double) -> Double { (x * 1000).rounded() / 1000 }
      guard rHat[k] < Self.largestRHat else {
        throw Problem(
          .data, "the chains have not converged: R-hat of '\(names[p])' is \(rounded(rHat[k]))",
          remedy: "give more --warm-up and --samples, a narrower prior, or --grid")
      }
      if rHat[k] >= Self.goodRHat || effectiveSize[k] <= Self.leastEffectiveSize {
        journal?.warn(
          "posterior.convergence",
          "R-hat of '\(names[p])' is \(rounded(rHat[k])) and its effective sample size \(Int(effectiveSize[k])); give more --samples (wanted: below 1.01, above 400)"
        )
      }
    }
  }

  /// The central interval of a free parameter.
  public func centralInterval(_ k: Int, level: Double) -> (lower: Double, upper: Double) {
    let ends = weightedQuantiles(
      points.map { $0[free[k]] }, probabilities: [(1 - level) / 2, (1 + level) / 2])
    return (ends[0], ends[1])
  }

  /// The shortest interval of a free parameter that holds a fraction of the samples.
  public func shortestInterval(_ k: Int, level: Double) -> (lower: Double, upper: Double) {
    let sorted = points.map { $0[free[k]] }.sorted()
    let width = min(sorted.count - 1, Int((level * Double(sorted.count)).rounded(.up)))
    let start =
      (0..<sorted.count - width).min {
        (sorted[$0 + width] - sorted[$0], $0) < (sorted[$1 + width] - sorted[$1], $1)
      } ?? 0
    return (sorted[start], sorted[start + width])
  }
}

/// Split-R̂ and the effective sample size of one quantity in several chains of equal length (Gelman et al., Bayesian Data
/// Analysis, 3rd ed., 11.4 and 11.5; the autocorrelations are cut off as in Geyer, Stat. Sci. 7 (1992) 473).
public struct ChainDiagnostics: Sendable {
  public let rHat: Double
  public let effectiveSize: Double

  /// - Parameter wantsSize: false leaves the effective size out, which takes the longer time.
  public init(_ chains: [[Double]], wantsSize: Bool = true) {
    let half = (chains.first?.count ?? 0) / 2
    guard half >= 4 else {
      (rHat, effectiveSize) = (.nan, 0)
      return
    }
    let split = chains.flatMap { [Array($0[..<half]), Array($0[($0.count - half)...])] }
    let (m, n) = (Double(split.count), Double(half))
    let means = split.map { compensatedSum($0) / n }
    let variances = zip(split, means).map { chain, mean in
      compensatedSum(chain.lazy.map { ($0 - mean) * ($0 - mean) }) / (n - 1)
    }
    let grand = means.reduce(0, +) / m
    let between = n / (m - 1) * means.reduce(0) { $0 + ($1 - grand) * ($1 - grand) }
    let within = variances.reduce(0, +) / m
    guard within > 0 else {
      (rHat, effectiveSize) = (.nan, 0)
      return
    }
    let pooled = (n - 1) / n * within + between / n
    rHat = (pooled / within).squareRoot()
    guard wantsSize else {
      effectiveSize = .nan
      return
    }
    // ρ_t = 1 − (W − mean autocovariance at t)/var⁺; pairs are summed while they are positive and do not grow.
    func correlation(_ lag: Int) -> Double {
      var sum = 0.0
      for (chain, mean) in zip(split, means) {
        var part = 0.0
        for i in 0..<half - lag { part += (chain[i] - mean) * (chain[i + lag] - mean) }
        sum += part / n
      }
      return 1 - (within - sum / m) / pooled
    }
    var time = -1.0
    var previous = Double.infinity
    var lag = 0
    while lag + 1 < half {
      var pair = (lag == 0 ? 1 : correlation(lag)) + correlation(lag + 1)
      guard pair > 0 else { break }
      pair = min(pair, previous)
      previous = pair
      time += 2 * pair
      lag += 2
    }
    effectiveSize = min(m * n / max(time, 1 / logarithm(m * n)), m * n * logarithm(m * n))
  }
}
