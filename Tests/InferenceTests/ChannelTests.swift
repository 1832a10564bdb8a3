import Diagnostics
import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// Several files as channels of one fit, and tables of bins in place of events.
@Suite struct ChannelTests {
  let events: CombinedEvents
  let axes = [BinAxis("x", edges: LimitsTests.edges)]
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  func settings(_ count: Int = 5) -> LimitSettings {
    LimitSettings(
      axes: ["t0", "t1"].map { GridAxis(parameter: $0, lower: -1, upper: 1, count: count) },
      bounds: [-1...1, -1...1])
  }

  /// The same channel twice is one of twice the luminosity: every q, minimum, error and interval.
  @Test func twiceIsTwiceTheLuminosity() throws {
    let one = LimitSource(events, luminosity: 1e6)
    let channel = try one.expectedChannel(axes: axes, thetaTrue: [0.3, -0.2])
    let both = try ChannelFit([channel, channel]).run(settings())
    let single = try LimitSource(events, luminosity: 2e6).expected(
      axes: axes, thetaTrue: [0.3, -0.2], settings: settings())
    for (a, b) in zip(both.q, single.q) { #expect(abs(a - b) < 1e-6 * max(1, b)) }
    #expect(both.qTrue < 1e-7)
    #expect(relativeError(both.fit.errors[0], single.fit.errors[0]) < 1e-4)
    for (a, b) in zip(both.intervals, single.intervals) {
      // Roots are found to 1e-9 of a function that is fitted to 1e-9.
      #expect(abs(a.upper - b.upper) < 1e-5 && abs(a.lower - b.lower) < 1e-5)
    }
    #expect(relativeError(both.eventCount, single.eventCount) < 1e-12)
    #expect(both.bins.count == 12 && both.bins[6].label.hasPrefix("events: (-inf"))
    #expect(both.notes.count == 2 && both.observables.isEmpty)
  }

  /// Different observables: ln L is the sum at every grid point, and the best fit is better than that of the grid, which is
  /// all that files of limits know.
  @Test func differentChannels() throws {
    let source = LimitSource(events, luminosity: 1e6)
    let other = [BinAxis("x2", edges: [1, 4])]
    let truth = [0.33, -0.21]
    let channels = [
      try source.expectedChannel(axes: axes, thetaTrue: truth),
      try source.expectedChannel(axes: other, thetaTrue: truth),
    ]
    let both = try ChannelFit(channels).run(settings(9))
    let parts = try channels.map { try ChannelFit([$0]).run(settings(9)) }
    for i in both.q.indices {
      let sum = parts[0].q[i] + parts[1].q[i]
      #expect(abs(both.q[i] - sum) < 1e-6 * max(1, sum))
    }
    #expect(abs(both.bestFit[0] - truth[0]) < 1e-4 && abs(both.bestFit[1] - truth[1]) < 1e-4)
    #expect(both.mode == .histogram && both.events == 2 * events.table.count)
  }

  /// A nuisance parameter of both channels is one: its constraint counts once, and it does not average away. Of two names
  /// there are two, which do. The errors are those of the information.
  @Test func nuisanceParametersAreShared() throws {
    let (n, a) = (1e4, log(1.05))
    var table = try CountingToy.events(0.05).table
    let first = try CombinedEvents(table)
    table.setup.nuisanceParameters[0].name = "other"
    let second = try CombinedEvents(table)
    func error(_ events: [CombinedEvents]) throws -> Limits {
      var settings = CountingToy.settings(-4...4)
      settings.wantsImpacts = false
      return try ChannelFit(
        events.map {
          try LimitSource($0, luminosity: n).expectedChannel(axes: [], thetaTrue: [0])
        }
      ).run(settings)
    }
    let shared = try error([first, first])
    #expect(shared.parameterNames == ["t", "nu"])
    #expect(
      relativeError(shared.fit.errors[0], (1 / (2 * n) + a * a).squareRoot() / 0.05) < 1e-5)
    let independent = try error([first, second])
    #expect(independent.parameterNames == ["t", "nu", "other"])
    #expect(
      relativeError(independent.fit.errors[0], ((1 / n + a * a) / 2).squareRoot() / 0.05) < 1e-5)
  }

  /// A channel may have parameters of its own: the fit is over those of both, and q is the sum where nothing is shared.
  @Test func parametersOfOneChannel() throws {
    let toy = try LimitSource(events, luminosity: 1e6).expectedChannel(
      axes: axes, thetaTrue: [0.3, -0.2])
    let counting = try LimitSource(CountingToy.events(0.1), luminosity: 1e4)
      .expectedChannel(axes: [], thetaTrue: [0.5])
    var joint = LimitSettings(
      axes: [
        GridAxis(parameter: "t0", lower: -1, upper: 1, count: 3),
        GridAxis(parameter: "t", lower: -2, upper: 2, count: 3),
      ], bounds: [-1...1, -1...1, -10...10])
    let both = try ChannelFit([toy, counting]).run(joint)
    #expect(both.parameterNames == ["t0", "t1", "t", "nu"])
    #expect(both.thetaTrue == [0.3, -0.2, 0.5, 0] && both.qTrue < 1e-6)
    joint.bounds = [-1...1, -1...1]
    joint.axes?.removeLast()
    let first = try ChannelFit([toy]).run(joint)
    let second = try ChannelFit([counting]).run(CountingToy.settings(-2...2))
    for (i, q) in both.q.enumerated() {
      let sum = first.q[i / 3] + second.q[5 * (i % 3)]
      #expect(abs(q - sum) < 1e-5 * max(1, sum), "\(i)")
    }
  }

  /// Parameters of all files, and the benchmarks that are points of all of them.
  @Test func jointSetup() {
    let own = Setup(
      parameters: [Parameter(name: "t1", lhaBlock: "toy", lhaID: 1, range: -2...2)],
      benchmarks: [
        Benchmark(name: "zero", values: [0]), Benchmark(name: "w", values: [3]),
        Benchmark(name: "other", values: [4]),
      ])
    // What the first knows is as it was.
    #expect(Setup.joined([Toy.setup, own]).benchmarks == Toy.setup.benchmarks)
    let joint = Setup.joined([own, Toy.setup])
    #expect(joint.parameterNames == ["t1", "t0"])
    // The reference benchmark is that of each; 'w' is in both, and 'other' in one.
    #expect(joint.benchmarks.map(\.name) == ["zero", "w"])
    #expect(joint.benchmarks[1].values == [3, 0.6])
    #expect(Toy.setup.values(of: [3, 0.6], in: joint) == [0.6, 3])
  }

  @Test func otherUnitsAreRefused() throws {
    let toy = try LimitSource(events, luminosity: 1e4).expectedChannel(
      axes: axes, thetaTrue: [0, 0])
    var table = events.table
    table.setup.parameters[1].unit = "TeV^-2"
    let unit = try LimitSource(CombinedEvents(table, file: "c.h5"), luminosity: 1e4)
      .expectedChannel(axes: axes, thetaTrue: [0, 0])
    let other = #expect(throws: Problem.self) { try ChannelFit([toy, unit]) }
    #expect(other?.fact.contains("TeV^-2") == true && other?.file == "c.h5")
  }

  // MARK: Tables of bins

  /// A table of bins gives the numbers of the events it stands for, with all that a histogram likelihood can have.
  @Test(.needsShared) func tableStandsForTheEvents() throws {
    let events = try NuisanceLimitsTests.mcToy()
    let table = try Simulation(events.binned(axes: axes))
    let terms = LikelihoodTerms(
      constraints: ["nu_norm": .logNormal(0.1)], freeNorms: ["background"],
      includesStatistics: true)
    let point = [0.3, -0.2]
    let limits = try [Simulation.events(events), table].map {
      try LimitSource($0, luminosity: 1e5, options: terms).expected(
        axes: $0.axes == nil ? axes : [], thetaTrue: point, settings: settings())
    }
    #expect(limits[0].q == limits[1].q)
    // Ends outside the grid are NaN.
    let ends = limits.map { $0.intervals.flatMap { [$0.lower.bitPattern, $0.upper.bitPattern] } }
    #expect(ends[0] == ends[1] && !ends[0].isEmpty)
    #expect(limits[0].bins == limits[1].bins && limits[0].edges == limits[1].edges)
    #expect(limits[0].events == limits[1].events)
    // The table adds bins, not events.
    #expect(relativeError(limits[0].effectiveEvents, limits[1].effectiveEvents) < 1e-9)
    let data = ObservedColumns(values: [-1.4, 0.2, 0.3, 2.5], rowCount: 4)
    let observed = try [Simulation.events(events), table].map {
      try LimitSource($0, luminosity: 1e3, options: terms).observed(
        axes: $0.axes == nil ? axes : [], data, settings: settings())
    }
    #expect(observed[0].q == observed[1].q)
    let problem = #expect(throws: Problem.self) {
      try LimitSource(table, luminosity: 1e4).expectedTruth(
        thetaTrue: point, settings: settings())
    }
    #expect(problem?.kind == .usage)
  }

  /// Events of negative weight have no ratio: a share above 1 % of the weight is refused, and bins add them up.
  @Test func negativeEventsOfASum() throws {
    var table = Toy.quadrature(copies: 1)
    table.setup = table.setup.truncated(to: .linear)
    let source = LimitSource(try CombinedEvents(table), luminosity: 1e4)
    let problem = #expect(throws: Problem.self) {
      try source.expectedTruth(thetaTrue: [0.8, 0], settings: settings())
    }
    #expect(problem?.kind == .data && problem?.fact.contains("is negative") == true)
    let binned = try source.expected(
      axes: [BinAxis("x", edges: [-1, 0, 1])], thetaTrue: [0.1, 0], settings: settings())
    // At linear order every point of the toy has the rate of the origin.
    #expect(relativeError(binned.eventCount, 10) < 1e-6)
  }
}
