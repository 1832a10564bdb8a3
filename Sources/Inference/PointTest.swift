import Diagnostics
import EventModel
import Glibc
import Morphing
import Numerics

/// Tests of parameter points against one true point, without a grid and without morphing: benchmarks, masses, signal
/// against background.
///
/// λ = ln L(θ_t)/L(θ_s) is a sum over events. For many of them it is Gaussian under either point, with moments that the
/// simulation gives whatever the quality of the estimator (n is Poisson with mean Lσ, so λ is compound Poisson):
///
///     ℓ = log [σ_t r(x|θ_t)] − log [σ_s r(x|θ_s)]
///     E_h λ = L ∫dσ_h ℓ − L(σ_t − σ_s)      Var_h λ = L ∫dσ_h ℓ²
///
/// and for n = Lσ_s events, without the rate, E_h λ = n⟨ℓ⟩_h and Var_h λ = n(⟨ℓ²⟩_h − ⟨ℓ⟩_h²) with ℓ of the r alone.
public struct PointTest {
  private let table: EventTable
  private let models: [any RatioEvaluator]
  private let luminosity: Double
  private let includesRate: Bool
  private let evaluator: PointWeights
  private let factors: [Double]
  private let rows: [Int]
  private let scales: [Double]
  private let ratios: MeanLogRatios
  /// The rule under which samples are combined.
  public let combination: Combination

  /// What is found for one tested point.
  public struct Result: Sendable, Equatable {
    public var theta: [Double]
    /// σ(θ_t) [pb].
    public var crossSection: Double
    /// Smaller of Kish's numbers of the rows at both points.
    public var effectiveEvents: Double
    /// Mean and standard deviation of λ if the tested point is true, and if the true one is.
    public var mean: Double
    public var deviation: Double
    public var meanAtTrue: Double
    public var deviationAtTrue: Double
    /// λ of the data; of an expectation its mean at the true point.
    public var value: Double

    /// How far λ is below what the tested point expects, in standard deviations, and the probability of that or less.
    public var significance: Double { (mean - value) / deviation }
    public var p: Double { normalSurvival(significance) }
    /// The probability of such a λ or more if the true point is true.
    public var pAtTrue: Double {
      normalSurvival((value - meanAtTrue) / deviationAtTrue)
    }
  }

  /// - Parameters:
  ///   - part: rows that the models see; cross sections are of all rows.
  ///   - theta: the true point, which decides `closest`.
  /// - Throws: `.data` where events and models do not fit.
  public init(
    _ table: EventTable, combination: Combination? = nil, theta: [Double], part: Partition,
    models: [any RatioEvaluator], luminosity: Double, includesRate: Bool = true, file: String
  ) throws {
    self.table = table
    self.models = models
    self.luminosity = luminosity
    self.includesRate = includesRate
    self.combination = combination ?? table.defaultCombination
    evaluator = PointWeights(table.setup)
    factors = try table.rowFactors(self.combination, theta: theta)
    let (rows, sampleFactors) = try table.rows(in: part)
    self.rows = rows
    scales = rows.map { sampleFactors[Int(table.sampleIndices[$0])] }
    guard !rows.isEmpty else {
      throw Problem(.data, "no row is left", remedy: "see --partition", file: file)
    }
    for model in models where model.parameterNames != table.setup.parameterNames {
      throw Problem(
        .data, "the model is of the parameters \(model.parameterNames.joined(separator: ", "))",
        remedy: "the events have " + table.setup.parameterNames.joined(separator: ", "),
        file: model.name)
    }
    let width = table.observableNames.count
    ratios = MeanLogRatios(
      try models.map { model in
        let choice = try ObservableChoice(
          model.observableNames, available: table.observableNames, file: file)
        var x: [Double] = []
        for row in rows {
          choice.append(Array(table.observations[row * width..<(row + 1) * width]), to: &x)
        }
        if let at = x.firstIndex(where: { $0.isNaN }) {
          let d = model.observableNames.count
          throw Problem(
            .data, "observable '\(model.observableNames[at % d])' is undefined (NaN)",
            remedy: "give it a value in the analysis (on_undefined) or cut such events",
            file: file, place: "row \(rows[at / d] + 1)")
        }
        return try model.ratios(x, rows: rows.count)
      })
  }

