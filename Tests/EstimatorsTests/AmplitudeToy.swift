import EventModel
import Glibc
import Numerics

/// An observable x in [−1, 1] and an unseen helicity z with dσ(x, z = 0|θ) = (1 + xθ)²/4 and dσ(x, z = 1|θ) = (x/2 + θ)²/4,
/// so that σ(θ) = 13/24 + 2θ²/3 and log r(x|θ, 0) has a closed form. θ1 = 0.
enum AmplitudeToy {
  static func crossSection(_ theta: Double) -> Double { 13.0 / 24 + 2 * theta * theta / 3 }

  /// Morphing from benchmarks at 0, 1 and −1.
  static let setup = Setup(
    name: "toy",
    parameters: [Parameter(name: "theta", lhaBlock: "toy", lhaID: 1, range: -1...1)],
    benchmarks: [
      Benchmark(name: "zero", values: [0]), Benchmark(name: "up", values: [1]),
      Benchmark(name: "down", values: [-1]),
    ],
    morphing: MorphingSetup(
      components: [[0], [1], [2]], matrix: [1, 0, 0, 0, 0.5, -0.5, -1, 0.5, 0.5],
      benchmarkCount: 3),
    observables: [Observable(name: "x", expression: nil)])

  private static func amplitude(_ x: Double, _ z: Int) -> (at0: Double, slope: Double) {
    z == 0 ? (1, x) : (x / 2, 1)
  }
  private static func density(_ x: Double, _ z: Int, _ theta: Double) -> Double {
    let (a, b) = amplitude(x, z)
    return (a + b * theta) * (a + b * theta) / 4
  }

  static func logRatio(x: Double, theta: Double) -> Double {
    let total = density(x, 0, theta) + density(x, 1, theta)
    let reference = density(x, 0, 0) + density(x, 1, 0)
    return log(total / crossSection(theta) / (reference / crossSection(0)))
  }

  /// Rows of a ratio sample: θ0 flat in ±1, or the given points in turn for two rows each; every other row from θ0.
  static func sample(rows: Int, seed: UInt64, points: [Double] = []) -> MemorySource {
    var (x, theta, y, r, t): ([Double], [Double], [Double], [Double], [Double]) = (
      [], [], [], [], []
    )
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row))
      let point = points.isEmpty ? stream.uniform(-1, 1) : points[row / 2 % points.count]
      let isDenominator = row % 2 == 1
      let drawnAt = isDenominator ? 0 : point
      var (value, z) = (0.0, 0)
      // dσ is 1 at most.
      repeat {
        value = stream.uniform(-1, 1)
        z = stream.uniform() < 0.5 ? 0 : 1
      } while stream.uniform() > density(value, z, drawnAt)
      let (a, b) = amplitude(value, z)
      x.append(value)
      theta.append(point)
      y.append(isDenominator ? 1 : 0)
      r.append(
        log(density(value, z, point) / density(value, z, 0) * crossSection(0) / crossSection(point))
      )
      t.append(2 * b / (a + b * point) - 4 * point / 3 / crossSection(point))
    }
    let info = SampleInfo(
      method: "ratio", theta0: "flat:theta=-1:1", theta1: "zero", theta1Values: [0],
      benchmarkTotals: [0, 1, -1].map { crossSection($0) }, setup: setup)
    return MemorySource(
      header: Header(
        kind: .sample, document: info.document,
        fields: [
          Field(SampleFields.x, components: ["x"]),
          Field(SampleFields.theta0, components: ["theta"]), Field(SampleFields.y),
          Field(SampleFields.logRatio), Field(SampleFields.score0, components: ["theta"]),
          Field(SampleFields.eventID, .int64),
        ]),
      batches: [
        Batch(
          count: rows,
          columns: [
            .float64(x), .float64(theta), .float64(y), .float64(r), .float64(t),
            .int64((0..<rows).map { Int64($0) }),
          ])
      ])
  }

  /// Weighted events of x and z flat: all θ share them.
  static func events(_ rows: Int, seed: UInt64) -> EventTable {
    var (x, weights): ([Double], [Double]) = ([], [])
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row))
      let value = stream.uniform(-1, 1)
      let z = stream.uniform() < 0.5 ? 0 : 1
      x.append(value)
      weights += [0, 1, -1].map { 4 * density(value, z, $0) / Double(rows) }
    }
    return EventTable(
      setup: setup, samples: [SampleRecord(file: "toy", key: 1, samplingBenchmark: 0)],
      hasSampleTable: false, count: rows, weights: weights, observations: x,
      observableNames: ["x"], sampleIndices: [Int32](repeating: 0, count: rows),
      eventIDs: (0..<rows).map { Int64($0) })
  }
}
