import Diagnostics
import EventModel

/// The curves of a diagnosis: joint quantity against the learned one, events and means in bins, and the pulls of the means.
struct DiagnosisFigure {
  /// Points whose curves have colours of their own.
  private static let most = 6

  static func figure(_ label: String, _ diagnosis: Diagnosis) throws -> Figure {
    guard !diagnosis.curves.isEmpty else {
      throw Problem(.data, "the diagnosis holds no curves", file: label)
    }
    let isScore = diagnosis.target == .score
    let learned = isScore ? "learned score" : "learned s = 1/(1+r)"
    var top = Panel(
      xLabel: AxisLabel(name: learned),
      yLabel: AxisLabel(name: isScore ? "joint score" : "joint s"), height: 0.7)
    var bottom = Panel(
      xLabel: AxisLabel(name: learned), yLabel: AxisLabel(name: "pull"), height: 0.3)
    let shown = diagnosis.curves.prefix(most)
    var box = Box()
    for curve in shown {
      let errors = zip(curve.joint, curve.errors)
      box.include(curve.learned, errors.map { $0 + $1 })
      box.include(curve.learned, errors.map { $0 - $1 })
    }
    let range = box.x ?? 0...1
    let ends = [range.lowerBound, range.upperBound]
    var largest = 3.0
    // Single events of one curve only: more would hide the means.
    top.curves.append(
      Curve(
        label: "events", style: .disc, colour: 7,
        pieces: [.init(x: shown[0].eventsLearned, y: shown[0].eventsJoint)]))
    top.curves.append(
      Curve(label: "", style: .dashed, colour: 0, pieces: [.init(x: ends, y: ends)]))
    for (c, curve) in shown.enumerated() {
      let colour = c + 1
      top.curves.append(
        Curve(
          label: "", style: .bars, colour: colour,
          pieces: [.init(x: curve.learned, y: curve.joint, error: curve.errors)]))
      top.curves.append(
        Curve(
          label: curve.name, style: .disc, colour: colour,
          pieces: [.init(x: curve.learned, y: curve.joint)]))
      let pulls = curve.learned.indices.map { i in
        curve.errors[i] > 0 ? (curve.joint[i] - curve.learned[i]) / curve.errors[i] : 0
      }
      largest = max(largest, pulls.map { abs($0) }.max() ?? 0)
      bottom.curves.append(
        Curve(
          style: .disc, colour: colour, pieces: [.init(x: curve.learned, y: pulls)]))
    }
    for level in [-1.0, 0, 1] {
      bottom.curves.append(
        Curve(
          style: level == 0 ? .dashed : .dotted, colour: 0,
          pieces: [.init(x: ends, y: [level, level])]))
    }
    (top.xRange, top.yRange) = (box.x, box.y)
    (bottom.xRange, bottom.yRange) = (box.x, (-1.1 * largest)...(1.1 * largest))
    let verdict =
      diagnosis.failures == 0
      ? "no check failed"
      : "\(diagnosis.failures) check\(diagnosis.failures == 1 ? "" : "s") failed"
    return Figure(title: "\(diagnosis.method): \(verdict)", panels: [top, bottom])
  }
}
