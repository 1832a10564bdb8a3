import Diagnostics
import EventModel

/// A header, and for small tables its rows, as one JSON object: `kind`, `format_version`, `provenance`, `document` and
/// `columns`.
enum JSONFile {
  /// The names in the object.
  private static let parts = (
    kind: "kind", version: "format_version", provenance: "provenance", document: "document",
    columns: "columns"
  )

  static func text(_ header: Header, columns: Document? = nil) -> String {
    var d = Document()
    d.set(parts.kind, header.kind.rawValue)
    d.set(parts.version, FormatVersion.current)
    if !header.provenance.isEmpty {
      d[parts.provenance] = .group(ProvenanceTable.document(header.provenance))
    }
    d[parts.document] = .group(header.document)
    if let columns { d[parts.columns] = .group(columns) }
    return d.json(pretty: true) + "\n"
  }

  /// A header that was written as JSON; rows are not read back.
  static func source(_ reader: ByteReader) throws -> any Source {
    do {
      let text = String(decoding: try reader.readAll(limit: 1 << 28), as: UTF8.self)
      let d = try Document(json: text)
      guard let word = d.text(parts.kind), let kind = Kind(rawValue: word),
        let version = d.integer(parts.version)
      else {
        throw Problem(
          .data, "this JSON text names no kind that is known here",
          remedy: "give a file or stream written by these commands")
      }
      try FormatCheck.version(version, file: reader.name)
      guard d[parts.columns] == nil else {
        throw Problem(
          .data, "rows are not read from JSON", remedy: "write them as HDF5 or as a stream")
      }
      let header = Header(
        kind: kind, document: d.group(parts.document) ?? Document(),
        provenance: ProvenanceTable.records(d.group(parts.provenance) ?? Document()),
        formatVersion: version)
      return MemorySource(name: reader.name, header: header, batches: [])
    } catch let problem as Problem {
      throw problem.inFile(reader.name)
    }
  }
}
