import Diagnostics

/// Paths of the columns of a training sample. Present are those the method needs.
public enum SampleFields {
  /// Observables.
  public static let x = "x"
  /// Numerator and denominator hypotheses, coordinates in parameter order.
  public static let theta0 = "theta0"
  public static let theta1 = "theta1"
  /// 0: drawn from theta0 (numerator); 1: drawn from theta1 (denominator).
  public static let y = "y"
  /// log p(x,z|θ0) − log p(x,z|θ1); ±inf is legal.
  public static let logRatio = "log_r_xz"
  /// Joint score at θ0 and at θ1: +∇ log p, so ∂ log r/∂θ1 = −t_xz1.
  public static let score0 = "t_xz0"
  public static let score1 = "t_xz1"
  /// Weight of the row, where not one.
  public static let weight = "weight"
  public static let eventID = "event_id"
  /// Index of the sample of the event; not `sample`, which is the group of what describes the rows.
  public static let sample = "sample_index"
}

/// How well a hypothesis is described by the events.
public struct EffectiveNumber: Sendable, Equatable {
  /// Its coordinates.
  public var theta: [Double]
  /// Kish's (Σdσ)²/Σdσ².
  public var kish: Double
  /// 1/max_e p_e, which one heavy event decides.
  public var byLargestShare: Double

  public init(theta: [Double], kish: Double, byLargestShare: Double) {
    self.theta = theta
    self.kish = kish
    self.byLargestShare = byLargestShare
  }
}

/// The part of the points of a prior that is described by fewer effective events than some number.
public struct EffectiveQuantile: Sendable, Equatable {
  /// The share of points, 0 to 1.
  public var share: Double
  /// Kish's number.
  public var kish: Double

  public init(share: Double, kish: Double) {
    self.share = share
    self.kish = kish
  }

  /// The shares that a sample has.
  public static let shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
}

/// What a training sample is, besides its rows: the content of its document under `sample`.
public struct SampleInfo: Sendable, Equatable {
  /// `plain`, `score`, `density`, `ratio`, `ratios` or `test`; `import` for rows of another program.
  public var method: String
  /// As given on the command line.
  public var theta0: String
  public var theta1: String
  /// The single denominator hypothesis, or the reference point of a score; empty where there are several.
  public var theta1Values: [Double]
  /// Σ_e f_e W_eb over all rows of the events file [pb], per physics benchmark: the one σ(θ).
  public var benchmarkTotals: [Double]
  public var partition: PartitionDefinition
  public var part: Partition
  public var combination: Combination
  /// Smallest Kish number of the hypotheses rows were drawn at.
  public var minimumEffectiveEvents: Double
  /// Both effective numbers of every listed hypothesis; none where there is a prior alone.
  public var effective: [EffectiveNumber] = []
  /// How Kish's number is distributed over the points of a prior, from the least; none where all hypotheses are listed.
  public var effectiveQuantiles: [EffectiveQuantile] = []
  /// The group that holds these.
  public static let effectiveQuantilesPath = "sample/effective_events_of_prior"
  /// `none`, `keep` or `profile`.
  public var nuisance = "none"
  /// Of profiled scores: −I_θν I_νν⁻¹, row-major [parameter][nuisance parameter].
  public var profileMatrix: [Double] = []
  /// Rows are events with their weights, and none was drawn.
  public var isWeighted = false
  /// Content digest of the events the rows were drawn from.
  public var eventsDigest: String
  /// Parameters, benchmarks, morphing and observables of the events file.
  public var setup: Setup

  public init(
    method: String, theta0: String = "", theta1: String = "", theta1Values: [Double] = [],
    benchmarkTotals: [Double] = [], partition: PartitionDefinition = .init(),
    part: Partition = .train, combination: Combination = .balance,
    minimumEffectiveEvents: Double = 0, eventsDigest: String = "", setup: Setup = Setup()
  ) {
    self.method = method
    self.theta0 = theta0
    self.theta1 = theta1
    self.theta1Values = theta1Values
    self.benchmarkTotals = benchmarkTotals
    self.partition = partition
    self.part = part
    self.combination = combination
    self.minimumEffectiveEvents = minimumEffectiveEvents
    self.eventsDigest = eventsDigest
    self.setup = setup
  }

