/// The particle block of an events table: two fields laid out and named as LHEH5 has them, so that programs that read LHEH5
/// open an events file of ours (https://spice-mc.gitlab.io/pepper/reference/lheh5_format.html).
///
/// `events` is one row an event: its head line, and its weights by id as the generator wrote them, in no unit of ours.
/// `particles` is a list an event. `start` and `nparticles` follow from the lists: they are made anew on writing and
/// passed over on reading.
public enum ParticleBlock {
  public static let events = "events"
  public static let particles = "particles"

  /// The first columns of `events`; the others are weights by id.
  public static let eventColumns = [
    "pid", "nparticles", "start", "trials", "scale", "fscale", "rscale", "aqed", "aqcd", "NOMINAL",
  ]
  /// Columns of an entry of `particles`: IDUP, ISTUP, MOTHUP, ICOLUP, PUP [GeV], VTIMUP [mm], SPINUP.
  public static let particleColumns = [
    "id", "status", "mother1", "mother2", "color1", "color2", "px", "py", "pz", "e", "m",
    "lifetime", "spin",
  ]

  public static func eventField(weightIDs: [String]) -> Field {
    Field(events, components: eventColumns + weightIDs)
  }
  public static let particleField = Field(particles, components: particleColumns, isList: true)

  /// The block's fields in a header; nil where the table carries no particles.
  public static func indices(in header: Header) -> (events: Int, particles: Int)? {
    guard let events = header.index(of: events), let particles = header.index(of: particles),
      header.fields[particles].isList, header.fields[particles].components == particleColumns,
      header.fields[events].components?.starts(with: eventColumns) == true
    else { return nil }
    return (events, particles)
  }

  /// The ids of the weights in `events`.
  public static func weightIDs(_ field: Field) -> [String] {
    Array((field.components ?? []).dropFirst(eventColumns.count))
  }
}

/// Les Houches events out of the rows of a table's particle block.
public struct ParticleRows {
  private let eventIndex: Int
  private let particleIndex: Int
  private let width: Int
  public let weightIDs: [String]

  /// Nil where the table carries no particles.
  public init?(_ header: Header) {
    guard let indices = ParticleBlock.indices(in: header) else { return nil }
    eventIndex = indices.events
    particleIndex = indices.particles
    width = header.fields[indices.events].width
    weightIDs = ParticleBlock.weightIDs(header.fields[indices.events])
  }

  /// What stands of an event besides its particles and head line; NaN is absent.
  public struct Extras {
    public var trials: Double
    /// The scales `muf` and `mur` [GeV].
    public var factorisationScale: Double
    public var renormalisationScale: Double
    /// In the order of `weightIDs`; NaN where the event has no such weight.
    public var weights: ArraySlice<Double>
  }

  /// Calls `body` for every row of a batch, in order.
  public func forEach(
    in batch: Batch, _ body: (_ row: Int, _ event: ParticleEvent, _ extras: Extras) throws -> Void
  ) rethrows {
    guard case .list(let counts, .float64(let values)) = batch.columns[particleIndex],
      case .float64(let heads) = batch.columns[eventIndex]
    else { return }
    var event = ParticleEvent()
    var at = 0
    for (row, count) in counts.enumerated() {
      event.removeAll()
      let head = heads[(row * width)..<((row + 1) * width)]
      let h = head.startIndex
      event.processID = Int(clampingReal: head[h])
      event.scale = head[h + 4]
      event.alphaQED = head[h + 7]
      event.alphaQCD = head[h + 8]
      event.weight = head[h + 9]
      for _ in 0..<count {
        event.particles.append(Self.particle(values, at: at))
        at += ParticleBlock.particleColumns.count
      }
      try body(
        row, event,
        Extras(
          trials: head[h + 3], factorisationScale: head[h + 5], renormalisationScale: head[h + 6],
          weights: head.dropFirst(ParticleBlock.eventColumns.count)))
    }
  }

  private static func particle(_ v: [Double], at i: Int) -> Particle {
    func integer(_ k: Int) -> Int32 { Int32(truncatingIfNeeded: Int(clampingReal: v[i + k])) }
    return Particle(
      pdgID: integer(0), status: integer(1),
      momentum: FourVector(px: v[i + 6], py: v[i + 7], pz: v[i + 8], e: v[i + 9]),
      mass: v[i + 10], mothers: (integer(2), integer(3)), colours: (integer(4), integer(5)),
      lifetime: v[i + 11], spin: v[i + 12])
  }
}

extension Int {
  /// A real that should be an integer; 0 where it is none at all.
  package init(clampingReal value: Double) {
    self = value.isFinite ? Int(Swift.max(-0x1p62, Swift.min(0x1p62, value.rounded()))) : 0
  }
}

extension Particle {
  /// The entry of `particles`.
  public func append(to values: inout [Double]) {
    values.append(Double(pdgID))
    values.append(Double(status))
    values.append(Double(mothers.0))
    values.append(Double(mothers.1))
    values.append(Double(colours.0))
    values.append(Double(colours.1))
    values.append(momentum.px)
    values.append(momentum.py)
    values.append(momentum.pz)
    values.append(momentum.e)
    values.append(mass)
    values.append(lifetime)
    values.append(spin)
  }
}
