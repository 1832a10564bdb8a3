import Diagnostics
import EventModel
import Glibc
import Inference
import Numerics
import TestSupport
import Testing

/// One-sided tests against pyhf 0.7.6, and Feldman-Cousins intervals.
@Suite struct StrengthTests {
  private func data() throws -> CountingLikelihood {
    try CountingLikelihood(
      signal: [5, 10], background: [50, 60], uncertainty: [5, 12], counts: [55, 72])
  }

  private func test(_ statistic: StrengthTest.Statistic = .qtilde) throws -> StrengthTest {
    let data = try data()
    return try StrengthTest(
      observed: data, asimov: data.asimov(at: 0), statistic: statistic,
      bounds: [statistic == .q ? -10...10 : 0...10])
  }

  /// pyhf minimises with SLSQP, whose tolerance leaves 1e-5 in CLs.
  @Test(.needsShared) func asymptoticCLs() throws {
    let golden = try Golden("inference/practice.json")
    let test = try test()
    let observed = try golden.numbers("pyhf_cls", "cls_obs_mu1")[0]
    #expect(relativeError(try test.confidence(1).cls, observed) < 2e-5)
    let expected = try golden.numbers("pyhf_cls", "cls_exp_mu1_m2_to_p2")
    for (a, b) in zip(try test.expected(1), expected) { #expect(relativeError(a, b) < 2e-4) }
    #expect(
      relativeError(try test.discovery().p, try golden.numbers("pyhf_cls", "p0")[0]) < 2e-5)
  }

  /// pyhf interpolates between scanned points; its own tolerance is 1e-4 relative.
  @Test(.needsShared) func upperLimits() throws {
    let golden = try Golden("inference/practice.json")
    let limits = try test().upperLimits(level: 0.95, upTo: 10)
    let observed = try golden.numbers("pyhf_cls", "upper_limit_95_obs")[0]
    #expect(relativeError(limits.observed, observed) < 5e-4)
    let expected = try golden.numbers("pyhf_cls", "upper_limit_95_exp")
    for (a, b) in zip(limits.expected, expected) {
      #expect(relativeError(a, b) < 1e-3, "\(a) \(b)")
    }
    #expect(zip(limits.expected, limits.expected.dropFirst()).allSatisfy { $0 < $1 })
  }

