import Diagnostics
import EventModel
import Morphing
import TestSupport
import Testing

@Suite struct CheckTests {
  /// Five benchmarks for three components; one event of three has a cubic term.
  static func table(cubic: Double, digits: Int = 8) throws -> EventTable {
    let points: [Double] = [0, 1, -1, 0.5, -0.5]
    var setup = Setup(
      parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: -1...1)],
      benchmarks: points.enumerated().map {
        Benchmark(name: "b\($0.offset)", values: [$0.element])
      })
    setup.morphing = try BasisFit(
      components: [[0], [1], [2]], parameters: setup.parameters,
      benchmarks: Array(setup.benchmarks.prefix(3))
    ).morphing
    var weights: [Double] = []
    for (slope, term) in [(0.3, 0), (-0.5, cubic), (0.1, 0)] {
      weights += points.map { x in
        let amplitude = 1 + slope * x
        return amplitude * amplitude + term * x * x * x
      }
    }
    return EventTable(
      setup: setup,
      samples: [
        SampleRecord(file: "f", samplingBenchmark: 0, eventsRead: 3, weightDigits: digits)
      ], count: 3, weights: weights, sampleIndices: [0, 0, 0])
  }

  static func check(_ table: EventTable, tolerance: Double? = nil) throws -> MorphingCheck {
    try MorphingCheck(
      table, factors: [1, 1, 1], points: [("sm", [0]), ("far", [0.9])], tolerance: tolerance)
  }

  @Test func benchmarksBeyondTheBasisTestTheClosure() throws {
    let good = try Self.check(try Self.table(cubic: 0))
    #expect(good.isTested && good.failures.isEmpty)
    #expect(good.closures.map(\.isTrivial) == [true, true, true, false, false])
    #expect(good.matrixError < 1e-15)
    let bad = try Self.check(try Self.table(cubic: 0.1))
    #expect(bad.failures.map(\.benchmark) == ["b3", "b4"])
    #expect(bad.failures.map(\.eventsBeyondTolerance) == [1, 1])
    #expect(bad.failures[0].worstRow == 2)
    // The quadratic through −1, 0, 1 takes x³ for x: at ½ it is off by (½ − ⅛) · 0.1.
    #expect(bad.failures[0].largestDeviation > 0.02 && bad.failures[0].largestDeviation < 0.06)
    #expect(try Self.check(try Self.table(cubic: 0.1), tolerance: 0.1).failures.isEmpty)
  }

  @Test func theToleranceFollowsTheDigitsOfTheWeights() throws {
    #expect(try Self.check(try Self.table(cubic: 0)).tolerance == 2e-6)
    #expect(try Self.check(try Self.table(cubic: 0, digits: 5)).tolerance == 2e-3)
    #expect(try Self.check(try Self.table(cubic: 0, digits: 0)).digits == nil)
  }

  @Test func pointsAreDescribed() throws {
    let table = try Self.table(cubic: 0)
    let check = try Self.check(table)
    let morphing = try #require(table.setup.morphing)
    let w = morphing.weights(at: [0.9])
    #expect(check.points[0].squaredWeights == 1)
    #expect(abs(check.points[1].squaredWeights - w.reduce(0) { $0 + $1 * $1 }) < 1e-15)
    #expect(check.points.allSatisfy { $0.negativeFraction == 0 })
    #expect(check.points[1].effectiveByLargestShare <= check.points[1].crossSection.effectiveEvents)
    #expect(check.points[0].roundingError == 5e-8)
  }

  @Test func aMatrixThatIsNotTheInverseShows() throws {
    var table = try Self.table(cubic: 0)
    table.setup.morphing?.matrix[0] += 1e-3
    #expect(try Self.check(table).matrixError > 5e-4)
    table.setup.morphing = nil
    #expect(throws: Problem.self) { try Self.check(table) }
  }

  /// Columns of morphed weights sum to σ(θ), in batches and for files of other programs.
  @Test(arguments: [true, false]) func morphedWeightsSumToTheCrossSection(
    _ withSamples: Bool
  ) throws {
    let table = try Self.table(cubic: 0)
    var document = table.setup.document()
    var fields = [
      Field(EventFields.weights, components: table.setup.weightNames),
      Field(EventFields.samplingBenchmark, .int64),
    ]
    if withSamples {
      SampleTable.write(table.samples, to: &document)
      fields += [Field(EventFields.sample, .int32), Field(EventFields.eventID, .int64)]
    }
    let batches = [0..<2, 2..<3].map { (rows: Range<Int>) in
      var columns: [Column] = [
        .float64(Array(table.weights[rows.lowerBound * 5..<rows.upperBound * 5])),
        .int64(rows.map { _ in 0 }),
      ]
      if withSamples {
        columns += [.int32(rows.map { _ in 0 }), .int64(rows.map { Int64($0) })]
      }
      return Batch(count: rows.count, columns: columns)
    }
    let source = MemorySource(
      header: Header(kind: .events, document: document, fields: fields), batches: batches)
    let morphed = MorphedEvents(points: [("a", [0.2]), ("b", [-0.7])], combination: nil)
    let header = try morphed.header(for: source)
    let sink = MemorySink()
    try morphed.run(source, to: sink, journal: Journal())
    let index = try #require(header.index(of: MorphedEvents.path))
    #expect((header.index(of: "event_id") != nil) == withSamples)
    let values = sink.batches.flatMap { $0.columns[index].doubles }
    #expect(values.count == 6)
    let sums = try WeightSums(table, factors: [1, 1, 1])
    for (k, theta) in [[0.2], [-0.7]].enumerated() {
      let total = (0..<3).reduce(0) { $0 + values[$1 * 2 + k] }
      #expect(abs(total - (try sums.crossSection(at: theta).value)) < 1e-14)
    }
  }

  @Test func negativeCrossSectionsNameThePoint() throws {
    var table = try Self.table(cubic: 0)
    // σ(θ) = 1 − 3θ
    table.weights = [1, -2, 4, 1, 1] + [Double](repeating: 0, count: 10)
    let events = table
    let problem = #expect(throws: Problem.self) {
      try CrossSectionTable(
        events, points: [("ok", [0]), ("bad", [0.9])], combination: nil)
    }
    #expect(problem?.kind == .data)
    #expect(problem?.fact.contains("bad") == true)
  }
}
