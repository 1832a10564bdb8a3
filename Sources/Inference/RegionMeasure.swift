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

  /// The same of points that are a grid whose axes are not known: at the smallest or largest value of a coordinate.
  static func reachesBorder(
    _ points: [[Double]], _ q: [Double], below threshold: Double
  ) -> Bool {
    guard let first = points.first else { return false }
    return first.indices.contains { p in
      let values = points.map { $0[p] }
      guard let low = values.min(), let high = values.max(), low < high else { return false }
      return q.indices.contains { q[$0] <= threshold && (values[$0] == low || values[$0] == high) }
    }
  }

  /// The mean number of steps that the region spans along each axis: its points over its pieces on lines of the grid.
  func chords(below threshold: Double) -> [Double] {
    let inside = q.map { $0 <= threshold }
    let count = inside.count { $0 }
    var stride = 1
    var chords: [Double] = []
    for axis in axes.reversed() {
      var pieces = 0
      for index in inside.indices where inside[index] {
        if index / stride % axis.count == 0 || !inside[index - stride] { pieces += 1 }
      }
      chords.append(pieces > 0 ? Double(count) / Double(pieces) : 0)
      stride *= axis.count
    }
    return chords.reversed()
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
