import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Statistics of the simulation, weights of data, minima, bands and warnings of limits.
@Suite struct LimitExtrasTests {
  let events: CombinedEvents

  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  var axes: [BinAxis] { [BinAxis("x", edges: LimitsTests.edges)] }
  func settings(_ grid: [GridAxis] = LimitsTests.grid) -> LimitSettings {
    LimitSettings(axes: grid, bounds: [-1...1, -1...1])
  }

  // MARK: Statistics of the simulation

  /// The profiled factor of each bin against a search over β.
  @Test func barlowBeestonProfilesTheFactors() throws {
    let table = try events.fill("x", edges: LimitsTests.edges)
    let model = BinnedModel(table, morphing: events.morphing)
    let counts = [1.0, 0, 5, 2, 7, 1]
    let likelihood = try BinnedLikelihood(
      model, counts: counts, luminosity: 1e4, includesStatistics: true)
    let theta = [0.4, -0.3]
    let values = model.evaluate(at: theta, gradient: false).values
    let squares = model.squaredErrors(at: theta)
    var sum = 0.0
    for bin in counts.indices {
      let mean = 1e4 * values[bin]
      let variance = squares[bin] / (values[bin] * values[bin])
      let best =
        (1...40_000).map { k -> Double in
          let beta = Double(k) * 1e-4
          let pull = (beta - 1) * (beta - 1) / (2 * variance)
          return counts[bin] * log(beta * mean) - beta * mean - pull
        }.max() ?? .nan
      sum += best
    }
    // n ln μ − μ of all bins; kinematic and rate together hold − ln n! of the sum.
    let n = counts.reduce(0, +)
    let value = likelihood.evaluate(at: theta, gradient: false)
    // A step of 1e-4 in β is off by at most (1e-4)²/8 of the curvature.
    #expect(abs(value.total + logGamma(n + 1) - sum) < 1e-5)
    #expect(value.constraint < 0)
  }

  /// Many simulated events leave nothing to vary; few widen the interval. 280 nodes against 28,000 with the same shape.
  @Test func statisticsWidenWhatFewEventsSay() throws {
    var grid = settings([GridAxis(parameter: "t0", lower: -1, upper: 1, count: 9)])
    grid.fixed = [1: 0]
    func q(_ events: CombinedEvents, _ statistics: Bool) throws -> [Double] {
      try LimitSource(
        events, luminosity: 1e5, options: .init(includesStatistics: statistics)
      ).expected(axes: axes, thetaTrue: [0, 0], settings: grid).q
    }
    let plain = try q(events, false)
    let few = try q(events, true)
    let many = try q(CombinedEvents(Toy.quadrature(copies: 100)), true)
    #expect(few[0] < 0.9 * plain[0])
    #expect(few[0] < many[0] && many[0] < plain[0])
    #expect(relativeError(many[0], plain[0]) < 0.05)
  }

