import Diagnostics
import EventModel
import Glibc
import Numerics
import TestSupport
import Testing

@testable import Observables

/// What a detector makes of particles. Statistical bounds are five standard errors of 10⁵ draws from a fixed seed: wide
/// enough for any seed, far below what a wrong width, sign or variable would do.
@Suite struct SmearingTests {
  static let count = 100_000

  static func rule(
    _ particles: String, energy: Smearing.Resolution = .exact, pt: Smearing.Resolution = .exact,
    eta: String? = nil, phi: String? = nil
  ) throws -> Smearing.Rule {
    Smearing.Rule(
      particles: try #require(ParticleClass(particles)), energy: energy, pt: pt, eta: eta, phi: phi)
  }

  static func detector(
    _ rules: [Smearing.Rule], missing: String? = nil, tags: [Tagging] = [], seed: UInt64 = 1
  ) throws -> Detector {
    Detector(
      try #require(try DetectorModel(Smearing(rules: rules, missing: missing), tags)), seed: seed)
  }

  /// The first particle of an event, as seen in many events.
  static func seen(
    _ particle: Particle, _ rule: Smearing.Rule, count: Int = count
  ) throws -> [Particle] {
    let detector = try detector([rule])
    let event = EventText.event([particle])
    return try (0..<count).map {
      try detector.observe(event, id: Int64($0), number: 1)
      return detector.event.particles[0]
    }
  }

  static func moments(_ values: [Double]) -> (mean: Double, width: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot())
  }

  static func check(
    _ values: [Double], mean: Double, width: Double, _ what: Comment? = nil
  ) {
    let n = Double(values.count)
    let found = moments(values)
    #expect(abs(found.mean - mean) < 5 * width / n.squareRoot(), what)
    #expect(abs(found.width - width) < 5 * width / (2 * n).squareRoot(), what)
  }

  /// A jet with E = 100, pT = 60, η = −1.0986, φ = 2.2143 and the mass of its line.
  static let jet = EventText.particle(5, -36, 48, -80, 100.11, mass: 4.7)
  static let massless = EventText.particle(21, -36, 48, -80, 100)

  @Test func untouchedWithoutRule() throws {
    let truth = ExpressionTests.event
    // A muon's rule, a rule of other numbers, and widths that are zero here.
    let detector = try Self.detector([
      Self.rule("mu", pt: .width("0.1 * pt")), Self.rule("9,52", energy: .width("10")),
      Self.rule("a", energy: .width("0 * e"), pt: .fromMass, eta: "0", phi: "0"),
    ])
    try detector.observe(truth, id: 5, number: 1)
    for (i, particle) in truth.particles.enumerated() where particle.pdgID != 13 {
      #expect(detector.event.particles[i] == particle)
    }
    #expect(detector.event.particles[5] != truth.particles[5])
    // The file's lines follow as they are.
    #expect(Array(detector.event.particles[truth.particles.count...]) == truth.particles)
    #expect(detector.lines == truth.particles.count)
  }

  /// Energy: relative and absolute widths, and a calorimeter's formula; the direction and the mass stay.
  @Test(arguments: [
    ("0.1 * e", 10.011), ("3", 3), ("1 + 0.05 * abs(e)", 6.0055),
    ("hypot(0.8 * sqrt(e), 0.05 * e)", 9.440626581429857),
  ])
  func energy(text: String, width: Double) throws {
    let seen = try Self.seen(Self.jet, Self.rule("b", energy: .width(text), pt: .fromMass))
    Self.check(seen.map(\.momentum.e), mean: 100.11, width: width)
    for particle in seen.prefix(1000) {
      // 1e-9: √(E² − m²) and back.
      #expect(abs(particle.momentum.m - 4.7) < 1e-9)
      #expect(particle.mass == 4.7)
      #expect(abs(particle.momentum.eta - Self.jet.momentum.eta) < 1e-12)
      #expect(abs(particle.momentum.phi - Self.jet.momentum.phi) < 1e-12)
    }
  }

  @Test func transverseMomentum() throws {
    let seen = try Self.seen(
      Self.jet, Self.rule("j", energy: .fromMass, pt: .width("0.02 * pt + 1e-3 * pt**2")))
    Self.check(seen.map(\.momentum.pt), mean: 60, width: 4.8)
    for particle in seen.prefix(1000) {
      #expect(abs(particle.momentum.m - 4.7) < 1e-9)
      #expect(abs(particle.momentum.eta - Self.jet.momentum.eta) < 1e-12)
    }
  }

  /// Widths relative to |η| and |φ|: MadMiner's are relative to η and φ, and do nothing where these are negative.
  @Test func anglesOfEitherSign() throws {
    for sign in [1.0, -1.0] {
      let particle = EventText.particle(22, 36, 48 * sign, 80 * sign, 100)
      let seen = try Self.seen(
        particle,
        Self.rule("a", pt: .fromMass, eta: "0.02 * abs(eta)", phi: "0.01 * abs(phi) + 0.01"))
      let (eta, phi) = (particle.momentum.eta, particle.momentum.phi)
      Self.check(seen.map(\.momentum.eta), mean: eta, width: 0.02 * abs(eta))
      Self.check(seen.map(\.momentum.phi), mean: phi, width: 0.01 * abs(phi) + 0.01)
      // The energy stays, and with it |p|.
      #expect(seen.allSatisfy { $0.momentum.e == 100 && abs($0.momentum.p - 100) < 1e-10 })
    }
  }

  /// Azimuth across the cut at π is in (−π, π] as everywhere.
  @Test func azimuthWraps() throws {
    let back = EventText.particle(22, -50, 0, 0, 50)
    let seen = try Self.seen(back, Self.rule("a", phi: "0.1"))
    let phis = seen.map(\.momentum.phi)
    #expect(phis.contains { $0 > 3 } && phis.contains { $0 < -3 })
    Self.check(phis.map { $0 < 0 ? $0 + 2 * .pi : $0 }, mean: .pi, width: 0.1)
    #expect(seen.allSatisfy { $0.momentum.pz == 0 && $0.momentum.e == 50 })
  }

  /// Both drawn: each for itself, and the mass is what they make.
  @Test func independentEnergyAndMomentum() throws {
    let seen = try Self.seen(
      Self.massless, Self.rule("j", energy: .width("5"), pt: .width("2"), eta: "0.01"))
    Self.check(seen.map(\.momentum.e), mean: 100, width: 5)
    Self.check(seen.map(\.momentum.pt), mean: 60, width: 2)
    #expect(seen.contains { $0.mass < 0 } && seen.contains { $0.mass > 0 })
    #expect(seen.allSatisfy { $0.mass == $0.momentum.m })
    let n = Double(seen.count)
    let products = seen.map { ($0.momentum.e - 100) * ($0.momentum.pt - 60) }
    #expect(abs(products.reduce(0, +) / n) < 5 * 10 / n.squareRoot())
  }

  /// A Gaussian of mean 1 and width 2 above 0: mean 1 + 2λ and variance 4(1 − λ/2 − λ²) with λ = φ(½)/Φ(½) = 0.5091604.
  @Test func truncation() throws {
    let soft = EventText.particle(22, 1, 0, 0, 1)
    let seen = try Self.seen(soft, Self.rule("a", energy: .fromMass, pt: .width("2")))
    Self.check(seen.map(\.momentum.pt), mean: 2.0183208, width: 1.3945249)
    #expect(seen.allSatisfy { $0.momentum.pt > 0 })
    // With a mass, the energy stays above it.
    let heavy = EventText.particle(5, 1, 0, 0, 5, mass: 4.9)
    let jets = try Self.seen(heavy, Self.rule("b", energy: .width("2"), pt: .fromMass))
    #expect(jets.allSatisfy { $0.momentum.e >= 4.9 && $0.momentum.pt >= 0 })
    // λ = φ(a)/(1 − Φ(a)) for a = (4.9 − 5)/2; the mean is 5 + 2λ.
    #expect(abs(Self.moments(jets.map(\.momentum.e)).mean - (5 + 2 * 0.7663284786991333)) < 0.02)
  }

  /// One number each, wherever the mean is: no redraw that never ends.
  @Test func truncationFarOut() {
    for u in [1e-16, 0.3, 1 - 1e-16] {
      let far = TruncatedGaussian.draw(mean: -30, width: 1, above: 0, uniform: u)
      // Far out the Gaussian is an exponential of mean 1/30.
      #expect(far >= 0 && abs(far + log(u) / 30) < 0.05)
      #expect(TruncatedGaussian.draw(mean: -1e6, width: 1, above: 0, uniform: u) == 0)
      #expect(TruncatedGaussian.draw(mean: -5, width: 0, above: 0, uniform: u) == -5)
      #expect(TruncatedGaussian.draw(mean: 3, width: 1, uniform: u).isFinite)
    }
  }

  /// MadMiner loops forever for a particle with pT = 0 (defect 5).
  @Test func alongTheBeamAndAtRest() throws {
    let rule = try Self.rule("p", energy: .width("0.1 * e"), pt: .fromMass, eta: "0.1", phi: "0.1")
    let beam = try Self.seen(EventText.particle(11, 0, 0, -50, 50), rule)
    Self.check(beam.map(\.momentum.e), mean: 50, width: 5)
    #expect(beam.allSatisfy { $0.momentum.pt == 0 && $0.momentum.pz == -$0.momentum.e })
    let rest = EventText.particle(25, 0, 0, 0, 125, mass: 125)
    #expect(try Self.seen(rest, rule, count: 10).allSatisfy { $0 == rest })
    let nothing = EventText.particle(22, 0, 0, 0, 0)
    #expect(try Self.seen(nothing, rule, count: 10).allSatisfy { $0 == nothing })
    let byPT = try Self.rule("p", energy: .fromMass, pt: .width("1"), phi: "1")
    let line = EventText.particle(11, 0, 0, 50, 50)
    #expect(try Self.seen(line, byPT, count: 10).allSatisfy { $0 == line })
  }

  /// The bits depend on the seed, the event and the place in the record; not on what was read before.
  @Test func drawsByIdentity() throws {
    let rules = [
      try Self.rule(
        "j", energy: .width("0.1 * e"), pt: .fromMass, eta: "0.1", phi: "0.1"),
      try Self.rule("l", energy: .fromMass, pt: .width("0.1 * pt")),
    ]
    let tags = [
      Tagging(
        name: "b_tag",
        rates: [.init(particles: try #require(ParticleClass("j")), probability: "0.5")])
    ]
    func all(_ ids: [Int64], seed: UInt64 = 1) throws -> [Int64: ([Particle], [UInt8], Double)] {
      let detector = try Self.detector(rules, missing: "0.3 * sqrt(ht)", tags: tags, seed: seed)
      var result: [Int64: ([Particle], [UInt8], Double)] = [:]
      for id in ids {
        try detector.observe(ExpressionTests.event, id: id, number: 1)
        result[id] = (detector.event.particles, detector.tags, detector.noise.x)
      }
      return result
    }
    let ids: [Int64] = [7, -3, 99, .max, .min, 0]
    let forward = try all(ids)
    let backward = try all(ids.reversed())
    for id in ids {
      let alone = try all([id])
      for other in [backward, alone] {
        #expect(forward[id]?.0 == other[id]?.0 && forward[id]?.1 == other[id]?.1)
        #expect(forward[id]?.2 == other[id]?.2)
      }
    }
    #expect(Set(forward.values.map { $0.2 }).count == ids.count)
    #expect(try all([7], seed: 2)[7]?.2 != forward[7]?.2)
    // Two equal particles of an event are drawn apart.
    let twins = EventText.event([Self.massless, Self.massless])
    let detector = try Self.detector(rules)
    try detector.observe(twins, id: 1, number: 1)
    #expect(detector.event.particles[0] != detector.event.particles[1])
  }

  /// Uniform numbers of different quantities, particles, events and purposes have nothing to do with each other.
  @Test func drawsAreUncorrelated() {
    let n = 20_000
    func numbers(_ make: (Int) -> Double) -> [Double] { (0..<n).map { make($0) - 0.5 } }
    let columns = [
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.smearing, 0, 0) },
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.smearing, 0, 1) },
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.smearing, 0, 2) },
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.smearing, 0, 3) },
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.smearing, 1, 0) },
      numbers { Draws(seed: 1, event: Int64($0)).uniform(.efficiency, 0, 0) },
      numbers { Draws(seed: 2, event: Int64($0)).uniform(.smearing, 0, 0) },
      numbers { Draws(seed: 1, event: Int64($0 + 1)).uniform(.smearing, 0, 0) },
    ]
    for (i, a) in columns.enumerated() {
      #expect(a.allSatisfy { abs($0) < 0.5 })
      for (j, b) in columns.enumerated() where j >= i {
        let covariance = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / Double(n)
        // Five standard errors; the variance of a uniform number is 1/12.
        let wanted = i == j ? 1.0 / 12 : 0
        #expect(abs(covariance - wanted) < 5 * 0.0833 / Double(n).squareRoot(), "\(i) \(j)")
      }
    }
  }

  @Test func missingMomentum() throws {
    // HT = 50 + 50 + 20 …: of the visible particles alone.
    let event = EventText.event([
      EventText.particle(1, 30, 40, 0, 50), EventText.particle(12, -100, 0, 0, 100),
      EventText.particle(22, 0, 50, 0, 50),
    ])
    let selection = try Selection(
      observables: [
        Observable(name: "x", expression: "met.px"), Observable(name: "y", expression: "met.py"),
        Observable(name: "m", expression: "met.m2"),
        Observable(name: "all", expression: "visible.px"),
      ], smearing: Smearing(missing: "1 + 0.1 * ht + 0 * met"))
    let processor = EventProcessor(selection)
    var rows: [Double] = []
    for id in 0..<Self.count {
      _ = try processor.process(event, number: 1, id: Int64(id), into: &rows)
    }
    func column(_ k: Int) -> [Double] { stride(from: k, to: rows.count, by: 4).map { rows[$0] } }
    Self.check(column(0), mean: -30, width: 11)
    Self.check(column(1), mean: -90, width: 11)
    #expect(column(2).allSatisfy { abs($0) < 1e-9 })
    #expect(column(3).allSatisfy { $0 == 30 })
    let covariance =
      zip(column(0), column(1)).reduce(0) { $0 + ($1.0 + 30) * ($1.1 + 90) } / Double(Self.count)
    #expect(abs(covariance) < 5 * 121 / Double(Self.count).squareRoot())
  }

  /// Observables, cuts and lists see the smeared particles; truth, incoming and record those of the file.
  @Test func whatExpressionsSee() throws {
    let event = ExpressionTests.event
    let names = [
      "j[0].e", "p_truth[3].e", "truth[0].pt", "n_particles", "record[6].e", "len(record)",
      "len(p)", "len(p_truth)", "len(incoming)", "j[0].deltaR(j[0])", "visible.e",
    ]
    let selection = try Selection(
      observables: names.enumerated().map { Observable(name: "o\($0)", expression: $1) },
      smearing: Smearing(rules: [Self.rule("j", energy: .width("0.2 * e"), pt: .fromMass)]))
    var row: [Double] = []
    _ = try EventProcessor(selection).process(event, number: 1, id: 11, into: &row)
    #expect(row[0] != 100 && abs(row[0] - 100) < 100)
    #expect(Array(row[1...8]) == [100, 50, 11, 100, 11, 8, 8, 2])
    #expect(row[9] == 0 && row[10] != 254)
  }

  /// Lists are sorted by the smeared pT.
  @Test func order() throws {
    let event = EventText.event([
      EventText.particle(1, 50, 0, 0, 50), EventText.particle(2, 49, 0, 0, 49),
    ])
    let selection = try Selection(
      observables: [
        Observable(name: "first", expression: "j[0].pdgid"),
        Observable(name: "falls", expression: "j[0].pt >= j[1].pt"),
      ], smearing: Smearing(rules: [Self.rule("j", energy: .width("5"), pt: .fromMass)]))
    let processor = EventProcessor(selection)
    var rows: [Double] = []
    for id in 0..<200 { _ = try processor.process(event, number: 1, id: Int64(id), into: &rows) }
    #expect(stride(from: 1, to: 400, by: 2).allSatisfy { rows[$0] == 1 })
    #expect(Set(stride(from: 0, to: 400, by: 2).map { rows[$0] }) == [1, 2])
  }
}
