import Diagnostics
import EventModel
import Glibc
import Numerics

/// Makes of events what a detector sees: smeared particles, tags, noise on the missing momentum.
///
/// Every random number is a function of (seed, what the event holds, position of the particle in the record, quantity), so
/// that order, shards, containers and threads do not matter. One detector for each thread.
public final class Detector {
  public let model: DetectorModel
  private let seed: UInt64
  private let widths: [Evaluator]
  private let missingWidth: Evaluator?
  private let probabilities: [[Evaluator]]
  /// The rule of each PDG number seen so far; −1 is none.
  private var ruleOf: [Int32: Int] = [:]

  /// The event as seen. Its particles are those of the record after smearing, then those of the file: mothers and truth
  /// are looked up there.
  private(set) var event = ParticleEvent()
  /// Lines of the record: half of the particles.
  private(set) var lines = 0
  /// Tags of the seen particles, one bit each.
  private(set) var tags: [UInt8] = []
  /// Noise on the components of the missing momentum.
  private(set) var noise = (x: 0.0, y: 0.0)
  /// Bits of the tags that are drawn.
  let drawnTags: UInt8
  /// One particle, for which expressions are evaluated.
  private var single = ParticleEvent()

  public init(_ model: DetectorModel, seed: UInt64) {
    self.model = model
    self.seed = seed
    widths = model.rules.map { Evaluator($0.widths) }
    missingWidth = model.missing.map { Evaluator($0) }
    probabilities = model.tags.map { $0.rates.map { Evaluator($0.probability) } }
    drawnTags = model.tags.reduce(0) { $0 | $1.tag.bit }
  }

  /// Looks at an event with its content key; `number` (from 1) names it in the `Problem` (65) of a width that is negative or
  /// a probability outside [0, 1].
  public func observe(_ truth: ParticleEvent, id: Int64, number: Int) throws {
    lines = truth.particles.count
    (event.scale, event.alphaQED, event.alphaQCD) = (truth.scale, truth.alphaQED, truth.alphaQCD)
    (event.processID, event.weight) = (truth.processID, truth.weight)
    event.particles.removeAll(keepingCapacity: true)
    event.particles.append(contentsOf: truth.particles)
    event.particles.append(contentsOf: truth.particles)
    do {
      let draws = Draws(seed: seed, event: id)
      for i in 0..<lines where event.particles[i].status == 1 { try smear(i, draws) }
      if !model.tags.isEmpty { try tag(draws) }
      if let missingWidth { try addNoise(missingWidth, draws) }
    } catch var problem as Problem {
      problem.place = "event \(number)"
      throw problem
    }
  }

  private func rule(for id: Int32) -> Int {
    if let known = ruleOf[id] { return known }
    let found = model.rules.lastIndex { $0.particles.contains(id) } ?? -1
    ruleOf[id] = found
    return found
  }

  private func evaluate(_ evaluator: Evaluator, of particle: Particle) {
    single.particles.removeAll(keepingCapacity: true)
    single.particles.append(particle)
    evaluator.evaluate(single)
  }

  private func smear(_ index: Int, _ draws: Draws) throws {
    let particle = event.particles[index]
    let number = rule(for: particle.pdgID)
    guard number >= 0 else { return }
    let rule = model.rules[number]
    evaluate(widths[number], of: particle)
    var sigma = SIMD4<Double>()
    for (i, drawn) in rule.components.enumerated() {
      let width = widths[number].value(i)
      guard width >= 0, width.isFinite else {
        throw Problem(
          .data,
          "the width of \(rule.particles.text) \(drawn.component) is \(Self.text(width)) ('\(drawn.text)')",
          remedy: "it must be a number from 0 up for every such particle: use max(0, WIDTH)")
      }
      sigma[drawn.component.rawValue] = width
    }
    guard sigma != .zero else { return }
    event.particles[index] = rule.smeared(particle, sigma) {
      draws.uniform(.smearing, UInt32(index), $0.rawValue)
    }
  }

  private func tag(_ draws: Draws) throws {
    tags.removeAll(keepingCapacity: true)
    tags.append(contentsOf: repeatElement(0, count: lines))
    for i in 0..<lines where event.particles[i].status == 1 {
      let particle = event.particles[i]
      for (t, (tag, rates)) in model.tags.enumerated() {
        guard let r = rates.lastIndex(where: { $0.particles.contains(particle.pdgID) }) else {
          continue
        }
        let evaluator = probabilities[t][r]
        evaluate(evaluator, of: particle)
        let probability = evaluator.value(0)
        guard probability >= 0, probability <= 1 else {
          throw Problem(
            .data,
            "the probability of \(tag.name) for \(rates[r].particles.text) is \(Self.text(probability)) ('\(rates[r].text)')",
            remedy: "it must be from 0 to 1 for every such particle")
        }
        if draws.uniform(.efficiency, UInt32(i), tag.rawValue) < probability { tags[i] |= tag.bit }
      }
    }
  }

