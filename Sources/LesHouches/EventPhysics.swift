import EventModel

/// What is wrong with one event by the laws that every Les Houches record obeys (arXiv:hep-ph/0109068, sections 2 and 3).
struct EventPhysics {
  private(set) var facts: [(kind: String, fact: String)] = []
  private(set) var hasIncoming = false

  /// `rounding` is the relative size of one unit in the last digit written.
  init(_ event: ParticleEvent, _ tolerance: LHECheck.Tolerance, rounding: Double) {
    hasIncoming = event.particles.contains { $0.status == -1 }
    if hasIncoming { checkMomentum(event, tolerance, rounding) }
    checkParticles(event, tolerance, rounding)
    checkMothers(event)
    checkColours(event)
  }

  private mutating func checkMomentum(
    _ event: ParticleEvent, _ tolerance: LHECheck.Tolerance, _ rounding: Double
  ) {
    var sum = FourVector()
    var size = FourVector()
    var entering = 0.0
    for particle in event.particles where particle.status == 1 || particle.status == -1 {
      let sign = Double(particle.status)
      let p = particle.momentum
      sum.px += sign * p.px
      sum.py += sign * p.py
      sum.pz += sign * p.pz
      sum.e += sign * p.e
      size.px += abs(p.px)
      size.py += abs(p.py)
      size.pz += abs(p.pz)
      size.e += abs(p.e)
      if sign < 0 { entering += abs(p.e) }
    }
    let allowed = max(tolerance.absolute, tolerance.relative * entering)
    let components = [
      ("px", sum.px, size.px), ("py", sum.py, size.py), ("pz", sum.pz, size.pz),
      ("E", sum.e, size.e),
    ]
    let worst = components.max {
      abs($0.1) - rounding * $0.2 < abs($1.1) - rounding * $1.2
    }
    if let (name, off, size) = worst, abs(off) > allowed + rounding * size {
      facts.append(
        (
          "momentum",
          "\(name) is not conserved: off by \(Normalisation.text(off)) GeV, allowed are \(Normalisation.text(allowed + rounding * size))"
        ))
    }
  }

  private mutating func checkParticles(
    _ event: ParticleEvent, _ tolerance: LHECheck.Tolerance, _ rounding: Double
  ) {
    var isOnShell = true
    for (i, particle) in event.particles.enumerated() {
      let p = particle.momentum
      if p.e < 0 { add("energy", "particle \(i + 1) has the energy \(p.e) GeV") }
      let squares = p.px * p.px + p.py * p.py + p.pz * p.pz
      let m = particle.mass
      // A negative mass stands for a negative square.
      let off = p.e * p.e - squares - m * abs(m)
      let (relative, absolute) = (
        tolerance.massRelative ?? tolerance.relative, tolerance.massAbsolute ?? tolerance.absolute
      )
      let allowed =
        relative * p.e * p.e + absolute * (2 * abs(m) + absolute)
        + 2 * rounding * (p.e * p.e + squares + m * m)
      if isOnShell, abs(off) > allowed {
        isOnShell = false
        add(
          "mass",
          "particle \(i + 1) (\(particle.pdgID)) has the mass \(m) and E^2-p^2-m^2 = \(Normalisation.text(off)) GeV^2, allowed are \(Normalisation.text(allowed))"
        )
      }
    }
  }

  private mutating func checkMothers(_ event: ParticleEvent) {
    let particles = event.particles
    let count = Int32(particles.count)
    var hasDaughter = [Bool](repeating: false, count: particles.count)
    for (i, particle) in particles.enumerated() {
      if ![-1, 1, 2, 3, -2, -9].contains(particle.status) {
        add("status", "particle \(i + 1) has the status \(particle.status), which has no meaning")
      }
      let (first, last) = particle.mothers
      guard (0...count).contains(first), (0...count).contains(last) else {
        add("mother", "the mothers of particle \(i + 1) are \(first) and \(last) of \(count)")
        continue
      }
      if particle.status == -1, first != 0 || last != 0 {
        add("mother", "particle \(i + 1) is incoming and has a mother")
      }
      guard first > 0 else { continue }
      let range = last > first ? first...last : first...first
      for mother in range { hasDaughter[Int(mother) - 1] = true }
      let mother = particles[Int(first) - 1]
      if mother.status == 1 {
        add("status", "particle \(first) is final and the mother of particle \(i + 1)")
      }
      if first == Int32(i + 1) || isCircular(i, particles) {
        add("mother", "particle \(i + 1) is among its own ancestors")
      }
    }
    if hasIncoming,
      let i = particles.indices.first(where: {
        particles[$0].status == 2 && !hasDaughter[$0]
      })
    {
      add("status", "particle \(i + 1) is intermediate and nobody's mother")
    }
    let incoming = particles.count { $0.status == -1 }
    if incoming > 2 { add("status", "\(incoming) particles are incoming") }
  }

