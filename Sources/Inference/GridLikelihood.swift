import EventModel

/// A likelihood that is known on the points of a grid, between them by cubic interpolation (Catmull and Rom on each axis),
/// which gives back the points. Undefined outside the grid and next to points where it is undefined.
struct GridLikelihood: LogLikelihood {
  private let axes: [GridAxis]
  private let strides: [Int]
  /// Kinematic, rate and constraint.
  private let parts: [[Double]]

  init(_ axes: [GridAxis], kinematic: [Double], rate: [Double], constraint: [Double]) {
    self.axes = axes
    strides = axes.indices.map { k in axes[(k + 1)...].reduce(1) { $0 * $1.count } }
    parts = [kinematic, rate, constraint]
  }

  var parameterCount: Int { axes.count }
  var isCheap: Bool { true }
  var isInterpolated: Bool { true }

  func evaluate(at theta: [Double], gradient: Bool) -> LikelihoodValue {
    var weights: [[Int: Weight]] = []
    for (axis, x) in zip(axes, theta) {
      guard let found = Self.weights(axis, x) else { return .undefined(parameterCount) }
      weights.append(found)
    }
    var values = [0.0, 0, 0]
    var slopes = [Double](repeating: 0, count: axes.count)
    add(weights, axis: 0, index: 0, value: 1, slopes: slopes.map { _ in 1 }, &values, &slopes)
    guard values.allSatisfy({ !$0.isNaN }) else { return .undefined(parameterCount) }
    return LikelihoodValue(
      kinematic: values[0], rate: values[1], constraint: values[2], gradient: slopes)
  }

  private struct Weight {
    var value = 0.0
    var slope = 0.0
  }

  /// Sums over the tensor product of the axes' nodes.
  private func add(
    _ weights: [[Int: Weight]], axis: Int, index: Int, value: Double, slopes: [Double],
    _ values: inout [Double], _ gradient: inout [Double]
  ) {
    guard axis < axes.count else {
      for k in parts.indices { values[k] += value * parts[k][index] }
      let total = parts[0][index] + parts[1][index] + parts[2][index]
      for i in gradient.indices { gradient[i] += slopes[i] * total }
      return
    }
    for (node, weight) in weights[axis].sorted(by: { $0.key < $1.key }) {
      var next = slopes
      for i in next.indices { next[i] *= i == axis ? weight.slope : weight.value }
      add(
        weights, axis: axis + 1, index: index + node * strides[axis],
        value: value * weight.value, slopes: next, &values, &gradient)
    }
  }

  /// Of up to four nodes of one axis; of one where the point is that node and nobody asks beside it.
  private static func weights(_ axis: GridAxis, _ x: Double) -> [Int: Weight]? {
    let step = (axis.upper - axis.lower) / Double(axis.count - 1)
    let place = (x - axis.lower) / step
    guard place >= -1e-9, place <= Double(axis.count - 1) + 1e-9 else { return nil }
    let i = min(max(Int(place), 0), axis.count - 2)
    let t = place - Double(i)
    let (t2, t3) = (t * t, t * t * t)
    var result: [Int: Weight] = [:]
    func add(_ node: Int, _ value: Double, _ slope: Double) {
      result[node, default: Weight()].value += value
      result[node, default: Weight()].slope += slope / step
    }
    add(i, 2 * t3 - 3 * t2 + 1, 6 * t2 - 6 * t)
    add(i + 1, 3 * t2 - 2 * t3, 6 * t - 6 * t2)
    // Slopes at the two ends of the cell, from neighbours or, at the border, from the cell.
    for (node, value, slope) in [
      (i, t3 - 2 * t2 + t, 3 * t2 - 4 * t + 1), (i + 1, t3 - t2, 3 * t2 - 2 * t),
    ] {
      let (a, b) = (max(node - 1, 0), min(node + 1, axis.count - 1))
      add(b, value / Double(b - a), slope / Double(b - a))
      add(a, -value / Double(b - a), -slope / Double(b - a))
    }
    return result
  }
}
