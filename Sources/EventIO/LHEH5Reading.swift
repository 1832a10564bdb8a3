import Diagnostics
import EventModel

/// An LHEH5 file as Les Houches text: what reads that text reads the file, with the same checks.
///
/// Columns are found by name (attribute `properties`, or in older files one named like the dataset). Numbers have the
/// fewest digits that read back as the same value. Text is made in pieces of some hundred events.
final class LHEH5Text {
  private let reader: HDF5Reader
  private let events: HDF5Reader.ColumnSet
  private let particles: HDF5Reader.ColumnSet
  private let columns: EventColumns
  /// Position of each of `ParticleBlock.particleColumns`.
  private let particleColumns: [Int]
  private var row = 0
  private var hasHead = false
  private var isDone = false
  /// The first particle of the next event, for files without `start`.
  private var nextStart = 0
  private static let blockRows = 256

  /// True where the file has the datasets of LHEH5.
  static func isThere(_ reader: HDF5Reader) -> Bool {
    [ParticleBlock.events, ParticleBlock.particles, LHEH5Layout.initialisation]
      .allSatisfy { reader.exists($0) && !reader.isGroup($0) }
  }

  init(_ reader: HDF5Reader) throws {
    guard Self.isThere(reader) else {
      let names = reader.rootNames.prefix(8).joined(separator: ", ")
      let isOld = reader.exists("event") && reader.exists("particle")
      throw reader.problem(
        isOld
          ? "this is LHEH5 of version 1, with a dataset for each column"
          : "this HDF5 file holds no Les Houches events (it holds \(names))", "",
        remedy: isOld
          ? "write it as version 2 with the program that made it" : "give an LHE or LHEH5 file")
    }
    self.reader = reader
    // An offset of ours does not count here: the file may have been cut by another program.
    events = try reader.table(ParticleBlock.events, default: ParticleBlock.eventColumns)
    particles = try reader.table(
      ParticleBlock.particles, default: ParticleBlock.particleColumns)
    columns = try EventColumns(events.field.components ?? [], reader)
    let names = particles.field.components ?? []
    particleColumns = try ParticleBlock.particleColumns.map { name in
      guard let i = names.firstIndex(of: name) else {
        throw reader.problem("there is no column '\(name)'", ParticleBlock.particles)
      }
      return i
    }
  }

  /// Positions of the columns of `events`, nil where there is none.
  private struct EventColumns {
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

  /// The next piece of text; nil after the last.
  func next() throws -> [UInt8]? {
    if !hasHead {
      hasHead = true
      return Array(try head().utf8)
    }
    guard row < events.rows else {
      if isDone { return nil }
      isDone = true
      return Array("</LesHouchesEvents>\n".utf8)
    }
    let count = min(Self.blockRows, events.rows - row)
    var text = ""
    let batch = try reader.rows([events], from: row, count: count)
    try write(batch.columns[0].doubles, count, to: &text)
    row += count
    return Array(text.utf8)
  }

  // MARK: the head

  private func head() throws -> String {
    var text = "<LesHouchesEvents version=\"3.0\">\n"
    let own = try nodeIfThere(LHEH5Layout.text)
    if case .text(let header)? = try own ?? nodeIfThere(LHEH5Layout.header) {
      text += header + "\n"
    } else if !columns.weights.isEmpty {
      text += "<header>\n<initrwgt>\n"
      for (id, _) in columns.weights { text += "<weight id=\(Self.quoted(id))></weight>\n" }
      text += "</initrwgt>\n</header>\n"
    }
    return text + (try initBlock())
  }

  private func nodeIfThere(_ path: String) throws -> Document.Node? {
    reader.exists(path) ? try reader.node(path) : nil
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    return escaped.contains("'") ? "\"\(escaped)\"" : "'\(escaped)'"
  }

  private func initBlock() throws -> String {
    let path = LHEH5Layout.initialisation
    guard case .reals(let values, _)? = try realNode(path) else {
      throw reader.problem("this dataset is not whole", path)
    }
    let names = reader.componentNames(path) ?? LHEH5Layout.initColumns
    func text(_ name: String, isInteger: Bool) throws -> String {
      guard let i = names.firstIndex(of: name), i < values.count else {
        throw reader.problem("there is no column '\(name)'", path)
      }
      return isInteger ? String(Int(clampingReal: values[i])) : values[i].description
    }
    var processes = ""
    var count = 0
    if reader.exists(LHEH5Layout.processes) {
      let table = try reader.table(LHEH5Layout.processes, default: LHEH5Layout.processColumns)
      let columns = table.field.components ?? []
      let positions = try ["xSection", "error", "unitWeight", "procId"].map { name in
        guard let i = columns.firstIndex(of: name) else {
          throw reader.problem("there is no column '\(name)'", LHEH5Layout.processes)
        }
        return i
      }
      count = table.rows
      let rows = try reader.rows([table], from: 0, count: count).columns[0].doubles
      for row in 0..<count {
        let v = positions.map { rows[row * columns.count + $0] }
        processes += "\(v[0]) \(v[1]) \(v[2]) \(Int(clampingReal: v[3]))\n"
      }
    }
    var line: [String] = []
    for name in LHEH5Layout.initColumns.dropLast() {
      line.append(try text(name, isInteger: !name.hasPrefix("energy")))
    }
    let generator = try generators()
    return "<init>\n" + line.joined(separator: " ") + " \(count)\n" + processes + generator
      + "</init>\n"
  }

