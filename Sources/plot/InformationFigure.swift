import Diagnostics
import EventModel
import Glibc

/// The ellipses Δθᵀ I Δθ = d² in which a measurement would find two parameters; the others are profiled.
struct InformationFigure {
  typealias Entry = (label: String, information: Information)

  /// `parameters` names the axes; the first two of the file where it is empty. `matrices` says which to draw: all of one
  /// file, the first of each of several where it is empty.
  static func figure(
    _ entries: [Entry], parameters: [String], matrices: [String], level: Double
  ) throws -> Figure {
    guard let first = entries.first?.information else { return Figure() }
    let names = parameters.isEmpty ? Array(first.parameterNames.prefix(2)) : parameters
    guard names.count == 2 else {
      throw Problem(
        parameters.isEmpty ? .data : .usage, "information ellipses need two parameters",
        remedy: "the file has " + first.parameterNames.joined(separator: ", "),
        file: parameters.isEmpty ? entries[0].label : nil)
    }
    let known = entries.flatMap { $0.information.entries.map(\.name) }
    if let unknown = matrices.first(where: { !known.contains($0) }) {
      throw Problem(
        .usage, "there is no matrix '\(unknown)'",
        remedy: "there are "
          + known.enumerated().filter { known.firstIndex(of: $1) == $0 }.map(\.element)
          .joined(separator: ", "))
    }
    // P(χ²₂ ≤ d²) = 1 − exp(−d²/2).
    let distance = -2 * log(1 - level)
    var panel = Panel(xLabel: AxisLabel(name: ""), yLabel: AxisLabel(name: ""))
    var ellipses: [(label: String, ellipse: Ellipse)] = []
    for entry in entries {
      let info = entry.information
      let axes = try names.map { name -> Int in
        guard let p = info.parameterNames.firstIndex(of: name) else {
          throw Problem(
            .data, "there is no parameter '\(name)'",
            remedy: "the file has " + info.parameterNames.joined(separator: ", "),
            file: entry.label)
        }
        return p
      }
      panel.xLabel = AxisLabel(name: "Δ" + names[0], unit: info.parameterUnits[axes[0]])
      panel.yLabel = AxisLabel(name: "Δ" + names[1], unit: info.parameterUnits[axes[1]])
      let chosen =
        !matrices.isEmpty
        ? info.entries.filter { matrices.contains($0.name) }
        : entries.count == 1 ? info.entries : Array(info.entries.prefix(1))
      for matrix in chosen {
        let reduced = profiled(matrix.matrix, keeping: axes, of: info.parameterCount)
        let label =
          entries.count == 1
          ? matrix.name : chosen.count == 1 ? entry.label : entry.label + ": " + matrix.name
        if let ellipse = Ellipse(reduced, distance: distance) { ellipses.append((label, ellipse)) }
      }
    }
    guard !ellipses.isEmpty else {
      throw Problem(
        .data, "no matrix holds information on \(names[0]) and \(names[1])",
        file: entries[0].label)
    }
    // A matrix that knows one direction alone would make the drawing endless: the others say how large it is.
    let whole = ellipses.filter { !$0.ellipse.isBand }
    let shown = whole.isEmpty ? ellipses : whole
    let halfX = shown.map(\.ellipse.halfWidths.x).min() ?? 1
    let halfY = shown.map(\.ellipse.halfWidths.y).min() ?? 1
    let x = shown.map(\.ellipse.halfWidths.x).filter { $0 <= 6 * halfX }.max() ?? halfX
    let y = shown.map(\.ellipse.halfWidths.y).filter { $0 <= 6 * halfY }.max() ?? halfY
    panel.xRange = -1.15 * x...1.15 * x
    panel.yRange = -1.15 * y...1.15 * y
    for (k, item) in ellipses.enumerated() {
      panel.curves.append(
        Curve(
          label: item.label, style: k < 6 ? .line : .dashed, colour: 1 + k % 6,
          pieces: item.ellipse.pieces(reach: 4 * hypot(x, y))))
    }
    panel.curves.append(
      Curve(style: .cross, colour: 0, pieces: [.init(x: [0], y: [0])]))
    let luminosity = Luminosity(inversePicobarn: first.luminosity).description
    return Figure(
      title: "\(Text.short(100 * level)) % region (2 degrees of freedom), \(luminosity)",
      panels: [panel])
  }

  /// The matrix of the kept parameters with the others profiled: I_ij − I_ik I_kj / I_kk for each k in turn.
  static func profiled(_ matrix: [Double], keeping kept: [Int], of n: Int) -> [Double] {
    var m = matrix
    for k in 0..<n where !kept.contains(k) && m[k * n + k] > 0 {
      let row = (0..<n).map { m[k * n + $0] }
      let column = (0..<n).map { m[$0 * n + k] }
      for i in 0..<n {
        for j in 0..<n { m[i * n + j] -= column[i] * row[j] / row[k] }
      }
    }
    return kept.flatMap { i in kept.map { j in m[i * n + j] } }
  }
}

/// aΔx² + 2bΔxΔy + cΔy² = d².
struct Ellipse {
  /// Half axes, the longer first; infinite for a band.
  let long: Double
  let short: Double
  /// Direction of the long axis.
  let angle: Double

  /// Nil for a matrix without information.
  init?(_ m: [Double], distance: Double) {
    let (a, b, c) = (m[0], (m[1] + m[2]) / 2, m[3])
    let mean = (a + c) / 2
    let spread = hypot((a - c) / 2, b)
    let (large, small) = (mean + spread, mean - spread)
    guard large > 0, large.isFinite else { return nil }
    short = (distance / large).squareRoot()
    // The rate alone fixes one direction; rounding leaves the other eigenvalue near zero, of either sign.
    long = small > 1e-9 * large ? (distance / small).squareRoot() : .infinity
    // The eigenvector of the small eigenvalue is turned by 90° from that of the large one.
    angle = 0.5 * atan2(2 * b, a - c) + .pi / 2
  }

  var isBand: Bool { !long.isFinite }

  /// Largest |Δx| and |Δy| on the ellipse.
  var halfWidths: (x: Double, y: Double) {
    let l = isBand ? 0 : long
    return (
      hypot(l * cos(angle), short * sin(angle)), hypot(l * sin(angle), short * cos(angle))
    )
  }

  /// The ellipse, or the two lines of a band of the given length.
  func pieces(reach: Double) -> [Curve.Piece] {
    let (c, s) = (cos(angle), sin(angle))
    if isBand {
      return [short, -short].map { d in
        .init(
          x: [-reach * c - d * s, reach * c - d * s], y: [-reach * s + d * c, reach * s + d * c])
      }
    }
    // Fine enough that a long ellipse cut off by the frame still looks round.
    let steps = (0...720).map { 2 * Double.pi * Double($0) / 720 }
    return [
      .init(
        x: steps.map { long * cos($0) * c - short * sin($0) * s },
        y: steps.map { long * cos($0) * s + short * sin($0) * c })
    ]
  }
}
