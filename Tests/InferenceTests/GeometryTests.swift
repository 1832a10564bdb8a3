import EventModel
import Glibc
import Inference
import TestSupport
import Testing

/// Christoffel symbols, geodesics and distances against closed forms.
@Suite struct GeometryTests {
  /// The plane in polar coordinates.
  static let polar = FormulaMetric(bounds: [0.2...3, -4...4]) { [1, 0, 0, $0[0] * $0[0]] }

  /// 7.1 number 3: Γ^r_φφ = −r, which the formula of MadMiner makes 0. Differences of fourth order, exact for parabolas:
  /// 1e-11 is rounding over the step.
  @Test(.needsShared) func wrongNumber3ChristoffelSymbols() throws {
    let golden = try Golden("inference/results.json", "results")
    let symbols = GeodesicSolver(Self.polar).christoffel(at: [1, 0])
    #expect(deviation(symbols, [0, 0, 0, -1, 0, 1, 1, 0]) < 1e-10)
    #expect(
      deviation(symbols, try golden.numbers("geometry.polar.christoffel", "reference")) < 1e-8)
  }

  /// A path that starts along the tangent of the circle goes straight on: at distance s it is at (√(1+s²), atan s).
  @Test func geodesicOfThePlaneIsAStraightLine() {
    let path = GeodesicSolver(Self.polar).geodesic(
      from: [1, 0], direction: [0, 5], distance: 1.5, steps: 100)
    #expect(path.distances.count == 101)
    for (k, s) in path.distances.enumerated() {
      // Runge-Kutta with steps of 0.015: errors of 1e-9.
      #expect(abs(path.points[2 * k] - (1 + s * s).squareRoot()) < 1e-8)
      #expect(abs(path.points[2 * k + 1] - atan(s)) < 1e-8)
    }
    let out = GeodesicSolver(Self.polar).geodesic(
      from: [1, 0], direction: [1, 0], distance: 5, steps: 50)
    #expect(out.reachesBorder)
    #expect(out.points[out.points.count - 2] <= 3)
  }

  private static func geometry(
    _ axes: [GridAxis], _ metric: ([Double]) -> [Double]
  ) -> Geometry {
    var result = Geometry(
      axes: axes, parameterNames: axes.map(\.parameter), parameterUnits: axes.map { _ in "" },
      theta: axes.map { _ in 0 }, luminosity: 1, source: "formula", metric: [])
    for index in 0..<result.pointCount { result.metric += metric(result.point(index)) }
    return result
  }

  /// The flat toy: sqrt(Δᵀ I Δ), also for correlations of 0.99 and in three dimensions. Straight lines are exact: 1e-12.
  @Test(.needsShared) func flatDistancesAreExact() throws {
    let golden = try Golden("inference/results.json", "results")
    let axes = ["a", "b"].map { GridAxis(parameter: $0, lower: -1, upper: 1, count: 5) }
    let flat = Self.geometry(axes) { _ in [2, 1, 1, 2] }
    let map = DistanceMap(try GridMetric(flat), axes: axes).distances(from: [0, 0])
    // The metric of the reference, from two of its distances and a mixed one.
    let reference = try golden.numbers("geometry.flat.distance", "analytic")
    #expect(reference.count == 25)
    let g = (
      reference[22] * reference[22],
      (reference[24] * reference[24] - reference[20] * reference[20]) / 4,
      reference[14] * reference[14]
    )
    let same = Self.geometry(axes) { _ in [g.0, g.1, g.1, g.2] }
    let distances = DistanceMap(try GridMetric(same), axes: axes).distances(from: [0, 0])
    #expect(deviation(distances, reference) < 1e-12)
    #expect(abs(map[24] - 6.0.squareRoot()) < 1e-12)
    let skew = Self.geometry(axes) { _ in [100, 99, 99, 100] }
    let far = DistanceMap(try GridMetric(skew), axes: axes).distances(from: [-1, -1])
    #expect(abs(far[24] - (4 * 398).squareRoot()) < 1e-9)
    let three = ["a", "b", "c"].map { GridAxis(parameter: $0, lower: -1, upper: 1, count: 3) }
    let cube = Self.geometry(three) { _ in [4, 1, 0, 1, 2, 0, 0, 0, 9] }
    let corner = DistanceMap(try GridMetric(cube), axes: three).distances(from: [0, 0, 0])
    #expect(abs(corner[26] - 17.0.squareRoot()) < 1e-12)
  }

  /// The plane in polar coordinates on a grid, where g is a parabola that cubics reproduce: the distance is that of the plane.
  /// Eight and sixteen pieces, extrapolated, leave 1e-4 of the largest distance.
  @Test func polarDistancesAreThoseOfThePlane() throws {
    let axes = [
      GridAxis(parameter: "r", lower: 0.5, upper: 2, count: 13),
      GridAxis(parameter: "phi", lower: -1.2, upper: 1.2, count: 17),
    ]
    let geometry = Self.geometry(axes) { [1, 0, 0, $0[0] * $0[0]] }
    let distances = DistanceMap(try GridMetric(geometry), axes: axes).distances(from: [1.1, -0.4])
    var worst = 0.0
    for (index, d) in distances.enumerated() {
      let p = geometry.point(index)
      let exact = (p[0] * p[0] + 1.21 - 2.2 * p[0] * cos(p[1] + 0.4)).squareRoot()
      // Where the straight line leaves the grid at small r, the way along the border is longer.
      let nearest = abs(p[1] + 0.4) < 1.2
      if nearest { worst = max(worst, abs(d - exact)) } else { #expect(d > exact - 1e-4) }
    }
    #expect(worst < 1e-4, "\(worst)")
  }

  @Test func oneDimensionIsAnIntegral() throws {
    let axes = [GridAxis(parameter: "a", lower: 0, upper: 2, count: 9)]
    let geometry = Self.geometry(axes) { [(1 + $0[0]) * (1 + $0[0])] }
    let distances = DistanceMap(try GridMetric(geometry), axes: axes).distances(from: [0])
    for (index, d) in distances.enumerated() {
      let x = geometry.point(index)[0]
      #expect(abs(d - (x + x * x / 2)) < 1e-5)
    }
    let back = try Geometry(document: geometry.document)
    #expect(back == geometry)
  }

  /// The truth information of the toy is flat: the metric of the events gives distances of the closed form.
  @Test func truthOfTheToyIsFlat() throws {
    let events = try CombinedEvents(Toy.quadrature())
    let axes = ["t1", "t0"].map { GridAxis(parameter: $0, lower: -0.4, upper: 0.4, count: 3) }
    let geometry = try Geometry.metric(
      axes: axes, setup: events.table.setup, theta: [0, 0], luminosity: 3e5, source: "truth"
    ) { FisherInformation.truth(events, at: try events.point($0), luminosity: 3e5) }
    let distances = DistanceMap(try GridMetric(geometry), axes: axes).distances(from: [0, 0])
    #expect(abs(distances[8] - (0.16 * (300 + 216.0)).squareRoot()) < 1e-6)
  }
}
