import Diagnostics
import Yams

/// What is refused before the YAML parser sees it, and the parser's errors in our words.
enum YAMLGuard {
  private static let sizeLimit = 1 << 20
  /// The parser recurses for every level.
  private static let depthLimit = 200

  /// Throws a `Problem` for texts that are too large, too deep, hold tabs as indentation or use anchors, whose expansion
  /// can grow without bound.
  static func check(_ text: String) throws {
    guard text.utf8.count <= sizeLimit else {
      throw Problem(.data, "the file is larger than 1 MiB", remedy: "give an analysis.yaml")
    }
    var depth = 0
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let bytes = Array(line.utf8)
      try checkPrefix(bytes, line: number + 1)
      var previous = UInt8(ascii: " ")
      for (column, c) in bytes.enumerated() {
        if c == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { break }
        if c == UInt8(ascii: "[") || c == UInt8(ascii: "{") { depth += 1 }
        if c == UInt8(ascii: "]") || c == UInt8(ascii: "}") { depth = max(0, depth - 1) }
        guard depth <= depthLimit else {
          throw tooDeep(line: number + 1, column: column + 1)
        }
        if c == UInt8(ascii: "&"), " [{,".utf8.contains(previous), column + 1 < bytes.count,
          bytes[column + 1] > 32
        {
          throw Problem(
            .data, "anchors and aliases are not supported", remedy: "write the values out",
            place: "line \(number + 1), column \(column + 1)")
        }
        previous = c
      }
    }
  }

  private static func checkPrefix(_ bytes: [UInt8], line: Int) throws {
    let prefix = bytes.prefix { " -?:\t".utf8.contains($0) }
    if let tab = prefix.firstIndex(of: 9), prefix.count < bytes.count {
      throw Problem(
        .data, "a tab in the indentation", remedy: "YAML wants blanks there",
        place: "line \(line), column \(tab + 1)")
    }
    if prefix.count > depthLimit { throw tooDeep(line: line, column: prefix.count) }
  }

  private static func tooDeep(line: Int, column: Int) -> Problem {
    Problem(
      .data, "nested more than \(depthLimit) deep", remedy: "an analysis needs four levels",
      place: "line \(line), column \(column)")
  }

  static func problem(_ error: YamlError) -> Problem {
    func make(
      _ problem: String, _ mark: Mark?,
      remedy: String? = "check the YAML syntax: inside { } and [ ] quote expressions"
    )
      -> Problem
    {
      Problem(.data, problem, remedy: remedy, place: Entry.place(mark))
    }
    return switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      make(problem, mark)
    case .duplicatedKeysInMapping(let duplicates, let context):
      make(
        "'\(duplicates.sorted().joined(separator: "', '"))' stands twice in one mapping",
        context.mark, remedy: "rename or remove one")
    case .reader(let problem, let offset, _, _):
      make(problem + (offset.map { " (byte \($0))" } ?? ""), nil, remedy: "give a text file")
    default: make("not YAML", nil)
    }
  }
}