  private func isCircular(_ start: Int, _ particles: [Particle]) -> Bool {
    var at = start
    for _ in 0...particles.count {
      let mother = Int(particles[at].mothers.0)
      guard mother > 0, mother <= particles.count else { return false }
      at = mother - 1
      if at == start { return true }
    }
    return false
  }

  /// Every line that enters leaves, and charges are those of the particles; events without colours pass.
  private mutating func checkColours(_ event: ParticleEvent) {
    guard event.particles.contains(where: { $0.colours != (0, 0) }) else { return }
    // Lines as if all particles were outgoing: a colour that enters is an anticolour that leaves.
    var lines: [(tag: Int32, colour: Int, anticolour: Int)] = []
    func count(_ tag: Int32, _ isColour: Bool) {
      guard tag != 0 else { return }
      // A sextet writes its second colour as a negative anticolour, and the other way round.
      let (tag, isColour) = tag < 0 ? (-tag, !isColour) : (tag, isColour)
      let i = lines.firstIndex { $0.tag == tag } ?? lines.count
      if i == lines.count { lines.append((tag, 0, 0)) }
      if isColour { lines[i].colour += 1 } else { lines[i].anticolour += 1 }
    }
    for (i, particle) in event.particles.enumerated() {
      if let fact = ColourCharge(particle.pdgID).contradiction(particle.colours) {
        add("colour charge", "particle \(i + 1) (\(particle.pdgID)) \(fact)")
      }
      if particle.status == 1 {
        count(particle.colours.0, true)
        count(particle.colours.1, false)
      } else if particle.status == -1 {
        count(particle.colours.0, false)
        count(particle.colours.1, true)
      }
    }
    guard hasIncoming else { return }
    // Three lines may end in a junction where baryon number is not conserved.
    let open = lines.filter { $0.colour != $0.anticolour }
    if !open.isEmpty,
      open.count % 3 != 0 || open.contains(where: { abs($0.colour - $0.anticolour) != 1 })
    {
      add("colour", "colour line \(open[0].tag) does not connect")
    }
  }

  /// One fact of a kind per event.
  private mutating func add(_ kind: String, _ fact: String) {
    if !facts.contains(where: { $0.kind == kind }) { facts.append((kind, fact)) }
  }
}

/// The colour of the particles whose number says it.
private enum ColourCharge {
  case singlet, triplet, antitriplet, octet, unknown

  init(_ id: Int32) {
    switch abs(Int(id)) {
    case 1...8, 1_000_001...1_000_006, 2_000_001...2_000_006:
      self = id > 0 ? .triplet : .antitriplet
    case 21, 1_000_021: self = .octet
    case 11...18, 22...25, 35...37, 1_000_011...1_000_016, 1_000_022...1_000_025:
      self = .singlet
    default: self = .unknown
    }
  }

  func contradiction(_ colours: (Int32, Int32)) -> String? {
    let (colour, anticolour) = (colours.0 != 0, colours.1 != 0)
    switch (self, colour, anticolour) {
    case (.singlet, true, _), (.singlet, _, true): return "has a colour, and is a singlet"
    case (.triplet, false, _), (.triplet, _, true): return "has not the colour of a triplet"
    case (.antitriplet, true, _), (.antitriplet, _, false):
      return "has not the colour of an antitriplet"
    case (.octet, false, _), (.octet, _, false): return "has not the colours of an octet"
    default: return nil
    }
  }
}

/// The most digits that momenta are written with.
struct MomentumDigits {
  private var digits = 0

  /// One unit in the last digit of a number that begins with 1, relative to it.
  var rounding: Double {
    var unit = 1.0
    for _ in 1..<max(2, min(digits, 17)) { unit /= 10 }
    return max(unit, 4 * Double.ulpOfOne)
  }

  mutating func look(at text: UnsafeRawBufferPointer, particles: Int) {
    guard let start = text.baseAddress else { return }
    var p = BytePointer(start.assumingMemoryBound(to: UInt8.self))
    let end = p + text.count
    var lines = -2
    while lines < particles, let newline = Bytes.find(Ascii.newline, from: p, to: end) {
      let first = Bytes.skipBlanks(p)
      if first < newline, first.pointee != Ascii.hash, newline > first {
        if lines >= 0 { look(from: first, to: newline) }
        lines += 1
      }
      p = newline + 1
    }
  }

  private mutating func look(from start: BytePointer, to end: BytePointer) {
    var p = start
    for column in 1...10 {
      p = Bytes.skipBlanks(p)
      let word = p
      while p < end && p.pointee > Ascii.space { p += 1 }
      if column >= 7 {
        digits = max(digits, NumberReader.significantDigits(from: word, to: p))
      }
    }
  }
}
