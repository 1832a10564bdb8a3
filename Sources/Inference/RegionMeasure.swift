import EventModel

/// The size of the region q ≤ threshold on a grid of any dimension.
struct RegionMeasure {
  private let axes: [GridAxis]
  private let q: [Double]

  init(_ axes: [GridAxis], _ q: [Double]) {
    self.axes = axes
    self.q = q
  }

  /// Length or area with linear interpolation; above two dimensions the volume of the cells around the points inside.
  func measure(below threshold: Double) -> Double {
    switch axes.count {
    case 1: return length(threshold)
    case 2:
      return GridFunction(x: axes[0].values, y: axes[1].values, values: q.map { -$0 })
        .area(above: -threshold)
    default:
      let cell = axes.reduce(1) { $0 * ($1.upper - $1.lower) / Double($1.count - 1) }
      return cell * Double(q.count { $0 <= threshold })
    }
  }

  private func length(_ threshold: Double) -> Double {
    let x = axes[0].values
    var sum = 0.0
    for i in 1..<x.count {
      let (a, b) = (q[i - 1] - threshold, q[i] - threshold)
      guard !a.isNaN, !b.isNaN else { continue }
      let width = x[i] - x[i - 1]
      if a <= 0, b <= 0 {
        sum += width
      } else if a <= 0 || b <= 0 {
        let inside = min(a, b) / (min(a, b) - max(a, b))
        sum += width * (inside.isFinite ? inside : 0.5)
      }
    }
    return sum
  }

  func reachesBorder(below threshold: Double) -> Bool {
    q.indices.contains { index in
      guard q[index] <= threshold else { return false }
      var rest = index
      for axis in axes.reversed() {
        let k = rest % axis.count
        if k == 0 || k == axis.count - 1 { return true }
        rest /= axis.count
      }
      return false
    }
  }
}
