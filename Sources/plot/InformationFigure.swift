import Diagnostics
import EventModel
import Glibc

/// The ellipses Δθᵀ I Δθ = d² in which a measurement would find two parameters; the others are profiled.
struct InformationFigure {
  typealias Entry = (label: String, information: Information)

  /// `parameters` names the axes; the first two of the file where it is empty. `matrices` says which to draw: all of one
  /// file, the first of each of several where it is empty.
  static func figure(
    _ entries: [Entry], parameters: [String], matrices: [String], level: Double
  ) throws -> Figure {
    guard let first = entries.first?.information else { return Figure() }
    let names = parameters.isEmpty ? Array(first.parameterNames.prefix(2)) : parameters
    guard names.count == 2 else {
      throw Problem(
        parameters.isEmpty ? .data : .usage, "information ellipses need two parameters",
        remedy: "the file has " + first.parameterNames.joined(separator: ", "),
        file: parameters.isEmpty ? entries[0].label : nil)
    }
    // P(χ²₂ ≤ d²) = 1 − exp(−d²/2).
    let distance = -2 * log(1 - level)
    let choice = try InformationChoice(entries, names: names, matrices: matrices)
    var panel = Panel(
      xLabel: AxisLabel(name: "Δ" + names[0], unit: choice.units[0]),
      yLabel: AxisLabel(name: "Δ" + names[1], unit: choice.units[1]))
    let ellipses = choice.matrices.compactMap { label, matrix in
      Ellipse(matrix, distance: distance).map { (label: label, ellipse: $0) }
    }
    guard !ellipses.isEmpty else {
      throw Problem(
        .data, "no matrix holds information on \(names[0]) and \(names[1])",
        file: entries[0].label)
    }
    // A matrix that knows one direction alone would make the drawing endless: the others say how large it is.
    let whole = ellipses.filter { !$0.ellipse.isBand }
    let shown = whole.isEmpty ? ellipses : whole
    let halfX = shown.map(\.ellipse.halfWidths.x).min() ?? 1
    let halfY = shown.map(\.ellipse.halfWidths.y).min() ?? 1
    let x = shown.map(\.ellipse.halfWidths.x).filter { $0 <= 6 * halfX }.max() ?? halfX
    let y = shown.map(\.ellipse.halfWidths.y).filter { $0 <= 6 * halfY }.max() ?? halfY
    panel.xRange = -1.15 * x...1.15 * x
    panel.yRange = -1.15 * y...1.15 * y
    for (k, item) in ellipses.enumerated() {
      panel.curves.append(
        Curve(
          label: item.label, style: k < 6 ? .line : .dashed, colour: 1 + k % 6,
          pieces: item.ellipse.pieces(reach: 4 * hypot(x, y))))
    }
    panel.curves.append(
      Curve(style: .cross, colour: 0, pieces: [.init(x: [0], y: [0])]))
    let luminosity = Text.luminosities(entries.map(\.information.luminosity))
    return Figure(
      title: "\(Text.short(100 * level)) % region (2 degrees of freedom)"
        + (luminosity.isEmpty ? "" : ", \(luminosity)"),
      panels: [panel])
  }
}
