import Diagnostics
import EventModel
import Numerics

/// The rows of an events table with the factors under which samples are combined: what every pass over events starts from.
///
/// Work is cut into blocks of fixed size whose results are added in order, so that no result depends on the number of
/// threads.
public struct CombinedEvents: Sendable {
  public let table: EventTable
  public let morphing: MorphingSetup
  public let combination: Combination
  /// f_e of every row (DESIGN: balance heuristic).
  public let factors: [Double]
  /// Σ_e f_e W_eb and their pair sums over all rows: the one σ(θ).
  public let total: BinTable
  /// What problems call the events.
  public let file: String?
  public let team: ThreadTeam

  static let blockSize = 8192

  /// - Parameters:
  ///   - combination: nil is the table's default.
  ///   - theta: the point whose closest benchmark counts, for `closest` only.
  /// - Throws: `.data` without events, without a morphing basis and for weights that are not finite.
  public init(
    _ table: EventTable, combination: Combination? = nil, theta: [Double]? = nil,
    file: String? = nil, team: ThreadTeam = ThreadTeam()
  ) throws {
    guard table.count > 0 else {
      throw Problem(
        .data, "there are no events", remedy: "check the cuts that made the file", file: file)
    }
    self.table = table
    self.file = file
    self.team = team
    do {
      morphing = try table.setup.requireMorphing()
      let rule = combination ?? table.defaultCombination
      self.combination = rule
      factors = try Self.factors(table, rule, theta, team)
    } catch let problem as Problem {
      throw file.map(problem.inFile) ?? problem
    }
    total = try BinFilling(
      table, morphing: morphing, factors: factors, axes: [], columns: [], rows: nil, team: team
    ).table()
    guard total.sums.allSatisfy(\.isFinite) else { throw Self.notFinite(table, file) }
  }

  /// The same events with weights multiplied by a number for each row.
  func reweighted(by scales: [Double]) throws -> CombinedEvents {
    try CombinedEvents(self, factors: zip(factors, scales).map { $0 * $1 })
  }

  /// The same rows without those of a sample, the others combined as if it had never been there; its rows stay, with weight 0.
  func leavingOut(sample: Int) throws -> CombinedEvents {
    var rest = table
    let kept = table.samples.indices.filter { $0 != sample }
    rest.samples = kept.map { table.samples[$0] }
    var places = [Int32](repeating: 0, count: table.samples.count)
    for (place, s) in kept.enumerated() { places[s] = Int32(place) }
    rest.sampleIndices = table.sampleIndices.map { places[Int($0)] }
    var others = try Self.factors(rest, combination, nil, team)
    for row in others.indices where table.sampleIndices[row] == sample { others[row] = 0 }
    return try CombinedEvents(self, factors: others)
  }

  private init(_ other: CombinedEvents, factors: [Double]) throws {
    (table, morphing, combination) = (other.table, other.morphing, other.combination)
    (file, team) = (other.file, other.team)
    self.factors = factors
    total = try BinFilling(
      table, morphing: morphing, factors: factors, axes: [], columns: [], rows: nil, team: team
    ).table()
  }

