import Diagnostics
import EventIO
import EventModel

/// What a set of events says, whatever their order and the spelling of their numbers: the sums that tables have too.
///
/// The digest of an event is XXH64 of its numbers as little-endian bytes: head line and particles, attributes by name,
/// weights by id. Digests are added modulo 2^64 and weights exactly, so that sums of the parts of a sample add up to
/// those of the whole.
public final class LHEDigest {
  public private(set) var sums = RowSums()
  private var weights: [String: ExactSum] = [:]
  private let numbers = NumberReader()

  /// Reads all events.
  public static func sums(_ reader: LHEReader, journal: Journal) throws -> RowSums {
    let digest = LHEDigest(reader.head)
    var event = ParticleEvent()
    let parts = EventParts.Reader(reader.head)
    while try reader.next(into: &event) {
      digest.add(event, EventParts(reader.eventBytes, parts))
      if reader.eventCount & 0xFFF == 0 {
        journal.progress("events of \(reader.name)", reader.eventCount)
      }
    }
    return digest.finished
  }

  private init(_ head: LHEHead) {
    sums.columns = ["attributes", "particles", "weights"].map { .init(name: $0, digest: 0) }
    weights["XWGTUP"] = ExactSum()
    for weight in head.weights { weights[weight.id] = ExactSum() }
  }

  private var finished: RowSums {
    var copy = sums
    copy.weights = weights.keys.sorted().compactMap { name in
      weights[name].map { .init(name: name, sum: $0) }
    }
    return copy
  }

  private func add(_ event: ParticleEvent, _ parts: EventParts) {
    let all = parts.all.sorted { $0.id < $1.id }
    let words = [attributes(parts), Self.particles(event), Self.weights(all)]
    for (i, words) in words.enumerated() { sums.columns[i].digest &+= words.digest }
    sums.digest &+= Words(words.map(\.digest)).digest
    sums.rows += 1
    weights["XWGTUP", default: ExactSum()].add(event.weight)
    for weight in all { weights[weight.id, default: ExactSum()].add(weight.value) }
  }

  /// Numbers on their way into a hash.
  private struct Words {
    private var words: [UInt64]
    init(_ words: [UInt64] = []) { self.words = words }

    mutating func add(_ value: Int) { words.append(UInt64(bitPattern: Int64(value)).littleEndian) }
    mutating func add(_ value: Int32) { add(Int(value)) }
    mutating func add(_ value: Double) {
      // −0 is 0, and every NaN the same.
      let bits = value == 0 ? 0 : value.isNaN ? Double.nan.bitPattern : value.bitPattern
      words.append(bits.littleEndian)
    }
    mutating func add(_ text: String) {
      var hash = XXH64()
      hash.update(text)
      words.append(hash.value.littleEndian)
    }

    var digest: UInt64 {
      words.withUnsafeBytes { bytes in
        var hash = XXH64()
        hash.update(bytes)
        return hash.value
      }
    }
  }

  private static func particles(_ event: ParticleEvent) -> Words {
    var words = Words()
    words.add(event.particles.count)
    words.add(event.processID)
    for value in [event.weight, event.scale, event.alphaQED, event.alphaQCD] { words.add(value) }
    for particle in event.particles {
      let (mothers, colours) = (particle.mothers, particle.colours)
      for value in [
        particle.pdgID, particle.status, mothers.0, mothers.1, colours.0, colours.1,
      ] { words.add(value) }
      let p = particle.momentum
      for value in [p.px, p.py, p.pz, p.e, particle.mass, particle.lifetime, particle.spin] {
        words.add(value)
      }
    }
    return words
  }

  private func attributes(_ parts: EventParts) -> Words {
    var words = Words()
    for (name, value) in parts.attributes.sorted(by: { $0.name < $1.name }) {
      words.add(name)
      if let number = numbers.real(in: value) { words.add(number) } else { words.add(value) }
    }
    return words
  }

  private static func weights(_ all: [EventParts.Weight]) -> Words {
    var words = Words()
    for weight in all {
      words.add(weight.id)
      words.add(weight.value)
    }
    return words
  }
}
