import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Sizes of regions that are small against the steps of the grid, and what is said of such grids.
@Suite struct RegionSizeTests {
  let events: CombinedEvents
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  private let bins = [BinAxis("x", edges: LimitsTests.edges)]

  private func grid(_ points: Int, _ half: Double = 1) -> [GridAxis] {
    ["t0", "t1"].map { GridAxis(parameter: $0, lower: -half, upper: half, count: points) }
  }

  private func limits(
    _ axes: [GridAxis], luminosity: Double = 1e8, bins: [BinAxis]? = nil,
    theta: [Double] = [0.3, -0.2], fixed: [Int: Double] = [:], journal: Journal? = nil
  ) throws -> Limits {
    try LimitSource(events, luminosity: luminosity, journal: journal).expected(
      axes: bins ?? self.bins, thetaTrue: theta,
      settings: LimitSettings(axes: axes, fixed: fixed, bounds: [-1...1, -1...1]))
  }

  /// n = 1e5: the ellipse π q |I|^-1/2, to 1 % for what is not Gaussian, whatever the grid; on 5 × 5 points the region is
  /// between them, and the reader is told.
  @Test(arguments: [5, 8, 41]) func areaDoesNotDependOnTheGrid(_ points: Int) throws {
    let journal = Journal()
    let limits = try limits(grid(points), journal: journal)
    let m = FisherInformation.binned(
      try events.fill("x", edges: LimitsTests.edges), at: try events.point([0.3, -0.2]),
      luminosity: 1e8, name: "histogram"
    ).matrix
    let ellipse = Double.pi / (m[0] * m[3] - m[1] * m[2]).squareRoot()
    for region in limits.regions {
      #expect(relativeError(region.area, ellipse * region.threshold) < 0.01, "\(region)")
      #expect(!region.isOpen)
    }
    for band in limits.regionBands where band.threshold.isFinite {
      #expect(relativeError(band.area, ellipse * band.threshold) < 0.02, "\(band)")
    }
    let coarse = try #require(journal.warnings.first { $0.key == "limits.coarse" })
    #expect(coarse.text.contains("t0=0.2") && coarse.text.contains(":41"), "\(coarse.text)")
  }

  /// A grid that shows the region is measured on its points, without a word; rays agree with that to 1 %, which straight
  /// lines between points leave.
  @Test func aFineGridIsSilent() throws {
    let journal = Journal()
    let fine = [
      GridAxis(parameter: "t0", lower: 0.27, upper: 0.33, count: 81),
      GridAxis(parameter: "t1", lower: -0.23, upper: -0.17, count: 81),
    ]
    let seen = try limits(fine, journal: journal)
    #expect(!journal.warnings.contains { $0.key == "limits.coarse" })
    let rays = try limits(grid(5))
    for (a, b) in zip(seen.regions, rays.regions) { #expect(relativeError(a.area, b.area) < 1e-2) }
  }

  /// Symmetric bins do not see the sign of t0: two valleys between the points of the grid, whose lengths add up.
  @Test func valleysAddUp() throws {
    let blind = [BinAxis("x2", edges: [0.5, 1, 2, 4])]
    func length(_ points: Int) throws -> Limits {
      try limits(
        [GridAxis(parameter: "t0", lower: -1, upper: 1, count: points)], luminosity: 1e6,
        bins: blind, theta: [0.5, 0], fixed: [1: 0])
    }
    let (coarse, fine) = (try length(8), try length(2001))
    #expect(coarse.minima.count == 2)
    for (a, b) in zip(coarse.regions, fine.regions) {
      #expect(relativeError(a.area, b.area) < 2e-3, "\(a) \(b)")
    }
    let sum = coarse.intervals.filter { $0.level == 0.68 }.reduce(0) { $0 + $1.upper - $1.lower }
    #expect(relativeError(coarse.regions[0].area, sum) < 1e-3)
  }

  /// The rate alone bounds a curve: its region leaves the grid between points of the border, which the interval says.
  @Test func openBetweenPoints() throws {
    let journal = Journal()
    let limits = try limits(
      grid(4, 0.5), luminosity: 1e10, bins: [], theta: [0.4, 0.2], journal: journal)
    let open = limits.intervals.contains { $0.lower.isNaN || $0.upper.isNaN }
    #expect(open && limits.regions.allSatisfy(\.isOpen))
    #expect(journal.warnings.contains { $0.key == "limits.open" })
  }

  @Test func gridWithoutTheBestFit() throws {
    let journal = Journal()
    let limits = try limits(
      [GridAxis(parameter: "t0", lower: 0.6, upper: 0.9, count: 11)], fixed: [1: -0.2],
      journal: journal)
    #expect(limits.regions.allSatisfy { $0.isOpen && $0.area == 0 })
    let warning = try #require(journal.warnings.first { $0.key == "limits.grid" })
    #expect(warning.text.contains("t0=0.3"), "\(warning.text)")
  }

  @Test func gridsOfTooManyPoints() throws {
    let problem = #expect(throws: Problem.self) {
      try limits(grid(100_000))
    }
    #expect(problem?.kind == .usage && problem?.fact.contains("at most a million") == true)
    let bins = #expect(throws: Problem.self) { try BinSpecification(parsing: "1000000") }
    #expect(bins?.fact.contains("more than 100000 bins") == true)
  }
}

