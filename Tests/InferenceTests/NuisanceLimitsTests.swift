import Diagnostics
import EventIO
import EventModel
import Glibc
import Inference
import Morphing
import Numerics
import TestSupport
import Testing

/// Events that are only counted: n = N (1 + effect·θ) exp(aν) with a = ln(1 + size).
enum CountingToy {
  static func events(
    _ size: Double, effect: Double = 0.05, count: Int = 1
  ) throws -> CombinedEvents {
    var setup = Setup(
      name: "counting",
      parameters: [Parameter(name: "t", lhaBlock: "toy", lhaID: 1, range: -10...10)],
      benchmarks: [Benchmark(name: "sm", values: [0]), Benchmark(name: "w", values: [1])],
      morphing: MorphingSetup(
        components: [[0], [1]], matrix: [1, 0, -1, 1], benchmarkCount: 2),
      observables: [])
    setup.nuisanceParameters = [
      NuisanceParameter(
        name: "nu", systematic: "norm", benchmarkPositive: "up", benchmarkNegative: nil)
    ]
    setup.nuisanceBenchmarks = ["up"]
    let row = [1 / Double(count), (1 + effect) / Double(count), (1 + size) / Double(count)]
    return try CombinedEvents(
      EventTable(
        setup: setup,
        samples: [
          SampleRecord(
            file: "toy", process: "toy", samplingBenchmark: 0, eventsRead: count,
            eventsKept: count)
        ], hasSampleTable: false, count: count, weights: (0..<count).flatMap { _ in row },
        sampleIndices: [Int32](repeating: 0, count: count)))
  }

  static func settings(_ axis: ClosedRange<Double>) -> LimitSettings {
    LimitSettings(
      axes: [GridAxis(parameter: "t", lower: axis.lowerBound, upper: axis.upperBound, count: 11)],
      bounds: [-10...10], wantsImpacts: true)
  }
}

@Suite struct NuisanceLimitsTests {
  /// The toy of events.md 10.1: 10⁴ events, an effect of 5 %, a normalisation known to 0, 2, 5 and 10 %. The error of the
  /// profiled parameter is sqrt(1/N + ln²(1 + s))/0.05 from the information; MadMiner's own test allows 10 %.
  @Test(arguments: [0.0, 0.02, 0.05, 0.10]) func profiledError(_ size: Double) throws {
    let a = log(1 + size)
    let limits = try LimitSource(CountingToy.events(size), luminosity: 1e4).expected(
      axes: [], thetaTrue: [0], settings: CountingToy.settings(-8...8))
    let exact = (1e-4 + a * a).squareRoot() / 0.05
    #expect(limits.parameterNames == ["t", "nu"])
    #expect(limits.profiledParameters == [1])
    // Second derivatives from differences of the gradient.
    #expect(relativeError(limits.fit.errors[0], exact) < 1e-5)
    // One count cannot constrain ν beside θ, and the two are as correlated as their effects on the count.
    #expect(relativeError(limits.fit.errors[1], 1) < 1e-5)
    #expect(abs(limits.fit.correlation[1] + a / (1e-4 + a * a).squareRoot()) < 1e-4)
    #expect(abs(limits.fit.values[1]) < 1e-5)
    // With ν at ±1 the count asks for 1 + 0.05 θ = exp(∓a).
    let impact = try #require(limits.impacts.first)
    for (value, sign) in [
      (impact.postfitUp, -1.0), (impact.postfitDown, 1), (impact.prefitUp, -1),
      (impact.prefitDown, 1),
    ] {
      #expect(abs(value - (exp(sign * a) - 1) / 0.05) < 1e-4)
    }
    // The crossing of the 68.27 % threshold is not symmetric, but as wide as twice the error to 10 %.
    let interval = try #require(limits.intervals.first { $0.level == 0.68 })
    #expect(relativeError(interval.upper - interval.lower, 2 * 0.9945 * exact) < 0.1)
    #expect(limits.bins.count == 1 && relativeError(limits.bins[0].postfit, 1e4) < 1e-6)
  }

