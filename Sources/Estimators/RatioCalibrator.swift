import Diagnostics
import EventModel
import Glibc
import Numerics

/// Finds the calibration of a ratio from weighted events, or from rows that were drawn.
public struct RatioCalibrator: Sendable {
  private let events: any HypothesisRows
  private let journal: Journal

  public init(events: any HypothesisRows, journal: Journal) {
    self.events = events
    self.journal = journal
  }

  /// A group of events that knots are made of has at least this many effective ones under either hypothesis.
  static let groupSize = 10.0

  /// The calibration of an estimator at some points.
  ///
  /// Of a network of two hypotheses it is of the pairs (θ, θ1), and of (θ1, θ) with the opposite sign: what was
  /// antisymmetric stays so. Of the two means that are 1 for the exact ratio, of r at θ1 and of 1/r at θ, one shift makes the
  /// first 1 and not the second as well.
  ///
  /// - Parameter denominator: θ1 of a network of two hypotheses; nil is the estimator's `referenceTheta`.
  /// - Throws: `.data` where the estimator is no ratio, and for weights that allow none; `.usage` without points, and for
  ///   another θ1 of a network that has its own.
  public func calibrate(
    _ estimator: Estimator, method: Calibration.Method,
    points: [(name: String, theta: [Double])], denominator: [Double]? = nil, eventsDigest: String
  ) throws -> Calibration {
    guard estimator.target == .ratio else {
      throw Problem(
        .data, "a \(estimator.target.rawValue) model has no ratio to calibrate",
        remedy: estimator.target == .density
          ? "a density is normalised as it is" : "train a ratio model with train-ratio")
    }
    let isPair = estimator.hasTwoHypotheses
    guard isPair || denominator == nil || denominator == estimator.referenceTheta else {
      throw Problem(
        .usage, "the model has one theta1, and is calibrated there",
        remedy: "leave --theta1 away, or train with --hypotheses 2")
    }
    let reference = denominator ?? estimator.referenceTheta
    var unique: [(name: String, theta: [Double])] = []
    for point in points where !unique.contains(where: { $0.theta == point.theta }) {
      // Of a point to itself the ratio of two hypotheses is 1 as it is.
      if !isPair || point.theta != reference { unique.append(point) }
    }
    guard !unique.isEmpty else {
      throw Problem(
        .usage, "points to calibrate at are missing", remedy: "give --theta POINT or --grid AXIS")
    }
    let denominator = try events.densities(at: reference)
    var knots: [[Double]] = []
    var corrections: [[Double]] = []
    var errors: [Double] = []
    for (number, point) in unique.enumerated() {
      let logs = try estimator.logRatio(
        x: events.x, theta: point.theta, denominator: isPair ? reference : nil)
      let mean = WeightedMean(logs.lazy.map { exp($0) }, weights: denominator)
      guard mean.value > 0, mean.value.isFinite else {
        throw Problem(
          .data, "the mean of r at \(point.name) is \(mean.value)",
          remedy: "look at the model with 'evaluate diagnose'")
      }
      errors.append(mean.error / mean.value)
      switch method {
      case .expectation:
        knots.append([0])
        corrections.append([-log(mean.value)])
      case .isotonic:
        let (own, values) = try Self.isotonic(
          logs, numerator: events.densities(at: point.theta), denominator: denominator,
          name: point.name)
        knots.append(own)
        corrections.append(zip(values, own).map { $0 - $1 })
      }
      journal.progress("points", number + 1, of: unique.count)
    }
    let p = estimator.parameterNames.count
    let theta = unique.flatMap(\.theta) + (isPair ? reference : [])
    // Distances are in units of how far the points reach, or of the range of training where they do not.
    let scales = (0..<p).map { k -> Double in
      let values = stride(from: k, to: theta.count, by: p).map { theta[$0] }
      let reach = (values.max() ?? 0) - (values.min() ?? 0)
      if reach > 0 { return reach }
      let range = estimator.models[0].thetaRange
      return k < range.count && range[k][1] > range[k][0] ? range[k][1] - range[k][0] : 1
    }
    let calibration = Calibration(
      method: method, points: unique.flatMap(\.theta), scales: scales, knots: knots,
      corrections: corrections, errors: errors, part: events.part, eventsDigest: eventsDigest)
    return isPair ? calibration.paired(with: reference) : calibration
  }

