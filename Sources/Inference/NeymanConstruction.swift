import Diagnostics
import EventModel
import Numerics

/// A Neyman construction: at every point of a grid the distribution of t(θ) = −2 [ln L(θ) − max ln L] from
/// pseudo-experiments, in place of χ².
///
/// The maximum is over the grid, so the grid is also the physical region, and the ordering is that of Feldman and Cousins
/// (Phys. Rev. D 57 (1998) 3873): a point is accepted at level CL where t is not above its CL quantile. The same t is taken
/// of data and of pseudo-experiments, so coverage holds for any grid and any log r, well or badly trained.
public struct NeymanConstruction: Sendable {
  public let table: ToyTable
  public let levels: [Double]
  /// Pseudo-experiments at each point.
  public let toys: Int
  public let seed: UInt64
  public let degreesOfFreedom: Int
  let names: [String]
  public let team: ThreadTeam
  /// Nuisance parameters that pseudo-experiments are thrown at, [hypothesis]; empty is 0.
  let nu: [[Double]]
  let journal: Journal?

  /// - Parameter nu: nuisance parameters that pseudo-experiments are thrown at, [hypothesis]: the best ones that data
  ///   leave there. None is 0.
  public init(
    _ table: ToyTable, names: [String], levels: [Double], toys: Int, seed: UInt64,
    degreesOfFreedom: Int, team: ThreadTeam, nu: [[Double]] = [], journal: Journal? = nil
  ) {
    self.table = table
    self.nu = nu
    self.names = names
    self.levels = levels
    self.toys = toys
    self.seed = seed
    self.degreesOfFreedom = degreesOfFreedom
    self.team = team
    self.journal = journal
  }

  /// How a message calls a hypothesis.
  func name(_ h: Int) -> String {
    zip(names, table.hypotheses[h]).map { "\($0)=\($1)" }.joined(separator: ",")
  }

  /// t of every pseudo-experiment of the belt at one hypothesis, in ascending order.
  func distribution(_ h: Int, _ drawing: ToyDrawing) -> [Double] {
    drawing.statistics(
      of: [h], toys: 0..<toys, seed: seed, purpose: .toys, index: h, team: team
    ).sorted()
  }

  /// The belt at some of the grid's points.
  /// - Parameter statistics: t of the experiments to judge, [experiment][hypothesis]; their p-values are filled in.
  public func belt(_ points: Range<Int>, statistics: [[Double]] = []) throws -> [NeymanPoint] {
    var result: [NeymanPoint] = []
    for h in points {
      result.append(try point(h, statistics.map { $0[h] }))
      journal?.progress("points of the belt", result.count, of: points.count)
    }
    let undefined = result.count { $0.critical.isEmpty }
    if undefined > 0 {
      journal?.warn(
        "toys.undefined",
        "the likelihood is not defined at \(undefined) of \(points.count) points of the grid; they are in no region",
        count: 1)
    }
    return result
  }

  func point(_ h: Int, _ statistics: [Double]) throws -> NeymanPoint {
    guard table.isDefined(h) else { return NeymanPoint(undefined: table.hypotheses[h], statistics) }
    let drawing = try ToyDrawing(
      table, at: table.hypotheses[h], nu: nu.isEmpty ? nil : nu[h], name: name(h),
      journal: journal)
    let t = distribution(h, drawing)
    let chi = ChiSquare(degreesOfFreedom: degreesOfFreedom)
    return NeymanPoint(
      theta: table.hypotheses[h], expectedEvents: drawing.mean,
      effectiveEvents: drawing.effectiveEvents,
      critical: levels.map { CriticalValue(t, level: $0) },
      asymptoticCovered: levels.map { Self.countUpTo(chi.quantile($0), in: t) },
      statistics: statistics,
      exceeding: statistics.map { $0.isNaN ? 0 : t.count - Self.countBelow($0, in: t) })
  }

  /// Rounding of sums of logs: toys of the same counts have the same t, whatever the order of events.
  static func margin(_ t: Double) -> Double { 1e-9 * max(1, abs(t)) }

  /// How many are not above a value.
  static func countUpTo(_ value: Double, in sorted: [Double]) -> Int {
    partition(sorted) { $0 > value + margin(value) }
  }
  static func countBelow(_ value: Double, in sorted: [Double]) -> Int {
    partition(sorted) { $0 >= value - margin(value) }
  }

