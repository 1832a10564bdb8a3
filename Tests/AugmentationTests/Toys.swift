import Augmentation
import EventModel
import Morphing
import Numerics

/// Small tables whose answers are known in closed form.
enum Toys {
  static func setup(_ benchmarks: [Double] = [0, 1, -1], power: Int = 2) throws -> Setup {
    var setup = Setup(
      name: "toy",
      parameters: [
        Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: -1...1, maxPower: power)
      ],
      benchmarks: benchmarks.enumerated().map {
        Benchmark(name: "b\($0.offset)", values: [$0.element])
      }, observables: [Observable(name: "z", expression: nil)])
    setup.morphing = try BasisFit(
      components: MorphingComponents.exponents(maxPowers: [power], maxTotalPower: power),
      parameters: setup.parameters, benchmarks: setup.benchmarks
    ).morphing
    return setup
  }

  /// A linear amplitude: z ~ N(0, 1) at θ = 0 and dσ(z|θ) ∝ φ(z) (1 + θz)², so that
  /// σ(θ) = 1 + θ² [pb] and t(z|θ) = 2z/(1 + θz) − 2θ/(1 + θ²).
  static func amplitude(events: Int, background: Double = 0) throws -> EventTable {
    let setup = try setup()
    var weights: [Double] = []
    var z: [Double] = []
    var stream = PhiloxStream(seed: 11, purpose: .testing)
    for _ in 0..<events {
      let value = stream.normal()
      z.append(value)
      weights += setup.benchmarks.map {
        let amplitude = 1 + $0.values[0] * value
        return amplitude * amplitude / Double(events)
      }
    }
    var samples = [record("signal", 0, events, 1)]
    var indices = [Int32](repeating: 0, count: events)
    if background > 0 {
      let n = events / 4
      samples.append(record("background", -1, n, background))
      for _ in 0..<n {
        z.append(10 + stream.uniform())
        weights += [Double](repeating: background / Double(n), count: setup.benchmarks.count)
        indices.append(1)
      }
    }
    return EventTable(
      setup: setup, samples: samples, count: z.count, weights: weights, observations: z,
      observableNames: ["z"], sampleIndices: indices,
      eventIDs: z.indices.map { EventIdentity.id(sampleKey: 5, index: $0) })
  }

  static func record(
    _ name: String, _ benchmark: Int, _ events: Int, _ sigma: Double
  ) -> SampleRecord {
    SampleRecord(
      file: name, process: name, samplingBenchmark: benchmark, eventsRead: events,
      eventsKept: events, sumAbsoluteWeights: sigma, sumWeights: sigma,
      sumSquaredWeights: sigma * sigma / Double(max(1, events)))
  }

  /// A few events of uneven weights, some negative at every benchmark or at one, and a background.
  static func uneven(negative: Bool) throws -> EventTable {
    let setup = try setup()
    var stream = PhiloxStream(seed: 2, purpose: .testing)
    var weights: [Double] = []
    let (signal, background) = (30, 6)
    for i in 0..<signal {
      let size = stream.uniform(0.1, 2)
      let slope = stream.uniform(-1.2, 1.2)
      var row = setup.benchmarks.map {
        let amplitude = 1 + $0.values[0] * slope
        return size * amplitude * amplitude
      }
      if negative && i % 7 == 3 { row = row.map { -$0 } }
      if negative && i == 5 { row[1] = -row[1] }
      weights += row
    }
    for i in 0..<background {
      let w = 0.3 + 0.1 * Double(i)
      weights += [w, w, w]
    }
    let indices =
      [Int32](repeating: 0, count: signal) + [Int32](repeating: 1, count: background)
    return EventTable(
      setup: setup,
      samples: [record("signal", 0, signal, 20), record("background", -1, background, 3)],
      count: signal + background, weights: weights,
      observations: (0..<signal + background).map(Double.init), observableNames: ["z"],
      sampleIndices: indices)
  }

  static func point(_ a: Double) -> ThetaSource { .points([[a]]) }
}

extension SampleMaker {
  /// All rows of a job of this size.
  func rows(_ count: Int, team: ThreadTeam? = nil) throws -> [String: Column] {
    let (batch, _) = try batch(0..<count, team: team)
    return Dictionary(uniqueKeysWithValues: zip(fields.map(\.path), batch.columns))
  }
}
