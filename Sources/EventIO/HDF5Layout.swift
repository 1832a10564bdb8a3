import Diagnostics
import EventModel

/// Where things stand in an HDF5 file of ours: MadMiner's groups at the top, and one group of ours.
///
/// `sluice/kind`, `sluice/format_version`, `sluice/provenance`, `sluice/columns` (paths of the table's columns, in order)
/// and `sluice/content` (rows and digests) belong to the file; the rest of `sluice` belongs to the document. A column's
/// dataset names its components and unit in the attributes `components` (`properties` where LHEH5 says so) and `unit`.
/// The dataset of a list has the entries of all rows one after the other; `sluice/offsets` says where each row's begin.
enum HDF5Layout {
  static let own = "sluice"
  static let kind = "sluice/kind"
  static let formatVersion = "sluice/format_version"
  static let provenance = "sluice/provenance"
  static let columns = "sluice/columns"
  static let content = "sluice/content"
  static let rows = "sluice/content/rows"
  /// Of all columns, and of those under `samples` that other programs write too.
  static let digest = "sluice/content/digest"
  static let samplesDigest = "sluice/content/samples_digest"
  private static let offsets = "sluice/offsets"
  static let reserved = [kind, formatVersion, provenance, columns, content, offsets]

  /// Where the rows of a list begin among its entries, one number more than rows.
  static func offsets(of path: String) -> String {
    offsets + "/" + path.split(separator: "/").joined(separator: ".")
  }

  /// The groups of MadMiner 0.4 to 0.9.6; whatever else a foreign file has is left alone.
  static let madMinerGroups = [
    "parameters", "benchmarks", "morphing", "finite_differences", "systematics",
    "nuisance_parameters", "observables", "sample_summary",
  ]
  static let madMinerColumns = [
    EventFields.observations, EventFields.weights, EventFields.samplingBenchmark,
  ]

  /// The nodes that belong to the file rather than to the document.
  static func envelope(_ header: Header, digest: ColumnDigest?) -> Document {
    var d = Document()
    d.set(kind, header.kind.rawValue)
    d.set(formatVersion, FormatVersion.current)
    if !header.provenance.isEmpty {
      d[provenance] = .group(ProvenanceTable.document(header.provenance))
    }
    if let digest {
      d.set(columns, digest.fields.map(\.path))
      d.set(rows, digest.rows)
      d.set(self.digest, digest.hex)
      if digest.fields.contains(where: { $0.path.hasPrefix("samples/") }) {
        d.set(samplesDigest, digest.samplesHex)
      }
    }
    return d
  }
}

/// A file's header and columns, ours or MadMiner's.
struct HDF5Contents {
  let reader: HDF5Reader
  var header: Header
  var columns: [HDF5Reader.ColumnSet] = []
  var rowCount = 0
  /// The digest of all columns that the file states; nil in files of other programs.
  var statedDigest: String?

  /// - Parameter acceptsPlain: whether datasets that are no layout of ours or MadMiner's are columns.
  init(
    path: String, name: String, journal: Journal, isTemporary: Bool = false,
    acceptsPlain: Bool = false
  ) throws {
    reader = try HDF5Reader(path: path, name: name, isTemporary: isTemporary)
    header = Header(kind: .setup)
    if try readOwn(journal) { return }
    if acceptsPlain, try readPlain() { return }
    try readForeign()
  }

  // MARK: files of ours

  /// False where the file is not ours, or was ours until another program changed its rows.
  private mutating func readOwn(_ journal: Journal) throws -> Bool {
    guard reader.exists(HDF5Layout.kind), reader.exists(HDF5Layout.formatVersion) else {
      return false
    }
    guard case .integers(let versions, _)? = try reader.node(HDF5Layout.formatVersion),
      let version = versions.first, case .text(let word)? = try reader.node(HDF5Layout.kind)
    else { throw reader.problem("the group is not whole", HDF5Layout.own) }
    header.formatVersion = Int(version)
    try FormatCheck.version(Int(version), file: reader.name)
    guard let kind = Kind(rawValue: word) else {
      throw reader.problem("'\(word)' is no kind of file that is known here", HDF5Layout.kind)
    }
    // MadMiner copies a setup file of ours and adds its rows: then it is an events file of MadMiner's.
    if kind == .setup && reader.exists(EventFields.weights) { return false }
    header.kind = kind
    try readColumns()
    guard try isUnchanged() else {
      journal.warn(
        "changed-\(reader.name)",
        "\(reader.name): the rows were changed by another program; the group 'sluice' "
          + "(sample table, event ids, partition) is ignored")
      columns = []
      statedDigest = nil
      return false
    }
    try readDocument()
    return true
  }

  private mutating func readColumns() throws {
    guard reader.exists(HDF5Layout.columns) else { return }
    guard case .texts(let paths, _, _)? = try reader.node(HDF5Layout.columns) else {
      throw reader.problem("the list of columns is not whole", HDF5Layout.columns)
    }
    for path in paths where reader.exists(path) || !path.hasPrefix("samples/") {
      columns.append(try reader.column(path, keepingType: true))
    }
    if case .text(let text)? = try ifThere(HDF5Layout.digest) { statedDigest = text }
  }

  private func ifThere(_ path: String) throws -> Document.Node? {
    reader.exists(path) ? try reader.node(path) : nil
  }

