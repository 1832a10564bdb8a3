/// A result for people: a `#` header and aligned columns that programs can split at blanks.
public struct TextTable: Sendable {
  public var columns: [String]
  public var rows: [[String]] = []
  /// Lines above the header, each written after `# `.
  public var notes: [String] = []

  public init(_ columns: [String], notes: [String] = []) {
    self.columns = columns
    self.notes = notes
  }

  public mutating func add(_ row: [String]) { rows.append(row) }

  /// First column and columns of sentences flush left, the others flush right; a cell is one line.
  public var text: String {
    let header = columns.enumerated().map { $0.offset == 0 ? "# " + $0.element : $0.element }
    let all =
      [header]
      + rows.map { row in
        row.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
      }
    let isText = columns.indices.map { c in
      c == 0 || all.contains { row in c < row.count && row[c].contains(" ") }
    }
    let widths = columns.indices.map { c in
      all.map { c < $0.count ? $0[c].count : 0 }.max() ?? 0
    }
    var lines = notes.map { "# " + $0 }
    for row in all {
      let cells = row.enumerated().map { c, cell in
        let pad = String(repeating: " ", count: max(0, widths[c] - cell.count))
        return isText[c] ? cell + pad : pad + cell
      }
      var line = cells.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      lines.append(line)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A number with so many significant digits, in the plain form where it is short.
  public static func number(_ value: Double, digits: Int = 6) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : "\(value)" }
    return Significant.format(value, digits: digits)
  }
}