/// Warnings of limits, each by its key.
@Suite struct LimitWarningTests {
  let events: CombinedEvents
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  private func keys(_ body: (Journal) throws -> Void) rethrows -> [String] {
    let journal = Journal()
    try body(journal)
    return journal.warnings.map(\.key)
  }

  private let line = [GridAxis(parameter: "t0", lower: -2, upper: 2, count: 41)]

  /// 7.1 no. 11: log r of an event whose density vanishes is −50 and counted; the event does not vanish from the sum, so
  /// that a zero of the density stays as far away as it is.
  @Test func vanishingDensities() throws {
    struct Vanishing: RowLogRatios {
      let rowCount = 3
      func values(at theta: [Double]) -> [Double] { [-.infinity, -60, 0.5 * theta[0]] }
      func valuesAndGradients(at theta: [Double]) -> (values: [Double], gradients: [Double]) {
        (values(at: theta), [0, 0, 0, 0, 0.5, 0])
      }
    }
    let likelihood = RatioLikelihood(
      Vanishing(), weights: [1, 1, 1], eventCount: 3, total: events.total,
      morphing: events.morphing, luminosity: 3e3)
    let value = try likelihood.evaluate(at: [0.2, 0], gradient: true)
    #expect(value.flooredRows == 2)
    #expect(abs(value.kinematic - (2 * RatioLikelihood.floor + 0.1)) < 1e-12)
    let found = try keys { journal in
      _ = try LimitCalculation(
        likelihood, names: ["t0", "t1"],
        settings: LimitSettings(axes: line, fixed: [1: 0], bounds: [-2...2, -1...1]),
        journal: journal
      ).run(
        Limits(
          mode: .ratio, isExpected: false, parameterNames: ["t0", "t1"], parameterUnits: ["", ""],
          luminosity: 3e3, eventCount: 3))
    }
    #expect(found.contains("limits.floor"), "\(found)")
  }

  /// The truth at linear order: events of negative weight at the true point are left out of the Asimov set.
  @Test func negativeEvents() throws {
    var table = Toy.quadrature(copies: 1)
    let c = table.setup.morphing?.components.firstIndex(of: [2, 0]) ?? 0
    for b in 0..<6 { table.setup.morphing?.matrix[c * 6 + b] = 0 }
    let linear = try CombinedEvents(table)
    let found = try keys { journal in
      _ = try LimitSource(linear, luminosity: 1e5, journal: journal).expectedTruth(
        thetaTrue: [0.4, 0],
        settings: LimitSettings(
          axes: line, fixed: [1: 0], bounds: [-1...1, -1...1], wantsIntervals: false))
    }
    // 1 + 2 · 0.4 · 0.5 x is negative below −2.5: 0.3 % of the weight.
    #expect(found.contains("limits.negative.events"), "\(found)")
  }

  @Test func negativeCrossSections() throws {
    var table = Toy.quadrature(copies: 1)
    let c = table.setup.morphing?.components.firstIndex(of: [2, 0]) ?? 0
    for b in 0..<6 { table.setup.morphing?.matrix[c * 6 + b] *= -1 }
    let found = try keys { journal in
      _ = try LimitSource(try CombinedEvents(table), luminosity: 1e5, journal: journal).expected(
        axes: [], thetaTrue: [0, 0],
        settings: LimitSettings(
          axes: [GridAxis(parameter: "t0", lower: -3, upper: 3, count: 61)], fixed: [1: 0],
          bounds: [-1...1, -1...1]))
    }
    #expect(found.contains("limits.negative"), "\(found)")
  }

