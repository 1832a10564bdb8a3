import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// The wrong numbers of inference.md 7.1 that concern limits, turned round, and its reference values of −ln L.
@Suite struct LimitsWrongNumberTests {
  let events: CombinedEvents
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  var settings: LimitSettings {
    LimitSettings(axes: LimitsTests.grid, bounds: [-1...1, -1...1], wantsIntervals: false)
  }
  var source: LimitSource { LimitSource(events, luminosity: 1e4) }

  private func observed() throws -> (x: [Double], golden: Golden) {
    let golden = try Golden("inference/results.json", "results")
    return (try golden.numbers("A.limits.observed_histo6.p", "x_observed"), golden)
  }

  private var points: [[Double]] {
    LimitsTests.grid[0].values.flatMap { a in LimitsTests.grid[1].values.map { [a, $0] } }
  }

  /// No. 10: densities differ from probabilities by the logarithms of widths: 1 of all bins with events but the last, 5.
  @Test(.needsShared) func histogramLikelihood() throws {
    let (x, golden) = try observed()
    let table = try events.fill("x", edges: LimitsTests.edges)
    var counts = [Double](repeating: 0, count: 6)
    for value in x { counts[table.bin(of: value)] += 1 }
    let likelihood = try BinnedLikelihood(
      table, morphing: events.morphing, counts: counts, luminosity: 1e4)
    let found = points.map { -likelihood.evaluate(at: $0, gradient: false).total + log(5) }
    // The reference adds 1e-12 to every bin.
    for name in ["A.nll.histo_weighted", "A.nll.histo_morphed"] {
      for (a, b) in zip(found, try golden.numbers(name, "reference")) {
        #expect(relativeError(a, b) < 1e-8)
      }
    }
  }

  @Test(.needsShared) func exactRatioLikelihood() throws {
    let (x, golden) = try observed()
    let likelihood = RatioLikelihood(
      ExactRatio(reference: [0, 0]).ratios(x, rows: x.count), weights: x.map { _ in 1 },
      eventCount: 10, total: events.total, morphing: events.morphing, luminosity: 1e4)
    let reference = try golden.numbers("A.nll.neural_exact", "reference")
    for (point, b) in zip(points, reference) {
      let value = -(try likelihood.evaluate(at: point, gradient: false).total)
      #expect(relativeError(value, b) < 1e-8)
    }
  }

  /// Nos. 8 and 9: what is outside the edges is in the outermost bins, of the template as of the data, so that shape and
  /// rate are of the same events whatever the edges.
  @Test func underflowAndOverflowCount() throws {
    let rate = try source.expected(axes: [], thetaTrue: [0.2, 0.3], settings: settings)
    let narrow = try source.expected(
      axes: [BinAxis("x", edges: [-0.5, 0.5])], thetaTrue: [0.2, 0.3], settings: settings)
    for (a, b) in zip(rate.rate, narrow.rate) { #expect(abs(a - b) < 1e-12) }
    #expect(relativeError(narrow.bins.map(\.count).reduce(0, +), rate.eventCount) < 1e-12)
    let data = try source.observed(
      axes: [BinAxis("x", edges: [-0.5, 0.5])], .init(values: [-30, 0, 30], rowCount: 3),
      settings: settings)
    #expect(data.bins.map(\.count) == [1, 1, 1])
  }

  /// No. 14: σ(θ) is of all rows, whatever part stands for the Asimov data.
  @Test func crossSectionsAreOfAllRows() throws {
    let parts = try [Partition.all, .test].map { part in
      try source.expected(
        models: [ExactRatio(reference: [0, 0])], part: part, thetaTrue: [0, 0],
        settings: settings)
    }
    #expect(parts[0].rate == parts[1].rate)
    #expect(parts[0].eventCount == parts[1].eventCount)
    #expect(parts[1].events < parts[0].events)
  }

  /// No. 13: n of Asimov data is not rounded, so the rate alone is at its maximum at the true point.
  @Test func eventCountsAreNotRounded() throws {
    let likelihood = try BinnedLikelihood(
      asimov: events.total, morphing: events.morphing, thetaTrue: [0.37, -0.2], luminosity: 1e4)
    #expect(likelihood.eventCount != likelihood.eventCount.rounded())
    let gradient = likelihood.evaluate(at: [0.37, -0.2], gradient: true).gradient
    for slope in gradient { #expect(abs(slope) < 1e-9) }
  }

  /// No. 16: nuisance parameters of the true point change the Asimov events as they change their number.
  @Test(.needsShared) func trueNuisanceParametersMoveTheAsimovEvents() throws {
    let toy = try NuisanceLimitsTests.mcToy()
    let model = BinnedModel(
      try toy.fill("x", edges: LimitsTests.edges), morphing: toy.morphing)
    let moved = try BinnedLikelihood(asimov: model, truePoint: [0, 0, 0, 1], luminosity: 1e4)
    let gradient = moved.evaluate(at: [0, 0, 0, 1], gradient: true).gradient
    for slope in gradient { #expect(abs(slope) < 1e-9) }
    let shape = try BinnedLikelihood(
      asimov: model, truePoint: [0, 0, 0, 1], luminosity: 1e4, includesRate: false)
    let (at, away) = (
      shape.evaluate(at: [0, 0, 0, 1], gradient: false).total,
      shape.evaluate(at: [0, 0, 0, 0], gradient: false).total
    )
    #expect(at > away + 0.01)
  }
}
