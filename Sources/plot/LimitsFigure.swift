import Diagnostics
import EventModel

/// Contours of equal confidence in two parameters, or the likelihood along one; several results over each other.
struct LimitsFigure {
  /// A result and what the legend calls it.
  typealias Entry = (label: String, limits: Limits)

  /// - Parameter areOfToys: whether q stands for p-values of toys: it is what has the same one by χ².
  static func figure(_ entries: [Entry], areOfToys: Bool) throws -> Figure {
    let names = try sharedAxes(entries)
    switch names.count {
    case 1: return curves(entries, parameter: names[0], areOfToys: areOfToys)
    case 2: return try contours(entries, x: names[0], y: names[1])
    default:
      throw Problem(
        .data, "limits on \(names.count) grid axes cannot be drawn in a plane",
        remedy: "make limits with one or two --grid axes; the others are profiled",
        file: entries[0].label)
    }
  }

  /// The parameters of the grid, which must be the same of all.
  static func sharedAxes(_ entries: [Entry]) throws -> [String] {
    guard let first = entries.first?.limits else { return [] }
    let names = first.axes.map(\.parameter)
    for entry in entries where Set(entry.limits.axes.map(\.parameter)) != Set(names) {
      throw Problem(
        .data, "the limits are on different parameters",
        remedy: "draw files with the same grid axes together", file: entry.label)
    }
    return names
  }

  /// `cHW [TeV^-2]`.
  static func axis(_ limits: Limits, _ name: String) -> AxisLabel {
    let p = limits.parameterNames.firstIndex(of: name)
    return AxisLabel(name: name, unit: p.map { limits.parameterUnits[$0] } ?? "")
  }

  /// `expected, 3/fb`; `expected, 3/fb, 300/fb` of two results; `expected, 2 channels`.
  static func title(_ entries: [Entry]) -> String {
    let kinds = Set(entries.map { $0.limits.isExpected ? "expected" : "observed" }).sorted()
    var parts = [kinds.joined(separator: " and ")]
    let counts = entries.map { channels(of: $0.limits) }
    if entries.count == 1, counts[0] > 1 { parts.append("\(counts[0]) channels") }
    let luminosities = Text.luminosities(
      zip(entries, counts).map { $1 > 1 ? .nan : $0.limits.luminosity })
    if !luminosities.isEmpty { parts.append(luminosities) }
    return parts.joined(separator: ", ")
  }

  /// The measurements that a result joins. Its luminosity is that of none of them where 'limits combine' made it: their sum.
  private static func channels(of limits: Limits) -> Int {
    limits.notes.count { $0.hasPrefix("channel: ") }
  }

  /// A confidence level exactly as given: 0.6827 is `68.27 %`.
  static func percent(_ level: Double) -> String {
    Text.short(100 * level) + " %"
  }

  // MARK: Two parameters

  private static func contours(_ entries: [Entry], x: String, y: String) throws -> Figure {
    let levels = Array(Set(entries.flatMap { $0.limits.regions.map(\.level) })).sorted()
    let first = entries[0].limits
    var panel = Panel(xLabel: axis(first, x), yLabel: axis(first, y))
    let isAlone = entries.count == 1
    var box = Box()
    var hasFits = false
    for (e, entry) in entries.enumerated() {
      let grid = try gridFunction(entry, x: x, y: y)
      for region in entry.limits.regions {
        let isInner = region.level < (levels.last ?? 1) || levels.count == 1
        let lines = grid.contours(at: -region.threshold)
        let label =
          isAlone ? percent(region.level) : (region.level == levels.first ? entry.label : "")
        panel.curves.append(
          Curve(
            label: label, style: isInner ? .line : .dashed, colour: e + 1,
            pieces: lines.map { line in
              let ends = line.isClosed ? 1 : 0
              return .init(x: line.x + line.x.prefix(ends), y: line.y + line.y.prefix(ends))
            }))
        for line in lines { box.include(line.x, line.y) }
      }
      if let fit = coordinates(entry.limits.bestFit, entry.limits, x, y) {
        panel.curves.append(
          Curve(
            label: isAlone ? "best fit" : "", style: .disc, colour: e + 1,
            pieces: [.init(x: [fit.0], y: [fit.1])]))
        box.include([fit.0], [fit.1])
        hasFits = true
      }
    }
    if hasFits, !isAlone {
      panel.curves.append(
        Curve(
          label: "best fits", style: .disc, colour: 7, pieces: [.init(x: [.nan], y: [.nan])]))
    }
    if let truth = coordinates(first.thetaTrue, first, x, y) {
      panel.curves.append(
        Curve(
          label: "assumed truth", style: .cross, colour: 0,
          pieces: [.init(x: [truth.0], y: [truth.1])]))
      box.include([truth.0], [truth.1])
    }
    if !isAlone {
      for level in levels {
        panel.curves.append(
          Curve(
            label: percent(level), style: level < (levels.last ?? 1) ? .line : .dashed, colour: 7,
            pieces: [.init(x: [.nan], y: [.nan])]))
      }
    }
    (panel.xRange, panel.yRange) = (box.x, box.y)
    return Figure(title: title(entries), panels: [panel])
  }

