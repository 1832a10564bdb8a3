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
    total = try Self.fill(
      table, morphing: morphing, factors: factors, column: nil, edges: [], team: team)
    guard total.sums.allSatisfy(\.isFinite) else { throw Self.notFinite(table, file) }
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
      place: "row \(at / table.weightCount + 1)")
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
      place: "row \(row + 1)")
  }

  /// Bins one observable, with `edges.count + 1` bins, the outermost open-ended.
  /// - Throws: `.data` for an unknown observable and for NaN; `.usage` for edges that do not increase.
  public func fill(_ observable: String, edges: [Double]) throws -> BinTable {
    let column = try column(of: observable)
    guard !edges.isEmpty, edges.allSatisfy(\.isFinite),
      zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw Problem(
        .usage, "the edges of the bins of '\(observable)' do not increase",
        remedy: "write --bins 0,75,150,250")
    }
    let width = table.observableNames.count
    if let row = (0..<table.count).first(where: { table.observations[$0 * width + column].isNaN }) {
      throw undefined(observable, row: row)
    }
    var result = try Self.fill(
      table, morphing: morphing, factors: factors, column: column, edges: edges, team: team)
    result.observable = observable
    return result
  }

  private static func fill(
    _ table: EventTable, morphing: MorphingSetup, factors: [Double], column: Int?,
    edges: [Double], team: ThreadTeam
  ) throws -> BinTable {
    let names = table.setup.benchmarks.prefix(morphing.benchmarkCount).map(\.name)
    let blocks = team.mapRanges(of: table.count, size: blockSize) { rows in
      var block = BinTable(edges: edges, benchmarkNames: names)
      fill(&block, table, rows, factors, column)
      return block
    }
    var result = BinTable(edges: edges, benchmarkNames: names)
    for block in blocks { result.add(block) }
    return result
  }

  private static func fill(
    _ block: inout BinTable, _ table: EventTable, _ rows: Range<Int>, _ factors: [Double],
    _ column: Int?
  ) {
    let n = block.benchmarkCount
    let pairs = BinTable.pairCount(n)
    let width = table.observableNames.count
    let edges = block.edges
    var counts = block.counts
    var scaled = [Double](repeating: 0, count: n)
    table.weights.withUnsafeBufferPointer { weights in
      table.observations.withUnsafeBufferPointer { observations in
        block.sums.withUnsafeMutableBufferPointer { sums in
          block.pairSums.withUnsafeMutableBufferPointer { pairSums in
            for row in rows where factors[row] != 0 {
              let bin =
                column.map { BinTable.bin(of: observations[row * width + $0], edges: edges) } ?? 0
              counts[bin] += 1
              for b in 0..<n { scaled[b] = factors[row] * weights[row * table.weightCount + b] }
              var at = bin * pairs
              for i in 0..<n {
                sums[bin * n + i] += scaled[i]
                for j in i..<n {
                  pairSums[at] += scaled[i] * scaled[j]
                  at += 1
                }
              }
            }
          }
        }
      }
    }
    block.counts = counts
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
