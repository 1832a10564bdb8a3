import Diagnostics
import EventIO
import EventModel
import Glibc
import Inference
import Morphing
import TestSupport
import Testing

/// Entries of golden/inference/results.json that no other suite asks for: `reference`, `analytic` or `corrected`.
@Suite struct GoldenEntryTests {
  private static let theta = FisherTests.theta
  private static let luminosity = FisherTests.luminosity

  private func toyMC() throws -> CombinedEvents {
    let source = try Input.openTable(
      Place.shared + "/golden/inference/toy_mc.h5", expecting: [.events], journal: Journal())
    return try CombinedEvents(EventTable.load(source))
  }

  /// Bins that are quantiles of dσ(θ): matrix and covariance with the edges kept, to rounding (1e-9). Quantiles of the
  /// quadrature are nodes of it, and the reference puts a value equal to an edge below it, we above: hence the shift.
  @Test(.needsShared) func quantileBins() throws {
    let golden = try Golden("inference/results.json", "results")
    let events = try CombinedEvents(Toy.quadrature())
    let edges = try events.quantileEdges("x", bins: 10, theta: Self.theta).map { $0 + 1e-9 }
    let entry = FisherInformation.binned(
      try events.fill("x", edges: edges), at: try events.point(Self.theta),
      luminosity: Self.luminosity, name: "histogram")
    #expect(deviation(entry.matrix, try golden.numbers("A.histo1d.dynamic.I", "reference")) < 1e-9)
    #expect(
      deviation(
        entry.covariance ?? [], try golden.numbers("A.histo1d.dynamic.cov", "corrected_full"))
        < 1e-9)
    // The quantiles of 280 nodes are off by half a node, 1/100 of a width: 6e-3 of the information.
    #expect(deviation(entry.matrix, try golden.numbers("A.histo1d.dynamic.I", "analytic")) < 1e-2)
  }

  /// What constraints add to the matrix with nuisance parameters.
  @Test(.needsShared) func constraint() throws {
    let golden = try Golden("inference/results.json", "results")
    let events = try toyMC()
    func truth(_ isConstrained: Bool) throws -> [Double] {
      try FisherInformation.truth(
        events, at: events.point(Self.theta),
        space: InformationSpace(
          events.table.setup, handling: .keep, isConstrained: isConstrained),
        luminosity: Self.luminosity
      ).matrix
    }
    let added = zip(try truth(true), try truth(false)).map { $0 - $1 }
    // Differences of numbers of order 300.
    for (a, b) in zip(added, try golden.numbers("B.constraint", "reference")) {
      #expect(abs(a - b) < 1e-10)
    }
  }

  /// The covariance of a profiled matrix is U U U U Cov; toys of MadMiner agree to theirs. Of the reference the nuisance part
  /// of the covariance is zero. 1e-6 as that of the truth's covariance: the file has events with dσ ≈ 0.
  @Test(.needsShared) func covarianceOfAProfiledMatrix() throws {
    let golden = try Golden("inference/results.json", "results")
    let events = try toyMC()
    let setup = events.table.setup
    let entry = try FisherInformation.truth(
      events, at: events.point(Self.theta),
      space: InformationSpace(setup, handling: .keep, isConstrained: true),
      luminosity: Self.luminosity)
    let physics = try golden.numbers("B.truth.cov_phys", "corrected")
    let covariance = (0..<256).map { k -> Double in
      let place = [k / 64, k / 16 % 4, k / 4 % 4, k % 4]
      guard place.allSatisfy({ $0 < 2 }) else { return 0 }
      return physics[place[0] * 8 + place[1] * 4 + place[2] * 2 + place[3]]
    }
    let information = Information(
      parameterNames: ["t0", "t1"] + setup.nuisanceParameters.map(\.name),
      parameterUnits: ["", "", "", ""], isNuisance: [false, false, true, true],
      theta: Self.theta + [0, 0], luminosity: Self.luminosity,
      entries: [.init(name: "truth", matrix: entry.matrix, covariance: covariance)])
    let one = try information.profiled(keeping: ["t0"]).entries[0].covariance ?? []
    let exact = try golden.numbers("B.profiled.0.cov_mc_vs_delta", "delta_method")
    let toys = try golden.numbers("B.profiled.0.cov_mc_vs_delta", "mc_toys")
    #expect(deviation(one, exact) < 1e-6)
    // 20,000 toys know a variance to 1 %; the linear regime was scaled by 1e-3.
    #expect(deviation(one, toys) < 0.03)
  }

  /// σ(θ), σ(θ, ν) and σ at the first benchmark, of all events.
  @Test(.needsShared) func crossSections() throws {
    let golden = try Golden("inference/results.json", "results")
    let events = try toyMC()
    func sigma(_ theta: [Double], _ nu: [Double]) throws -> Double {
      try CrossSectionTable(events.table, points: [("", theta)], combination: nil, nu: nu).values[0]
        .value
    }
    let found = [
      try sigma(Self.theta, [0, 0]), try sigma(Self.theta, [0.5, -1]), try sigma([0, 0], [0, 0]),
    ]
    for (a, b) in zip(found, try golden.numbers("B.xsecs", "reference")) {
      #expect(relativeError(a, b) < 1e-12)
    }
  }

  /// From (r, φ) = (1, 0) to (1, 1) the way is the chord, not the circle that MadMiner's symbols keep to (length 1). The grid
  /// holds both points; the distance map leaves 1e-4.
  @Test(.needsShared) func polarEndpoint() throws {
    let golden = try Golden("inference/results.json", "results")
    let axes = [
      GridAxis(parameter: "r", lower: 0.5, upper: 1.5, count: 11),
      GridAxis(parameter: "phi", lower: -0.5, upper: 1.5, count: 17),
    ]
    var geometry = Geometry(
      axes: axes, parameterNames: ["r", "phi"], parameterUnits: ["", ""], theta: [0, 0],
      luminosity: 1, source: "formula", metric: [])
    for index in 0..<geometry.pointCount {
      let r = geometry.point(index)[0]
      geometry.metric += [1, 0, 0, r * r]
    }
    let distances = DistanceMap(try GridMetric(geometry), axes: axes).distances(from: [1, 0])
    let end = try #require(
      (0..<geometry.pointCount).first {
        let p = geometry.point($0)
        return abs(p[0] - 1) < 1e-9 && abs(p[1] - 1) < 1e-9
      })
    let straight = try golden.number("geometry.polar.endpoint", "straight_line_distance")
    #expect(abs(distances[end] - straight) < 1e-4)
    let shipped = try golden.number("geometry.polar.endpoint", "madminer_length")
    #expect(distances[end] < shipped - 0.04)
    // The geodesic that starts along the tangent leaves the circle: after the chord's length r is √(1 + s²).
    let path = GeodesicSolver(GeometryTests.polar).geodesic(
      from: [1, 0], direction: [0, 1], distance: straight, steps: 100)
    #expect(
      abs(path.points[path.points.count - 2] - (1 + straight * straight).squareRoot()) < 1e-8)
  }
}
