import Diagnostics
import EventModel
import Glibc
import Morphing
import Numerics

/// Events of one part with the weights of every θ: what an estimator is tested and calibrated with.
///
/// All hypotheses share the events, so nothing is drawn. σ(θ) is of all rows of the table, as everywhere. Where the model's
/// hypotheses have nuisance parameters, θ stands for (θ, ν), and weights are dσ_e(θ, ν).
public struct WeightedTestEvents: Sendable {
  /// Rows × the estimator's observables.
  public let x: [Double]
  public let count: Int
  /// Event ids, or row numbers where there are none.
  public let identities: [UInt64]
  public let setup: Setup
  public let part: Partition
  /// f_e W_eb times rows/rows-in-part [pb], row-major [event][benchmark of the basis].
  private let weights: [Double]
  private let width: Int
  /// Σ_e f_e W_eb over all rows.
  private let totals: [Double]
  private let evaluator: PointWeights
  /// The rows of the table, and how nuisance parameters move their weights; nil where they play no part.
  private let rows: [Int]
  private let response: NuisanceResponse?
  /// −I_θν I_νν⁻¹ of a score that was profiled in training; empty where it was not.
  private let profile: [Double]

  /// - Parameter table: with at least the estimator's observables.
  /// - Throws: `.data` for missing observables, NaN, other parameters, and a part without events.
  public init(
    _ table: EventTable, estimator: Estimator, part: Partition, combination: Combination? = nil,
    file: String? = nil
  ) throws {
    try estimator.requireFit(table.setup, file: file)
    let factors = try table.rowFactors(combination)
    let (rows, sampleFactors) = try table.rows(in: part)
    guard !rows.isEmpty else {
      throw Problem(
        .data, "there is no event in the \(part.rawValue) part", remedy: "use --partition all",
        file: file)
    }
    let choice = try ObservableChoice(
      estimator.observableNames, available: table.observableNames, file: file)
    let d = table.observableNames.count
    var x: [Double] = []
    x.reserveCapacity(rows.count * choice.names.count)
    for row in rows { for i in choice.indices { x.append(table.observations[row * d + i]) } }
    if let bad = x.firstIndex(where: { !$0.isFinite }) {
      throw Problem(
        .data, "observable '\(choice.names[bad % choice.names.count])' is \(x[bad])",
        remedy: "give it a value in the analysis (on_undefined) or cut such events", file: file,
        place: "row \(rows[bad / choice.names.count] + 1)")
    }
    evaluator = PointWeights(table.setup)
    let width = evaluator.count
    self.width = width
    self.rows = rows
    profile = estimator.models[0].sample.profileMatrix
    response =
      estimator.hasNuisance(table.setup) || !profile.isEmpty
      ? try NuisanceResponse(table, factors: factors, width: width) : nil
    var weights: [Double] = []
    weights.reserveCapacity(rows.count * width)
    for row in rows {
      let factor = factors[row] * sampleFactors[Int(table.sampleIndices[row])]
      for b in 0..<width { weights.append(factor * table.weights[row * table.weightCount + b]) }
    }
    totals = (0..<width).map { b in
      var sum = CompensatedSum()
      for row in 0..<table.count {
        sum.add(factors[row] * table.weights[row * table.weightCount + b])
      }
      return sum.value
    }
    self.x = x
    self.weights = weights
    self.part = part
    count = rows.count
    setup = table.setup
    identities = rows.map {
      table.eventIDs.isEmpty ? UInt64($0) : UInt64(bitPattern: table.eventIDs[$0])
    }
  }

  /// What a hypothesis makes of the benchmarks.
  private struct Point {
    /// w_b(θ).
    var weights: [Double]
    /// Σ_e F_e(ν) f_e W_eb over all rows.
    var totals: [Double]
    var nuisance: NuisancePoint?
    /// σ(θ, ν) [pb].
    var crossSection: Double
  }

