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
  let luminosity: Double
  let rows: [Int]
  /// ŵ_e, summing to one.
  let weights: [Double]
  /// Joint score, row-major [row][parameter].
  let joint: [Double]
  /// Estimated scores of each member of each model, row-major, and its share in the mean.
  let estimated: [(scores: [Double], share: Double)]
  private let pairs: SymmetricPairs

  /// - Parameters:
  ///   - part: rows the estimators see; σ and the rate are of all rows.
  /// - Throws: `.data` where the rows have no positive cross section at θ, or models and events do not fit.
  public init(
    _ events: CombinedEvents, part: Partition, models: [any ScoreEvaluator], theta: [Double],
    luminosity: Double, journal: Journal? = nil
  ) throws {
    self.events = events
    self.luminosity = luminosity
    point = try events.point(theta)
    pairs = SymmetricPairs(point.parameterCount)
    let (rows, scales) = try events.rows(in: part)
    let all = events.crossSections(at: point)
    let dsigma = zip(rows, scales).map { all[$0] * $1 }
    let sum = dsigma.reduce(0, +)
    guard sum > 0, point.crossSection(events.total).value > 0 else {
      throw Problem(
        .data, "the cross section at this point is not positive", remedy: "choose another --theta",
        file: events.file)
    }
    self.rows = rows
    weights = dsigma.map { $0 / sum }
    joint = try JointScores.values(events, rows: rows, at: theta)
    estimated = try models.flatMap { model in
      guard model.parameterNames == events.table.setup.parameterNames else {
        throw Problem(
          .data,
          "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
          remedy: "the events have "
            + events.table.setup.parameterNames.joined(separator: ", "), file: model.name)
      }
      let x = try events.observations(model.observableNames, rows: rows)
      return try model.members.map { member in
        let scores = try member.scores(x, rows: rows.count, at: theta)
        guard scores.allSatisfy(\.isFinite) else {
          throw Problem(
            .data, "the model gives scores that are not finite", remedy: "train it again",
            file: model.name)
        }
        return (scores, 1 / Double(models.count * model.members.count))
      }
    }
  }

  /// Kish's number of the evaluated rows.
  public var effectiveEvents: Double { EventStatistics(weights).effectiveEvents }

  /// The matrices: `retained` and `full` (plug-in) with the rate, then `kinematic_retained`, `kinematic`,
  /// `kinematic_truth` (the joint score's, on the same rows) and `rate`.
  ///
  /// Covariances hold the finite number of events and, for several models, the error of their mean (of the plug-in).
  public func entries() throws -> [Information.Entry] {
    let mean = meanScore()
    let c = moment(mean, mean)
    let a = moment(mean, joint)
    let t = moment(joint, joint)
    let b = try c.pseudoInverse(relativeTolerance: 1e-12) * a
    let retained = (a.transposed * b).symmetrised
    let projected = applied(b, to: mean)
    let rate = FisherInformation.binned(
      events.total, at: point, luminosity: luminosity, name: "rate")
    let rateMatrix = matrix(rate.matrix)
    let ensemble = ensembleCovariance(mean)

    func entry(
      _ name: String, _ m: Matrix, withRate: Bool, spread: [Double]? = nil, offset: [Double],
      influence: (Int, Int, Int) -> Double
    ) -> Information.Entry {
      let kinematic = expectedEvents * m
      var covariance = self.covariance(
        m, withRate: withRate, offset: offset, influence: influence)
      if let spread { for k in covariance.indices { covariance[k] += spread[k] } }
      return Information.Entry(
        name: name, matrix: (withRate ? kinematic + rateMatrix : kinematic).elements,
        covariance: pairs.covariance(covariance))
    }
    let n = point.parameterCount
    let plugIn = { (e: Int, i: Int, j: Int) in mean[e * n + i] * mean[e * n + j] }
    // d(AᵀC⁻¹A) = dAᵀB + BᵀdA − BᵀdC B, so an event's part is t s̃ᵀ + s̃ tᵀ − s̃ s̃ᵀ with s̃ = Bᵀt̂.
    let regression = { (e: Int, i: Int, j: Int) in
      let (ti, tj) = (joint[e * n + i], joint[e * n + j])
      let (si, sj) = (projected[e * n + i], projected[e * n + j])
      return ti * sj + si * tj - si * sj
    }
    let truth = { (e: Int, i: Int, j: Int) in joint[e * n + i] * joint[e * n + j] }
    let zero = [Double](repeating: 0, count: n)
    let shift = b.transposed * average(mean)
    return [
      entry("retained", retained, withRate: true, offset: shift, influence: regression),
      entry("full", c, withRate: true, spread: ensemble, offset: zero, influence: plugIn),
      entry("kinematic_retained", retained, withRate: false, offset: shift, influence: regression),
      entry("kinematic", c, withRate: false, spread: ensemble, offset: zero, influence: plugIn),
      entry("kinematic_truth", t, withRate: false, offset: average(joint), influence: truth),
      rate,
    ]
  }

  private var expectedEvents: Double { luminosity * point.crossSection(events.total).value }

  private func matrix(_ elements: [Double]) -> Matrix {
    Matrix(rows: point.parameterCount, columns: point.parameterCount, elements: elements)
  }

  private func meanScore() -> [Double] {
    guard estimated.count > 1 else { return estimated.first?.scores ?? joint }
    var sum = [Double](repeating: 0, count: joint.count)
    for (scores, share) in estimated { for i in sum.indices { sum[i] += share * scores[i] } }
    return sum
  }

  /// E[u vᵀ] over the rows.
  private func moment(_ u: [Double], _ v: [Double]) -> Matrix {
    let n = point.parameterCount
    let blocks = events.team.mapRanges(of: rows.count, size: CombinedEvents.blockSize) { range in
      var sum = [Double](repeating: 0, count: n * n)
      for e in range {
        for i in 0..<n {
          let left = weights[e] * u[e * n + i]
          for j in 0..<n { sum[i * n + j] += left * v[e * n + j] }
        }
      }
      return sum
    }
    var result = Matrix(rows: n, columns: n)
    for block in blocks { for k in block.indices { result.elements[k] += block[k] } }
    return result
  }

  /// E[u] over the rows.
  private func average(_ u: [Double]) -> [Double] {
    let n = point.parameterCount
    var sum = [Double](repeating: 0, count: n)
    for e in rows.indices { for i in 0..<n { sum[i] += weights[e] * u[e * n + i] } }
    return sum
  }

  /// Bᵀ t̂ of every row.
  private func applied(_ b: Matrix, to scores: [Double]) -> [Double] {
    let n = point.parameterCount
    var result = [Double](repeating: 0, count: scores.count)
    for e in rows.indices {
      for j in 0..<n {
        var sum = 0.0
        for i in 0..<n { sum += b[i, j] * scores[e * n + i] }
        result[e * n + j] = sum
      }
    }
    return result
  }

  /// Σ_e v_e ⊗ v_e over pairs: what the weight of an event does to the normalised mean (rows of the part), to
  /// n = Lσ(θ) and to the rate's information (all rows); and to ∂σ/σ inside the joint score, which moves it by a
  /// constant that counts with the mean `offset` of what it is multiplied with.
  private func covariance(
    _ m: Matrix, withRate: Bool, offset: [Double], influence: (Int, Int, Int) -> Double
  ) -> [Double] {
    let n = point.parameterCount
    let count = pairs.count
    let (total, gradient) = point.crossSection(events.total)
    let r = gradient.map { $0 / total }
    var shape = [Double](repeating: 0, count: events.table.count * count)
    for (e, row) in rows.enumerated() {
      for (k, (i, j)) in pairs.pairs.enumerated() {
        shape[row * count + k] = expectedEvents * weights[e] * (influence(e, i, j) - m[i, j])
      }
    }
    var result = [Double](repeating: 0, count: count * count)
    var v = [Double](repeating: 0, count: count)
    var d = [Double](repeating: 0, count: n)
    events.table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in 0..<events.table.count where events.factors[row] != 0 {
        let w = base + row * events.table.weightCount
        let f = luminosity * events.factors[row]
        let sigma = f * point.value(w)
        for i in 0..<n { d[i] = f * point.gradient(w, i) }
        for (k, (i, j)) in pairs.pairs.enumerated() {
          v[k] = shape[row * count + k] + sigma * m[i, j]
          v[k] -= (d[i] - r[i] * sigma) * offset[j] + offset[i] * (d[j] - r[j] * sigma)
          if withRate { v[k] += d[i] * r[j] + r[i] * d[j] - r[i] * r[j] * sigma }
        }
        for k in 0..<count { for l in k..<count { result[k * count + l] += v[k] * v[l] } }
      }
    }
    for k in 0..<count { for l in 0..<k { result[k * count + l] = result[l * count + k] } }
    return result
  }

  /// The covariance of the plug-in information of the mean score from the spread of K members, to first order:
  /// Σ_a s_a² dI_a ⊗ dI_a K/(K − 1) with dI_a = n E[t̄ (t̂_a − t̄)ᵀ + (t̂_a − t̄) t̄ᵀ] and shares s_a, which are
  /// 1/K but for models of unequal numbers of members.
  private func ensembleCovariance(_ mean: [Double]) -> [Double]? {
    let k = Double(estimated.count)
    guard estimated.count > 1 else { return nil }
    var result = [Double](repeating: 0, count: pairs.count * pairs.count)
    for (scores, share) in estimated {
      let factor = share * share * k / (k - 1)
      let cross = moment(mean, zip(scores, mean).map { $0 - $1 })
      let d = pairs.pack((expectedEvents * (cross + cross.transposed)).elements)
      for i in d.indices {
        for j in d.indices { result[i * d.count + j] += factor * d[i] * d[j] }
      }
    }
    return result
  }
}