  private static func partition(_ sorted: [Double], _ isAfter: (Double) -> Bool) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(sorted[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// t at all grid points of experiments drawn at a hypothesis, [band][hypothesis], from −2 to 2 standard deviations: the
  /// band N has the t of which a fraction Φ(−N) of the experiments are not above, so that, as in `ExpectedBands`, a region
  /// is larger for a larger N.
  /// - Parameter nu: nuisance parameters of the experiments; nil is 0.
  public func expectedStatistics(
    at h: Int, experiments: Int, nu: [Double]? = nil
  ) throws -> [[Double]] {
    let grid = Array(0..<table.gridCount)
    let drawing = try ToyDrawing(
      table, at: table.hypotheses[h], nu: nu, name: name(h), journal: journal)
    var bands = [[Double]](repeating: [], count: Self.bands.count)
    // In slices of the grid, so that a large grid needs no more memory than a small one.
    for start in stride(from: 0, to: grid.count, by: 256) {
      let some = Array(grid[start..<min(start + 256, grid.count)])
      let t = drawing.statistics(
        of: some, toys: 0..<experiments, seed: seed, purpose: .experiments, index: h, team: team)
      for k in some.indices {
        let column = (0..<experiments).map { t[$0 * some.count + k] }
        guard !column[0].isNaN else {
          for b in bands.indices { bands[b].append(.nan) }
          continue
        }
        let quantiles = weightedQuantiles(column, probabilities: Self.bands.map { Normal.cdf(-$0) })
        for (b, q) in quantiles.enumerated() { bands[b].append(q) }
      }
    }
    return bands
  }

  /// In standard deviations.
  public static let bands = [-2.0, -1, 0, 1, 2]

  /// Seconds that the belt at so many points takes, from a few pseudo-experiments at the first point that has them.
  public func estimatedSeconds(points: Range<Int>, clock: () -> Double) throws -> Double {
    guard let h = points.first(where: { table.isDefined($0) }) else { return 0 }
    let start = clock()
    let drawing = try ToyDrawing(table, at: table.hypotheses[h], name: name(h))
    let setUp = clock() - start
    let trial = min(toys, 2 * ToyDrawing.blockSize * max(1, team.threads))
    var begin = start
    // The first round wakes threads and memory.
    for _ in 0..<2 {
      begin = clock()
      _ = drawing.statistics(
        of: [h], toys: 0..<trial, seed: seed, purpose: .toys, index: h, team: team)
    }
    return Double(points.count) * (setUp + (clock() - begin) * Double(toys) / Double(trial))
  }
}

/// The quantile of a sample with the error that its size leaves.
public struct CriticalValue: Sendable, Equatable {
  public var value: Double
  /// The order statistics one binomial standard deviation below and above.
  public var lower: Double
  public var upper: Double

  /// The smallest t that at least a fraction `level` of the toys, and of one more, do not exceed: never too short.
  init(_ sorted: [Double], level: Double) {
    let n = Double(sorted.count)
    func order(_ rank: Double) -> Double {
      sorted[min(max(Int(rank.rounded(.up)) - 1, 0), sorted.count - 1)]
    }
    let error = (n * level * (1 - level)).squareRoot()
    value = order(level * (n + 1))
    lower = order(level * (n + 1) - error)
    upper = order(level * (n + 1) + error)
  }

  init(value: Double, lower: Double, upper: Double) {
    self.value = value
    self.lower = lower
    self.upper = upper
  }
}

/// One point of a belt.
public struct NeymanPoint: Sendable, Equatable {
  public var theta: [Double]
  /// Lσ(θ).
  public var expectedEvents: Double
  /// Kish's number of the events that toys were drawn from; infinite for bins.
  public var effectiveEvents: Double
  /// One for each level; none where the likelihood is not defined.
  public var critical: [CriticalValue]
  /// Toys with t not above the χ² quantile of each level: the coverage of asymptotic regions at this point.
  public var asymptoticCovered: [Int]
  /// t of each experiment judged here, and the toys that are not below it.
  public var statistics: [Double]
  public var exceeding: [Int]

  init(
    theta: [Double], expectedEvents: Double, effectiveEvents: Double, critical: [CriticalValue],
    asymptoticCovered: [Int], statistics: [Double], exceeding: [Int]
  ) {
    self.theta = theta
    self.expectedEvents = expectedEvents
    self.effectiveEvents = effectiveEvents
    self.critical = critical
    self.asymptoticCovered = asymptoticCovered
    self.statistics = statistics
    self.exceeding = exceeding
  }

  init(undefined theta: [Double], _ statistics: [Double]) {
    self.init(
      theta: theta, expectedEvents: .nan, effectiveEvents: .nan, critical: [],
      asymptoticCovered: [], statistics: statistics.map { _ in .nan },
      exceeding: statistics.map { _ in 0 })
  }

  /// (1 + #{t ≥ t_obs})/(1 + toys), which is never 0.
  public func p(_ experiment: Int, toys: Int) -> Double {
    statistics[experiment].isNaN ? .nan : Double(1 + exceeding[experiment]) / Double(1 + toys)
  }

  /// The binomial error of p.
  public func pError(_ experiment: Int, toys: Int) -> Double {
    let p = p(experiment, toys: toys)
    return (p * (1 - p) / Double(1 + toys)).squareRoot()
  }
}