  private func point(_ coordinates: [Double]) throws -> Point {
    let physics = evaluator.parameterCount
    let w = try evaluator.weights(at: Array(coordinates.prefix(physics)))
    let nuisance = response.map { response in
      response.point(
        coordinates.count > physics
          ? Array(coordinates[physics...]) : [Double](repeating: 0, count: response.count))
    }
    let totals = nuisance?.totals ?? totals
    let sigma = zip(w, totals).reduce(0) { $0 + $1.0 * $1.1 }
    guard sigma > 0 else {
      throw Problem(
        .data,
        "the cross section at \(PointSpecification.name(of: coordinates, setup)) is \(sigma) pb",
        remedy: "stay where the events describe the theory")
    }
    return Point(weights: w, totals: totals, nuisance: nuisance, crossSection: sigma)
  }

  /// Σ_b w_b f_e W_eb of an event, without what nuisance parameters do to it.
  private func nominal(_ event: Int, _ w: ArraySlice<Double>) -> Double {
    var sum = 0.0
    for b in 0..<width { sum += w[w.startIndex + b] * weights[event * width + b] }
    return sum
  }

  /// σ(θ) of all rows [pb].
  public func crossSection(at theta: [Double]) throws -> Double {
    try point(theta).crossSection
  }

  /// dσ_e(θ)/σ(θ): p(x_e, z_e|θ) up to a factor that is the same for all θ, so that ratios are joint ratios.
  public func densities(at theta: [Double]) throws -> [Double] {
    let point = try point(theta)
    return (0..<count).map { event in
      let value = nominal(event, point.weights[...]) / point.crossSection
      guard let response, let nu = point.nuisance?.nu else { return value }
      return value * response.factor(row: rows[event], nu)
    }
  }

  /// ∇dσ_e/dσ_e − ∇σ/σ, rows × parameters, with those by nuisance parameters where the model has them; 0 where dσ_e is 0.
  /// Nil where the setup gives no gradients there. Of a profiled score its own combination.
  public func scores(at theta: [Double]) throws -> [Double]? {
    let physics = evaluator.parameterCount
    guard let gradients = try? evaluator.gradients(at: Array(theta.prefix(physics))) else {
      return nil
    }
    let point = try point(theta)
    let m = response?.count ?? 0
    let nu = point.nuisance?.nu ?? []
    var mean = [Double](repeating: 0, count: physics + m)
    for k in mean.indices {
      for b in 0..<width {
        mean[k] +=
          k < physics
          ? gradients[k * width + b] * point.totals[b]
          : point.weights[b] * (point.nuisance?.totalGradients[(k - physics) * width + b] ?? 0)
      }
      mean[k] /= point.crossSection
    }
    let p = profile.isEmpty ? physics + m : physics
    var result = [Double](repeating: 0, count: count * p)
    var own = mean
    for event in 0..<count {
      let value = nominal(event, point.weights[...])
      guard value != 0 else { continue }
      for k in 0..<physics {
        own[k] = nominal(event, gradients[(k * width)..<((k + 1) * width)]) / value - mean[k]
      }
      if let response {
        for k in 0..<m {
          own[physics + k] = response.slope(row: rows[event], k, nu) - mean[physics + k]
        }
      }
      for k in 0..<p {
        var sum = own[k]
        if !profile.isEmpty {
          for n in 0..<m { sum += profile[k * m + n] * own[physics + n] }
        }
        result[event * p + k] = sum
      }
    }
    return result
  }

  /// Kish's number of effective events of some weights.
  static func effective(_ weights: [Double]) -> Double {
    var (sum, squares) = (0.0, 0.0)
    for w in weights {
      sum += w
      squares += w * w
    }
    return squares > 0 ? sum * sum / squares : 0
  }
}

/// A mean over weighted events with its standard error.
struct WeightedMean: Sendable, Equatable {
  let value: Double
  let error: Double

  /// Σwv/Σw, and sqrt(Σw²(v − mean)²)/|Σw|.
  init(_ values: some Sequence<Double>, weights: [Double]) {
    let values = Array(values)
    var (sum, total) = (0.0, 0.0)
    for (v, w) in zip(values, weights) where w != 0 {
      sum += w * v
      total += w
    }
    let mean = sum / total
    var squares = 0.0
    for (v, w) in zip(values, weights) where w != 0 {
      squares += w * w * (v - mean) * (v - mean)
    }
    value = mean
    error = squares.squareRoot() / abs(total)
  }

  init(value: Double, error: Double) {
    self.value = value
    self.error = error
  }
}