  @Test func statisticsNeedTheRate() throws {
    let source = LimitSource(
      events, luminosity: 1e4, options: .init(includesRate: false, includesStatistics: true))
    let problem = #expect(throws: Problem.self) {
      try source.expected(axes: axes, thetaTrue: [0, 0], settings: settings())
    }
    #expect(problem?.kind == .usage)
  }

  // MARK: Data

  /// Weights are numbers of events; n_observed rescales them; n is not rounded (7.1 no. 13).
  @Test func weightsOfObservedEvents() throws {
    let source = LimitSource(events, luminosity: 1e4)
    let x = [-1.4, -0.6, 0.3, 2.5]
    let twice = try source.observed(
      axes: axes, .init(values: x + x, rowCount: 8), settings: settings())
    let weighted = try source.observed(
      axes: axes, .init(values: x, rowCount: 4, weights: [2, 2, 2, 2]), settings: settings())
    for (a, b) in zip(twice.q, weighted.q) { #expect(abs(a - b) < 1e-9) }
    let scaled = try source.observed(
      axes: axes, .init(values: x, rowCount: 4, eventCount: 7.5), settings: settings())
    #expect(scaled.eventCount == 7.5)
    #expect(scaled.bins.map(\.count).reduce(0, +) == 7.5)
    let rate = 7.5 * log(1e4 * Toy.sigma([-1, -1])) - 1e4 * Toy.sigma([-1, -1]) - logGamma(8.5)
    #expect(abs(scaled.rate[0] - rate) < 1e-6)
  }

  @Test func wrongWeights() throws {
    let source = LimitSource(events, luminosity: 1e4)
    let problem = #expect(throws: Problem.self) {
      try source.observed(
        axes: axes, .init(values: [0, 1], rowCount: 2, weights: [1, -0.5]), settings: settings())
    }
    #expect(problem?.place == "row 2")
  }

  // MARK: Several dimensions

  /// x² is a function of x: two axes hold what their common refinement in x holds.
  @Test func twoObservables() throws {
    let source = LimitSource(events, luminosity: 1e4)
    let two = try source.expected(
      axes: [BinAxis("x", edges: [0]), BinAxis("x2", edges: [1, 4])], thetaTrue: [0.1, 0.2],
      settings: settings())
    let one = try source.expected(
      axes: [BinAxis("x", edges: [-2, -1, 0, 1, 2])], thetaTrue: [0.1, 0.2], settings: settings())
    // Nodes of the quadrature are not on the edges.
    for (a, b) in zip(two.q, one.q) { #expect(abs(a - b) < 1e-9) }
    #expect(two.bins.count == 6)
    #expect(two.edges == [[0], [1, 4]])
  }

  // MARK: The fit

  /// Symmetric bins do not see the sign of t0: two minima, of the same depth, and only one where the sign is seen.
  @Test func minimaAreListed() throws {
    let source = LimitSource(events, luminosity: 1e6)
    let grid = [GridAxis(parameter: "t0", lower: -1, upper: 1, count: 21)]
    let blind = try source.expected(
      axes: [BinAxis("x2", edges: [0.5, 1, 2, 4])], thetaTrue: [0.5, 0], settings: settings(grid))
    #expect(blind.minima.count == 2)
    for minimum in blind.minima {
      #expect(abs(abs(minimum.point[0]) - 0.5) < 1e-3)
      #expect(minimum.q < 1e-5)
    }
    #expect(blind.minima.map { $0.point[0] > 0 }.contains(true))
    #expect(blind.minima.map { $0.point[0] < 0 }.contains(true))
    let seeing = try source.expected(axes: axes, thetaTrue: [0.5, 0], settings: settings(grid))
    #expect(seeing.minima.count == 1)
  }

  /// Errors and correlation are the inverse of the information at the true point.
  @Test func errorsAreTheInverseInformation() throws {
    let limits = try LimitSource(events, luminosity: 1e7).expected(
      axes: axes, thetaTrue: [0.3, -0.2], settings: settings())
    let m = FisherInformation.binned(
      try events.fill("x", edges: LimitsTests.edges), at: try events.point([0.3, -0.2]),
      luminosity: 1e7, name: "x"
    ).matrix
    let determinant = m[0] * m[3] - m[1] * m[2]
    #expect(relativeError(limits.fit.errors[0], (m[3] / determinant).squareRoot()) < 1e-4)
    #expect(relativeError(limits.fit.errors[1], (m[0] / determinant).squareRoot()) < 1e-4)
    let correlation = -m[1] / (m[0] * m[3]).squareRoot()
    #expect(abs(limits.fit.correlation[1] - correlation) < 1e-4)
  }

  @Test func ofInterest() throws {
    var settings = settings()
    settings.axes = nil
    settings.ofInterest = [1]
    let limits = try LimitSource(events, luminosity: 1e6).expected(
      axes: axes, thetaTrue: [0, 0], settings: settings)
    #expect(limits.axes.map(\.parameter) == ["t1"])
    #expect(limits.profiledParameters == [0])
    #expect(limits.degreesOfFreedom == 1)
    settings.fixed = [1: 0]
    let problem = #expect(throws: Problem.self) {
      try LimitSource(events, luminosity: 1e6).expected(
        axes: axes, thetaTrue: [0, 0], settings: settings)
    }
    #expect(problem?.kind == .usage)
  }

  // MARK: Bands (7.1 no. 7)

  /// One parameter of a nearly Gaussian likelihood: the median 95 % interval ends at the Asimov one, the ±Nσ bands one and
  /// two standard deviations from there. Two parameters: the median region is smaller than the Asimov one.
  @Test func bandsOfExpectedLimits() throws {
    let source = LimitSource(events, luminosity: 1e8)
    var one = settings([GridAxis(parameter: "t0", lower: 0.2, upper: 0.4, count: 41)])
    one.fixed = [1: -0.2]
    let limits = try source.expected(axes: axes, thetaTrue: [0.3, -0.2], settings: one)
    let error = limits.fit.errors[0]
    let z = Normal.quantile(0.975)
    for sigma in [-1, 0, 1, 2] {
      let band = try #require(
        limits.intervalBands.first { $0.sigma == sigma && $0.interval.level == 0.95 })
      // 1 % for curvature beyond the Gaussian; the other side of the interval is 5e-4 of probability away.
      let expected = 0.3 + error * (z + Double(sigma))
      #expect(abs(band.interval.upper - expected) < 0.03 * error, "\(sigma)")
    }
    // 95 % regions hold the true point in 95 % of experiments only, so no point is in 97.7 % of them.
    #expect(
      !limits.intervalBands.contains { $0.sigma == -2 && $0.interval.level == 0.95 })
    let two = try source.expected(
      axes: axes, thetaTrue: [0.3, -0.2],
      settings: settings([
        GridAxis(parameter: "t0", lower: 0.25, upper: 0.35, count: 41),
        GridAxis(parameter: "t1", lower: -0.25, upper: -0.15, count: 41),
      ]))
    let region = try #require(two.regions.first { $0.level == 0.95 })
    let median = try #require(two.regionBands.first { $0.level == 0.95 && $0.sigma == 0 })
    #expect(median.area < 0.9 * region.area)
    let areas = two.regionBands.filter { $0.level == 0.95 }.map(\.area)
    #expect(areas == areas.sorted())
    let found = NonCentralChiSquare(degreesOfFreedom: 2, noncentrality: median.threshold)
    #expect(abs(found.cdf(region.threshold) - 0.5) < 1e-9)
    let observed = try source.observed(
      axes: axes, .init(values: [0.1], rowCount: 1), settings: one)
    #expect(observed.regionBands.isEmpty && observed.intervalBands.isEmpty)
  }

  // MARK: Warnings

  private func warnings(
    _ luminosity: Double, _ axes: [BinAxis], _ settings: LimitSettings,
    options: LikelihoodTerms = .init()
  ) throws -> [String] {
    let journal = Journal()
    _ = try LimitSource(events, luminosity: luminosity, options: options, journal: journal)
      .expected(axes: axes, thetaTrue: [0, 0], settings: settings)
    return journal.warnings.map(\.key)
  }

  @Test func warningsThatMatter() throws {
    let wide = settings([
      GridAxis(parameter: "t0", lower: -1.5, upper: 1.5, count: 61),
      GridAxis(parameter: "t1", lower: -1.5, upper: 1.5, count: 61),
    ])
    // Good statistics and a wide grid: silence.
    #expect(try warnings(1e5, [BinAxis("x", edges: [-1, 0, 1])], wide) == [])
    // Ten events and fewer.
    #expect(try warnings(5e3, [BinAxis("x", edges: [0])], wide).contains("limits.asymptotic"))
    // A bin of less than one event.
    #expect(try warnings(2e4, [BinAxis("x", edges: [3])], wide).contains("limits.asymptotic"))
    // Nodes beyond 6.8: a bin of a few simulated events.
    let poor = [BinAxis("x", edges: [-1, 0, 1, 6.8])]
    #expect(try warnings(1e5, poor, wide).contains("limits.bins.simulation"))
    #expect(
      try !warnings(1e5, poor, wide, options: .init(includesStatistics: true))
        .contains("limits.bins.simulation"))
    // Narrow grid.
    let narrow = settings([GridAxis(parameter: "t0", lower: -0.01, upper: 0.01, count: 3)])
    #expect(try warnings(1e5, axes, narrow).contains("limits.open"))
  }

  /// A bin whose cross section is negative inside the regions, without events in it.
  @Test func negativeDensityWarns() throws {
    var table = Toy.quadrature(copies: 1)
    // Interference alone: the squared terms of t0 taken away, as at linear order.
    let c = table.setup.morphing?.components.firstIndex(of: [2, 0]) ?? 0
    for b in 0..<6 { table.setup.morphing?.matrix[c * 6 + b] = 0 }
    let journal = Journal()
    let source = LimitSource(try CombinedEvents(table), luminosity: 500, journal: journal)
    var settings = settings([GridAxis(parameter: "t0", lower: -2, upper: 2, count: 21)])
    settings.fixed = [1: 0]
    _ = try source.observed(
      axes: [BinAxis("x", edges: [-2, 2])], .init(values: [0.1], rowCount: 1),
      settings: settings)
    #expect(journal.warnings.contains { $0.key == "limits.negative.bins" })
  }
}
