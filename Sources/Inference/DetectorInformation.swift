import Diagnostics
import EventModel
import LinearAlgebra

/// Information of what a detector sees, from estimated scores t̂: the kinematic part n E[t̂t̂ᵀ] with the rate's added.
///
/// It is given twice. Plug-in takes t̂ for the score: noise of the network inflates it. Retained,
/// n E[t̂tᵀ]ᵀ E[t̂t̂ᵀ]⁻¹ E[t̂tᵀ] with the joint score t of the same events, is the information in the linear regression of t
/// on t̂; it can never exceed what x holds, and comparisons use it.
public struct DetectorInformation: Sendable {
  let events: CombinedEvents
  let point: MorphedPoint
  let space: InformationSpace
  let luminosity: Double
  let rows: [Int]
  /// ŵ_e, summing to one.
  let weights: [Double]
  /// Joint score in all parameters, row-major [row][parameter].
  let joint: [Double]
  /// Estimated scores of each member of each model, row-major, and its share in the mean.
  let estimated: [(scores: [Double], share: Double)]
  /// The parameters, by index, that the estimated scores are of: θ, or θ and nuisance parameters.
  let known: [Int]
  /// ∂σ/σ of all rows, in all parameters.
  let rate: [Double]
  /// ∂dσ_e of all rows in all parameters, and dσ_e, of all rows.
  let gradients: (sigma: [Double], values: [Double])
  private let freeNorms: [String]

  /// - Parameters:
  ///   - part: rows the estimators see; σ and the rate are of all rows.
  ///   - space: the parameters; nil is θ alone. Of parameters that the estimators do not know the retained information is
  ///     that of the regression of the joint score on the estimated one.
  /// - Throws: `.data` where the rows have no positive cross section at θ, or models and events do not fit.
  public init(
    _ events: CombinedEvents, part: Partition, models: [any ScoreEvaluator], theta: [Double],
    luminosity: Double, space: InformationSpace? = nil, freeNorms: [String] = [],
    journal: Journal? = nil
  ) throws {
    let point = try events.point(theta)
    let rows = try events.rows(in: part).rows
    let space = space ?? InformationSpace(thetaCount: point.parameterCount)
    let names = events.table.setup.parameterNames
    let coordinates = names + events.table.setup.nuisanceParameters.map(\.name)
    let knowsNuisances =
      !models.isEmpty && models.allSatisfy { $0.parameterNames == coordinates }
    let width = knowsNuisances ? coordinates.count : names.count
    // A model that knows nuisance parameters which are kept at 0 serves with its components in theta.
    let known =
      Array(0..<names.count)
      + (knowsNuisances && space.nuisanceCount > 0
        ? Array((space.fullCount - space.nuisanceCount)..<space.fullCount) : [])
    let place = theta + [Double](repeating: 0, count: width - names.count)
    let estimated = try models.flatMap { model in
      guard model.parameterNames == names || knowsNuisances else {
        throw Problem(
          .data,
          "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
          remedy: "the events have " + names.joined(separator: ", "), file: model.name)
      }
      let x = try events.observations(model.observableNames, rows: rows)
      return try model.members.map { member in
        let scores = try member.scores(x, rows: rows.count, at: place)
        guard scores.allSatisfy(\.isFinite) else {
          throw Problem(
            .data, "the model gives scores that are not finite", remedy: "train it again",
            file: model.name)
        }
        let used =
          known.count == width
          ? scores : rows.indices.flatMap { scores[$0 * width..<$0 * width + known.count] }
        return (scores: used, share: 1 / Double(models.count * model.members.count))
      }
    }
    try self.init(events, part, point, (estimated, known), space, freeNorms, luminosity)
  }

  /// The same for other weights of the same rows: the models are not asked again.
  public func replica(_ events: CombinedEvents, part: Partition) throws -> DetectorInformation {
    try DetectorInformation(
      events, part, point, (estimated, known), space, freeNorms, luminosity)
  }

  private init(
    _ events: CombinedEvents, _ part: Partition, _ point: MorphedPoint,
    _ scores: (estimated: [(scores: [Double], share: Double)], known: [Int]),
    _ space: InformationSpace, _ freeNorms: [String], _ luminosity: Double
  ) throws {
    (self.events, self.point) = (events, point)
    (estimated, known) = scores
    (self.space, self.freeNorms, self.luminosity) = (space, freeNorms, luminosity)
    let (rows, scales) = try events.rows(in: part)
    gradients = try EventGradients(events, point, space, freeNorms: freeNorms).all()
    let n = space.fullCount
    let sigma = gradients.sigma
    let total = sigma.reduce(0, +)
    let dsigma = zip(rows, scales).map { sigma[$0] * $1 }
    let sum = dsigma.reduce(0, +)
    guard sum > 0, total > 0 else {
      throw Problem(
        .data, "the cross section at this point is not positive", remedy: "choose another --theta",
        file: events.file)
    }
    var rate = [Double](repeating: 0, count: n)
    for row in sigma.indices { for i in 0..<n { rate[i] += gradients.values[row * n + i] } }
    for i in 0..<n { rate[i] /= total }
    self.rate = rate
    self.rows = rows
    weights = dsigma.map { $0 / sum }
    var joint = [Double](repeating: 0, count: rows.count * n)
    for (e, row) in rows.enumerated() where sigma[row] != 0 {
      for i in 0..<n {
        joint[e * n + i] = gradients.values[row * n + i] / sigma[row] - rate[i]
      }
    }
    self.joint = joint
  }

