import Diagnostics
import EventModel

/// What `augment` makes.
public enum SampleMethod: String, Sendable, CaseIterable {
  /// x, θ
  case plain
  /// x, θ and the joint score at θ
  case score
  /// As score; for densities, whose θ come from a prior
  case density
  /// x, θ0, θ1, y, joint log ratio and joint scores
  case ratio
  /// As ratio, each event with further hypotheses besides
  case ratios
  /// As plain, from the test part
  case test

  public var defaultPart: Partition { self == .test ? .test : .train }
  /// Rows have two hypotheses.
  public var isRatio: Bool { self == .ratio || self == .ratios }
}

/// What becomes of nuisance parameters.
public enum NuisanceTreatment: String, Sendable, CaseIterable {
  /// They are 0 and have no columns.
  case none
  /// They are coordinates of the hypotheses and components of the scores.
  case keep
  /// They are coordinates; scores of the parameters are profiled over them.
  case profile
}

/// Everything that decides a sample's rows.
public struct SamplePlan: Sendable {
  public var method: SampleMethod
  /// Numerator of a ratio, or the one hypothesis of the other methods.
  public var theta0: ThetaSource
  /// Denominator of a ratio.
  public var theta1: ThetaSource?
  /// Further hypotheses of `ratios`.
  public var additional: [ThetaSource] = []
  /// Rows in all, whatever the shards; nil has no end.
  public var count: Int?
  public var seed: UInt64
  public var negative: NegativeEvents?
  /// Every event is a row with the weight that it has, and none is drawn.
  public var isWeighted = false
  public var nuisance = NuisanceTreatment.none
  /// Events that follow one another and share the ν drawn from a prior, each of which costs a pass over the events.
  public var eventsPerNuisancePoint = 256
  /// Limits of |t_xz| and |log_r_xz|; nil is none.
  public var scoreClip: Double?
  public var logRatioClip: Double?

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

  /// Rows have a joint score; without a morphing basis a ratio has one where all of its numerators are benchmarks with
  /// shifted ones beside them.
  func hasScore(_ setup: Setup) -> Bool {
    switch method {
    case .plain, .test: false
    case .score, .density: true
    case .ratio, .ratios:
      setup.morphing != nil || ([theta0] + additional).allSatisfy { Self.hasShifted($0, setup) }
    }
  }

  /// Rows have a joint score at θ1 too: where θ1 is not the same in all of them.
  func hasDenominatorScore(_ setup: Setup) -> Bool {
    guard method.isRatio, hasScore(setup), !additional.isEmpty || theta1?.list?.count != 1
    else { return false }
    return setup.morphing != nil
      || ([theta1].compactMap { $0 } + additional).allSatisfy { Self.hasShifted($0, setup) }
  }

  /// All hypotheses are benchmarks whose neighbours give finite differences.
  private static func hasShifted(_ source: ThetaSource, _ setup: Setup) -> Bool {
    guard let points = source.list, let bases = setup.finiteDifferences?.bases.map(\.base)
    else { return false }
    let physics = setup.parameters.count
    return points.allSatisfy { point in
      setup.benchmarks.contains {
        bases.contains($0.name) && $0.values.elementsEqual(point.prefix(physics))
      }
    }
  }

  /// - Throws: `.usage` for what cannot be combined, `.data` for what the events do not allow.
  func check(_ events: WeightedEvents) throws {
    guard !method.isRatio || theta1 != nil else {
      throw Problem(.usage, "a ratio needs a denominator hypothesis", remedy: "give --theta1")
    }
    guard additional.isEmpty == (method != .ratios) else {
      throw Problem(
        .usage, "further hypotheses and 'ratios' need each other", remedy: "give --additional")
    }
    guard let response = events.nuisance else { return }
    guard isWeighted || response.count == 0 || !events.weights.contains(where: { $0 < 0 }) else {
      throw Problem(
        .data, "events of negative weight are not drawn with nuisance parameters",
        remedy: "give --weighted, which draws none")
    }
  }

  /// All hypotheses.
  public var sources: [ThetaSource] { [theta0] + (theta1.map { [$0] } ?? []) + additional }
}

/// Which event and which hypotheses a row has.
///
/// Of a ratio even events are of the numerator and odd ones of the denominator, so that every prefix is
/// balanced; an event of `ratios` has one row for each pair of hypotheses.
struct RowPlace {
  /// Number of the event, in order.
  let event: Int
  /// Counts the members of lists.
  let turn: Int
  let isDenominator: Bool
  /// 0 for θ0 and θ1 themselves, k for the k-th further hypothesis.
  let slot: Int

  init(_ row: Int, _ plan: SamplePlan) {
    let slots = 1 + plan.additional.count
    event = row / slots
    slot = row % slots
    isDenominator = plan.method.isRatio && event & 1 == 1
    turn = plan.method.isRatio ? event / 2 : event
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
      for coordinates in points {
        let point = Array(coordinates.prefix(setup.parameters.count))
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
