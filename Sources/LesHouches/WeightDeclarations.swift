import CExpat

/// One `<weight>` of `<initrwgt>`: what the generator says about an id that events carry.
public struct WeightDeclaration: Sendable, Equatable {
  public var id: String
  /// Name (or else type) of the group around it; nil outside groups.
  public var group: String?
  public var attributes: [String: String]
  public var text: String

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
    group?.lowercased().contains("reweighting") == true || !settings.isEmpty
  }
}

/// Reads `<initrwgt>`: expat where the fragment is XML, else tag by tag.
enum WeightDeclarations {
  static func read(_ fragment: String) -> [WeightDeclaration] {
    byExpat(fragment) ?? byTags(fragment)
  }

  /// Collects what both readers find.
  private final class Collector {
    var weights: [WeightDeclaration] = []
    var groups: [String?] = []
    var open: WeightDeclaration?

    func start(_ name: String, _ attributes: [(name: String, value: String)]) {
      func value(_ wanted: String) -> String? {
        attributes.first { $0.name.lowercased() == wanted }?.value
      }
      switch name.lowercased() {
      case "weightgroup":
        closeWeight()
        groups.append(value("name") ?? value("type"))
      case "weight":
        closeWeight()
        guard let id = value("id") ?? value("name") else { return }
        open = WeightDeclaration(
          id: Collector.trimmed(id), group: groups.last ?? nil,
          attributes: Dictionary(attributes.map { ($0.name, $0.value) }) { first, _ in first },
          text: "")
      default: break
      }
    }
    func text(_ text: String) { open?.text += text }
    func end(_ name: String) {
      switch name.lowercased() {
      case "weight": closeWeight()
      case "weightgroup":
        closeWeight()
        _ = groups.popLast()
      default: break
      }
    }
    func closeWeight() {
      guard var weight = open else { return }
      weight.text = Collector.trimmed(weight.text)
      weights.append(weight)
      open = nil
    }
    static func trimmed(_ text: String) -> String {
      var text = Substring(text).drop(while: \.isWhitespace)
      while text.last?.isWhitespace == true { text.removeLast() }
      return String(text)
    }
  }

  /// Nil where the fragment is not well-formed.
  private static func byExpat(_ fragment: String) -> [WeightDeclaration]? {
    guard let parser = XML_ParserCreate(nil) else { return nil }
    defer { XML_ParserFree(parser) }
    let collector = Collector()
    XML_SetUserData(parser, Unmanaged.passUnretained(collector).toOpaque())
    XML_SetElementHandler(
      parser,
      { data, name, attributes in
        guard let data, let name, let attributes else { return }
        var pairs: [(name: String, value: String)] = []
        var i = 0
        while let key = attributes[i], let value = attributes[i + 1] {
          pairs.append((String(cString: key), String(cString: value)))
          i += 2
        }
        Unmanaged<Collector>.fromOpaque(data).takeUnretainedValue()
          .start(String(cString: name), pairs)
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
    return collector.weights
  }

  /// Tags in the order they come, whatever their nesting: a weight ends at its closing tag or the next weight or group.
  private static func byTags(_ fragment: String) -> [WeightDeclaration] {
    let collector = Collector()
    var fragment = fragment
    fragment.withUTF8 { buffer in
      guard let base = buffer.baseAddress else { return }
      let end = base + buffer.count
      var p = base
      while p < end {
        if let after = HeadBlocks.afterComment(p, end) {
          p = after
          continue
        }
        guard p.pointee == Ascii.less, let close = Bytes.find(Ascii.greater, from: p, to: end)
        else {
          let next = Bytes.find(Ascii.less, from: p + 1, to: end) ?? end
          collector.text(Bytes.text(p, next))
          p = next
          continue
        }
        readTag(from: p + 1, to: close, collector)
        p = close + 1
      }
    }
    collector.closeWeight()
    return collector.weights
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
      collector.start(name, TagAttributes(from: nameEnd, to: end).all)
      if isEmpty { collector.end(name) }
    }
  }
}
