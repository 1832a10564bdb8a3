import Diagnostics
import EventModel

/// The events of an LHEH5 file as text. Rows are read some thousand at a time, and particles with them.
struct LHEH5Events {
  /// Positions of the columns of `events`, nil where there is none.
  private struct Columns {
    var pid, count: Int
    var start, trials, scale, fscale, rscale, aqed, aqcd, npLO, npNLO: Int?
    var weight: Int
    var weights: [(id: String, column: Int)]

    init(_ names: [String], _ reader: HDF5Reader) throws {
      func find(_ name: String) -> Int? { names.firstIndex(of: name) }
      guard let pid = find("pid"), let count = find("nparticles"),
        let weight = find("weight") ?? find("NOMINAL")
      else {
        throw reader.problem(
          "the columns pid, nparticles and NOMINAL (or weight) are not all there",
          ParticleBlock.events)
      }
      (self.pid, self.count, self.weight) = (pid, count, weight)
      start = find("start")
      trials = find("trials")
      scale = find("scale")
      fscale = find("fscale")
      rscale = find("rscale")
      aqed = find("aqed")
      aqcd = find("aqcd")
      npLO = find("npLO")
      npNLO = find("npNLO")
      let known = Set(ParticleBlock.eventColumns + ["weight", "npLO", "npNLO"])
      weights = names.enumerated().filter { !known.contains($0.element) }.map {
        ($0.element, $0.offset)
      }
    }
  }

  private let reader: HDF5Reader
  private let events: LHEH5Table
  private let particles: LHEH5Table
  private let columns: Columns
  /// Position of each of `ParticleBlock.particleColumns`.
  private let particleColumns: [Int]
  /// `<wgt id="…">` of each weight.
  private let weightTags: [[UInt8]]

  /// Rows of `events` in memory, the first one's number, and the next to be written.
  private var heads: [Double] = []
  private var spans: [(start: Int, count: Int)] = []
  private var firstRow = 0
  private var row = 0
  /// The first particle of the next event, for files without `start`.
  private var nextStart = 0
  /// Particles in memory, from `windowStart` on.
  private var window: [Double] = []
  private var windowStart = 0

  /// Rows of `events` that are read together take up to so many bytes; they are this many at the least.
  private static let blockBytes = 1 << 22
  private static let pieceRows = 256
  /// Events are read together until they have so many particles.
  private static let windowParticles = 1 << 15

  init(_ reader: HDF5Reader) throws {
    self.reader = reader
    if LHEH5Table.isOld(reader) {
      events = try LHEH5Table(reader, group: LHEH5Table.events.old)
      particles = try LHEH5Table(reader, group: LHEH5Table.particles.old)
    } else {
      // An offset of ours does not count here: the file may have been cut by another program.
      events = try LHEH5Table(
        reader, LHEH5Table.events.new, default: ParticleBlock.eventColumns)
      particles = try LHEH5Table(
        reader, LHEH5Table.particles.new, default: ParticleBlock.particleColumns)
    }
    columns = try Columns(events.names, reader)
    let names = particles.names
    particleColumns = try ParticleBlock.particleColumns.map { name in
      guard let i = names.firstIndex(of: name) else {
        throw reader.problem("there is no column '\(name)'", ParticleBlock.particles)
      }
      return i
    }
    weightTags = columns.weights.map { Array("<wgt id=\"\(XMLText.escaped($0.id))\">".utf8) }
  }

  var weightIDs: [String] { columns.weights.map(\.id) }

  /// The next events; nil after the last.
  mutating func next() throws -> [UInt8]? {
    guard row < events.rows else { return nil }
    if row == firstRow + spans.count { try readBlock() }
    let end = min(row + Self.pieceRows, firstRow + spans.count)
    var text = TextBytes(capacity: (end - row) * (1024 + 32 * columns.weights.count))
    while row < end {
      try requireParticles(of: row - firstRow)
      write(row - firstRow, to: &text)
      row += 1
    }
    return text.bytes
  }

  // MARK: rows

