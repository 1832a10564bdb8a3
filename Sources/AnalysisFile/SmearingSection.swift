import Diagnostics
import EventModel

// The sections that say what a detector makes of the particles:
//
//     smearing:                       # particles without an entry stay as they are
//       j: {energy: {absolute: 1, relative: 0.1}, eta: 0.05, phi: 0.05}
//       e: {energy: "hypot(0.1 * sqrt(e), 0.01 * e)"}
//       mu: {pt: 0.01 * pt + 1e-4 * pt**2, energy: from-mass}
//       met: 0.5 * sqrt(ht)
//     tags:
//       b_tag: {b: 0.7, c: 0.1, light: 0.01}
//
// A width is an expression or {absolute: A, relative: R}, which is A + R |X| of the true X.

extension Analysis {
  mutating func readSmearing(_ entry: Entry) throws {
    for kind in try entry.mapping() {
      if kind.key == "met" {
        setup.smearing.missing = try width(kind, of: "met", relativeTo: "ht")
      } else {
        setup.smearing.rules.append(try rule(kind))
      }
    }
  }

  private mutating func rule(_ entry: Entry) throws -> Smearing.Rule {
    var rule = Smearing.Rule(particles: try Self.particles(entry, others: ["met"]))
    let fields = try entry.fields(required: [], optional: ["energy", "pt", "eta", "phi"])
    let kind = rule.particles.text
    func resolution(_ key: String, _ attribute: String) throws -> Smearing.Resolution? {
      guard let field = fields[key] else { return nil }
      if case .scalar = field.node, try field.text() == "from-mass" { return .fromMass }
      return .width(try width(field, of: "\(kind) \(key)", relativeTo: "abs(\(attribute))"))
    }
    let energy = try resolution("energy", "e")
    let pt = try resolution("pt", "pt")
    rule.eta = try fields["eta"].map {
      try width($0, of: "\(kind) eta", relativeTo: "abs(eta)")
    }
    rule.phi = try fields["phi"].map {
      try width($0, of: "\(kind) phi", relativeTo: "abs(phi)")
    }
    if energy == .fromMass, pt == .fromMass {
      throw entry.problem(
        "energy and pt of '\(kind)' are both from the mass", remedy: "give one of them")
    }
    // What is not said keeps the mass: a particle whose energy is drawn keeps its direction, one whose pT is drawn gets
    // the energy that belongs to it, and one that is turned keeps its energy.
    rule.energy = energy ?? (pt == nil || pt == .fromMass ? .exact : .fromMass)
    rule.pt = pt ?? (energy == .fromMass || energy == nil && rule.eta == nil ? .exact : .fromMass)
    return rule
  }

  mutating func readTags(_ entry: Entry) throws {
    for tag in try entry.mapping() {
      try tag.requireKey(in: Tagging.names, what: "tag")
      let rates = try tag.mapping().map { rate in
        let particles = try Self.particles(rate)
        lines["\(tag.key) of \(particles.text)"] = rate.line
        return Tagging.Rate(particles: particles, probability: try rate.text())
      }
      guard !rates.isEmpty else {
        throw tag.problem("'\(tag.key)' names no particles", remedy: "write {b: 0.7, light: 0.01}")
      }
      setup.tags.append(Tagging(name: tag.key, rates: rates))
    }
  }

  private static func particles(_ entry: Entry, others: [String] = []) throws -> ParticleClass {
    if let particles = ParticleClass(entry.key) { return particles }
    throw entry.problemAtKey(
      "'\(entry.key)' is not a kind of particle",
      remedy: "use \((ParticleClass.names + others).joined(separator: ", ")) or PDG numbers")
  }

  /// The text of a width.
  private mutating func width(
    _ entry: Entry, of name: String, relativeTo quantity: String
  ) throws -> String {
    lines["smearing of \(name)"] = entry.line
    if let text = try entry.textIfScalar() { return text }
    let fields = try entry.fields(required: [], optional: ["absolute", "relative"])
    var terms: [String] = []
    for (key, factor) in [("absolute", ""), ("relative", " * " + quantity)] {
      guard let field = fields[key] else { continue }
      let value = try field.number()
      guard value >= 0 else {
        throw field.problem("'\(key)' is \(value), below 0", remedy: "widths are positive")
      }
      terms.append(try field.text() + factor)
    }
    guard !terms.isEmpty else {
      throw entry.problem(
        "the width of \(name) is empty", remedy: "write {absolute: 1, relative: 0.1}")
    }
    return terms.joined(separator: " + ")
  }
}
