import Glibc

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
