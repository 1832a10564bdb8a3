import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Entries of golden/inference/results.json on limits that no other suite asks for.
@Suite(.needsShared) struct GoldenLimitTests {
  let events: CombinedEvents
  let golden: Golden

  init() throws {
    events = try CombinedEvents(Toy.quadrature(copies: 1))
    golden = try Golden("inference/results.json", "results")
  }

  private var settings: LimitSettings {
    LimitSettings(
      axes: LimitsTests.grid, reference: .gridMaximum, bounds: [-1...1, -1...1],
      wantsIntervals: false)
  }

  private func difference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  /// The points, the last axis running fastest, and both parts of ln L. The reference has densities, whose volumes are the
  /// same everywhere: only differences of the kinematic part are compared (1e-8: it adds 1e-12 to every bin).
  @Test(arguments: [true, false]) func partsOfTheLikelihood(_ rate: Bool) throws {
    let name = "A.limits.histo6.\(rate ? "xsec" : "noxsec")."
    let limits = try LimitSource(events, luminosity: 1e4, includesRate: rate).expected(
      axes: [BinAxis("x", edges: LimitsTests.edges)], thetaTrue: [0, 0], settings: settings)
    #expect(limits.points == (try golden.numbers("limits.grid", "reference")))
    let kinematic = try golden.numbers(name + "log_r_kin", "reference")
    for (a, b) in zip(limits.kinematic, kinematic) {
      #expect(abs((a - limits.kinematic[12]) - (b - kinematic[12])) < 1e-8)
    }
    #expect(difference(limits.rate, try golden.numbers(name + "log_p_xsec", "reference")) < 1e-8)
  }

  /// 25 bins of equal parts of the mean of dσ over the grid, between the quantiles 0.001 and 0.999. The nodes of the
  /// quadrature are 1/20 apart, and what the reference leaves out beyond its outermost edges is in our outer bins: 0.015 in
  /// p (a computation of both conventions by hand gives 0.011).
  @Test func automaticBins() throws {
    let x = try events.observations(["x"], rows: Array(0..<events.table.count))
    var weights = [Double](repeating: 0, count: x.count)
    let axis = LimitsTests.grid[0].values
    for theta in axis.flatMap({ a in axis.map { [a, $0] } }) {
      for (row, value) in events.crossSections(at: try events.point(theta)).enumerated() {
        weights[row] += value
      }
    }
    let edges = weightedQuantiles(
      x, weights: weights,
      probabilities: (1..<25).map { 0.001 + 0.998 * Double($0) / 25 })
    let limits = try LimitSource(events, luminosity: 1e4).expected(
      axes: [BinAxis("x", edges: edges)], thetaTrue: [0, 0], settings: settings)
    let reference = try golden.numbers("A.limits.histo25auto.xsec.p", "reference")
    #expect(difference(limits.p, reference) < 0.015)
    #expect(limits.bestFit == [0, 0])
  }

  /// t1 = 0 with the observed ten events; 4e-8 is the 1e-12 of every bin.
  @Test func projected() throws {
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    var one = settings
    one.axes = [LimitsTests.grid[0]]
    one.fixed = [1: 0]
    let limits = try LimitSource(events, luminosity: 1e4).observed(
      axes: [BinAxis("x", edges: LimitsTests.edges)], .init(values: x, rowCount: x.count),
      settings: one)
    #expect(difference(limits.p, try golden.numbers("A.nll.projected.p", "madminer")) < 1e-6)
  }

  /// SALLINO relative to the reference, from both sides: bins of equal parts of the reference hold more of the information
  /// than those of equal dσ(θ) there, and no statistic more than the exact ratio (5e-4 of quadrature).
  @Test func sallino() throws {
    var table = Toy.quadrature()
    let columns = ScoreColumns([ExactScore()], reference: [0, 0])
    try columns.add(to: &table, file: nil)
    let limits = try LimitSource(CombinedEvents(table), luminosity: 1e4).expected(
      .sallino, columns: columns, thetaTrue: [0, 0], settings: settings)
    let corrected = try golden.numbers("A.limits.sallino.p", "corrected_p")
    let exact = try golden.numbers("A.limits.ml_exact.xsec.p", "analytic")
    for (i, p) in limits.p.enumerated() {
      #expect(p < corrected[i] + 1e-3 && p > exact[i] - 5e-4, "\(exact[i]) \(p) \(corrected[i])")
    }
  }
}