  /// −q on the grid, so that a region is where the function is above −threshold.
  static func gridFunction(_ entry: Entry, x: String, y: String) throws -> GridFunction {
    // Below the minimum of the fit by rounding only.
    try onGrid(entry, x: x, entry.limits.q.map { $0.isNaN ? .nan : -max(0, $0) })
  }

  /// Values of the points of the grid as a function of two parameters, `x` the first.
  static func onGrid(_ entry: Entry, x: String, _ values: [Double]) throws -> GridFunction {
    let axes = entry.limits.axes
    let isSwapped = axes[0].parameter != x
    let (a, b) = (axes[0].values, axes[1].values)
    guard values.count == a.count * b.count else {
      throw Problem(
        .data, "the limits do not fill their grid",
        remedy: "put the shards together: events merge", file: entry.label)
    }
    guard isSwapped else { return GridFunction(x: a, y: b, values: values) }
    let turned = b.indices.flatMap { j in a.indices.map { i in values[i * b.count + j] } }
    return GridFunction(x: b, y: a, values: turned)
  }

  static func coordinates(
    _ theta: [Double], _ limits: Limits, _ x: String, _ y: String
  ) -> (Double, Double)? {
    guard let p = limits.parameterNames.firstIndex(of: x),
      let r = limits.parameterNames.firstIndex(of: y), theta.count == limits.parameterCount,
      theta[p].isFinite, theta[r].isFinite
    else { return nil }
    return (theta[p], theta[r])
  }

  // MARK: One parameter

  private static func curves(
    _ entries: [Entry], parameter: String, areOfToys: Bool
  ) -> Figure {
    let first = entries[0].limits
    let q = areOfToys ? "χ² with the p-value of the toys" : "q = −2 Δ log L"
    var panel = Panel(xLabel: axis(first, parameter), yLabel: AxisLabel(name: q))
    let isAlone = entries.count == 1
    let top = 1.6 * (first.regions.map(\.threshold).max() ?? 4)
    for (e, entry) in entries.enumerated() {
      let x = entry.limits.axes[0].values
      let finite = x.indices.filter { entry.limits.q[$0].isFinite }
      panel.curves.append(
        Curve(
          label: isAlone ? "" : entry.label, colour: e + 1,
          pieces: [.init(x: finite.map { x[$0] }, y: finite.map { max(0, entry.limits.q[$0]) })]))
    }
    let ends = [first.axes[0].lower, first.axes[0].upper]
    for region in first.regions {
      panel.curves.append(
        Curve(
          label: percent(region.level), style: region.level < 0.9 ? .dotted : .dashed, colour: 7,
          pieces: [.init(x: ends, y: [region.threshold, region.threshold])]))
    }
    (panel.xRange, panel.yRange) = (ends[0]...ends[1], 0...top)
    return Figure(title: title(entries), panels: [panel])
  }
}

/// The smallest box around what is drawn, with a margin.
struct Box {
  private var low = [Double.infinity, Double.infinity]
  private var high = [-Double.infinity, -Double.infinity]

  mutating func include(_ x: [Double], _ y: [Double]) {
    for (k, values) in [x, y].enumerated() {
      for v in values where v.isFinite {
        low[k] = min(low[k], v)
        high[k] = max(high[k], v)
      }
    }
  }
  var x: ClosedRange<Double>? { range(0) }
  var y: ClosedRange<Double>? { range(1) }

  private func range(_ k: Int) -> ClosedRange<Double>? {
    let width = high[k] - low[k]
    guard width.isFinite, width > 0 else { return nil }
    return (low[k] - 0.08 * width)...(high[k] + 0.08 * width)
  }
}
