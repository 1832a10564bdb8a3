import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import Observables

/// Tags that are drawn, and efficiencies that do the same by weights.
@Suite struct TaggingTests {
  static func tag(_ name: String, _ rates: [(String, String)]) throws -> Tagging {
    Tagging(
      name: name,
      rates: try rates.map {
        .init(particles: try #require(ParticleClass($0.0)), probability: $0.1)
      })
  }

  /// One jet of each kind, and a tau; the b is beyond the tracker.
  static let event = EventText.event([
    EventText.particle(5, 100, 0, 0, 100), EventText.particle(4, 0, 80, 0, 80),
    EventText.particle(1, -50, 0, 0, 50), EventText.particle(-5, 20, 0, 400, 400.5),
    EventText.particle(15, 30, 0, 0, 30), EventText.particle(11, 25, 0, 0, 25),
  ])

  static func rows(
    _ names: [String], _ tags: [Tagging], count: Int = SmearingTests.count,
    smearing: Smearing = Smearing(), event: ParticleEvent = event
  ) throws -> [[Double]] {
    let selection = try Selection(
      observables: names.enumerated().map { Observable(name: "o\($0)", expression: $1) },
      smearing: smearing, tags: tags)
    let processor = EventProcessor(selection)
    return try (0..<count).map {
      var row: [Double] = []
      _ = try processor.process(event, number: 1, id: Int64($0), into: &row)
      return row
    }
  }

  /// Rates of b, c, light and a tau, with an acceptance; five binomial standard errors.
  @Test func rates() throws {
    let tags = [
      try Self.tag(
        "b_tag",
        [
          ("light", "0.01"), ("c", "0.1 + 0.1 * (pt > 70)"),
          ("b", "0.7 if abs(eta) < 2.5 else 0"),
        ]), try Self.tag("tau_tag", [("tau", "0.6"), ("j", "0.02"), ("e", "1")]),
    ]
    let names =
      (0..<4).map { "p[\($0)].b_tag" } + [
        "p[4].tau_tag", "p[2].tau_tag", "p[5].tau_tag", "p[4].b_tag",
      ]
    let rows = try Self.rows(names, tags)
    let n = Double(rows.count)
    for (k, wanted) in [0.7, 0.2, 0.01, 0, 0.6, 0.02, 1, 0].enumerated() {
      let found = rows.reduce(0) { $0 + $1[k] } / n
      #expect(abs(found - wanted) <= 5 * (wanted * (1 - wanted) / n).squareRoot(), "\(names[k])")
    }
    // b and tau tags of one jet are drawn apart: both at once as often as chance says.
    let both = rows.reduce(0) { $0 + $1[0] * $1[4] } / n
    #expect(abs(both - 0.42) < 5 * (0.42 * 0.58 / n).squareRoot())
  }

  /// What is not drawn is the true flavour, and the truth is there beside what is drawn.
  @Test func truthStays() throws {
    let tags = [try Self.tag("b_tag", [("b", "0"), ("light", "1")])]
    let rows = try Self.rows(
      [
        "sum(x.b_tag for x in j)", "sum(x.b_tag for x in p_truth)", "sum(x.b_tag for x in record)",
        "sum(x.c_tag for x in j)", "sum(x.tau_tag for x in p)", "len(b)",
        "len([x for x in j if x.b_tag])", "len([x for x in j if abs(x.pdgid) == 5])",
      ], tags, count: 3)
    for row in rows { #expect(row == [1, 2, 2, 1, 1, 2, 1, 2]) }
  }

  /// Probabilities are of the smeared particle.
  @Test func probabilitiesSeeSmearedParticles() throws {
    let smearing = Smearing(rules: [
      try SmearingTests.rule("j", energy: .fromMass, pt: .width("30"))
    ])
    let tags = [try Self.tag("b_tag", [("j", "1 if pt > 100 else 0")])]
    let rows = try Self.rows(["p[0].b_tag", "p[0].pt > 100"], tags, count: 200, smearing: smearing)
    #expect(rows.allSatisfy { $0[0] == $0[1] })
    #expect(Set(rows.map { $0[0] }) == [0, 1])
  }

  /// The probability of two tags of two true b: drawn with b_tag, or as a product of rates for every event.
  @Test func productOfRatesIsTheMeanOfDraws() throws {
    let pair = EventText.event([
      EventText.particle(5, 100, 0, 0, 100), EventText.particle(-5, 0, 40, 0, 40),
    ])
    let tags = [try Self.tag("b_tag", [("b", "0.8 if pt > 50 else 0.5")])]
    let drawn = try Self.rows(["all(x.b_tag for x in j)"], tags, event: pair)
    let n = Double(drawn.count)
    #expect(abs(drawn.reduce(0) { $0 + $1[0] } / n - 0.4) < 5 * (0.4 * 0.6 / n).squareRoot())
    let selection = try Selection(
      observables: [], efficiencies: ["prod(0.8 if x.pt > 50 else 0.5 for x in b)"])
    var row: [Double] = []
    let verdict = try EventProcessor(selection).process(pair, number: 1, id: 1, into: &row)
    #expect(verdict == .kept(efficiency: 0.4))
  }

  @Test func badProbabilities() throws {
    for text in ["1.5", "-0.1", "sqrt(-1)", "pt"] {
      let problem = try #require(throws: Problem.self) {
        try Self.rows(["1"], [Self.tag("b_tag", [("b", text)])], count: 1)
      }
      #expect(
        problem.line.hasPrefix("event 1: the probability of b_tag for b is ")
          && problem.line.contains("('\(text)'); it must be from 0 to 1"), "\(problem.line)")
    }
    let problem = try #require(throws: Problem.self) {
      try Self.rows(["1"], [Self.tag("b_tag", [("b", "1"), ("c", "ptt")])], count: 1)
    }
    #expect(
      problem.line.contains("b_tag of c, column 1: unknown name 'ptt' in 'ptt'; did you mean 'pt'"))
    #expect(throws: Problem.self) { try Self.rows(["1"], [Self.tag("g_tag", [])], count: 1) }
  }
}
