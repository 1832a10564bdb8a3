import Diagnostics
import EventModel

/// An LHEH5 file as Les Houches text: what reads that text reads the file, with the same checks.
///
/// Columns are found by name: attribute `properties`, or in older files one named like the dataset, or in version 1 a
/// dataset for each. Numbers have the
/// fewest digits that read back as the same value. Text is made in pieces of some hundred events.
final class LHEH5Text {
  private let reader: HDF5Reader
  private var events: LHEH5Events
  private var hasHead = false
  private var isDone = false

  /// True where the file has the datasets of LHEH5.
  static func isThere(_ reader: HDF5Reader) -> Bool {
    LHEH5Table.isOld(reader)
      || [ParticleBlock.events, ParticleBlock.particles, LHEH5Layout.initialisation]
        .allSatisfy { reader.exists($0) && !reader.isGroup($0) }
  }

  init(_ reader: HDF5Reader) throws {
    guard Self.isThere(reader) else {
      let names = reader.rootNames.prefix(8).joined(separator: ", ")
      throw reader.problem(
        "this HDF5 file holds no Les Houches events (it holds \(names))", "",
        remedy: "give an LHE or LHEH5 file")
    }
    self.reader = reader
    events = try LHEH5Events(reader)
  }

  /// The next piece of text; nil after the last.
  func next() throws -> [UInt8]? {
    if !hasHead {
      hasHead = true
      return Array(try head().utf8)
    }
    if let text = try events.next() { return text }
    if isDone { return nil }
    isDone = true
    return Array("</LesHouchesEvents>\n".utf8)
  }

  // MARK: the head

  private func head() throws -> String {
    var text = "<LesHouchesEvents version=\"3.0\">\n"
    let own = try nodeIfThere(LHEH5Layout.text)
    if case .text(let header)? = try own ?? nodeIfThere(LHEH5Layout.header) {
      text += header + "\n"
    } else if !events.weightIDs.isEmpty {
      text += "<header>\n<initrwgt>\n"
      for id in events.weightIDs { text += "<weight id=\"\(XMLText.escaped(id))\"></weight>\n" }
      text += "</initrwgt>\n</header>\n"
    }
    return text + (try initBlock())
  }

  private func nodeIfThere(_ path: String) throws -> Document.Node? {
    reader.exists(path) ? try reader.node(path) : nil
  }

  private func initBlock() throws -> String {
    let path = LHEH5Layout.initialisation
    let values = try initValues()
    func text(_ name: String, isInteger: Bool) throws -> String {
      guard let value = values[name] else {
        throw reader.problem("there is no column '\(name)'", path)
      }
      return isInteger ? String(Int(clampingReal: value)) : value.description
    }
    var processes = ""
    var count = 0
    if reader.exists(LHEH5Layout.processes) {
      let table = try processTable()
      let positions = try ["xSection", "error", "unitWeight", "procId"].map { name in
        guard let i = table.names.firstIndex(of: name) else {
          throw reader.problem("there is no column '\(name)'", LHEH5Layout.processes)
        }
        return i
      }
      count = table.rows
      let rows = try table.values(from: 0, count: count)
      for row in 0..<count {
        let v = positions.map { rows[row * table.width + $0] }
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

  /// The numbers of `init` by their names.
  private func initValues() throws -> [String: Double] {
    let path = LHEH5Layout.initialisation
    if reader.isGroup(path) {
      let table = try LHEH5Table(reader, group: path)
      return Dictionary(zip(table.names, try table.values(from: 0, count: min(1, table.rows)))) {
        first, _ in first
      }
    }
    guard case .reals(let values, _)? = try realNode(path) else {
      throw reader.problem("this dataset is not whole", path)
    }
    let names = reader.componentNames(path) ?? LHEH5Layout.initColumns
    return Dictionary(zip(names, values)) { first, _ in first }
  }

  private func processTable() throws -> LHEH5Table {
    let path = LHEH5Layout.processes
    return reader.isGroup(path)
      ? try LHEH5Table(reader, group: path)
      : try LHEH5Table(reader, path, default: LHEH5Layout.processColumns)
  }

  private func realNode(_ path: String) throws -> Document.Node? {
    switch try nodeIfThere(path) {
    case .integers(let values, let shape)?: .reals(values.map(Double.init), shape: shape)
    case let node: node
    }
  }

  private func generators() throws -> String {
    let path = LHEH5Layout.generators
    let columns = reader.componentNames(path) ?? LHEH5Layout.generatorColumns
    let found = GeneratorElement.read(try nodeIfThere(path), columns: columns)
    guard found.isEmpty else { return found.map(\.text).joined() }
    // Pepper has one, in attributes of `init`.
    let texts = ["Name", "Version", "Description", "ExtraAttributes"].map {
      reader.textAttribute("generator" + $0, of: LHEH5Layout.initialisation)
    }
    guard texts.contains(where: { $0 != nil }) else { return "" }
    return GeneratorElement(
      name: texts[0] ?? "", version: texts[1] ?? "", description: texts[2] ?? "",
      extraAttributes: texts[3] ?? ""
    ).text
  }
}

extension ByteReader {
  /// The text of a Les Houches file whatever holds it: plain, gzip, or LHEH5, which is turned into text on the way.
  public static func events(path: String) throws -> ByteReader {
    let reader = try ByteReader(path: path)
    guard try reader.peek(8).starts(with: Signature.hdf5) else { return reader }
    return try reader.text(
      ofLHEH5: HDF5Reader(path: Input.filePath(path, reader), name: reader.name))
  }

  /// The text of an LHEH5 file that this reader, which it replaces, and `file` have open.
  func text(ofLHEH5 contents: HDF5Reader) throws -> ByteReader {
    try ByteReader(file, pieces: LHEH5Text(contents).next)
  }
}
