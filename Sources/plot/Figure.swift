import Diagnostics

/// A drawing as data, whatever draws it: panels over each other that share the horizontal axis, or each in its place.
struct Figure {
  var title = ""
  var panels: [Panel] = []
  /// How many times the usual width and height the picture has, its letters being as large as ever: room for many panels.
  var scale = 1.0
}

struct Panel {
  var xLabel: AxisLabel
  var yLabel: AxisLabel
  var xRange: ClosedRange<Double>?
  var yRange: ClosedRange<Double>?
  /// Of the vertical axis.
  var isLogarithmic = false
  /// Share of the figure's height.
  var height = 1.0
  /// Where the frame stands on a figure of width and height 1; nil puts panels over each other.
  var frame: Frame?
  /// Texts in the place of numbers along the vertical axis; empty keeps the numbers.
  var yMarks: [Mark] = []
  /// The same along the horizontal axis.
  var xMarks: [Mark] = []
  /// No numbers along an axis whose neighbour shows them.
  var hidesX = false
  var hidesY = false
  var map: ColourMap?
  var curves: [Curve] = []

  struct Frame: Equatable {
    var left: Double
    var right: Double
    var bottom: Double
    var top: Double
  }

  struct Mark: Equatable {
    var at: Double
    var text: String
  }
}

/// Values on a regular grid as colours behind the curves.
struct ColourMap {
  /// Increasing coordinates of the cells' centres, equally spaced.
  var x: [Double]
  var y: [Double]
  /// Row-major [x][y]; what is not finite stays white.
  var values: [Double]
  /// Beside the scale of colours.
  var label: AxisLabel
  var range: ClosedRange<Double>
  var isLogarithmic = false
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
    /// An open circle at each point.
    case circle
    /// Vertical bars: every point has an error.
    case bars
    /// The inside of each piece, a closed line; drawn below everything else.
    case area
  }
  /// In the legend; empty for none.
  var label = ""
  var style = Style.line
  /// 0 is black, then a palette that colour-blind readers tell apart.
  var colour = 0
  /// How strong the colour of an area is, from 0 (white) to 1.
  var tint = 1.0
  /// Pieces that are not joined.
  var pieces: [Piece] = []

  struct Piece {
    var x: [Double]
    var y: [Double]
    /// Half lengths of the bars, else empty.
    var error: [Double] = []

    init(x: [Double], y: [Double], error: [Double] = []) {
      self.x = x
      self.y = y
      self.error = error
    }

    /// The closed line around what is between two lines over the same points.
    init(x: [Double], between lower: [Double], and upper: [Double]) {
      self.init(x: x + x.reversed(), y: lower + upper.reversed())
      close()
    }

    /// The sides of a rectangle.
    init(left: Double, right: Double, bottom: Double, top: Double) {
      self.init(x: [left, right, right, left, left], y: [bottom, bottom, top, top, bottom])
    }

    /// Ends where it began.
    mutating func close() {
      x += x.prefix(1)
      y += y.prefix(1)
    }
  }
}

extension Figure {
  /// The numbers behind the drawing, as text: one line a point; the values of a map stand in the place of errors.
  var table: String {
    var lines = ["# panel\tcurve\tpiece\tx\ty\terror"]
    for (p, panel) in panels.enumerated() {
      if let map = panel.map {
        for (i, x) in map.x.enumerated() {
          for (j, y) in map.y.enumerated() {
            lines.append("\(p + 1)\tmap\t\(i + 1)\t\(x)\t\(y)\t\(map.values[i * map.y.count + j])")
          }
        }
      }
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
