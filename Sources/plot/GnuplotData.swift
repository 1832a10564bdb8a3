/// Named blocks of numbers in a gnuplot script.
enum GnuplotData {
  static func block(_ name: String, _ curve: Curve, isLogarithmic: Bool) -> [String] {
    var lines = ["\(name) << EOD"]
    for piece in curve.pieces {
      for i in piece.x.indices {
        let (x, y) = (piece.x[i], piece.y[i])
        guard curve.style == .bars, i < piece.error.count else {
          lines.append("\(x) \(y)")
          continue
        }
        let low = y - piece.error[i]
        // A bar that reaches zero runs out of a logarithmic panel.
        lines += [
          "\(x) \(isLogarithmic && low <= 0 ? y * 1e-6 : low)", "\(x) \(y + piece.error[i])", "",
        ]
      }
      lines.append("")
    }
    // Gnuplot complains of a block without a line.
    if curve.pieces.allSatisfy(\.x.isEmpty) { lines.append("NaN NaN") }
    return lines + ["EOD"]
  }

  /// One line a cell: x, y, value.
  static func block(_ name: String, _ map: ColourMap) -> [String] {
    var lines = ["\(name) << EOD"]
    for (i, x) in map.x.enumerated() {
      for (j, y) in map.y.enumerated() {
        let value = map.values[i * map.y.count + j]
        // What is above or below the scale has the colour of its end.
        let shown = min(max(value, map.range.lowerBound), map.range.upperBound)
        lines.append("\(x) \(y) \(value.isNaN ? "NaN" : String(shown))")
      }
      lines.append("")
    }
    return lines + ["EOD"]
  }
}
