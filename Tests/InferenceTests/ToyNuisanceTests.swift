import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Pseudo-experiments with nuisance parameters, whose auxiliary measurements are thrown and which are profiled.
@Suite struct ToyNuisanceTests {
  static let team = ThreadTeam(threads: 2)

  /// n ~ Pois(N (1 + 0.05 θ) e^{aν}) and a measurement of ν: with N = 10⁴ and a = ln 1.05 nearly Gaussian, so t follows χ²
  /// with one degree of freedom, and θ̂ spreads by sqrt(1/N + a²)/0.05 = 0.996.
  @Test func knownAnswer() throws {
    let axis = (0..<121).map { -6 + 0.1 * Double($0) }
    let source = try ToySource(
      .events(CountingToy.events(0.05)), likelihood: .rate, luminosity: 1e4)
    #expect(source.parameters.names == ["t", "nu"])
    let toys = 4000
    let construction = NeymanConstruction(
      try source.table(axis.map { [$0] }, gridCount: axis.count), names: ["t"],
      levels: [0.68, 0.95], toys: toys, seed: 1, degreesOfFreedom: 1, team: Self.team)
    let point = try construction.belt(60..<61)[0]
    for (l, level) in [0.68, 0.95].enumerated() {
      let covered = Double(point.asymptoticCovered[l]) / Double(toys)
      // Four binomial errors, and 0.01 for steps of a tenth of the error and for what is not Gaussian at ±2 σ.
      let error = (level * (1 - level) / Double(toys)).squareRoot()
      #expect(abs(covered - level) < 4 * error + 0.01, "\(covered)")
    }
    // Without the measurement's spread the same t is χ² of an error of 0.2 alone.
    let blind = try ToySource(
      .events(CountingToy.events(0.05)), likelihood: .rate, luminosity: 1e4,
      terms: .init(includesNuisance: false))
    let other = NeymanConstruction(
      try blind.table(axis.map { [$0] }, gridCount: axis.count), names: ["t"], levels: [0.68],
      toys: toys, seed: 1, degreesOfFreedom: 1, team: Self.team)
    // The critical values agree, not the regions: t rises 25 times as fast.
    let far = construction.table.totals(counts: [11_000])
    let near = other.table.totals(counts: [11_000])
    // n = 11,000 is θ = 2: 2.01 of 0.996, and 9.8 of 0.204.
    let (t, sharp) = (
      construction.table.statistics(far)[60], other.table.statistics(near)[60]
    )
    #expect(abs(t.squareRoot() - 1.96) < 0.06 && abs(sharp.squareRoot() - 9.84) < 0.1)
  }

  /// The profile of a pseudo-experiment is the minimum that the fit of limits finds, at every point, for every kind of
  /// constraint, with the rate and without.
  @Test(
    .needsShared,
    arguments: ["gauss", "gauss:0.4", "lognormal:0.3", "poisson:0.3", "flat"], [true, false])
  func profilesAreThoseOfTheFit(_ text: String, _ rate: Bool) throws {
    let events = try NuisanceLimitsTests.mcToy()
    let table = try events.fill("x", edges: LimitsTests.edges)
    let constraint = try NuisanceConstraint(parsing: text)
    // A normalisation that nothing knows of has no profile without the rate.
    let terms = LikelihoodTerms(
      includesRate: rate, constraints: ["nu_shape": constraint, "nu_norm": .gaussian(0.7)])
    let source = try ToySource(
      .events(events), likelihood: .histogram(table), luminosity: 1e5, terms: terms)
    let x = [-2.5, -1.4, -1.2, -0.6, -0.5, 0.1, 0.3, 0.3, 0.4, 0.8, 1.3, 1.7, 2.5, 2.6]
    let observed = ObservedEvents(
      names: ["x"], values: x.flatMap { v in (0..<10).map { _ in v } }, count: 140, file: "d")
    let axes = ["t0", "t1"].map { GridAxis(parameter: $0, lower: -0.8, upper: 0.8, count: 3) }
    let points = axes[0].values.flatMap { a in axes[1].values.map { [a, $0] } }
    let found = try source.data([observed], in: source.table(points, gridCount: 9))
    #expect(found.nu.count == 9 && found.nu[0].count == 2)
    let limits = try LimitSource(events, luminosity: 1e5, options: terms).observed(
      axes: [BinAxis("x", edges: LimitsTests.edges)],
      .init(values: observed.values, rowCount: 140),
      settings: LimitSettings(axes: axes, bounds: [-1...1, -1...1], wantsIntervals: false))
    for h in 0..<9 {
      // The minimiser ends 1e-9 above its minimum, flat directions a little more.
      let difference = -2 * (found.totals[h] - found.totals[4])
      #expect(abs(difference - (limits.q[h] - limits.q[4])) < 2e-6, "\(h)")
    }
  }