  /// A fit that may not leave [−1, 1] while the data are of t0 = 1.5.
  @Test func bestFitAtABound() throws {
    let found = try keys { journal in
      let source = LimitSource(events, luminosity: 1e5, journal: journal)
      let data = events.crossSections(at: try events.point([1.5, 0])).map { $0 * 1e5 }
      _ = try source.observed(
        axes: [BinAxis("x", edges: LimitsTests.edges)],
        .init(
          values: try events.observations(["x"], rows: Array(0..<events.table.count)),
          rowCount: data.count, weights: data),
        settings: LimitSettings(
          axes: [GridAxis(parameter: "t0", lower: -1, upper: 1, count: 41)], fixed: [1: 0],
          bounds: [-1...1, -1...1]))
    }
    #expect(found.contains("limits.bound"), "\(found)")
  }

  /// What CLs, toys, coverage and posteriors say of their likelihood.
  @Test func ofPseudoExperiments() throws {
    let poor = try events.fill("x", edges: [-1, 0, 1, 6.8])
    let found = try keys { journal in
      try ToySource(
        events, likelihood: .histogram(poor), luminosity: 1e3, journal: journal
      ).warn(at: [0, 0], events: 1)
    }
    #expect(found == ["limits.bins.simulation", "limits.asymptotic"])
    var model = ExactRatio(reference: [0, 0])
    model.thetaRange = [-0.5...0.5, -1...1]
    let outside = try keys { journal in
      try ToySource(
        events, likelihood: .ratio([model], .all), luminosity: 1e3, journal: journal
      ).warn(at: [0, 0], grid: [[0, 0], [0.7, 0]])
    }
    #expect(outside == ["limits.outside exact"])
    var table = Toy.quadrature(copies: 1)
    let c = table.setup.morphing?.components.firstIndex(of: [2, 0]) ?? 0
    for b in 0..<6 { table.setup.morphing?.matrix[c * 6 + b] = 0 }
    let linear = try CombinedEvents(table)
    let negative = try keys { journal in
      try ToySource(
        linear, likelihood: .histogram(linear.fill("x", edges: [-2, 2])), luminosity: 1e3,
        journal: journal
      ).warn(at: [0, 0], grid: [[0, 0], [2, 0]])
    }
    #expect(negative == ["limits.negative.bins"])
  }

  /// The maximum is on the grid: the region around a true point near its end is cut off there.
  @Test func coverageAtTheBorder() throws {
    let axis = (0..<21).map { [-0.2 + 0.05 * Double($0), 0] }
    let found = try keys { journal in
      let source = try ToySource(
        events, likelihood: .histogram(try events.fill("x", edges: LimitsTests.edges)),
        luminosity: 1e5)
      let construction = NeymanConstruction(
        try source.table(axis, gridCount: axis.count), names: ["t0", "t1"], levels: [0.68],
        toys: 100, seed: 1, degreesOfFreedom: 1, team: ThreadTeam(threads: 1), journal: journal)
      _ = try CoverageStudy(construction, points: [10], experiments: 100, journal: journal)
      #expect(journal.warnings.isEmpty)
      _ = try CoverageStudy(construction, points: [20], experiments: 100, journal: journal)
    }
    #expect(found == ["coverage.border"])
  }

  /// CLs beyond the grid, and of so few toys that a tail is empty.
  @Test func ofCLs() throws {
    let data = try CountingLikelihood(
      signal: [5, 10], background: [50, 60], uncertainty: [5, 12], counts: [55, 72])
    let test = try StrengthTest(observed: data, asimov: data.asimov(at: 0), bounds: [0...10])
    var scan = try StrengthScan(
      test, values: [0.5, 1], level: 0.95, hasData: true, parameter: "mu")
    #expect(keys { scan.warn(expectedEvents: 110, journal: $0) } == ["cls.beyond"])
    #expect(scan.upperLimit.isNaN)
    scan = try StrengthScan(
      test, values: [1, 2, 5], level: 0.95, hasData: true, parameter: "mu")
    #expect(keys { scan.warn(expectedEvents: 110, journal: $0) }.isEmpty)
    #expect(keys { scan.warn(expectedEvents: 2, journal: $0) } == ["limits.asymptotic"])
    let toys = StrengthToys(
      signal: (0..<500).map { Double($0) }, background: (0..<500).map { 10 * Double($0) })
    #expect(toys.expectedErrors.allSatisfy { $0 > 0 })
    scan.replace(with: [toys, toys, toys], count: 500, statistics: [400, 400, 400])
    let journal = Journal()
    scan.warn(expectedEvents: 110, journal: journal)
    let warning = try #require(journal.warnings.first { $0.key == "cls.toys" })
    // 10/(0.05 · 0.02275) = 8791.
    #expect(warning.text.contains("--toys 8800"), "\(warning.text)")
  }
}
