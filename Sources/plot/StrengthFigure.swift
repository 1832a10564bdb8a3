import Diagnostics
import EventModel

/// CLs along one parameter: observed, and the bands of experiments without signal.
struct StrengthFigure {
  static func isHeld(by d: Document) -> Bool { d.group("cls") != nil }

  static func figure(_ label: String, _ d: Document) throws -> Figure {
    let root = "cls/"
    guard let values = d.reals(root + "values"), !values.isEmpty,
      let expected = d.reals(root + "expected"), expected.count == 5 * values.count,
      let observed = d.reals(root + "observed"), observed.count == values.count,
      let level = d.real(root + "level"), let name = d.text(root + "parameter")
    else {
      throw Problem(
        .data, "the scan of CLs is not whole", remedy: "make it again with limits cls",
        place: "group cls")
    }
    var panel = Panel(
      xLabel: AxisLabel(name: name, unit: d.text(root + "unit") ?? ""),
      yLabel: AxisLabel(name: "CLs"))
    // Without signal CLs is 1.
    let null = d.real(root + "null") ?? 0
    let x = [null] + values
    func band(_ n: Int) -> [Double] { [1] + values.indices.map { expected[5 * $0 + n] } }
    func area(_ label: String, _ low: Int, _ high: Int, _ colour: Int, _ tint: Double) -> Curve {
      let (a, b) = (band(low), band(high))
      let known = x.indices.filter { a[$0].isFinite && b[$0].isFinite }
      return Curve(
        label: label, style: .area, colour: colour, tint: tint,
        pieces: [
          .init(x: known.map { x[$0] }, between: known.map { a[$0] }, and: known.map { b[$0] })
        ])
    }
    func line(_ label: String, _ y: [Double], _ style: Curve.Style) -> Curve {
      let known = x.indices.filter { y[$0].isFinite }
      return Curve(
        label: label, style: style,
        pieces: [.init(x: known.map { x[$0] }, y: known.map { y[$0] })])
    }
    panel.curves = [
      area("expected ±2σ", 0, 4, 8, 0.8), area("expected ±1σ", 1, 3, 3, 0.6),
      line("expected median", band(2), .dashed),
    ]
    if d.text(root + "data") == "observed" {
      panel.curves.append(line("observed", [1] + observed, .line))
      let errors = d.reals(root + "observed_error") ?? []
      if errors.count == values.count, errors.contains(where: { $0 > 0 }) {
        panel.curves.append(
          Curve(style: .bars, pieces: [.init(x: values, y: observed, error: errors)]))
      }
    }
    let (low, high) = (x.min() ?? 0, x.max() ?? 1)
    panel.curves.append(
      Curve(
        label: "\(LimitsFigure.percent(level)) limit", style: .dotted, colour: 2,
        pieces: [.init(x: [low, high], y: [1 - level, 1 - level])]))
    (panel.xRange, panel.yRange) = (low...high, 0...1.02)
    return Figure(title: title(d), panels: [panel])
  }

  /// `observed limit 3.07 TeV^-2, expected limit 2.23 TeV^-2, 3/fb`.
  private static func title(_ d: Document) -> String {
    var parts: [String] = []
    let unit = d.text("cls/unit").map { $0.isEmpty ? "" : " " + $0 } ?? ""
    let limit = d.real("cls/upper_limit") ?? .nan
    let expected = d.reals("cls/expected_upper_limits") ?? []
    let median = expected.count == 5 ? expected[2] : .nan
    if limit.isFinite { parts.append("observed limit \(Text.significant(limit))\(unit)") }
    if median.isFinite { parts.append("expected limit \(Text.significant(median))\(unit)") }
    if let luminosity = d.real("cls/luminosity") {
      parts.append(Luminosity(inversePicobarn: luminosity).description)
    }
    return parts.joined(separator: ", ")
  }
}
