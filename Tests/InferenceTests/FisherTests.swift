import Diagnostics
import EventModel
import Inference
import TestSupport
import Testing

/// Information of the toy against closed forms, and against an independent implementation to rounding
/// (1e-9 of the largest element: sums of 1,400 terms and morphing weights of order ten lose three digits of sixteen).
@Suite struct FisherTests {
  static let theta = [0.3, -0.2]
  static let luminosity = 3e5
  let events: CombinedEvents
  let point: MorphedPoint

  init() throws {
    events = try CombinedEvents(Toy.quadrature())
    point = try events.point(Self.theta)
  }

  @Test func truthIsFlat() {
    let entry = FisherInformation.truth(events, at: point, luminosity: Self.luminosity)
    #expect(deviation(entry.matrix, [300, 0, 0, 216]) < 1e-8)
  }

  @Test func rateIsClosedForm() {
    let entry = FisherInformation.binned(
      events.total, at: point, luminosity: Self.luminosity, name: "rate")
    let s = Toy.sigma(Self.theta)
    let d = [
      2 * Toy.s0 * Toy.c1 * Toy.c1 * Self.theta[0], 4 * Toy.s0 * Toy.c2 * Toy.c2 * Self.theta[1],
    ]
    let exact = [d[0] * d[0], d[0] * d[1], d[0] * d[1], d[1] * d[1]].map {
      Self.luminosity * $0 / s
    }
    #expect(deviation(entry.matrix, exact) < 1e-8)
  }