  /// The monotonic step function of log r̂ with least Σ w₁ (g − r)², r = w₀/w₁ the joint ratio, as knots in the middle of
  /// its steps: log r̂ and log g.
  ///
  /// Pool adjacent violators (Ayer et al., Ann. Math. Stat. 26 (1955) 641): the value of a pool is Σw₀/Σw₁, the ratio of
  /// the densities of its events under both hypotheses. Events are first put into groups of `groupSize`, so that no knot
  /// stands on one event and sums are positive where single weights are not.
  static func isotonic(
    _ logs: [Double], numerator: [Double], denominator: [Double], name: String
  ) throws -> (knots: [Double], values: [Double]) {
    let order = logs.indices.sorted { (logs[$0], $0) < (logs[$1], $1) }
    let totals = (numerator.reduce(0, +), denominator.reduce(0, +))
    var pools: [Pool] = []
    func close(_ pool: Pool) {
      pools.append(pool)
      // Where many events have one log r̂, groups may share their middle.
      while pools.count > 1, !(pools[pools.count - 2] < pools[pools.count - 1]) {
        let last = pools.removeLast()
        pools[pools.count - 1].add(last)
      }
    }
    var open = Pool()
    for event in order where logs[event].isFinite {
      open.add(
        log: logs[event], numerator: numerator[event] / totals.0,
        denominator: denominator[event] / totals.1)
      if open.isLarge(groupSize) {
        close(open)
        open = Pool()
      }
    }
    // What is left at the upper end goes to the last group.
    if open.count > 0, !pools.isEmpty {
      var last = pools.removeLast()
      last.add(open)
      close(last)
    }
    guard !pools.isEmpty else {
      throw Problem(
        .data, "there are too few events for an isotonic calibration at \(name)",
        remedy: "use more events, or --method expectation")
    }
    return (pools.map(\.log), pools.map { log($0.ratio) })
  }

  /// Events beside one another in log r̂.
  private struct Pool {
    var count = 0
    private var numerator = 0.0
    private var denominator = 0.0
    private var squares = (0.0, 0.0)
    private var logSum = 0.0
    private var logWeight = 0.0

    var ratio: Double { numerator / denominator }
    /// Mean of log r̂, by the size of the weights.
    var log: Double { logSum / logWeight }

    /// Below in log r̂ as in r.
    static func < (a: Pool, b: Pool) -> Bool { a.ratio < b.ratio && a.log < b.log }

    mutating func add(log: Double, numerator w0: Double, denominator w1: Double) {
      count += 1
      numerator += w0
      denominator += w1
      squares.0 += w0 * w0
      squares.1 += w1 * w1
      let weight = abs(w0) + abs(w1)
      logSum += weight * log
      logWeight += weight
    }

    mutating func add(_ other: Pool) {
      count += other.count
      numerator += other.numerator
      denominator += other.denominator
      squares.0 += other.squares.0
      squares.1 += other.squares.1
      logSum += other.logSum
      logWeight += other.logWeight
    }

    func isLarge(_ size: Double) -> Bool {
      // Equal weights count exactly, whatever their rounding.
      let size = size * (1 - 1e-9)
      return numerator > 0 && denominator > 0 && numerator * numerator >= size * squares.0
        && denominator * denominator >= size * squares.1
    }
  }
}

extension Calibration {
  /// Of pairs (θ, θ1), and of each in the other order with the correction that keeps log r antisymmetric: −δ(−log r).
  ///
  /// Since the set of pairs is its own mirror image, so is what is interpolated between them, and 0 where θ0 = θ1.
  fileprivate func paired(with reference: [Double]) -> Calibration {
    let p = scales.count
    var pairs = self
    pairs.scales = scales + scales
    pairs.points = []
    for k in 0..<count { pairs.points += points[k * p..<(k + 1) * p] + reference }
    for k in 0..<count { pairs.points += reference + points[k * p..<(k + 1) * p] }
    pairs.knots += knots.map { $0.reversed().map { 0 - $0 } }
    pairs.corrections += corrections.map { $0.reversed().map { 0 - $0 } }
    pairs.errors += errors
    return pairs
  }
}
