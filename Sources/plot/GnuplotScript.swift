/// What gnuplot is told for a figure.
struct GnuplotScript {
  /// The picture formats, by suffix of the output.
  enum Picture: String, CaseIterable {
    case svg, pdf, png
  }

  var text: String

  init(_ figure: Figure, picture: Picture) {
    var lines = ["set encoding utf8", Self.terminal(picture)]
    for (p, panel) in figure.panels.enumerated() {
      for (c, curve) in panel.curves.enumerated() {
        lines += Self.block("$d\(p)_\(c)", curve, isLogarithmic: panel.isLogarithmic)
      }
    }
    lines += [
      "set clip one", "set clip two", "set tics nomirror out", "set border 3 lw 1",
      // Beside what is drawn, except where two panels leave no room.
      figure.panels.count > 1
        ? "set key top right noopaque noautotitle spacing 1.1 samplen 2.5 width 1"
        : "set key tmargin center horizontal noautotitle samplen 2 width -1 height 0.4",
      "set grid back lc rgb '#e4e4e4' lw 0.7 lt 1",
      "set style data lines",
    ]
    let isSplit = figure.panels.count > 1
    if isSplit { lines.append("set multiplot") }
    var top = 0.95
    let bottom = 0.13
    for (p, panel) in figure.panels.enumerated() {
      let isLast = p == figure.panels.count - 1
      let low = max(bottom, top - panel.height * (0.95 - bottom))
      if isSplit {
        // Room for labels such as 0.00035 beside the name of the axis.
        lines += ["set lmargin at screen 0.19", "set rmargin at screen 0.96"]
        lines.append("set tmargin at screen \(top)")
        lines.append("set bmargin at screen \(isLast ? bottom : low)")
      }
      if p == 0, !figure.title.isEmpty {
        lines.append("set title \(Self.quoted(Self.escaped(figure.title)))")
      }
      lines += Self.axes(panel, showsX: isLast)
      lines.append(Self.plot(panel, index: p))
      lines.append("unset title")
      top = low - 0.035
    }
    if isSplit { lines.append("unset multiplot") }
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func terminal(_ picture: Picture) -> String {
    switch picture {
    case .svg:
      "set terminal svg size 720,540 enhanced font 'Helvetica,Arial,sans-serif,15' background rgb 'white'"
    case .pdf: "set terminal pdfcairo size 16cm,12cm enhanced font 'Helvetica,11' lw 1.4"
    case .png:
      "set terminal pngcairo size 1200,900 enhanced font 'Helvetica,20' lw 2 pointscale 1.6"
    }
  }

  private static func axes(_ panel: Panel, showsX: Bool) -> [String] {
    var lines = [
      showsX ? "set xlabel \(quoted(label(panel.xLabel)))" : "unset xlabel",
      showsX ? "set format x '%h'" : "set format x ''",
      "set ylabel \(quoted(label(panel.yLabel)))",
      panel.isLogarithmic ? "set logscale y" : "unset logscale y",
      panel.isLogarithmic ? "set format y '10^{%L}'" : "set format y '%h'",
    ]
    // A low panel has room for few marks.
    if panel.height < 0.5, let range = panel.yRange {
      lines.append("set ytics \(Scale.step(range.upperBound - range.lowerBound, marks: 4))")
    }
    for (axis, range) in [("x", panel.xRange), ("y", panel.yRange)] {
      lines.append(
        range.map { "set \(axis)range [\($0.lowerBound):\($0.upperBound)]" }
          ?? "set autoscale \(axis)")
    }
    return lines
  }

  private static func block(
    _ name: String, _ curve: Curve, isLogarithmic: Bool
  ) -> [String] {
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
    return lines + ["EOD"]
  }

  private static func plot(_ panel: Panel, index: Int) -> String {
    let parts = panel.curves.enumerated().map { c, curve -> String in
      let colour = "lc rgb '\(palette[curve.colour % palette.count])'"
      let style: String
      switch curve.style {
      case .line: style = "with lines lw 2 dt 1 \(colour)"
      case .dashed: style = "with lines lw 2 dt (9,5) \(colour)"
      case .dotted: style = "with lines lw 1.5 dt (2,4) \(colour)"
      case .cross: style = "with points pt 1 ps 1.2 lw 2 \(colour)"
      case .disc: style = "with points pt 7 ps 0.7 \(colour)"
      case .bars: style = "with lines lw 1.2 dt 1 \(colour)"
      }
      let title = curve.label.isEmpty ? "notitle" : "title \(quoted(escaped(curve.label)))"
      return "$d\(index)_\(c) \(style) \(title)"
    }
    return "plot " + parts.joined(separator: ", \\\n  ")
  }

  /// Okabe and Ito's colours.
  private static let palette = [
    "#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a",
  ]

  private static func label(_ label: AxisLabel) -> String {
    guard !label.unit.isEmpty else { return escaped(label.name) }
    return escaped(label.name) + " [" + unit(label.unit) + "]"
  }

  /// `TeV^-2` with its exponent raised.
  static func unit(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let caret = rest.firstIndex(of: "^") {
      result += escaped(String(rest[..<caret]))
      rest = rest[rest.index(after: caret)...]
      let exponent = rest.prefix { $0 == "-" || $0 == "+" || $0.isNumber }
      rest = rest.dropFirst(exponent.count)
      result += exponent.isEmpty ? "\\^" : "^{\(exponent)}"
    }
    return result + escaped(String(rest))
  }

  /// Text that gnuplot's enhanced mode takes literally.
  static func escaped(_ text: String) -> String {
    var result = ""
    for c in text where !c.isNewline {
      if "_^{}@&~\\".contains(c) { result += "\\" }
      result.append(c)
    }
    return result
  }

  /// A single-quoted string, in which only the quote itself is special.
  static func quoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
  }
}
