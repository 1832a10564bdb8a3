import EventModel
import Glibc
import Testing

@Suite struct ContourTests {
  private static func grid(_ n: Int, _ f: (Double, Double) -> Double) -> GridFunction {
    let axis = (0..<n).map { -1 + 2 * Double($0) / Double(n - 1) }
    return GridFunction(x: axis, y: axis, values: axis.flatMap { x in axis.map { f(x, $0) } })
  }

  /// Linear interpolation on cells of size h errs by O(h²): 2e-4 of the radius for h = 0.02.
  @Test func circleIsOneClosedLineWithTheRightRadiusAndArea() throws {
    let circle = Self.grid(101) { x, y in 0.25 - x * x - y * y }
    let lines = circle.contours(at: 0)
    let line = try #require(lines.first)
    #expect(lines.count == 1 && line.isClosed)
    for (x, y) in zip(line.x, line.y) { #expect(abs(hypot(x, y) - 0.5) < 2e-4) }
    #expect(abs(circle.area(above: 0) - .pi / 4) < 1e-3)
    #expect(!circle.reachesBorder(above: 0))
  }

  /// A plane is interpolated without error, up to rounding.
  @Test func planeIsCutInAnOpenStraightLine() throws {
    let plane = Self.grid(7) { x, y in x + y - 0.3 }
    let lines = plane.contours(at: 0)
    let line = try #require(lines.first)
    #expect(lines.count == 1 && !line.isClosed)
    for (x, y) in zip(line.x, line.y) { #expect(abs(x + y - 0.3) < 1e-14) }
    #expect(abs(plane.area(above: 0) - 1.7 * 1.7 / 2) < 1e-14)
    #expect(plane.reachesBorder(above: 0))
  }

  @Test func regionIsAtTheLeftOfTheLine() throws {
    let disc = Self.grid(41) { x, y in 0.25 - x * x - y * y }
    let line = try #require(disc.contours(at: 0).first)
    var twice = 0.0
    for k in line.x.indices {
      let l = (k + 1) % line.x.count
      twice += line.x[k] * line.y[l] - line.x[l] * line.y[k]
    }
    #expect(twice > 0)
    #expect(abs(twice / 2 - disc.area(above: 0)) < 1e-12)
  }

  /// Corners that alternate: the mean says whether the two halves touch.
  @Test(arguments: [(0.4, 1, 2), (0.6, 2, 2)])
  func saddle(level: Double, polygons: Int, lines: Int) {
    let cell = GridFunction(x: [0, 1], y: [0, 1], values: [1, 0, 0, 1])
    #expect(cell.contours(at: level).count == lines)
    let t = 1 - level
    let corners = level > 0.5 ? t * t : 1 - level * level
    #expect(abs(cell.area(above: level) - corners) < 1e-14)
  }

  @Test func unknownPointsLeaveTheirCellsOut() {
    var values = [Double](repeating: 1, count: 9)
    values[0] = .nan
    let grid = GridFunction(x: [0, 1, 2], y: [0, 1, 2], values: values)
    #expect(grid.area(above: 0) == 3)
    #expect(grid.contours(at: 0).isEmpty)
  }

  @Test func infiniteValuesAreCutHalfway() {
    let grid = GridFunction(x: [0, 1], y: [0, 1], values: [0, 0, -.infinity, -.infinity])
    #expect(grid.area(above: -1) == 0.5)
  }
}
