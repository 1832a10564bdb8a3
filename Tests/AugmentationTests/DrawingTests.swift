import Augmentation
import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@Suite struct DrawingTests {
  /// χ² of 200,000 draws against |dσ_e|/Σ|dσ| of 36 events. For 35 degrees of freedom values in
  /// 9…76 have probability 1 − 10⁻⁴; a probability wrong by 5 % of itself in half of the events
  /// adds 500.
  @Test(arguments: [0.0, 0.7, -0.4, 1.6], [false, true])
  func drawnEventsFollowTheirWeights(_ a: Double, _ negative: Bool) throws {
    let table = try Toys.uneven(negative: negative)
    let events = try WeightedEvents(table, part: .all)
    let drawing = try EventDrawing(events, negative: negative ? .signed : .refuse)
    var point = events.hypothesis()
    try point.move(to: [a])
    let expected = (0..<events.count).map { abs(events.differential($0, at: point)) }
    let total = expected.reduce(0, +)
    let n = 200_000
    var counts = [Double](repeating: 0, count: events.count)
    var tries = 0
    for i in 0..<n {
      var stream = PhiloxStream(seed: 1, purpose: .drawing, item: UInt64(i))
      let draw = try drawing.draw(at: point, &stream)
      #expect(draw.value == events.differential(draw.index, at: point))
      counts[draw.index] += 1
      tries += draw.tries
    }
    var chiSquare = 0.0
    for (count, weight) in zip(counts, expected) {
      let mean = Double(n) * weight / total
      chiSquare += (count - mean) * (count - mean) / mean
    }
    #expect((9.0..<76.0).contains(chiSquare), "χ² = \(chiSquare)")
    // Tries are geometric: their mean is known to 1/√n times itself.
    let mean = drawing.expectedTries(at: point) * point.crossSection / total
    let found = Double(tries) / Double(n)
    #expect(abs(found - mean) < 5 * mean / Double(n).squareRoot())
  }

  /// learning.md 7.1 no. 6.
  @Test func negativeEventsAreRefusedWithTheirShare() throws {
    let events = try WeightedEvents(try Toys.uneven(negative: true), part: .all)
    let drawing = try EventDrawing(events, negative: .refuse)
    var point = events.hypothesis()
    try point.move(to: [0])
    let problem = #expect(throws: Problem.self) {
      for i in 0..<1000 {
        var stream = PhiloxStream(seed: 1, purpose: .drawing, item: UInt64(i))
        _ = try drawing.draw(at: point, &stream)
      }
    }
    #expect(problem?.kind == .data)
    let values = (0..<events.count).map { events.differential($0, at: point) }
    let share =
      100 * values.reduce(0) { $0 + max(0, -$1) } / values.reduce(0) { $0 + abs($1) }
    let text = problem?.fact.split(separator: " ").first.flatMap { Double($0) } ?? 0
    #expect(abs(text - share) < 0.01 * share)
  }

  /// With weights the mean over drawn rows is the signed expectation.
  /// (learning.md 7.1 no. 6.)
  @Test func signedRowsKeepExpectations() throws {
    let table = try Toys.uneven(negative: true)
    let events = try WeightedEvents(table, part: .all)
    let plan = SamplePlan(method: .plain, theta0: Toys.point(0), count: nil, seed: 4)
    let maker = try SampleMaker(plan, events: events)
    #expect(maker.isSigned)
    let n = 200_000
    let rows = try maker.rows(n)
    let x = try #require(rows["x"]).doubles
    let w = try #require(rows["weight"]).doubles
    var point = events.hypothesis()
    try point.move(to: [0])
    let share = (0..<events.count).map {
      events.differential($0, at: point) / point.crossSection
    }
    // x of event i is i.
    let mean = share.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
    let terms = zip(x, w).map { $0 * $1 }
    let found = terms.reduce(0, +) / Double(n)
    let error =
      (terms.reduce(0) { $0 + ($1 - found) * ($1 - found) } / Double(n)).squareRoot()
      / Double(n).squareRoot()
    #expect(abs(found - mean) < 4 * error)
    #expect(w.contains { $0 < 0 } && error < 0.02 * abs(mean))
    #expect(abs(w.reduce(0, +) / Double(n) - 1) < 0.01)
  }

  /// To linear order dσ_e = W_e(0)(1 + 2θz) of the amplitude toy changes its sign at z = −1/(2θ), though all weights are
  /// positive: rows weigh ±Σ|dσ|/σ, and the mean of a function over them is its expectation, in turn or from a prior.
  @Test(arguments: [[0.6], [0.6, -0.3]])
  func truncatedRowsKeepExpectations(_ points: [Double]) throws {
    var table = try Toys.amplitude(events: 400)
    table.setup = table.setup.truncated(to: .linear)
    let events = try WeightedEvents(table, part: .all)
    #expect(events.weights.allSatisfy { $0 >= 0 })
    let list = ThetaSource.points(points.map { [$0] })
    let same = try ThetaSource.priors([.flat(points[0] - 1e-9, points[0] + 1e-9)])
    for source in points.count == 1 ? [list, same] : [list] {
      let plan = SamplePlan(method: .plain, theta0: source, count: nil, seed: 4, negative: .signed)
      let maker = try SampleMaker(plan, events: events)
      let n = 100_000
      let rows = try maker.rows(n)
      let z = try #require(rows["x"]).doubles
      let w = try #require(rows["weight"]).doubles
      for (k, a) in points.enumerated() {
        var point = events.hypothesis()
        try point.move(to: [a])
        let values = (0..<events.count).map { events.differential($0, at: point) }
        let size = values.reduce(0) { $0 + abs($1) } / values.reduce(0, +)
        #expect(size > 1.01)
        let own = stride(from: k, to: n, by: points.count).map { $0 }
        #expect(own.allSatisfy { abs(abs(w[$0]) - size) < 1e-6 })
        for power in [0.0, 1] {
          let mean =
            zip(values, table.observations).reduce(0) {
              $0 + $1.0 * (power == 0 ? 1 : $1.1)
            } / point.crossSection
          let terms = own.map { w[$0] * (power == 0 ? 1 : z[$0]) }
          let found = terms.reduce(0, +) / Double(own.count)
          let square = terms.reduce(0) { $0 + ($1 - found) * ($1 - found) } / Double(own.count)
          #expect(abs(found - mean) < 4 * (square / Double(own.count)).squareRoot())
        }
      }
    }
  }

  /// Above the bound on tries one pass over the events gives the same distribution.
  @Test func farPointsFallBackToAnExactPass() throws {
    let setup = try Toys.setup([0, 0.02, -0.02])
    let slopes = [0.5, -0.3, 0.9, 0.1]
    let weights = slopes.flatMap { slope in
      setup.benchmarks.map {
        (1 + $0.values[0] * slope) * (1 + $0.values[0] * slope)
      }
    }
    let table = EventTable(
      setup: setup, samples: [Toys.record("s", 0, 4, 4)], count: 4, weights: weights,
      observations: [0, 1, 2, 3], observableNames: ["z"], sampleIndices: [0, 0, 0, 0])
    let events = try WeightedEvents(table, part: .all)
    let drawing = try EventDrawing(events, negative: .refuse)
    var point = events.hypothesis()
    try point.move(to: [1])
    #expect(drawing.expectedTries(at: point) > EventDrawing.largestTries)
    let n = 20_000
    var counts = [Double](repeating: 0, count: 4)
    for i in 0..<n {
      var stream = PhiloxStream(seed: 3, purpose: .drawing, item: UInt64(i))
      counts[try drawing.draw(at: point, &stream).index] += 1
    }
    let total = slopes.reduce(0) { $0 + (1 + $1) * (1 + $1) }
    for (count, slope) in zip(counts, slopes) {
      let p = (1 + slope) * (1 + slope) / total
      let error = (p * (1 - p) / Double(n)).squareRoot()
      #expect(abs(count / Double(n) - p) < 4 * error)
    }
  }

  @Test func weightsBelowTheirDigitsAreNoNegativeEvents() throws {
    // The second event vanishes at θ = 1 by interference; eight digits leave −1e-9 of it.
    let setup = try Toys.setup()
    let table = EventTable(
      setup: setup, samples: [Toys.record("s", 0, 2, 2)], count: 2,
      weights: [1, 4, 0, 1, -1e-9, 4], observations: [0, 1], observableNames: ["z"],
      sampleIndices: [0, 0])
    let events = try WeightedEvents(table, part: .all)
    let drawing = try EventDrawing(events, negative: .refuse)
    var point = events.hypothesis()
    try point.move(to: [1])
    for i in 0..<2000 {
      var stream = PhiloxStream(seed: 3, purpose: .drawing, item: UInt64(i))
      #expect(try drawing.draw(at: point, &stream).index == 0)
    }
  }

  @Test func eventsWithoutWeightAreAnError() throws {
    let table = EventTable(
      setup: try Toys.setup(), samples: [Toys.record("s", 0, 1, 0)], count: 1,
      weights: [0, 0, 0], observations: [0], observableNames: ["z"], sampleIndices: [0])
    let events = try WeightedEvents(table, part: .all)
    #expect(throws: Problem.self) { try EventDrawing(events, negative: .refuse) }
  }
}
