import Diagnostics
import EventModel
import Numerics

/// What a model loses when an observable tells it nothing: the loss after its values have been permuted among the events
/// (Breiman, Machine Learning 45 (2001) 5).
///
/// The loss of a score is the squared error against the joint score in units of its variance; of ratios and densities the
/// cross entropy with the joint ratio, averaged over points, or over the rows of a sample at their own hypotheses. Observables
/// that say the same stand in for one another.
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
  /// Rows × observables, and of each row an identity.
  private let x: [Double]
  private let identities: [UInt64]
  private let terms: @Sendable () throws -> [ImportanceTerm]
  private let repeats: Int
  private let seed: UInt64
  private let journal: Journal

  /// Of weighted events, at some points; a score model at its own.
  public init(
    estimator: Estimator, events: WeightedTestEvents, points: [[Double]], repeats: Int,
    seed: UInt64, journal: Journal
  ) throws {
    guard estimator.target == .score || !points.isEmpty else {
      throw Problem(
        .usage, "a parameter point is missing", remedy: "give --theta POINT or --grid AXIS")
    }
    self.init(
      estimator, x: events.x, identities: events.identities, repeats: repeats, seed: seed,
      journal: journal
    ) {
      try estimator.target == .score
        ? [.score(of: estimator, events: events)]
        : points.map { try .ratio(of: estimator, events: events, theta: $0) }
    }
  }

  /// Of the rows of a sample that no training saw, each at its own hypotheses.
  /// - Parameter sample: with the columns that `columns` names.
  public init(
    estimator: Estimator, sample: TrainingRows, repeats: Int, seed: UInt64, journal: Journal,
    file: String? = nil
  ) throws {
    try SampleDiagnosis.requirePoint(estimator, sample, file: file)
    let term = try ImportanceTerm.rows(of: estimator, sample: sample, file: file)
    self.init(
      estimator, x: sample.x, identities: sample.identities, repeats: repeats, seed: seed,
      journal: journal
    ) { [term] }
  }

  /// Columns that are read of a sample for a model. Without joint ratios the labels are what is to be told.
  public static func columns(
    for estimator: Estimator, of header: Header
  ) -> TrainingRows.Columns {
    guard estimator.target != .score else {
      return SampleDiagnosis.columns(for: estimator, of: header)
    }
    var columns: TrainingRows.Columns = [.theta, .labels]
    if header.index(of: SampleFields.logRatio) != nil { columns.insert(.logRatios) }
    if estimator.hasTwoHypotheses { columns.insert(.denominators) }
    return columns
  }

  private init(
    _ estimator: Estimator, x: [Double], identities: [UInt64], repeats: Int, seed: UInt64,
    journal: Journal, terms: @escaping @Sendable () throws -> [ImportanceTerm]
  ) {
    self.estimator = estimator
    self.x = x
    self.identities = identities
    self.terms = terms
    self.repeats = repeats
    self.seed = seed
    self.journal = journal
  }

  /// Loss and gain of the model as it is, and the observables, the most important first.
  public func run() throws -> (loss: Double, gain: Double, entries: [Entry]) {
    let terms = try terms()
    let plain = try terms.map { try $0.losses(x) }
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

  /// The mean over terms; their errors are added, since they are of the same events.
  private func mean(_ losses: [[Double]], _ terms: [ImportanceTerm]) -> WeightedMean {
    let means = zip(losses, terms).map { WeightedMean($0, weights: $1.weights) }
    let n = Double(means.count)
    return WeightedMean(
      value: means.reduce(0) { $0 + $1.value } / n, error: means.reduce(0) { $0 + $1.error } / n)
  }

  /// x with one column permuted, by the identities of events and not by their order.
  private func permuted(_ column: Int, _ turn: Int) -> [Double] {
    let own = seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(column * repeats + turn + 1)
    let keys = identities.map { identity -> UInt64 in
      var stream = PhiloxStream(seed: own, purpose: .shuffling, item: identity)
      return stream.next()
    }
    let base = identities.indices.sorted { (identities[$0], $0) < (identities[$1], $1) }
    let order = base.sorted { (keys[$0], identities[$0], $0) < (keys[$1], identities[$1], $1) }
    let d = estimator.observableNames.count
    var permuted = x
    for (to, from) in zip(base, order) { permuted[to * d + column] = x[from * d + column] }
    return permuted
  }
}
