import Diagnostics
import EventModel
import Glibc
import Numerics
import TestSupport
import Testing

@testable import Estimators

/// Calibrations of a ratio, and how they run between points.
@Suite struct CalibrationTests {
  // MARK: Interpolation

  private static func points(_ count: Int) -> [Double] {
    var stream = PhiloxStream(seed: 7, purpose: .testing, item: 1)
    return (0..<2 * count).map { _ in stream.uniform(-1, 1) }
  }

  @Test func interpolationIsExactAtPointsAndForLinearFunctions() throws {
    let points = Self.points(12)
    let spline = try PointInterpolation(points: points, scales: [2, 0.5])
    for k in 0..<12 {
      let weights = spline.weights(at: points[2 * k..<2 * k + 2], gradient: false).values
      for (i, weight) in weights.enumerated() { #expect(weight == (i == k ? 1 : 0)) }
      // Beside a point the weights are near those at it: nothing jumps.
      let near = spline.weights(at: [points[2 * k] + 1e-6, points[2 * k + 1]], gradient: false)
      for (i, weight) in near.values.enumerated() {
        #expect(abs(weight - (i == k ? 1 : 0)) < 1e-4)
      }
    }
    for theta in [[0.1, -0.3], [0.9, 0.4], [2, -3]] {
      let weights = spline.weights(at: theta, gradient: false).values
      #expect(abs(weights.reduce(0, +) - 1) < 1e-9)
      for d in 0..<2 {
        let sum = weights.indices.reduce(0) { $0 + weights[$1] * points[2 * $1 + d] }
        #expect(abs(sum - theta[d]) < 1e-8)
      }
    }
  }

  @Test func interpolationOfASmoothFunctionConverges() throws {
    func error(_ n: Int) throws -> Double {
      let axis = (0..<n).map { -1 + 2 * Double($0) / Double(n - 1) }
      var points: [Double] = []
      for x in axis { for y in axis { points += [x, y] } }
      let spline = try PointInterpolation(points: points, scales: [2, 2])
      let f = { (x: Double, y: Double) in log(1 + 0.5 * x + 0.4 * y * y) }
      var worst = 0.0
      for theta in [[0.13, 0.21], [-0.37, 0.44], [0.55, -0.61]] {
        let weights = spline.weights(at: theta, gradient: false).values
        let value = weights.indices.reduce(0) {
          $0 + weights[$1] * f(points[2 * $1], points[2 * $1 + 1])
        }
        worst = max(worst, abs(value - f(theta[0], theta[1])))
      }
      return worst
    }
    let (coarse, fine) = (try error(5), try error(9))
    #expect(coarse < 0.01 && fine < coarse / 2, "\(coarse) \(fine)")
  }

  @Test func interpolationWeightsHaveTheirGradient() throws {
    let spline = try PointInterpolation(points: Self.points(9), scales: [1, 3])
    let theta = [0.2, -0.4]
    let slopes = spline.weights(at: theta, gradient: true).gradient
    for d in 0..<2 {
      var (up, down) = (theta, theta)
      up[d] += 1e-5
      down[d] -= 1e-5
      let (a, b) = (
        spline.weights(at: up, gradient: false).values,
        spline.weights(at: down, gradient: false).values
      )
      for k in 0..<9 { #expect(abs((a[k] - b[k]) / 2e-5 - slopes[2 * k + d]) < 1e-6) }
    }
  }

  /// Points on a line say nothing of what is beside it; one point says the same everywhere.
  @Test func pointsThatDoNotSpanEverything() throws {
    let line = try PointInterpolation(points: [0, 0, 1, 0, 2, 0], scales: [2, 1])
    let weights = line.weights(at: [1.5, 0.001], gradient: false).values
    #expect(abs(weights.reduce(0, +) - 1) < 1e-9)
    #expect(abs(weights[1] + 2 * weights[2] - 1.5) < 1e-9)
    let one = try PointInterpolation(points: [0.5, 1], scales: [1, 1])
    #expect(abs(one.weights(at: [9, -3], gradient: false).values[0] - 1) < 1e-12)
    #expect(throws: (any Error).self) {
      try PointInterpolation(points: [0, 0, 0, 0], scales: [1, 1])
    }
  }

  // MARK: Isotonic regression

  /// Against max_{j≤i} min_{k≥i} Σw₀/Σw₁ over groups (Robertson, Wright and Dykstra 1988, 1.4), without pools.
  @Test func poolsAreTheIsotonicRegression() throws {
    var stream = PhiloxStream(seed: 3, purpose: .testing, item: 2)
    let n = 400
    // Equal weights of the denominator: groups are of exactly ten events where those of the numerator are equal too.
    let logs = (0..<n).map { Double($0) / 100 - 2 }
    var ratios: [Double] = []
    for group in 0..<40 {
      let noise = 0.3 * stream.normal()
      ratios.append(exp(logs[10 * group] / 2 + noise))
    }
    let numerator = (0..<n).map { ratios[$0 / 10] }
    let (knots, values) = try RatioCalibrator.isotonic(
      logs, numerator: numerator, denominator: [Double](repeating: 1, count: n), name: "test")
    #expect(zip(knots, knots.dropFirst()).allSatisfy { $0 < $1 })
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
    let mean = ratios.reduce(0, +) / 40
    var expected: [Double] = []
    for i in 0..<40 {
      var largest = 0.0
      for j in 0...i {
        var least = Double.infinity
        for k in i..<40 {
          let sum: Double = ratios[j...k].reduce(0, +)
          least = min(least, sum / Double(k - j + 1))
        }
        largest = max(largest, least)
      }
      expected.append(log(largest / mean))
    }
    let steps = (0..<40).filter { (i: Int) -> Bool in
      i == 0 || expected[i] > expected[i - 1] + 1e-12
    }
    #expect(values.count == steps.count)
    for (value, step) in zip(values, steps) { #expect(abs(value - expected[step]) < 1e-9) }
  }

  @Test func tooFewEventsAndEqualRatios() throws {
    let problem = #expect(throws: Problem.self) {
      try RatioCalibrator.isotonic([0, 1], numerator: [1, 1], denominator: [1, 1], name: "here")
    }
    #expect(problem?.kind == .data && problem?.fact.contains("here") == true)
    let (knots, values) = try RatioCalibrator.isotonic(
      [Double](repeating: 0.5, count: 100), numerator: [Double](repeating: 2, count: 100),
      denominator: [Double](repeating: 3, count: 100), name: "same")
    #expect(knots == [0.5] && abs(values[0]) < 1e-12)
  }

  // MARK: In a model

  /// A network whose form holds the exact ratio of the toy.
  static func exact() throws -> Model {
    try train(network: .polynomial)
  }

  private static func train(network: TrainingPlan.NetworkKind) throws -> Model {
    let sample = try TrainingRows(
      AmplitudeToy.sample(rows: 20_000, seed: 1), columns: EstimatorTrainer.columns(for: .alice))
    var plan = RatioTests.plan()
    plan.training.epochs = 8
    return try EstimatorTrainer(plan: plan, team: ThreadTeam(threads: 2), journal: Journal())
      .trainRatio(sample, method: .alice, network: network)
  }

  /// log r̂ = 2 l + 0.3 for the l that a network has learned: monotonic, and wrong by up to 1.
  static func distorted() throws -> (good: Model, bad: Model) {
    let good = try train(network: .perceptron)
    var bad = good
    let last = good.layerWidths[good.layerWidths.count - 2]
    for i in good.parameters.indices.suffix(last + 1) { bad.parameters[i] *= 2 }
    bad.parameters[bad.parameters.count - 1] += 0.3
    return (good, bad)
  }

  /// Drawn rows say what weighted events say: isotonic calibration finds the exact ratio again at the points that the sample
  /// was drawn at, without any gold; expectation needs rows of θ1 alone.
  @Test func aSampleCalibratesWithoutWeights() throws {
    let team = ThreadTeam(threads: 2)
    let bad = try Estimator([Self.distorted().bad], team: team)
    let points = [-0.6, 0.6]
    let rows = try SampleHypotheses(
      TrainingRows(
        AmplitudeToy.sample(rows: 80_000, seed: 11, points: points),
        columns: SampleHypotheses.columns(for: bad)), estimator: bad)
    func error(_ method: Calibration.Method?) throws -> Double {
      var ensemble = ModelEnsemble(bad.models[0])
      if let method {
        ensemble.calibration = try RatioCalibrator(events: rows, journal: Journal()).calibrate(
          bad, method: method, points: points.map { ("\($0)", [$0]) }, eventsDigest: "")
      }
      let estimator = try Estimator([ensemble], team: team)
      let x = (0..<101).map { Double($0) / 50 - 1 }
      var sum = 0.0
      for theta in points {
        let logs = try estimator.logRatio(x: x, theta: [theta])
        for (log, x) in zip(logs, x) {
          let difference = log - AmplitudeToy.logRatio(x: x, theta: theta)
          sum += difference * difference
        }
      }
      return sum / 202
    }
    let (plain, isotonic) = (try error(nil), try error(.isotonic))
    #expect(plain > 0.1 && isotonic < plain / 10, "\(plain) \(isotonic)")
    let calibrator = RatioCalibrator(events: rows, journal: Journal())
    let elsewhere: [(String, [Double])] = [("here", [0.25])]
    let shifted = try calibrator.calibrate(
      bad, method: .expectation, points: elsewhere, eventsDigest: "")
    // E[r] = 1 over the rows of theta1, which are every other row.
    let logs = try bad.logRatio(x: rows.x, theta: [0.25])
    let mean = stride(from: 1, to: logs.count, by: 2).reduce(0) { $0 + exp(logs[$1]) }
    #expect(abs(mean / 40_000 * exp(shifted.corrections[0][0]) - 1) < 1e-12)
    let problem = #expect(throws: Problem.self) {
      try calibrator.calibrate(bad, method: .isotonic, points: elsewhere, eventsDigest: "")
    }
    #expect(problem?.kind == .data && problem?.fact.contains("drawn at theta=0.25") == true)
    var other = bad.models[0]
    other.referenceTheta = [0.5]
    let moved = try Estimator([other], team: team)
    let misfit = #expect(throws: Problem.self) {
      try SampleHypotheses(
        TrainingRows(
          AmplitudeToy.sample(rows: 10, seed: 1), columns: SampleHypotheses.columns(for: moved)),
        estimator: moved)
    }
    #expect(misfit?.fact.contains("theta1") == true)
  }

  /// A ratio of two hypotheses with log r̂ twice too large is right again at the pair that rows were drawn at, and what is
  /// antisymmetric stays so everywhere: to rounding, since the spline is solved for.
  @Test(arguments: Calibration.Method.allCases)
  func aPairIsCalibratedAndStaysAntisymmetric(_ method: Calibration.Method) throws {
    let team = ThreadTeam(threads: 2)
    var model = try PairTests.train(.alices, precision: .float64)
    let last = model.layerWidths[model.layerWidths.count - 2]
    for i in model.parameters.indices.suffix(last + 1) { model.parameters[i] *= 2 }
    let bad = try Estimator([model], team: team)
    let source = GaussianToy.pairSample(
      rows: 60_000, seed: 5, theta0: 1.5...1.5, theta1: -1...(-1))
    let rows = try SampleHypotheses(
      TrainingRows(source, columns: SampleHypotheses.columns(for: bad)), estimator: bad)
    let calibrator = RatioCalibrator(events: rows, journal: Journal())
    var ensemble = ModelEnsemble(model)
    ensemble.calibration = try calibrator.calibrate(
      bad, method: method, points: [("a", [1.5]), ("theta1", [-1])], denominator: [-1],
      eventsDigest: "")
    #expect(ensemble.calibration?.points == [1.5, -1, -1, 1.5])
    #expect(try ModelEnsemble(document: ensemble.document).calibration == ensemble.calibration)
    let good = try Estimator([ensemble], team: team)
    func logs(_ estimator: Estimator, _ x: [Double], _ a: Double, _ b: Double) throws -> [Double] {
      try estimator.logRatio(x: x, theta: [a], denominator: [b])
    }
    // What each method promises at the pair.
    switch method {
    case .expectation:
      let own = try logs(good, rows.x, 1.5, -1)
      let mean = stride(from: 1, to: own.count, by: 2).reduce(0) { $0 + exp(own[$1]) }
      #expect(abs(mean / 30_000 - 1) < 1e-9)
    case .isotonic:
      let x = stride(from: -3.0, through: 3.0, by: 0.5).map { $0 }
      func error(_ estimator: Estimator) throws -> Double {
        try zip(x, logs(estimator, x, 1.5, -1)).reduce(0) { sum, row in
          let exact = GaussianToy.logRatio(x: row.0, theta: 1.5, over: -1)
          return sum + (row.1 - exact) * (row.1 - exact) / 13
        }
      }
      let (plain, corrected) = (try error(bad), try error(good))
      #expect(plain > 0.3 && corrected < plain / 10, "\(plain) \(corrected)")
    }
    let x = [-2.0, 0.1, 3]
    for (a, b) in [(1.5, -1.0), (0.3, -2), (2, 2.5), (1, 1)] {
      let (own, turned) = (try logs(good, x, a, b), try logs(good, x, b, a))
      for i in x.indices { #expect(abs(own[i] + turned[i]) < 1e-9) }
      if a == b { for value in own { #expect(abs(value) < 1e-9) } }
      // One θ for all rows and one for each say the same; scores are the slopes.
      let (each, first, second) = try good.logRatioAndScores(
        x: x, theta: [a, a, a], denominator: [b, b, b])
      let h = 1e-6
      let (up, down) = (try logs(good, x, a + h, b), try logs(good, x, a - h, b))
      let (up1, down1) = (try logs(good, x, a, b + h), try logs(good, x, a, b - h))
      for i in x.indices {
        #expect(abs(each[i] - own[i]) < 1e-12)
        let slopes = ((up[i] - down[i]) / (2 * h), (down1[i] - up1[i]) / (2 * h))
        #expect(abs(slopes.0 - first[i]) < 1e-5 * max(1, abs(first[i])))
        #expect(abs(slopes.1 - second[i]) < 1e-5 * max(1, abs(second[i])))
      }
    }
    let nothing = #expect(throws: Problem.self) {
      try calibrator.calibrate(
        bad, method: method, points: [("theta1", [-1])], denominator: [-1], eventsDigest: "")
    }
    #expect(nothing?.kind == .usage)
    let absent = #expect(throws: Problem.self) {
      try calibrator.calibrate(bad, method: method, points: [("a", [1.5])], eventsDigest: "")
    }
    #expect(absent?.fact == "no row of the sample is drawn at theta=0.0")
  }

  @Test func scoresFollowTheCalibration() throws {
    let team = ThreadTeam(threads: 1)
    var ensemble = ModelEnsemble(ExportModels.model(.ratio, precision: "float64"))
    ensemble.calibration = Calibration(
      method: .isotonic, points: [-1, 0, 1, 0, 0, 1, 0.5, -1], scales: [2, 2],
      knots: [[-3, 0, 2], [0], [-3, 3], [-1, 1]],
      corrections: [[0.2, -0.1, 0.5], [0.3], [0.1, -0.4], [0, 0.2]],
      errors: [0, 0, 0, 0], part: .validation, eventsDigest: "")
    let estimator = try Estimator([ensemble], team: team)
    // One θ for all rows, and one for each, say the same.
    let theta = [0.3, 0.2]
    let (values, gradient) = try estimator.logRatioAndGradient(x: ExportModels.x, theta: theta)
    let each = (0..<ExportModels.rows).flatMap { _ in theta }
    let own = try estimator.logRatioAndGradient(x: ExportModels.x, theta: each)
    #expect(own.logRatio == values && own.gradient == gradient)
    for d in 0..<2 {
      var (up, down) = (theta, theta)
      up[d] += 1e-6
      down[d] -= 1e-6
      let a = try estimator.logRatio(x: ExportModels.x, theta: up)
      let b = try estimator.logRatio(x: ExportModels.x, theta: down)
      for row in values.indices {
        let difference = (a[row] - b[row]) / 2e-6
        #expect(abs(difference - gradient[2 * row + d]) < 1e-5 * max(1, abs(difference)))
      }
    }
  }

  @Test func refusals() throws {
    let team = ThreadTeam(threads: 1)
    let estimator = try Estimator([Self.distorted().bad], team: team)
    let events = try WeightedTestEvents(
      AmplitudeToy.events(500, seed: 1), estimator: estimator, part: .all)
    let calibrator = RatioCalibrator(events: events, journal: Journal())
    let missing = #expect(throws: Problem.self) {
      try calibrator.calibrate(estimator, method: .isotonic, points: [], eventsDigest: "")
    }
    #expect(missing?.kind == .usage)
    let calibration = try calibrator.calibrate(
      estimator, method: .expectation, points: [("a", [0.5]), ("b", [0.5])], eventsDigest: "")
    #expect(calibration.count == 1)
    let elsewhere = #expect(throws: Problem.self) {
      try calibrator.calibrate(
        estimator, method: .expectation, points: [("a", [0.5])], denominator: [0.25],
        eventsDigest: "")
    }
    #expect(elsewhere?.kind == .usage && elsewhere?.fact.contains("one theta1") == true)
    var ensemble = ModelEnsemble(estimator.models[0])
    ensemble.calibration = calibration
    let merged = #expect(throws: Problem.self) {
      try ModelEnsemble.merged([("a.h5", ensemble), ("b.h5", ensemble)])
    }
    #expect(merged?.fact.contains("calibrated") == true && merged?.file == "a.h5")
    var document = ensemble.document
    document["model/calibration/knots"] = nil
    #expect(throws: Problem.self) { try ModelEnsemble(document: document) }
  }
}