  /// Without constraint, θ is not bounded by the count; fixed, the nuisance parameter is as if it were not there.
  @Test func flatAndFixed() throws {
    let events = try CountingToy.events(0.05)
    let flat = LimitSource(
      events, luminosity: 1e4, options: .init(constraints: ["nu": .flat]))
    let open = try flat.expected(
      axes: [], thetaTrue: [0], settings: CountingToy.settings(-3...3))
    #expect(open.q.allSatisfy { $0 < 1e-6 })
    #expect(open.nuisance.map(\.constraint) == ["flat"])
    #expect(open.impacts[0].prefitUp.isNaN)
    var settings = CountingToy.settings(-3...3)
    settings.fixed = [1: 0]
    let fixed = try flat.expected(axes: [], thetaTrue: [0], settings: settings)
    let without = try LimitSource(
      events, luminosity: 1e4, options: .init(includesNuisance: false)
    ).expected(axes: [], thetaTrue: [0], settings: CountingToy.settings(-3...3))
    for (x, y) in zip(fixed.q, without.q) { #expect(abs(x - y) < 1e-9) }
    #expect(without.parameterNames == ["t"])
  }

  /// One standard deviation of every constraint costs ½, and slopes are derivatives.
  @Test(arguments: [
    NuisanceConstraint.gaussian(1), .gaussian(0.4), .logNormal(0.3),
  ]) func constraints(_ constraint: NuisanceConstraint) throws {
    let centre = constraint.logLikelihood(0)
    #expect(centre.slope == 0)
    let one = constraint.logLikelihood(constraint.width).value
    #expect(abs(centre.value - one - 0.5) < 1e-12)
    let h = 1e-6
    for nu in [-0.7, 0.2, 1.3] {
      let slope =
        (constraint.logLikelihood(nu + h).value - constraint.logLikelihood(nu - h).value) / (2 * h)
      #expect(abs(slope - constraint.logLikelihood(nu).slope) < 1e-7)
    }
    #expect(try NuisanceConstraint(parsing: constraint.description) == constraint)
  }

  @Test(arguments: ["gaus", "lognormal", "lognormal:-1", "gauss:0", "flat:1", ""])
  func wrongConstraint(_ text: String) {
    let problem = #expect(throws: Problem.self) { try NuisanceConstraint(parsing: text) }
    #expect(problem?.kind == .usage)
  }

  // MARK: Golden toy with nuisance parameters

  static func mcToy() throws -> CombinedEvents {
    let source = try Input.openTable(
      Place.shared + "/golden/inference/toy_mc.h5", expecting: [.events], journal: Journal())
    return try CombinedEvents(try EventTable.load(source), combination: .average)
  }
  static let point = [0.3, -0.2, 0.5, -1]

  /// −ln L of ten events at θ = (0.3, −0.2), ν = (0.5, −1) with the exact ratio: MadMiner takes the response to ν from the
  /// totals at the reference benchmark for every θ.
  @Test(.needsShared) func exactRatioWithNuisance() throws {
    let golden = try Golden("inference/results.json", "results")
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    let events = try Self.mcToy()
    let total = try BinnedModel(
      events.total, morphing: events.morphing, freeNorms: [], response: [0, 0])
    let n = total.evaluate(at: Self.point, gradient: false).values[0] * 1e4
    #expect(
      relativeError(n, try golden.numbers("B.nll.neural_with_nuisance", "n_predicted")[0]) < 1e-9)
    let ratio = RatioLikelihood(
      ExactRatio(reference: [0, 0]).ratios(x, rows: x.count),
      weights: x.map { _ in 1 }, eventCount: 10, total: total, luminosity: 1e4)
    let likelihood = ConstrainedLikelihood(ratio, [.gaussian(1), .gaussian(1)])
    let value = try likelihood.evaluate(at: Self.point, gradient: false).total
    let reference = try golden.numbers("B.nll.neural_with_nuisance", "reference")[0]
    #expect(relativeError(-value, reference) < 1e-9)
  }

