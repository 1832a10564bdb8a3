import Diagnostics
import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// Expected and observed limits of the toy against closed forms (the golden tolerance: 3e-4 in p, which is what the binning
/// of the quadrature leaves), and against an independent implementation.
@Suite struct LimitsTests {
  static let grid = [
    GridAxis(parameter: "t0", lower: -1, upper: 1, count: 5),
    GridAxis(parameter: "t1", lower: -1, upper: 1, count: 5),
  ]
  static let edges = [-2.0, -1, 0, 1, 2]
  static let luminosity = 1e4
  let events: CombinedEvents

  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  func settings(_ reference: LimitSettings.Reference = .fit) -> LimitSettings {
    LimitSettings(axes: Self.grid, reference: reference, bounds: [-1...1, -1...1])
  }

  func source(rate: Bool = true) -> LimitSource {
    LimitSource(events, luminosity: Self.luminosity, includesRate: rate)
  }

  func difference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  @Test(.needsShared, arguments: [true, false]) func expectedHistogram(_ rate: Bool) throws {
    let golden = try Golden("inference/results.json", "results")
    let name = "A.limits.histo6.\(rate ? "xsec" : "noxsec").p"
    let limits = try source(rate: rate).expected(
      axes: [BinAxis("x", edges: Self.edges)], thetaTrue: [0, 0], settings: settings())
    // Without the rate the reference itself is 3.8e-4 away from the closed form.
    #expect(difference(limits.p, try golden.numbers(name, "analytic")) < (rate ? 3e-4 : 4e-4))
    #expect(difference(limits.p, try golden.numbers(name, "reference")) < 1e-9)
    // Binned Asimov data are the template: the best fit is the true point.
    #expect(limits.qTrue < 1e-8)
    #expect(abs(limits.bestFit[0]) < 1e-4)
    #expect(abs(limits.bestFit[1]) < 1e-4)
    #expect(abs(limits.eventCount - 10) < 1e-6)
    #expect(limits.degreesOfFreedom == 2)
  }

  @Test(.needsShared) func expectedRate() throws {
    let golden = try Golden("inference/results.json", "results")
    let limits = try source().expected(
      axes: [], thetaTrue: [0, 0], settings: settings())
    #expect(difference(limits.p, try golden.numbers("A.limits.rate.p", "analytic")) < 1e-8)
    // The rate alone leaves both parameters free along a curve of equal rate.
    #expect(limits.intervals.allSatisfy { $0.lower.isNaN == $0.upper.isNaN })
  }

  @Test(.needsShared) func observedHistogram() throws {
    let golden = try Golden("inference/results.json", "results")
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    let limits = try source().observed(
      axes: [BinAxis("x", edges: Self.edges)], .init(values: x, rowCount: x.count),
      settings: settings(.gridMaximum))
    let reference = try golden.numbers("A.limits.observed_histo6.p", "reference")
    // The reference adds 1e-12 to every bin and drops nothing else.
    #expect(difference(limits.p, reference) < 1e-8)
    #expect(limits.bestFit == Array(limits.points[34..<36]))
    // A fit finds a better point than the grid, so every q grows by the same amount.
    let fitted = try source().observed(
      axes: [BinAxis("x", edges: Self.edges)], .init(values: x, rowCount: x.count),
      settings: settings())
    let growth = zip(fitted.q, limits.q).map { $0 - $1 }
    #expect(growth.allSatisfy { $0 > 0 && abs($0 - growth[0]) < 1e-9 })
  }

  /// Everything seen: the closed form integrates log r, which has poles at zeros of the amplitude; a fine quadrature is
  /// 5e-4 away.
  @Test(.needsShared) func exactRatio() throws {
    let golden = try Golden("inference/results.json", "results")
    let fine = try CombinedEvents(Toy.quadrature(nodes: 4000, copies: 1))
    var settings = settings()
    settings.wantsIntervals = false
    let limits = try LimitSource(fine, luminosity: Self.luminosity).expectedTruth(
      thetaTrue: [0, 0], settings: settings)
    let analytic = try golden.numbers("A.limits.ml_exact.xsec.p", "analytic")
    #expect(difference(limits.p, analytic) < 5e-4)
    #expect(limits.qTrue < 1e-8)
  }

