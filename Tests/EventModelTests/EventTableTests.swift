import Diagnostics
import EventModel
import Testing

@Suite struct EventTableTests {
  static let setup = Setup(
    parameters: [Parameter(name: "a", lhaBlock: "x", lhaID: 1, range: 0...1)],
    benchmarks: [Benchmark(name: "sm", values: [0]), Benchmark(name: "w", values: [1])],
    observables: [Observable(name: "x", expression: nil), Observable(name: "y", expression: nil)])

  static func source(
    sampling: [Int64]? = nil, samples: [SampleRecord] = [], indices: [Int64]? = nil,
    kind: Kind = .events
  ) -> MemorySource {
    var document = setup.document()
    if !samples.isEmpty { SampleTable.write(samples, to: &document) }
    var fields = [
      Field(EventFields.observations, components: ["x", "y"]),
      Field(EventFields.weights, components: ["sm", "w"]),
    ]
    var columns: [Column] = [.float64([1, 2, 3, 4, 5, 6]), .float64([1, 2, 3, 4, 5, 6])]
    if let sampling {
      fields.append(Field(EventFields.samplingBenchmark, .int64))
      columns.append(.int64(sampling))
    }
    if let indices {
      fields.append(Field(EventFields.sample, .int32))
      columns.append(.int32(indices.map { Int32($0) }))
    }
    return MemorySource(
      header: Header(kind: kind, document: document, fields: fields),
      batches: [Batch(count: 3, columns: columns)])
  }

  @Test func filesOfOtherProgramsHaveOneSampleForEachBenchmark() throws {
    let table = try EventTable.load(Self.source(sampling: [0, -1, 0]))
    #expect(!table.hasSampleTable && table.defaultCombination == .average)
    #expect(table.sampleIndices == [0, 1, 0])
    #expect(table.samples.map(\.samplingBenchmark) == [0, -1])
    #expect(table.samples.map(\.eventsRead) == [2, 1])
    #expect(try table.rowFactors(nil) == [1, 1, 1])
    #expect(table.observations == [1, 2, 3, 4, 5, 6])
    let mixed = try EventTable.load(Self.source(sampling: [0, 1, 0]), observables: ["y"])
    let expected: [Double] = [2 / 3, 1 / 3, 2 / 3]
    #expect(try mixed.rowFactors(nil) == expected)
    #expect(mixed.observations == [2, 4, 6] && mixed.observableNames == ["y"])
    #expect(try EventTable.load(Self.source(), observables: []).samples.count == 1)
  }

  @Test func badTablesAreRefused() {
    let record = SampleRecord(file: "f", samplingBenchmark: 0, eventsRead: 3)
    let sources: [(String, MemorySource, [String]?)] = [
      ("kind", Self.source(kind: .sample), nil),
      ("benchmark", Self.source(sampling: [0, 2, 0]), nil),
      ("sample", Self.source(samples: [record], indices: [0, 1, 0]), nil),
      ("negative sample", Self.source(samples: [record], indices: [0, -1, 0]), nil),
      ("observable", Self.source(), ["z"]),
    ]
    for (name, source, observables) in sources {
      let problem = #expect(throws: Problem.self, "\(name)") {
        try EventTable.load(source, observables: observables)
      }
      #expect(problem?.kind == .data && problem?.file == "memory", "\(name)")
    }
  }

  @Test func aSampleWithoutRowsInAPartIsNotLost() throws {
    let record = SampleRecord(file: "f", samplingBenchmark: 0, eventsRead: 3)
    var table = try EventTable.load(Self.source(samples: [record, record], indices: [0, 0, 1]))
    table.eventIDs = []
    let (rows, factors) = try table.rows(in: .all)
    #expect(rows == [0, 1, 2] && factors == [1, 1])
    // Rows 0 and 1 are train: the second sample has none there.
    let problem = #expect(throws: Problem.self) { try table.rows(in: .train) }
    #expect(problem?.kind == .data)
    table.sampleIndices = [0, 0, 0]
    #expect(try table.rows(in: .train).sampleFactors == [1.5, 1])
  }
}
