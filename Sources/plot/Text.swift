import CommandKit
import EventModel

/// Numbers and units in titles and keys.
enum Text {
  /// A number without digits that only rounding made: `68`, `68.27`, `0.3`.
  static func short(_ value: Double) -> String {
    let rounded = (value * 1e6).rounded() / 1e6
    return rounded == rounded.rounded() && abs(rounded) < 1e15
      ? String(Int(rounded)) : String(rounded)
  }

  /// Three significant digits: `3.07`, `0.0021`.
  static func significant(_ value: Double) -> String { TextTable.number(value, digits: 3) }

  /// Luminosities of results in one drawing, each once; sums of several luminosities have none.
  static func luminosities(_ values: [Double]) -> String {
    var texts: [String] = []
    for value in values where value.isFinite {
      let text = Luminosity(inversePicobarn: value).description
      if !texts.contains(text) { texts.append(text) }
    }
    return texts.joined(separator: ", ")
  }

  /// The unit of an information: of `TeV^-2` twice it is `TeV^4`; empty where a unit is not known, `mixed` where they differ.
  static func inverseSquare(_ units: [String]) -> String {
    guard let unit = units.first, Set(units).count == 1 else { return units.isEmpty ? "" : "mixed" }
    guard !unit.isEmpty else { return "" }
    guard let caret = unit.firstIndex(of: "^"), let power = Int(unit[unit.index(after: caret)...])
    else { return unit.contains { " */^".contains($0) } ? "(\(unit))^-2" : unit + "^-2" }
    let inverse = -2 * power
    return inverse == 1 ? String(unit[..<caret]) : "\(unit[..<caret])^\(inverse)"
  }
}
