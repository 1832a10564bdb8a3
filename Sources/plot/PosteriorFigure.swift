import Diagnostics
import EventModel

/// Highest-density regions of a posterior: of one parameter its density, of several all pairs in a triangle.
struct PosteriorFigure {
  /// More parameters cannot be read.
  private static let most = 8
  /// So many beside each other are read at the usual size.
  private static let usual = 4

  static func figure(_ label: String, _ d: Document, parameters: [String]) throws -> Figure {
    let posterior = try Posterior(label, d)
    for name in parameters where !posterior.parameters.contains(name) {
      throw Problem(
        .usage, "there is no parameter '\(name)' in the posterior",
        remedy: "there are " + posterior.parameters.joined(separator: ", "))
    }
    let shown =
      parameters.isEmpty
      ? Array(posterior.parameters.indices)
      : parameters.compactMap { posterior.parameters.firstIndex(of: $0) }
    guard shown.count <= most else {
      throw Problem(
        .usage, "\(shown.count) parameters are too many for one drawing",
        remedy: "name up to \(most) with --parameters")
    }
    var title = ["posterior, \(d.text("posterior/data") ?? "expected")"]
    if let luminosity = d.real("posterior/luminosity") {
      title.append(Luminosity(inversePicobarn: luminosity).description)
    }
    var figure = Figure(title: title.joined(separator: ", "))
    guard shown.count > 1 else {
      figure.panels = [density(posterior, shown[0])]
      figure.panels[0].yLabel = AxisLabel(name: "posterior density / maximum")
      return figure
    }
    figure.panels = triangle(posterior, shown)
    figure.scale = max(1, Double(shown.count) / Double(usual))
    let top = FigureLayout.top(figure)
    for p in figure.panels.indices {
      figure.panels[p].frame = frame(p, shown.count, top, figure.scale)
    }
    return figure
  }

  private static func axis(_ posterior: Posterior, _ k: Int) -> AxisLabel {
    AxisLabel(name: posterior.parameters[k], unit: posterior.units[k])
  }

  // MARK: One parameter

  private static func density(_ posterior: Posterior, _ k: Int) -> Panel {
    let (x, y) = posterior.marginal(k)
    var panel = Panel(
      xLabel: axis(posterior, k), yLabel: AxisLabel(name: ""), xRange: x[0]...x[x.count - 1],
      yRange: 0...1.08)
    for (l, level) in posterior.levels.sorted(by: >).enumerated() {
      panel.curves.append(
        Curve(
          label: LimitsFigure.percent(level), style: .area, colour: 1,
          tint: 0.22 + 0.3 * Double(l),
          pieces: above(Posterior.border(y, level: level), x, y)))
    }
    panel.curves.append(Curve(colour: 1, pieces: [.init(x: x, y: y)]))
    if let truth = posterior.truth {
      panel.curves.append(
        Curve(
          label: "assumed truth", style: .dashed,
          pieces: [.init(x: [truth[k], truth[k]], y: [0, 1.08])]))
    }
    return panel
  }

  /// The area below a curve where it is at or above a border.
  private static func above(_ border: Double, _ x: [Double], _ y: [Double]) -> [Curve.Piece] {
    var pieces: [Curve.Piece] = []
    var (px, py): ([Double], [Double]) = ([], [])
    func end() {
      if px.count > 1 { pieces.append(.init(x: px, between: px.map { _ in 0 }, and: py)) }
      (px, py) = ([], [])
    }
    for i in x.indices {
      if i > 0, (y[i - 1] >= border) != (y[i] >= border) {
        let t = (border - y[i - 1]) / (y[i] - y[i - 1])
        px.append(x[i - 1] + t * (x[i] - x[i - 1]))
        py.append(border)
        if y[i] < border { end() }
      }
      if y[i] >= border {
        px.append(x[i])
        py.append(y[i])
      }
    }
    end()
    return pieces
  }

  // MARK: Several parameters

  private static func triangle(_ posterior: Posterior, _ shown: [Int]) -> [Panel] {
    var panels: [Panel] = []
    for (row, l) in shown.enumerated() {
      for (column, k) in shown[...row].enumerated() {
        var panel =
          row == column ? density(posterior, k) : plane(posterior, k, l)
        panel.height = 0.4
        panel.hidesX = row < shown.count - 1
        panel.hidesY = column > 0 || row == 0
        if row == column {
          panel.yLabel = AxisLabel(name: "")
          panel.hidesY = true
        }
        panels.append(panel)
      }
    }
    // The key is that of a plane; the others are alike.
    for p in panels.indices where p != 1 {
      for c in panels[p].curves.indices { panels[p].curves[c].label = "" }
    }
    return panels
  }

  private static func plane(_ posterior: Posterior, _ k: Int, _ l: Int) -> Panel {
    let function = posterior.marginal(k, l)
    var panel = Panel(
      xLabel: axis(posterior, k), yLabel: axis(posterior, l),
      xRange: function.x[0]...function.x[function.x.count - 1],
      yRange: function.y[0]...function.y[function.y.count - 1])
    let levels = posterior.levels.sorted()
    for level in levels {
      let border = Posterior.border(function.values, level: level)
      panel.curves.append(
        Curve(
          label: LimitsFigure.percent(level),
          style: level < (levels.last ?? 1) || levels.count == 1 ? .line : .dashed, colour: 1,
          pieces: function.contours(at: border).map(Curve.Piece.init)))
    }
    panel.curves.append(
      Curve(
        label: "best point", style: .disc, colour: 2,
        pieces: [.init(x: [posterior.best[k]], y: [posterior.best[l]])]))
    if let truth = posterior.truth {
      panel.curves.append(
        Curve(label: "assumed truth", style: .cross, pieces: [.init(x: [truth[k]], y: [truth[l]])]))
    }
    return panel
  }

  /// Row by row, from the top.
  private static func frame(
    _ panel: Int, _ count: Int, _ top: Double, _ scale: Double
  ) -> Panel.Frame {
    var row = 0
    while (row + 1) * (row + 2) / 2 <= panel { row += 1 }
    let column = panel - row * (row + 1) / 2
    // Room for numbers and for names in two lines with their units.
    let (left, right, bottom, gap) = (0.19 / scale, 0.97, 0.155 / scale, 0.02)
    let width = (right - left + gap) / Double(count)
    let height = (top - bottom + gap) / Double(count)
    let x = left + Double(column) * width
    let y = top - Double(row) * height
    return .init(left: x, right: x + width - gap, bottom: y - height + gap, top: y)
  }
}
