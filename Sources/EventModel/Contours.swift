/// Values of a function on a rectangular grid of two parameters.
public struct GridFunction: Sendable, Equatable {
  /// Increasing coordinates.
  public var x: [Double]
  public var y: [Double]
  /// Row-major [x][y], the last axis running fastest as in `GridAxis.points`. NaN means unknown: its cells are left out.
  public var values: [Double]

  /// `values` must hold x.count · y.count numbers.
  public init(x: [Double], y: [Double], values: [Double]) {
    precondition(values.count == x.count * y.count, "one value a grid point")
    self.x = x
    self.y = y
    self.values = values
  }

  /// A line on which the function has one value, as interpolated linearly along the sides of the grid's cells.
  public struct Contour: Sendable, Equatable {
    public var x: [Double]
    public var y: [Double]
    /// False where the line runs out of the grid.
    public var isClosed: Bool
  }

  /// The borders of the region value ≥ level, by marching squares; the region is at the left of each line.
  ///
  /// In a cell whose corners alternate, the mean of the four decides whether the region is connected.
  public func contours(at level: Double) -> [Contour] {
    var next: [Side: Side] = [:]
    forEachCell { i, j in
      for (from, to) in Cell(self, i, j, level).segments { next[from] = to }
    }
    var lines: [Contour] = []
    let ends = Set(next.values)
    for start in next.keys.filter({ !ends.contains($0) }).sorted() {
      lines.append(chain(from: start, in: &next, level: level, isClosed: false))
    }
    while let start = next.keys.min() {
      lines.append(chain(from: start, in: &next, level: level, isClosed: true))
    }
    return lines
  }

  /// The area of the region value ≥ level inside the grid, under the same interpolation.
  public func area(above level: Double) -> Double {
    var sum = 0.0
    forEachCell { i, j in
      for polygon in Cell(self, i, j, level).polygons { sum += Self.area(polygon) }
    }
    return sum
  }

  /// True where the region value ≥ level reaches the border of the grid, so that contours and area are cut off.
  public func reachesBorder(above level: Double) -> Bool {
    for i in x.indices {
      for j in y.indices where i == 0 || j == 0 || i == x.count - 1 || j == y.count - 1 {
        if values[i * y.count + j] >= level { return true }
      }
    }
    return false
  }

  private func forEachCell(_ body: (Int, Int) -> Void) {
    guard x.count > 1, y.count > 1 else { return }
    for i in 0..<x.count - 1 {
      for j in 0..<y.count - 1 {
        let n = y.count
        let corners = [i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1]
        if corners.allSatisfy({ !values[$0].isNaN }) { body(i, j) }
      }
    }
  }

  private func chain(
    from start: Side, in next: inout [Side: Side], level: Double, isClosed: Bool
  ) -> Contour {
    var line = Contour(x: [], y: [], isClosed: isClosed)
    var side: Side? = start
    while let here = side {
      let (px, py) = crossing(here, level)
      line.x.append(px)
      line.y.append(py)
      side = next.removeValue(forKey: here)
    }
    return line
  }

  private static func area(_ polygon: [(Double, Double)]) -> Double {
    var twice = 0.0
    for (k, a) in polygon.enumerated() {
      let b = polygon[(k + 1) % polygon.count]
      twice += a.0 * b.1 - b.0 * a.1
    }
    return twice / 2
  }

  /// A side of a cell, from grid point (i, j) along x or along y.
  struct Side: Hashable, Comparable {
    var i: Int
    var j: Int
    var isAlongX: Bool
    static func < (a: Side, b: Side) -> Bool {
      (a.i, a.j, a.isAlongX ? 0 : 1) < (b.i, b.j, b.isAlongX ? 0 : 1)
    }
  }

  /// Where a side has the value `level`.
  func crossing(_ side: Side, _ level: Double) -> (Double, Double) {
    let (k, l) = side.isAlongX ? (side.i + 1, side.j) : (side.i, side.j + 1)
    let a = values[side.i * y.count + side.j]
    let b = values[k * y.count + l]
    // An infinite end (a vanishing likelihood) leaves nothing to interpolate.
    let t = a.isFinite && b.isFinite && a != b ? (level - a) / (b - a) : 0.5
    return (x[side.i] + t * (x[k] - x[side.i]), y[side.j] + t * (y[l] - y[side.j]))
  }

  /// One cell of the grid: its corners counter-clockwise and where the level crosses its sides.
  private struct Cell {
    /// From a crossing that leaves the region to the one that enters it again.
    var segments: [(Side, Side)] = []
    /// The part of the cell inside the region.
    var polygons: [[(Double, Double)]] = []

    init(_ f: GridFunction, _ i: Int, _ j: Int, _ level: Double) {
      let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
      let values = corners.map { f.values[$0.0 * f.y.count + $0.1] }
      let inside = values.map { $0 >= level }
      let sides = [
        Side(i: i, j: j, isAlongX: true), Side(i: i + 1, j: j, isAlongX: false),
        Side(i: i, j: j + 1, isAlongX: true), Side(i: i, j: j, isAlongX: false),
      ]
      let crossed = (0..<4).filter { inside[$0] != inside[($0 + 1) % 4] }
      let isSplit = crossed.count == 4 && !(values.reduce(0, +) / 4 >= level)
      for k in crossed where inside[k] {
        // Counter-clockwise, the region goes on at the next crossing; where it is split, at the one before.
        let position = crossed.firstIndex(of: k) ?? 0
        let step = isSplit ? crossed.count - 1 : 1
        segments.append((sides[k], sides[crossed[(position + step) % crossed.count]]))
      }
      let point = { (k: Int) in (f.x[corners[k].0], f.y[corners[k].1]) }
      if isSplit {
        for k in 0..<4 where inside[k] {
          polygons.append([
            f.crossing(sides[(k + 3) % 4], level), point(k), f.crossing(sides[k], level),
          ])
        }
      } else if inside.contains(true) {
        var polygon: [(Double, Double)] = []
        for k in 0..<4 {
          if inside[k] { polygon.append(point(k)) }
          if crossed.contains(k) { polygon.append(f.crossing(sides[k], level)) }
        }
        polygons.append(polygon)
      }
    }
  }
}
