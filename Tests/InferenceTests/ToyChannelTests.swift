import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Pseudo-experiments of several channels. A sample that is cut into two files is the same measurement, so every number of
/// the two channels is that of the whole.
@Suite struct ToyChannelTests {
  static let team = ThreadTeam(threads: 2)
  static let grid = (0..<11).map { [-1 + 0.2 * Double($0), 0.1] }

  /// Events below and above x = 0.
  static func halves(_ table: EventTable) throws -> [CombinedEvents] {
    try [true, false].map { isBelow in
      let rows = (0..<table.count).filter {
        (table.observations[$0 * table.observableNames.count] < 0) == isBelow
      }
      return try CombinedEvents(
        table.selecting(rows, scales: rows.map { _ in 1 }),
        file: isBelow ? "below.h5" : "above.h5", team: team)
    }
  }

  static func belt(_ source: ToySource, nu: [[Double]] = []) throws -> [NeymanPoint] {
    try NeymanConstruction(
      source.table(grid, gridCount: grid.count), names: ["t0", "t1"], levels: [0.68, 0.95],
      toys: 500, seed: 4, degreesOfFreedom: 2, team: team, nu: nu
    ).belt(0..<grid.count)
  }

  /// The bins of both are those of the whole in the same order, so the same random numbers make the same toys: with
  /// nuisance parameters, the statistics of the simulation and a free normalisation too. Sums differ by rounding.
  @Test(
    .needsShared,
    arguments: [
      LikelihoodTerms(includesNuisance: false), LikelihoodTerms(),
      LikelihoodTerms(includesNuisance: false, includesStatistics: true),
      LikelihoodTerms(includesStatistics: true),
    ])
  func twoHalvesAreTheWhole(_ terms: LikelihoodTerms) throws {
    let events = try NuisanceLimitsTests.mcToy()
    let whole = try ToySource(
      .events(events), likelihood: .histogram(events.fill("x", edges: [-1, 0, 1])),
      luminosity: 2e4, terms: terms)
    let parts = try zip(Self.halves(events.table), [[-1.0], [1.0]]).map { events, edges in
      try ToySource.Channel(
        .events(events), likelihood: .histogram(events.fill("x", edges: edges)), terms: terms)
    }
    let both = try ToySource(parts, luminosity: 2e4, terms: terms)
    #expect(both.parameters.names == whole.parameters.names)
    for (a, b) in zip(try Self.belt(whole), try Self.belt(both)) {
      #expect(relativeError(a.expectedEvents, b.expectedEvents) < 1e-12)
      for (c, d) in zip(a.critical, b.critical) {
        // Profiles end 1e-11 from their maxima.
        #expect(abs(c.value - d.value) < 1e-6 * max(1, c.value), "\(a.theta)")
      }
    }
    let point = whole.parameters.point([0.3, -0.2])
    let (one, two) = (
      try whole.asimovLikelihood(atPoint: point), try both.asimovLikelihood(atPoint: point)
    )
    func value(_ likelihood: any LogLikelihood, _ shift: Double) throws -> Double {
      var other = point.map { $0 + shift }
      other[0] -= 2 * shift
      return try likelihood.evaluate(at: other, gradient: false).total
        - likelihood.evaluate(at: point, gradient: false).total
    }
    #expect(abs(try value(one, 0.1) - value(two, 0.1)) < 1e-9)
    #expect(
      relativeError(
        try whole.expectedEvents(atPoint: point), try both.expectedEvents(atPoint: point)) < 1e-12)
  }

  /// Ratios of events: log p of the whole is log r of a half and the logarithm of its share.
  @Test func ratiosOfEvents() throws {
    let table = Toy.quadrature(copies: 1)
    let whole = try ToySource(
      CombinedEvents(table, team: Self.team), likelihood: .truth(reference: [0, 0]),
      luminosity: 1e4)
    let terms = LikelihoodTerms(includesNuisance: false)
    let both = try ToySource(
      Self.halves(table).map {
        try ToySource.Channel(.events($0), likelihood: .truth(reference: [0, 0]), terms: terms)
      }, luminosity: 1e4, terms: terms)
    for (a, b) in zip(try Self.belt(whole), try Self.belt(both)) {
      #expect(relativeError(a.expectedEvents, b.expectedEvents) < 1e-12)
      // Logarithms are kept with 24 bits.
      for (c, d) in zip(a.critical, b.critical) { #expect(abs(c.value - d.value) < 1e-4) }
    }
  }

  /// Observed events of each channel, in the likelihood and in a table.
  @Test(.needsShared, arguments: [false, true])
  func observed(_ hasStatistics: Bool) throws {
    let events = try NuisanceLimitsTests.mcToy()
    let terms = LikelihoodTerms(includesStatistics: hasStatistics)
    let both = try ToySource(
      Self.halves(events.table).map {
        try ToySource.Channel(
          .events($0), likelihood: .histogram($0.fill("x", edges: [-1, 1])), terms: terms)
      }, luminosity: 1e5, terms: terms)
    let data = [[-1.4, -0.2, -0.1], [0.3, 1.4, 1.9, 0.2, 0.1]].map {
      ObservedEvents(names: ["x"], values: $0, count: $0.count, file: "d")
    }
    let table = try both.table(Self.grid, gridCount: Self.grid.count)
    let found = try both.data(data, in: table)
    let likelihood = try both.observedLikelihood(data)
    func best(_ theta: [Double]) throws -> Double {
      let nu = try both.profiledNuisances(likelihood, at: theta)
      return try likelihood.evaluate(
        at: both.parameters.point(theta, nuisances: nu), gradient: false
      )
      .total
    }
    let zero = try best(Self.grid[5])
    for (h, theta) in Self.grid.enumerated() {
      // Terms that no hypothesis changes are not in the table.
      #expect(abs(found.totals[h] - found.totals[5] - (try best(theta) - zero)) < 1e-6, "\(h)")
      // ν, then a factor of every bin.
      #expect(found.nu[h].count == (hasStatistics ? 8 : 2))
    }
    let problem = #expect(throws: Problem.self) {
      try both.counts(of: ["y"])
    }
    #expect(problem?.file == "d")
  }

  /// n ~ Pois(βN) with N = 10⁴ from 400 simulated events and a measurement of β: χ² with an error of
  /// sqrt(1/N + 1/400)/0.05 = 1.02 of θ, five times that without the statistics of the simulation. Four binomial errors, and
  /// 0.02 for β, whose relative error of 5 % makes the likelihood less Gaussian.
  @Test func statisticsOfTheSimulation() throws {
    let events = try CountingToy.events(0.05, count: 400)
    let terms = LikelihoodTerms(includesNuisance: false, includesStatistics: true)
    let source = try ToySource(
      .events(events), likelihood: .rate, luminosity: 1e4, terms: terms)
    let axis = (0..<141).map { [-7 + 0.1 * Double($0)] }
    let table = try source.table(axis, gridCount: axis.count)
    let toys = 4000
    let construction = NeymanConstruction(
      table, names: ["t"], levels: [0.68, 0.95], toys: toys, seed: 1, degreesOfFreedom: 1,
      team: Self.team)
    let point = try construction.belt(70..<71)[0]
    for (l, level) in [0.68, 0.95].enumerated() {
      let covered = Double(point.asymptoticCovered[l]) / Double(toys)
      let error = (level * (1 - level) / Double(toys)).squareRoot()
      #expect(abs(covered - level) < 4 * error + 0.02, "\(covered)")
    }
    let t = table.statistics(table.totals(counts: [11_000]))[70]
    #expect(abs(t.squareRoot() - 1.96) < 0.1, "\(t)")
    // Toys of data are thrown where these want β to be: with ten per cent more events at 1 + 0.1/(1 + 400/10⁴).
    let found = try source.data(
      [ObservedEvents(names: [], values: [], count: 11_000, file: "d")], in: table)
    #expect(abs(found.nu[70][0] - 1.096) < 2e-3)
    let moved = try NeymanConstruction(
      table, names: ["t"], levels: [0.9], toys: 200, seed: 1, degreesOfFreedom: 1,
      team: Self.team, nu: found.nu
    ).belt(70..<71)[0]
    #expect(relativeError(moved.expectedEvents, 1e4 * found.nu[70][0]) < 1e-12)
    let problem = #expect(throws: Problem.self) {
      try ToySource(
        .events(CountingToy.events(0.05)),
        likelihood: .histogram(CountingToy.events(0.05).total), luminosity: 1,
        terms: .init(includesRate: false, includesStatistics: true)
      ).table([[0]], gridCount: 1)
    }
    #expect(problem?.kind == .usage)
  }

  /// Channels with parameters of their own: the joint t is the sum where nothing is shared.
  @Test func parametersOfOneChannel() throws {
    let toy = try CombinedEvents(Toy.quadrature(copies: 1), file: "a.h5", team: Self.team)
    let counting = try CombinedEvents(CountingToy.events(0.1).table, file: "b.h5")
    let terms = LikelihoodTerms()
    let both = try ToySource(
      [
        .init(
          .events(toy), likelihood: .histogram(toy.fill("x", edges: [-1, 0, 1])), terms: terms),
        .init(.events(counting), likelihood: .rate, terms: terms),
      ], luminosity: 1e4, terms: terms)
    #expect(both.parameters.names == ["t0", "t1", "t", "nu"])
    let points = [[0.0, 0, 0], [0.4, 0.1, 0], [0.4, 0.1, 2], [0, 0, 2]]
    let table = try both.table(points, gridCount: 4)
    let data = try both.asimovData(at: points[0], in: table)
    let t = data.totals.map { -2 * ($0 - data.totals[0]) }
    #expect(t[1] > 0.1 && t[3] > 0.1)
    #expect(abs(t[2] - t[1] - t[3]) < 1e-8)
  }
}

extension ToySource {
  fileprivate func counts(of names: [String]) throws -> ToyData {
    let observed = ObservedEvents(names: names, values: [0], count: 1, file: "d")
    let one = try ToySource(channels, luminosity: 1)
    return try one.data([observed, observed], in: one.table([[0, 0]], gridCount: 1))
  }
}
