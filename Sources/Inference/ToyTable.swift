import Diagnostics
import EventModel
import Numerics

/// What pseudo-experiments are made of and judged by: cells (bins or simulated events), how often each happens at any θ,
/// and the log density of each at every hypothesis, computed once.
///
/// A pseudo-experiment at θ has k ~ Pois(Lσ(θ)) events, drawn with replacement with probability dσ_cell(θ)/σ(θ). Its
/// likelihood at hypothesis h is Σ log p(cell|h) + k ln Lσ(h) − Lσ(h): sums over rows of a table. With nuisance parameters
/// auxiliary measurements are thrown too, and the likelihood is maximal over ν at every hypothesis.
public struct ToyTable: Sendable {
  /// The points at which the likelihood is known: the grid, then further points.
  public let hypotheses: [[Double]]
  /// The first so many hypotheses are those that the maximum of the likelihood is searched among.
  public let gridCount: Int
  public let cellCount: Int
  public let luminosity: Double
  public let includesRate: Bool
  /// Values that were below `RatioLikelihood.floor` and were taken to be it.
  public let flooredValues: Int
  let morphing: MorphingSetup
  let total: BinTable
  /// Of the bins, or of the rate; nil where nothing depends on nuisance parameters.
  let nuisances: ToyNuisances?
  private let cells: Cells
  /// Bins whose processes have normalisations, which hypotheses then have after θ; nil without.
  private let norms: BinnedModel?
  /// log p(cell|h), [cell][hypothesis]; one of the two. Bins hold many events each, so they keep all digits; of events
  /// there are many, and few in a pseudo-experiment.
  private let exactLogs: [Double]
  private let shortLogs: [Float]
  /// Lσ(h); NaN where the hypothesis has no likelihood.
  let means: [Double]
  private let logMeans: [Double]

  /// What dσ of a cell follows from.
  private enum Cells: Sendable {
    case bins(BinTable)
    case events(CombinedEvents, rows: [Int], scales: [Double])
  }

  /// Bytes that the table of logarithms of events takes.
  public static func bytes(events: Int, hypotheses: Int) -> Double {
    4 * Double(events) * Double(hypotheses)
  }

  /// Bins of a histogram, or the total alone.
  /// - Parameters:
  ///   - constraints: of the nuisance parameters of the bins; none keeps them at 0.
  ///   - norms: the same bins with free normalisations, which hypotheses have after θ; nil without.
  public init(
    bins table: BinTable, morphing: MorphingSetup, hypotheses: [[Double]], gridCount: Int,
    luminosity: Double, includesRate: Bool, constraints: [NuisanceConstraint] = [],
    norms: BinnedModel? = nil
  ) throws {
    let table = constraints.isEmpty ? table.withoutNuisances : table
    let thetaCount = morphing.parameterCount
    let points = hypotheses.map {
      MorphedPoint(Array($0.prefix(thetaCount)), morphing: morphing)
    }
    var known: [[Double]: (bins: BinTable, total: BinTable)] = [:]
    let tables = hypotheses.map { hypothesis in
      let values = Array(hypothesis.dropFirst(thetaCount))
      if let found = known[values] { return found }
      let bins = norms?.table(norms: values) ?? table
      let made = (bins: bins, total: bins.total)
      known[values] = made
      return made
    }
    let totals = zip(points, tables).map { $0.crossSection($1.total).value }
    var logs = [Double](repeating: 0, count: table.binCount * hypotheses.count)
    var isDefined = totals.map { $0 > 0 }
    var floored = 0
    for bin in 0..<table.binCount {
      for (h, point) in points.enumerated() where isDefined[h] {
        let part = point.crossSection(tables[h].bins, bin: bin).value
        // A bin that is empty at h excludes h once an event falls into it; a negative one has no likelihood at all.
        if part < 0 { isDefined[h] = false }
        let value = part > 0 ? logarithm(part / totals[h]) : RatioLikelihood.floor
        if part <= 0 { floored += 1 }
        logs[bin * hypotheses.count + h] = max(value, RatioLikelihood.floor)
      }
    }
    try self.init(
      cells: .bins(table), cellCount: table.binCount, exact: logs, short: [], floored: floored,
      totals: zip(totals, isDefined).map { $1 ? $0 : .nan }, total: table.total,
      nuisances: constraints.isEmpty
        ? nil
        : ToyNuisances(
          zip(tables, points).map { ($0.bins, $1) }, constraints: constraints,
          luminosity: luminosity, includesRate: includesRate), norms: norms,
      morphing: morphing, hypotheses: hypotheses, gridCount: gridCount, luminosity: luminosity,
      includesRate: includesRate)
  }

