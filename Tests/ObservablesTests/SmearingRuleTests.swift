import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import Observables

/// To whom a rule applies, and what is wrong with it.
@Suite struct SmearingRuleTests {
  /// The last rule that names a particle holds.
  @Test func lastRuleHolds() throws {
    let rules = [
      try SmearingTests.rule("p", energy: .width("10"), pt: .fromMass),
      try SmearingTests.rule("b", energy: .width("0"), pt: .fromMass),
      try SmearingTests.rule("-21", energy: .width("1000"), pt: .fromMass),
    ]
    let detector = try SmearingTests.detector(rules)
    try detector.observe(
      EventText.event([SmearingTests.jet, SmearingTests.massless]), id: 1, number: 1)
    #expect(detector.event.particles[0] == SmearingTests.jet)
    // Beyond four widths of the first rule.
    #expect(abs(detector.event.particles[1].momentum.e - 100) > 40)
  }

  @Test(arguments: [
    ("e", [11, -11] as [Int32]), ("mu", [13]), ("tau", [-15]), ("l", [11, 13]), ("a", [22]),
    ("j", [1, -6, 21, 9]), ("b", [5, -5]), ("c", [4]), ("t", [6]), ("light", [1, 2, 3, 21, 9]),
    ("v", [12, 14, -16]), ("p", [25, 52, 211]), ("25,24", [25, -24]), ("-25", [25]),
  ])
  func kinds(text: String, members: [Int32]) throws {
    let kind = try #require(ParticleClass(text))
    for id in members { #expect(kind.contains(id)) }
    let all: [Int32] = [1, 4, 5, 6, 9, 11, 13, 15, 12, 21, 22, 23, 24, 25, 52]
    if text != "p" { #expect(all.contains { !kind.contains($0) }) }
    if text == "light" { #expect(!kind.contains(5) && !kind.contains(-4) && !kind.contains(22)) }
    if text == "l" { #expect(!kind.contains(15)) }
  }

  @Test(arguments: ["", "jets", "5,", "5;6", "0", "1.5", "99999999999", "-2147483648"])
  func noKinds(text: String) { #expect(ParticleClass(text) == nil) }

  @Test func badWidths() throws {
    for (rule, says) in [
      (
        try SmearingTests.rule("j", energy: .width("50 - e"), pt: .fromMass),
        "event 9: the width of j energy is -50.0 ('50 - e'); it must be a number from 0 up"
      ),
      (try SmearingTests.rule("j", eta: "sqrt(-1)"), "the width of j eta is undefined"),
      (try SmearingTests.rule("j", phi: "exp(1000)"), "the width of j phi is inf"),
    ] {
      let detector = try SmearingTests.detector([rule])
      let problem = try #require(throws: Problem.self) {
        try detector.observe(EventText.event([SmearingTests.massless]), id: 1, number: 9)
      }
      #expect(problem.kind == .data && problem.line.contains(says), "\(problem.line)")
    }
    let detector = try SmearingTests.detector([], missing: "ht - 1e6")
    let problem = try #require(throws: Problem.self) {
      try detector.observe(EventText.event([SmearingTests.massless]), id: 1, number: 9)
    }
    #expect(problem.line.contains("the width of met is"))
  }

  /// Names of the event mean nothing in a width; those of the particle do.
  @Test func widthsAreOfOneParticle() throws {
    for (text, says) in [
      ("0.1 * met.pt", "smearing of j energy, column 7: unknown name 'met'"),
      ("l[0].pt", "unknown name 'l'"), ("e +", "the end"), ("e > 3 and 2", "true or false"),
      ("energi", "did you mean 'energy'"), ("", "nothing to compute"),
    ] {
      let problem = try #require(throws: Problem.self) {
        try SmearingTests.detector([SmearingTests.rule("j", energy: .width(text), pt: .fromMass)])
      }
      #expect(problem.line.contains(says), "\(problem.line)")
    }
    let both = #expect(throws: Problem.self) {
      try SmearingTests.detector([SmearingTests.rule("j", energy: .fromMass, pt: .fromMass)])
    }
    #expect(both?.fact.contains("both from the mass") == true)
    #expect(throws: Problem.self) { try SmearingTests.detector([], missing: "pt") }
  }
}
