import Diagnostics
import EventModel
import Morphing
import Numerics
import TestSupport
import Testing

@Suite struct CrossSectionTests {
  /// Sums of 10⁵ terms and an inversion of condition ~10: 1e-9 relative leaves three digits of room.
  static let tolerance = 1e-9

  @Test(.needsShared, arguments: ["tiny", "sm"])
  func oneSampleGivesTheReference(_ name: String) throws {
    let golden = try Golden("golden/wh/wh_smeft_\(name).json")
    let table =
      name == "tiny"
      ? try Samples.table([("wh_smeft_tiny.lhe", 0)]) : try Samples.wh.get()
    let sums = try WeightSums(table, factors: try table.rowFactors(nil))
    for key in try golden["points"].keys {
      let expected = try golden["points"][key]
      let theta = Golden.point(key)
      let found = try sums.crossSection(at: theta)
      let numbers = [
        (found.value, try expected["sigma_pb"].number),
        (found.poissonError, try expected["sigma_err_pb"].number),
        (found.effectiveEvents, try expected["n_eff_kish"].number),
      ]
      for (a, b) in numbers { #expect(relativeError(a, b) < Self.tolerance, "\(key)") }
      let gradient = try sums.crossSectionGradient(at: theta)
      for (a, b) in zip(gradient, try expected["dsigma"].numbers) {
        #expect(relativeError(a, b) < Self.tolerance, "\(key)")
      }
    }
    let matrix = try golden["morphing_matrix"].rows
    let morphing = try #require(table.setup.morphing)
    for (c, row) in matrix.enumerated() {
      for (b, value) in row.enumerated() {
        #expect(abs(morphing.matrix[c * 6 + b] - value) < 1e-12)
      }
    }
  }

  @Test(.needsShared, arguments: [Combination.balance, .average])
  func twoSamplesGiveTheReference(_ rule: Combination) throws {
    let golden = try Golden("golden/wh/wh_smeft_sm_and_bsm.json")
    let table = try Samples.both.get()
    let factors = try table.rowFactors(rule)
    let sums = try WeightSums(table, factors: factors)
    let points = try golden["points"].keys
    let largest = try LargestShares(table, factors: factors, at: points.map(Golden.point))
    for (i, key) in points.enumerated() {
      let expected = try golden["points"][key][rule.rawValue]
      let found = try sums.crossSection(at: Golden.point(key))
      let numbers = [
        (found.value, try expected["sigma_pb"].number),
        (found.poissonError, try expected["sigma_err_pb"].number),
        (found.effectiveEvents, try expected["n_eff_kish"].number),
        (largest.effectiveEvents[i], try expected["n_eff_max"].number),
      ]
      for (a, b) in numbers {
        #expect(relativeError(a, b) < Self.tolerance, "\(key) \(rule): \(a) \(b)")
      }
    }
  }

  @Test(.needsShared) func theExactPolynomialIsWithinThreeStandardDeviations() throws {
    let golden = try Golden("data/truth.json")["processes"]["wh"]["sigma_coefficients_pb"]
    let c = try ["1", "x", "y", "x^2", "x*y", "y^2"].map { try golden[$0].number }
    // XERRUP of each sample over XSECUP, from the samples' description.
    let generator = [1.44e-5 / 0.0319997, 1.03e-4 / 0.112858]
    for (table, samples) in [(try Samples.wh.get(), 1), (try Samples.both.get(), 2)] {
      var table = table
      for s in 0..<samples {
        table.samples[s].declaredCrossSection = 1
        table.samples[s].declaredError = generator[s]
      }
      let sums = try WeightSums(table, factors: try table.rowFactors(nil))
      for theta in [[0, 0], [0.3, 0.05], [-0.5, 0.1], [0.5, -0.2], [1, 0.3], [0.2, 0]] {
        let (x, y) = (theta[0], theta[1])
        let truth = c[0] + c[1] * x + c[2] * y + c[3] * x * x + c[4] * x * y + c[5] * y * y
        let found = try sums.crossSection(at: theta)
        #expect(
          abs(found.value - truth) < 3 * found.fixedSizeError,
          "\(theta): \(found.value) ± \(found.fixedSizeError), truth \(truth)")
        #expect(found.fixedSizeError < found.poissonError)
      }
    }
  }

  @Test(.needsShared) func sumsDoNotDependOnThreads() throws {
    let table = try Samples.wh.get()
    let factors = try table.rowFactors(nil)
    let alone = try WeightSums(table, factors: factors)
    for threads in 1...3 {
      let sums = try WeightSums(table, factors: factors, team: ThreadTeam(threads: threads))
      #expect(sums.totals == alone.totals && sums.products == alone.products)
    }
  }

  @Test func errorsOfAFixedSampleLeaveOutWhatIsExact() throws {
    // Two events of one weight: σ is what the generator says, its error the generator's alone.
    let setup = Setup(
      parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "sm", values: [0])])
    let table = EventTable(
      setup: setup,
      samples: [
        SampleRecord(
          file: "f", samplingBenchmark: 0, eventsRead: 4, eventsKept: 2,
          declaredCrossSection: 2, declaredError: 0.2)
      ], count: 2, weights: [0.5, 0.5], sampleIndices: [0, 0])
    let sums = try WeightSums(table, factors: [1, 1])
    let found = try sums.crossSection(at: [0])
    #expect(found.value == 1)
    #expect(abs(found.poissonError - 0.5.squareRoot()) < 1e-15)
    // Two of four pass: binomial variance n ε (1 − ε) w² = 0.25, and (10 % of 1 pb)².
    #expect(abs(found.fixedSizeError - (0.25 + 0.01).squareRoot()) < 1e-15)
    #expect(throws: Problem.self) { try sums.crossSection(at: [0.5]) }
  }

  @Test func aWeightThatIsNotFiniteIsNamed() throws {
    let setup = Setup(
      parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: 0...1)],
      benchmarks: [Benchmark(name: "sm", values: [0]), Benchmark(name: "w", values: [1])])
    for bad in [Double.nan, .infinity] {
      let table = EventTable(
        setup: setup, samples: [SampleRecord(file: "f", samplingBenchmark: 0, eventsRead: 2)],
        count: 2, weights: [1, 1, 1, bad], sampleIndices: [0, 0])
      let problem = #expect(throws: Problem.self) {
        try WeightSums(table, factors: [1, 1])
      }
      #expect(problem?.kind == .data)
      #expect(problem?.line.contains("row 2") == true)
      #expect(problem?.line.contains("benchmark w") == true)
    }
  }
}