  /// Simulated events with their log ratios.
  ///
  /// - Parameters:
  ///   - scales: what multiplies the weights of each row besides f_e.
  ///   - constraints: of the nuisance parameters, which the ratios do not know: they act on the rate. None keeps them at 0.
  public init(
    events: CombinedEvents, rows: [Int], scales: [Double], ratios: any RowLogRatios,
    hypotheses: [[Double]], gridCount: Int, luminosity: Double, includesRate: Bool,
    constraints: [NuisanceConstraint] = [], journal: Journal? = nil
  ) throws {
    let totals = hypotheses.map {
      MorphedPoint($0, morphing: events.morphing).crossSection(events.total).value
    }
    let n = hypotheses.count
    guard Self.bytes(events: rows.count, hypotheses: n) <= 0x1p34 else {
      throw Problem(
        .data, "log r of \(rows.count) events at \(n) points takes more than 16 GiB",
        remedy: "use a coarser --grid, or bins (--observable)")
    }
    var logs = [Float](repeating: 0, count: rows.count * n)
    var floored = 0
    for (h, theta) in hypotheses.enumerated() where totals[h] > 0 {
      let values = try ratios.values(at: theta)
      for (e, value) in values.enumerated() {
        guard !value.isNaN else {
          throw Problem(.data, "the model gives log r = NaN", remedy: "train it again")
        }
        if value < RatioLikelihood.floor { floored += 1 }
        logs[e * n + h] = Float(max(value, RatioLikelihood.floor))
      }
      journal?.progress("log r at points", h + 1, of: n)
    }
    try self.init(
      cells: .events(events, rows: rows, scales: scales), cellCount: rows.count,
      exact: [], short: logs, floored: floored, totals: totals.map { $0 > 0 ? $0 : .nan },
      total: events.total,
      nuisances: constraints.isEmpty || !includesRate
        ? nil
        : ToyNuisances(
          hypotheses.map { (events.total, MorphedPoint($0, morphing: events.morphing)) },
          constraints: constraints, luminosity: luminosity, includesRate: true), norms: nil,
      morphing: events.morphing, hypotheses: hypotheses, gridCount: gridCount,
      luminosity: luminosity, includesRate: includesRate)
  }

  private init(
    cells: Cells, cellCount: Int, exact: [Double], short: [Float], floored: Int, totals: [Double],
    total: BinTable, nuisances: ToyNuisances?, norms: BinnedModel?, morphing: MorphingSetup,
    hypotheses: [[Double]], gridCount: Int, luminosity: Double, includesRate: Bool
  ) throws {
    precondition(gridCount <= hypotheses.count)
    self.nuisances = nuisances
    self.norms = norms
    self.cells = cells
    self.cellCount = cellCount
    exactLogs = exact
    shortLogs = short
    self.total = total
    self.morphing = morphing
    self.hypotheses = hypotheses
    self.gridCount = gridCount
    self.luminosity = luminosity
    self.includesRate = includesRate
    flooredValues = floored
    means = totals.map { luminosity * $0 }
    logMeans = means.map(logarithm)
    guard means[..<gridCount].contains(where: { $0 > 0 }) else {
      throw Problem(
        .data, "the cross section is not positive anywhere on the grid",
        remedy: "choose a grid inside the region that the events cover")
    }
  }

  public var hasNuisances: Bool { nuisances != nil }

  /// Whether the likelihood is defined at a hypothesis.
  public func isDefined(_ hypothesis: Int) -> Bool { !means[hypothesis].isNaN }

  /// Lσ of a hypothesis.
  public func expectedEvents(_ hypothesis: Int) -> Double { means[hypothesis] }

  /// The hypothesis of the grid with the smallest of some t.
  public func best(_ statistics: [Double]) -> [Double] {
    let defined = (0..<gridCount).filter { !statistics[$0].isNaN }
    return defined.min { (statistics[$0], $0) < (statistics[$1], $1) }.map { hypotheses[$0] }
      ?? hypotheses[0].map { _ in .nan }
  }

  /// dσ of every cell at a point [pb], and σ of all; of events ν changes σ alone.
  /// - Parameter theta: with normalisations where hypotheses have them.
  func crossSections(
    at theta: [Double], nu: [Double]
  ) -> (cells: [Double], total: Double) {
    let values = Array(theta.dropFirst(morphing.parameterCount))
    let point = MorphedPoint(Array(theta.prefix(morphing.parameterCount)), morphing: morphing)
    func shifted(_ table: BinTable, _ bin: Int) -> Double {
      let value = point.crossSection(table, bin: bin).value
      guard nuisances != nil, !nu.isEmpty else { return value }
      return value
        * NuisanceResponse(table, bin: bin, at: point, nu: nu, gradient: false, moves: false)
        .factor
    }
    switch cells {
    case .bins(let plain):
      let table = norms?.table(norms: values) ?? plain
      let values = (0..<table.binCount).map { shifted(table, $0) }
      // Without ν the sum is taken as everywhere else.
      let sum = norms == nil ? total : table.total
      return (values, nuisances == nil ? shifted(sum, 0) : values.reduce(0, +))
    case .events(let events, let rows, let scales):
      let all = events.crossSections(at: point)
      return (zip(rows, scales).map { all[$0] * $1 }, shifted(total, 0))
    }
  }

