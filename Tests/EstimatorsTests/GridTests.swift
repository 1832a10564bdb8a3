import Diagnostics
import EventModel
import Numerics
import Testing

@testable import Estimators

/// Many points for the same rows, and the spread over members.
@Suite struct GridTests {
  private static let points = Array(ExportModels.theta.prefix(10))

  /// Against point by point: the first layer sums in another order, so the digits of the scalar are left.
  @Test(arguments: [("float32", 1e-5), ("float64", 1e-13)])
  func gridsAgreeWithSinglePoints(precision: String, tolerance: Double) throws {
    let ratio = ExportModels.model(.ratio, precision: precision)
    let other = ExportModels.model(.ratio, precision: precision, variant: 1)
    let polynomial = ExportModels.model(
      .ratio, precision: precision, amplitudes: ExportModels.polynomial)
    let anchored = ExportModels.model(.ratio, precision: precision, isAnchored: true)
    var calibrated = ModelEnsemble(ratio)
    calibrated.calibration = Calibration(
      method: .expectation, points: [0, 0, 1, 0, 0, 1], scales: [1, 1], knots: [[0], [0], [0]],
      corrections: [[0.1], [0.2], [-0.3]], errors: [0, 0, 0], part: .all, eventsDigest: "")
    let ensembles = [
      [ModelEnsemble(ratio)], [try ModelEnsemble([ratio, other])], [calibrated],
      [ModelEnsemble(polynomial)], [ModelEnsemble(anchored)],
      [try ModelEnsemble([anchored, other])],
    ]
    for ensembles in ensembles {
      let estimator = try Estimator(ensembles, team: ThreadTeam(threads: 1))
      let grid = try estimator.logRatios(x: ExportModels.x, points: Self.points)
      for k in 0..<5 {
        let own = try estimator.logRatio(
          x: ExportModels.x, theta: Array(Self.points[2 * k..<2 * k + 2]))
        for (row, value) in own.enumerated() {
          #expect(abs(grid[row * 5 + k] - value) <= tolerance * max(1, abs(value)))
        }
      }
    }
  }

  /// learning.md 7.2: points in pairs; 7.3: many points cost one pass over the events.
  @Test func bitsDoNotDependOnThreadsOrCompanions() throws {
    let model = ExportModels.model(.ratio)
    // 3,000 rows are several pieces of work.
    var x: [Double] = []
    for row in 0..<3000 {
      let start = 3 * (row % 7)
      for k in 0..<3 { x.append(ExportModels.x[start + k] + Double(row) / 1000) }
    }
    let one = try Estimator([model], team: ThreadTeam(threads: 1))
      .logRatios(x: x, points: Self.points)
    for threads in [2, 3] {
      let estimator = try Estimator([model], team: ThreadTeam(threads: threads))
      #expect(try estimator.logRatios(x: x, points: Self.points) == one)
      // A part of the rows, and of the points.
      let part = try estimator.logRatios(
        x: Array(x[300..<600]), points: Array(Self.points[2..<6]))
      for row in 0..<100 {
        let start = (100 + row) * 5 + 1
        #expect(Array(part[2 * row..<2 * row + 2]) == Array(one[start..<start + 2]))
      }
    }
  }

  @Test func estimatesOfAnEnsembleHaveTheirSpread() throws {
    let members = (0..<3).map { ExportModels.model(.ratio, precision: "float64", variant: $0) }
    let estimator = try Estimator(
      [ModelEnsemble(members)], team: ThreadTeam(threads: 1))
    let points = (0..<2).map { ("p\($0)", Array(Self.points[2 * $0..<2 * $0 + 2])) }
    let rows = ExportModels.rows
    let source = MemorySource(
      header: Header(
        kind: .sample,
        document: SampleInfo(method: "test", theta1Values: [0.25, 0], setup: ExportModels.setup)
          .document,
        fields: [
          Field(SampleFields.x, components: ["x1", "x2", "x3"]),
          Field(SampleFields.theta0, components: ["a", "b"]),
        ]),
      batches: [
        Batch(count: rows, columns: [.float64(ExportModels.x), .float64(ExportModels.theta)])
      ])
    let run = EstimateRun(
      estimator: estimator, points: points, includesScore: false, part: .all, journal: Journal())
    let header = try run.header(for: source)
    #expect(header.fields.map(\.path) == ["log_r", "log_r_spread"])
    let sink = MemorySink()
    #expect(try run.run(source, to: sink) == rows)
    let singles = try estimator.members().map {
      try $0.logRatios(x: ExportModels.x, points: Array(Self.points.prefix(4)))
    }
    for i in 0..<2 * rows {
      let own = singles.map { $0[i] }
      let mean = own.reduce(0, +) / 3
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
      #expect(abs(sink.batches[0].columns[0].doubles[i] - mean) < 1e-12)
      #expect(abs(sink.batches[0].columns[1].doubles[i] - variance.squareRoot()) < 1e-12)
    }
  }
}
