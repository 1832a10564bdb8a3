import Diagnostics
import EventModel
import Inference
import TestSupport
import Testing

/// The wrong numbers of the reference system that concern information (spec/inference.md 7.1), turned round; each test is
/// named after its number. Numbers 3 and 4 are in GeometryTests and DistributionTests.
@Suite struct FisherWrongNumberTests {
  static let theta = [0.3, -0.2]
  static let luminosity = 3e5
  let events: CombinedEvents
  let point: MorphedPoint

  init() throws {
    events = try CombinedEvents(Toy.quadrature())
    point = try events.point(Self.theta)
  }

  /// The covariance of truth is Σ I_e ⊗ I_e, where MadMiner gives nine times as much.
  @Test(.needsShared) func number1CovarianceOfInformation() throws {
    let golden = try Golden("inference/results.json", "results")
    let entry = FisherInformation.truth(events, at: point, luminosity: Self.luminosity)
    let covariance = try #require(entry.covariance)
    #expect(deviation(covariance, try golden.numbers("A.truth.cov", "corrected")) < 1e-9)
    let shipped = try golden.numbers("A.truth.cov", "madminer")
    #expect(abs(shipped[0] / covariance[0] - 9) < 1e-6)
  }

  /// K members: the error of their mean falls as 1/√K, and does not depend on how events are batched.
  @Test func number5EnsembleGivesTheErrorOfTheMean() throws {
    struct Scaled: ScoreEvaluator {
      var factor: Double
      var name: String { "scaled" }
      var observableNames = ["x2", "x"]
      var parameterNames = ["t0", "t1"]
      func scores(_ x: [Double], rows: Int, at theta: [Double]) -> [Double] {
        ExactScore().scores(x, rows: rows, at: theta).map { factor * $0 }
      }
    }
    func variance(_ copies: Int, _ table: EventTable) throws -> Double {
      let models = (0..<copies).flatMap { _ in [Scaled(factor: 0.9), Scaled(factor: 1.1)] }
      func full(_ models: [any ScoreEvaluator]) throws -> Double {
        let entries = try DetectorInformation(
          CombinedEvents(table), part: .all, models: models, theta: [0, 0],
          luminosity: Self.luminosity
        ).entries()
        return try #require(entries.first { $0.name == "kinematic" }?.covariance)[0]
      }
      return try full(models) - full([Scaled(factor: 1)])
    }
    // dI = ±0.2·300 of each member: 60²·K/(K(K − 1)).
    for (copies, k) in [(1, 2.0), (4, 8)] {
      #expect(abs(try variance(copies, Toy.quadrature()) / (3600 / (k - 1)) - 1) < 1e-6)
    }
    // Many blocks of events instead of one.
    let many = try variance(1, Toy.quadrature(copies: 200))
    #expect(abs(many / 3600 - 1) < 1e-6)
  }

  /// σ in detector-level information is of all rows, the estimators' part notwithstanding.
  @Test func number14CrossSectionOfAllRows() throws {
    let entries = try DetectorInformation(
      events, part: .test, models: [ExactScore()], theta: Self.theta, luminosity: Self.luminosity
    ).entries()
    let rate = try #require(entries.first { $0.name == "rate" })
    let all = FisherInformation.binned(
      events.total, at: point, luminosity: Self.luminosity, name: "rate")
    #expect(deviation(rate.matrix, all.matrix) < 1e-10)
    #expect(deviation(rate.covariance ?? [], all.covariance ?? []) < 1e-10)
  }

  /// sqrt Σ dσ², which cannot be negative: at a point far outside, where morphing weights alternate in sign.
  @Test func number15CrossSectionError() throws {
    let far = try events.point([0.9, -0.9])
    let statistics = EventStatistics(events.crossSections(at: far))
    var sum = 0.0
    for row in 0..<events.table.count {
      let w = Array(events.table.weights[row * 6..<row * 6 + 6])
      let sigma = events.factors[row] * far.value(w)
      sum += sigma * sigma
    }
    #expect(abs(statistics.crossSectionError / sum.squareRoot() - 1) < 1e-12)
    #expect(abs(far.squaredError(events.total) / sum - 1) < 1e-9)
  }

  /// Negative densities: kept with their negative information, clipped, or refused with their number.
  @Test func number18NegativeDensities() throws {
    var setup = events.table.setup.truncated(to: .linear)
    #expect(setup.morphing?.components == [[0, 0], [0, 1], [1, 0]])
    var table = events.table
    table.setup = setup
    let linear = try CombinedEvents(table)
    let place = try linear.point([0.8, 0.3])
    // dσ = S₀φ (1 + 2 θ·a): negative where a is.
    let weights = linear.crossSections(at: place)
    let negative = weights.count { $0 < 0 }
    #expect(negative > 100)
    var space = InformationSpace(setup, handling: .none)
    func truth() throws -> Information.Entry {
      try FisherInformation.truth(
        linear, at: place, space: space, luminosity: Self.luminosity)
    }
    let kept = try truth()
    space.negative = .clip
    let clipped = try truth()
    #expect(clipped.matrix[0] > kept.matrix[0])
    var expected = 0.0
    for (row, sigma) in weights.enumerated() where sigma > 0 {
      let w = Array(table.weights[row * 6..<row * 6 + 6])
      let d = linear.factors[row] * place.gradient(w, 0)
      expected += Self.luminosity * d * d / sigma
    }
    #expect(abs(clipped.matrix[0] / expected - 1) < 1e-12)
    space.negative = .refuse
    let problem = #expect(throws: Problem.self) { try truth() }
    #expect(problem?.fact.hasPrefix("\(negative) of 1400 events") == true)
    setup = Toy.setup
    #expect(setup.truncated(to: .quadratic).morphing == setup.morphing)
    #expect(setup.truncated(to: nil).morphing == setup.morphing)
  }

  /// At linear order σ = S₀ and the information at θ = 0 is that of the whole polynomial.
  @Test func linearOrderOfTheToy() throws {
    var table = events.table
    table.setup = table.setup.truncated(to: .linear)
    let linear = try CombinedEvents(table)
    let (sigma, _) = try linear.point([0.5, -0.7]).crossSection(linear.total)
    #expect(abs(sigma / Toy.s0 - 1) < 1e-8)
    let entry = FisherInformation.truth(
      linear, at: try linear.point([0, 0]), luminosity: Self.luminosity)
    #expect(deviation(entry.matrix, [300, 0, 0, 216]) < 1e-8)
  }

  /// Expected errors of a matrix by hand: I = [[4, 2], [2, 2]], I⁻¹ = [[0.5, −0.5], [−0.5, 1]].
  @Test func expectedErrorsAndDirections() throws {
    let entry = Information.Entry(name: "a", matrix: [4, 2, 2, 2])
    let half = Double(0.5).squareRoot()
    #expect(deviation(entry.expectedErrors.fixed, [0.5, half]) < 1e-14)
    #expect(deviation(entry.expectedErrors.free, [half, 1]) < 1e-14)
    let (values, vectors) = try #require(entry.eigen)
    let root = Double(5).squareRoot()
    #expect(deviation(values, [3 + root, 3 - root]) < 1e-14)
    for k in 0..<2 {
      let v = [vectors[2 * k], vectors[2 * k + 1]]
      #expect(abs(4 * v[0] + 2 * v[1] - values[k] * v[0]) < 1e-13)
    }
    let flat = Information.Entry(name: "b", matrix: [4, 0, 0, 0])
    #expect(flat.expectedErrors.free == [0.5, .infinity])
  }
}
