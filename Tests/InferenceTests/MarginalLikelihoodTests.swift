import EventModel
import Glibc
import Inference
import Testing

/// Integrals over nuisance parameters against sums over fine grids of them.
@Suite struct MarginalLikelihoodTests {
  /// n ~ Pois(N (1 + 0.05 t) e^{bν}) with a unit Gaussian ν. Fifteen nodes leave less than 1e-6 of an integrand that is nearly
  /// Gaussian (b = 0.05) and 1e-4 of one that is far from it (b = 0.7, n = 10); Laplace's approximation is 3e-3 off there.
  @Test(arguments: [(1e4, 0.05, 1e-6), (10, 0.7, 1e-4)])
  func integralIsThatOfAFineSum(_ job: (luminosity: Double, effect: Double, tolerance: Double))
    throws
  {
    let source = try ToySource(
      .events(CountingToy.events(exp(job.effect) - 1)), likelihood: .rate,
      luminosity: job.luminosity)
    let likelihood = try source.asimovLikelihood(at: [0])
    let marginal = try MarginalLikelihood(
      likelihood, names: source.parameters.names, over: [1], bounds: [-10...10, -6...6])
    for t in [-3.0, 0, 2] {
      let values = try (-8000...8000).map {
        try likelihood.evaluate(at: [t, 1e-3 * Double($0)], gradient: false).total
      }
      let most = try #require(values.max())
      let sum = most + log(1e-3 * values.reduce(0) { $0 + exp($1 - most) })
      let found = try marginal.evaluate(at: [t, 0])
      #expect(abs(found.value - sum) < job.tolerance, "t = \(t): \(found.value) \(sum)")
      #expect(abs(try likelihood.evaluate(at: found.best, gradient: false).total - most) < 1e-5)
    }
  }

  /// A free normalisation with its peak inside, near its bound and at it: the sum of a fine grid of it knows the integral to
  /// some 1e-5, with ν beside it or not.
  @Test(.needsShared, arguments: [0.0, 0.05, 1], [false, true])
  func normalisations(_ strength: Double, _ hasNuisances: Bool) throws {
    let events = try NuisanceLimitsTests.mcToy()
    let source = try ToySource(
      .events(events), likelihood: .histogram(events.fill("x", edges: [-1, 0, 1])),
      luminosity: 2e4,
      terms: .init(includesNuisance: hasNuisances, freeNorms: ["background"]))
    let names = source.parameters.names
    #expect(names[2] == "mu_background")
    let truth = [0.2, 0.1, strength] + (hasNuisances ? [0, 0] : [])
    let likelihood = try source.asimovLikelihood(atPoint: truth)
    let bounds = source.parameters.thetaBounds + source.parameters.otherBounds
    let marginal = try MarginalLikelihood(
      likelihood, names: names, over: Array(2..<names.count), bounds: bounds)
    let inner = try MarginalLikelihood(
      likelihood, names: names, over: Array(3..<names.count), bounds: bounds)
    // Simpson's rule in the root of the strength, which is fine where the bound cuts.
    let steps = 400
    var terms: [Double] = []
    for k in 1...steps {
      let u = 20.0.squareRoot() * Double(k) / Double(steps)
      var point = truth
      point[2] = u * u
      let weight = (k == steps ? 1 : k % 2 == 1 ? 4 : 2) / 3.0
      terms.append(
        try inner.evaluate(at: point).value
          + log(2 * u * weight * 20.0.squareRoot() / Double(steps)))
    }
    let most = try #require(terms.max())
    let sum = most + log(terms.reduce(0) { $0 + exp($1 - most) })
    let found = try marginal.evaluate(at: truth)
    #expect(abs(found.value - sum) < 2e-4, "\(found.value) \(sum)")
    #expect(abs(found.best[2] - strength) < 1e-2)
  }
}
