import EventModel
import TestSupport
import Testing

/// Events from the text of a Les Houches file, as far as these tests need it.
enum EventText {
  /// A particle line: id, status, momentum, mass.
  static func particle(
    _ id: Int32, _ px: Double, _ py: Double, _ pz: Double, _ e: Double, status: Int32 = 1,
    mass: Double = 0
  ) -> Particle {
    Particle(
      pdgID: id, status: status, momentum: FourVector(px: px, py: py, pz: pz, e: e), mass: mass)
  }

  static func event(_ particles: [Particle]) -> ParticleEvent {
    var event = ParticleEvent()
    event.particles = particles
    return event
  }

  static func read(_ path: String, first count: Int = .max) throws -> [ParticleEvent] {
    let text = try #require(contents(of: path), "cannot read \(path)")
    var events: [ParticleEvent] = []
    var lines = text.split(separator: "\n").makeIterator()
    while events.count < count, let line = lines.next() {
      guard line.hasPrefix("<event") else { continue }
      let head = numbers(lines.next() ?? "")
      try #require(head.count == 6)
      var event = ParticleEvent()
      (event.weight, event.scale, event.alphaQED, event.alphaQCD) = (
        head[2], head[3], head[4], head[5]
      )
      for _ in 0..<Int(head[0]) {
        let x = numbers(lines.next() ?? "")
        try #require(x.count == 13)
        event.particles.append(
          Particle(
            pdgID: Int32(x[0]), status: Int32(x[1]),
            momentum: FourVector(px: x[6], py: x[7], pz: x[8], e: x[9]), mass: x[10],
            mothers: (Int32(x[2]), Int32(x[3])), colours: (Int32(x[4]), Int32(x[5])),
            lifetime: x[11], spin: x[12]))
      }
      events.append(event)
    }
    return events
  }

  private static func numbers(_ line: Substring) -> [Double] {
    line.split(separator: " ").map { Double($0) ?? .nan }
  }

  /// The text of a file, or the first 2000 lines of a compressed one.
  static func contents(of path: String) -> String? {
    let outcome =
      path.hasSuffix(".gz")
      ? shell("gzip -dc '\(path)' | head -n 2000") : run("cat", [path])
    return outcome.status == 0 ? outcome.text : nil
  }
}
