import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// Posteriors on grids against an independent program, and chains against grids and Gaussians.
@Suite struct PosteriorTests {
  let events: CombinedEvents

  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  static let prior = try? PriorDensity([.flat(-1, 1), .flat(-1, 1)])

  /// Ten observed events with their exact ratio, and the rate.
  private func likelihood() throws -> RatioLikelihood {
    let golden = try Golden("inference/results.json", "results")
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    return RatioLikelihood(
      ExactRatio(reference: [0, 0]).ratios(x, rows: x.count), weights: x.map { _ in 1 },
      eventCount: Double(x.count), total: events.total, morphing: events.morphing,
      luminosity: 1e4)
  }

  private func onGrid(_ likelihood: any LogLikelihood, _ prior: PriorDensity) throws
    -> GridPosterior
  {
    let axes = ["t0", "t1"].map { GridAxis(parameter: $0, lower: -1, upper: 1, count: 101) }
    let points = axes[0].values.flatMap { a in axes[1].values.map { [a, $0] } }
    return try GridPosterior(
      axes: axes, points: points, gridded: [0, 1], logPrior: points.map(prior.logDensity),
      logLikelihood: points.map { try likelihood.evaluate(at: $0, gradient: false).total },
      levels: [0.68, 0.95])
  }

  /// The quadrature of the toy knows σ(θ) to 1e-9, so everything agrees to that.
  @Test(.needsShared) func goldenGrid() throws {
    let golden = try Golden("inference/practice.json")
    let grid = try onGrid(likelihood(), #require(Self.prior))
    func numbers(_ name: String) throws -> [Double] { try golden.numbers("bayes_grid", name) }
    #expect(deviation(grid.mean, try numbers("mean")) < 1e-7)
    #expect(deviation(grid.covariance, try numbers("cov")) < 1e-7)
    #expect(deviation(grid.points[grid.best], try numbers("map")) < 1e-12)
    #expect(Double(grid.regions[0].cells) == (try numbers("hpd68_cells")[0]))
    #expect(Double(grid.regions[1].cells) == (try numbers("hpd95_cells")[0]))
    // The reference counts the Poisson probability in full: E_π[r Pois(n|Lσ)].
    #expect(relativeError(grid.logEvidence, try numbers("log_evidence_ratio")[0]) < 1e-7)
    // Densities sum to one over cells of 0.02², and marginals over 0.02.
    let sum = grid.logDensity.reduce(0) { $0 + exp($1) * 4e-4 }
    #expect(abs(sum - 1) < 1e-10)
    for marginal in grid.marginals { #expect(abs(marginal.reduce(0, +) * 0.02 - 1) < 1e-10) }
    #expect(abs(grid.regions[0].size - 2041 * 4e-4) < 1e-10)
  }

  /// Both samplers against the grid: 4 % of σ is three times what the effective sizes leave in the mean.
  @Test(.needsShared, arguments: MarkovChains.Method.allCases)
  func chainsAgreeWithTheGrid(_ method: MarkovChains.Method) throws {
    let prior = try #require(Self.prior)
    let likelihood = try likelihood()
    let grid = try onGrid(likelihood, prior)
    let settings = MarkovChains.Settings(
      method: method, chains: 4, walkers: 12, warmUp: 400, steps: 2000,
      seed: 2)
    let samples = try MarkovChains(likelihood, prior: prior, settings: settings).run()
    for k in 0..<2 {
      let sigma = grid.covariance[k * 3].squareRoot()
      let error = sigma / samples.effectiveSize[k].squareRoot()
      #expect(
        abs(samples.mean[k] - grid.mean[k]) < 4 * error + 0.003, "\(samples.mean) \(grid.mean)")
      #expect(relativeError(samples.standardDeviation[k], sigma) < 0.08)
      #expect(samples.rHat[k] < 1.02)
      #expect(samples.effectiveSize[k] > 300)
    }
    #expect((0.2...0.999).contains(samples.acceptance))
    let again = try MarkovChains(likelihood, prior: prior, settings: settings).run()
    #expect(again.points == samples.points)
  }

  /// A correlated Gaussian: a flat likelihood leaves the prior.
  @Test(arguments: MarkovChains.Method.allCases)
  func priorComesBack(_ method: MarkovChains.Method) throws {
    let prior = try PriorDensity(
      [
        .gauss(mean: 1, standardDeviation: 2), .gauss(mean: -1, standardDeviation: 0.5),
        .fixed(3),
      ],
      correlations: [(0, 1, 0.8)])
    let samples = try MarkovChains(
      Flat(parameterCount: 3), prior: prior,
      settings: .init(method: method, chains: 4, walkers: 10, warmUp: 500, steps: 4000, seed: 7)
    ).run()
    #expect(samples.free == [0, 1])
    #expect(samples.points.allSatisfy { $0[2] == 3 })
    // Five standard errors of the smallest effective size, and of a variance.
    let n = samples.effectiveSize.min() ?? 1
    #expect(samples.isConverged)
    #expect(abs(samples.mean[0] - 1) < 10 / n.squareRoot())
    #expect(abs(samples.mean[1] + 1) < 2.5 / n.squareRoot())
    #expect(relativeError(samples.covariance[0], 4) < 10 / n.squareRoot())
    let correlation =
      samples.covariance[1] / (samples.covariance[0] * samples.covariance[3]).squareRoot()
    #expect(abs(correlation - 0.8) < 0.05)
    let (lower, upper) = samples.centralInterval(0, level: 0.6827)
    #expect(abs(lower + 1) < 0.15 && abs(upper - 3) < 0.15)
  }

  private struct Flat: LogLikelihood {
    var parameterCount: Int
    var isCheap: Bool { true }
    func evaluate(at theta: [Double], gradient: Bool) -> LikelihoodValue {
      LikelihoodValue(kinematic: 0, rate: 0, gradient: theta.map { _ in 0 })
    }
  }

  /// Densities integrate to one, and gradients are their slopes.
  @Test func priorDensities() throws {
    let priors: [ThetaSpecification.Prior] = [
      .flat(-1, 3), .logUniform(0.1, 10), .gauss(mean: 0.5, standardDeviation: 0.3),
      .gauss(mean: 0, standardDeviation: 1, truncation: -0.5...2),
    ]
    for each in priors {
      let prior = try PriorDensity([each])
      var sum = 0.0
      for i in 0..<200_000 {
        sum += exp(prior.logDensity(at: [-2 + 1e-4 * (Double(i) + 0.5)])) * 1e-4
      }
      // Midpoints; edges of flat parts fall on cell borders.
      #expect(abs(sum - 1) < 1e-4)
    }
    let prior = try PriorDensity(
      priors + [.gauss(mean: 1, standardDeviation: 2)], correlations: [(2, 4, -0.4)])
    let theta = [0.2, 0.7, 0.1, 0.3, 1.7]
    for (p, slope) in prior.gradient(at: theta).enumerated() {
      var (up, down) = (theta, theta)
      up[p] += 1e-5
      down[p] -= 1e-5
      let difference = (prior.logDensity(at: up) - prior.logDensity(at: down)) / 2e-5
      #expect(abs(difference - slope) < 1e-6)
    }
    #expect(prior.logDensity(at: [4, 1, 0, 0, 0]) == -.infinity)
    #expect(throws: Problem.self) {
      try PriorDensity(
        [1, 2, 3].map { .gauss(mean: $0, standardDeviation: 1) },
        correlations: [(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)])
    }
  }