  @Test(.needsShared) func agreesWithReference() throws {
    let golden = try Golden("inference/results.json", "results")
    let truth = FisherInformation.truth(events, at: point, luminosity: Self.luminosity)
    #expect(deviation(truth.matrix, try golden.numbers("A.truth.I", "reference")) < 1e-9)
    #expect(
      deviation(truth.covariance ?? [], try golden.numbers("A.truth.cov", "corrected")) < 1e-9)
    let rate = FisherInformation.binned(
      events.total, at: point, luminosity: Self.luminosity, name: "rate")
    #expect(deviation(rate.matrix, try golden.numbers("A.rate.I", "reference")) < 1e-9)
    #expect(
      deviation(rate.covariance ?? [], try golden.numbers("A.rate.cov", "corrected_full")) < 1e-9)
  }

  @Test(.needsShared, arguments: ["fixed", "array"])
  func histogramAgreesWithReference(_ binning: String) throws {
    let golden = try Golden("inference/results.json", "results")
    let name = "A.histo1d.\(binning)"
    let edges = try golden.numbers(name + ".I", "edges")
    let table = try events.fill("x", edges: edges)
    let entry = FisherInformation.binned(
      table, at: point, luminosity: Self.luminosity, name: "histogram")
    #expect(deviation(entry.matrix, try golden.numbers(name + ".I", "reference")) < 1e-9)
    #expect(
      deviation(entry.covariance ?? [], try golden.numbers(name + ".cov", "corrected_full")) < 1e-9)
    // 280 nodes stand for infinitely many events: 4e-4 of the information is the binning of the quadrature.
    #expect(deviation(entry.matrix, try golden.numbers(name + ".I", "analytic")) < 1e-3)
  }

  @Test(.needsShared) func quantileBinsAgreeWithReference() throws {
    let golden = try Golden("inference/results.json", "results")
    let edges = try events.quantileEdges("x", bins: 10, theta: Self.theta)
    #expect(deviation(edges, try golden.numbers("A.histo1d.dynamic.I", "edges")) < 1e-9)
  }

  /// Pair sums give what a pass over events gives: Σ_e v ⊗ v of the definition, and the bias likewise.
  @Test func covarianceAndBiasOfDefinition() throws {
    let edges = [-1.0, 0.5, 2]
    let table = try events.fill("x", edges: edges)
    let entry = FisherInformation.binned(
      table, at: point, luminosity: Self.luminosity, name: "histogram")
    var covariance = [Double](repeating: 0, count: 16)
    var bias = [Double](repeating: 0, count: 4)
    for row in 0..<events.table.count {
      let w = Array(events.table.weights[row * 6..<row * 6 + 6])
      let bin = table.bin(of: events.table.observations[2 * row])
      let (sigma, d) = point.crossSection(table, bin: bin)
      let r = d.map { $0 / sigma }
      let value = point.value(w)
      let gradient = (0..<2).map { point.gradient(w, $0) }
      let q = (0..<2).map { gradient[$0] - r[$0] * value }
      let v = (0..<4).map { k in
        Self.luminosity
          * (gradient[k / 2] * r[k % 2] + r[k / 2] * gradient[k % 2] - r[k / 2] * r[k % 2] * value)
      }
      for k in 0..<16 { covariance[k] += v[k / 4] * v[k % 4] }
      for k in 0..<4 { bias[k] += Self.luminosity / sigma * q[k / 2] * q[k % 2] }
    }
    #expect(deviation(entry.covariance ?? [], covariance) < 1e-9)
    #expect(deviation(entry.bias ?? [], bias) < 1e-9)
  }

  @Test func threadsDoNotMatter() throws {
    let one = try CombinedEvents(Toy.quadrature(copies: 80), team: .init(threads: 1))
    let two = try CombinedEvents(Toy.quadrature(copies: 80), team: .init(threads: 3))
    #expect(one.total == two.total)
    #expect(
      FisherInformation.truth(one, at: point, luminosity: 1)
        == FisherInformation.truth(two, at: point, luminosity: 1))
  }

  @Test(.needsShared) func detectorInformationOfTheExactScore() throws {
    let entries = try DetectorInformation(
      events, part: .test, models: [ExactScore()], theta: [0, 0], luminosity: Self.luminosity
    ).entries()
    let golden = try Golden("inference/results.json", "results")
    let exact = try golden.numbers("A.full_information.I", "analytic")
    // The exact score is in the span of itself, so all versions are the truth; the rate has no gradient at θ = 0.
    for name in ["retained", "full", "kinematic", "kinematic_retained", "kinematic_truth"] {
      let entry = try #require(entries.first { $0.name == name })
      #expect(deviation(entry.matrix, exact) < 1e-8, "\(name)")
    }
  }

  /// A noisy score: plug-in is inflated by the noise, retained cannot exceed the truth.
  @Test func retainedInformationOfANoisyScore() throws {
    struct Noisy: ScoreEvaluator {
      var name = "noisy"
      var observableNames = ["x2", "x"]
      var parameterNames = ["t0", "t1"]
      func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
        ExactScore().scores(x, rows: rows, at: theta).enumerated().map {
          // Antisymmetric over neighbouring nodes: uncorrelated with smooth functions, variance 1.
          $0.element + ($0.offset / 2 % 2 == 0 ? 1 : -1)
        }
      }
    }
    let entries = try DetectorInformation(
      events, part: .all, models: [Noisy()], theta: [0, 0], luminosity: Self.luminosity
    ).entries()
    let plugIn = try #require(entries.first { $0.name == "kinematic" }).matrix
    let retained = try #require(entries.first { $0.name == "kinematic_retained" }).matrix
    // n = 300; E[t t] = (1, 0.72) and noise of variance 1 in both components, fully correlated.
    #expect(deviation(plugIn, [600, 300, 300, 516]) < 1e-3)
    let c = [2.0, 1, 1, 1.72]
    let det = c[0] * c[3] - c[1] * c[2]
    let exact = [c[3] / det, -0.72 * c[1] / det, -0.72 * c[1] / det, 0.72 * 0.72 * c[0] / det]
    #expect(deviation(retained, exact.map { 300 * $0 }) < 1e-3)
  }

  /// The covariance of the detector's matrices against a jackknife over the events (linear functionals agree to the
  /// order of 1/rows).
  @Test func detectorCovarianceAgainstJackknife() throws {
    let base = Toy.quadrature(nodes: 40, copies: 1)
    func matrices(_ table: EventTable) throws -> [Information.Entry] {
      try DetectorInformation(
        CombinedEvents(table), part: .all, models: [ExactScore()], theta: [0.3, -0.2],
        luminosity: 3e5
      ).entries()
    }
    let central = try matrices(base)
    for (position, entry) in central.enumerated() {
      var covariance = [Double](repeating: 0, count: 16)
      let step = 1e-5
      for row in 0..<base.count {
        var table = base
        for b in 0..<6 { table.weights[row * 6 + b] *= 1 + step }
        let moved = try matrices(table)[position].matrix
        let d = zip(moved, entry.matrix).map { ($0 - $1) / step }
        for k in 0..<16 { covariance[k] += d[k / 4] * d[k % 4] }
      }
      #expect(deviation(entry.covariance ?? [], covariance) < 1e-4, "\(entry.name)")
    }
  }

  @Test func ensembleSpreadIsTheErrorOfTheMean() throws {
    struct Scaled: ScoreEvaluator {
      var factor: Double
      var name: String { "scaled" }
      var observableNames = ["x2", "x"]
      var parameterNames = ["t0", "t1"]
      func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
        ExactScore().scores(x, rows: rows, at: theta).map { factor * $0 }
      }
    }
    func full(_ models: [any ScoreEvaluator]) throws -> Information.Entry {
      let entries = try DetectorInformation(
        events, part: .all, models: models, theta: [0, 0], luminosity: Self.luminosity
      ).entries()
      return entries[3]
    }
    // Entry 3 is the kinematic plug-in.
    let ensemble = try full([Scaled(factor: 0.9), Scaled(factor: 1), Scaled(factor: 1.1)])
    let single = try full([Scaled(factor: 1)])
    #expect(deviation(ensemble.matrix, single.matrix) < 1e-12)
    // dI = ±2·0.1·I twice, so variance 2·(0.2·300)²/(3·2) = 1200 comes on top.
    let extra = (ensemble.covariance?[0] ?? 0) - (single.covariance?[0] ?? 0)
    #expect(abs(extra - 1200) < 1e-4)
  }
}