  /// One point of the simulation: σ of all rows, and the weights and log ratios of those of the part.
  private struct Side {
    var sigma: Double
    /// Summing to σ.
    var weights: [Double]
    var logRatios: [Double]
  }

  private func side(_ theta: [Double]) throws -> Side {
    let w = try evaluator.weights(at: theta)
    func differential(_ row: Int) -> Double {
      var sum = 0.0
      for b in w.indices { sum += w[b] * table.weights[row * table.weightCount + b] }
      return factors[row] * sum
    }
    let sigma = compensatedSum((0..<table.count).map(differential))
    let weights = zip(rows, scales).map { differential($0) * $1 }
    let sum = compensatedSum(weights)
    guard sigma > 0, sum > 0 else {
      throw Problem(
        .data,
        "the cross section at \(PointSpecification.name(of: theta, table.setup)) is \(sigma) pb",
        remedy: "choose another point")
    }
    return Side(
      sigma: sigma, weights: weights.map { $0 * (sigma / sum) },
      logRatios: try ratios.values(at: theta))
  }

  /// Tests points against the true one: the average experiment at it, or events that were observed.
  /// - Parameter data: observables of observed events, for each model in its own order.
  public func run(
    true theta: [Double], tested: [[Double]], data: [[Double]]? = nil
  ) throws -> [Result] {
    let reference = try side(theta)
    let observed = try data.map { data in
      MeanLogRatios(
        try zip(models, data).map { try $0.ratios($1, rows: $1.count / $0.observableNames.count) })
    }
    let observedAtTrue = try observed?.values(at: theta)
    return try tested.map { point in
      let side = try side(point)
      let offset = includesRate ? logarithm(side.sigma / reference.sigma) : 0
      let l = zip(side.logRatios, reference.logRatios).map { $0 - $1 + offset }
      let own = moments(l, side, reference, at: side)
      let other = moments(l, side, reference, at: reference)
      var value = other.mean
      if let observed, let observedAtTrue {
        let terms = zip(try observed.values(at: point), observedAtTrue).map { $0 - $1 + offset }
        value = compensatedSum(terms) - (includesRate ? constant(side, reference) : 0)
      }
      return Result(
        theta: point, crossSection: side.sigma,
        effectiveEvents: min(
          EventStatistics(side.weights).effectiveEvents,
          EventStatistics(reference.weights).effectiveEvents),
        mean: own.mean, deviation: own.deviation, meanAtTrue: other.mean,
        deviationAtTrue: other.deviation, value: value)
    }
  }

  /// Warns of points outside the range that models were trained on, and of counts whose sum is not Gaussian.
  public func warn(
    true theta: [Double], tested: [[Double]], _ results: [Result], journal: Journal?
  ) {
    for model in models where !model.thetaRange.isEmpty {
      let outside = ([theta] + tested).filter { !model.knows($0) }
      guard let first = outside.first else { continue }
      journal?.warn(
        "limits.outside \(model.name)",
        "\(outside.count) of \(tested.count + 1) points, such as \(PointSpecification.name(of: first, table.setup)), are outside the range of theta that \(model.name) was trained on; log r is extrapolated there"
      )
    }
    let counts = results.map { luminosity * $0.crossSection }
    guard let fewest = counts.min(), fewest.rounded() < 10 else { return }
    journal?.warn(
      "limits.asymptotic",
      "\(LimitCalculation.rounded(fewest)) events are too few for the sum over events to be Gaussian, as Z and p take it; throw toys where there is a grid (limits toys)"
    )
  }

  /// L(σ_t − σ_s).
  private func constant(_ tested: Side, _ reference: Side) -> Double {
    luminosity * (tested.sigma - reference.sigma)
  }

  private func moments(
    _ l: [Double], _ tested: Side, _ reference: Side, at side: Side
  ) -> (mean: Double, deviation: Double) {
    let first = compensatedSum(zip(side.weights, l).map { $0 * $1 }) / side.sigma
    let second = compensatedSum(zip(side.weights, l).map { $0 * $1 * $1 }) / side.sigma
    if includesRate {
      let n = luminosity * side.sigma
      return (n * first - constant(tested, reference), max(0, n * second).squareRoot())
    }
    let n = luminosity * reference.sigma
    return (n * first, max(0, n * (second - first * first)).squareRoot())
  }
}

/// The probability of a standard Gaussian above z.
private func normalSurvival(_ z: Double) -> Double { erfc(z / 2.0.squareRoot()) / 2 }
