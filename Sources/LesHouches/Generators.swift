import EventIO
import EventModel

extension GeneratorElement {
  /// The `<generator>` elements in the `<init>` of heads, each one once. Those of a `<header>` stay in its text.
  static func all(in heads: [String]) -> [GeneratorElement] {
    var found: [GeneratorElement] = []
    for head in heads {
      let edit = HeadEdit(Array(head.utf8))
      for block in edit.elements("<init", "</init>") {
        for generator in edit.generators(in: block) where !found.contains(generator) {
          found.append(generator)
        }
      }
    }
    return found
  }
}

extension HeadEdit {
  fileprivate func generators(in block: Range<Int>) -> [GeneratorElement] {
    let elements = places(of: "<generator") { tag, end in
      guard let opened = Bytes.find(Ascii.greater, from: tag, to: end) else { return nil }
      if (opened - 1).pointee == Ascii.slash { return opened + 1 }
      return Bytes.find("</generator>", from: opened, to: end).map { $0 + 12 }
    }
    return text.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return [] }
      return elements.filter(block.contains).compactMap {
        Self.generator(from: base + $0.lowerBound, to: base + $0.upperBound)
      }
    }
  }

  private static func generator(from tag: BytePointer, to end: BytePointer) -> GeneratorElement? {
    guard let opened = Bytes.find(Ascii.greater, from: tag, to: end) else { return nil }
    let isEmpty = opened + 1 == end
    let attributes = TagAttributes(from: tag + 10, to: isEmpty ? opened - 1 : opened).all
    return GeneratorElement(
      attributes: Dictionary(attributes.map { ($0.name, XMLText.unescaped($0.value)) }) {
        first, _ in first
      },
      description: isEmpty ? "" : XMLText.unescaped(Bytes.text(opened + 1, end - 12)))
  }
}