  private mutating func readBlock() throws {
    firstRow = row
    let wanted = max(Self.pieceRows, Self.blockBytes / (8 * max(1, events.width)))
    let count = min(wanted, events.rows - row)
    heads = try events.values(from: row, count: count)
    spans.removeAll(keepingCapacity: true)
    let width = events.width
    for i in 0..<count {
      let n = heads[i * width + columns.count]
      let start = columns.start.map { heads[i * width + $0] } ?? Double(nextStart)
      guard n >= 0, start >= 0, n == n.rounded(), start == start.rounded(),
        start + n <= Double(particles.rows)
      else {
        throw reader.problem(
          "event \(row + i + 1) has particles \(start) to \(start + n) of \(particles.rows)",
          ParticleBlock.events, remedy: "write the file again")
      }
      spans.append((Int(start), Int(n)))
      nextStart = Int(start + n)
    }
  }

  /// Reads the particles of an event, with those of the events after it that stand next to them.
  private mutating func requireParticles(of event: Int) throws {
    let (start, count) = spans[event]
    let width = particles.width
    if start >= windowStart, (start + count - windowStart) * width <= window.count { return }
    var end = start + count
    for next in spans[(event + 1)...] {
      guard next.start == end, end - start < Self.windowParticles else { break }
      end += next.count
    }
    window = try particles.values(from: start, count: end - start)
    windowStart = start
  }

  // MARK: text

  private func write(_ event: Int, to text: inout TextBytes) {
    let first = event * events.width
    func value(_ column: Int?) -> Double { column.map { heads[first + $0] } ?? .nan }
    text.add("<event")
    for (name, column) in [
      (" trials='", columns.trials), (" npLO='", columns.npLO), (" npNLO='", columns.npNLO),
    ] as [(StaticString, Int?)] {
      let x = value(column)
      guard !x.isNaN else { continue }
      text.add(name)
      if x == x.rounded(), abs(x) < 1e15 { text.add(Int(x)) } else { text.add(x) }
      text.add("'")
    }
    text.add(">\n")
    text.add(spans[event].count)
    text.add(" ")
    text.add(Int(clampingReal: value(columns.pid)))
    text.add(" ")
    text.add(value(columns.weight))
    for column in [columns.scale, columns.aqed, columns.aqcd] {
      text.add(" ")
      let x = value(column)
      text.add(x.isNaN ? -1 : x)
    }
    text.add("\n")
    writeParticles(spans[event], to: &text)
    writeScales(factorisation: value(columns.fscale), renormalisation: value(columns.rscale), &text)
    writeWeights(from: first, to: &text)
    text.add("</event>\n")
  }

  private func writeParticles(_ span: (start: Int, count: Int), to text: inout TextBytes) {
    let width = particles.width
    var at = (span.start - windowStart) * width
    for _ in 0..<span.count {
      for (k, column) in particleColumns.enumerated() {
        let x = window[at + column]
        if k > 0 { text.add(" ") }
        if k < 6 { text.add(Int(clampingReal: x)) } else { text.add(x) }
      }
      text.add("\n")
      at += width
    }
  }

  private func writeScales(
    factorisation: Double, renormalisation: Double, _ text: inout TextBytes
  ) {
    guard !factorisation.isNaN || !renormalisation.isNaN else { return }
    text.add("<scales")
    for (name, scale) in [(" muf='", factorisation), (" mur='", renormalisation)]
      as [(StaticString, Double)]
    where !scale.isNaN {
      text.add(name)
      text.add(scale)
      text.add("'")
    }
    text.add("></scales>\n")
  }

  /// An event that lacks a weight has NaN in its column.
  private func writeWeights(from first: Int, to text: inout TextBytes) {
    var hasWeights = false
    for (tag, weight) in zip(weightTags, columns.weights) {
      let x = heads[first + weight.column]
      guard !x.isNaN else { continue }
      if !hasWeights { text.add("<rwgt>\n") }
      hasWeights = true
      text.add(tag)
      text.add(x)
      text.add("</wgt>\n")
    }
    if hasWeights { text.add("</rwgt>\n") }
  }
}
