import EventModel
import Numerics

/// z ~ N(θ, 2²), x ~ N(z, 1): the joint quantities of z, and the exact ones of x. θ1 = 0.
///
/// log r_xz = (2zθ − θ²)/8, t_xz = (z − θ)/4; log r = (2xθ − θ²)/10, t = (x − θ)/5; information of one event 1/5.
enum GaussianToy {
  static let setup = Setup(
    name: "toy",
    parameters: [Parameter(name: "theta", lhaBlock: "toy", lhaID: 1, range: -4...4)],
    benchmarks: [Benchmark(name: "zero", values: [0])],
    observables: [Observable(name: "x", expression: nil)])

  static func logRatio(x: Double, theta: Double) -> Double { (2 * x * theta - theta * theta) / 10 }

  /// Rows of a ratio sample: θ0 flat in ±4, every other row from θ0.
  static func ratioSample(rows: Int, seed: UInt64, copies: Int = 1) -> MemorySource {
    var x: [Double] = []
    var theta: [Double] = []
    var y: [Double] = []
    var r: [Double] = []
    var t: [Double] = []
    var ids: [Int64] = []
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row / copies))
      let point = stream.uniform(-4, 4)
      let isDenominator = row % 2 == 1
      let z = (isDenominator ? 0 : point) + 2 * stream.normal()
      x.append(z + stream.normal())
      theta.append(point)
      y.append(isDenominator ? 1 : 0)
      r.append((2 * z * point - point * point) / 8)
      t.append((z - point) / 4)
      ids.append(Int64(row / copies))
    }
    let info = SampleInfo(
      method: "ratio", theta0: "flat:theta=-4:4", theta1: "zero", theta1Values: [0], setup: setup)
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
            .float64(x), .float64(theta), .float64(y), .float64(r), .float64(t), .int64(ids),
          ])
      ])
  }

  /// Rows of a score sample at θ = 0, with a column of noise that carries nothing.
  static func scoreSample(rows: Int, seed: UInt64) -> MemorySource {
    var x: [Double] = []
    var t: [Double] = []
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row))
      let z = 2 * stream.normal()
      x += [z + stream.normal(), stream.normal()]
      t.append(z / 4)
    }
    let info = SampleInfo(
      method: "score", theta0: "zero", theta1: "zero", theta1Values: [0], setup: setup)
    return MemorySource(
      header: Header(
        kind: .sample, document: info.document,
        fields: [
          Field(SampleFields.x, components: ["x", "noise"]),
          Field(SampleFields.score0, components: ["theta"]),
          Field(SampleFields.eventID, .int64),
        ]),
      batches: [
        Batch(
          count: rows, columns: [.float64(x), .float64(t), .int64((0..<rows).map { Int64($0) })])
      ])
  }
}
