import Diagnostics
import EventIO
import EventModel

/// Points given as `@FILE`: one a line, blank lines and what follows `#` passed over.
public enum PointList {
  /// The texts, with those of files in their place.
  /// - Throws: `.data` naming file and line for what is no point.
  public static func expand(_ texts: [String]) throws -> [String] {
    try texts.flatMap { text -> [String] in
      guard text.hasPrefix("@") else { return [text] }
      let path = String(text.dropFirst())
      let bytes = try ByteReader(path: path).readAll()
      let lines = String(decoding: bytes, as: UTF8.self)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      var points: [String] = []
      for (number, line) in lines.enumerated() {
        let point = String(line.prefix { $0 != "#" }.filter { !$0.isWhitespace })
        guard !point.isEmpty else { continue }
        try check(point, path, line: number + 1)
        points.append(point)
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
