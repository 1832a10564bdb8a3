import Diagnostics
import EventModel

/// Pulls of the nuisance parameters and how far they move a parameter, those that move it most on top.
struct ImpactFigure {
  /// More rows cannot be read.
  private static let most = 25

  /// - Parameter parameter: the one that is moved; the first that was fitted where nil.
  static func figure(_ label: String, _ limits: Limits, parameter: String?) throws -> Figure {
    guard !limits.impacts.isEmpty else {
      throw Problem(
        .data, "the limits hold no impacts of nuisance parameters",
        remedy: "make them with limits --impacts, from events with systematics")
    }
    let moved = Set(limits.impacts.map(\.parameter)).sorted()
    let names = moved.map { limits.parameterNames[$0] }
    guard let target = parameter.map({ limits.parameterNames.firstIndex(of: $0) }) ?? moved[0],
      moved.contains(target)
    else {
      throw Problem(
        .usage, "there are no impacts on '\(parameter ?? "")'",
        remedy: "there are on " + names.joined(separator: ", "))
    }
    let ranked = limits.impacts.filter { $0.parameter == target }
      .sorted { size($0) > size($1) }.prefix(most)
    let rows = ranked.enumerated().map { (place: Double(ranked.count - $0), impact: $1) }
    let height = Double(ranked.count) + 0.6
    var pulls = Panel(
      xLabel: AxisLabel(name: "pull"), yLabel: AxisLabel(name: ""),
      xRange: -2...2, yRange: 0.4...height)
    pulls.yMarks = rows.map { .init(at: $0.place, text: limits.parameterNames[$0.impact.nuisance]) }
    // Names stand at the left; both panels share what they leave.
    let longest = pulls.yMarks.map(\.text.count).max() ?? 0
    let left = min(0.5, 0.05 + 0.0127 * Double(longest))
    let middle = left + 0.42 * (0.97 - left)
    pulls.frame = .init(left: left, right: middle, bottom: 0.13, top: 0)
    var impacts = Panel(
      xLabel: AxisLabel(
        name: "Δ" + limits.parameterNames[target], unit: limits.parameterUnits[target]),
      yLabel: AxisLabel(name: ""), yRange: 0.4...height)
    impacts.frame = .init(left: middle + 0.03, right: 0.97, bottom: 0.13, top: 0)
    impacts.yMarks = pulls.yMarks
    impacts.hidesY = true
    pulls.curves = Self.pulls(rows, limits, top: height, range: &pulls.xRange)
    impacts.curves = Self.bars(rows, top: height, range: &impacts.xRange)
    var figure = Figure(title: LimitsFigure.title([(label, limits)]), panels: [pulls, impacts])
    let top = FigureLayout.top(figure)
    for p in figure.panels.indices { figure.panels[p].frame?.top = top }
    return figure
  }

  private typealias Row = (place: Double, impact: Limits.Impact)

  private static func size(_ impact: Limits.Impact) -> Double {
    [impact.postfitUp, impact.postfitDown].filter(\.isFinite).map { abs($0) }.max() ?? -1
  }

  /// ν̂ and its error in units of the constraint; a parameter without constraint has none.
  private static func pulls(
    _ rows: [Row], _ limits: Limits, top: Double, range: inout ClosedRange<Double>?
  ) -> [Curve] {
    var discs = Curve.Piece(x: [], y: [])
    var bars = Curve(pieces: [])
    var largest = 1.5
    for (place, impact) in rows {
      guard let fitted = limits.fit.parameters.firstIndex(of: impact.nuisance),
        let nuisance = limits.nuisance.first(where: { $0.parameter == impact.nuisance }),
        nuisance.width > 0
      else { continue }
      let value = limits.fit.values[fitted] / nuisance.width
      let error = limits.fit.errors[fitted] / nuisance.width
      discs.x.append(value)
      discs.y.append(place)
      largest = max(largest, abs(value))
      guard error.isFinite else { continue }
      bars.pieces.append(.init(x: [value - error, value + error], y: [place, place]))
      largest = max(largest, abs(value) + error)
    }
    range = -1.15 * largest...1.15 * largest
    let lines = [(-1.0, Curve.Style.dotted), (0, .dashed), (1, .dotted)].map { x, style in
      Curve(style: style, colour: 7, pieces: [.init(x: [x, x], y: [0, top])])
    }
    return lines + [bars, Curve(label: "pull", style: .disc, pieces: [discs])]
  }

  /// Filled by the error of the fit, outlined by the width of the constraint.
  private static func bars(
    _ rows: [Row], top: Double, range: inout ClosedRange<Double>?
  ) -> [Curve] {
    func rectangles(_ value: (Limits.Impact) -> Double, half: Double) -> [Curve.Piece] {
      rows.filter { value($0.impact).isFinite }.map { row in
        let end = value(row.impact)
        return .init(
          left: min(0, end), right: max(0, end), bottom: row.place - half, top: row.place + half)
      }
    }
    let curves = [
      Curve(
        label: "+1σ post-fit", style: .area, colour: 1, tint: 0.75,
        pieces: rectangles(\.postfitUp, half: 0.32)),
      Curve(
        label: "−1σ post-fit", style: .area, colour: 5, tint: 0.75,
        pieces: rectangles(\.postfitDown, half: 0.32)),
      Curve(label: "+1σ pre-fit", colour: 1, pieces: rectangles(\.prefitUp, half: 0.38)),
      Curve(label: "−1σ pre-fit", colour: 5, pieces: rectangles(\.prefitDown, half: 0.38)),
    ]
    let largest = curves.flatMap(\.pieces).flatMap(\.x).map { abs($0) }.max() ?? 1
    let width = largest > 0 ? 1.1 * largest : 1
    range = -width...width
    return [Curve(style: .dashed, colour: 7, pieces: [.init(x: [0, 0], y: [0, top])])] + curves
  }
}
