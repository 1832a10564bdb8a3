import EventModel
import Glibc
import Inference

/// The toy of spec/inference.md 8.1: dσ(x|θ) = S₀ φ(x) (1 + θ₀C₁x + θ₁C₂(x²−1))², observables x and x².
enum Toy {
  static let s0 = 1e-3
  static let c1 = 0.5
  static let c2 = 0.3
  static let benchmarks: [(String, [Double])] = [
    ("sm", [0, 0]), ("w", [0.6, 0]), ("neg_w", [-0.6, 0]), ("ww", [0, 0.6]), ("neg_ww", [0, -0.6]),
    ("mix", [0.5, 0.5]),
  ]

  static func density(_ x: Double, _ t: [Double]) -> Double {
    let amplitude = 1 + t[0] * c1 * x + t[1] * c2 * (x * x - 1)
    return s0 * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() * amplitude * amplitude
  }

  /// σ(θ) in closed form.
  static func sigma(_ t: [Double]) -> Double {
    s0 * (1 + c1 * c1 * t[0] * t[0] + 2 * c2 * c2 * t[1] * t[1])
  }

  static var setup: Setup {
    let parameters = ["t0", "t1"].enumerated().map {
      Parameter(name: $0.element, lhaBlock: "toy", lhaID: $0.offset + 1, range: -1...1)
    }
    // The inverse of the matrix of monomials 1, t1, t1², t0, t0 t1, t0² at the benchmarks, by hand.
    let rows: [[Double]] = [
      [1, 0, 0, 0, 0, 0],
      [0, 0, 0, 1 / 1.2, -1 / 1.2, 0],
      [-1 / 0.36, 0, 0, 0.5 / 0.36, 0.5 / 0.36, 0],
      [0, 1 / 1.2, -1 / 1.2, 0, 0, 0],
      [
        4 * (-1 + 0.5 / 0.36), 4 * (-0.5 / 1.2 - 0.25 * 0.5 / 0.36),
        4 * (0.5 / 1.2 - 0.25 * 0.5 / 0.36), 4 * (-0.5 / 1.2 - 0.25 * 0.5 / 0.36),
        4 * (0.5 / 1.2 - 0.25 * 0.5 / 0.36), 4,
      ],
      [-1 / 0.36, 0.5 / 0.36, 0.5 / 0.36, 0, 0, 0],
    ]
    return Setup(
      name: "toy", parameters: parameters,
      benchmarks: benchmarks.map { Benchmark(name: $0.0, values: $0.1) },
      morphing: MorphingSetup(
        components: [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0]], matrix: rows.flatMap { $0 },
        benchmarkCount: 6),
      observables: ["x", "x2"].map { Observable(name: $0, expression: nil) })
  }

  /// Midpoint quadrature on [−7, 7], `copies` times over: the content of toy_quadrature.h5.
  static func quadrature(nodes: Int = 280, copies: Int = 5) -> EventTable {
    let h = 14.0 / Double(nodes)
    let x = (0..<nodes * copies).map { -7 + h * (Double($0 % nodes) + 0.5) }
    let weights = x.flatMap { x in
      benchmarks.map { density(x, $0.1) * h / Double(copies) }
    }
    return EventTable(
      setup: setup,
      samples: [
        SampleRecord(
          file: "toy", process: "toy", samplingBenchmark: 0, eventsRead: x.count,
          eventsKept: x.count)
      ], hasSampleTable: false, count: x.count, weights: weights,
      observations: x.flatMap { [$0, $0 * $0] }, observableNames: ["x", "x2"],
      sampleIndices: [Int32](repeating: 0, count: x.count))
  }
}

/// The exact score at θ = 0: linear in the observables.
struct ExactScore: ScoreEvaluator {
  var name = "exact"
  var observableNames = ["x2", "x"]
  var parameterNames = ["t0", "t1"]
  func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
    (0..<rows).flatMap { (row: Int) -> [Double] in
      [2 * Toy.c1 * x[2 * row + 1], 2 * Toy.c2 * (x[2 * row] - 1)]
    }
  }
}

/// The exact score at θ = 0 and a constant, as a badly trained network may give it.
struct ShiftedScore: ScoreEvaluator {
  var name = "shifted"
  var observableNames = ["x2", "x"]
  var parameterNames = ["t0", "t1"]
  func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
    ExactScore().scores(x, rows: rows, at: theta).enumerated().map { $1 + 0.1 + Double($0 % 2) }
  }
}

/// The exact ratio of the toy, as a model of x; `offset` adds to log r what cancels between two members.
struct ExactRatio: RatioEvaluator {
  var name = "exact"
  var observableNames = ["x"]
  var parameterNames = ["t0", "t1"]
  var referenceTheta: [Double]
  var thetaRange: [ClosedRange<Double>] = [-1...1, -1...1]
  var offset: Double

  init(reference: [Double], offset: Double = 0) {
    referenceTheta = reference
    self.offset = offset
  }

  func ratios(_ x: [Double], rows: Int) -> any RowLogRatios { Rows(model: self, x: x) }

  private struct Rows: RowLogRatios {
    let model: ExactRatio
    let x: [Double]
    var rowCount: Int { x.count }

    func values(at t: [Double]) -> [Double] {
      x.map { x in
        let ratio = Toy.density(x, t) / Toy.density(x, model.referenceTheta)
        return log(ratio * Toy.sigma(model.referenceTheta) / Toy.sigma(t)) + model.offset * x * t[0]
      }
    }

    func valuesAndGradients(at t: [Double]) -> (values: [Double], gradients: [Double]) {
      let s = Toy.sigma(t) / Toy.s0
      let gradients = x.flatMap { (x: Double) -> [Double] in
        let a = 1 + t[0] * Toy.c1 * x + t[1] * Toy.c2 * (x * x - 1)
        let g0 = 2 * Toy.c1 * x / a - 2 * Toy.c1 * Toy.c1 * t[0] / s + model.offset * x
        let g1 = 2 * Toy.c2 * (x * x - 1) / a - 4 * Toy.c2 * Toy.c2 * t[1] / s
        return [g0, g1]
      }
      return (values(at: t), gradients)
    }
  }
}
