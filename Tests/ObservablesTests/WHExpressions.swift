import EventModel
import TestSupport
import Testing

@testable import Observables

/// The observables of the files in Examples/wh, as far as these tests must read YAML: names, and texts on one line or
/// folded with `>-`.
enum WHExpressions {
  static func read(_ name: String) throws -> [Observable] {
    let text = try #require(EventText.contents(of: Place.root + "/Examples/wh/" + name))
    var result: [Observable] = []
    var inside = false
    for line in text.split(separator: "\n") {
      let indent = line.prefix { $0 == " " }.count
      let words = line.dropFirst(indent)
      if indent == 0 { inside = words == "observables:" }
      guard inside, indent > 0, !words.hasPrefix("#") else { continue }
      if indent == 2, let colon = words.firstIndex(of: ":") {
        let expression = words[words.index(after: colon)...].drop { $0 == " " }
        result.append(
          Observable(
            name: String(words[..<colon]),
            expression: expression == ">-" ? "" : String(expression)))
      } else {
        result[result.count - 1].expression? += words + " "
      }
    }
    return result
  }
}
