/// What gnuplot is told for a figure.
struct GnuplotScript {
  /// The picture formats, by suffix of the output.
  enum Picture: String, CaseIterable {
    case svg, pdf, png
  }

  var text: String

  init(_ figure: Figure, picture: Picture) {
    let layout = FigureLayout(figure)
    var lines = ["set encoding utf8", Self.terminal(picture, isTall: layout.isTall, figure.scale)]
    for (p, panel) in figure.panels.enumerated() {
      if let map = panel.map { lines += GnuplotData.block("$m\(p)", map) }
      for (c, curve) in panel.curves.enumerated() {
        lines += GnuplotData.block("$d\(p)_\(c)", curve, isLogarithmic: panel.isLogarithmic)
      }
    }
    lines += [
      "set clip one", "set clip two", "set tics nomirror out", "set border 3 lw 1",
      FigureLayout.key, Self.grid, "set style data lines",
    ]
    if layout.isSplit { lines += ["set multiplot"] + Self.key(figure, layout) }
    for (p, panel) in figure.panels.enumerated() {
      lines += layout.margins(of: p)
      if p == 0, !figure.title.isEmpty {
        let title = Self.quoted(Self.unit(figure.title))
        // Beside a key that stands at a fixed height a title of gnuplot's own would collide.
        lines.append(
          layout.isSplit
            ? "set label 1 \(title) at screen 0.5,0.975 center" : "set title \(title)")
      }
      lines += Self.axes(panel, hidesX: layout.hidesX(p), letters: layout.letters(along: p))
      lines.append(Self.plot(panel, index: p, picture: picture))
      lines += ["unset title", "unset label 1"]
    }
    if layout.isSplit { lines.append("unset multiplot") }
    text = lines.joined(separator: "\n") + "\n"
  }

  private static let grid = "set grid back lc rgb '#e4e4e4' lw 0.7 lt 1"

  /// The key of several panels, alone on its part of the figure.
  private static func key(_ figure: Figure, _ layout: FigureLayout) -> [String] {
    let entries = FigureLayout.entries(figure)
    guard !entries.isEmpty else { return ["unset key"] }
    let parts = entries.map { "$none \(style($0)) title \(quoted(escaped($0.label)))" }
    return ["$none << EOD", "NaN NaN", "EOD"] + layout.keyMargins + [
      "unset border", "unset grid", "set tics scale 0", "set format x ''", "set format y ''",
      "set xrange [0:1]", "set yrange [0:1]",
      "set key inside center center horizontal noautotitle samplen 2 width 1 height 0.2",
      "plot " + parts.joined(separator: ", \\\n  "), "set border 3 lw 1", grid,
      "set tics scale 1", "unset key",
    ]
  }

  private static func terminal(_ picture: Picture, isTall: Bool, _ scale: Double) -> String {
    func size(_ width: Double, _ unit: String = "") -> String {
      [width, isTall ? width : 0.75 * width].map { "\(Int((scale * $0).rounded()))\(unit)" }
        .joined(separator: ",")
    }
    switch picture {
    case .svg:
      return "set terminal svg size \(size(720)) enhanced "
        + "font 'Helvetica,Arial,sans-serif,15' background rgb 'white'"
    case .pdf:
      return "set terminal pdfcairo size \(size(16, "cm")) enhanced font 'Helvetica,11' lw 1.4"
    case .png:
      return "set terminal pngcairo size \(size(1200)) enhanced font 'Helvetica,20' lw 2 "
        + "pointscale 1.6"
    }
  }

  private static func axes(
    _ panel: Panel, hidesX: Bool, letters: (x: Double, y: Double)?
  ) -> [String] {
    var lines = [
      hidesX ? "unset xlabel" : "set xlabel \(label(panel.xLabel, within: letters?.x))",
      hidesX ? "set format x ''" : "set format x '\(Scale.format(panel.xRange))'",
      panel.hidesY || panel.yLabel.name.isEmpty
        ? "unset ylabel" : "set ylabel \(label(panel.yLabel, within: letters?.y, isUpright: true))",
      panel.isLogarithmic ? "set logscale y" : "unset logscale y",
      panel.hidesY
        ? "set format y ''"
        : panel.isLogarithmic
          ? "set format y '10^{%L}'" : "set format y '\(Scale.format(panel.yRange))'",
    ]
    if !panel.yMarks.isEmpty {
      let marks = panel.yMarks.map { "\(quoted(panel.hidesY ? "" : escaped($0.text))) \($0.at)" }
      lines.append("set ytics (" + marks.joined(separator: ", ") + ")")
    } else if panel.height < 0.5, !panel.isLogarithmic, let range = panel.yRange {
      // A low panel has room for few marks.
      lines.append("set ytics \(Scale.step(range.upperBound - range.lowerBound, marks: 4))")
    } else {
      lines.append("set ytics autofreq")
    }
    if !panel.xMarks.isEmpty {
      // Names that would run into one another are broken where they have a dash below.
      let longest = panel.xMarks.map(\.text.count).max() ?? 0
      let isBroken = longest * panel.xMarks.count > 60
      let marks = panel.xMarks.map { mark in
        let text = hidesX ? "" : mark.text
        return "\(isBroken ? broken(text) : quoted(escaped(text))) \(mark.at)"
      }
      lines.append("set xtics (" + marks.joined(separator: ", ") + ")")
      if !hidesX { lines.append("unset xlabel") }
    } else if let marks = Self.xMarks(panel, letters?.x), let range = panel.xRange {
      lines.append("set xtics \(Scale.step(range.upperBound - range.lowerBound, marks: marks))")
    } else {
      lines.append("set xtics autofreq")
    }
    for (axis, range) in [("x", panel.xRange), ("y", panel.yRange)] {
      lines.append(
        range.map { "set \(axis)range [\($0.lowerBound):\($0.upperBound)]" }
          ?? "set autoscale \(axis)")
    }
    if let map = panel.map { lines += colours(map) }
    return lines
  }

