import Foundation
import Numerics
import TestSupport
import Testing

@Suite struct NonCentralChiSquareTests {
  /// Medians of q where the Asimov value is the χ² threshold, from another implementation (practice.json).
  @Test(.needsShared) func mediansOfThePracticeNumbers() throws {
    let data = try Data(
      contentsOf: URL(fileURLWithPath: Place.shared + "/golden/inference/practice.json"))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let rows = try #require(root["asimov_vs_median"] as? [[String: Double]])
    #expect(rows.count == 8)
    for row in rows {
      let dof = try #require(row["dof"])
      let asimov = try #require(row["q_asimov"])
      let median = NonCentralChiSquare(degreesOfFreedom: dof, noncentrality: asimov).quantile(0.5)
      #expect(relativeError(median, try #require(row["q_median"])) < 1e-9)
      let p = ChiSquare(degreesOfFreedom: dof).survival(median)
      #expect(relativeError(p, try #require(row["p_at_median"])) < 1e-9)
    }
  }

  /// One degree of freedom in closed form: Φ(√x − √λ) − Φ(−√x − √λ).
  @Test(arguments: [0.0, 0.3, 4, 60, 2000]) func oneDegreeOfFreedom(_ lambda: Double) {
    let distribution = NonCentralChiSquare(degreesOfFreedom: 1, noncentrality: lambda)
    for x in [0.01, 1, 3.84, 55, 1900, 2100] {
      let (a, b) = (x.squareRoot(), lambda.squareRoot())
      let exact = Normal.cdf(a - b) - Normal.cdf(-a - b)
      // Sums of some hundred terms near 1.
      #expect(abs(distribution.cdf(x) - exact) < 1e-12)
    }
  }

  @Test func noncentralityInvertsTheDistribution() throws {
    let t = ChiSquare(degreesOfFreedom: 2).quantile(0.95)
    for probability in [0.9, 0.5, 0.16, 0.02] {
      let lambda = try #require(
        NonCentralChiSquare.noncentrality(degreesOfFreedom: 2, x: t, probability: probability))
      let back = NonCentralChiSquare(degreesOfFreedom: 2, noncentrality: lambda).cdf(t)
      #expect(abs(back - probability) < 1e-12)
    }
    // No experiment has the true point inside its 95 % region more often than that.
    #expect(
      NonCentralChiSquare.noncentrality(degreesOfFreedom: 2, x: t, probability: 0.977) == nil)
  }
}
