import Diagnostics
import EventModel

/// Smearing and tags of a setup, compiled; `Detector` applies them to events.
public struct DetectorModel: Sendable {
  /// What is drawn of a particle.
  enum Component: Int, Sendable, CaseIterable {
    case energy, pt, eta, phi
  }

  enum Mode: Sendable { case exact, drawn, fromMass }

  struct Rule: Sendable {
    var particles: ParticleClass
    var energy: Mode
    var pt: Mode
    /// The widths, in the order of `components`.
    var widths: Program
    /// What is drawn, and the text of its width.
    var components: [(component: Component, text: String)]
  }

  struct Rate: Sendable {
    var particles: ParticleClass
    var probability: Program
    var text: String
  }

  let rules: [Rule]
  /// Width of the noise on missing momentum: `ht` is in the event's scale, `met` in its alphaQED.
  let missing: Program?
  let missingText: String
  let tags: [(tag: Tag, rates: [Rate])]

  /// Compiles; nil where the setup leaves particles as they are. Throws a `Problem` (65) that names what the expression is
  /// for (`smearing of j energy`, `b_tag of c`) and the column.
  public init?(_ smearing: Smearing, _ tags: [Tagging]) throws {
    if smearing.isEmpty && tags.isEmpty { return nil }
    rules = try smearing.rules.map(Self.rule)
    missing = try smearing.missing.map { text in
      var compiler = Compiler()
      compiler.knowsEvent = false
      compiler.observables["ht"] = compiler.graph.node(
        .header(.scale), type: .number, dimension: .energy)
      compiler.observables["met"] = compiler.graph.node(
        .header(.alphaQED), type: .number, dimension: .energy)
      let value = try compiler.numericValue(
        NamedExpression(role: "smearing of", name: "met", text: text))
      return Emitter.program(compiler.graph, outputs: [value])
    }
    missingText = smearing.missing ?? ""
    self.tags = try tags.map { tagging in
      guard let tag = Tag(name: tagging.name) else {
        throw Problem(
          .data, "'\(tagging.name)' is not a tag",
          remedy: "there are " + Tagging.names.joined(separator: ", "))
      }
      return (
        tag,
        try tagging.rates.map { rate in
          Rate(
            particles: rate.particles,
            probability: try Self.program(
              [rate.probability], role: tagging.name + " of", names: [rate.particles.text]),
            text: rate.probability)
        }
      )
    }
  }

  private static func rule(_ rule: Smearing.Rule) throws -> Rule {
    var drawn: [(component: Component, text: String)] = []
    func mode(_ resolution: Smearing.Resolution, _ component: Component) -> Mode {
      switch resolution {
      case .exact: return .exact
      case .fromMass: return .fromMass
      case .width(let text):
        drawn.append((component, text))
        return .drawn
      }
    }
    let energy = mode(rule.energy, .energy)
    let pt = mode(rule.pt, .pt)
    if energy == .fromMass, pt == .fromMass {
      throw Problem(
        .data, "smearing of \(rule.particles.text): energy and pt are both from the mass",
        remedy: "give one of them")
    }
    if let eta = rule.eta { drawn.append((.eta, eta)) }
    if let phi = rule.phi { drawn.append((.phi, phi)) }
    let widths = try program(
      drawn.map(\.text), role: "smearing of",
      names: drawn.map { "\(rule.particles.text) \($0.component)" })
    return Rule(
      particles: rule.particles, energy: energy, pt: pt, widths: widths, components: drawn)
  }

  /// Expressions in the attributes of one particle, the first of the event's record.
  private static func program(_ texts: [String], role: String, names: [String]) throws -> Program {
    var compiler = Compiler()
    compiler.knowsEvent = false
    let record = compiler.graph.node(.baseList(.record), type: .list)
    let particle = compiler.graph.node(
      .element, [record, compiler.graph.constant(0)], type: .particle)
    for name in Vocabulary.attributeNames.sorted() {
      compiler.observables[name] = try? compiler.attribute(name, of: particle, 1)
    }
    var outputs: [Value] = []
    for (text, name) in zip(texts, names) {
      outputs.append(
        try compiler.numericValue(NamedExpression(role: role, name: name, text: text)))
    }
    return Emitter.program(compiler.graph, outputs: outputs)
  }
}

extension ParticleClass {
  /// Whether a particle of this number is meant.
  func contains(_ id: Int32) -> Bool {
    if !numbers.isEmpty { return numbers.contains(Int32(truncatingIfNeeded: id.magnitude)) }
    let flavour = id.magnitude
    let lists = EventLists.lists(of: id)
    func isIn(_ list: BaseList) -> Bool { lists & EventLists.bit(list) != 0 }
    switch text {
    case "e": return isIn(.e)
    case "mu": return isIn(.mu)
    case "tau": return isIn(.tau)
    case "l": return isIn(.l)
    case "a": return isIn(.a)
    case "j": return isIn(.j)
    case "b": return isIn(.b)
    case "c": return flavour == 4
    case "t": return flavour == 6
    case "light": return isIn(.j) && !(4...6).contains(flavour)
    case "v": return isIn(.v)
    default: return true
    }
  }
}
