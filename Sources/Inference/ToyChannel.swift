import Diagnostics
import EventModel
import Numerics

/// One channel of pseudo-experiments: the cells that its events fall into, and their cross sections at any point.
///
/// Parameters, normalisations and nuisance parameters of several channels are joint; each channel knows its own by their
/// places.
struct ToyChannel: Sendable {
  /// What dσ of a cell follows from.
  enum Cells: Sendable {
    /// Of processes that have normalisations, which a hypothesis then has after θ, with a model of those.
    case bins(BinTable, norms: BinnedModel?)
    /// The scales multiply the weights of the rows besides f_e.
    case events(CombinedEvents, rows: [Int], scales: [Double])
  }

  let cells: Cells
  let morphing: MorphingSetup
  /// Sums over all events.
  let total: BinTable
  /// Of θ and the normalisations in a hypothesis.
  let places: [Int]
  /// Of the nuisance parameters among those of all channels; none where they stay at 0.
  let nuisancePlaces: [Int]

  var cellCount: Int {
    switch cells {
    case .bins(let table, _): table.binCount
    case .events(_, let rows, _): rows.count
    }
  }

  /// What cross sections at one hypothesis follow from.
  struct State {
    let point: MorphedPoint
    /// The bins, or the total of events.
    let table: BinTable
    let total: BinTable
    var crossSection: Double { point.crossSection(total).value }
  }

  /// θ of the channel, and its normalisations, in a hypothesis.
  private func split(_ hypothesis: [Double]) -> (theta: [Double], norms: [Double]) {
    let own = places.map { hypothesis[$0] }
    return (
      Array(own.prefix(morphing.parameterCount)), Array(own.dropFirst(morphing.parameterCount))
    )
  }

  func theta(_ hypothesis: [Double]) -> [Double] { split(hypothesis).theta }

  func states(_ hypotheses: [[Double]]) -> [State] {
    var known: [[Double]: (bins: BinTable, total: BinTable)] = [:]
    return hypotheses.map { hypothesis in
      let (theta, norms) = split(hypothesis)
      let tables: (bins: BinTable, total: BinTable)
      if let found = known[norms] {
        tables = found
      } else {
        switch cells {
        case .bins(let table, let model):
          let bins = model?.table(norms: norms) ?? table
          tables = (bins, bins.total)
        case .events: tables = (total, total)
        }
        known[norms] = tables
      }
      return State(
        point: MorphedPoint(theta, morphing: morphing), table: tables.bins, total: tables.total)
    }
  }

  /// Relative variances of the bins from the statistics of the simulation.
  func relativeVariances(_ hypotheses: [[Double]]) -> [[Double]] {
    guard case .bins(let table, let norms) = cells else { return hypotheses.map { _ in [] } }
    let model = norms ?? BinnedModel(table.withoutNuisances, morphing: morphing)
    return hypotheses.map { model.relativeVariances(at: theta($0)).values }
  }

  /// dσ of every cell at a point [pb], and σ of all.
  /// - Parameter nu: of all channels; none is 0.
  func crossSections(
    at hypothesis: [Double], nu: [Double]
  ) throws -> (cells: [Double], total: Double) {
    let (theta, values) = split(hypothesis)
    let point = MorphedPoint(theta, morphing: morphing)
    let own = nu.isEmpty ? [] : nuisancePlaces.map { nu[$0] }
    func shifted(_ table: BinTable, _ bin: Int) -> Double {
      let value = point.crossSection(table, bin: bin).value
      guard !own.isEmpty else { return value }
      return value
        * NuisanceResponse(table, bin: bin, at: point, nu: own, gradient: false, moves: false)
        .factor
    }
    switch cells {
    case .bins(let plain, let norms):
      let table = norms?.table(norms: values) ?? plain
      let values = (0..<table.binCount).map { shifted(table, $0) }
      // Without ν the sum is taken as everywhere else.
      return (
        values,
        nuisancePlaces.isEmpty
          ? shifted(norms == nil ? total : table.total, 0) : values.reduce(0, +)
      )
    case .events(let events, let rows, let scales):
      let all = try events.crossSections(at: theta, nu: own)
      return (zip(rows, scales).map { all[$0] * $1 }, shifted(total, 0))
    }
  }

  // MARK: Ratios that know nuisance parameters

  /// log r of rows at a hypothesis, and their response to nuisance parameters: log r(ν) = log r(0) + Σ_k (a_k ν_k + b_k ν_k²),
  /// exact where one of them is ±1, as the response of bins is.
  struct Response {
    var values: [Double]
    /// [nuisance parameter of all channels][row]; none of ratios that do not know them.
    var slopes: [[Double]] = []
    var curvatures: [[Double]] = []
  }

  /// - Throws: `.data` for NaN.
  func response(
    _ ratios: any RowLogRatios, at hypothesis: [Double], of nuisanceCount: Int
  ) throws -> Response {
    func values(_ nu: [Double]) throws -> [Double] {
      try ratios.values(at: theta(hypothesis) + nu).map { value in
        guard !value.isNaN else {
          throw Problem(.data, "the model gives log r = NaN", remedy: "train it again")
        }
        return max(value, RatioLikelihood.floor)
      }
    }
    guard knowsNuisances(ratios) else { return Response(values: try values([])) }
    let zero = nuisancePlaces.map { _ in 0.0 }
    let none = [Double](repeating: 0, count: ratios.rowCount)
    var result = Response(
      values: try values(zero), slopes: [[Double]](repeating: none, count: nuisanceCount),
      curvatures: [[Double]](repeating: none, count: nuisanceCount))
    for (k, place) in nuisancePlaces.enumerated() {
      var nu = zero
      nu[k] = 1
      let up = try values(nu)
      nu[k] = -1
      let down = try values(nu)
      for (row, nominal) in result.values.enumerated() {
        result.slopes[place][row] = 0.5 * (up[row] - down[row])
        result.curvatures[place][row] = 0.5 * (up[row] + down[row]) - nominal
      }
    }
    return result
  }

  /// Whether ratios are functions of nuisance parameters too.
  func knowsNuisances(_ ratios: any RowLogRatios) -> Bool {
    !nuisancePlaces.isEmpty && ratios.parameterCount != nil
  }
}
