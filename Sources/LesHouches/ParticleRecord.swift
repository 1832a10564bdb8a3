import EventModel

/// Puts an event of a file into the particle block's columns.
struct ParticleRecord {
  private let slots: [Int]
  private let trials: Int
  /// Values of weights that events lack.
  private(set) var missing = 0
  /// Values that are NaN or infinite in the file.
  private(set) var nonFinite = 0
  /// Attributes of `<scales>` that have no column, in the order met.
  private(set) var droppedScales: [String] = []

  init(_ reader: LHEReader, ids: [String]) {
    slots = ids.map { reader.want($0, asItIs: true) }
    trials = reader.wantAttribute("trials")
  }

  mutating func append(
    _ event: ParticleEvent, of reader: LHEReader, to rows: RowBuffer
  ) {
    var (factorisation, renormalisation) = (Double.nan, Double.nan)
    for (name, value) in reader.scales {
      switch name {
      case "muf": factorisation = NumberReader().real(in: value) ?? .nan
      case "mur": renormalisation = NumberReader().real(in: value) ?? .nan
      default: if !droppedScales.contains(name) { droppedScales.append(name) }
      }
    }
    rows.heads += [
      Double(event.processID), Double(event.particles.count), 0,
      reader.attributeValue(trials), event.scale, factorisation, renormalisation,
      event.alphaQED, event.alphaQCD, event.weight,
    ]
    for slot in slots {
      let value = reader.weight(slot)
      if value == nil { missing += 1 }
      if value?.isFinite == false { nonFinite += 1 }
      rows.heads.append(value ?? .nan)
    }
    rows.particleCounts.append(event.particles.count)
    for particle in event.particles { particle.append(to: &rows.particles) }
  }
}
