import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Pseudo-experiments of the toy: 10 expected events, 6 bins, two parameters.
@Suite struct ToyTests {
  static let edges = [-2.0, -1, 0, 1, 2]
  static let axes = ["t0", "t1"].map { GridAxis(parameter: $0, lower: -1, upper: 1, count: 21) }
  static let team = ThreadTeam(threads: 2)
  static let points: [[Double]] = axes[0].values.flatMap { a in axes[1].values.map { [a, $0] } }
  let events: CombinedEvents

  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1), team: Self.team) }

  func construction(
    _ hypotheses: [[Double]] = points, toys: Int = 20_000, seed: UInt64 = 1,
    team: ThreadTeam = team
  ) throws -> NeymanConstruction {
    let source = try ToySource(
      events, likelihood: .histogram(events.fill("x", edges: Self.edges)), luminosity: 1e4)
    return NeymanConstruction(
      try source.table(hypotheses, gridCount: hypotheses.count), names: ["t0", "t1"],
      levels: [0.68, 0.95], toys: toys, seed: seed, degreesOfFreedom: 2, team: team)
  }

  static func index(_ a: Double, _ b: Double) -> Int {
    Int((10 * (a + 1)).rounded()) * 21 + Int((10 * (b + 1)).rounded())
  }

  /// 200,000 toys of an independent program; 20,000 here leave a standard deviation of 0.0033 in the coverage at 68 %
  /// and of 0.0015 at 95 %, and of about 1 and 2 % in the critical values: the bounds are four of them.
  @Test(
    .needsShared, arguments: [(0, 0.0, 0.0), (1, 0.5, -0.2), (2, 0.8, 0.8)])
  func goldenDistribution(_ job: (Int, Double, Double)) throws {
    let golden = try GoldenList("inference/practice.json", "neyman_toys_6bin")
    let h = Self.index(job.1, job.2)
    let point = try construction().belt(h..<h + 1)[0]
    for (l, text) in ["68", "95"].enumerated() {
      let coverage = Double(point.asymptoticCovered[l]) / 20_000
      let expected = try golden.number(job.0, "coverage_of_asymptotic_" + text)
      #expect(abs(coverage - expected) < [0.0135, 0.006][l], "\(coverage) \(expected)")
      let critical = point.critical[l]
      let reference = try golden.number(job.0, "critical_" + text)
      #expect(relativeError(critical.value, reference) < [0.04, 0.06][l])
      #expect(critical.lower <= critical.value && critical.value <= critical.upper)
    }
    // The asymptotic region of 68 % covers 64 to 75 %, which is the point of all this.
    let coverage = Double(point.asymptoticCovered[0]) / 20_000
    #expect((0.63...0.765).contains(coverage))
  }

  /// Wilks' theorem at 10,000 times the luminosity, around a point where both parameters are measured.
  @Test func manyEventsGiveChiSquare() throws {
    let centre = [0.5, -0.4]
    let hypotheses = (-10...10).flatMap { i in
      (-10...10).map { [centre[0] + 0.004 * Double(i), centre[1] + 0.005 * Double($0)] }
    }
    let source = try ToySource(
      events, likelihood: .histogram(events.fill("x", edges: Self.edges)), luminosity: 2e7)
    let construction = NeymanConstruction(
      try source.table(hypotheses, gridCount: hypotheses.count), names: ["t0", "t1"],
      levels: [0.68, 0.95], toys: 2000, seed: 3, degreesOfFreedom: 2, team: Self.team)
    let point = try construction.belt(220..<221)[0]
    #expect(point.theta == centre)
    // The grid of steps of 0.3 σ loses at most 0.1 of t; 2000 toys leave 0.0104 and 0.0049 in the coverage.
    #expect(abs(Double(point.asymptoticCovered[0]) / 2000 - 0.68) < 0.04)
    #expect(abs(Double(point.asymptoticCovered[1]) / 2000 - 0.95) < 0.02)
  }

  @Test func sameBitsForThreadsAndShards() throws {
    let some = 200..<212
    let whole = try construction(toys: 700).belt(some)
    for threads in [1, 3] {
      let other = try construction(toys: 700, team: ThreadTeam(threads: threads))
      #expect(try other.belt(some) == whole)
    }
    let other = try construction(toys: 700)
    #expect(try other.belt(200..<205) + other.belt(205..<212) == whole)
    #expect(try construction(toys: 700, seed: 2).belt(some) != whole)
  }

  /// Coverage of the construction is nominal within binomial errors, that of χ² is not; p-values of the construction are
  /// uniform. With 100,000 a bias of a third of a per cent would show: ties, which few events in few bins have, lengthen
  /// regions by less.
  @Test func coverage() throws {
    let truths = [Self.index(0, 0), Self.index(0.5, -0.2), Self.index(0.8, 0.8)]
    let size = 100_000
    let study = try CoverageStudy(
      construction(toys: size), points: truths, experiments: size)
    for entry in study.entries where entry.method == .neyman {
      // Two samples: a standard deviation of √2 √(CL(1 − CL)/n), bound at four, and 0.0012 for ties.
      let error = (2 * entry.level * (1 - entry.level) / Double(size)).squareRoot()
      #expect(entry.fraction > entry.level - 4 * error, "\(entry)")
      #expect(entry.fraction < entry.level + 4 * error + 0.0012, "\(entry)")
      #expect(entry.isNominal)
    }
    let asymptotic = study.entries.filter { $0.method == .asymptotic && $0.level == 0.68 }
    #expect(asymptotic.allSatisfy { !$0.isNominal })
    #expect(asymptotic[0].fraction < 0.66 && asymptotic[1].fraction > 0.73)
    let (lower, upper) = asymptotic[0].interval
    #expect(lower < asymptotic[0].fraction && asymptotic[0].fraction < upper)
    for test in study.uniformity {
      #expect(test.method == .neyman ? test.p > 1e-3 : test.p < 1e-3, "\(test)")
    }
  }

  /// Events in place of bins: the joint ratio as a table of log r. The critical value of many fine bins is the same.
  @Test func eventsAndBinsAgree() throws {
    let axis = (0..<21).map { -1 + 0.1 * Double($0) }
    let hypotheses = axis.map { [$0, 0] }
    var critical: [Double] = []
    let edges = (1..<100).map { -4 + 0.08 * Double($0) }
    // 2000 nodes are 500 effective events.
    let events = try CombinedEvents(
      Toy.quadrature(nodes: 2000, copies: 1), team: Self.team)
    for likelihood in [
      ToySource.Likelihood.truth(reference: [0, 0]),
      .histogram(try events.fill("x", edges: edges)),
      .ratio([ExactRatio(reference: [0.2, 0.1])], .all),
    ] {
      let journal = Journal()
      let source = try ToySource(events, likelihood: likelihood, luminosity: 1e4, journal: journal)
      let construction = NeymanConstruction(
        try source.table(hypotheses, gridCount: 21), names: ["t0", "t1"], levels: [0.9],
        toys: 10_000, seed: 5, degreesOfFreedom: 1, team: Self.team, journal: journal)
      critical.append(try construction.belt(12..<13)[0].critical[0].value)
      #expect(journal.warnings.isEmpty)
    }
    // The exact ratio is the joint ratio, with the same draws; bins of 0.08 lose little, with other draws.
    #expect(abs(critical[0] - critical[2]) < 1e-4)
    #expect(relativeError(critical[1], critical[0]) < 0.06)
  }

  @Test func effectiveSampleSizeIsGuarded() throws {
    // 280 nodes are 71 effective events.
    for (luminosity, isRefused) in [(3e4, false), (3e5, true)] {
      let journal = Journal()
      let source = try ToySource(
        events, likelihood: .truth(reference: [0, 0]), luminosity: luminosity, journal: journal)
      let construction = NeymanConstruction(
        try source.table([[0, 0], [0.5, 0]], gridCount: 2), names: ["t0", "t1"], levels: [0.9],
        toys: 100, seed: 5, degreesOfFreedom: 1, team: Self.team, journal: journal)
      if isRefused {
        #expect(throws: Problem.self) { try construction.belt(0..<1) }
      } else {
        _ = try construction.belt(0..<1)
        #expect(journal.warnings.map(\.key) == ["toys.effective"])
      }
    }
  }

  /// p of observed events is the fraction of toys that are at least as far away, and never 0.
  @Test func pValues() throws {
    let construction = try construction(toys: 1000)
    let counts: [[Double]] = [[0, 1, 4, 4, 1, 0], [9, 0, 0, 0, 0, 9]]
    let statistics = counts.map {
      construction.table.statistics(construction.table.totals(counts: $0))
    }
    let h = Self.index(0, 0)
    let point = try construction.belt(h..<h + 1, statistics: statistics)[0]
    #expect(point.p(0, toys: 1000) > 0.2)
    #expect(point.p(1, toys: 1000) == 1 / 1001.0)
    let p = point.p(0, toys: 1000)
    #expect(abs(point.pError(0, toys: 1000) - (p * (1 - p) / 1001).squareRoot()) < 1e-12)
    // Never below zero, and zero somewhere: the maximum is on the grid.
    #expect(statistics[0].min() == 0)
  }

  @Test func expectedBandsAreOrdered() throws {
    let bands = try construction().expectedStatistics(at: Self.index(0, 0), experiments: 500)
    #expect(bands.count == 5)
    for h in [0, 100, 440] {
      // As of expected limits: −2 is the smallest region, which has the largest t.
      #expect(zip(bands, bands.dropFirst()).allSatisfy { $0[h] >= $1[h] })
    }
    // The median experiment is nearer to its own point than to the corner.
    #expect(bands[2][Self.index(0, 0)] < bands[2][0])
  }
}
