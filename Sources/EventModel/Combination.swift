import Diagnostics

/// How samples of one process share the phase space they all cover.
public enum Combination: String, Sendable, CaseIterable {
  /// The balance heuristic of multiple importance sampling (Veach and Guibas 1995, eq. 9).
  case balance
  /// n_s/Σn for every row of sample s, as MadMiner does.
  case average
  /// Only the samples of the benchmark closest to θ (Euclidean, raw coordinates), with all backgrounds.
  case closest
}

/// The factor f_e that multiplies the weights of a row so that samples of one process are combined, not added.
///
/// Balance: f_e = c_s|W_es| / Σ_s' c_s'|W_es'| with c_s = n_s/σ_s, s the row's own sample, s' all samples of its process,
/// W_es the row's weight at the benchmark of sample s. A partition of unity at every phase-space point, so every σ(θ)
/// and expectation stays unbiased. Factors are never written into files.
public struct RowFactors: Sendable {
  public let combination: Combination
  private let samples: [SampleRecord]
  /// For each sample, the samples of its process with their benchmark and c_s.
  private let mates: [[(benchmark: Int, c: Double)]]
  private let own: [Double]
  private let constant: [Double?]

  /// `theta` and `benchmarks` are used by `closest` only.
  public init(
    _ combination: Combination, samples: [SampleRecord], benchmarks: [Benchmark] = [],
    theta: [Double]? = nil
  ) throws {
    self.combination = combination
    self.samples = samples
    func processMates(_ s: Int) -> [Int] {
      samples.indices.filter {
        samples[$0].process == samples[s].process
          && samples[$0].isBackground == samples[s].isBackground
      }
    }
    for s in samples.indices {
      for t in processMates(s) where samples[t].kFactor != samples[s].kFactor {
        throw Problem(
          .data,
          "samples \(samples[s].file) and \(samples[t].file) of process "
            + "\(samples[s].process) have different k-factors",
          remedy: "give one k-factor per process, or name two processes")
      }
    }
    let c = samples.map {
      $0.sumAbsoluteWeights > 0 ? $0.kishNumber / $0.sumAbsoluteWeights : Double($0.eventsRead)
    }
    own = c
    var nearest: Int?
    if combination == .closest {
      guard let theta else {
        throw Problem(.usage, "--combine closest needs a parameter point")
      }
      let candidates = samples.filter { !$0.isBackground && $0.eventsKept > 0 }
      nearest = Set(candidates.map(\.samplingBenchmark)).sorted().min { a, b in
        Self.distance(benchmarks[a].values, theta) < Self.distance(benchmarks[b].values, theta)
      }
    }
    mates = samples.indices.map { s in
      processMates(s).map { (samples[$0].samplingBenchmark, c[$0]) }
    }
    constant = samples.indices.map { s in
      let group = processMates(s)
      if combination == .closest, !samples[s].isBackground {
        guard samples[s].samplingBenchmark == nearest else { return 0 }
        let same = group.filter { samples[$0].samplingBenchmark == nearest }
        return Double(samples[s].eventsKept)
          / Double(same.reduce(0) { $0 + samples[$1].eventsKept })
      }
      if group.count == 1 { return 1 }
      if combination == .balance, !samples[s].isBackground { return nil }
      // Backgrounds carry one weight at every benchmark, so for them the balance heuristic is the average by c_s.
      if combination == .balance {
        return c[s] / group.reduce(0) { $0 + c[$1] }
      }
      let n = group.reduce(0) { $0 + samples[$1].eventsKept }
      return n > 0 ? Double(samples[s].eventsKept) / Double(n) : 0
    }
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// f_e of a row; `weights` holds its weights in the order of the benchmarks.
  @inlinable
  public func factor(sample: Int, weights: UnsafePointer<Double>) -> Double {
    if let fixed = fixed(sample) { return fixed }
    return balanced(sample: sample, weights: weights)
  }

  /// The factor of every row of a sample, where it does not depend on the row.
  public func fixed(_ sample: Int) -> Double? { constant[sample] }

  @usableFromInline
  func balanced(sample: Int, weights: UnsafePointer<Double>) -> Double {
    var denominator = 0.0
    for mate in mates[sample] { denominator += mate.c * abs(weights[mate.benchmark]) }
    guard denominator > 0 else { return 0 }
    return own[sample] * abs(weights[samples[sample].samplingBenchmark]) / denominator
  }
}