  private func addNoise(_ evaluator: Evaluator, _ draws: Draws) throws {
    var visible = FourVector()
    var ht = 0.0
    for i in 0..<lines where event.particles[i].status == 1 && event.particles[i].identity.isVisible
    {
      visible = visible + event.particles[i].momentum
      ht += event.particles[i].momentum.pt
    }
    var numbers = ParticleEvent()
    (numbers.scale, numbers.alphaQED) = (ht, visible.pt)
    evaluator.evaluate(numbers)
    let width = evaluator.value(0)
    guard width >= 0, width.isFinite else {
      throw Problem(
        .data, "the width of met is \(Self.text(width)) ('\(model.missingText)')",
        remedy: "it must be a number from 0 up for every event: use max(0, WIDTH)")
    }
    func draw(_ component: Int) -> Double {
      TruncatedGaussian.draw(
        mean: 0, width: width, uniform: draws.uniform(.smearing, Draws.wholeEvent, component))
    }
    noise = (draw(0), draw(1))
  }

  private static func text(_ value: Double) -> String { value.isNaN ? "undefined" : "\(value)" }
}

/// The uniform random numbers of one event.
struct Draws {
  /// In place of the position of a particle.
  static let wholeEvent: UInt32 = 0x7FFF_FFFF

  private let generator: Philox
  private let event: UInt64

  init(seed: UInt64, event: Int64) {
    generator = Philox(seed: seed)
    self.event = UInt64(bitPattern: event)
  }

  /// In (0, 1), a multiple of 2⁻⁵³; `component` is from 0 to 3.
  func uniform(_ purpose: RandomPurpose, _ particle: UInt32, _ component: Int) -> Double {
    let block = generator.block(
      SIMD4(
        particle &* 2 &+ UInt32(component / 2), purpose.rawValue,
        UInt32(truncatingIfNeeded: event), UInt32(truncatingIfNeeded: event >> 32)))
    let half = component & 1 == 0 ? (block[0], block[1]) : (block[2], block[3])
    let bits = UInt64(half.0) | UInt64(half.1) << 32
    return (Double(bits >> 12) + 0.5) * 0x1p-52
  }
}

/// A Gaussian cut off below, drawn by its inverse distribution: one uniform number, no rejection, however little of the
/// Gaussian is left.
enum TruncatedGaussian {
  /// A number above `bound`; `mean` itself, wherever it is, for width 0.
  static func draw(
    mean: Double, width: Double, above bound: Double = -.infinity, uniform: Double
  ) -> Double {
    guard width > 0 else { return mean }
    let tail = bound == -.infinity ? 1 : Normal.survival((bound - mean) / width)
    // Further out than 37 widths nothing is left but the bound.
    guard tail > 1e-300 else { return bound }
    return max(bound, mean - width * Normal.quantile(uniform * tail))
  }
}

extension DetectorModel.Rule {
  /// The particle with its energy, transverse momentum, pseudorapidity and azimuth drawn with widths `sigma`; what has
  /// width 0 is not drawn.
  ///
  /// A particle without transverse momentum has no pseudorapidity that noise could move: only its energy is drawn, and its
  /// momentum along the beam follows. One at rest stays as it is.
  func smeared(
    _ particle: Particle, _ sigma: SIMD4<Double>,
    uniform: (DetectorModel.Component) -> Double
  ) -> Particle {
    func draw(
      _ component: DetectorModel.Component, _ mean: Double, above bound: Double = -.infinity
    ) -> Double {
      let width = sigma[component.rawValue]
      return width == 0
        ? mean
        : TruncatedGaussian.draw(
          mean: mean, width: width, above: bound, uniform: uniform(component))
    }
    let p = particle.momentum
    let mass = Swift.abs(particle.mass)
    let transverse = p.pt
    var result = particle
    var e = draw(.energy, p.e, above: pt == .fromMass ? mass : 0)
    /// √(E² − m²)
    func momentum() -> Double { max(0, (e - mass) * (e + mass)).squareRoot() }
    if transverse == 0 {
      guard p.pz != 0, sigma[0] > 0 else { return particle }
      if pt == .fromMass { result.momentum.pz = p.pz > 0 ? momentum() : -momentum() }
      result.momentum.e = e
    } else {
      var newPT = draw(.pt, transverse, above: 0)
      var (sinhEta, coshEta) = (p.pz / transverse, p.p / transverse)
      let turned = sigma[2] > 0
      if turned {
        let eta = draw(.eta, p.eta)
        (sinhEta, coshEta) = (sinh(eta), cosh(eta))
      }
      if pt == .fromMass, turned || sigma[0] > 0 { newPT = momentum() / coshEta }
      if energy == .fromMass, turned || sigma[1] > 0 { e = hypot(newPT * coshEta, mass) }
      result.momentum.e = e
      if turned || newPT != transverse { result.momentum.pz = newPT * sinhEta }
      if sigma[3] > 0 {
        let phi = draw(.phi, p.phi)
        (result.momentum.px, result.momentum.py) = (newPT * cos(phi), newPT * sin(phi))
      } else if newPT != transverse {
        let ratio = newPT / transverse
        (result.momentum.px, result.momentum.py) = (p.px * ratio, p.py * ratio)
      }
    }
    // Drawn each for itself, energy and momentum decide the mass.
    if energy != .fromMass, pt != .fromMass, sigma[0] > 0 || sigma[1] > 0 || sigma[2] > 0 {
      result.mass = result.momentum.m
    }
    return result
  }
}
