import Testing

@testable import Numerics

/// Reference values from mpmath with 40 digits and from scipy 1.17; tolerances are relative.
@Suite struct DistributionTests {
  private func isClose(_ got: Double, _ expected: Double, _ tolerance: Double = 1e-12) -> Bool {
    abs(got - expected) <= tolerance * abs(expected)
  }

  @Test(arguments: [
    (0.5, 0.1, 0.34527915398142298, 0.65472084601857702),
    (0.5, 1.4, 0.90573569315878969, 0.094264306841210313),
    (1, 3, 0.95021293163213606, 0.049787068367863943),
    (2.5, 0.01, 2.9876015319065938e-6, 0.99999701239846809),
    (2.5, 30, 0.99999999998784543, 1.2154569777183039e-11),
    (10, 3, 0.0011024881301154797, 0.99889751186988452),
    (10, 25, 0.99977852336175122, 0.00022147663824878358),
    (50, 50, 0.51880831547204328, 0.48119168452795672),
    (500, 450, 0.010717238091289742, 0.98928276190871026),
    (500, 600, 0.99998774405766938, 1.2255942330622904e-5),
    (0.05, 1e-05, 0.57764621820569651, 0.42235378179430349),
    (10000, 10100, 0.84134875044717962, 0.15865124955282038),
  ])
  func incompleteGamma(a: Double, x: Double, lower: Double, upper: Double) {
    #expect(isClose(IncompleteGamma.lower(a, x), lower))
    #expect(isClose(IncompleteGamma.upper(a, x), upper))
  }

  @Test func incompleteGammaAtTheEdges() {
    #expect(IncompleteGamma.upper(2, 0) == 1)
    #expect(IncompleteGamma.upper(2, .infinity) == 0)
    #expect(IncompleteGamma.upper(0, 1).isNaN)
    #expect(IncompleteGamma.upper(1, -1).isNaN)
    #expect(IncompleteGamma.lower(1, .nan).isNaN)
  }

  @Test(arguments: [
    (1e-300, -37.0470962993612), (1e-20, -9.262340089798409), (1e-5, -4.264890793922825),
    (0.025, -1.9599639845400545), (0.3, -0.5244005127080409), (0.8, 0.8416212335729143),
    (0.975, 1.959963984540054), (0.999999, 4.753424308817087),
  ])
  func normalQuantile(probability: Double, z: Double) {
    #expect(isClose(Normal.quantile(probability), z))
    // Its slope turns the rounding of z into an error of z²·2e-16 of the probability.
    #expect(isClose(Normal.cdf(z), probability, 1e-12))
  }

  @Test func normalAtTheEdges() {
    #expect(abs(Normal.quantile(0.5)) < 1e-16)
    #expect(Normal.quantile(0) == -.infinity && Normal.quantile(1) == .infinity)
    #expect(Normal.quantile(1.1).isNaN)
    #expect(isClose(Normal.survival(5), 2.866515718791939e-07))
  }

  @Test(arguments: [
    (1.0, 0.6827, 1.000043427117466), (2, 0.95, 5.991464547107979),
    (2, 0.6827, 2.2958151607859736), (3, 0.9973, 14.1562525005409),
    (10, 0.01, 2.5582121601872063), (0.5, 0.1, 0.00013500124771267946),
    (100, 0.95, 124.34211340400407), (1, 1e-10, 1.570796326794896e-20),
  ])
  func chiSquareQuantile(dof: Double, probability: Double, x: Double) {
    let chiSquare = ChiSquare(degreesOfFreedom: dof)
    #expect(isClose(chiSquare.quantile(probability), x))
    #expect(isClose(chiSquare.cdf(x), probability))
  }

  @Test(arguments: [
    (1.0, 1e-20, 87.16173342690982), (2, 1e-100, 460.5170185988091), (5, 1e-6, 35.888186879672865),
  ])
  func chiSquareTails(dof: Double, tail: Double, x: Double) {
    let chiSquare = ChiSquare(degreesOfFreedom: dof)
    #expect(isClose(chiSquare.inverseSurvival(tail), x))
    // The tail falls as exp(−x/2): the last digit of x is worth x/2 of it.
    #expect(isClose(chiSquare.survival(x), tail, 1e-12))
  }

  @Test func chiSquareAtTheEdges() {
    let two = ChiSquare(degreesOfFreedom: 2)
    #expect(two.survival(0) == 1 && two.survival(-3) == 1 && two.cdf(-3) == 0)
    #expect(two.quantile(0) == 0 && two.quantile(1) == .infinity)
    #expect(two.inverseSurvival(0) == .infinity && two.inverseSurvival(1) == 0)
    #expect(two.quantile(-0.1).isNaN)
    #expect(isClose(two.density(3), 0.5 * 0.22313016014842982))
  }

  @Test(arguments: [
    (2.0, 3.0, 0.4, 0.5248), (0.5, 0.5, 0.1, 0.20483276469913345),
    (10, 20, 0.2, 0.049263517304212585), (100, 200, 0.4, 0.9916844649260862),
  ])
  func beta(a: Double, b: Double, x: Double, expected: Double) {
    // logΓ of 300 is 1400, so its rounding is worth 1e-13.
    #expect(isClose(incompleteBeta(a, b, x), expected, 1e-12))
  }

  @Test(arguments: [
    (0, 10, 0.6827, 0.0, 0.16815194088588437),
    (3, 10, 0.95, 0.0667395111777345, 0.6524528500599973),
    (10, 10, 0.95, 0.6915028921812392, 1.0),
    (45, 50, 0.6827, 0.8380095710895271, 0.9425085432773079),
  ])
  func binomialInterval(k: Int, n: Int, level: Double, lower: Double, upper: Double) {
    let interval = clopperPearson(successes: k, trials: n, level: level)
    #expect(isClose(interval.lower, lower, 1e-11))
    #expect(isClose(interval.upper, upper, 1e-11))
  }
}
