import EventModel
import Numerics

/// The distance of every point of a grid from one point, as the length of the shortest path.
///
/// First the shortest chain of grid points (Dijkstra 1959, neighbours along axes and diagonals), which finds the right way
/// round obstacles of large information; then the chain is relaxed to the geodesic between its ends by minimising the
/// energy n Σ |Δ_k|² over n straight pieces, whose minimum is the square of the length. The error of n pieces falls as 1/n², so
/// that of n and 2n extrapolates. The straight line between the ends is relaxed too, and the shorter is taken: unlike marching
/// on the grid this is exact for flat metrics, however anisotropic.
public struct DistanceMap: Sendable {
  private let field: any MetricField
  private let axes: [GridAxis]
  /// Pieces of a path in the coarser of the two relaxations.
  private let pieces: Int

  public init(_ field: any MetricField, axes: [GridAxis], pieces: Int = 8) {
    self.field = field
    self.axes = axes
    self.pieces = pieces
  }

  private var dimension: Int { axes.count }

  /// Distances of all grid points, the last axis running fastest.
  public func distances(from origin: [Double], team: ThreadTeam = ThreadTeam()) -> [Double] {
    let points = gridPoints()
    let chain = GridChains(points: points, counts: axes.map(\.count), field: field, origin: origin)
    return team.mapRanges(of: points.count, size: 64) { range in
      range.map { index in distance(origin, points[index], chain.path(to: index)) }
    }.flatMap { $0 }
  }

  private func gridPoints() -> [[Double]] {
    var points: [[Double]] = [[]]
    for axis in axes { points = points.flatMap { point in axis.values.map { point + [$0] } } }
    return points
  }

  private func distance(_ from: [Double], _ to: [Double], _ chain: [[Double]]) -> Double {
    guard from != to else { return 0 }
    let straight = PathRelaxation(field).length([from, to], pieces: pieces)
    guard chain.count > 2 else { return straight }
    return min(straight, PathRelaxation(field).length(chain, pieces: pieces))
  }
}

/// The shortest chains of grid points from one point to all.
private struct GridChains: Sendable {
  private let points: [[Double]]
  private let origin: [Double]
  private var before: [Int]

  init(points: [[Double]], counts: [Int], field: any MetricField, origin: [Double]) {
    self.points = points
    self.origin = origin
    let n = counts.count
    before = [Int](repeating: -1, count: points.count)
    var distance = [Double](repeating: .infinity, count: points.count)
    let metrics = points.map { field.metric(at: $0).value }
    func length(_ a: [Double], _ b: [Double], _ ga: [Double], _ gb: [Double]) -> Double {
      let step = zip(a, b).map { $1 - $0 }
      let mean = zip(ga, gb).map { 0.5 * ($0 + $1) }
      return max(0, MetricAlgebra.product(mean, step, step)).squareRoot()
    }
    var heap = DistanceHeap()
    // The origin need not be a grid point: it is joined to all corners of its cell.
    let home = field.metric(at: origin).value
    var corners = [0]
    for k in 0..<n {
      var low = 0
      let values = { (i: Int) in points[i * Self.stride(counts, k)][k] }
      while low < counts[k] - 2, values(low + 1) <= origin[k] { low += 1 }
      corners = corners.flatMap { [$0 * counts[k] + low, $0 * counts[k] + low + 1] }
    }
    for corner in corners {
      distance[corner] = length(origin, points[corner], home, metrics[corner])
      heap.push(corner, distance[corner])
    }
    let offsets = Self.offsets(n)
    while let (index, d) = heap.pop() {
      guard d <= distance[index] else { continue }
      for offset in offsets {
        guard let next = Self.neighbour(index, offset, counts) else { continue }
        let candidate = d + length(points[index], points[next], metrics[index], metrics[next])
        guard candidate < distance[next] else { continue }
        distance[next] = candidate
        before[next] = index
        heap.push(next, candidate)
      }
    }
  }

  private static func stride(_ counts: [Int], _ axis: Int) -> Int {
    counts[(axis + 1)...].reduce(1, *)
  }

  private static func offsets(_ n: Int) -> [[Int]] {
    var all: [[Int]] = [[]]
    for _ in 0..<n { all = all.flatMap { offset in [-1, 0, 1].map { offset + [$0] } } }
    return all.filter { $0.contains { $0 != 0 } }
  }

  private static func neighbour(_ index: Int, _ offset: [Int], _ counts: [Int]) -> Int? {
    var rest = index
    var result = 0
    var scale = 1
    for k in counts.indices.reversed() {
      let i = rest % counts[k] + offset[k]
      guard (0..<counts[k]).contains(i) else { return nil }
      result += i * scale
      scale *= counts[k]
      rest /= counts[k]
    }
    return result
  }

  /// The points of the chain from the origin to a grid point.
  func path(to index: Int) -> [[Double]] {
    var path = [points[index]]
    var at = before[index]
    while at >= 0 {
      path.append(points[at])
      at = before[at]
    }
    path.append(origin)
    return path.reversed()
  }
}

/// A binary heap of (point, distance), the nearest first; ties by the number of the point.
private struct DistanceHeap {
  private var items: [(index: Int, distance: Double)] = []

  private func isLess(_ a: Int, _ b: Int) -> Bool {
    (items[a].distance, items[a].index) < (items[b].distance, items[b].index)
  }

  mutating func push(_ index: Int, _ distance: Double) {
    items.append((index, distance))
    var child = items.count - 1
    while child > 0, isLess(child, (child - 1) / 2) {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> (Int, Double)? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return first }
    items[0] = last
    var parent = 0
    while true {
      var best = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && isLess(child, best)
      {
        best = child
      }
      guard best != parent else { return first }
      items.swapAt(best, parent)
      parent = best
    }
  }
}