  /// Of a model that does not know them, nuisance parameters change the rate; of joint ratios they are refused.
  @Test(.needsShared) func ratiosAndTruth() throws {
    let events = try NuisanceLimitsTests.mcToy()
    let journal = Journal()
    let source = try ToySource(
      .events(events), likelihood: .ratio([ExactRatio(reference: [0, 0])], .all),
      luminosity: 1e4, journal: journal)
    #expect(journal.warnings.map(\.key) == ["limits.shapes"])
    let points = [[0.0, 0], [0.5, 0], [0, 0.5]]
    let observed = ObservedEvents(names: ["x"], values: [0.1, -0.4, 2], count: 3, file: "d")
    let table = try source.table(points, gridCount: 3)
    let totals = try source.data([observed], in: table).totals
    let likelihood = try source.observedLikelihood([observed])
    for (h, point) in points.enumerated() {
      let nu = try source.profiledNuisances(likelihood, at: point)
      let best = try likelihood.evaluate(at: point + nu, gradient: false).total
      let first = try source.profiledNuisances(likelihood, at: points[0])
      let zero = try likelihood.evaluate(at: points[0] + first, gradient: false).total
      #expect(abs((totals[h] - totals[0]) - (best - zero)) < 1e-6)
    }
    let problem = #expect(throws: Problem.self) {
      try ToySource(.events(events), likelihood: .truth(reference: [0, 0]), luminosity: 1e4)
    }
    #expect(problem?.kind == .usage && problem?.remedy?.contains("--nuisance none") == true)
  }

  /// Toys are thrown where the data want ν to be: with many more events than expected ν̂ is high, and so is the mean.
  @Test func thrownAtTheProfile() throws {
    let source = try ToySource(
      .events(CountingToy.events(0.1)), likelihood: .rate, luminosity: 1e4)
    let table = try source.table([[0], [1]], gridCount: 2)
    let observed = ObservedEvents(names: [], values: [], count: 11_000, file: "d")
    let data = try source.data([observed], in: table)
    // n = N e^{aν} wants ν = 1; the measurement at 0 pulls it back by 1/(1 + N a²) = 1 %.
    #expect(abs(data.nu[0][0] - 0.99) < 0.005)
    let belt = try NeymanConstruction(
      table, names: ["t"], levels: [0.9], toys: 200, seed: 1, degreesOfFreedom: 1,
      team: Self.team, nu: data.nu
    ).belt(0..<1)
    #expect(relativeError(belt[0].expectedEvents, 1e4 * exp(log(1.1) * data.nu[0][0])) < 1e-12)
    #expect(try source.asimovData(at: [0], in: table).nu[0][0].magnitude < 1e-6)
  }

  @Test(.needsShared) func threadsDoNotMatter() throws {
    let events = try NuisanceLimitsTests.mcToy()
    let source = try ToySource(
      .events(events), likelihood: .histogram(events.fill("x", edges: LimitsTests.edges)),
      luminosity: 1e4)
    let axis = (0..<9).map { [-0.8 + 0.2 * Double($0), 0.1] }
    let belts = try [1, 2, 3].map { threads in
      try NeymanConstruction(
        source.table(axis, gridCount: 9), names: ["t0", "t1"], levels: [0.9], toys: 300, seed: 2,
        degreesOfFreedom: 1, team: ThreadTeam(threads: threads)
      ).belt(0..<9)
    }
    #expect(belts[0] == belts[1] && belts[0] == belts[2])
  }

  /// Bins of scores: t_0 = x of the toy, so the same toys have the same t.
  @Test func scoresAreHistogramsOfScores() throws {
    var scored = Toy.quadrature(copies: 1)
    let columns = ScoreColumns([ExactScore()], reference: [0, 0])
    try columns.add(to: &scored, file: nil)
    let events = try CombinedEvents(scored, team: Self.team)
    func belt(_ names: [String]) throws -> (NeymanPoint, Limits) {
      let axes = names.map { BinAxis($0, edges: LimitsTests.edges) }
      let source = try ToySource(
        events, likelihood: .histogram(events.fill(axes: axes), mode: .score), luminosity: 1e4)
      let grid = (0..<11).map { [-1 + 0.2 * Double($0), 0] }
      let construction = NeymanConstruction(
        try source.table(grid, gridCount: 11), names: ["t0", "t1"], levels: [0.68], toys: 1000,
        seed: 4, degreesOfFreedom: 1, team: Self.team)
      let observed = ObservedEvents(
        names: names, values: names.count == 1 ? [0.5, 1.5] : [0.5, -0.45, 1.5, 0.75], count: 2,
        file: "d")
      #expect(try source.channels[0].counts(observed).reduce(0, +) == 2)
      return (
        try construction.belt(7..<8)[0],
        source.limits(axes: [], fixed: [], degreesOfFreedom: 1)
      )
    }
    let (score, head) = try belt(["score_t0"])
    #expect(score == (try belt(["x"]).0))
    #expect(head.mode == .score && head.observables == ["score_t0"])
    // Two components hold more than one.
    #expect(try belt(["score_t0", "score_t1"]).1.edges.count == 2)
  }
}
