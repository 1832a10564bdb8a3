import Diagnostics
import EventModel

/// What `augment` makes.
public enum SampleMethod: String, Sendable, CaseIterable {
  /// x, θ
  case plain
  /// x, θ and the joint score at θ
  case score
  /// x, θ0, θ1, y, joint log ratio and joint score at θ0
  case ratio
  /// As plain, from the test part
  case test

  public var defaultPart: Partition { self == .test ? .test : .train }
}

/// Everything that decides a sample's rows.
public struct SamplePlan: Sendable {
  public var method: SampleMethod
  /// Numerator of a ratio, or the one hypothesis of the other methods.
  public var theta0: ThetaSource
  /// Denominator of a ratio.
  public var theta1: ThetaSource?
  /// Rows in all, whatever the shards; nil has no end.
  public var count: Int?
  public var seed: UInt64
  public var negative: NegativeEvents?

  /// - Parameter negative: nil is signed rows where the events have negative weights, else refuse.
  public init(
    method: SampleMethod, theta0: ThetaSource, theta1: ThetaSource? = nil, count: Int?,
    seed: UInt64, negative: NegativeEvents? = nil
  ) {
    self.method = method
    self.theta0 = theta0
    self.theta1 = theta1
    self.count = count
    self.seed = seed
    self.negative = negative
  }

  /// Rows have a joint score; between benchmarks without a morphing basis a ratio has none.
  func hasScore(_ setup: Setup) -> Bool {
    method == .score || (method == .ratio && setup.morphing != nil)
  }
}

extension EventTable {
  /// The point at which `closest` chooses the sample, which must be the same for all hypotheses.
  /// - Throws: `.usage` for a prior, and where points are closest to different samples.
  public func closestPoint(_ sources: [ThetaSource]) throws -> [Double] {
    var chosen: (point: [Double], factors: [Double?])?
    for source in sources {
      guard let points = source.list else {
        throw Problem(
          .usage, "--combine closest needs points, not a prior",
          remedy: "use --combine balance")
      }
      for point in points {
        let rule = try RowFactors(
          .closest, samples: samples, benchmarks: setup.benchmarks, theta: point)
        let factors = samples.indices.map { rule.fixed($0) }
        if let chosen, chosen.factors != factors {
          throw Problem(
            .usage,
            "the points "
              + PointText.describe(chosen.point, names: setup.parameterNames) + " and "
              + PointText.describe(point, names: setup.parameterNames)
              + " are closest to different samples",
            remedy: "use --combine balance")
        }
        chosen = chosen ?? (point, factors)
      }
    }
    guard let chosen else { throw Problem(.usage, "a hypothesis is missing") }
    return chosen.point
  }
}
