import Diagnostics
import EventIO

/// The hand-written sections of a page: mdoc, cut at `.Sh`.
///
/// A first line `.\" exits 1 69` adds those codes to the table of the page.
struct Fragment {
  var sections: [(name: String, text: String)] = []
  var extraCodes: [Int32] = []

  init(path: String) throws {
    let text = String(decoding: try ByteReader(path: path).readAll(), as: UTF8.self)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix(".\\\" exits ") {
        extraCodes = line.split(separator: " ").compactMap { Int32($0) }
      } else if line.hasPrefix(".Sh ") {
        sections.append((String(line.dropFirst(4)), ""))
      } else if !sections.isEmpty, !line.isEmpty {
        sections[sections.count - 1].text += line + "\n"
      }
    }
    guard sections.contains(where: { $0.name == "DESCRIPTION" }) else {
      throw Problem(.data, "there is no section DESCRIPTION", file: path)
    }
  }
}

/// A command line of the EXAMPLES section with the text before it and, where given, what it prints.
///
/// In the file: text, then `$ command` (continued after `\` or `|`), then `> ` and a line of output each. Lines that begin
/// with `%` speak to the tests alone.
struct Examples {
  var items: [(text: String, commands: [String], output: [String])] = []

  static func read(_ path: String) throws -> Examples {
    let text = String(decoding: try ByteReader(path: path).readAll(), as: UTF8.self)
    var examples = Examples()
    var isContinued = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if isContinued || line.hasPrefix("$ ") {
        if examples.items.isEmpty { examples.items.append(("", [], [])) }
        examples.items[examples.items.count - 1].commands.append(String(line))
        isContinued = line.hasSuffix("\\") || line.hasSuffix("|")
      } else if line.hasPrefix("> ") {
        examples.items[examples.items.count - 1].output.append(String(line.dropFirst(2)))
      } else if !line.isEmpty, !line.hasPrefix("%") {
        if examples.items.last.map({ $0.commands.isEmpty }) != true {
          examples.items.append(("", [], []))
        }
        examples.items[examples.items.count - 1].text += line + "\n"
      }
    }
    return examples
  }
}