  private func realNode(_ path: String) throws -> Document.Node? {
    switch try nodeIfThere(path) {
    case .integers(let values, let shape)?: .reals(values.map(Double.init), shape: shape)
    case let node: node
    }
  }

  private func generators() throws -> String {
    if case .texts(let texts, let shape, _)? = try nodeIfThere(LHEH5Layout.generators),
      shape.count == 2, shape[1] >= 3
    {
      return stride(from: 0, to: texts.count, by: shape[1]).map {
        Self.generator(texts[$0], texts[$0 + 1], texts[$0 + 2])
      }.joined()
    }
    let path = LHEH5Layout.initialisation
    guard let name = reader.textAttribute("generatorName", of: path) else { return "" }
    return Self.generator(
      name, reader.textAttribute("generatorVersion", of: path) ?? "",
      reader.textAttribute("generatorDescription", of: path) ?? "")
  }

  private static func generator(_ name: String, _ version: String, _ text: String) -> String {
    let body = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    return "<generator name=\(quoted(name)) version=\(quoted(version))>\(body)</generator>\n"
  }

  // MARK: events

  private func write(_ heads: [Double], _ count: Int, to text: inout String) throws {
    let width = events.field.width
    var spans: [(start: Int, count: Int)] = []
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
    // Events that stand one after the other are read at once.
    var at = 0
    while at < count {
      var end = at + 1
      while end < count, spans[end].start == spans[end - 1].start + spans[end - 1].count {
        end += 1
      }
      let first = spans[at].start
      let total = spans[end - 1].start + spans[end - 1].count - first
      let values = try reader.rows([particles], from: first, count: total).columns[0].doubles
      for i in at..<end {
        write(
          heads[(i * width)..<((i + 1) * width)], values, from: spans[i].start - first,
          count: spans[i].count, to: &text)
      }
      at = end
    }
  }

  private func write(
    _ head: ArraySlice<Double>, _ values: [Double], from: Int, count: Int, to text: inout String
  ) {
    func value(_ column: Int?) -> Double { column.map { head[head.startIndex + $0] } ?? .nan }
    func real(_ column: Int?) -> String {
      let x = value(column)
      return x.isNaN ? "-1.0" : x.description
    }
    text += "<event"
    for (name, column) in [
      ("trials", columns.trials), ("npLO", columns.npLO), ("npNLO", columns.npNLO),
    ] {
      let x = value(column)
      guard !x.isNaN else { continue }
      text += " \(name)='\(x == x.rounded() && abs(x) < 1e15 ? String(Int(x)) : x.description)'"
    }
    text += ">\n\(count) \(Int(clampingReal: value(columns.pid))) \(value(columns.weight)) "
    text += "\(real(columns.scale)) \(real(columns.aqed)) \(real(columns.aqcd))\n"
    let width = particles.field.width
    for p in from..<(from + count) {
      for (k, column) in particleColumns.enumerated() {
        let x = values[p * width + column]
        if k > 0 { text += " " }
        text += k < 6 ? String(Int(clampingReal: x)) : x.description
      }
      text += "\n"
    }
    let (muf, mur) = (value(columns.fscale), value(columns.rscale))
    if !muf.isNaN || !mur.isNaN {
      text += "<scales" + (muf.isNaN ? "" : " muf='\(muf)'") + (mur.isNaN ? "" : " mur='\(mur)'")
      text += "></scales>\n"
    }
    var hasWeights = false
    for (id, column) in columns.weights {
      let x = value(column)
      // An event that lacks a weight has NaN in its column.
      guard !x.isNaN else { continue }
      if !hasWeights { text += "<rwgt>\n" }
      hasWeights = true
      text += "<wgt id=\(Self.quoted(id))>\(x)</wgt>\n"
    }
    if hasWeights { text += "</rwgt>\n" }
    text += "</event>\n"
  }
}

extension ByteReader {
  /// The text of a Les Houches file whatever holds it: plain, gzip, or LHEH5, which is turned into text on the way.
  public static func events(path: String) throws -> ByteReader {
    let reader = try ByteReader(path: path)
    guard try reader.peek(8).starts(with: Signature.hdf5) else { return reader }
    let text = try LHEH5Text(
      HDF5Reader(path: Input.filePath(path, reader), name: reader.name))
    return try ByteReader(reader.file, pieces: text.next)
  }

  /// True where `events(path:)` would make text of an LHEH5 file: HDF5 with its datasets and none of ours.
  public static func isLHEH5(path: String) -> Bool {
    guard path != "-", FileStatus.of(path)?.isRegular == true,
      let reader = try? ByteReader(path: path),
      (try? reader.peek(8))?.starts(with: Signature.hdf5) == true,
      let file = try? HDF5Reader(path: path, name: path)
    else { return false }
    return LHEH5Text.isThere(file) && !file.exists(HDF5Layout.kind)
  }
}
