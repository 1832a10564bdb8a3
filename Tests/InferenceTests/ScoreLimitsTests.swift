import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Limits of estimated scores, with the exact score of the toy at θ = 0.
@Suite struct ScoreLimitsTests {
  let events: CombinedEvents
  let columns = ScoreColumns([ExactScore()], reference: [0, 0])

  init() throws {
    var table = Toy.quadrature()
    try columns.add(to: &table, file: nil)
    events = try CombinedEvents(table)
  }

  var source: LimitSource { LimitSource(events, luminosity: 1e4) }
  var settings: LimitSettings {
    LimitSettings(
      axes: LimitsTests.grid, reference: .gridMaximum, bounds: [-1...1, -1...1],
      wantsIntervals: false)
  }

  func difference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  @Test func scoreColumns() throws {
    #expect(events.table.observableNames == ["x", "x2", "score_t0", "score_t1"])
    let x = events.table.observations[4 * 100]
    #expect(abs(events.table.observations[4 * 100 + 2] - x) < 1e-12)
    #expect(abs(events.table.observations[4 * 100 + 3] - 0.6 * (x * x - 1)) < 1e-12)
  }

  /// inference.md 7.1 no. 2 and 6: SALLINO compares ratios to the reference in the variable of each θ. The best fit of
  /// Asimov data at the origin is the origin (12), where MadMiner's is (−1, 0) (10). Bins of equal reference here hold more
  /// of the information than those of equal dσ(θ) there, which reproduce its p to 0.05: p = exp(−q/2) bounds q from below,
  /// and the exact ratio from above (next test).
  @Test(.needsShared) func sallinoIsRelativeToTheReference() throws {
    let golden = try Golden("inference/results.json", "results")
    let limits = try source.expected(
      .sallino, columns: columns, thetaTrue: [0, 0], settings: settings)
    #expect(limits.mode == .sallino)
    #expect(limits.bestFit == [0, 0])
    let corrected = try golden.numbers("A.limits.sallino.p", "corrected_p")
    for (q, p) in zip(limits.q, corrected) { #expect(q > -2 * log(p) - 1e-3) }
    #expect(limits.qTrue == 0)
  }

  /// Every statistic of x loses information: q of the Asimov data is below that of the exact ratio at every point, and
  /// above 45 % of it with 25 to 75 bins.
  @Test(arguments: ScoreStatistic.allCases) func statisticsAreBelowTheExactRatio(
    _ statistic: ScoreStatistic
  ) throws {
    let exact = try source.expectedTruth(thetaTrue: [0, 0], settings: settings)
    let limits: Limits
    if statistic == .sally {
      let axes = try columns.names.map {
        BinAxis($0, edges: try events.quantileEdges($0, bins: 8, theta: [0, 0]))
      }
      limits = try source.expected(
        axes: axes, mode: .score, thetaTrue: [0, 0], settings: settings)
      #expect(limits.observables == columns.names)
      #expect(limits.edges.map(\.count) == [7, 7])
    } else {
      limits = try source.expected(
        statistic, columns: columns, thetaTrue: [0, 0], settings: settings)
    }
    for (q, most) in zip(limits.q, exact.q) {
      #expect(q <= most + 1e-9)
      #expect(q >= 0.45 * most)
    }
    if statistic == .sally {
      let golden = try? Golden("inference/results.json", "results")
      // Edges are quantiles at the true point here, of the mean over the grid there.
      if let reference = try golden?.numbers("A.limits.sally8x8.p", "reference") {
        #expect(difference(limits.p, reference) < 0.1)
      }
    }
  }

  /// Without a grid its axes are those of the histogram of the scores.
  @Test func automaticAxes() throws {
    let source = LimitSource(events, luminosity: 1e6)
    var settings = settings
    settings.axes = nil
    settings.pointsPerAxis = 5
    let limits = try source.expected(
      .adaptive, columns: columns, bins: [6, 3], thetaTrue: [0, 0], settings: settings)
    #expect(limits.axes.map(\.count) == [5, 5])
    // n = 1000: one standard deviation is 0.03 and 0.04.
    #expect(limits.axes[0].upper > 0.1 && limits.axes[0].upper < 0.4)
  }

  @Test func parametersCannotBeProfiled() throws {
    var settings = settings
    settings.axes = [LimitsTests.grid[0]]
    let problem = #expect(throws: Problem.self) {
      try source.expected(.sallino, columns: columns, thetaTrue: [0, 0], settings: settings)
    }
    #expect(problem?.kind == .usage)
    #expect(problem?.fact.contains("t1 cannot be profiled") == true)
  }

  /// Observed events in place of the Asimov set: at many events of equal weight drawn from the template itself the two
  /// agree.
  @Test func observedEventsOfTheTemplate() throws {
    let weights = events.crossSections(at: try events.point([0, 0])).map { $0 * 1e4 }
    let scores = try events.observations(columns.names, rows: Array(0..<events.table.count))
    let data = ObservedColumns(values: scores, rowCount: weights.count, weights: weights)
    let observed = try source.observed(
      .sallino, columns: columns, data, settings: settings)
    let expected = try source.expected(
      .sallino, columns: columns, thetaTrue: [0, 0], settings: settings)
    #expect(difference(observed.q, expected.q) < 1e-9)
    #expect(abs(observed.eventCount - 10) < 1e-6)
  }

  @Test(arguments: [1, 2, 3]) func threadsDoNotChangeABit(_ threads: Int) throws {
    let team = ThreadTeam(threads: threads)
    let other = try CombinedEvents(events.table, team: team)
    let a = try LimitSource(other, luminosity: 1e4).expected(
      .adaptive, columns: columns, thetaTrue: [0.1, 0], settings: settings)
    let b = try source.expected(
      .adaptive, columns: columns, thetaTrue: [0.1, 0], settings: settings)
    #expect(a.q == b.q)
  }
}
