import Diagnostics
import EventModel

/// How a table stands in an Arrow stream.
///
/// Schema metadata: `sluice.kind`, `sluice.format_version`, `sluice.provenance` and `sluice.document` (JSON, exact form),
/// `sluice.sealed` = 1. A scalar column bears the last part of its path (`event_id`); the components of a field are columns
/// named FIELD.COMPONENT (`weights.sm`, `theta0.cHW`). A list is one column of lists of structs with a member per component
/// (`particles`), or of plain values. Column metadata: `sluice.path`, `sluice.component`, `unit`.
/// The last batch has no rows and the metadata `sluice.rows`, `sluice.sum_weights`, `sluice.digest`.
enum StreamLayout {
  static let kind = "sluice.kind"
  static let formatVersion = "sluice.format_version"
  static let provenance = "sluice.provenance"
  static let document = "sluice.document"
  static let sealed = "sluice.sealed"
  /// Fields without components, which have no columns: lines of position among the fields, type and path.
  static let emptyFields = "sluice.empty_fields"
  static let path = "sluice.path"
  static let component = "sluice.component"
  static let unit = "unit"
  static let rows = "sluice.rows"
  static let sumOfWeights = "sluice.sum_weights"
  static let digest = "sluice.digest"

  /// What each field's columns are called: unique.
  private static func names(_ fields: [Field]) -> [String] {
    let hasBenchmarks = fields.contains { $0.path == EventFields.weights }
    let lasts = fields.map { field in
      // Where there are no benchmarks, the weights by id are the weights.
      field.path == EventFields.extraWeights && !hasBenchmarks
        ? "weights" : String(field.path.split(separator: "/").last ?? "")
    }
    return fields.indices.map { i in
      // Two paths with one last part are told apart by their whole paths.
      let isUnique = lasts.filter { $0 == lasts[i] }.count == 1
      return isUnique ? lasts[i] : fields[i].path.split(separator: "/").joined(separator: ".")
    }
  }

  /// The names of all components of a table's columns, those of lists too; unique.
  static func columnNames(_ fields: [Field]) -> [String] {
    zip(fields, names(fields)).flatMap { field, name in
      field.components.map { $0.map { name + "." + $0 } } ?? [name]
    }
  }

  /// The same, with one name for a list.
  static func cellNames(_ fields: [Field]) -> [String] {
    zip(fields, names(fields)).flatMap { field, name in
      field.isList ? [name] : field.components.map { $0.map { name + "." + $0 } } ?? [name]
    }
  }

  static func arrowFields(_ fields: [Field]) -> [ArrowField] {
    var names = cellNames(fields)[...]
    return fields.flatMap { field in
      (0..<(field.isList ? 1 : field.width)).map { i in
        var made = ArrowField(name: names.removeFirst(), type: field.type)
        if field.isList {
          made.list = .init(components: field.components)
        } else {
          made.metadata[component] = field.components?[i]
        }
        made.metadata[path] = field.path
        made.metadata[unit] = field.unit
        return made
      }
    }
  }

  static func metadata(_ header: Header) -> ArrowMetadata {
    var result: ArrowMetadata = [
      (kind, header.kind.rawValue), (formatVersion, String(FormatVersion.current)),
    ]
    if !header.isEndless { result.append((sealed, "1")) }
    let empty = header.fields.enumerated().filter {
      $0.element.width == 0 && !$0.element.isList
    }
    if !empty.isEmpty {
      let lines = empty.map { "\($0.offset) \($0.element.type.rawValue) \($0.element.path)" }
      result.append((emptyFields, lines.joined(separator: "\n")))
    }
    if !header.provenance.isEmpty {
      result.append((provenance, ProvenanceTable.document(header.provenance).exactJSON))
    }
    result.append((document, header.document.exactJSON))
    return result
  }

  /// The header that a schema tells. A foreign stream becomes events of scalar columns, without a setup.
  static func header(_ reader: ArrowReader) throws -> Header {
    guard let word = reader.metadata[kind] else {
      let fields = reader.fields.map {
        Field(
          $0.name, $0.type, components: $0.list?.components, unit: $0.metadata[unit],
          isList: $0.list != nil)
      }
      try requireUnique(fields.map(\.path), reader)
      return Header(kind: .events, fields: fields)
    }
    guard let versionText = reader.metadata[formatVersion], let version = Int(versionText) else {
      throw reader.problem("it names no format version")
    }
    try FormatCheck.version(version, file: reader.name)
    guard let found = Kind(rawValue: word) else {
      throw reader.problem("its kind '\(word)' is not known here")
    }
    var header = Header(kind: found, formatVersion: version)
    do {
      header.document = try Document(json: reader.metadata[document] ?? "{}")
      header.provenance = ProvenanceTable.records(
        try Document(json: reader.metadata[provenance] ?? "{}"))
    } catch let problem as Problem {
      throw reader.problem("its document is broken (\(problem.line))")
    }
    for field in reader.fields {
      let path = field.metadata[path] ?? field.name
      guard let component = field.metadata[component], field.list == nil else {
        header.fields.append(
          Field(
            path, field.type, components: field.list?.components, unit: field.metadata[unit],
            isList: field.list != nil))
        continue
      }
      if let i = header.fields.firstIndex(where: { $0.path == path }) {
        guard header.fields[i].type == field.type, header.fields[i].components != nil,
          !header.fields[i].isList
        else {
          throw reader.problem("the columns of \(path) are of different types")
        }
        header.fields[i].components?.append(component)
      } else {
        header.fields.append(
          Field(path, field.type, components: [component], unit: field.metadata[unit]))
      }
    }
    for line in (reader.metadata[emptyFields] ?? "").split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      guard words.count == 3, let position = Int(words[0]), position >= 0,
        let type = ElementType(rawValue: words[1])
      else { throw reader.problem("its empty fields are not whole") }
      header.fields.insert(
        Field(words[2], type, components: []), at: min(position, header.fields.count))
    }
    try requireUnique(header.fields.map(\.path), reader)
    return header
  }

  private static func requireUnique(_ paths: [String], _ reader: ArrowReader) throws {
    guard Set(paths).count == paths.count else {
      throw reader.problem("two columns have one name")
    }
  }
}
