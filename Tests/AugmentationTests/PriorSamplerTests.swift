import Diagnostics
import EventModel
import Numerics
import TestSupport
import Testing

@testable import Augmentation

@Suite struct PriorSamplerTests {
  static func draws(_ sampler: PriorSampler, _ n: Int) throws -> [[Double]] {
    try (0..<n).map { i in
      var theta = [Double](repeating: 0, count: sampler.count)
      var stream = PhiloxStream(seed: 3, purpose: .prior, item: UInt64(i))
      try sampler.next(&stream, into: &theta)
      return theta
    }
  }

  /// log θ of a log-uniform prior is uniform: mean and variance of U(log a, log b), to 5 standard errors.
  @Test func logUniform() throws {
    let n = 20_000
    let values = try Self.draws(PriorSampler([.logUniform(1e-3, 10)]), n).map {
      logarithm($0[0])
    }
    let width = logarithm(10) - logarithm(1e-3)
    let mean = values.reduce(0, +) / Double(n)
    let error: Double = width / 12.0.squareRoot() / Double(n).squareRoot()
    #expect(abs(mean - (logarithm(10) + logarithm(1e-3)) / 2) < 5 * error)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
    // The fourth moment of a uniform number gives Var(s²) = (9/5 − 1) σ⁴/n.
    let variance = width * width / 12
    #expect(abs(square - variance) < 5 * variance * (0.8 / Double(n)).squareRoot())
  }

  /// A standard normal in [0, ∞): mean √(2/π), variance 1 − 2/π.
  @Test func truncatedGaussian() throws {
    let n = 20_000
    let sampler = try PriorSampler([
      .gauss(mean: 0, standardDeviation: 1, truncation: 0...50)
    ])
    let values = try Self.draws(sampler, n).map { $0[0] }
    #expect(values.allSatisfy { (0...50).contains($0) })
    let mean = values.reduce(0, +) / Double(n)
    let deviation: Double = (1 - 2 / Double.pi).squareRoot()
    #expect(abs(mean - (2 / Double.pi).squareRoot()) < 5 * deviation / Double(n).squareRoot())
  }

  @Test func correlatedGaussiansHaveTheirCovariance() throws {
    let n = 40_000
    let (widths, rho) = ([0.5, 0.2, 3], 0.3)
    let sampler = try PriorSampler(
      [
        .gauss(mean: 1, standardDeviation: widths[0]), .flat(0, 1),
        .gauss(mean: -1, standardDeviation: widths[1]),
        .gauss(mean: 0, standardDeviation: widths[2]),
      ], correlations: [(0, 2, rho), (2, 3, -0.6)])
    let values = try Self.draws(sampler, n)
    func correlation(_ i: Int, _ j: Int) -> Double {
      let columns = [i, j].map { k in values.map { $0[k] } }
      let moments = ColumnMoments(columns: 1, rowMajor: columns[0])
      let other = ColumnMoments(columns: 1, rowMajor: columns[1])
      var sum = 0.0
      for (a, b) in zip(columns[0], columns[1]) {
        sum += (a - moments.means[0]) * (b - other.means[0])
      }
      return sum / Double(n) / moments.standardDeviations[0] / other.standardDeviations[0]
    }
    // The error of a correlation is (1 − ρ²)/√n.
    let error: Double = 1 / Double(n).squareRoot()
    #expect(abs(correlation(0, 2) - rho) < 5 * error)
    #expect(abs(correlation(2, 3) + 0.6) < 5 * error)
    #expect(abs(correlation(0, 3)) < 5 * error)
    #expect(abs(correlation(0, 1)) < 5 * error)
    let first = ColumnMoments(columns: 1, rowMajor: values.map { $0[0] })
    #expect(abs(first.means[0] - 1) < 5 * 0.5 * error)
    #expect(abs(first.standardDeviations[0] - 0.5) < 5 * 0.5 * error)
  }

  @Test func impossiblePriorsAreWrongUsage() throws {
    let three = [ThetaSpecification.Prior](
      repeating: .gauss(mean: 0, standardDeviation: 1), count: 3)
    for make in [
      { try PriorSampler(three, correlations: [(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)]) },
      { try PriorSampler([.gauss(mean: 0, standardDeviation: 1, truncation: 5...6)]) },
      { try PriorSampler([.gauss(mean: 0, standardDeviation: 1, truncation: -9...(-7))]) },
    ] {
      let problem = #expect(throws: Problem.self) { try make() }
      #expect(problem?.kind == .usage)
    }
    let far = try PriorSampler(
      [
        .gauss(mean: 0, standardDeviation: 1, truncation: 2.5...9),
        .gauss(mean: 0, standardDeviation: 1, truncation: -9...(-2.5)),
      ], correlations: [(0, 1, 0.999)])
    let problem = #expect(throws: Problem.self) { try Self.draws(far, 1) }
    #expect(problem?.kind == .usage)
  }
}
