import EventModel
import Glibc
import Numerics

/// Two observables whose density is a Gaussian with a mean linear in θ, in units far from one.
///
/// z ~ N(θ, 2²), x ~ N(z, 1), v ~ N(x/2 + θ/2, 1), of which m = 30 + 7 x and v are seen. So x ~ N(θ, 5) without z, the
/// joint score is (z − θ)/4 + (v − x/2 − θ/2)/2 and the score (x − θ)/5 + (v − x/2 − θ/2)/2.
enum DensityToy {
  static let setup = Setup(
    name: "toy",
    parameters: [Parameter(name: "theta", lhaBlock: "toy", lhaID: 1, range: -4...4)],
    benchmarks: [Benchmark(name: "zero", values: [0])],
    observables: [Observable(name: "m", expression: nil), Observable(name: "v", expression: nil)])

  static func event(_ stream: inout PhiloxStream, theta: Double) -> (
    m: Double, v: Double, score: Double, scoreOfM: Double
  ) {
    let z = theta + 2 * stream.normal()
    let x = z + stream.normal()
    let noise = stream.normal()
    let t = (z - theta) / 4
    return (30 + 7 * x, x / 2 + theta / 2 + noise, t + noise / 2, t)
  }

  /// log p(m|θ).
  static func logDensity(m: Double, theta: Double) -> Double {
    let x = (m - 30) / 7
    return -(x - theta) * (x - theta) / 10 - log(10 * Double.pi) / 2 - log(7)
  }

  /// log p(m, v|θ).
  static func logDensity(m: Double, v: Double, theta: Double) -> Double {
    let rest = v - (m - 30) / 14 - theta / 2
    return logDensity(m: m, theta: theta) - rest * rest / 2 - log(2 * Double.pi) / 2
  }

  /// Rows at θ flat in ±4; joint scores are those of m alone where v is left out.
  static func sample(rows: Int, seed: UInt64, withV: Bool = true) -> MemorySource {
    var (x, theta, t): ([Double], [Double], [Double]) = ([], [], [])
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row))
      let point = stream.uniform(-4, 4)
      let event = event(&stream, theta: point)
      x += withV ? [event.m, event.v] : [event.m]
      theta.append(point)
      t.append(withV ? event.score : event.scoreOfM)
    }
    let info = SampleInfo(method: "density", theta0: "flat:theta=-4:4", setup: setup)
    return MemorySource(
      header: Header(
        kind: .sample, document: info.document,
        fields: [
          Field(SampleFields.x, components: withV ? ["m", "v"] : ["m"]),
          Field(SampleFields.theta0, components: ["theta"]),
          Field(SampleFields.score0, components: ["theta"]), Field(SampleFields.eventID, .int64),
        ]),
      batches: [
        Batch(
          count: rows,
          columns: [
            .float64(x), .float64(theta), .float64(t), .int64((0..<rows).map { Int64($0) }),
          ])
      ])
  }
}
