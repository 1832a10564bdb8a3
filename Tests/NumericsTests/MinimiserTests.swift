import Glibc
import Testing

@testable import Numerics

@Suite struct MinimiserTests {
  private func rosenbrock(_ x: [Double], _ g: inout [Double]) -> Double {
    let a = 1 - x[0]
    let b = x[1] - x[0] * x[0]
    g[0] = -2 * a - 400 * x[0] * b
    g[1] = 200 * b
    return a * a + 100 * b * b
  }

  @Test func rosenbrockFromTheUsualStart() throws {
    let minimum = try Minimiser().minimise(from: [-1.2, 1], rosenbrock)
    #expect(minimum.converged)
    // Newton's last steps are quadratic: the point is good to the rounding of the gradient.
    #expect(abs(minimum.point[0] - 1) < 1e-8 && abs(minimum.point[1] - 1) < 1e-8)
    #expect(minimum.evaluations < 200)
    let inverse = try #require(minimum.inverseHessian)
    // The inverse of [[802, −400], [−400, 200]]; tolerance from the differences of the gradient.
    for (got, expected) in zip(inverse, [0.5, 1, 1, 2.005]) {
      #expect(abs(got / expected - 1) < 1e-3)
    }
  }

  @Test func aBoundIsKept() throws {
    let minimum = try Minimiser(lower: [-2, -2], upper: [0.5, 2]).minimise(
      from: [-1.2, 1], rosenbrock)
    #expect(minimum.point[0] == 0.5)
    #expect(minimum.isAtBound == [true, false])
    #expect(abs(minimum.point[1] - 0.25) < 1e-8)
    #expect(minimum.converged)
    let inverse = try #require(minimum.inverseHessian)
    #expect(inverse[0] == 0 && abs(inverse[3] - 1.0 / 200) < 1e-8)
  }

  @Test func aBoxAwayFromTheStartMovesTheStart() throws {
    let minimum = try Minimiser(lower: [3, 3], upper: [4, 4]).minimise(from: [0, 0]) { x, g in
      g = [2 * x[0], -2 * (x[1] - 5)]
      return x[0] * x[0] - (x[1] - 5) * (x[1] - 5)
    }
    #expect(minimum.point == [3, 3])
  }

  @Test func badlyScaledParameters() throws {
    // A parabola with curvatures 1e-6 and 1e8 and a correlation.
    let minimum = try Minimiser(scales: [1000, 1e-4]).minimise(from: [0, 0]) { x, g in
      let u = (x[0] - 500) * 1e-3
      let v = (x[1] - 2e-4) * 1e4
      g[0] = (2 * u + v) * 1e-3
      g[1] = (2 * v + u) * 1e4
      return u * u + v * v + u * v
    }
    #expect(abs(minimum.point[0] - 500) < 1e-4)
    #expect(abs(minimum.point[1] - 2e-4) < 1e-11)
  }

  @Test func theEdgeOfTheDomainShortensTheStep() throws {
    // −ln x + x has its minimum at 1 and is not defined for x ≤ 0.
    let minimum = try Minimiser(scales: [1]).minimise(from: [50]) { x, g in
      g[0] = 1 - 1 / x[0]
      return x[0] > 0 ? x[0] - log(x[0]) : .nan
    }
    #expect(minimum.converged)
    #expect(abs(minimum.point[0] - 1) < 1e-8)
  }

  @Test func aBadStartIsAnError() {
    #expect(throws: NumericsError.startIsNotFinite) {
      try Minimiser().minimise(from: [0]) { _, _ in .nan }
    }
  }

  @Test func tenParametersOfAPoissonFit() throws {
    // Σ (μ − n ln μ), ln μ = θ_k: the minimum is θ = ln n.
    let counts = (1...10).map { Double($0 * $0) }
    let start = Array(repeating: 0.0, count: 10)
    let minimum = try Minimiser().minimise(from: start) { theta, g in
      var sum = 0.0
      for k in 0..<10 {
        let mean = exp(theta[k])
        g[k] = mean - counts[k]
        sum += mean - counts[k] * theta[k]
      }
      return sum
    }
    for k in 0..<10 { #expect(abs(minimum.point[k] - log(counts[k])) < 1e-7) }
  }

  @Test func brentFindsZeros() throws {
    let root = try findRoot(in: 0...2) { $0 * $0 - 2 }
    #expect(abs(root - 2.0.squareRoot()) < 1e-15)
    #expect(abs(try findRoot(in: -10...3) { exp($0) - 1e-3 } - log(1e-3)) < 1e-14)
    var calls = 0
    let steep = try findRoot(in: 0...1) { x in
      calls += 1
      return x < 0.3 ? -1 : 1e10
    }
    #expect(abs(steep - 0.3) < 1e-15 && calls < 200)
    #expect(try findRoot(in: 0...1) { $0 } == 0)
    #expect(throws: NumericsError.noSignChange(lower: 2, upper: 3)) {
      try findRoot(in: 2...3) { $0 }
    }
    #expect(throws: NumericsError.self) { try findRoot(in: 2...3) { _ in .nan } }
  }

  /// A profile of a likelihood is nearly a parabola: two calls give its crossing to what rounding leaves.
  @Test func slopesFindZerosInFewCalls() throws {
    func root(
      _ interval: ClosedRange<Double>, _ f: (Double) -> (value: Double, slope: Double)
    ) throws -> (x: Double, calls: Int) {
      var calls = 0
      let x = try findRoot(in: interval, ends: (f(interval.lowerBound), f(interval.upperBound))) {
        calls += 1
        return f($0)
      }
      return (x, calls)
    }
    let profile = try root(0.9...1.1) { ($0 * $0 + 0.1 * $0 * $0 * $0 - 1.1, (2 + 0.3 * $0) * $0) }
    #expect(abs(profile.x - 1) < 1e-14 && profile.calls <= 2)
    // Far from a parabola: falling, and flat at the root.
    let falling = try root(-10...3) { (1e-3 - exp($0), -exp($0)) }
    #expect(abs(falling.x - log(1e-3)) < 1e-9 && falling.calls < 30)
    let flat = try root(-1...2) { ($0 * $0 * $0, 3 * $0 * $0) }
    #expect(abs(flat.x) < 1e-4 && flat.calls < 100)
    // A kink and a jump, and a slope that is not known: the bracket shrinks all the same.
    let kink = try root(0...1) { $0 < 0.3 ? ($0 - 0.4, 1) : (100 * $0 - 30.1, 100) }
    #expect(abs(kink.x - 0.301) < 1e-9 && kink.calls < 20)
    let jump = try root(0...1) { ($0 < 0.3 ? -1 : 1e10, 0) }
    #expect(abs(jump.x - 0.3) < 1e-15 && jump.calls < 200)
    let unknown = try root(0...2) { ($0 * $0 - 2, .nan) }
    #expect(abs(unknown.x - 2.0.squareRoot()) < 1e-15)
    #expect(throws: NumericsError.noSignChange(lower: 2, upper: 3)) { try root(2...3) { ($0, 1) } }
    #expect(throws: NumericsError.self) {
      try findRoot(in: 2...3, ends: ((-1, 1), (1, 1))) { _ in (.nan, 1) }
    }
  }
}
