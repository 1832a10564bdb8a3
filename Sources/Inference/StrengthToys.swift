import EventModel
import Numerics

/// CLs by pseudo-experiments: the distribution of a one-sided statistic with signal of strength μ and without.
public struct StrengthToys: Sendable {
  /// Statistics of the pseudo-experiments, ascending.
  let signal: [Double]
  let background: [Double]

  public init(signal: [Double], background: [Double]) {
    self.signal = signal.sorted()
    self.background = background.sorted()
  }

  /// Tail probabilities with the data counted as one of the toys, and their binomial errors.
  public func confidence(_ statistic: Double) -> (value: StrengthTest.Confidence, error: Double) {
    func tail(_ sorted: [Double]) -> (p: Double, error: Double) {
      let above = sorted.count - NeymanConstruction.countBelow(statistic, in: sorted)
      let p = Double(1 + above) / Double(1 + sorted.count)
      return (p, (p * (1 - p) / Double(1 + sorted.count)).squareRoot())
    }
    let (sb, b) = (tail(signal), tail(background))
    let value = StrengthTest.Confidence(
      statistic: statistic, signalAndBackground: sb.p, background: b.p)
    let relative = (sb.error / sb.p * (sb.error / sb.p) + b.error / b.p * (b.error / b.p))
    return (value, value.cls * relative.squareRoot())
  }

  /// CLs of background-only experiments at the quantiles Φ(N), N = −2 … 2: a larger N is a larger CLs, which is a smaller
  /// statistic.
  public var expected: [Double] { bands.map(\.value.cls) }
  /// Their binomial errors.
  public var expectedErrors: [Double] { bands.map(\.error) }

  private var bands: [(value: StrengthTest.Confidence, error: Double)] {
    weightedQuantiles(background, probabilities: NeymanConstruction.bands.map { Normal.cdf(-$0) })
      .map(confidence)
  }

  /// Of a counting experiment, γ as the data fixes it at μ and at 0.
  public init(
    _ data: CountingLikelihood, mu: Double, statistic: StrengthTest.Statistic,
    bounds: ClosedRange<Double>, toys: Int, seed: UInt64, index: Int, team: ThreadTeam
  ) throws {
    func draw(_ truth: Double, _ purpose: RandomPurpose) throws -> [Double] {
      try team.mapRanges(of: toys, size: 128) { range in
        try range.map { toy in
          var stream = PhiloxStream(
            seed: seed, purpose: purpose, item: UInt64(index) << 32 | UInt64(toy))
          let test = try StrengthTest(
            observed: nil, asimov: data.toy(at: truth, &stream), statistic: statistic,
            bounds: [bounds])
          return try test.observedStatistic(mu)
        }
      }.flatMap { $0 }
    }
    self.init(signal: try draw(mu, .toys), background: try draw(0, .experiments))
  }
}

extension ToyTable {
  /// q_μ or q̃_μ of the likelihoods on a grid of one parameter, whose values ascend: the maximum is over the grid.
  func strengthStatistic(
    _ sums: UnsafePointer<Double>, at h: Int, null: Int, _ kind: StrengthTest.Statistic
  ) -> Double {
    let first = kind == .qtilde ? null : 0
    var (best, at) = (-Double.infinity, first)
    for i in first..<gridCount where sums[i] > best { (best, at) = (sums[i], i) }
    return at > h ? 0 : 2 * (best - sums[h])
  }

  /// The same of likelihoods that were computed already.
  public func strengthStatistic(
    of totals: [Double], at h: Int, null: Int, _ kind: StrengthTest.Statistic
  ) -> Double {
    totals.withUnsafeBufferPointer { sums in
      sums.baseAddress.map { strengthStatistic($0, at: h, null: null, kind) } ?? .nan
    }
  }

  /// The statistic of all points at or above `null` of pseudo-experiments drawn at one of them, [toy][point].
  public func strengthStatistics(
    drawnAt truth: Int, points: [Int], null: Int, _ kind: StrengthTest.Statistic,
    drawing: ToyDrawing, toys: Int, seed: UInt64, purpose: RandomPurpose, team: ThreadTeam
  ) -> [Double] {
    drawing.map(toys: 0..<toys, seed: seed, purpose: purpose, index: truth, team: team) {
      sums, result in
      for h in points { result.append(strengthStatistic(sums, at: h, null: null, kind)) }
    }
  }
}
