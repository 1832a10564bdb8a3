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
  }

  static func add(_ parts: [Part], weightIDs: [String], to document: inout Document) {
    document.set("version", [2, 6, 0])
    let blocks = parts.compactMap(\.head.initBlock)
    let processes = processes(parts)
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
    numbers.append(Double(processes.count))
    document.set("init", numbers)
    var lines: [Double] = []
    for process in processes {
      lines += [Double(process.id), .nan, .nan]
      lines += [process.crossSection, process.error, process.maximum]
    }
    document.set("procInfo", lines, shape: [processes.count, 6])
    GeneratorElement.write(GeneratorElement.all(in: parts.map(\.text)), to: &document)
    let header = parts.count == 1 ? headerElement(parts[0].text) : nil
    if let header, let ids = HeaderIDs.read(header), Set(ids) == Set(weightIDs) {
      document.set("xml/header", header)
      return
    }
    if let header { document.set("xml/text", header) }
    document.set("xml/header", declaring(weightIDs, parts.flatMap(\.head.weights)))
  }

  /// Processes by their id: those of runs of one process are averaged, those of different processes add.
  private static func processes(_ parts: [Part]) -> [InitBlock.Process] {
    var ids: [Int] = []
    /// Of each id, by process: the sums over runs, and their number.
    var found: [Int: [String: (sum: InitBlock.Process, count: Double)]] = [:]
    for part in parts {
      for line in part.head.initBlock?.processes ?? [] {
        if found[line.id] == nil { ids.append(line.id) }
        guard let (sum, count) = found[line.id]?[part.process] else {
          found[line.id, default: [:]][part.process] = (line, 1)
          continue
        }
        var next = sum
        next.crossSection += line.crossSection
        next.error = (sum.error * sum.error + line.error * line.error).squareRoot()
        next.maximum = max(sum.maximum, line.maximum)
        found[line.id]?[part.process] = (next, count + 1)
      }
    }
    return ids.compactMap { id in
      let runs = (found[id] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
      guard var process = runs.first?.sum else { return nil }
      // One line stands as it is, the -1 of an unknown error too.
      if runs.count == 1, runs[0].count == 1 { return process }
      process.crossSection = 0
      var variance = 0.0
      for (sum, count) in runs {
        process.crossSection += sum.crossSection / count
        variance += (sum.error / count) * (sum.error / count)
        process.maximum = max(process.maximum, sum.maximum)
      }
      process.error = variance.squareRoot()
      return process
    }
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
