import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Experiments that stand for data with nuisance parameters that are not 0 (7.1 no. 16), in every kind of limits.
@Suite struct TrueNuisanceTests {
  private static let truth = ["nu_norm": 1.0, "nu_shape": -0.5]

  private func expected(
    _ events: CombinedEvents, _ body: (LimitSource, LimitSettings) throws -> Limits
  ) throws -> Limits {
    let source = LimitSource(
      events, luminosity: 1e5, options: LikelihoodTerms(trueNuisances: Self.truth))
    return try body(
      source,
      LimitSettings(
        axes: ["t0", "t1"].map { GridAxis(parameter: $0, lower: -0.8, upper: 0.8, count: 5) },
        bounds: [-1...1, -1...1], wantsIntervals: false))
  }

  /// Bins: the fit finds all of them, since the auxiliary measurements come out where the truth is; 1e-4 is the minimiser's.
  @Test(.needsShared) func binsFindThem() throws {
    let events = try NuisanceLimitsTests.mcToy()
    let limits = try expected(events) {
      try $0.expected(
        axes: [BinAxis("x", edges: LimitsTests.edges)], thetaTrue: [0.3, -0.2], settings: $1)
    }
    #expect(limits.thetaTrue == [0.3, -0.2, 1, -0.5])
    #expect(limits.qTrue < 1e-6)
    for (a, b) in zip(limits.bestFit, limits.thetaTrue) { #expect(abs(a - b) < 1e-3) }
    let sum = limits.bins.map(\.count).reduce(0, +)
    #expect(relativeError(sum, limits.eventCount) < 1e-12)
  }

  /// Joint ratios: the events of the Asimov set are reweighted, so q(truth) stays that of the exact ratio.
  @Test(.needsShared) func truthFindsThem() throws {
    let events = try NuisanceLimitsTests.mcToy()
    let limits = try expected(events) {
      try $0.expectedTruth(thetaTrue: [0.3, -0.2], settings: $1)
    }
    // Rows stand for the Asimov set: a maximum to rounding in the shape; the rate is of the bin's response.
    #expect(limits.qTrue < 1e-2, "\(limits.qTrue)")
    for (a, b) in zip(limits.bestFit, limits.thetaTrue) { #expect(abs(a - b) < 0.03) }
  }

  /// n = N e^{aν} with ν = 1 and its measurement there: CLs, toys and posteriors stand on the same Asimov likelihood, and
  /// experiments are thrown with that mean.
  @Test func toysAndCoverage() throws {
    let source = try ToySource(
      .events(CountingToy.events(0.05)), likelihood: .rate, luminosity: 1e4)
    let likelihood = try source.asimovLikelihood(at: [0], nu: [1])
    let at = try likelihood.evaluate(at: [0, 1], gradient: true)
    for slope in at.gradient { #expect(abs(slope) < 1e-6) }
    let axis = (0..<61).map { [-6 + 0.2 * Double($0)] }
    let table = try source.table(axis, gridCount: axis.count)
    let data = try source.asimovData(at: [0], nu: [1], in: table)
    #expect(abs(data.nu[30][0] - 1) < 1e-6)
    let construction = NeymanConstruction(
      table, names: ["t"], levels: [0.68], toys: 2000, seed: 1, degreesOfFreedom: 1,
      team: ThreadTeam(threads: 2))
    // ν = 2 is within what the measurement follows: the coverage stays; four binomial errors and 0.01 as in ToyNuisance.
    let study = try CoverageStudy(
      construction, points: [30], experiments: 2000, nu: [[2]], journal: nil)
    #expect(relativeError(study.expectedEvents[0], 1e4 * 1.05 * 1.05) < 1e-12)
    for entry in study.entries {
      #expect(abs(entry.fraction - 0.68) < 4 * (0.68 * 0.32 / 1000).squareRoot() + 0.01)
    }
    let bands = try construction.expectedStatistics(at: 30, experiments: 500, nu: [1])
    let nominal = try construction.expectedStatistics(at: 30, experiments: 500)
    // The measurement of ν moves with the truth, so the median t is small at the true point in both.
    #expect(bands[2][30] < 1.5 && nominal[2][30] < 1.5)
    #expect(bands[2][0] > 10)
  }

  /// Gamma: a count of 1/δ² events. The likelihood against its closed form, its maximum at what was found, slopes against
  /// differences, and thrown measurements with the mean and variance of the count.
  @Test func poissonConstraint() throws {
    let constraint = try NuisanceConstraint(parsing: "poisson:0.2")
    #expect(constraint.description == "poisson:0.2" && constraint.width == 1)
    for found in [0.0, 1.2] {
      let m = (1 + 0.2 * found) * 25
      for nu in [-2.0, 0, 0.7, 3] {
        let mean = (1 + 0.2 * nu) * 25
        let (value, slope) = constraint.logLikelihood(nu, found: found)
        #expect(abs(value - (m * log(mean) - mean - logGamma(m + 1))) < 1e-10)
        let ahead = constraint.logLikelihood(nu + 1e-5, found: found).value
        let behind = constraint.logLikelihood(nu - 1e-5, found: found).value
        #expect(abs(slope - (ahead - behind) / 2e-5) < 1e-6)
      }
      #expect(abs(constraint.logLikelihood(found, found: found).slope) < 1e-12)
    }
    #expect(constraint.logLikelihood(-5).value == -.infinity)
    #expect(throws: Problem.self) { try NuisanceConstraint(parsing: "poisson:0") }
    #expect(throws: Problem.self) { try NuisanceConstraint(parsing: "poisson") }
    // n = N e^{aν} and a count: the error of the rate's parameter is as with a Gaussian of width 1, to third order.
    let source = LimitSource(
      try CountingToy.events(0.05), luminosity: 1e4,
      options: LikelihoodTerms(constraints: ["nu": .poisson(0.2)]))
    let limits = try source.expected(
      axes: [], thetaTrue: [0], settings: CountingToy.settings(-8...8))
    let a = log(1.05)
    #expect(relativeError(limits.fit.errors[0], (1e-4 + a * a).squareRoot() / 0.05) < 1e-4)
    #expect(limits.nuisance[0].constraint == "poisson:0.2")
  }
}
