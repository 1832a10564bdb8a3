import Diagnostics
import EventModel
import Glibc
import Networks
import Numerics

/// What a model loses when an observable tells it nothing: the loss after its values have been permuted among the events
/// (Breiman, Machine Learning 45 (2001) 5).
///
/// The loss of a score is the squared error against the joint score in units of its variance; of ratios and densities the
/// cross entropy with the joint ratio, averaged over points. Observables that say the same stand in for one another.
public struct PermutationImportance: Sendable {
  /// One observable.
  public struct Entry: Sendable, Equatable {
    public var observable: String
    /// Mean increase of the loss, and its standard error.
    public var increase: Double
    public var error: Double
    /// The increase over what the model gains on one that knows nothing.
    public var share: Double
    public var shareError: Double
  }

  private let estimator: Estimator
  private let events: WeightedTestEvents
  private let points: [[Double]]
  private let repeats: Int
  private let seed: UInt64
  private let journal: Journal

  public init(
    estimator: Estimator, events: WeightedTestEvents, points: [[Double]], repeats: Int,
    seed: UInt64, journal: Journal
  ) throws {
    guard estimator.target == .score || !points.isEmpty else {
      throw Problem(
        .usage, "a parameter point is missing", remedy: "give --theta POINT or --grid AXIS")
    }
    self.estimator = estimator
    self.events = events
    self.points = points
    self.repeats = repeats
    self.seed = seed
    self.journal = journal
  }

  /// Loss and gain of the model as it is, and the observables, the most important first.
  public func run() throws -> (loss: Double, gain: Double, entries: [Entry]) {
    let terms = try estimator.target == .score ? [scoreTerm()] : points.map(ratioTerm)
    let plain = try terms.map { try $0.losses(events.x) }
    let loss = mean(plain, terms)
    let gain = terms.reduce(0) { $0 + $1.ignorance } / Double(terms.count) - loss.value
    let names = estimator.observableNames
    var entries: [Entry] = []
    for (column, name) in names.enumerated() {
      var excess = plain.map { [Double](repeating: 0, count: $0.count) }
      for turn in 0..<repeats {
        let x = permuted(column, turn)
        for (t, term) in terms.enumerated() {
          let own = try term.losses(x)
          for i in own.indices { excess[t][i] += (own[i] - plain[t][i]) / Double(repeats) }
        }
      }
      let increase = mean(excess, terms)
      entries.append(
        Entry(
          observable: name, increase: increase.value, error: increase.error,
          share: increase.value / gain, shareError: increase.error / abs(gain)))
      journal.progress("observables", column + 1, of: names.count)
    }
    let order = entries.indices.sorted {
      (-entries[$0].increase, $0) < (-entries[$1].increase, $1)
    }
    return (loss.value, gain, order.map { entries[$0] })
  }

  /// The losses of a hypothesis.
  private struct Term {
    let weights: [Double]
    /// The mean loss of a model that knows nothing.
    let ignorance: Double
    let losses: ([Double]) throws -> [Double]
  }

  /// The mean over terms; their errors are added, since they are of the same events.
  private func mean(_ losses: [[Double]], _ terms: [Term]) -> WeightedMean {
    let means = zip(losses, terms).map { WeightedMean($0, weights: $1.weights) }
    let n = Double(means.count)
    return WeightedMean(
      value: means.reduce(0) { $0 + $1.value } / n, error: means.reduce(0) { $0 + $1.error } / n)
  }

  private func ratioTerm(_ theta: [Double]) throws -> Term {
    let numerator = try events.densities(at: theta)
    let denominator = try events.densities(at: estimator.referenceTheta)
    let targets = zip(numerator, denominator).map { min(1, max(0, $1 / ($0 + $1))) }
    return Term(weights: zip(numerator, denominator).map { $0 + $1 }, ignorance: log(2)) { x in
      try zip(estimator.logRatio(x: x, theta: theta), targets).map {
        softplus(-$0) * (1 - $1) + softplus($0) * $1
      }
    }
  }

  private func scoreTerm() throws -> Term {
    let theta = estimator.referenceTheta
    guard let joint = try events.scores(at: theta) else {
      throw Problem(
        .data, "the events have no joint scores", remedy: "make a basis with 'morph setup'")
    }
    let p = estimator.parameterNames.count
    let weights = try events.densities(at: theta)
    let variances = (0..<p).map { k in
      WeightedMean(
        stride(from: k, to: joint.count, by: p).map { joint[$0] * joint[$0] }, weights: weights
      ).value
    }
    return Term(weights: weights, ignorance: 1) { x in
      let score = try estimator.score(x: x)
      return (0..<events.count).map { event in
        (0..<p).reduce(0) { sum, k in
          let difference = score[event * p + k] - joint[event * p + k]
          return sum + difference * difference / (variances[k] * Double(p))
        }
      }
    }
  }

  /// x with one column permuted, by the identities of events and not by their order.
  private func permuted(_ column: Int, _ turn: Int) -> [Double] {
    let own = seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(column * repeats + turn + 1)
    let keys = events.identities.map { identity -> UInt64 in
      var stream = PhiloxStream(seed: own, purpose: .shuffling, item: identity)
      return stream.next()
    }
    let identities = events.identities
    let base = identities.indices.sorted { (identities[$0], $0) < (identities[$1], $1) }
    let order = base.sorted { (keys[$0], identities[$0]) < (keys[$1], identities[$1]) }
    let d = estimator.observableNames.count
    var x = events.x
    for (to, from) in zip(base, order) { x[to * d + column] = events.x[from * d + column] }
    return x
  }
}