  /// −ln L of the histogram. The reference reweights events; here that is the same, since one parameter is a
  /// normalisation and the other stands at −1. Its densities are per width (1, but 5 of the last bin, with one event).
  @Test(.needsShared) func histogramWithNuisance() throws {
    let golden = try Golden("inference/results.json", "results")
    let x = try golden.numbers("A.limits.observed_histo6.p", "x_observed")
    let events = try Self.mcToy()
    let table = try events.fill("x", edges: LimitsTests.edges)
    var counts = [Double](repeating: 0, count: 6)
    for value in x { counts[table.bin(of: value)] += 1 }
    let likelihood = ConstrainedLikelihood(
      try BinnedLikelihood(
        BinnedModel(table, morphing: events.morphing), counts: counts, luminosity: 1e4),
      [.gaussian(1), .gaussian(1)])
    let value = try likelihood.evaluate(at: Self.point, gradient: true)
    let reference = try golden.numbers("B.nll.histo_with_nuisance", "reference")[0]
    #expect(relativeError(-value.total + log(5), reference) < 1e-6)
    // The gradient over θ and ν.
    for i in 0..<4 {
      var (up, down) = (Self.point, Self.point)
      up[i] += 1e-5
      down[i] -= 1e-5
      let slope =
        (try likelihood.evaluate(at: up, gradient: false).total
          - likelihood.evaluate(at: down, gradient: false).total) / 2e-5
      #expect(abs(slope - value.gradient[i]) < 1e-6 * max(1, abs(slope)))
    }
  }

  /// Everything seen, with events reweighted by F_e(ν): the sum over events as it is defined, and its gradient.
  @Test(.needsShared, arguments: [true, false]) func jointRatioWithNuisance(_ rate: Bool) throws {
    let events = try Self.mcToy()
    let factors = try NuisanceFactors(events.table.setup)
    let weights = events.crossSections(at: try events.point([0, 0]))
    let total = BinnedModel(events.total, morphing: events.morphing)
    let likelihood = try ReweightedLikelihood(
      events, weights: weights, eventCount: 100, reference: [0, 0], nuisance: factors,
      total: total, luminosity: 1e5, includesRate: rate)
    // Where no amplitude vanishes, next to which differences are no slopes.
    let point = [0.1, 0.05, 0.5, -1]
    let (theta, nu) = (Array(point.prefix(2)), Array(point.suffix(2)))
    let stride = events.table.weightCount
    let there = events.crossSections(at: try events.point(theta)).enumerated().map { row, sigma in
      events.table.weights.withUnsafeBufferPointer { w in
        w.baseAddress.map { sigma * factors.factor(nu, $0 + row * stride) } ?? 0
      }
    }
    let (sum, reference) = (there.reduce(0, +), weights.reduce(0, +))
    var expected = 0.0
    for (a, b) in zip(there, weights) where b > 0 && a > 0 {
      expected += 100 / reference * b * log(a / sum * reference / b)
    }
    let value = try likelihood.evaluate(at: point, gradient: true)
    #expect(relativeError(value.kinematic, expected) < 1e-10)
    #expect((value.rate != 0) == rate)
    for i in 0..<4 {
      var (up, down) = (point, point)
      up[i] += 1e-5
      down[i] -= 1e-5
      let slope =
        (try likelihood.evaluate(at: up, gradient: false).total
          - likelihood.evaluate(at: down, gradient: false).total) / 2e-5
      #expect(abs(slope - value.gradient[i]) < 1e-6 * max(1, abs(slope)), "\(i)")
    }
  }

