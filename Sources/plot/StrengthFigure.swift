import Diagnostics
import EventModel

/// CLs along one parameter: observed, and the bands of experiments without signal; of several scans over each other the
/// medians without bands.
struct StrengthFigure {
  static func isHeld(by d: Document) -> Bool { d.group("cls") != nil }

  /// One scan as it stands in a file.
  struct Scan {
    let label: String
    let axis: AxisLabel
    let level: Double
    let luminosity: Double?
    let isObserved: Bool
    /// Without signal, then the values that were scanned.
    let x: [Double]
    let observed: [Double]
    /// Of toys; 0 where CLs is asymptotic.
    let errors: [Double]
    private let expected: [Double]
    let limits: (observed: Double, expected: Double)

    init(_ label: String, _ d: Document) throws {
      guard isHeld(by: d) else {
        throw Problem(
          .data, "there is no scan of CLs", remedy: "draw results of one kind together")
      }
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
      (self.label, self.level, self.expected) = (label, level, expected)
      axis = AxisLabel(name: name, unit: d.text(root + "unit") ?? "")
      luminosity = d.real(root + "luminosity")
      isObserved = d.text(root + "data") == "observed"
      // Without signal CLs is 1.
      x = [d.real(root + "null") ?? 0] + values
      self.observed = [1] + observed
      let errors = d.reals(root + "observed_error") ?? []
      self.errors = errors.count == values.count ? [0] + errors : []
      let medians = d.reals(root + "expected_upper_limits") ?? []
      limits = (
        d.real(root + "upper_limit") ?? .nan, medians.count == 5 ? medians[2] : .nan
      )
    }

    /// The n-th of the five expected values: that of n − 2 standard deviations.
    func band(_ n: Int) -> [Double] { [1] + (1..<x.count).map { expected[5 * ($0 - 1) + n] } }

    func area(_ label: String, _ low: Int, _ high: Int, _ colour: Int, _ tint: Double) -> Curve {
      let (a, b) = (band(low), band(high))
      let known = x.indices.filter { a[$0].isFinite && b[$0].isFinite }
      return Curve(
        label: label, style: .area, colour: colour, tint: tint,
        pieces: [
          .init(x: known.map { x[$0] }, between: known.map { a[$0] }, and: known.map { b[$0] })
        ])
    }

    func line(_ label: String, _ y: [Double], _ style: Curve.Style, colour: Int = 0) -> Curve {
      let known = x.indices.filter { y[$0].isFinite }
      return Curve(
        label: label, style: style, colour: colour,
        pieces: [.init(x: known.map { x[$0] }, y: known.map { y[$0] })])
    }

    /// What was observed, with the errors of toys.
    func observedCurves(_ label: String, colour: Int = 0) -> [Curve] {
      guard isObserved else { return [] }
      let curve = line(label, observed, .line, colour: colour)
      guard errors.contains(where: { $0 > 0 }) else { return [curve] }
      return [
        curve,
        Curve(
          style: .bars, colour: colour, pieces: [.init(x: x, y: observed, error: errors)]),
      ]
    }
  }

  static func figure(_ scans: [Scan]) throws -> Figure {
    guard let first = scans.first else { return Figure() }
    for scan in scans where scan.axis.name != first.axis.name || scan.axis.unit != first.axis.unit {
      throw Problem(
        .data,
        "the scan is of \(describe(scan.axis)), that of \(first.label) of "
          + describe(first.axis),
        remedy: "draw scans of one parameter together", file: scan.label)
    }
    var panel = Panel(xLabel: first.axis, yLabel: AxisLabel(name: "CLs"))
    let ends = scans.flatMap(\.x)
    let (low, high) = (ends.min() ?? 0, ends.max() ?? 1)
    panel.curves = scans.count == 1 ? alone(first) : together(scans)
    let levels = scans.map(\.level)
    for (k, level) in levels.enumerated() where levels.firstIndex(of: level) == k {
      panel.curves.append(
        Curve(
          label: "\(LimitsFigure.percent(level)) limit", style: .dotted,
          colour: scans.count == 1 ? 2 : 7,
          pieces: [.init(x: [low, high], y: [1 - level, 1 - level])]))
    }
    (panel.xRange, panel.yRange) = (low...high, 0...1.02)
    return Figure(title: title(scans), panels: [panel])
  }

  private static func describe(_ axis: AxisLabel) -> String {
    axis.unit.isEmpty ? axis.name : "\(axis.name) in \(axis.unit)"
  }

  private static func alone(_ scan: Scan) -> [Curve] {
    [
      scan.area("expected ±2σ", 0, 4, 8, 0.8), scan.area("expected ±1σ", 1, 3, 3, 0.6),
      scan.line("expected median", scan.band(2), .dashed),
    ] + scan.observedCurves("observed")
  }

  /// A colour for each scan: solid what was observed, dashed the median. Bands would hide each other.
  private static func together(_ scans: [Scan]) -> [Curve] {
    var curves: [Curve] = []
    for (k, scan) in scans.enumerated() {
      let colour = 1 + k % 6
      curves.append(
        scan.line(scan.isObserved ? "" : scan.label, scan.band(2), .dashed, colour: colour))
      curves += scan.observedCurves(scan.label, colour: colour)
    }
    func key(_ label: String, _ style: Curve.Style) -> Curve {
      Curve(label: label, style: style, colour: 7, pieces: [.init(x: [.nan], y: [.nan])])
    }
    if scans.contains(where: \.isObserved) { curves.append(key("observed", .line)) }
    return curves + [key("expected median", .dashed)]
  }

  /// `observed limit 3.07 TeV^-2, expected limit 2.23 TeV^-2, 3/fb`; of several scans their luminosities alone.
  private static func title(_ scans: [Scan]) -> String {
    let luminosity = Text.luminosities(scans.compactMap(\.luminosity))
    var parts: [String] = []
    if scans.count == 1 {
      let unit = scans[0].axis.unit.isEmpty ? "" : " " + scans[0].axis.unit
      let limits = scans[0].limits
      if limits.observed.isFinite {
        parts.append("observed limit \(Text.significant(limits.observed))\(unit)")
      }
      if limits.expected.isFinite {
        parts.append("expected limit \(Text.significant(limits.expected))\(unit)")
      }
    }
    return (parts + (luminosity.isEmpty ? [] : [luminosity])).joined(separator: ", ")
  }
}
