import CExpat

/// One `<weight>` of `<initrwgt>`: what the generator says about an id that events carry.
public struct WeightDeclaration: Sendable, Equatable {
  public var id: String
  /// Name (or else type) of the group around it; nil outside groups.
  public var group: String?
  public var attributes: [String: String]
  public var text: String
  /// Attributes of the group, such as `combine`, and its text outside weights, such as `# 90900: PDF4LHC15_nlo_30. mem=0 …`.
  public var groupAttributes: [String: String] = [:]
  public var groupText = ""
  /// Line of the file, from 1.
  public var line: Int?

  public init(id: String, group: String? = nil, attributes: [String: String] = [:], text: String) {
    self.id = id
    self.group = group
    self.attributes = attributes
    self.text = text
  }

  /// The parameter card entries that differ from the file's own card.
  public var settings: [CardEntry] { ParameterCard.settings(in: text) }
  /// True for weights of matrix-element reweighting, where an empty text means the file's own point.
  public var isReweighting: Bool {
    if !settings.isEmpty { return true }
    guard let name = group?.lowercased(), name.contains("reweight") else { return false }
    return !name.contains("pdf") && !name.contains("scale")
  }

  /// True where the text, comments apart, tells the generator nothing that moves the point.
  var isWithoutInstructions: Bool {
    text.split(whereSeparator: \.isNewline).allSatisfy { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let first = words.first?.lowercased() else { return true }
      let isHarmless = ["helicity", "mode", "rwgt_dir", "output", "allow_missing_finalstate"]
      return first == "change" && words.count > 1 && isHarmless.contains(words[1].lowercased())
    }
  }

  /// True where another says the same about the same id.
  func isSame(as other: WeightDeclaration) -> Bool {
    id == other.id && group == other.group && attributes == other.attributes && text == other.text
  }
}

/// Reads `<initrwgt>`: expat where the fragment is XML, else tag by tag.
enum WeightDeclarations {
  /// `firstLine` is the line of the file on which the fragment starts.
  static func read(_ fragment: String, firstLine: Int = 1) -> [WeightDeclaration] {
    (byExpat(fragment, firstLine) ?? byTags(fragment, firstLine)).finished()
  }

  /// Collects what both readers find.
  private final class Collector {
    struct Group {
      var attributes: [String: String]
      var text = ""
      /// The group around it.
      var parent: Int?
      /// Weights that had come when it was opened, and the line.
      var first: Int
      var name: String? { value("name") ?? value("type") }
      var isEmpty = true

      private func value(_ wanted: String) -> String? {
        attributes.first { $0.key.lowercased() == wanted }?.value
      }
    }
    private var weights: [(declaration: WeightDeclaration, group: Int?)] = []
    private var groups: [Group] = []
    private var openGroups: [Int] = []
    private var open: WeightDeclaration?
    /// Kept up by the readers.
    var line = 1
    var parser: XML_Parser?

    func start(_ name: String, _ attributes: [(name: String, value: String)]) {
      let table = Dictionary(attributes.map { ($0.name, $0.value) }) { first, _ in first }
      switch name.lowercased() {
      case "weightgroup":
        closeWeight()
        groups.append(
          Group(attributes: table, parent: openGroups.last, first: weights.count))
        openGroups.append(groups.count - 1)
      case "weight":
        closeWeight()
        func value(_ wanted: String) -> String? {
          attributes.first { $0.name.lowercased() == wanted }?.value
        }
        guard let id = value("id") ?? value("name") else { return }
        open = WeightDeclaration(id: Collector.trimmed(id), attributes: table, text: "")
        open?.line = line
      default: break
      }
    }
    func text(_ text: String) {
      if open != nil {
        open?.text += text
      } else if let group = openGroups.last {
        groups[group].text += text
      }
    }
    func end(_ name: String) {
      switch name.lowercased() {
      case "weight": closeWeight()
      case "weightgroup":
        closeWeight()
        _ = openGroups.popLast()
      default: break
      }
    }
    func closeWeight() {
      guard var weight = open else { return }
      weight.text = Collector.trimmed(weight.text)
      weights.append((weight, openGroups.last))
      if let group = openGroups.last { groups[group].isEmpty = false }
      open = nil
    }

    func startByExpat(_ name: String, _ attributes: [(name: String, value: String)]) {
      guard let parser else { return }
      let first = line
      // Expat counts from 1.
      line += Int(XML_GetCurrentLineNumber(parser)) - 1
      start(name, attributes)
      line = first
    }
    func countLines(_ from: BytePointer, _ to: BytePointer) {
      for p in UnsafeBufferPointer(start: from, count: max(0, to - from)) where p == Ascii.newline {
        line += 1
      }
    }

    /// The weights with their groups.
    func finished() -> [WeightDeclaration] {
      closeWeight()
      for (index, group) in groups.enumerated() where group.isEmpty { fill(index) }
      return weights.map { weight, group in
        var weight = weight
        if let group {
          weight.group = groups[group].name
          weight.groupAttributes = groups[group].attributes
          weight.groupText = Collector.trimmed(groups[group].text)
        }
        return weight
      }
    }

