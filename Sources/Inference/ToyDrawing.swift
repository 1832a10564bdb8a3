import Diagnostics
import EventModel
import Numerics

/// Draws pseudo-experiments at one point from the cells of a table.
public struct ToyDrawing: Sendable {
  public let table: ToyTable
  /// Lσ(θ), the mean number of events.
  public let mean: Double
  /// Kish's number of the events behind the draws; infinite for bins.
  public let effectiveEvents: Double
  /// Σ|dσ < 0| / Σ|dσ|, which is left out of the draws.
  public let negativeFraction: Double
  private let cells: AliasTable
  /// The first cell after those of each channel.
  private let ends: [Int]
  /// ν that pseudo-experiments are thrown at.
  private let nu: [Double]
  /// Of the factors of bins that the statistics of the simulation leave free; empty where it does not.
  private let statisticalErrors: [Double]

  /// The share of negative weight that is left out with a warning; more is refused.
  public static let largestNegativeFraction = 0.01
  /// Expected events per effective one above which pseudo-experiments are warned of, and refused.
  public static let warnedUse = 0.1
  public static let largestUse = 1.0

  /// - Parameter nu: nuisance parameters, and the factors of bins where the statistics of the simulation leave them free;
  ///   nil, and what is missing, is nominal.
  /// - Throws: `.data` where σ(θ) is not positive, too much of the weight is negative, or events would be used up.
  public init(
    _ table: ToyTable, at theta: [Double], nu: [Double]? = nil, name: String,
    journal: Journal? = nil
  ) throws {
    self.nu = table.nuisances?.completed(nu ?? []) ?? []
    let channels = try table.crossSections(at: theta, nu: self.nu)
    let sigma = channels.reduce(0) { $0 + $1.total }
    if let bad = channels.first(where: { !($0.total > 0) }) {
      throw Problem(
        .data,
        "the cross section at \(name) is \(bad.total) pb, so there are no pseudo-experiments",
        remedy: "choose points inside the region that the events cover")
    }
    let weights = table.scaledCells(channels)
    self.table = table
    mean = table.luminosity * sigma
    let statistics = EventStatistics(weights)
    negativeFraction = statistics.negativeFraction
    // Of channels the one whose events are used up first.
    let effective =
      channels.count == 1
      ? statistics.effectiveEvents
      : channels.map { EventStatistics($0.cells).effectiveEvents * (sigma / $0.total) }.min() ?? 0
    effectiveEvents = table.isOfEvents ? effective : .infinity
    statisticalErrors = table.statisticalErrors(at: theta)
    cells = AliasTable(weights.enumerated().lazy.map { (index: $0.offset, weight: $0.element) })
    var ends: [Int] = []
    for channel in channels { ends.append((ends.last ?? 0) + channel.cells.count) }
    self.ends = ends
    try check(name, journal)
  }

  private func check(_ name: String, _ journal: Journal?) throws {
    let percent = Double(Int((1e4 * negativeFraction).rounded())) / 100
    guard negativeFraction <= Self.largestNegativeFraction else {
      throw Problem(
        .data,
        "\(percent) % of the weight at \(name) is negative, and no pseudo-experiment has a negative event",
        remedy: table.isOfEvents
          ? "use bins (--observable), or a point closer to the samples"
          : "join bins (--bins), or use a point closer to the samples")
    }
    if negativeFraction > 0 {
      journal?.warn(
        "toys.negative",
        "\(percent) % of the weight at \(name) is negative and left out of the pseudo-experiments")
    }
    guard mean <= Self.largestUse * effectiveEvents else {
      throw Problem(
        .data,
        "\(Int(mean)) expected events at \(name) are more than the \(Int(effectiveEvents)) effective ones",
        remedy: "use more events, less --luminosity, or bins (--observable)")
    }
    if mean > Self.warnedUse * effectiveEvents {
      journal?.warn(
        "toys.effective",
        "\(Int(mean)) expected events at \(name) are drawn from \(Int(effectiveEvents)) effective ones: the same events come again and again; use ten times as many, or less luminosity"
      )
    }
  }

  /// Cells in which events are counted before sums are taken: where there are few of them, or many events.
  private var countsCells: Bool { !table.isOfEvents }

  /// ln L at all hypotheses of one pseudo-experiment, into `sums`; `counts` is room for one number a cell of bins, or a
  /// channel of events, `responses` for the response of the events to nuisance parameters.
  func draw(
    _ stream: inout PhiloxStream, sums: UnsafeMutablePointer<Double>, counts: inout [Double],
    responses: inout [Double]
  ) {
    for h in 0..<table.hypotheses.count { sums[h] = 0 }
    let k = stream.poisson(mean: mean)
    for c in counts.indices { counts[c] = 0 }
    for i in responses.indices { responses[i] = 0 }
    if countsCells {
      for _ in 0..<k { counts[cells.index(stream.uniform())] += 1 }
    } else {
      for _ in 0..<k {
        let cell = cells.index(stream.uniform())
        table.add(cell, times: 1, to: sums)
        if !responses.isEmpty { table.addResponse(cell, to: &responses) }
        counts[ends.count == 1 ? 0 : ends.firstIndex { cell < $0 } ?? 0] += 1
      }
    }
    if let nuisances = table.nuisances {
      return table.addProfiles(
        counts, responses: responses,
        found: nuisances.measurements(of: nu, errors: statisticalErrors, &stream),
        to: sums)
    }
    if countsCells {
      for (c, count) in counts.enumerated() where count != 0 {
        table.add(c, times: count, to: sums)
      }
    }
    table.addRate(Double(k), to: sums)
  }

  /// Toys in a block of work.
  static let blockSize = 128

  /// t of some hypotheses, [toy][hypothesis], of the pseudo-experiments `toys` of point number `index`.
  public func statistics(
    of hypotheses: [Int], toys: Range<Int>, seed: UInt64, purpose: RandomPurpose, index: Int,
    team: ThreadTeam
  ) -> [Double] {
    map(toys: toys, seed: seed, purpose: purpose, index: index, team: team) { sums, result in
      for h in hypotheses { result.append(2 * (table.maximum(sums, with: h) - sums[h])) }
    }
  }

  /// What `body` appends of ln L at all hypotheses of each pseudo-experiment, toy after toy.
  ///
  /// Random numbers are a function of (seed, purpose, point, toy), so shards and threads do not matter.
  func map(
    toys: Range<Int>, seed: UInt64, purpose: RandomPurpose, index: Int, team: ThreadTeam,
    _ body: @Sendable (UnsafePointer<Double>, inout [Double]) -> Void
  ) -> [Double] {
    team.mapRanges(of: toys.count, size: Self.blockSize) { range -> [Double] in
      var result: [Double] = []
      var sums = [Double](repeating: 0, count: table.hypotheses.count)
      var counts = [Double](repeating: 0, count: countsCells ? table.cellCount : ends.count)
      var responses = [Double](
        repeating: 0, count: table.hypotheses.count * table.responseCount)
      for toy in range {
        var stream = PhiloxStream(
          seed: seed, purpose: purpose,
          item: UInt64(index) << 32 | UInt64(toys.lowerBound + toy))
        sums.withUnsafeMutableBufferPointer { sums in
          guard let base = sums.baseAddress else { return }
          draw(&stream, sums: base, counts: &counts, responses: &responses)
          body(base, &result)
        }
      }
      return result
    }.flatMap { $0 }
  }
}
