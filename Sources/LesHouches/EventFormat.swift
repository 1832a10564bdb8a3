import EventModel
import Glibc

/// Numbers and particles as text that reads back to the same bits.
enum EventFormat {
  /// Seventeen significant digits, which every double survives: `+` is left out.
  static func real(_ value: Double) -> String {
    withVaList([value]) { arguments in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
        let n = vsnprintf(buffer.baseAddress, buffer.count, "%.16e", arguments)
        return String(
          decoding: UnsafeRawBufferPointer(buffer)[0..<max(0, Int(n))], as: UTF8.self)
      }
    }
  }

  /// One line of `<rwgt>`.
  static func weight(_ id: String, _ value: String) -> String {
    let id = XMLText.escaped(id).replacing("'", with: "&apos;")
    return "<wgt id='\(id)'> \(value) </wgt>\n"
  }

  /// One line of 13 columns, with its newline.
  static func line(_ particle: Particle) -> String {
    let numbers: [any BinaryInteger] = [
      particle.pdgID, particle.status, particle.mothers.0, particle.mothers.1,
      particle.colours.0, particle.colours.1,
    ]
    let p = particle.momentum
    let reals = [p.px, p.py, p.pz, p.e, particle.mass, particle.lifetime, particle.spin]
    return " " + numbers.map { "\($0)" }.joined(separator: " ") + " "
      + reals.map(real).joined(separator: " ") + "\n"
  }

  /// `<event>` with particles, weights by id and attributes, ended by a newline.
  static func text(
    _ event: ParticleEvent, weights: [(id: String, value: Double)] = [],
    attributes: [(name: String, value: String)] = [],
    scales: [(name: String, value: Double)] = []
  ) -> String {
    var text = "<event"
    for (name, value) in attributes { text += " \(name)=\"\(XMLText.escaped(value))\"" }
    text += ">\n \(event.particles.count) \(event.processID) "
    text += [event.weight, event.scale, event.alphaQED, event.alphaQCD].map(real)
      .joined(separator: " ")
    text += "\n"
    for particle in event.particles { text += line(particle) }
    if !weights.isEmpty {
      text += "<rwgt>\n"
      for (id, value) in weights {
        text += weight(id, real(value))
      }
      text += "</rwgt>\n"
    }
    let known = scales.filter { $0.value.isFinite }
    if !known.isEmpty {
      let pairs = known.map { " \($0.name)=\"\(real($0.value))\"" }
      text += "<scales" + pairs.joined() + "></scales>\n"
    }
    return text + "</event>\n"
  }
}
