import TestSupport
import Testing

/// What `plot --script` printed: blocks of numbers, and what is said of each when it is drawn.
struct PlotScript {
  let text: String
  /// Rows of numbers of each block; blank lines between pieces are left out.
  private var blocks: [String: [[Double]]] = [:]
  /// The plot line of each block.
  private var styles: [String: String] = [:]

  init(_ outcome: Outcome) throws {
    try #require(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    text = outcome.text
    var name: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasSuffix(" << EOD") {
        name = String(line.dropLast(7))
        blocks[name ?? ""] = []
      } else if line == "EOD" {
        name = nil
      } else if let name {
        let row = line.split(separator: " ").map { Double($0) ?? .nan }
        if !row.isEmpty { blocks[name]?.append(row) }
      } else if let start = line.firstIndex(of: "$") {
        let block = line[start...].prefix { $0 != " " }
        // The key of several panels is drawn from a block without numbers.
        if block != "$none" { styles[String(block)] = String(line) }
      }
    }
  }

  /// The numbers of the curves that the key gives this name, in the order of the panels.
  func curves(_ title: String) -> [[[Double]]] {
    styles.filter { $0.value.contains("title '\(title)'") }.keys.sorted()
      .map { blocks[$0] ?? [] }.filter {
        $0.isEmpty || !$0.allSatisfy { $0.contains(where: \.isNaN) }
      }
  }

  func curve(_ title: String) throws -> [[Double]] {
    try #require(curves(title).first, "no curve '\(title)' in \(titles)")
  }

  /// The map of a panel.
  func map(_ panel: Int = 0) throws -> [[Double]] {
    try #require(blocks["$m\(panel)"], "no map")
  }

  /// A block by panel and place among the panel's curves.
  func block(_ panel: Int, _ curve: Int) throws -> [[Double]] {
    try #require(blocks["$d\(panel)_\(curve)"], "no block")
  }

  /// What the key says.
  var titles: [String] {
    styles.values.compactMap { line in
      guard let range = line.firstRange(of: " title '") else { return nil }
      return String(line[range.upperBound...].prefix { $0 != "'" })
    }.sorted()
  }

  func says(_ line: String) -> Bool { text.split(separator: "\n").contains { $0 == line } }
}

/// Not the thousands of numbers where an expectation fails.
extension PlotScript: CustomTestStringConvertible {
  var testDescription: String { "script of \(titles.joined(separator: ", "))" }
}
