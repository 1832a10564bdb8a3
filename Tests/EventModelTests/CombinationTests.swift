import Diagnostics
import EventModel
import Testing

@Suite struct CombinationTests {
  static func sample(
    _ file: String, _ benchmark: Int, events: Int, sigma: Double, process: String = "p"
  ) -> SampleRecord {
    SampleRecord(
      file: file, process: process, samplingBenchmark: benchmark, eventsRead: events,
      eventsKept: events, sumAbsoluteWeights: sigma, sumWeights: sigma,
      sumSquaredWeights: sigma * sigma / Double(events))
  }
  static let benchmarks = [
    Benchmark(name: "a", values: [0]), Benchmark(name: "b", values: [1]),
  ]

  /// Two samples of one benchmark count twice, a second process and a background have factors of
  /// their own.
  static let samples = [
    sample("one", 0, events: 100, sigma: 2), sample("two", 0, events: 50, sigma: 2),
    sample("three", 1, events: 30, sigma: 6), sample("other", 0, events: 7, sigma: 1, process: "q"),
    sample("background", -1, events: 9, sigma: 4, process: "b"),
  ]

  /// At every point of phase space the factors of a process sum to one.
  @Test(arguments: [[1.0, 1.0], [0.3, 2.0], [1e-9, 5.0], [-0.7, 0.2]])
  func factorsAreAPartitionOfUnity(_ weights: [Double]) throws {
    for rule in [Combination.balance, .average] {
      let factors = try RowFactors(rule, samples: Self.samples)
      let values = weights.withUnsafeBufferPointer { buffer in
        Self.samples.indices.map { factors.factor(sample: $0, weights: buffer.baseAddress!) }
      }
      #expect(abs(values[0] + values[1] + values[2] - 1) < 1e-15)
      #expect(values[3] == 1 && values[4] == 1)
      #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }

  @Test func theBalanceHeuristicIsItsFormula() throws {
    let factors = try RowFactors(.balance, samples: Self.samples)
    let weights = [0.5, -3.0]
    // c_s = n_s/σ_s of the three samples, times |W| at the benchmark of each.
    let denominator: Double = 50 * 0.5 + 25 * 0.5 + 5 * 3
    let found = weights.withUnsafeBufferPointer {
      factors.factor(sample: 2, weights: $0.baseAddress!)
    }
    #expect(abs(found - 15 / denominator) < 1e-15)
    #expect(factors.fixed(2) == nil && factors.fixed(3) == 1)
  }

  @Test func theAverageIsByEventsKept() throws {
    let factors = try RowFactors(.average, samples: Self.samples)
    let expected: [Double?] = [100 / 180, 50 / 180, 30 / 180, 1, 1]
    #expect(Self.samples.indices.map { factors.fixed($0) } == expected)
  }

  @Test func theClosestBenchmarkAlone() throws {
    func factors(_ theta: [Double]?) throws -> [Double?] {
      let rule = try RowFactors(
        .closest, samples: Self.samples, benchmarks: Self.benchmarks, theta: theta)
      return Self.samples.indices.map { rule.fixed($0) }
    }
    let low: [Double?] = [100 / 150, 50 / 150, 0, 1, 1]
    let high: [Double?] = [0, 0, 1, 0, 1]
    #expect(try factors([0.2]) == low)
    #expect(try factors([0.9]) == high)
    let problem = #expect(throws: Problem.self) { try factors(nil) }
    #expect(problem?.kind == .usage)
  }

  @Test func unequalKFactorsOfOneProcessAreAnError() {
    var samples = Self.samples
    samples[1].kFactor = 1.2
    let problem = #expect(throws: Problem.self) { try RowFactors(.balance, samples: samples) }
    #expect(problem?.kind == .data)
    #expect(problem?.line.contains("one") == true && problem?.line.contains("two") == true)
    samples[1].process = "elsewhere"
    #expect(throws: Never.self) { try RowFactors(.balance, samples: samples) }
  }

  @Test func runsOfOneBackgroundAreAveraged() throws {
    let samples = [
      Self.sample("x", -1, events: 300, sigma: 4, process: "b"),
      Self.sample("y", -1, events: 100, sigma: 4, process: "b"),
    ]
    let factors = try RowFactors(.balance, samples: samples)
    #expect(factors.fixed(0) == 0.75 && factors.fixed(1) == 0.25)
  }

  @Test func theKishNumberOfEqualWeightsIsTheirNumber() {
    let sample = Self.samples[0]
    #expect(abs(sample.kishNumber - 100) < 1e-12)
    #expect(SampleRecord(file: "f", samplingBenchmark: 0, eventsRead: 3).kishNumber == 3)
  }
}