    /// MadGraph 2.6.5 and later can swap the lines that close one group and open the next (madminer#219): an empty group stands
    /// inside another and its weights after it. A scale group also takes the scale variations that stand before it.
    private func fill(_ index: Int) {
      guard let parent = groups[index].parent else { return }
      let isScale = Self.isScale(groups[index]) && !Self.isScale(groups[parent])
      for i in weights.indices where weights[i].group == parent {
        if i >= groups[index].first || isScale && weights[i].declaration.scales.areVaried {
          weights[i].group = index
        }
      }
      groups[parent].isEmpty = !weights.contains { $0.group == parent }
    }
    private static func isScale(_ group: Group) -> Bool {
      group.name?.lowercased().contains("scale") == true
    }

    static func trimmed(_ text: String) -> String {
      var text = Substring(text).drop(while: \.isWhitespace)
      while text.last?.isWhitespace == true { text.removeLast() }
      return String(text)
    }
  }

  /// A reference such as `&#9;` makes a tab of it again, which no line of names can hold.
  private static func withoutControls(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < Ascii.space }) else { return text }
    return String(decoding: text.utf8.map { max($0, Ascii.space) }, as: UTF8.self)
  }

  /// Nil where the fragment is not well-formed.
  private static func byExpat(_ fragment: String, _ firstLine: Int) -> Collector? {
    guard let parser = XML_ParserCreate(nil) else { return nil }
    defer { XML_ParserFree(parser) }
    let collector = Collector()
    collector.parser = parser
    collector.line = firstLine
    XML_SetUserData(parser, Unmanaged.passUnretained(collector).toOpaque())
    XML_SetElementHandler(
      parser,
      { data, name, attributes in
        guard let data, let name, let attributes else { return }
        var pairs: [(name: String, value: String)] = []
        var i = 0
        while let key = attributes[i], let value = attributes[i + 1] {
          pairs.append(
            (String(cString: key), WeightDeclarations.withoutControls(String(cString: value))))
          i += 2
        }
        Unmanaged<Collector>.fromOpaque(data).takeUnretainedValue()
          .startByExpat(String(cString: name), pairs)
      },
      { data, name in
        guard let data, let name else { return }
        Unmanaged<Collector>.fromOpaque(data).takeUnretainedValue().end(String(cString: name))
      })
    XML_SetCharacterDataHandler(parser) { data, characters, count in
      guard let data, let characters else { return }
      let bytes = UnsafeRawBufferPointer(start: characters, count: Int(count))
      Unmanaged<Collector>.fromOpaque(data).takeUnretainedValue()
        .text(String(decoding: bytes, as: UTF8.self))
    }
    let document = "<initrwgt>" + fragment + "</initrwgt>"
    guard document.utf8.count <= Int32.max,
      XML_Parse(parser, document, Int32(document.utf8.count), 1) == XML_STATUS_OK
    else { return nil }
    return collector
  }

  /// Tags in the order they come, whatever their nesting: a weight ends at its closing tag or the next weight or group.
  private static func byTags(_ fragment: String, _ firstLine: Int) -> Collector {
    let collector = Collector()
    collector.line = firstLine
    var fragment = fragment
    fragment.withUTF8 { buffer in
      guard let base = buffer.baseAddress else { return }
      let end = base + buffer.count
      var p = base
      while p < end {
        let from = p
        defer { collector.countLines(from, p) }
        if let after = HeadBlocks.afterComment(p, end) {
          p = after
          continue
        }
        guard p.pointee == Ascii.less, startsTag(p + 1, end),
          let close = Bytes.tagEnd(from: p, to: end)
        else {
          let next = Bytes.find(Ascii.less, from: p + 1, to: end) ?? end
          collector.text(Bytes.decoded(Bytes.text(p, next)))
          p = next
          continue
        }
        readTag(from: p + 1, to: close, collector)
        p = close + 1
      }
    }
    return collector
  }

  /// False for a `<` that stands in a text, such as `HT<1`.
  private static func startsTag(_ p: BytePointer, _ end: BytePointer) -> Bool {
    p < end && (p.pointee == Ascii.slash || (p.pointee | 32) &- UInt8(ascii: "a") < 26)
  }

  private static func readTag(from: BytePointer, to close: BytePointer, _ collector: Collector) {
    var start = from
    let isClosing = start < close && start.pointee == Ascii.slash
    if isClosing { start += 1 }
    let isEmpty = close > start && (close - 1).pointee == Ascii.slash
    let end = isEmpty ? close - 1 : close
    var nameEnd = start
    while nameEnd < end && nameEnd.pointee > Ascii.space { nameEnd += 1 }
    let name = Bytes.text(start, nameEnd)
    if isClosing {
      collector.end(name)
    } else {
      collector.start(name, TagAttributes(from: nameEnd, to: end).decoded)
      if isEmpty { collector.end(name) }
    }
  }
}