  /// Whether the cells are single events, of which a pseudo-experiment may use up too many.
  public var isOfEvents: Bool {
    if case .events = cells { true } else { false }
  }

  // MARK: Likelihoods

  /// Adds `count` times log p(cell|h) of every hypothesis.
  @inline(__always)
  func add(_ cell: Int, times count: Double, to sums: UnsafeMutablePointer<Double>) {
    let n = hypotheses.count
    if shortLogs.isEmpty {
      exactLogs.withUnsafeBufferPointer { values in
        for h in 0..<n { sums[h] += count * values[cell * n + h] }
      }
    } else {
      shortLogs.withUnsafeBufferPointer { values in
        for h in 0..<n { sums[h] += count * Double(values[cell * n + h]) }
      }
    }
  }

  /// Adds the rate term of k events; NaN where the hypothesis has no likelihood.
  @inline(__always)
  func addRate(_ k: Double, to sums: UnsafeMutablePointer<Double>) {
    guard includesRate else {
      for h in 0..<hypotheses.count where means[h].isNaN { sums[h] = .nan }
      return
    }
    for h in 0..<hypotheses.count { sums[h] += k * logMeans[h] - means[h] }
  }

  /// ln L at every hypothesis of kinematic sums Σ log p(x_e|h) that were computed elsewhere (observed events).
  public func totals(kinematic: [Double], count: Double) -> [Double] {
    data(kinematic: kinematic, counts: [count]).totals
  }

  /// ln L at every hypothesis of counts in the cells, which are bins.
  public func totals(counts: [Double]) -> [Double] { data(counts: counts).totals }

  /// ln L of data at every hypothesis, and the best ν there (none without nuisance parameters): where pseudo-experiments at
  /// that hypothesis are thrown.
  /// - Parameter found: where auxiliary measurements came out; nil is 0, which they are defined by.
  func data(
    kinematic: [Double]? = nil, counts: [Double], found: [Double]? = nil
  ) -> ToyData {
    var sums = kinematic ?? [Double](repeating: 0, count: hypotheses.count)
    var nu: [[Double]] = []
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      if let nuisances {
        let found = found ?? nuisances.constraints.map { _ in 0.0 }
        addProfiles(counts, found: found, to: base) { nu.append($0) }
        return
      }
      if kinematic == nil {
        for (cell, count) in counts.enumerated() where count != 0 {
          add(cell, times: count, to: base)
        }
      }
      addRate(counts.reduce(0, +), to: base)
    }
    return ToyData(totals: sums, nu: nu)
  }

  /// Adds ln L of counts in the bins of the nuisance parameters, maximal over them, at every hypothesis.
  func addProfiles(
    _ counts: [Double], found: [Double], to sums: UnsafeMutablePointer<Double>,
    _ body: ([Double]) -> Void = { _ in }
  ) {
    guard let nuisances else { return }
    var scratch = ToyNuisances.Scratch(nuisances.count)
    var nu = found
    for h in hypotheses.indices {
      guard !means[h].isNaN else {
        sums[h] = .nan
        body(found)
        continue
      }
      // Neighbours on the grid have neighbouring ν, which saves steps.
      sums[h] += nuisances.profile(
        h, counts: counts, found: found, nu: &nu, scratch: &scratch)
      body(nu)
    }
  }

  /// t of the average experiment at a point, ν = 0, at every hypothesis: asymptotically the place of its regions.
  func asimovStatistics(at theta: [Double]) -> [Double] {
    let (cells, total) = crossSections(at: theta, nu: [])
    guard total > 0 else { return hypotheses.map { _ in .nan } }
    if nuisances != nil, !isOfEvents {
      return statistics(data(counts: cells.map { max(0, luminosity * $0) }).totals)
    }
    var sums = [Double](repeating: 0, count: hypotheses.count)
    let scale = luminosity * total / cells.reduce(0, +)
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      for (cell, value) in cells.enumerated() where value > 0 {
        add(cell, times: scale * value, to: base)
      }
      addRate(luminosity * total, to: base)
    }
    return statistics(sums)
  }

  /// The largest ln L of the grid, and of one more hypothesis (so that t is never negative).
  @inline(__always)
  func maximum(_ sums: UnsafePointer<Double>, with hypothesis: Int) -> Double {
    var best = sums[hypothesis]
    for h in 0..<gridCount where sums[h] > best { best = sums[h] }
    return best
  }

  /// t(h) = −2 [ln L(h) − max ln L] of every hypothesis.
  public func statistics(_ totals: [Double]) -> [Double] {
    totals.withUnsafeBufferPointer { sums in
      guard let base = sums.baseAddress else { return [] }
      var best = -Double.infinity
      for h in 0..<gridCount where base[h] > best { best = base[h] }
      return sums.map { $0.isNaN ? .nan : 2 * (max(best, $0) - $0) }
    }
  }
}
