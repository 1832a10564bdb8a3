import Diagnostics
import EventModel
import LinearAlgebra

/// Fisher information of an extended (Poisson times density) measurement: I_ij = L Σ_c ∂_iσ_c ∂_jσ_c/σ_c, where a cell c
/// is an event (truth), a bin (histogram) or everything (rate); arXiv:1805.00013 eq. 9, arXiv:1612.05261 eq. 8.
///
/// The covariance is that of Poisson-distributed numbers of events, Σ_e v_e ⊗ v_e with
/// v_e = L [∂_i dσ_e r_j + r_i ∂_j dσ_e − r_i r_j dσ_e], r = ∂σ_c/σ_c of the event's cell.
public enum FisherInformation {
  /// Information of a table of bins on θ alone; one bin gives that of the rate.
  ///
  /// The Monte-Carlo bias is L Σ_c 1/σ_c Σ_e q_ie q_je, q_e = ∂dσ_e − r_c dσ_e: what a finite number of events adds on
  /// average.
  public static func binned(
    _ table: BinTable, at point: MorphedPoint, luminosity: Double, name: String,
    journal: Journal? = nil
  ) -> Information.Entry {
    let n = point.parameterCount
    let model = BinnedModel(table, morphing: point.morphing)
    let (values, gradients) = model.evaluate(at: model.nominal(point.theta))
    warnAboutNegative(values, table, journal)
    let (matrix, errors) = cells(model, point.theta, n, luminosity, values, gradients)
    return Information.Entry(
      name: name, matrix: matrix,
      covariance: SymmetricPairs(n).covariance(errors.covariance(Matrix.identity(n))),
      bias: errors.bias(), axes: table.axes)
  }

  /// Information of a table of bins on all parameters of a space.
  ///
  /// Covariance and bias take the response of a bin to nuisance parameters for exact where the table has no pair sums of it.
  /// - Throws: `.data` where nuisance parameters cannot be profiled.
  public static func binned(
    _ model: BinnedModel, at theta: [Double], space: InformationSpace, luminosity: Double,
    name: String, journal: Journal? = nil
  ) throws -> Information.Entry {
    precondition(space.normCount == model.normCount)
    var (values, gradients) = model.evaluate(at: model.nominal(theta))
    switch space.negative {
    case .keep: warnAboutNegative(values, model.table, journal)
    case .clip:
      for bin in values.indices where values[bin] < 0 {
        journal?.warn(
          "information.clipped-bin",
          "bin \(model.table.label(bin)) has the negative cross section \(values[bin]) pb and is taken to be empty"
        )
        values[bin] = 0
      }
    case .refuse:
      if let bin = values.firstIndex(where: { $0 < 0 }) {
        throw Problem(
          .data,
          "bin \(model.table.label(bin)) has the negative cross section \(values[bin]) pb",
          remedy: "use larger bins, or --negative clip or keep")
      }
    }
    let (matrix, errors) = cells(
      model, theta, space.fullCount, luminosity, values, gradients)
    return try space.entry(name, matrix, bias: errors.bias(), axes: model.table.axes) {
      errors.covariance($0)
    }
  }

  private static func warnAboutNegative(
    _ values: [Double], _ table: BinTable, _ journal: Journal?
  ) {
    for bin in values.indices where values[bin] < 0 {
      journal?.warn(
        "information.negative-bin",
        "bin \(table.label(bin)) has the negative cross section \(values[bin]) pb")
    }
  }

  /// I over the first n parameters of the model, and what its errors are made of. Bins of cross section 0 are left out.
  private static func cells(
    _ model: BinnedModel, _ theta: [Double], _ n: Int, _ luminosity: Double,
    _ values: [Double], _ gradients: [Double]
  ) -> ([Double], BinnedErrors) {
    let width = model.parameterCount
    precondition(n <= width)
    let cells = values.indices.filter { model.table.counts[$0] > 0 && values[$0] != 0 }
    var matrix = [Double](repeating: 0, count: n * n)
    for bin in cells {
      for i in 0..<n {
        let left = luminosity * gradients[bin * width + i]
        for j in 0..<n { matrix[i * n + j] += left * gradients[bin * width + j] / values[bin] }
      }
    }
    let r = cells.map { bin in (0..<n).map { gradients[bin * width + $0] / values[bin] } }
    let errors = BinnedErrors(
      model, MorphedPoint(theta, morphing: model.morphing), cells: cells, values: values, r: r,
      luminosity: luminosity)
    return (matrix, errors)
  }