@Suite struct FisherBadInput {
  @Test func noEvents() {
    var table = Toy.quadrature()
    table.count = 0
    table.weights = []
    #expect(throws: Problem.self) { try CombinedEvents(table, file: "events.h5") }
  }

  @Test func infiniteWeightNamesTheRow() throws {
    var table = Toy.quadrature()
    table.weights[6 * 17 + 2] = .infinity
    let problem = #expect(throws: Problem.self) { try CombinedEvents(table, file: "events.h5") }
    #expect(problem?.place == "row 18")
    #expect(problem?.file == "events.h5")
    #expect(problem?.kind == .data)
  }

  @Test func unknownObservableListsNames() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let problem = #expect(throws: Problem.self) { try events.fill("pt", edges: [0]) }
    #expect(problem?.remedy?.contains("x, x2") == true)
  }

  @Test func undefinedObservableNamesTheRow() throws {
    var table = Toy.quadrature()
    table.observations[2 * 4] = .nan
    let events = try CombinedEvents(table)
    let problem = #expect(throws: Problem.self) { try events.fill("x", edges: [0]) }
    #expect(problem?.place == "row 5")
    // The other column is whole.
    _ = try events.fill("x2", edges: [1])
  }

  @Test(arguments: [[], [1.0, 1], [2, 1], [0, .nan]])
  func edgesMustIncrease(_ edges: [Double]) throws {
    let events = try CombinedEvents(Toy.quadrature())
    let problem = #expect(throws: Problem.self) { try events.fill("x", edges: edges) }
    #expect(problem?.kind == .usage)
  }

  @Test func modelOfOtherParameters() throws {
    let events = try CombinedEvents(Toy.quadrature())
    var model = ExactScore()
    model.parameterNames = ["t0", "t2"]
    let problem = #expect(throws: Problem.self) {
      _ = try DetectorInformation(
        events, part: .all, models: [model], theta: [0, 0], luminosity: 1)
    }
    #expect(problem?.kind == .data)
  }

  @Test func negativeQuantileWeights() throws {
    var table = Toy.quadrature()
    for b in 0..<6 { table.weights[b] = -1e-9 }
    let events = try CombinedEvents(table)
    #expect(throws: Problem.self) { try events.quantileEdges("x", bins: 4, theta: [0, 0]) }
  }
}
