import CExpat
import EventIO
import EventModel

/// What an LHEH5 file says besides its events: `version`, `init`, `procInfo`, generators and the header.
///
/// pylhe 2.1 wants `xml/header` to be XML that declares exactly the weights that are columns. A header that is not is kept
/// whole in `xml/text`, which we read back, and one that fits stands in its place.
enum LHEH5Document {
  struct Part {
    var head: LHEHead
    /// Everything before the first event.
    var text: String
    var process: String
    /// Events read; 1 until they are counted.
    var events = 1.0
  }

  static func add(_ parts: [Part], weightIDs: [String], to document: inout Document) {
    document.set("version", [2, 6, 0])
    let blocks = parts.compactMap(\.head.initBlock)
    var numbers: [Double] = []
    if let first = blocks.first {
      numbers += first.beams.map { Double($0) }
      numbers += first.energies
      numbers += first.pdfGroups.map { Double($0) }
      numbers += first.pdfSets.map { Double($0) }
      numbers.append(Double(first.weightStrategy))
    } else {
      numbers = [0, 0, 0, 0, -1, -1, -1, -1, 0]
    }
    document.set("init", numbers + [0])
    processes(parts).write(to: &document)
    GeneratorElement.write(GeneratorElement.all(in: parts.map(\.text)), to: &document)
    let header = parts.count == 1 ? headerElement(parts[0].text) : nil
    if let header, let ids = HeaderIDs.read(header), Set(ids) == Set(weightIDs) {
      document.set("xml/header", header)
      return
    }
    if let header { document.set("xml/text", header) }
    document.set("xml/header", declaring(weightIDs, parts.flatMap(\.head.weights)))
  }

  private static func processes(_ parts: [Part]) -> MergedProcesses {
    var merged = MergedProcesses()
    for part in parts {
      for line in part.head.initBlock?.processes ?? [] {
        merged.add(
          [Double(line.id), .nan, .nan, line.crossSection, line.error, line.maximum],
          events: [part.process: part.events])
      }
    }
    return merged
  }

  /// From `<header` to `</header>`.
  private static func headerElement(_ text: String) -> String? {
    guard let start = text.firstRange(of: "<header"),
      let end = text[start.upperBound...].firstRange(of: "</header>")
    else { return nil }
    return String(text[start.lowerBound..<end.upperBound])
  }

  /// A header with a declaration for each weight, in the groups of the file.
  private static func declaring(_ ids: [String], _ weights: [WeightDeclaration]) -> String {
    let known = Dictionary(weights.map { ($0.id, $0) }) { first, _ in first }
    var text = "<header>\n<initrwgt>\n"
    var open: String?
    for id in ids {
      let group = known[id]?.group
      if group != open {
        if open != nil { text += "</weightgroup>\n" }
        if let group { text += "<weightgroup name=\"\(XMLText.escaped(group))\">\n" }
        open = group
      }
      let meaning = XMLText.escaped(known[id]?.text ?? "", keepsLines: true)
      text += "<weight id=\"\(XMLText.escaped(id))\">\(meaning)</weight>\n"
    }
    if open != nil { text += "</weightgroup>\n" }
    return text + "</initrwgt>\n</header>"
  }
}

/// The weight ids of a header as pylhe finds them: children of `<initrwgt>`, or of a group in it.
private final class HeaderIDs {
  private var path: [String] = []
  private var ids: [String] = []

  /// Nil where the text is not well-formed XML.
  static func read(_ text: String) -> [String]? {
    guard let parser = XML_ParserCreate(nil) else { return nil }
    defer { XML_ParserFree(parser) }
    let found = HeaderIDs()
    XML_SetUserData(parser, Unmanaged.passUnretained(found).toOpaque())
    XML_SetElementHandler(
      parser,
      { data, name, attributes in
        guard let data, let name, let attributes else { return }
        var id: String?
        var i = 0
        while let key = attributes[i], let value = attributes[i + 1] {
          if String(cString: key) == "id" { id = String(cString: value) }
          i += 2
        }
        Unmanaged<HeaderIDs>.fromOpaque(data).takeUnretainedValue()
          .start(String(cString: name), id)
      },
      { data, _ in
        guard let data else { return }
        _ = Unmanaged<HeaderIDs>.fromOpaque(data).takeUnretainedValue().path.popLast()
      })
    guard text.utf8.count <= Int32.max,
      XML_Parse(parser, text, Int32(text.utf8.count), 1) == XML_STATUS_OK
    else { return nil }
    return found.ids
  }

  private func start(_ name: String, _ id: String?) {
    path.append(name)
    guard name == "weight",
      path == ["header", "initrwgt", "weight"]
        || path == ["header", "initrwgt", "weightgroup", "weight"]
    else { return }
    ids.append(id ?? "")
  }
}
