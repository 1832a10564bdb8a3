import EventModel

/// A `<generator>` of `<init>`, which pylhe 2.1 keeps in LHEH5 as a row of four texts: name, version, description (what
/// stands between the tags) and the other attributes as JSON.
package struct GeneratorElement: Equatable {
  /// What stands between the tags.
  package var description: String
  package var attributes: [String: String]

  package init(attributes: [String: String], description: String) {
    self.attributes = attributes
    self.description = description
  }

  /// The element with a newline; name and version first, then the other attributes in alphabetical order.
  package var text: String {
    let first = ["name", "version"].filter { attributes[$0] != nil }
    let others = attributes.keys.filter { !first.contains($0) }.sorted()
    let pairs = (first + others).map { " \($0)=\"\(XMLText.escaped(attributes[$0] ?? ""))\"" }
    let body = XMLText.escaped(description, keepsLines: true)
    return "<generator" + pairs.joined() + ">\(body)</generator>\n"
  }

  // MARK: LHEH5

  /// Adds the dataset to what a table says of its events; nothing where there is no generator.
  package static func write(_ generators: [GeneratorElement], to document: inout Document) {
    document[LHEH5Layout.generators] =
      generators.isEmpty
      ? nil
      : .texts(
        generators.flatMap(\.row), shape: [generators.count, LHEH5Layout.generatorColumns.count],
        width: nil)
  }

  private var row: [String] {
    let others = attributes.filter { $0.key != "name" && $0.key != "version" }
      .sorted { $0.key < $1.key }
    var json = ""
    JSON.write(.object(others.map { ($0.key, .text($0.value)) }), to: &json, pretty: false)
    return [attributes["name"] ?? "", attributes["version"] ?? "", description, json]
  }

  /// The generators that a table has.
  package static func read(_ document: Document) -> [GeneratorElement] {
    read(document[LHEH5Layout.generators], columns: LHEH5Layout.generatorColumns)
  }

  /// The rows of a dataset whose columns have these names.
  static func read(_ node: Document.Node?, columns: [String]) -> [GeneratorElement] {
    guard case .texts(let texts, let shape, _)? = node, shape.count == 2,
      shape[1] == columns.count, shape[1] > 0
    else { return [] }
    return stride(from: 0, to: texts.count, by: shape[1]).map { row in
      func text(_ name: String) -> String {
        columns.firstIndex(of: name).map { texts[row + $0] } ?? ""
      }
      return GeneratorElement(
        name: text("name"), version: text("version"), description: text("description"),
        extraAttributes: text("extraAttributes"))
    }
  }

  /// An empty name or version stands for none: so pylhe writes it.
  init(name: String, version: String, description: String, extraAttributes: String) {
    self.description = description
    attributes = [:]
    if case .object(let members)? = try? JSONParser.parse(extraAttributes) {
      for case (let name, .text(let value)) in members where Self.isName(name) {
        attributes[name] = value
      }
    }
    if !name.isEmpty { attributes["name"] = name }
    if !version.isEmpty { attributes["version"] = version }
  }

  /// What a file of another program calls an attribute may be anything.
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "_-.:".contains($0) }
  }
}