  @Test func shapesThatDoNotKnowNuisanceParameters() throws {
    var table = try CountingToy.events(0.1, count: 2).table
    table.observations = [0, 1]
    table.observableNames = ["x"]
    let events = try CombinedEvents(table)
    let journal = Journal()
    var settings = CountingToy.settings(-1...1)
    settings.wantsImpacts = false
    _ = try LimitSource(events, luminosity: 1e4, journal: journal).expected(
      models: [FlatRatio()], part: .all, thetaTrue: [0], settings: settings)
    #expect(journal.warnings.contains { $0.key == "limits.shapes" })
    let free = LimitSource(events, luminosity: 1e4, options: .init(freeNorms: ["toy"]))
    let problem = #expect(throws: Problem.self) {
      try free.expectedTruth(thetaTrue: [0], settings: settings)
    }
    #expect(problem?.fact.contains("mixture") == true)
  }

  /// A ratio of 1 everywhere.
  private struct FlatRatio: RatioEvaluator {
    var name = "flat"
    var observableNames = ["x"]
    var parameterNames = ["t"]
    var referenceTheta = [0.0]
    var thetaRange: [ClosedRange<Double>] = [-10...10]
    struct Rows: RowLogRatios {
      var rowCount: Int
      func values(at theta: [Double]) -> [Double] { [Double](repeating: 0, count: rowCount) }
      func valuesAndGradients(at theta: [Double]) -> (values: [Double], gradients: [Double]) {
        (values(at: theta), values(at: theta))
      }
    }
    func ratios(_ x: [Double], rows: Int) -> any RowLogRatios { Rows(rowCount: rows) }
  }

  // MARK: Ratios that know nuisance parameters

  /// log [dσ_e(θ)F_e(ν) σ(θ₁, 0)/(σ(θ, ν) dσ_e(θ₁))] of all rows of a table, as a network may have learned it, the parameters
  /// in another order than the setup's.
  private struct WideRatio: RatioEvaluator {
    var name = "wide"
    var observableNames = ["x"]
    var parameterNames = ["t0", "t1", "nu_shape", "nu_norm"]
    var referenceTheta = [0.0, 0, 0, 0]
    var thetaRange: [ClosedRange<Double>] = [-1...1, -1...1, -4...4, -4...4]
    let events: CombinedEvents
    func ratios(_ x: [Double], rows: Int) throws -> any RowLogRatios {
      Rows(rowCount: rows, events: events, factors: try NuisanceFactors(events.table.setup))
    }

    struct Rows: RowLogRatios {
      let rowCount: Int
      let events: CombinedEvents
      let factors: NuisanceFactors

      func values(at p: [Double]) -> [Double] {
        let table = events.table
        let morphing = events.morphing.weights(at: [p[0], p[1]])
        // w at (θ, ν) and at the reference.
        let pairs = (0..<rowCount).map { row -> (Double, Double) in
          let own = Array(table.weights[row * table.weightCount..<(row + 1) * table.weightCount])
          let morphed = zip(morphing, own).reduce(0) { $0 + $1.0 * $1.1 }
          let factor = own.withUnsafeBufferPointer { w in
            w.baseAddress.map { factors.factor([p[3], p[2]], $0) } ?? .nan
          }
          return (events.factors[row] * morphed * factor, events.factors[row] * own[0])
        }
        let sums = pairs.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
        return pairs.map { log($0 / sums.0 * sums.1 / $1) }
      }

      func valuesAndGradients(at p: [Double]) -> (values: [Double], gradients: [Double]) {
        var gradients = [Double](repeating: 0, count: 4 * rowCount)
        for k in 0..<4 {
          var (up, down) = (p, p)
          up[k] += 1e-5
          down[k] -= 1e-5
          for (row, (a, b)) in zip(values(at: up), values(at: down)).enumerated() {
            gradients[4 * row + k] = (a - b) / 2e-5
          }
        }
        return (values(at: p), gradients)
      }
    }
  }

  /// A model that knows ν has the limits of the joint ratios, whose likelihood is the same function; with ν kept at 0 those
  /// of the joint ratio without it.
  @Test(.needsShared, arguments: [true, false])
  func ratiosOfNuisanceParameters(_ isProfiled: Bool) throws {
    let events = try Self.mcToy()
    let table = events.table
    #expect(table.setup.nuisanceParameters.map(\.name) == ["nu_norm", "nu_shape"])
    let few = try CombinedEvents(
      table.selecting(Array(0..<500), scales: [Double](repeating: 1, count: 500)))
    let journal = Journal()
    let source = LimitSource(
      few, luminosity: 1e5,
      options: .init(includesNuisance: isProfiled, trueNuisances: ["nu_norm": 0.5]),
      journal: journal)
    var settings = LimitSettings(
      axes: [GridAxis(parameter: "t0", lower: -0.5, upper: 0.5, count: 3)], fixed: [1: 0],
      bounds: [-1...1, -1...1], wantsIntervals: false)
    settings.levels = [0.68]
    let model = WideRatio(events: few)
    let learned = try source.expected(
      models: [model], part: .all, thetaTrue: [0.1, 0], settings: settings)
    let exact = try source.expectedTruth(thetaTrue: [0.1, 0], settings: settings)
    #expect(!journal.warnings.contains { $0.key == "limits.shapes" })
    #expect(learned.parameterNames == exact.parameterNames)
    for (a, b) in zip(learned.q, exact.q) { #expect(abs(a - b) < 1e-4 * max(1, b), "\(a) \(b)") }
    for (a, b) in zip(learned.bestFit, exact.bestFit) { #expect(abs(a - b) < 1e-3) }
    // The reference is known to be a point of all parameters: E[r̂] = 1 there for all of them.
    #expect(learned.closure < 1e-6 * learned.eventCount)
    let terms = LikelihoodTerms(includesNuisance: isProfiled)
    let toys = try ToySource(
      .events(few), likelihood: .ratio([model], .all), luminosity: 1e5, terms: terms)
    let point = toys.parameters.point([0.1, 0])
    var other = point.map { $0 + 0.1 }
    other[1] = 0
    let likelihood = try toys.asimovLikelihood(atPoint: point)
    let difference =
      try likelihood.evaluate(at: other, gradient: false).total
      - likelihood.evaluate(at: point, gradient: false).total
    #expect(difference < -1e-4)
    guard isProfiled else { return }
    #expect(toys.trainingRange == [-1...1, -1...1, -4...4, -4...4])
    // Pseudo-experiments take log r to be a parabola in each ν, which is exact at 0 and ±1: the profile of some events is that
    // of the likelihood but for what σ(θ, ν) has beyond it.
    let observed = ObservedEvents(
      names: ["x"], values: (0..<100).map { table.observations[2 * $0] }, count: 100, file: "d")
    let points = [[0.0, 0], [0.3, 0], [-0.3, 0.2], [0.1, -0.5]]
    let found = try toys.data([observed], in: toys.table(points, gridCount: 4))
    let data = try toys.observedLikelihood([observed])
    func best(_ h: Int) throws -> Double {
      let nu = try toys.profiledNuisances(data, at: points[h])
      for (a, b) in zip(nu, found.nu[h]) { #expect(abs(a - b) < 0.06, "\(a) \(b)") }
      return try data.evaluate(at: points[h] + nu, gradient: false).total
    }
    let zero = try best(0)
    for h in 1..<4 {
      let (a, b) = (found.totals[h] - found.totals[0], try best(h) - zero)
      #expect(abs(a - b) < 0.01 * max(1, abs(b)), "\(a) \(b)")
    }
  }

  /// χ² regions of pseudo-experiments whose ratio knows ν: shape and rate vary with it, and both are profiled.
  @Test(.needsShared) func toysOfRatiosOfNuisanceParameters() throws {
    let all = try Self.mcToy()
    let rows = Array(0..<2000)
    let events = try CombinedEvents(all.table.selecting(rows, scales: rows.map { _ in 1 }))
    let source = try ToySource(
      .events(events), likelihood: .ratio([WideRatio(events: events)], .all), luminosity: 1e5)
    let axis = (0..<21).map { [-1 + 0.1 * Double($0), 0] }
    let table = try source.table(axis, gridCount: axis.count)
    let construction = NeymanConstruction(
      table, names: ["t0", "t1"], levels: [0.68], toys: 1500, seed: 1, degreesOfFreedom: 1,
      team: ThreadTeam(threads: 2))
    // Four binomial errors of 0.012, and 0.03 for a parameter that is not Gaussian.
    for nu in [[0.0, 0], [1, -1]] {
      let study = try CoverageStudy(
        construction, points: [10], experiments: 1500, nu: [nu], journal: nil)
      for entry in study.entries { #expect(abs(entry.fraction - 0.68) < 0.08, "\(entry)") }
    }
    let belts = try [1, 3].map { threads in
      try NeymanConstruction(
        table, names: ["t0", "t1"], levels: [0.68], toys: 300, seed: 1, degreesOfFreedom: 1,
        team: ThreadTeam(threads: threads)
      ).belt(10..<11)
    }
    #expect(belts[0] == belts[1])
  }
}
