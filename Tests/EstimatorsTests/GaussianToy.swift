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

  /// log r of two hypotheses.
  static func logRatio(x: Double, theta: Double, over other: Double) -> Double {
    logRatio(x: x, theta: theta) - logRatio(x: x, theta: other)
  }

  /// Rows of a ratio sample whose hypotheses are both flat in ranges; a range of one value is a point. The score at θ1 may
  /// be given the wrong sign.
  static func pairSample(
    rows: Int, seed: UInt64, theta0: ClosedRange<Double> = -4...4,
    theta1: ClosedRange<Double> = -4...4, denominatorSign: Double = 1
  ) -> MemorySource {
    var columns = [[Double]](repeating: [], count: 7)
    for row in 0..<rows {
      var stream = PhiloxStream(seed: seed, purpose: .testing, item: UInt64(row))
      let a = theta0.lowerBound + (theta0.upperBound - theta0.lowerBound) * stream.uniform()
      let b = theta1.lowerBound + (theta1.upperBound - theta1.lowerBound) * stream.uniform()
      let isDenominator = row % 2 == 1
      let z = (isDenominator ? b : a) + 2 * stream.normal()
      let values = [
        z + stream.normal(), a, b, isDenominator ? 1 : 0,
        (2 * z * (a - b) - (a * a - b * b)) / 8, (z - a) / 4, denominatorSign * (z - b) / 4,
      ]
      for (k, value) in values.enumerated() { columns[k].append(value) }
    }
    let isPoint = theta1.lowerBound == theta1.upperBound
    let info = SampleInfo(
      method: "ratio", theta0: "given", theta1: "given",
      theta1Values: isPoint ? [theta1.lowerBound] : [], setup: setup)
    return MemorySource(
      header: Header(
        kind: .sample, document: info.document,
        fields: [
          Field(SampleFields.x, components: ["x"]),
          Field(SampleFields.theta0, components: ["theta"]),
          Field(SampleFields.theta1, components: ["theta"]), Field(SampleFields.y),
          Field(SampleFields.logRatio), Field(SampleFields.score0, components: ["theta"]),
          Field(SampleFields.score1, components: ["theta"]), Field(SampleFields.eventID, .int64),
        ]),
      batches: [
        Batch(
          count: rows,
          columns: columns.map { .float64($0) } + [.int64((0..<rows).map { Int64($0) })])
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
