import Diagnostics
import EventModel
import Numerics

/// What pseudo-experiments are made of and judged by: cells (bins or simulated events), how often each happens at any θ,
/// and the log density of each at every hypothesis, computed once.
///
/// A pseudo-experiment at θ has k ~ Pois(Lσ(θ)) events, drawn with replacement with probability dσ_cell(θ)/σ(θ). Its
/// likelihood at hypothesis h is Σ log p(cell|h) + k ln Lσ(h) − Lσ(h): sums over rows of a table. With nuisance parameters
/// auxiliary measurements are thrown too, and the likelihood is maximal over ν at every hypothesis.
///
/// Of several channels the cells are those of all: k ~ Pois(LΣ_i σ_i) events, each in a channel with probability
/// σ_i/Σσ, are independent Poisson numbers in every channel.
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
  let channels: [ToyChannel]
  /// Of the bins, or of the rates; nil where nothing depends on nuisance parameters.
  let nuisances: ToyNuisances?
  /// log p(cell|h), [cell][hypothesis]; one of the two. Bins hold many events each, so they keep all digits; of events
  /// there are many, and few in a pseudo-experiment.
  private let exactLogs: [Double]
  private let shortLogs: [Float]
  /// What the logarithm of events changes by with nuisance parameters, a_k and b_k of `ToyChannel.Response`,
  /// [cell][hypothesis][2k, 2k + 1]; empty where no ratio knows them.
  private let responses: [Float]
  /// ln of the share of each channel in all events of a hypothesis, which is in the logarithms of its cells,
  /// [channel][hypothesis]; empty of one channel, without the rate and where the rate is profiled.
  private let logShares: [[Double]]
  /// Lσ(h); NaN where the hypothesis has no likelihood.
  let means: [Double]
  private let logMeans: [Double]

  /// Bytes that the table of logarithms of events takes.
  /// - Parameter nuisances: that ratios know.
  public static func bytes(events: Int, hypotheses: Int, nuisances: Int = 0) -> Double {
    4 * Double(events) * Double(hypotheses) * Double(1 + 2 * nuisances)
  }

  /// - Parameters:
  ///   - channels: all of bins, or all of events with the ratios of their rows.
  ///   - constraints: of the nuisance parameters; those that ratios do not know act on the rates of events alone. None
  ///     keeps them at 0.
  ///   - includesStatistics: lets the simulation's statistics vary every bin.
  /// - Throws: `.data` where no point of the grid has a likelihood, for NaN, and for more than 16 GiB.
  init(
    _ channels: [(channel: ToyChannel, ratios: (any RowLogRatios)?)], hypotheses: [[Double]],
    gridCount: Int, luminosity: Double, includesRate: Bool,
    constraints: [NuisanceConstraint] = [], includesStatistics: Bool = false,
    journal: Journal? = nil
  ) throws {
    precondition(gridCount <= hypotheses.count && !channels.isEmpty)
    let states = channels.map { $0.channel.states(hypotheses) }
    let sigmas = states.map { $0.map(\.crossSection) }
    var totals = hypotheses.indices.map { h -> Double in
      sigmas.allSatisfy { $0[h] > 0 } ? sigmas.reduce(0) { $0 + $1[h] } : .nan
    }
    let hasBins = channels[0].ratios == nil
    precondition(channels.allSatisfy { ($0.ratios == nil) == hasBins })
    let hasResponses = channels.contains { channel, ratios in
      ratios.map(channel.knowsNuisances) ?? false
    }
    let isProfiled =
      hasBins
      ? !constraints.isEmpty || includesStatistics
      : !constraints.isEmpty && (includesRate || hasResponses)
    nuisances =
      isProfiled
      ? try ToyNuisances(
        zip(channels, states).map { channel, states in
          let variances =
            includesStatistics ? channel.channel.relativeVariances(hypotheses) : []
          return states.indices.map { h in
            ToyNuisances.Bins(
              table: hasBins ? states[h].table : states[h].total, point: states[h].point,
              places: channel.channel.nuisancePlaces,
              variances: variances.isEmpty ? [] : variances[h])
          }
        }, constraints: constraints, luminosity: luminosity, includesRate: includesRate) : nil
    let hasShares = channels.count > 1 && includesRate && !isProfiled
    logShares =
      hasShares ? sigmas.map { zip($0, totals).map { logarithm($0 / $1) } } : []
    var floored = 0
    var exact: [Double] = []
    var (short, responses): ([Float], [Float]) = ([], [])
    let n = hypotheses.count
    if hasBins {
      for (c, states) in states.enumerated() {
        for bin in 0..<channels[c].channel.cellCount {
          for (h, state) in states.enumerated() {
            guard totals[h] > 0 else {
              exact.append(0)
              continue
            }
            let part = state.point.crossSection(state.table, bin: bin).value
            // A bin that is empty at h excludes h once an event falls into it; a negative one has no likelihood at all.
            if part < 0 { totals[h] = .nan }
            let value =
              part > 0
              ? logarithm(part / (hasShares ? totals[h] : sigmas[c][h])) : RatioLikelihood.floor
            if part <= 0 { floored += 1 }
            exact.append(max(value, RatioLikelihood.floor))
          }
        }
      }
    } else {
      let rows = channels.reduce(0) { $0 + $1.channel.cellCount }
      let width = hasResponses ? 2 * constraints.count : 0
      guard Self.bytes(events: rows, hypotheses: n, nuisances: width / 2) <= 0x1p34 else {
        throw Problem(
          .data, "log r of \(rows) events at \(n) points takes more than 16 GiB",
          remedy: "use a coarser --grid, or bins (--observable)")
      }
      short = [Float](repeating: 0, count: rows * n)
      responses = [Float](repeating: 0, count: rows * n * width)
      var first = 0
      for (c, (channel, ratios)) in channels.enumerated() {
        guard let ratios else { continue }
        for (h, hypothesis) in hypotheses.enumerated() where totals[h] > 0 {
          let share = hasShares ? logShares[c][h] : 0
          let response = try channel.response(ratios, at: hypothesis, of: constraints.count)
          for (e, value) in response.values.enumerated() {
            let cell = (first + e) * n + h
            if value <= RatioLikelihood.floor { floored += 1 }
            short[cell] = Float(value + share)
            for k in response.slopes.indices {
              responses[cell * width + 2 * k] = Float(response.slopes[k][e])
              responses[cell * width + 2 * k + 1] = Float(response.curvatures[k][e])
            }
          }
          journal?.progress("log r at points", c * n + h + 1, of: channels.count * n)
        }
        first += channel.cellCount
      }
    }
    self.responses = responses
    (exactLogs, shortLogs, flooredValues) = (exact, short, floored)
    self.channels = channels.map(\.channel)
    cellCount = channels.reduce(0) { $0 + $1.channel.cellCount }
    self.hypotheses = hypotheses
    self.gridCount = gridCount
    self.luminosity = luminosity
    self.includesRate = includesRate
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

  /// dσ of every cell of each channel at a point [pb], and σ of each.
  /// - Parameters:
  ///   - theta: with normalisations where hypotheses have them.
  ///   - nu: with the factors of bins that the statistics of the simulation leave free, where they do; none is the
  ///     nominal point.
  func crossSections(
    at theta: [Double], nu: [Double]
  ) throws -> [(cells: [Double], total: Double)] {
    let parts = try channels.map { channel in
      try channel.crossSections(
        at: theta, nu: nuisances.map { Array(nu.prefix($0.count)) } ?? [])
    }
    guard let nuisances, nuisances.hasStatistics, !nu.isEmpty else { return parts }
    var first = nuisances.count
    return parts.map { part in
      let cells = zip(part.cells, nu[first...]).map { $0 * $1 }
      first += cells.count
      return (cells, cells.reduce(0, +))
    }
  }

  /// Whether the cells are single events, of which a pseudo-experiment may use up too many.
  public var isOfEvents: Bool { exactLogs.isEmpty }

  /// Relative errors of the bins from the statistics of the simulation at a point; empty where it does not vary them.
  func statisticalErrors(at theta: [Double]) -> [Double] {
    guard let nuisances, nuisances.hasStatistics else { return [] }
    return channels.flatMap { $0.relativeVariances([theta])[0] }.map { $0.squareRoot() }
  }

  /// dσ of all cells. Events of a part of several channels are made worth σ of theirs, which decides how many of each
  /// there are.
  func scaledCells(_ channels: [(cells: [Double], total: Double)]) -> [Double] {
    guard channels.count > 1, isOfEvents else { return channels.flatMap(\.cells) }
    return channels.flatMap { cells, total in
      let sum = cells.reduce(0, +)
      return cells.map { $0 * total / sum }
    }
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

  /// Numbers for each hypothesis that say how the logarithms of a pseudo-experiment change with nuisance parameters.
  var responseCount: Int { responses.isEmpty ? 0 : 2 * (nuisances?.count ?? 0) }

  /// Adds the response of a cell at every hypothesis.
  @inline(__always)
  func addResponse(_ cell: Int, to sums: inout [Double]) {
    let first = cell * sums.count
    for i in sums.indices { sums[i] += Double(responses[first + i]) }
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

  /// ln L at every hypothesis of counts in the cells, which are bins.
  public func totals(counts: [Double]) -> [Double] { data(counts: counts).totals }

  /// ln L of data at every hypothesis, and the best ν there (none without nuisance parameters): where pseudo-experiments at
  /// that hypothesis are thrown.
  /// - Parameters:
  ///   - kinematic: Σ log r(x_e|h) of the events of each channel, [channel][hypothesis]; nil of bins.
  ///   - responses: to nuisance parameters, [hypothesis][2k, 2k + 1]; empty where no ratio knows them.
  ///   - counts: in the cells, which are bins, or in the channels.
  ///   - found: where auxiliary measurements came out; nil is where they are defined to.
  func data(
    kinematic: [[Double]]? = nil, responses: [Double] = [], counts: [Double],
    found: [Double]? = nil
  ) -> ToyData {
    var sums = [Double](repeating: 0, count: hypotheses.count)
    for (c, values) in (kinematic ?? []).enumerated() {
      for h in sums.indices {
        sums[h] += values[h]
        if !logShares.isEmpty { sums[h] += counts[c] * logShares[c][h] }
      }
    }
    var nu: [[Double]] = []
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      if let nuisances {
        addProfiles(
          counts, responses: responses, found: nuisances.completed(found ?? []), to: base
        ) { nu.append($0) }
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

  /// The average experiment of cells of which dσ and σ are known, where nuisance parameters are profiled.
  func asimovData(_ channels: [(cells: [Double], total: Double)], found: [Double]) -> ToyData {
    guard isOfEvents else {
      return data(counts: channels.flatMap(\.cells).map { max(0, luminosity * $0) }, found: found)
    }
    let n = hypotheses.count
    var kinematic: [[Double]] = []
    var responses = [Double](repeating: 0, count: n * responseCount)
    var cell = 0
    for (values, total) in channels {
      let scale = luminosity * total / values.reduce(0, +)
      var sums = [Double](repeating: 0, count: n)
      for value in values {
        if value > 0 {
          for h in 0..<n { sums[h] += scale * value * Double(shortLogs[cell * n + h]) }
          for i in responses.indices {
            responses[i] += scale * value * Double(self.responses[cell * responses.count + i])
          }
        }
        cell += 1
      }
      kinematic.append(sums)
    }
    return data(
      kinematic: kinematic, responses: responses,
      counts: channels.map { max(0, luminosity * $0.total) }, found: found)
  }

  /// Adds ln L of counts in the bins of the nuisance parameters, maximal over them, at every hypothesis.
  func addProfiles(
    _ counts: [Double], responses: [Double], found: [Double],
    to sums: UnsafeMutablePointer<Double>, _ body: (([Double]) -> Void)? = nil
  ) {
    guard let nuisances else { return }
    var scratch = ToyNuisances.Scratch(nuisances.count)
    var nu = Array(found.prefix(nuisances.count))
    let width = responses.isEmpty ? 0 : 2 * nuisances.count
    for h in hypotheses.indices {
      guard !means[h].isNaN else {
        sums[h] = .nan
        body?(found)
        continue
      }
      // Neighbours on the grid have neighbouring ν, which saves steps.
      for i in 0..<width { scratch.response[i] = responses[h * width + i] }
      sums[h] += nuisances.profile(
        h, counts: counts, found: found, nu: &nu, scratch: &scratch)
      body?(nu + nuisances.freedFactors(h, counts: counts, found: found, nu: nu))
    }
  }

  /// t of the average experiment at a point, ν = 0, at every hypothesis: asymptotically the place of its regions.
  func asimovStatistics(at theta: [Double]) throws -> [Double] {
    let channels = try crossSections(at: theta, nu: [])
    let total = channels.reduce(0) { $0 + $1.total }
    guard total > 0 else { return hypotheses.map { _ in .nan } }
    if nuisances != nil { return statistics(asimovData(channels, found: []).totals) }
    let cells = scaledCells(channels)
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