  /// Truth information: every event is a cell, its weights being known exactly. An upper bound for any measurement.
  ///
  /// Here v_e is the event's own matrix. There is no bias. An event with dσ_e = 0 and ∂dσ_e ≠ 0 would have infinite
  /// information; such events are left out and counted.
  public static func truth(
    _ events: CombinedEvents, at point: MorphedPoint, luminosity: Double, journal: Journal? = nil
  ) -> Information.Entry {
    let pairs = SymmetricPairs(point.parameterCount)
    let blocks = events.team.mapRanges(of: events.table.count, size: CombinedEvents.blockSize) {
      truthBlock(events, point, pairs, rows: $0)
    }
    var matrix = [Double](repeating: 0, count: pairs.count)
    var covariance = [Double](repeating: 0, count: pairs.count * pairs.count)
    var skipped = 0
    for block in blocks {
      for k in matrix.indices { matrix[k] += block.matrix[k] }
      for k in covariance.indices { covariance[k] += block.covariance[k] }
      skipped += block.skipped
    }
    warnAboutZeros(skipped, journal)
    return Information.Entry(
      name: "truth", matrix: pairs.matrix(matrix.map { luminosity * $0 }),
      covariance: pairs.covariance(covariance.map { luminosity * luminosity * $0 }))
  }

  /// Truth information on all parameters of a space.
  /// - Throws: `.data` where nuisance parameters cannot be profiled.
  public static func truth(
    _ events: CombinedEvents, at point: MorphedPoint, space: InformationSpace,
    freeNorms: [String] = [], luminosity: Double, journal: Journal? = nil
  ) throws -> Information.Entry {
    let events = try events.treatingNegative(space.negative, at: point)
    guard space.fullCount > space.thetaCount else {
      return truth(events, at: point, luminosity: luminosity, journal: journal)
    }
    let gradients = try EventGradients(events, point, space, freeNorms: freeNorms)
    let (matrix, skipped) = gradients.matrix()
    warnAboutZeros(skipped, journal)
    // The sum over events has no bias; what is profiled has.
    let zero = [Double](repeating: 0, count: matrix.count)
    return try space.entry("truth", matrix.map { luminosity * $0 }, bias: zero) { u in
      gradients.covariance(Reduction(u), count: u.rows).map { luminosity * luminosity * $0 }
    }
  }

  private static func warnAboutZeros(_ skipped: Int, _ journal: Journal?) {
    guard skipped > 0 else { return }
    journal?.warn(
      "information.zero-event",
      "events of zero weight but non-zero gradient were left out of the truth information",
      count: skipped)
  }

  /// Σ I_e and Σ I_e ⊗ I_e (upper triangle filled, then mirrored) of some rows, without the luminosity.
  private static func truthBlock(
    _ events: CombinedEvents, _ point: MorphedPoint, _ pairs: SymmetricPairs, rows: Range<Int>
  ) -> (matrix: [Double], covariance: [Double], skipped: Int) {
    let n = point.parameterCount
    let count = pairs.count
    var matrix = [Double](repeating: 0, count: count)
    var covariance = [Double](repeating: 0, count: count * count)
    var skipped = 0
    var d = [Double](repeating: 0, count: n)
    var v = matrix
    events.table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in rows {
        let w = base + row * events.table.weightCount
        let sigma = point.value(w)
        var isFlat = true
        for i in 0..<n {
          d[i] = point.gradient(w, i)
          if d[i] != 0 { isFlat = false }
        }
        guard sigma != 0, events.factors[row] != 0 else {
          if sigma == 0, !isFlat, events.factors[row] != 0 { skipped += 1 }
          continue
        }
        let scale = events.factors[row] / sigma
        var k = 0
        for i in 0..<n {
          for j in i..<n {
            v[k] = scale * d[i] * d[j]
            matrix[k] += v[k]
            k += 1
          }
        }
        for k in 0..<count {
          for l in k..<count { covariance[k * count + l] += v[k] * v[l] }
        }
      }
    }
    for k in 0..<count {
      for l in 0..<k { covariance[k * count + l] = covariance[l * count + k] }
    }
    return (matrix, covariance, skipped)
  }
}
