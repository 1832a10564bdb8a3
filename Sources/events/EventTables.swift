import CommandKit
import EventModel
import LesHouches

/// Les Houches events as tables for people.
enum EventTables {
  /// The first `limit` events, or all.
  static func text(_ reader: LHEReader, limit: Int) throws -> String {
    var event = ParticleEvent()
    var texts: [String] = []
    var slots: [(id: String, slot: Int)] = []
    for id in reader.head.weights.map(\.id) + reader.head.undeclaredWeights {
      slots.append((id, reader.want(id, asItIs: true)))
    }
    while texts.count < limit, try reader.next(into: &event) {
      let weights = slots.compactMap { id, slot in reader.weight(slot).map { (id, $0) } }
      texts.append(text(event, number: reader.eventCount, weights, reader.attributes))
    }
    return texts.joined(separator: "\n")
  }

  private static func text(
    _ event: ParticleEvent, number: Int, _ weights: [(id: String, value: Double)],
    _ attributes: [(name: String, value: String)]
  ) -> String {
    func short(_ x: Double) -> String { TextTable.number(x, digits: 8) }
    var notes = [
      "event \(number): process \(event.processID), weight \(short(event.weight)), scale \(short(event.scale)) GeV, alpha_qed \(short(event.alphaQED)), alpha_qcd \(short(event.alphaQCD))"
    ]
    if !attributes.isEmpty {
      notes.append(attributes.map { "\($0.name) \($0.value)" }.joined(separator: ", "))
    }
    var particles = TextTable(
      [
        "line", "particle", "pdg", "status", "mothers", "colours", "px", "py", "pz", "E", "m",
        "lifetime", "spin",
      ], notes: notes)
    for (i, particle) in event.particles.enumerated() {
      let p = particle.momentum
      particles.add(
        [
          "\(i + 1)", ParticleName.of(particle.pdgID), "\(particle.pdgID)", "\(particle.status)",
          "\(particle.mothers.0)-\(particle.mothers.1)",
          "\(particle.colours.0)-\(particle.colours.1)",
        ] + [p.px, p.py, p.pz, p.e, particle.mass, particle.lifetime, particle.spin].map(short))
    }
    guard !weights.isEmpty else { return particles.text }
    var table = TextTable(["weight", "value", "ratio"])
    for (id, value) in weights {
      table.add([id, short(value), event.weight == 0 ? "-" : short(value / event.weight)])
    }
    return particles.text + table.text
  }
}
