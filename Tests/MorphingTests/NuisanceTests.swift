import Diagnostics
import EventIO
import EventModel
import Morphing
import TestSupport
import Testing

@Suite struct NuisanceTests {
  private static func setup() -> Setup {
    Setup(
      parameters: [Parameter(name: "a", lhaBlock: "X", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "ref", values: [0])],
      nuisanceParameters: [
        NuisanceParameter(
          name: "n", systematic: "scales", benchmarkPositive: "plus", benchmarkNegative: "minus"),
        NuisanceParameter(
          name: "m", systematic: "norm", benchmarkPositive: "plus", benchmarkNegative: nil),
      ], nuisanceBenchmarks: ["plus", "minus"])
  }

  /// The case `nuisance` of golden_events.json: columns ref, plus, minus.
  @Test func coefficientsAreTheReference() throws {
    let rows: [[Double]] = [
      [1, 1.2, 0.9], [1, -1, 1], [0, 1, 1], [1, 0, 1], [1, 1e9, 1], [-1, -1.2, -0.9],
    ]
    let a: [[Double]] = [
      [0.14384103622589042, 0, 0, 0, 10, 0.14384103622589042],
      [0.1823215567939546, 0, 0, 0, 10, 0.1823215567939546],
    ]
    let b = [0.0384805205680642, 0, 0, 0, 10, 0.0384805205680642]
    let factors = [1.0477191441077327, 1, 1, 1, 2697.282328268505, 1.0477191441077327]
    let gradients: [[Double]] = [
      [0.20714849666630838, 0, 0, 0, 64734.77587844412, 0.20714849666630838],
      [0.1910217854365515, 0, 0, 0, 26972.82328268505, 0.1910217854365515],
    ]
    let nuisance = try NuisanceFactors(Self.setup())
    let nu = [0.7, -0.4]
    for (i, row) in rows.enumerated() {
      row.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        // Logarithms and exponentials of two libraries: some units in the last place.
        func close(_ x: Double, _ y: Double) -> Bool { relativeError(x, y, floor: 1e-3) < 2e-14 }
        #expect(close(nuisance.coefficients(0, base).a, a[0][i]))
        #expect(close(nuisance.coefficients(0, base).b, b[i]))
        #expect(close(nuisance.coefficients(1, base).a, a[1][i]))
        #expect(nuisance.coefficients(1, base).b == 0)
        #expect(close(nuisance.factor(nu, base), factors[i]))
        let gradient = nuisance.gradient(nu, base)
        for k in 0..<2 { #expect(close(gradient[k], gradients[k][i])) }
      }
    }
  }

  /// σ at sm of MadMiner's example.h5 (spec events.md 10.2); ν = (signal_norm, scales).
  @Test(.needsShared) func crossSectionsOfTheExampleAreTheReference() throws {
    let table = try ExampleFileTests.table()
    let cases: [([String], Double)] = [
      (["signal_norm=1"], 2.5100637404), (["scales=1"], 1.9978364442),
      (["scales_nuisance_param_0=-1"], 3.0475353515),
      (["signal_norm=0.5,scales=-0.3"], 2.6487790425), ([], 2.4625306731),
    ]
    for (texts, sigma) in cases {
      let found = try CrossSectionTable(
        table, points: [("sm", [0, 0])], combination: nil, nu: table.setup.nuisancePoint(texts))
      ExampleFileTests.expect(found.values[0].value, sigma)
    }
  }

  /// L Σ_e dσ_e g_i g_j with g = ∂ ln dσ_e/∂(θ, ν) at sm and ν = 0: MadMiner's truth information of example.h5 for
  /// 1000/pb (spec events.md 10.2), order CWL2, CPWL2, signal_norm, scales.
  @Test(.needsShared) func truthInformationOfTheExampleIsTheReference() throws {
    let expected: [Double] = [
      238.0372651815, -8.0875604838, 7.5954943772, -11.1340438691, -8.0875604838, 101.7730852304,
      -10.6336392856, 23.2707902936, 7.5954943772, -10.6336392856, 4.3179182719, -9.727503331,
      -11.1340438691, 23.2707902936, -9.727503331, 119.6712104437,
    ]
    let table = try ExampleFileTests.table()
    let factors = try table.rowFactors(nil)
    let points = PointWeights(table.setup)
    let weights = try points.weights(at: [0, 0])
    let gradients = try points.gradients(at: [0, 0])
    let nuisance = try NuisanceFactors(table.setup)
    var information = [Double](repeating: 0, count: 16)
    table.weights.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      for row in 0..<table.count {
        let w = base + row * table.weightCount
        func sum(_ at: Int, _ list: [Double]) -> Double {
          (0..<points.count).reduce(0) { $0 + list[at + $1] * w[$1] }
        }
        let sigma = sum(0, weights)
        let g =
          (0..<2).map { sum($0 * points.count, gradients) / sigma }
          + (0..<2).map { nuisance.coefficients($0, w).a }
        for i in 0..<4 {
          for j in 0..<4 { information[4 * i + j] += 1000 * factors[row] * sigma * g[i] * g[j] }
        }
      }
    }
    for (found, printed) in zip(information, expected) { ExampleFileTests.expect(found, printed) }
  }

  @Test func pointsOfNuisanceParameters() throws {
    let setup = Self.setup()
    #expect(try setup.nuisancePoint([]) == [0, 0])
    #expect(try setup.nuisancePoint(["n=1,m=-2"]) == [1, -2])
    #expect(try setup.nuisancePoint(["scales=0.5", "m=1"]) == [0.5, 1])
    for bad in ["n", "n=", "x=1", "n=inf", "n=1,"] {
      let problem = #expect(throws: Problem.self) { try setup.nuisancePoint([bad]) }
      #expect(problem?.kind == .usage)
    }
    var twice = setup
    twice.nuisanceParameters[1].systematic = "scales"
    let problem = #expect(throws: Problem.self) { try twice.nuisancePoint(["scales=1"]) }
    #expect(problem?.line.contains("has 2 nuisance parameters") == true)
  }

  @Test func aMissingColumnIsNamed() {
    var setup = Self.setup()
    setup.nuisanceBenchmarks = ["plus"]
    let problem = #expect(throws: Problem.self) { try NuisanceFactors(setup) }
    #expect(problem?.line.contains("no weight column 'minus'") == true)
  }
}