  /// A ratio model with the exact ratio of the toy gives the limits of the joint ratio.
  @Test func ratioModelIsTheJointRatioWhenExact() throws {
    let journal = Journal()
    let source = LimitSource(events, luminosity: 10, journal: journal)
    let exact = try LimitSource(events, luminosity: 10).expectedTruth(
      thetaTrue: [0, 0], settings: settings())
    let model = try source.expected(
      models: [ExactRatio(reference: [0.2, 0.1])], part: .all, thetaTrue: [0, 0],
      settings: settings())
    for (a, b) in zip(model.q, exact.q) { #expect(abs(a - b) < 1e-6) }
    #expect(model.closure < 1e-6)
    #expect(model.qTrue < 1e-6)
    // The grid of the toy is too narrow for ten events; nothing else is to be warned of.
    #expect(Set(journal.warnings.map(\.key)) == ["limits.open", "limits.asymptotic"])
    let mean = try source.expected(
      models: [
        ExactRatio(reference: [0, 0], offset: 0.5), ExactRatio(reference: [0, 0], offset: -0.5),
      ],
      part: .all, thetaTrue: [0, 0], settings: settings())
    for (a, b) in zip(mean.q, exact.q) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func gradientsAgainstDifferences() throws {
    let table = try events.fill("x", edges: Self.edges)
    let model = BinnedModel(table, morphing: events.morphing)
    let total = BinnedModel(events.total, morphing: events.morphing)
    let binned = try BinnedLikelihood(asimov: model, truePoint: [0.1, 0.3], luminosity: 1e4)
    let varied = try BinnedLikelihood(
      asimov: model, truePoint: [0.1, 0.3], luminosity: 1e6, includesStatistics: true)
    let rows = Array(0..<events.table.count)
    let ratio = RatioLikelihood(
      try JointLogRatios(events, rows: rows, reference: [0.1, 0.3]),
      weights: events.crossSections(at: try events.point([0.1, 0.3])), eventCount: 12,
      total: total, luminosity: 1e4)
    for likelihood in [binned as any LogLikelihood, varied, ratio] {
      let theta = [0.4, -0.2]
      let gradient = try likelihood.evaluate(at: theta, gradient: true).gradient
      for i in 0..<2 {
        var (up, down) = (theta, theta)
        up[i] += 1e-5
        down[i] -= 1e-5
        let slope =
          (try likelihood.evaluate(at: up, gradient: false).total
            - likelihood.evaluate(at: down, gradient: false).total) / 2e-5
        #expect(abs(slope - gradient[i]) < 1e-6 * max(1, abs(slope)))
      }
    }
  }

  /// Without a grid: ±5σ of the information, where the region of a nearly Gaussian likelihood is an ellipse of area
  /// π q |I|^-1/2.
  @Test func automaticGridAndArea() throws {
    let source = LimitSource(events, luminosity: 1e8)
    let limits = try source.expected(
      axes: [BinAxis("x", edges: Self.edges)], thetaTrue: [0.3, -0.2],
      settings: LimitSettings(bounds: source.bounds, pointsPerAxis: 41))
    let entry = FisherInformation.binned(
      try events.fill("x", edges: Self.edges), at: try events.point([0.3, -0.2]), luminosity: 1e8,
      name: "histogram")
    let m = entry.matrix
    let determinant = m[0] * m[3] - m[1] * m[2]
    let region = try #require(limits.regions.first { $0.level == 0.95 })
    let ellipse = Double.pi * region.threshold / determinant.squareRoot()
    // 41 points: half a per cent from linear interpolation; n = 1e5 leaves curvature below that.
    #expect(relativeError(region.area, ellipse) < 0.02)
    #expect(!region.isOpen)
    let width = limits.axes[0].upper - limits.axes[0].lower
    #expect(relativeError(width, 10 * (m[3] / determinant).squareRoot()) < 0.02)
    // The interval of one parameter, the other profiled: ±1.96 σ.
    let interval = try #require(limits.intervals.first { $0.parameter == 0 && $0.level == 0.95 })
    #expect(relativeError(interval.upper - interval.lower, width / 10 * 2 * 1.959964) < 0.02)
  }

  @Test func oneParameterWithTheOtherFixedOrProfiled() throws {
    let axes = [GridAxis(parameter: "t0", lower: -1, upper: 1, count: 9)]
    var fixed = LimitSettings(axes: axes, fixed: [1: 0], bounds: [-1...1, -1...1])
    let a = try source().expected(
      axes: [BinAxis("x", edges: Self.edges)], thetaTrue: [0, 0], settings: fixed)
    #expect(a.degreesOfFreedom == 1)
    #expect(a.fixedParameters == [1])
    fixed.fixed = [:]
    let b = try source().expected(
      axes: [BinAxis("x", edges: Self.edges)], thetaTrue: [0, 0], settings: fixed)
    #expect(b.profiledParameters == [1])
    for (x, y) in zip(a.q, b.q) { #expect(y <= x + 1e-9) }
    #expect(b.q.first ?? 0 < (a.q.first ?? 0) - 1e-3)
  }

  /// −ln L profiled over θ₁, with the observed ten events.
  @Test(.needsShared) func profiledObservedLimits() throws {
    let golden = try Golden("inference/results.json", "results")
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    let source = source()
    let axes = [GridAxis(parameter: "t0", lower: -1, upper: 1, count: 5)]
    let limits = try source.observed(
      axes: [BinAxis("x", edges: Self.edges)], .init(values: x, rowCount: x.count),
      settings: LimitSettings(
        axes: axes, reference: .gridMaximum, bounds: [-1...1, -30...30]))
    let reference = try golden.numbers("A.nll.profiled.reference", "reference")
    #expect(difference(limits.p, reference) < 1e-6)
  }

  @Test func documentRoundTrip() throws {
    var settings = settings()
    settings.wantsIntervals = false
    var limits = try source().expected(
      axes: [BinAxis("x", edges: Self.edges)], thetaTrue: [0, 0], settings: settings)
    limits.intervals = [Limits.Interval(parameter: 1, level: 0.95, lower: -0.2, upper: 0.3)]
    #expect(limits.closure.isNaN)
    #expect(limits.minima.count == 1 && limits.fit.errors.count == 2 && limits.bins.count == 6)
    limits.closure = 0.1
    // A band without points has no threshold.
    limits.regionBands.removeAll { $0.threshold.isNaN }
    #expect(limits.regionBands.count == 7)
    limits.nuisance = [Limits.Nuisance(parameter: 1, constraint: "gauss", width: 1)]
    limits.impacts = [
      Limits.Impact(
        nuisance: 1, parameter: 0, prefitUp: 0.1, prefitDown: -0.1, postfitUp: 0.2,
        postfitDown: -0.2)
    ]
    #expect(try Limits(document: limits.document) == limits)
    var broken = limits.document
    broken["limits/p"] = nil
    #expect(throws: Problem.self) { try Limits(document: broken) }
  }

  @Test func binTableRoundTrip() throws {
    let table = try events.fill("x", edges: Self.edges)
    var d = Document()
    table.write(to: &d, at: "table")
    #expect(try BinTable.read(d, at: "table") == table)
    #expect(table.total.counts == [events.table.count])
    #expect(table.label(0) == "(-inf, -2.0)")
    // Bins are [lo, hi).
    #expect(table.bin(of: -2) == 1)
    #expect(table.bin(of: 2) == 5)
  }
}

@Suite struct LimitsBadInput {
  let events: CombinedEvents
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  var settings: LimitSettings {
    LimitSettings(axes: LimitsTests.grid, bounds: [-1...1, -1...1])
  }

  @Test func negativeCrossSectionIsMaskedAndNamed() throws {
    // A morphing matrix that makes σ negative for large t0: the squared component turned round.
    var table = Toy.quadrature(copies: 1)
    let c = table.setup.morphing?.components.firstIndex(of: [2, 0]) ?? 0
    for b in 0..<6 { table.setup.morphing?.matrix[c * 6 + b] *= -1 }
    let source = LimitSource(try CombinedEvents(table), luminosity: 1e3)
    let journal = Journal()
    let warning = LimitSource(try CombinedEvents(table), luminosity: 1e3, journal: journal)
    var wide = settings
    wide.axes = [GridAxis(parameter: "t0", lower: -3, upper: 3, count: 5)]
    wide.fixed = [1: 0]
    let limits = try warning.expected(
      axes: [], thetaTrue: [0, 0], settings: wide)
    #expect(limits.p[0].isNaN)
    #expect(!limits.p[2].isNaN)
    #expect(journal.warnings.contains { $0.text.contains("t0=-3.0") && $0.count == 2 })
    wide.axes = [GridAxis(parameter: "t0", lower: 3, upper: 4, count: 3)]
    let problem = #expect(throws: Problem.self) {
      try source.expected(axes: [], thetaTrue: [0, 0], settings: wide)
    }
    #expect(problem?.kind == .data)
    #expect(problem?.fact.contains("t0=3.0") == true)
  }

  @Test func observedEventsWhereNoneWasSimulated() throws {
    let source = LimitSource(events, luminosity: 1e4)
    let problem = #expect(throws: Problem.self) {
      try source.observed(
        axes: [BinAxis("x", edges: [-8, 0, 8])], .init(values: [0.1, 9], rowCount: 2),
        settings: settings)
    }
    #expect(problem?.fact.contains("[8.0, inf)") == true)
  }

  @Test func undefinedObservedValue() throws {
    let source = LimitSource(events, luminosity: 1e4)
    let problem = #expect(throws: Problem.self) {
      try source.observed(
        axes: [BinAxis("x", edges: [0])], .init(values: [0, .nan], rowCount: 2), settings: settings)
    }
    #expect(problem?.place == "row 2")
  }