  /// Kish's number of the evaluated rows.
  public var effectiveEvents: Double { EventStatistics(weights).effectiveEvents }

  /// What regression makes of the scores: the mean t̂ of the models, t̂ continued by the regressed score of the parameters it
  /// does not know, and the regressed score s̃ = Bᵀt̂ in all parameters, B = E[t̂t̂ᵀ]⁻¹E[t̂tᵀ].
  struct Scores {
    var plugIn: [Double]
    var regressed: [Double]
    var retained: Matrix
    var coefficients: Matrix
    var meanEstimate: [Double]
  }

  func scores() throws -> Scores {
    let (p, n) = (known.count, space.fullCount)
    let mean = meanScore()
    let c = moment(mean, p, mean, p)
    let a = moment(mean, p, joint, n)
    let b = try c.pseudoInverse(relativeTolerance: 1e-12) * a
    var regressed = [Double](repeating: 0, count: rows.count * n)
    for e in rows.indices {
      for j in 0..<n {
        var sum = 0.0
        for i in 0..<p { sum += b[i, j] * mean[e * p + i] }
        regressed[e * n + j] = sum
      }
    }
    var plugIn = regressed
    for e in rows.indices { for i in 0..<p { plugIn[e * n + known[i]] = mean[e * p + i] } }
    return Scores(
      plugIn: plugIn, regressed: regressed, retained: (a.transposed * b).symmetrised,
      coefficients: b, meanEstimate: average(mean, p))
  }

  /// The matrices: `retained` and `full` (plug-in) with the rate, then `kinematic_retained`, `kinematic`,
  /// `kinematic_truth` (the joint score's, on the same rows) and `rate`.
  ///
  /// Covariances hold the finite number of events and, for several models, the error of their mean (of the plug-in).
  public func entries() throws -> [Information.Entry] {
    let n = space.fullCount
    let scores = try scores()
    let c = moment(scores.plugIn, n, scores.plugIn, n)
    let t = moment(joint, n, joint, n)
    let zero = [Double](repeating: 0, count: n)
    let shift = scores.coefficients.transposed * scores.meanEstimate
    let rateMatrix = expectedEvents * Matrix.outer(rate, rate)
    let errors = DetectorErrors(self)
    func entry(
      _ name: String, _ m: Matrix, _ influence: DetectorErrors.Influence, withRate: Bool,
      offset: [Double], ensemble: Bool = false
    ) throws -> Information.Entry {
      let kinematic = expectedEvents * m
      return try space.entry(
        name, (withRate ? kinematic + rateMatrix : kinematic).elements
      ) { u in
        var covariance = errors.covariance(
          m, influence, withRate: withRate, offset: offset, u)
        if ensemble, let spread = errors.ensemble(scores.plugIn, meanScore(), u) {
          for k in covariance.indices { covariance[k] += spread[k] }
        }
        return covariance
      }
    }
    let plugIn = DetectorErrors.Influence.square(scores.plugIn)
    let regression = DetectorErrors.Influence.regression(joint, scores.regressed)
    return [
      try entry("retained", scores.retained, regression, withRate: true, offset: shift),
      try entry("full", c, plugIn, withRate: true, offset: zero, ensemble: true),
      try entry("kinematic_retained", scores.retained, regression, withRate: false, offset: shift),
      try entry("kinematic", c, plugIn, withRate: false, offset: zero, ensemble: true),
      try entry(
        "kinematic_truth", t, .square(joint), withRate: false, offset: average(joint, n)),
      try space.entry("rate", rateMatrix.elements) { errors.rateCovariance($0) },
    ]
  }

  var expectedEvents: Double { luminosity * point.crossSection(events.total).value }

  /// The mean t̂ of the models.
  func meanScore() -> [Double] {
    guard let first = estimated.first?.scores else { return joint }
    guard estimated.count > 1 else { return first }
    var sum = [Double](repeating: 0, count: first.count)
    for (scores, share) in estimated { for i in sum.indices { sum[i] += share * scores[i] } }
    return sum
  }

  /// E[u vᵀ] over the rows, for vectors of p and q components.
  func moment(_ u: [Double], _ p: Int, _ v: [Double], _ q: Int) -> Matrix {
    let blocks = events.team.mapRanges(of: rows.count, size: CombinedEvents.blockSize) { range in
      var sum = [Double](repeating: 0, count: p * q)
      for e in range {
        for i in 0..<p {
          let left = weights[e] * u[e * p + i]
          for j in 0..<q { sum[i * q + j] += left * v[e * q + j] }
        }
      }
      return sum
    }
    var result = Matrix(rows: p, columns: q)
    for block in blocks { for k in block.indices { result.elements[k] += block[k] } }
    return result
  }

  /// E[u] over the rows.
  func average(_ u: [Double], _ n: Int) -> [Double] {
    var sum = [Double](repeating: 0, count: n)
    for e in rows.indices { for i in 0..<n { sum[i] += weights[e] * u[e * n + i] } }
    return sum
  }
}
