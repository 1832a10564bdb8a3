import Diagnostics
import EventModel
import Testing

@testable import AnalysisFile

/// The sections smearing and tags, and the options of the default set.
@Suite struct SmearingSectionTests {
  static let head = "parameters: {x: {block: A, id: 1, range: [0, 1]}}\n"

  static func setup(_ text: String) throws -> Setup { try Analysis(head + text).setup }

  /// What is not said about the pair of energy and pT keeps the mass.
  @Test func defaultsKeepTheMass() throws {
    let setup = try Self.setup(
      """
      smearing:
        j: {energy: 0.1 * e}
        mu: {pt: 0.01 * pt}
        a: {eta: 0.01, phi: {absolute: 0.02, relative: 1e-2}}
        v: {phi: .5}
        e: {energy: {relative: 0.1}, pt: {absolute: 2, relative: .1}, eta: {relative: 1}}
        tau: {energy: from-mass, pt: 3}
        15,-25: {pt: from-mass}
        met: {absolute: 5, relative: 0.1}
      """)
    let rules = setup.smearing.rules
    func rule(
      _ kind: String, _ energy: Smearing.Resolution, _ pt: Smearing.Resolution,
      eta: String? = nil, phi: String? = nil
    ) throws -> Smearing.Rule {
      Smearing.Rule(
        particles: try #require(ParticleClass(kind)), energy: energy, pt: pt, eta: eta, phi: phi)
    }
    #expect(
      try rules == [
        rule("j", .width("0.1 * e"), .fromMass), rule("mu", .fromMass, .width("0.01 * pt")),
        rule("a", .exact, .fromMass, eta: "0.01", phi: "0.02 + 1e-2 * abs(phi)"),
        rule("v", .exact, .exact, phi: ".5"),
        rule(
          "e", .width("0.1 * abs(e)"), .width("2 + .1 * abs(pt)"), eta: "1 * abs(eta)"),
        rule("tau", .fromMass, .width("3")), rule("15,-25", .exact, .fromMass),
      ])
    #expect(rules[6].particles.numbers == [15, 25])
    #expect(setup.smearing.missing == "5 + 0.1 * ht")
    #expect(setup.tags.isEmpty)
  }

  @Test func tags() throws {
    let setup = try Self.setup(
      "tags:\n  b_tag: {b: 0.7, c: '0.1 if pt > 20 else 0'}\n  tau_tag:\n    tau: 0.6\n")
    #expect(setup.tags.map(\.name) == ["b_tag", "tau_tag"])
    #expect(setup.tags[0].rates.map(\.particles.text) == ["b", "c"])
    #expect(setup.tags[0].rates.map(\.probability) == ["0.7", "0.1 if pt > 20 else 0"])
  }

  @Test func defaultSet() throws {
    let analysis = try Analysis(
      Self.head
        + "observables: {default: {met: false, visible: false, numbers: false, leptons: 1}}\n")
    var set = Analysis.DefaultSet()
    (set.missing, set.visible, set.numbers, set.leptons) = (false, false, false, 1)
    #expect(analysis.defaultSet == set)
  }

  @Test func placesOfExpressions() throws {
    let analysis = try Analysis(
      Self.head + "smearing:\n  j:\n    energy: 1\n    phi: 2\ntags:\n  b_tag:\n    c: 3\n",
      file: "a.yaml")
    for (place, line) in [
      ("smearing of j energy, column 2", 4), ("smearing of j phi, column 2", 5),
      ("b_tag of c, column 2", 8),
    ] {
      #expect(
        analysis.located(Problem(.data, "x", place: place)).line
          == "a.yaml: line \(line), \(place): x")
    }
  }
}
