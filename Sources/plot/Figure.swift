import Diagnostics

/// A drawing as data, whatever draws it: panels over each other that share the horizontal axis.
struct Figure {
  var title = ""
  var panels: [Panel] = []
}

struct Panel {
  var xLabel: AxisLabel
  var yLabel: AxisLabel
  var xRange: ClosedRange<Double>?
  var yRange: ClosedRange<Double>?
  var isLogarithmic = false
  /// Share of the figure's height.
  var height = 1.0
  var curves: [Curve] = []
}

/// A name and its unit; both may hold any character.
struct AxisLabel {
  var name: String
  var unit = ""
}

/// Points that are drawn in one style and stand for one thing.
struct Curve {
  enum Style {
    case line
    case dashed
    case dotted
    /// A cross at each point.
    case cross
    /// A filled disc at each point.
    case disc
    /// Vertical bars: every point has an error.
    case bars
  }
  /// In the legend; empty for none.
  var label = ""
  var style = Style.line
  /// 0 is black, then a palette that colour-blind readers tell apart.
  var colour = 0
  /// Pieces that are not joined.
  var pieces: [Piece] = []

  struct Piece {
    var x: [Double]
    var y: [Double]
    /// Half lengths of the bars, else empty.
    var error: [Double] = []
  }
}

extension Figure {
  /// The numbers behind the drawing, as text: one line a point.
  var table: String {
    var lines = ["# panel\tcurve\tpiece\tx\ty\terror"]
    for (p, panel) in panels.enumerated() {
      for curve in panel.curves {
        let label = curve.label.isEmpty ? "-" : curve.label.map { $0 == "\t" ? " " : $0 }.asText
        for (k, piece) in curve.pieces.enumerated() {
          for i in piece.x.indices {
            let error = i < piece.error.count ? "\(piece.error[i])" : "-"
            lines.append("\(p + 1)\t\(label)\t\(k + 1)\t\(piece.x[i])\t\(piece.y[i])\t\(error)")
          }
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension [Character] {
  fileprivate var asText: String { String(self) }
}