  /// The document of a sample's header, its setup included.
  public var document: Document {
    var d = setup.document()
    d.set("sample/method", method)
    d.set("sample/theta0", theta0)
    d.set("sample/theta1", theta1)
    d.set("sample/theta1_values", theta1Values)
    d.set("sample/benchmark_totals", benchmarkTotals)
    partition.write(to: &d, at: "sample/partition")
    d.set("sample/part", part.rawValue)
    d.set("sample/combination", combination.rawValue)
    d.set("sample/minimum_effective_events", minimumEffectiveEvents)
    if !effective.isEmpty {
      let width = effective[0].theta.count
      d.set(
        "sample/effective_events/theta", effective.flatMap(\.theta),
        shape: [effective.count, width])
      d.set("sample/effective_events/kish", effective.map(\.kish))
      d.set("sample/effective_events/by_largest_share", effective.map(\.byLargestShare))
    }
    if !effectiveQuantiles.isEmpty {
      d.set(Self.effectiveQuantilesPath + "/share", effectiveQuantiles.map(\.share))
      d.set(Self.effectiveQuantilesPath + "/kish", effectiveQuantiles.map(\.kish))
    }
    d.set("sample/nuisance", nuisance)
    if !profileMatrix.isEmpty {
      d.set(
        "sample/profile_matrix", profileMatrix,
        shape: [setup.parameters.count, setup.nuisanceParameters.count])
    }
    d.set("sample/weighted", isWeighted ? 1 : 0)
    d.set("sample/events_digest", eventsDigest)
    d.set("sample/conventions", Conventions.text)
    return d
  }

  public init(document d: Document) throws {
    guard let method = d.text("sample/method") else {
      throw Problem(.data, "this is not a training sample", remedy: "make one with augment")
    }
    self.init(
      method: method, theta0: d.text("sample/theta0") ?? "", theta1: d.text("sample/theta1") ?? "",
      theta1Values: d.reals("sample/theta1_values") ?? [],
      benchmarkTotals: d.reals("sample/benchmark_totals") ?? [],
      partition: PartitionDefinition(d, at: "sample/partition"),
      part: d.text("sample/part").flatMap(Partition.init) ?? .train,
      combination: d.text("sample/combination").flatMap(Combination.init) ?? .balance,
      minimumEffectiveEvents: d.real("sample/minimum_effective_events") ?? 0,
      eventsDigest: d.text("sample/events_digest") ?? "", setup: try Setup(document: d))
    let kish = d.reals("sample/effective_events/kish") ?? []
    let theta = d.reals("sample/effective_events/theta") ?? []
    let shares = d.reals("sample/effective_events/by_largest_share") ?? []
    if shares.count == kish.count, !kish.isEmpty, theta.count % kish.count == 0 {
      let width = theta.count / kish.count
      effective = kish.indices.map {
        EffectiveNumber(
          theta: Array(theta[($0 * width)..<(($0 + 1) * width)]), kish: kish[$0],
          byLargestShare: shares[$0])
      }
    }
    let points = d.reals(Self.effectiveQuantilesPath + "/share") ?? []
    effectiveQuantiles = zip(points, d.reals(Self.effectiveQuantilesPath + "/kish") ?? []).map {
      EffectiveQuantile(share: $0, kish: $1)
    }
    nuisance = d.text("sample/nuisance") ?? "none"
    profileMatrix = d.reals("sample/profile_matrix") ?? []
    isWeighted = d.integer("sample/weighted") == 1
  }
}

/// The conventions that every sample and model states.
public enum Conventions {
  public static let text =
    "y = 0 numerator (theta0), y = 1 denominator (theta1); log_r = log p(theta0) - log p(theta1); "
    + "t_xz1 = + score at theta1; bins [lo, hi); cross sections and weights in pb"
}
