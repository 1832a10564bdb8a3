import Augmentation
import EventModel
import Numerics
import TestSupport
import Testing

@Suite struct JointTests {
  /// Σ p(θ0)/r = 1, Σ p(θ1) r = 1, Σ p(θ0) t(θ0) = 0 hold exactly over the rows of the totals.
  @Test(arguments: [(0.3, 0.0), (-0.8, 0.5), (1.7, -1)])
  func finiteSampleIdentities(_ a: Double, _ b: Double) throws {
    let table = try Toys.amplitude(events: 500, background: 0.7)
    let events = try WeightedEvents(table, part: .all)
    var (p0, p1) = (events.hypothesis(), events.hypothesis())
    try p0.move(to: [a])
    try p1.move(to: [b])
    var sums = (inverse: 0.0, ratio: 0.0, score: 0.0)
    for i in 0..<events.count {
      let r = exponential(events.logRatio(i, p0, p1))
      sums.inverse += events.differential(i, at: p0) / p0.crossSection / r
      sums.ratio += events.differential(i, at: p1) / p1.crossSection * r
      sums.score +=
        events.differential(i, at: p0) / p0.crossSection * events.score(i, at: p0)[0]
    }
    #expect(abs(sums.inverse - 1) < 1e-12)
    #expect(abs(sums.ratio - 1) < 1e-12)
    #expect(abs(sums.score) < 1e-12)
  }

  /// log r and t of a linear amplitude, where all is known: σ(θ) from 20,000 events is good to
  /// σ(θ)'s error, so the closed form is compared event by event up to one common constant.
  @Test func theLinearAmplitudeHasItsClosedForm() throws {
    let table = try Toys.amplitude(events: 20_000)
    let events = try WeightedEvents(table, part: .all)
    var (p0, p1) = (events.hypothesis(), events.hypothesis())
    let (a, b) = (0.4, -0.2)
    try p0.move(to: [a])
    try p1.move(to: [b])
    #expect(abs(p0.crossSection - (1 + a * a)) < 0.03)
    let rate = logarithm(p1.crossSection / p0.crossSection)
    for i in stride(from: 0, to: 20_000, by: 977) {
      let z = table.observations[i]
      let (f0, f1) = (1 + a * z, 1 + b * z)
      let expected = logarithm(f0 * f0 / (f1 * f1)) + rate
      #expect(abs(events.logRatio(i, p0, p1) - expected) < 1e-9)
      let score = 2 * z / f0 - p0.logCrossSectionGradient[0]
      #expect(abs(events.score(i, at: p0)[0] - score) < 1e-9 * max(1, abs(score)))
    }
  }

  /// The Gaussian toy of spec learning.md 8.6 at two benchmarks, without morphing: the joint ratio
  /// is exp((2zθ − θ²)/8), E[log r] under p(θ) is θ²/8, and its slope in z is θ/4.
  @Test func theGaussianToyAtBenchmarksNeedsNoMorphing() throws {
    let n = 40_000
    let theta = 1.0
    var stream = PhiloxStream(seed: 9, purpose: .testing)
    var (z, weights) = ([Double](), [Double]())
    for _ in 0..<n {
      let value = 2 * stream.normal()
      z.append(value)
      let r = exponential((2 * value * theta - theta * theta) / 8)
      weights += [1 / Double(n), r / Double(n)]
    }
    var setup = try Toys.setup([0, theta], power: 1)
    setup.morphing = nil
    let table = EventTable(
      setup: setup, samples: [Toys.record("s", 0, n, 1)], count: n, weights: weights,
      observations: z, observableNames: ["z"],
      sampleIndices: [Int32](repeating: 0, count: n))
    let events = try WeightedEvents(table, part: .all)
    let plan = SamplePlan(
      method: .plain, theta0: Toys.point(theta), count: nil, seed: 1)
    let maker = try SampleMaker(plan, events: events)
    let drawn = try #require(try maker.rows(n)["x"]).doubles
    let mean = drawn.reduce(0, +) / Double(n)
    // Two samplings of n events of variance 4 each (the second reweighted by r, Σr² = e^¼ n).
    let error: Double = 2 * (2.3 / Double(n)).squareRoot()
    #expect(abs(mean - theta) < 4 * error)
    var (p0, p1) = (
      events.hypothesis(needsScore: false), events.hypothesis(needsScore: false)
    )
    try p0.move(to: [theta])
    try p1.move(to: [0])
    let slope = (events.logRatio(0, p0, p1) - events.logRatio(1, p0, p1)) / (z[0] - z[1])
    #expect(abs(slope - theta / 4) < 1e-12)
  }

  /// Drawn rows have mean score zero and mean squared score the information:
  /// E t² = E[4z²/(1+θz)²] − (2θ/(1+θ²))² = 4/(1+θ²) − 4θ²/(1+θ²)² = 4/(1+θ²)².
  @Test func drawnScoresHaveMeanZeroAndTheInformation() throws {
    let a = 0.5
    let table = try Toys.amplitude(events: 50_000)
    let events = try WeightedEvents(table, part: .all)
    let plan = SamplePlan(method: .score, theta0: Toys.point(a), count: nil, seed: 1)
    let n = 100_000
    let rows = try SampleMaker(plan, events: events).rows(n)
    let t = try #require(rows["t_xz0"]).doubles
    let mean = t.reduce(0, +) / Double(n)
    let square = t.reduce(0) { $0 + $1 * $1 } / Double(n)
    let information = 4 / ((1 + a * a) * (1 + a * a))
    // Standard deviation of t is 1.6: 1.6/√10⁵ from the draws; Σ p t = 0 holds exactly in the table.
    let error = (information / Double(n)).squareRoot()
    #expect(abs(mean) < 4 * error)
    // Draws and table (Kish number 3·10⁴) both fluctuate; the fourth moment of t is ≈ 40.
    let squareError: Double = (40 / 1e5 + 40 / 3e4).squareRoot()
    #expect(abs(square - information) < 4 * squareError)
  }
}
