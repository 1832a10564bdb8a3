import Diagnostics
import EventIO
import EventModel

/// Points given as `@FILE`: one a line, blank lines and what follows `#` passed over.
public enum PointList {
  /// The texts, with those of files in their place.
  /// - Throws: `.data` naming file and line for what is no point.
  public static func expand(_ texts: [String]) throws -> [String] {
    try located(texts).map(\.text)
  }

  /// The points themselves, those of files knowing where they stand.
  public static func points(_ texts: [String]) throws -> [PointSpecification] {
    try located(texts).map { text, place in
      let point = try PointSpecification(parsing: text)
      return place.map { .listed(point, file: $0.file, line: $0.line) } ?? point
    }
  }

  /// The texts, with file and line of those in files.
  static func located(
    _ texts: [String]
  ) throws -> [(text: String, place: (file: String, line: Int)?)] {
    try texts.flatMap { text -> [(text: String, place: (file: String, line: Int)?)] in
      guard text.hasPrefix("@") else { return [(text, nil)] }
      let path = String(text.dropFirst())
      let bytes = try ByteReader(path: path).readAll()
      let lines = String(decoding: bytes, as: UTF8.self)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      var points: [(text: String, place: (file: String, line: Int)?)] = []
      for (number, line) in lines.enumerated() {
        let content = line.prefix { $0 != "#" }
        let point = String(content.filter { !$0.isWhitespace })
        guard !point.isEmpty else { continue }
        let words = content.split(whereSeparator: \.isWhitespace)
        // A name is one word: more are the head or the row of a table.
        guard words.count == 1 || point.contains("=") else {
          throw Problem(
            .data, "'\(words.joined(separator: " "))' is no parameter point",
            remedy:
              "write a benchmark's name or cHW=0.3,cHq3=-0.1 in each line, and heads after a #",
            file: path, place: "line \(number + 1)")
        }
        try check(point, path, line: number + 1)
        points.append((point, (path, number + 1)))
      }
      guard !points.isEmpty else {
        throw Problem(
          .data, "no parameter point in this file", remedy: "write one point a line", file: path)
      }
      return points
    }
  }

  private static func check(_ point: String, _ path: String, line: Int) throws {
    do {
      _ = try PointSpecification(parsing: point)
    } catch let problem as Problem {
      throw Problem(
        .data, problem.fact, remedy: problem.remedy, file: path, place: "line \(line)")
    }
  }
}