  /// How many numbers fit on an axis that is short, or whose numbers are long; nil leaves it to gnuplot.
  private static func xMarks(_ panel: Panel, _ letters: Double?) -> Int? {
    if let letters, let range = panel.xRange, letters < 40 {
      return (2...4).last { Scale.letters(range, marks: $0) <= letters } ?? 1
    }
    if Scale.digits(panel.xRange) ?? 0 > 6 { return 4 }
    return panel.frame.map { $0.right - $0.left < 0.5 } ?? false ? 4 : nil
  }

  /// From white to a blue on which black lines are still seen.
  private static func colours(_ map: ColourMap) -> [String] {
    [
      "set palette defined (0 '#ffffff', 0.25 '#d6e6f4', 0.5 '#abd0e6', 0.75 '#6aaed6', 1 '#3787c0')",
      "set cblabel \(quoted(label(map.label))) offset 0.5,0",
      map.isLogarithmic ? "set logscale cb" : "unset logscale cb",
      map.isLogarithmic ? "set format cb '10^{%L}'" : "set format cb '%h'",
      "set cbrange [\(map.range.lowerBound):\(map.range.upperBound)]",
    ]
  }

  private static func plot(_ panel: Panel, index: Int, picture: Picture) -> String {
    var parts: [String] = []
    if panel.map != nil {
      // Only rectangles stay inside an SVG file; images have no seams in the others.
      parts.append(
        "$m\(index) using 1:2:3 with image\(picture == .svg ? " pixels" : "") notitle")
    }
    let order = panel.curves.indices.sorted {
      (panel.curves[$0].style == .area ? 0 : 1, $0) < (panel.curves[$1].style == .area ? 0 : 1, $1)
    }
    for c in order {
      let curve = panel.curves[c]
      let title = curve.label.isEmpty ? "notitle" : "title \(quoted(escaped(curve.label)))"
      parts.append("$d\(index)_\(c) \(style(curve)) \(title)")
    }
    return "plot " + parts.joined(separator: ", \\\n  ")
  }

  private static func style(_ curve: Curve) -> String {
    let colour = "lc rgb '\(palette[curve.colour % palette.count])'"
    switch curve.style {
    case .line: return "with lines lw 2 dt 1 \(colour)"
    case .dashed: return "with lines lw 2 dt (9,5) \(colour)"
    case .dotted: return "with lines lw 1.5 dt (2,4) \(colour)"
    case .cross: return "with points pt 1 ps 1.2 lw 2 \(colour)"
    case .disc: return "with points pt 7 ps 0.7 \(colour)"
    case .circle: return "with points pt 6 ps 0.8 lw 1.5 \(colour)"
    case .bars: return "with lines lw 1.2 dt 1 \(colour)"
    case .area: return "with filledcurves closed fs solid \(curve.tint) noborder \(colour)"
    }
  }

  /// Okabe and Ito's colours; grey before their yellow, which is for areas only.
  private static let palette = [
    "#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a",
    "#f0e442",
  ]

  /// A label as long as its axis at most: the name in two lines, broken where it has a dash below, with the unit below them,
  /// in smaller letters where that is not enough.
  private static func label(
    _ label: AxisLabel, within letters: Double?, isUpright: Bool = false
  ) -> String {
    let unit = label.unit.isEmpty ? "" : "[" + Self.unit(label.unit) + "]"
    let width = label.unit.isEmpty ? 0 : label.unit.count + 3
    guard let letters, Double(label.name.count + width) > letters else {
      return quoted(Self.label(label))
    }
    let sizes = [1, 0.9, 0.8, 0.7, 0.6]
    let size = sizes.first { lines(label.name, letters: Int(letters / $0)).count < 3 } ?? 0.6
    let names = lines(label.name, letters: Int(letters / size))
    let longest = Double(max(names.map(\.count).max() ?? 0, width))
    let fitting = max(0.4, min(size, letters / longest))
    let texts = (names.map(escaped) + (unit.isEmpty ? [] : [unit])).map {
      fitting < 1 ? "{/*\((100 * fitting).rounded() / 100) \($0)}" : $0
    }
    // Gnuplot has one line in mind when it stands the label beside the numbers.
    let offset = isUpright ? " offset \(-0.6 * Double(texts.count - 1)),0" : ""
    return doublyQuoted(texts) + offset
  }

  /// A name in lines that end where it has a dash below, as few as fit.
  static func lines(_ name: String, letters: Int) -> [String] {
    var result = [""]
    var rest = name[...]
    while !rest.isEmpty {
      let dash = rest.firstIndex(of: "_").map { rest.index(after: $0) } ?? rest.endIndex
      let part = rest[..<dash]
      rest = rest[dash...]
      let last = result.count - 1
      if result[last].isEmpty || result[last].count + part.count <= letters {
        result[last] += part
      } else {
        result.append(String(part))
      }
    }
    return result
  }

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

  /// A name of several words in as many lines: a double-quoted string, in which a backslash is special too.
  static func broken(_ text: String) -> String {
    doublyQuoted(
      text.split(separator: "_", omittingEmptySubsequences: false).map { escaped(String($0)) })
  }

  private static func doublyQuoted(_ lines: [String]) -> String {
    let lines = lines.map { line in
      line.map { $0 == "\\" || $0 == "\"" ? "\\" + String($0) : String($0) }.joined()
    }
    return "\"" + lines.joined(separator: "\\n") + "\""
  }

  /// A single-quoted string, in which only the quote itself is special.
  static func quoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
  }
}
