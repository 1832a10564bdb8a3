import Diagnostics
import EventIO
import EventModel
import Glibc
import TestSupport

/// Small results made from closed forms, as files in a folder.
enum PlotFixtures {
  /// q(θ) = ρ²: an ellipse turned by 30°, whose parameters have awkward names.
  static func limits(isTurned: Bool = false, scale: Double = 1) -> Limits {
    let names = ["c_HW", "c{Hq}^3 & 'x'"]
    var limits = Limits(
      mode: .ratio, isExpected: true, parameterNames: names, parameterUnits: ["TeV^-2", "TeV^-2"],
      luminosity: 3000, thetaTrue: [0, 0], eventCount: 100, degreesOfFreedom: 2)
    limits.axes = [
      GridAxis(parameter: names[0], lower: -1, upper: 1, count: 41),
      GridAxis(parameter: names[1], lower: -0.5, upper: 0.5, count: 21),
    ]
    for x in limits.axes[0].values {
      for y in limits.axes[1].values {
        limits.points += [x, y]
        limits.q.append(q(x, y) / scale)
      }
    }
    if isTurned {
      let turned = (0..<21).flatMap { j in (0..<41).map { i in limits.q[i * 21 + j] } }
      limits.q = turned
      limits.axes.reverse()
    }
    limits.p = limits.q.map { exp(-$0 / 2) }
    limits.kinematic = limits.q.map { -$0 / 2 }
    limits.rate = limits.q.map { _ in 0 }
    limits.constraint = limits.rate
    limits.bestFit = [0.02, 0.01]
    limits.minimum = 0
    limits.qTrue = 0
    // P(χ²₂ > q) = exp(−q/2).
    limits.regions = [0.68, 0.95].map {
      .init(level: $0, threshold: -2 * log(1 - $0), area: 0, isOpen: false)
    }
    return limits
  }

  /// Half axes 0.2 and 0.08 at q = 1.
  static func q(_ x: Double, _ y: Double) -> Double {
    let (u, v) = (0.866 * x + 0.5 * y, -0.5 * x + 0.866 * y)
    return u * u / 0.04 + v * v / 0.0064
  }

  static func information() -> Information {
    var info = Information(
      parameterNames: ["cHW", "cHq3", "cHB"], parameterUnits: ["TeV^-2", "TeV^-2", ""],
      theta: [0, 0, 0], luminosity: 300_000)
    info.entries = [
      .init(name: "truth", matrix: [4, 1, 0.5, 1, 9, 0, 0.5, 0, 2]),
      .init(name: "full", matrix: [3, 0.5, 0.3, 0.5, 7, 0, 0.3, 0, 1]),
      .init(name: "rate", matrix: [1, 2, 0, 2, 4, 0, 0, 0, 0]),
    ]
    return info
  }

  static func model() -> Model {
    let decay = (0..<20).map { exp(-Double($0) / 5) }
    let training = decay.map { 1 + $0 }
    let validation = decay.enumerated().map { 1.02 + $1 + 0.002 * Double($0) }
    let sample = SampleInfo(method: "score", setup: setup())
    return Model(
      target: .score, method: "sally", observableNames: ["pt_w"], parameterNames: ["c_a", "c_b"],
      referenceTheta: [0, 0], thetaRange: [], xMeans: [0], xScales: [1], thetaMeans: [],
      thetaScales: [], scoreScales: [1, 1], layerWidths: [1, 2], activation: "tanh",
      parameters: [0, 0, 0, 0], precision: "float32", trainingLoss: training,
      validationLoss: validation, bestEpoch: 14, settings: [], sample: sample, sampleDigest: "")
  }

  static func setup(hasSystematics: Bool = false) -> Setup {
    var setup = Setup(
      name: "toy",
      parameters: [
        Parameter(name: "c_a", lhaBlock: "toy", lhaID: 1, range: -1...1, maxPower: 1),
        Parameter(name: "c_b", lhaBlock: "toy", lhaID: 2, range: -1...1, maxPower: 1),
      ],
      benchmarks: [
        Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "a", values: [1, 0]),
        Benchmark(name: "b", values: [0, 1]),
      ],
      morphing: MorphingSetup(
        components: [[0, 0], [1, 0], [0, 1]], matrix: [1, 0, 0, -1, 1, 0, -1, 0, 1],
        benchmarkCount: 3),
      observables: [Observable(name: "pt_w", expression: nil, unit: "GeV")])
    guard hasSystematics else { return setup }
    setup.nuisanceBenchmarks = ["scale_up", "scale_down", "pdf_up"]
    setup.nuisanceParameters = [
      .init(
        name: "nu_scale", systematic: "scale", benchmarkPositive: "scale_up",
        benchmarkNegative: "scale_down"),
      .init(name: "nu_pdf", systematic: "pdf", benchmarkPositive: "pdf_up", benchmarkNegative: nil),
    ]
    return setup
  }

  /// 2000 rows with x exponential and weights 1, 1 + x/100, 1 − x/400 (times 1e-3 pb); with systematics those that scale
  /// the first by 1.1, 0.95 and 1.2.
  static func events(rows: Int = 2000, hasSystematics: Bool = false) -> (Header, Batch) {
    let setup = setup(hasSystematics: hasSystematics)
    let x = (0..<rows).map { -80 * log((Double($0) + 0.5) / Double(rows)) }
    let header = Header(
      kind: .events, document: setup.document(),
      fields: [
        Field(EventFields.observations, components: ["pt_w"]),
        Field(EventFields.weights, components: setup.weightNames),
        Field(EventFields.samplingBenchmark, .int64),
      ])
    let factors = hasSystematics ? [1.1e-3, 0.95e-3, 1.2e-3] : []
    let weights = x.flatMap { (x: Double) -> [Double] in
      let own: [Double] = [1e-3, 1e-3 * (1 + x / 100), 1e-3 * (1 - x / 400)]
      return own + factors
    }
    let batch = Batch(
      count: rows,
      columns: [
        .float64(x), .float64(weights), .int64([Int64](repeating: 0, count: rows)),
      ])
    return (header, batch)
  }

  static func write(_ kind: Kind, _ document: Document, to path: String) throws {
    try Output.writeDocument(
      Header(kind: kind, document: document), to: path, options: OutputOptions())
  }

  static func writeEvents(to path: String, hasSystematics: Bool = false) throws {
    let (header, batch) = events(hasSystematics: hasSystematics)
    let sink = try Output.openTable(path, header: header, options: OutputOptions())
    try sink.write(batch)
    try sink.finish()
  }
}
