import Diagnostics
import EventModel

/// How often regions held the true point, with the interval of the fraction: of a few points as rows, along a parameter as
/// a curve.
struct CoverageFigure {
  static func figure(_ study: CoverageResult) -> Figure {
    let experiments = study.experiments.map { "\($0) experiments a point" }
    let luminosity = study.luminosity.map { Luminosity(inversePicobarn: $0).description }
    let title = [study.mode, luminosity, experiments].compactMap { $0 }
    let panel = study.varying.map { curves(study, along: $0) } ?? rows(study)
    return Figure(title: title.joined(separator: ", "), panels: [panel])
  }

  private static func rows(_ study: CoverageResult) -> Panel {
    let count = study.points.count
    var panel = Panel(xLabel: AxisLabel(name: "coverage"), yLabel: AxisLabel(name: ""))
    panel.yRange = 0.4...Double(count) + 0.6
    panel.yMarks = study.points.indices.map { .init(at: Double(count - $0), text: study.name($0)) }
    for level in study.levels {
      panel.curves.append(
        Curve(style: .dotted, pieces: [.init(x: [level, level], y: [0, Double(count) + 1])]))
    }
    for (m, method) in study.methods.enumerated() {
      var discs = Curve.Piece(x: [], y: [])
      var bars = Curve(colour: m + 1)
      for i in study.points.indices {
        let y = Double(count - i) + 0.12 * (Double(study.methods.count - 1) / 2 - Double(m)) * 2
        for l in study.levels.indices {
          let k = study.index(i, l, m)
          discs.x.append(study.fraction[k])
          discs.y.append(y)
          bars.pieces.append(.init(x: [study.lower[k], study.upper[k]], y: [y, y]))
        }
      }
      panel.curves += [
        bars,
        Curve(label: method, style: m == 0 ? .circle : .disc, colour: m + 1, pieces: [discs]),
      ]
    }
    panel.curves.append(nominal)
    panel.xRange = range(study)
    return panel
  }

  private static func curves(_ study: CoverageResult, along p: Int) -> Panel {
    var panel = Panel(
      xLabel: AxisLabel(name: study.parameters[p], unit: study.units[p]),
      yLabel: AxisLabel(name: "coverage"))
    let order = study.points.indices.sorted { study.points[$0][p] < study.points[$1][p] }
    let x = order.map { study.points[$0][p] }
    let margin = 0.04 * (x[x.count - 1] - x[0])
    let ends = [x[0] - margin, x[x.count - 1] + margin]
    for level in study.levels {
      panel.curves.append(Curve(style: .dotted, pieces: [.init(x: ends, y: [level, level])]))
    }
    for (m, method) in study.methods.enumerated() {
      for l in study.levels.indices {
        let k = order.map { study.index($0, l, m) }
        panel.curves += [
          Curve(
            colour: m + 1,
            pieces: zip(x, k).map { .init(x: [$0, $0], y: [study.lower[$1], study.upper[$1]]) }),
          Curve(
            label: l == 0 ? method : "", style: m == 0 ? .circle : .disc, colour: m + 1,
            pieces: [.init(x: x, y: k.map { study.fraction[$0] })]),
        ]
      }
    }
    panel.curves.append(nominal)
    (panel.xRange, panel.yRange) = (ends[0]...ends[1], range(study))
    return panel
  }

  private static let nominal = Curve(
    label: "nominal", style: .dotted, pieces: [.init(x: [.nan], y: [.nan])])

  private static func range(_ study: CoverageResult) -> ClosedRange<Double> {
    let all = study.lower + study.upper + study.levels
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    let margin = 0.06 * max(high - low, 0.02)
    return max(0, low - margin)...min(1.01, high + margin)
  }
}

extension CoverageResult {
  /// The one parameter that differs between the points.
  fileprivate var varying: Int? {
    let all = parameters.indices.filter { p in points.contains { $0[p] != points[0][p] } }
    return all.count == 1 && points.count > 2 ? all[0] : nil
  }

  fileprivate func name(_ point: Int) -> String {
    zip(parameters, points[point]).map { "\($0)=\(Text.significant($1))" }
      .joined(separator: ", ")
  }
}