  /// Compares the rows under `samples`, which other programs rewrite, with what `sluice/content` says of them.
  private func isUnchanged() throws -> Bool {
    guard case .text(let stated)? = try ifThere(HDF5Layout.samplesDigest) else { return true }
    let samples = columns.filter { $0.field.path.hasPrefix("samples/") }
    guard case .integers(let rows, _)? = try ifThere(HDF5Layout.rows), rows.count == 1,
      samples.allSatisfy({ $0.rows == rows[0] })
    else { return false }
    var digest = ColumnDigest(samples.map(\.field))
    let block = BlockSize.rows(digest.fields, bytes: 1 << 24)
    while digest.rows < rows[0] {
      digest.update(
        try reader.rows(
          samples, from: digest.rows, count: min(block, Int(rows[0]) - digest.rows)))
    }
    return digest.samplesHex == stated
  }

  private mutating func readDocument() throws {
    let excluded = Set(columns.map(\.field.path) + HDF5Layout.reserved)
    for name in reader.rootNames {
      let isColumn = excluded.contains(name)
      if isColumn || !reader.exists(name) { continue }
      guard reader.isGroup(name) else {
        if let node = try reader.node(name) { header.document[name] = node }
        continue
      }
      let child = try reader.document(name, excluding: excluded)
      if let pruned = Self.pruned(child, isColumnGroup: name == HDF5Layout.own || holdsColumn(name))
      {
        header.document[name] = .group(pruned)
      }
    }
    if reader.exists(HDF5Layout.provenance) {
      header.provenance = ProvenanceTable.records(try reader.document(HDF5Layout.provenance))
    }
    try finishColumns()
  }

  private func holdsColumn(_ name: String) -> Bool {
    columns.contains { $0.field.path.hasPrefix(name + "/") }
  }

  /// Groups that held nothing but columns, or what belongs to the file, are not part of the document.
  private static func pruned(_ document: Document, isColumnGroup: Bool) -> Document? {
    guard isColumnGroup else { return document }
    var result = Document()
    for name in document.names {
      guard let node = document[name] else { continue }
      if case .group(let child) = node {
        if let kept = pruned(child, isColumnGroup: true), !kept.isEmpty {
          result[name] = .group(kept)
        }
      } else {
        result[name] = node
      }
    }
    return result.isEmpty ? nil : result
  }

  private mutating func finishColumns() throws {
    header.fields = columns.map(\.field)
    rowCount = columns.first?.rows ?? 0
    for column in columns where column.rows != rowCount {
      throw reader.problem(
        "there are \(column.rows) rows where \(header.fields[0].path) has \(rowCount)",
        column.field.path, remedy: "write the file again")
    }
  }

  // MARK: files of other programs

  /// The datasets at the top as columns; false where the file has a layout that is known, or none.
  private mutating func readPlain() throws -> Bool {
    guard !reader.exists("parameters/names"), !reader.exists(EventFields.weights),
      !LHEH5Text.isThere(reader)
    else { return false }
    let names = reader.rootNames.filter { !reader.isGroup($0) }
    guard !names.isEmpty else { return false }
    header = Header(kind: .events)
    columns = try names.map(reader.plainColumn)
    try finishColumns()
    return true
  }

  // MARK: files of MadMiner's

  private mutating func readForeign() throws {
    guard reader.exists("parameters/names") || reader.exists(EventFields.weights) else {
      let names = reader.rootNames.prefix(8).joined(separator: ", ")
      if LHEH5Text.isThere(reader) {
        throw reader.problem(
          "this is an LHEH5 file of Les Houches events", "", remedy: "read it with lhe-read")
      }
      throw reader.problem(
        names.isEmpty
          ? "this HDF5 file is empty"
          : "this HDF5 file is something else (it holds \(names))", "",
        remedy: "give a file written by these commands or by MadMiner")
    }
    header = Header(kind: .setup)
    for name in HDF5Layout.madMinerGroups where reader.exists(name) {
      let child = try reader.document(name)
      if !child.isEmpty { header.document[name] = .group(child) }
    }
    let own = try reader.document("sluice/setup")
    let isOurSetup = !reader.exists(HDF5Layout.samplesDigest)
    if isOurSetup && !own.isEmpty { header.document["sluice/setup"] = .group(own) }
    guard HDF5Layout.madMinerColumns.contains(where: reader.exists) else { return }
    header.kind = .events
    if reader.exists(EventFields.observations) {
      columns.append(
        try reader.column(
          EventFields.observations, components: header.document.texts("observables/names"),
          keepingType: false))
    }
    columns.append(
      try reader.column(
        EventFields.weights, components: header.document.texts("benchmarks/names"),
        keepingType: false))
    if reader.exists(EventFields.samplingBenchmark) {
      columns.append(try reader.column(EventFields.samplingBenchmark, keepingType: false))
    }
    try finishColumns()
  }
}

/// Checks that both encodings share.
enum FormatCheck {
  static func version(_ version: Int, file: String) throws {
    guard version <= FormatVersion.current else {
      throw Problem(
        .data,
        "this is format version \(version), newer than \(FormatVersion.current), the newest "
          + "known here", remedy: "use a newer Sluice", file: file)
    }
    guard version >= 1 else {
      throw Problem(.data, "format version \(version) does not exist", file: file)
    }
  }
}
