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
    let marginal = try MarginalLikelihood(likelihood, parameters: source.parameters)
    for t in [-3.0, 0, 2] {
      let values = try (-8000...8000).map {
        try likelihood.evaluate(at: [t, 1e-3 * Double($0)], gradient: false).total
      }
      let most = try #require(values.max())
      let sum = most + log(1e-3 * values.reduce(0) { $0 + exp($1 - most) })
      let found = try marginal.evaluate(at: [t])
      #expect(abs(found.value - sum) < job.tolerance, "t = \(t): \(found.value) \(sum)")
      #expect(abs(try likelihood.evaluate(at: found.best, gradient: false).total - most) < 1e-5)
    }
  }
}
