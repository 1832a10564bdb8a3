import Diagnostics
import EventModel
import Glibc

/// p-values on a grid: a map with the borders of the regions in two parameters, curves along one.
struct PValueFigure {
  typealias Entry = LimitsFigure.Entry

  /// p below this is not told apart.
  private static let least = 1e-3

  static func figure(_ entries: [Entry]) throws -> Figure {
    let names = try LimitsFigure.sharedAxes(entries)
    switch names.count {
    case 1: return curves(entries, parameter: names[0])
    case 2:
      guard entries.count == 1 else {
        throw Problem(
          .usage, "a map of p-values is of one file",
          remedy: "name one file, or draw regions of several")
      }
      return try map(entries[0], x: names[0], y: names[1])
    default:
      throw Problem(
        .data, "p-values on \(names.count) grid axes cannot be drawn in a plane",
        remedy: "make limits with one or two --grid axes; the others are profiled",
        file: entries[0].label)
    }
  }

  private static func map(_ entry: Entry, x: String, y: String) throws -> Figure {
    let limits = entry.limits
    let p = try LimitsFigure.onGrid(entry, x: x, limits.p)
    let q = try LimitsFigure.gridFunction(entry, x: x, y: y)
    var panel = Panel(xLabel: LimitsFigure.axis(limits, x), yLabel: LimitsFigure.axis(limits, y))
    panel.map = ColourMap(
      x: p.x, y: p.y, values: p.values, label: AxisLabel(name: "p-value"), range: least...1,
      isLogarithmic: true)
    (panel.xRange, panel.yRange) = (ColourMap.range(p.x), ColourMap.range(p.y))
    let levels = limits.regions.map(\.level).sorted()
    for region in limits.regions {
      panel.curves.append(
        Curve(
          label: LimitsFigure.percent(region.level),
          style: region.level < (levels.last ?? 1) || levels.count == 1 ? .line : .dashed,
          pieces: q.contours(at: -region.threshold).map(Curve.Piece.init)))
    }
    let points: [(String, [Double], Curve.Style, Int)] = [
      ("best fit", limits.bestFit, .disc, 2), ("assumed truth", limits.thetaTrue, .cross, 2),
    ]
    for (label, theta, style, colour) in points {
      guard let at = LimitsFigure.coordinates(theta, limits, x, y) else { continue }
      panel.curves.append(
        Curve(
          label: label, style: style, colour: colour, pieces: [.init(x: [at.0], y: [at.1])]))
    }
    return Figure(title: LimitsFigure.title([entry]), panels: [panel])
  }

  private static func curves(_ entries: [Entry], parameter: String) -> Figure {
    let first = entries[0].limits
    var panel = Panel(
      xLabel: LimitsFigure.axis(first, parameter), yLabel: AxisLabel(name: "p-value"))
    for (e, entry) in entries.enumerated() {
      let x = entry.limits.axes[0].values
      let finite = x.indices.filter { entry.limits.p[$0].isFinite }
      panel.curves.append(
        Curve(
          label: entries.count == 1 ? "" : entry.label, colour: e + 1,
          pieces: [.init(x: finite.map { x[$0] }, y: finite.map { entry.limits.p[$0] })]))
    }
    let ends = [first.axes[0].lower, first.axes[0].upper]
    for region in first.regions {
      let p = 1 - region.level
      panel.curves.append(
        Curve(
          label: LimitsFigure.percent(region.level),
          style: region.level < 0.9 ? .dotted : .dashed, colour: 7,
          pieces: [.init(x: ends, y: [p, p])]))
    }
    (panel.xRange, panel.yRange) = (ends[0]...ends[1], 0...1.02)
    return Figure(title: LimitsFigure.title(entries), panels: [panel])
  }
}

extension ColourMap {
  /// From the outer side of the first cell to that of the last.
  static func range(_ centres: [Double]) -> ClosedRange<Double>? {
    guard centres.count > 1, let first = centres.first, let last = centres.last, first < last
    else { return nil }
    let half = (last - first) / Double(centres.count - 1) / 2
    return (first - half)...(last + half)
  }

  /// The ends of the finite values; of one value alone something around it.
  static func ends(_ values: [Double]) -> ClosedRange<Double> {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return 0...1 }
    return low < high
      ? low...high : (low - max(1e-9, abs(low) / 10))...(low + max(1e-9, abs(low) / 10))
  }
}

extension Curve.Piece {
  /// A contour, closed where it closes.
  init(_ line: GridFunction.Contour) {
    self.init(x: line.x, y: line.y)
    if line.isClosed { close() }
  }
}