  /// q and q̃ are the same while μ̂ > 0, and q̃ is the smaller one below.
  @Test func statistics() throws {
    #expect(
      abs(try test(.q).observedStatistic(2) - test(.qtilde).observedStatistic(2)) < 1e-8)
    let low = try CountingLikelihood(
      signal: [10], background: [50], uncertainty: [5], counts: [40])
    func q(_ statistic: StrengthTest.Statistic) throws -> Double {
      try StrengthTest(
        observed: low, asimov: low.asimov(at: 0), statistic: statistic,
        bounds: [statistic == .q ? -4...10 : 0...10]
      ).observedStatistic(1)
    }
    #expect(try q(.qtilde) < q(.q) - 0.1)
    #expect(try test().observedStatistic(0.1) == 0)
  }

  /// γ̂ in closed form is the minimum: ln L falls in both directions of every γ, found by a general minimiser.
  @Test func profiledBackgroundIsTheMaximum() throws {
    let data = try data()
    for mu in [0.0, 0.7, 3, -1] {
      let value = data.evaluate(at: [mu], gradient: true)
      let minimum = try Minimiser(lower: [0.1, 0.1], upper: [3, 3]).minimise(from: [1, 1]) { g, d in
        var sum = 0.0
        for i in 0..<2 {
          let mean = mu * data.signal[i] + g[i] * data.background[i]
          let (n, m, tau) = (data.counts[i], data.auxiliaryCounts[i], data.auxiliary[i])
          sum -= n * log(mean) - mean - logGamma(n + 1)
          sum -= m * log(g[i] * tau) - g[i] * tau - logGamma(m + 1)
          d[i] = data.background[i] * (1 - n / mean) + tau - m / g[i]
        }
        return sum
      }
      #expect(abs(value.total + minimum.value) < 1e-7)
      let step = 1e-5
      let slope =
        (data.evaluate(at: [mu + step], gradient: false).total
          - data.evaluate(at: [mu - step], gradient: false).total) / (2 * step)
      #expect(abs(slope - value.gradient[0]) < 1e-5)
    }
  }

  /// 4,000 toys leave 3 % of CLs = 0.26 at μ = 2; at 55 and 72 events asymptotics are right to 2 %. (Below μ̂ = 1.12 the
  /// statistic is 0, which toys reach or exceed always, while the formulae stop at 0.5/Φ(√q_A).)
  @Test func toysAgreeWithAsymptotics() throws {
    let data = try data()
    let toys = try StrengthToys(
      data, mu: 2, statistic: .qtilde, bounds: 0...10, toys: 4000, seed: 1, index: 0,
      team: ThreadTeam(threads: 2))
    let test = try test()
    let (value, error) = toys.confidence(try test.observedStatistic(2))
    #expect(abs(value.cls - (try test.confidence(2).cls)) < 4 * error + 0.012)
    #expect(error > 0.005 && error < 0.02)
    // Above the median the formulae go on to negative roots of q, where toys have q = 0 and CLs = 1.
    for (a, b) in zip(toys.expected.prefix(3), try test.expected(2)) {
      #expect(abs(a - b) < 0.05)
    }
    let again = try StrengthToys(
      data, mu: 2, statistic: .qtilde, bounds: 0...10, toys: 4000, seed: 1, index: 0,
      team: ThreadTeam(threads: 1))
    #expect(again.expected == toys.expected)
  }

  @Test(.needsShared) func asimovSignificance() throws {
    let golden = try Golden("inference/practice.json")
    func number(_ name: String) throws -> Double {
      try golden.numbers("asimov_significance", name)[0]
    }
    let (s, b, error) = (try number("s"), try number("b"), try number("sigma_b"))
    let known = CountingSignificance.known(signal: s, background: b)
    #expect(relativeError(known, try number("Z_known_b")) < 1e-12)
    let uncertain = CountingSignificance.uncertain(signal: s, background: b, uncertainty: error)
    #expect(relativeError(uncertain, try number("Z_uncertain_b")) < 1e-12)
    // The formulae are √q₀ of the Asimov likelihood, with the on/off model of the background.
    for (sigma, expected) in [(0.0, known), (error, uncertain)] {
      let asimov = try CountingLikelihood(
        signal: [s], background: [b], uncertainty: [sigma], counts: [s + b])
      let test = try StrengthTest(observed: asimov, asimov: asimov, bounds: [0...10])
      #expect(relativeError(try test.discovery().significance, expected) < 1e-7)
    }
  }

  /// The reference scans in steps of 0.005.
  @Test(.needsShared) func feldmanCousins() throws {
    let golden = try Golden("inference/practice.json")
    let rows = try golden.list("feldman_cousins_b3_90")
    let construction = FeldmanCousins(background: 3, level: 0.9)
    for k in 0..<rows.count / 3 {
      let (lower, upper) = construction.interval(Int(rows[3 * k]))
      #expect(abs(lower - rows[3 * k + 1]) < 0.00501, "n = \(k): \(lower)")
      #expect(abs(upper - rows[3 * k + 2]) < 0.00501, "n = \(k): \(upper)")
    }
    #expect(construction.acceptance(0) == 0...5)
  }

  @Test func badCounts() throws {
    for (s, b, u, n) in [
      ([1.0], [1, 2], [0.0], [1.0]), ([1], [1], [0], [-1]), ([1], [0], [1], [2]),
    ] as [([Double], [Double], [Double], [Double])] {
      #expect(throws: Problem.self) {
        try CountingLikelihood(signal: s, background: b, uncertainty: u, counts: n)
      }
    }
  }

  /// Events: CLs from a table of toys of a histogram agree with asymptotics where there are many events.
  @Test func eventsByToys() throws {
    let events = try CombinedEvents(Toy.quadrature(copies: 1))
    let axis = (0..<31).map { 0.01 * Double($0) }
    let source = try ToySource(
      events, likelihood: .histogram(events.fill("x", edges: [-2, -1, 0, 1, 2])), luminosity: 1e6)
    let strength = try StrengthTest(
      observed: nil, asimov: source.asimovLikelihood(at: [0, 0]), bounds: [0...0.3, 0...0],
      fixed: [1: 0])
    var scan = try StrengthScan(
      strength, values: Array(axis.dropFirst()), level: 0.95, hasData: false, parameter: "t0")
    let asymptotic = scan.expectedLimits
    try scan.replaceByToys(
      source.table(axis.map { [$0, 0] }, gridCount: 31), null: 0, toys: 2000, seed: 1,
      names: ["t0", "t1"], data: ToyData(), team: events.team, journal: nil)
    // 2000 toys leave about 3 % in the median limit and the steps of the grid 1 %; linear EFT, 1000 events.
    #expect(relativeError(scan.expectedLimits[2], asymptotic[2]) < 0.08)
    #expect(zip(scan.expectedLimits, scan.expectedLimits.dropFirst()).allSatisfy { $0 < $1 })
  }
}
