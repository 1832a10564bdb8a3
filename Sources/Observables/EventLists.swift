import EventModel

/// The lists of an event's particles: positions in the record, those of base lists first, then what loops add.
struct EventLists {
  struct Span {
    var start = 0
    var count = 0
  }

  /// Positions in the record, one list after another.
  var indices: [Int32] = []
  var base = [Span](repeating: Span(), count: BaseList.allCases.count)
  var visible = FourVector()
  /// What a detector adds to the missing momentum.
  var noise = (x: 0.0, y: 0.0)
  /// Scratch for sorting.
  private var keys: [Double] = []

  /// Which lists hold a final-state particle, by its number.
  static func lists(of id: Int32) -> UInt32 {
    switch id {
    case 11, -11: bit(.e) | bit(.l)
    case 13, -13: bit(.mu) | bit(.l)
    case 15, -15: bit(.tau)
    case 22: bit(.a)
    case 5, -5: bit(.b) | bit(.j)
    default:
      ParticleIdentity(id).isNeutrino ? bit(.v) : ParticleIdentity(id).isJet ? bit(.j) : 0
    }
  }

  static func bit(_ list: BaseList) -> UInt32 { 1 << UInt32(list.rawValue) }

  /// Fills the lists a program uses: by falling pT (equal ones in file order), but `p`, `truth`, `incoming` and `record` in
  /// file order.
  ///
  /// The first `lines` particles are the event's; where there are more, those of the file follow.
  mutating func fill(
    _ record: UnsafeBufferPointer<Particle>, lines: Int, used: UInt32, needsVisible: Bool
  ) {
    indices.removeAll(keepingCapacity: true)
    let particles = UnsafeBufferPointer(rebasing: record[..<lines])
    let file = record.count - lines..<record.count
    if needsVisible { sumVisible(particles) }
    for list in BaseList.allCases where used & Self.bit(list) != 0 {
      let start = indices.count
      switch list {
      case .record:
        for i in file { indices.append(Int32(i)) }
      case .p:
        for i in particles.indices where particles[i].status == 1 { indices.append(Int32(i)) }
      case .truth:
        for i in file where record[i].status == 1 { indices.append(Int32(i)) }
      case .incoming:
        for i in file where record[i].status == -1 { indices.append(Int32(i)) }
      default:
        let wanted = Self.bit(list)
        for i in particles.indices
        where particles[i].status == 1 && Self.lists(of: particles[i].pdgID) & wanted != 0 {
          insert(Int32(i), from: start, particles)
        }
      }
      base[Int(list.rawValue)] = Span(start: start, count: indices.count - start)
    }
  }

  /// Lists are short: insertion keeps the file's order among equals.
  private mutating func insert(
    _ index: Int32, from start: Int, _ particles: UnsafeBufferPointer<Particle>
  ) {
    indices.append(index)
    let pt2 = particles[Int(index)].momentum.pt2
    var at = indices.count - 1
    while at > start, particles[Int(indices[at - 1])].momentum.pt2 < pt2 {
      indices[at] = indices[at - 1]
      at -= 1
    }
    indices[at] = index
  }

  private mutating func sumVisible(_ particles: UnsafeBufferPointer<Particle>) {
    visible = FourVector()
    for particle in particles where particle.status == 1 && particle.identity.isVisible {
      visible = visible + particle.momentum
    }
  }

  /// −Σ of the visible transverse momenta plus noise, massless, with pz = 0.
  var met: FourVector {
    let (x, y) = (noise.x - visible.px, noise.y - visible.py)
    return FourVector(px: x, py: y, pz: 0, e: (x * x + y * y).squareRoot())
  }

  /// Adds the particles of a list in the order of rising keys; undefined keys come last, equal ones keep their order.
  mutating func appendSorted(_ span: Span, keys: [Double]) -> Span {
    let order = (0..<span.count).sorted { a, b in
      let (x, y) = (keys[a], keys[b])
      if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
      return x == y ? a < b : x < y
    }
    let start = indices.count
    for i in order { indices.append(indices[span.start + i]) }
    return Span(start: start, count: span.count)
  }
}