  @Test func gridOutsideTheTrainingRangeWarns() throws {
    let journal = Journal()
    let source = LimitSource(events, luminosity: 10, journal: journal)
    var model = ExactRatio(reference: [0, 0])
    model.thetaRange = [-0.5...0.5, -1...1]
    _ = try source.expected(
      models: [model], part: .all, thetaTrue: [0, 0], settings: settings)
    #expect(journal.warnings.contains { $0.text.contains("10 of 25 grid points are outside") })
  }

  @Test func noisyAsimovSetWarns() throws {
    let journal = Journal()
    // 280 nodes of unequal weight stand for 1,000 events.
    let source = LimitSource(events, luminosity: 1e6, journal: journal)
    _ = try source.expected(
      models: [ExactRatio(reference: [0, 0])], part: .all, thetaTrue: [0, 0], settings: settings)
    #expect(journal.warnings.contains { $0.key == "limits.noise" })
  }

  @Test func unknownAxisAndDoubleAxis() throws {
    let source = LimitSource(events, luminosity: 1e4)
    for axes in [
      [GridAxis(parameter: "cW", lower: 0, upper: 1, count: 2)],
      [LimitsTests.grid[0], LimitsTests.grid[0]],
    ] {
      var wrong = settings
      wrong.axes = axes
      let problem = #expect(throws: Problem.self) {
        try source.expected(axes: [], thetaTrue: [0, 0], settings: wrong)
      }
      #expect(problem?.kind == .usage)
    }
  }

  @Test func nothingLeftWithoutRate() throws {
    let source = LimitSource(events, luminosity: 1e4, includesRate: false)
    let problem = #expect(throws: Problem.self) {
      try source.expected(axes: [], thetaTrue: [0, 0], settings: settings)
    }
    #expect(problem?.kind == .usage)
  }
}