  private static func factors(
    _ table: EventTable, _ combination: Combination, _ theta: [Double]?, _ team: ThreadTeam
  ) throws -> [Double] {
    let rule = try RowFactors(
      combination, samples: table.samples, benchmarks: table.setup.benchmarks, theta: theta)
    return table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return [] }
      nonisolated(unsafe) let start = base
      return team.mapRanges(of: table.count, size: blockSize) { rows in
        rows.map {
          rule.factor(
            sample: Int(table.sampleIndices[$0]), weights: start + $0 * table.weightCount)
        }
      }.flatMap { $0 }
    }
  }

  private static func notFinite(_ table: EventTable, _ file: String?) -> Problem {
    let at = table.weights.firstIndex { !$0.isFinite } ?? 0
    return Problem(
      .data,
      "the weight '\(table.setup.weightNames[at % table.weightCount])' is \(table.weights[at])",
      remedy: "read the events again with lhe-read", file: file,
      place: "row \(table.fileRow(at / table.weightCount) + 1)")
  }

  /// Weights and gradients of the morphing basis at a point.
  /// - Throws: `.usage` for a point of another dimension.
  public func point(_ theta: [Double]) throws -> MorphedPoint {
    guard theta.count == morphing.parameterCount else {
      throw Problem(
        .usage,
        "a point of \(theta.count) values where there are \(morphing.parameterCount) parameters")
    }
    return MorphedPoint(theta, morphing: morphing)
  }

  /// The events under a policy on those whose dσ_e(θ) is negative.
  /// - Throws: `.data` with their number and share, where they are refused.
  func treatingNegative(_ policy: NegativePolicy, at point: MorphedPoint) throws -> CombinedEvents {
    guard policy != .keep else { return self }
    let sigma = crossSections(at: point)
    let count = sigma.count { $0 < 0 }
    guard count > 0 else { return self }
    guard policy == .clip else {
      let share = EventStatistics(sigma).negativeFraction
      throw Problem(
        .data,
        "\(count) of \(sigma.count) events have a negative weight, \(Double(Int(share * 1e4)) / 1e2) % of the total",
        remedy: "use --negative clip or keep, or another order or point", file: file)
    }
    return try reweighted(by: sigma.map { $0 < 0 ? 0 : 1 })
  }

  /// Position of an observable's column in a row of observations.
  func column(of observable: String) throws -> Int {
    guard let column = table.observableNames.firstIndex(of: observable) else {
      throw Problem(
        .data, "there is no observable '\(observable)'",
        remedy: "there are " + table.observableNames.joined(separator: ", "), file: file)
    }
    return column
  }

  /// The values of some observables for some rows, row-major.
  /// - Throws: `.data` for names that are not there and for values that are NaN.
  public func observations(_ names: [String], rows: [Int]) throws -> [Double] {
    let columns = try names.map { try column(of: $0) }
    let width = table.observableNames.count
    var values: [Double] = []
    values.reserveCapacity(rows.count * columns.count)
    for row in rows {
      for column in columns { values.append(table.observations[row * width + column]) }
    }
    if let at = values.firstIndex(where: { $0.isNaN }) {
      throw undefined(names[at % names.count], row: rows[at / names.count])
    }
    return values
  }

  private func undefined(_ observable: String, row: Int) -> Problem {
    Problem(
      .data, "observable '\(observable)' is undefined (NaN)",
      remedy: "give it a value in the analysis (on_undefined) or cut such events", file: file,
      place: "row \(table.fileRow(row) + 1)")
  }

  /// Bins one observable, with `edges.count + 1` bins, the outermost open-ended.
  /// - Throws: as `fill(axes:)`.
  public func fill(_ observable: String, edges: [Double]) throws -> BinTable {
    try fill(axes: [BinAxis(observable, edges: edges)])
  }

  /// Bins in any number of observables, with the effects of nuisance parameters and process by process.
  /// - Parameters:
  ///   - rows: the rows that count; nil is all.
  ///   - variedPairs: whether the errors of the bins' response to nuisance parameters are to be known, if the table is not
  ///     too large for that.
  /// - Throws: `.data` for an unknown observable and for NaN; `.usage` for edges that do not increase.
  public func fill(
    axes: [BinAxis], rows: Range<Int>? = nil, variedPairs: Bool = false
  ) throws -> BinTable {
    try filling(axes, rows: rows, variedPairs: variedPairs).table()
  }

  /// The same as the part of a job: with the sums unrounded, so that parts add up to the bits of the whole.
  public func fillExactly(
    axes: [BinAxis], rows: Range<Int>
  ) throws -> (table: BinTable, exact: [ExactSum]) {
    let filling = try filling(axes, rows: rows, variedPairs: true)
    return (filling.table(), filling.exactSums())
  }

  private func filling(
    _ axes: [BinAxis], rows: Range<Int>?, variedPairs: Bool
  ) throws -> BinFilling {
    let width = table.observableNames.count
    let columns = try axes.map { axis in
      let column = try column(of: axis.observable)
      guard !axis.edges.isEmpty, axis.edges.allSatisfy(\.isFinite),
        zip(axis.edges, axis.edges.dropFirst()).allSatisfy({ $0 < $1 })
      else {
        throw Problem(
          .usage, "the edges of the bins of '\(axis.observable)' do not increase",
          remedy: "write --bins 0,75,150,250")
      }
      if let row = (rows ?? 0..<table.count).first(where: {
        table.observations[$0 * width + column].isNaN
      }) {
        throw undefined(axis.observable, row: row)
      }
      return column
    }
    return try BinFilling(
      table, morphing: morphing, factors: factors, axes: axes, columns: columns, rows: rows,
      variedPairs: variedPairs, team: team)
  }

  /// Rows of block K of N, cut where blocks of sums end, so that no sum depends on the cut.
  public func rows(of part: Int, in count: Int) -> Range<Int> {
    let blocks = (table.count + Self.blockSize - 1) / Self.blockSize
    let cut = { (k: Int) in min(table.count, blocks * k / count * Self.blockSize) }
    return cut(part - 1)..<cut(part)
  }

  /// Edges that cut an observable into `bins` parts of equal dσ(θ): its quantiles k/bins, k = 1 … bins − 1.
  ///
  /// - Throws: `.data` where weights at θ are negative (quantiles are then undefined) or values coincide.
  public func quantileEdges(_ observable: String, bins: Int, theta: [Double]) throws -> [Double] {
    guard bins >= 2 else {
      throw Problem(
        .usage, "\(bins) bin of '\(observable)' holds no information on its shape",
        remedy: "use fisher rate, or at least 2 bins")
    }
    let values = try observations([observable], rows: Array(0..<table.count))
    let weights = crossSections(at: try point(theta))
    guard weights.allSatisfy({ $0 >= 0 }) else {
      throw Problem(
        .data, "quantiles are not defined for negative weights",
        remedy: "give the edges of the bins", file: file)
    }
    let edges = weightedQuantiles(
      values, weights: weights, probabilities: (1..<bins).map { Double($0) / Double(bins) })
    guard zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw Problem(
        .data, "observable '\(observable)' has too few values for \(bins) bins",
        remedy: "use fewer bins, or give their edges", file: file)
    }
    return edges
  }

  /// f_e dσ_e(θ) of every row [pb].
  public func crossSections(at point: MorphedPoint) -> [Double] {
    let n = morphing.benchmarkCount
    return team.mapRanges(of: table.count, size: Self.blockSize) { rows in
      table.weights.withUnsafeBufferPointer { weights in
        rows.map { row in
          var sum = 0.0
          for b in 0..<n { sum += point.weights[b] * weights[row * table.weightCount + b] }
          return factors[row] * sum
        }
      }
    }.flatMap { $0 }
  }

  /// Rows of a part with what multiplies their weights besides f_e, so that every sample keeps its cross section.
  public func rows(in part: Partition) throws -> (rows: [Int], scales: [Double]) {
    do {
      let (rows, sampleFactors) = try table.rows(in: part)
      return (rows, rows.map { sampleFactors[Int(table.sampleIndices[$0])] })
    } catch let problem as Problem {
      throw file.map(problem.inFile) ?? problem
    }
  }
}

/// Sums of the weights of some events at one parameter point.
public struct EventStatistics: Sendable, Equatable {
  public var events: Int
  /// Σdσ_e and the Poisson error sqrt(Σdσ_e²) [pb].
  public var crossSection: Double
  public var crossSectionError: Double
  /// Kish's number (Σdσ)²/Σdσ².
  public var effectiveEvents: Double
  /// Σ|dσ_e < 0| / Σ|dσ_e|.
  public var negativeFraction: Double

  public init(_ weights: some Collection<Double>) {
    var (sum, squares, absolute, negative) = (0.0, 0.0, 0.0, 0.0)
    for w in weights {
      sum += w
      squares += w * w
      absolute += abs(w)
      if w < 0 { negative -= w }
    }
    events = weights.count
    crossSection = sum
    crossSectionError = squares.squareRoot()
    effectiveEvents = squares > 0 ? sum * sum / squares : 0
    negativeFraction = absolute > 0 ? negative / absolute : 0
  }
}