  @Test func capsAtTheTrainingRange() throws {
    var prior = try PriorDensity([.flat(-2, 2), .gauss(mean: 0, standardDeviation: 1)])
    #expect(try prior.cap([-1...1, -5...0.5], names: ["a", "b"]) == [0, 1])
    #expect(prior.support == [-1...1, -5...0.5])
    #expect(prior.logDensity(at: [1.5, 0]) == -.infinity)
    #expect(throws: Problem.self) { try prior.cap([3...4, -1...1], names: ["a", "b"]) }
  }

  /// Chains at different places, and a chain that does not move.
  @Test func diagnostics() throws {
    var stream = PhiloxStream(seed: 1, purpose: .testing)
    let good = (0..<4).map { _ in (0..<1000).map { _ in stream.normal() } }
    let fine = ChainDiagnostics(good)
    #expect(abs(fine.rHat - 1) < 0.01)
    // Independent draws count once each, within the noise of the autocorrelations.
    #expect(relativeError(fine.effectiveSize, 4000) < 0.15)
    let apart = ChainDiagnostics(good.enumerated().map { k, chain in chain.map { $0 + Double(k) } })
    #expect(apart.rHat > 1.3)
    // AR(1) with φ = 0.9: (1 − φ)/(1 + φ) of the draws.
    let slow = (0..<4).map { _ -> [Double] in
      var x = 0.0
      return (0..<5000).map { _ in
        x = 0.9 * x + stream.normal()
        return x
      }
    }
    #expect(relativeError(ChainDiagnostics(slow).effectiveSize, 20_000 / 19) < 0.25)
    #expect(ChainDiagnostics([[1, 1, 1, 1, 1, 1, 1, 1, 1]]).rHat.isNaN)
  }

  @Test func notConvergedIsRefused() throws {
    let prior = try PriorDensity([.flat(-1, 1), .flat(-1, 1)])
    let likelihood = try BinnedLikelihood(
      asimov: events.fill("x", edges: [-1, 0, 1]), morphing: events.morphing,
      thetaTrue: [0.3, 0.2], luminosity: 1e6)
    let samples = try MarkovChains(
      likelihood, prior: prior, settings: .init(chains: 2, warmUp: 0, steps: 8, seed: 1)
    ).run()
    #expect(!samples.isConverged)
    #expect(throws: Problem.self) { try samples.check(names: ["t0", "t1"], journal: nil) }
  }
}
