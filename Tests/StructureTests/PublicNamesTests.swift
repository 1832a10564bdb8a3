import Glibc
import TestSupport
import Testing

/// The library products: changing a public name means changing the pinned list, and saying so in the CHANGELOG.
@Suite struct PublicNamesTests {
  private static let pinned = "Tests/StructureTests/public-names.txt"

  @Test func publicNamesArePinned() {
    let names = ["EventModel", "EventIO"].flatMap { room in
      SourceTree.swiftFiles("Sources/" + room).flatMap { PublicNames(file: $0).names }
        .map { "\(room).\($0)" }
    }
    let text = Set(names).sorted().joined(separator: "\n") + "\n"
    if getenv("RECORD") != nil { SourceTree.write(text, to: Self.pinned) }
    let expected = Set(SourceTree.read(Self.pinned).split(separator: "\n").map(String.init))
    let found = Set(names)
    for name in found.subtracting(expected).sorted() {
      Issue.record("\(name) is new: RECORD=1 pins it")
    }
    for name in expected.subtracting(found).sorted() {
      Issue.record("\(name) is gone: RECORD=1 forgets it")
    }
  }
}

/// Public declarations of a file by a scan of its lines: type, member and, for functions, the labels.
struct PublicNames {
  private(set) var names: [String] = []

  init(file: SourceTree.File) {
    var scopes: [(name: String, depth: Int, isPublicEnum: Bool)] = []
    var depth = 0
    let lines = file.code
    for (number, line) in lines.enumerated() {
      let words = line.split(whereSeparator: { " (:<{,".contains($0) }).map(String.init)
      let prefix = scopes.map { $0.name + "." }.joined()
      let kinds = ["struct", "class", "enum", "protocol", "extension", "actor"]
      if let k = words.firstIndex(where: kinds.contains), words.indices.contains(k + 1),
        words[..<k].allSatisfy({ $0.allSatisfy { $0.isLetter || $0 == "@" || $0 == ")" } }),
        line.contains("{")
      {
        let isPublic = words[..<k].contains("public")
        if isPublic { names.append("\(words[k]) \(prefix)\(words[k + 1])") }
        scopes.append((words[k + 1], depth, isPublic && words[k] == "enum"))
      } else if words.contains("public") {
        if let member = Self.member(words, lines[number...]) { names.append(prefix + member) }
      } else if let scope = scopes.last, scope.isPublicEnum, depth == scope.depth + 1,
        words.first == "case"
      {
        for name in line.dropFirst(4 + line.prefix { $0 == " " }.count).split(separator: ",") {
          let word = name.prefix { $0 != "(" && $0 != "=" }.filter { !$0.isWhitespace }
          if !word.isEmpty, word.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) {
            names.append("case \(prefix)\(word)")
          }
        }
      }
      for c in line {
        if c == "{" { depth += 1 }
        if c == "}" {
          depth -= 1
          if let scope = scopes.last, depth <= scope.depth { scopes.removeLast() }
        }
      }
    }
  }

  private static func member(_ words: [String], _ rest: ArraySlice<String>) -> String? {
    let kinds = ["let", "var", "func", "init", "subscript", "typealias"]
    guard let k = words.firstIndex(where: { word in kinds.contains { word.hasPrefix($0) } }) else {
      return nil
    }
    let kind = words[k].filter(\.isLetter)
    if kind == "let" || kind == "var" || kind == "typealias" {
      return words.indices.contains(k + 1) ? words[k + 1] : nil
    }
    let name = kind == "func" ? (words.indices.contains(k + 1) ? words[k + 1] : "") : kind
    return name + "(" + labels(rest.joined(separator: " ")) + ")"
  }

  /// The labels of the first parenthesised list.
  private static func labels(_ text: String) -> String {
    guard let open = text.firstIndex(of: "(") else { return "" }
    var depth = 0
    var pieces = [""]
    scan: for c in text[open...] {
      switch c {
      case "(", "[", "<": depth += 1
      case ")", "]": depth -= 1
      case ">" where pieces[pieces.count - 1].last != "-": depth -= 1
      case "," where depth == 1:
        pieces.append("")
        continue scan
      default: break
      }
      if depth == 0 { break }
      pieces[pieces.count - 1].append(c)
    }
    return pieces.compactMap { piece in
      piece.split(whereSeparator: { " (:".contains($0) }).first.map { $0 + ":" }
    }.joined()
  }
}
