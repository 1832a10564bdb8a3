import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import Testing

/// Two Gaussians that share no morphing, and the exact log ratio for a model.
@Suite struct PointTestTests {
  /// x ~ N(0, 1) with σ = 2 pb at "b", x ~ N(1, 1) with σ = 3 pb at "s": quadrature nodes as events.
  private static func table() -> EventTable {
    let setup = Setup(
      name: "toy", parameters: [Parameter(name: "m", lhaBlock: "M", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "b", values: [0]), Benchmark(name: "s", values: [1])],
      observables: [Observable(name: "x", expression: nil)])
    let x = (0..<4000).map { -7 + 15 * (Double($0) + 0.5) / 4000 }
    func density(_ x: Double) -> Double {
      exp(-x * x / 2) / (2 * Double.pi).squareRoot() * 15 / 4000
    }
    return EventTable(
      setup: setup,
      samples: [
        SampleRecord(
          file: "toy.lhe", samplingBenchmark: 0, eventsRead: x.count, eventsKept: x.count)
      ], count: x.count,
      weights: x.flatMap { [2 * density($0), 3 * density($0 - 1)] }, observations: x,
      observableNames: ["x"], sampleIndices: [Int32](repeating: 0, count: x.count))
  }

  private struct Exact: RatioEvaluator {
    let name = "exact"
    let observableNames = ["x"]
    let parameterNames = ["m"]
    let referenceTheta = [0.0]
    let thetaRange: [ClosedRange<Double>] = []

    func ratios(_ x: [Double], rows: Int) throws -> any RowLogRatios { Rows(x: x) }

    struct Rows: RowLogRatios {
      let x: [Double]
      var rowCount: Int { x.count }
      func values(at theta: [Double]) -> [Double] {
        x.map { theta[0] * $0 - theta[0] * theta[0] / 2 }
      }
      func valuesAndGradients(
        at theta: [Double]
      ) -> (values: [Double], gradients: [Double]) {
        (values(at: theta), x.map { $0 - theta[0] })
      }
    }
  }

  private func run(rate: Bool, data: [Double]? = nil) throws -> PointTest.Result {
    let test = try PointTest(
      Self.table(), combination: .average, theta: [0], part: .all, models: [Exact()],
      luminosity: 10, includesRate: rate, file: "toy")
    return try #require(try test.run(true: [0], tested: [[1]], data: data.map { [$0] }).first)
  }

  /// ℓ = x − 1/2: n = 20 events at b have ⟨λ⟩ = ∓10 and a variance of 20; Z = 20/√20. The sum over 4000 nodes is exact
  /// to 1e-8.
  @Test func shapesAreGaussianSums() throws {
    let result = try run(rate: false)
    #expect(abs(result.mean - 10) < 1e-6 && abs(result.meanAtTrue + 10) < 1e-6)
    #expect(abs(result.deviation - 20.0.squareRoot()) < 1e-6)
    #expect(abs(result.significance - 20.0.squareRoot()) < 1e-6)
    #expect(result.value == result.meanAtTrue && result.pAtTrue == 0.5)
    #expect(abs(result.crossSection - 3) < 1e-6)
  }

  /// With the rate ℓ = x − 1/2 + ln 3/2: means are L∫dσ ℓ − 10, variances L∫dσ ℓ² with ⟨ℓ²⟩ = ⟨ℓ⟩² + 1.
  @Test func ratesAreCompoundPoisson() throws {
    let result = try run(rate: true)
    let c = log(1.5)
    #expect(abs(result.mean - (30 * (0.5 + c) - 10)) < 1e-6)
    #expect(abs(result.meanAtTrue - (20 * (c - 0.5) - 10)) < 1e-6)
    #expect(abs(result.deviation - (30 * ((0.5 + c) * (0.5 + c) + 1)).squareRoot()) < 1e-6)
    #expect(abs(result.deviationAtTrue - (20 * ((c - 0.5) * (c - 0.5) + 1)).squareRoot()) < 1e-6)
  }

  @Test func observedEventsAreSummed() throws {
    let x = [0.3, 1.2, -0.4]
    let result = try run(rate: true, data: x)
    let expected = x.reduce(0) { $0 + $1 - 0.5 + log(1.5) } - 10
    #expect(abs(result.value - expected) < 1e-9)
    #expect(abs(result.p - erfc(result.significance / 2.0.squareRoot()) / 2) < 1e-15)
  }

  @Test func pointsWithoutBenchmarkAreRefused() throws {
    let test = try PointTest(
      Self.table(), combination: .average, theta: [0], part: .all, models: [Exact()],
      luminosity: 10, file: "toy")
    let problem = #expect(throws: Problem.self) { try test.run(true: [0], tested: [[0.5]]) }
    #expect(problem?.kind == .data)
  }
}
