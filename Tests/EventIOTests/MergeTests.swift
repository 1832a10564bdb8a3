import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import EventIO

/// Small events tables that differ in one thing.
private struct Events: Sendable {
  var setup = Tables.setup
  var name = "a.h5"
  var key: UInt64 = 1
  var process = "wh"
  var kFactor = 1.0
  var rows = 10
  var extra: [String] = []
  var change: @Sendable (inout Header) -> Void = { _ in }

  var header: Header {
    var document = setup.document()
    SampleTable.write(
      [
        SampleRecord(
          file: "\(key).lhe", key: key, process: process, samplingBenchmark: 0,
          eventsRead: 2 * rows,
          eventsKept: rows, sumAbsoluteWeights: 2, sumWeights: 2, sumSquaredWeights: 0.4,
          kFactor: kFactor)
      ], to: &document)
    PartitionDefinition().write(to: &document, at: "sluice/partition")
    document.set("sample_summary/signal_events", [rows, 0])
    document.set("sample_summary/background_events", 0)
    var header = Header(
      kind: .events, document: document,
      fields: [
        Field(EventFields.observations, components: setup.observables.map(\.name)),
        Field(EventFields.weights, components: setup.weightNames, unit: "pb"),
        Field(EventFields.samplingBenchmark, .int64), Field(EventFields.sample, .int64),
        Field(EventFields.eventID, .int64),
      ])
    if !extra.isEmpty { header.fields.append(Field(EventFields.extraWeights, components: extra)) }
    change(&header)
    return header
  }

  /// A value is told by its row, and by the name of its component.
  private func value(_ name: String, _ row: Int) -> Double {
    Double(name.utf8.reduce(0) { $0 + Int($1) }) + Double(row) + 0.25 * Double(key)
  }

  var source: any Source {
    let header = header
    return MemorySource(
      name: name, header: header,
      batches: [
        Batch(
          count: rows,
          columns: header.fields.map { field in
            switch field.path {
            case EventFields.samplingBenchmark:
              .int64([Int64](repeating: Int64(setup.benchmarkIndex("sm") ?? 0), count: rows))
            case EventFields.sample: .int64([Int64](repeating: 0, count: rows))
            case EventFields.eventID:
              .int64((0..<rows).map { EventIdentity.id(sampleKey: key, index: $0) })
            default:
              .float64(
                (0..<rows).flatMap { row in (field.components ?? [""]).map { value($0, row) } })
            }
          })
      ])
  }
}

private struct Merged {
  var header: Header
  var document: Document
  var rows: Batch
  var warnings: [String]

  init(_ sources: [any Source], allowMissing: Bool = false) throws {
    let journal = Journal()
    let merge = try TableMerge(sources, allowMissing: allowMissing, journal: journal)
    let sink = MemorySink()
    try merge.write(to: sink)
    header = merge.header
    document = try #require(sink.document)
    var blocks = RowBlocks(header.fields, blockRows: 1 << 20)
    for batch in sink.batches { try blocks.add(batch) { _ in } }
    var all = Batch(count: 0, columns: [])
    try blocks.flush { all = $0 }
    rows = all
    warnings = journal.warnings.map(\.text)
  }

  func column(_ path: String) -> Column { rows.columns[header.index(of: path) ?? 0] }
}

@Suite struct MergeTests {
  @Test func samplesAreUnited() throws {
    let merged = try Merged([Events().source, Events(name: "b.h5", key: 2, rows: 5).source])
    let samples = try #require(try SampleTable.read(merged.document))
    #expect(samples.map(\.key) == [1, 2] && samples.map(\.eventsRead) == [20, 10])
    #expect(merged.document.integers("sample_summary/signal_events") == [15, 0])
    #expect(
      merged.column(EventFields.sample).integers == Array(repeating: 0, count: 10) + [
        1, 1, 1, 1, 1,
      ])
    #expect(Set(merged.column(EventFields.eventID).integers).count == 15)
    #expect(merged.warnings == [])
  }

  /// Another order of parameters, benchmarks and observables is no difference.
  @Test func columnsAreMatchedByName() throws {
    var other = Events(name: "b.h5", key: 2)
    let s = Tables.setup
    other.setup = Setup(
      name: s.name, parameters: s.parameters.reversed(),
      benchmarks: s.benchmarks.reversed().map {
        Benchmark(name: $0.name, values: $0.values.reversed())
      },
      observables: s.observables.reversed(), cuts: s.cuts, referenceBenchmark: 1)
    other.change = { header in
      var samples = (try? SampleTable.read(header.document)) ?? []
      samples[0].samplingBenchmark = 1
      SampleTable.write(samples, to: &header.document)
    }
    let merged = try Merged([Events().source, other.source])
    var straight = Events(name: "b.h5", key: 2)
    straight.rows = 10
    let expected = try Merged([Events().source, straight.source])
    #expect(sameBits(merged.rows, expected.rows))
    #expect(merged.document.exactJSON == expected.document.exactJSON)
  }

  /// What differs, and what the line must say.
  private static let differences: [(Events, String)] = {
    func changed(_ change: (inout Events) -> Void) -> Events {
      var events = Events(name: "b.h5", key: 2)
      change(&events)
      return events
    }
    return [
      (
        changed { $0.setup.parameters[0].maxPower = 4 },
        "parameter 'cHW' has another power, as in a.h5"
      ),
      (changed { $0.setup.benchmarks[1].values[0] = 0.6 }, "benchmark 'w' is at cHW=0.6"),
      (changed { $0.setup.benchmarks[1].name = "x" }, "no benchmark 'w'"),
      (
        changed { $0.setup.observables[0].expression = "l[1].pt" }, "observable 'pt_l' is 'l[1].pt'"
      ),
      (changed { $0.setup.observables[0].unit = "TeV" }, "is in 'TeV'"),
      (changed { $0.setup.observables.removeLast() }, "no observable 'm_ll'"),
      (changed { $0.setup.cuts = ["l[0].pt > 30"] }, "no cut 'l[0].pt > 20'"),
      (changed { $0.setup.efficiencies = ["0.5"] }, "there is an efficiency '0.5'"),
      (
        changed {
          $0.setup.morphing = MorphingSetup(components: [[0, 0]], matrix: [1], benchmarkCount: 1)
        }, "a morphing basis"
      ),
      (changed { $0.key = 1 }, "sample 1.lhe is there and in a.h5"),
      (changed { $0.kFactor = 2 }, "k-factors"),
      (changed { $0.change = { $0.fields[1].unit = "fb" } }, "in fb, and in pb in a.h5"),
      (changed { $0.change = { $0.fields[1].type = .float32 } }, "float32"),
      (
        changed { $0.change = { $0.document.set("sluice/setup/smearing/x", "y") } },
        "sluice/setup/smearing/x"
      ),
      (
        changed {
          $0.change = {
            PartitionDefinition(salt: 3).write(to: &$0.document, at: "sluice/partition")
          }
        }, "divided into train"
      ),
      (changed { $0.change = { $0.kind = .estimates } }, "of kind estimates"),
    ]
  }()

  @Test(arguments: differences.indices) func differencesAreNamed(index: Int) throws {
    let (other, says) = Self.differences[index]
    do {
      _ = try Merged([Events().source, other.source])
      Issue.record("merged in spite of: \(says)")
    } catch let problem as Problem {
      #expect(problem.kind == .data && problem.line.contains(says), "\(problem.line)")
      #expect(problem.line.contains("b.h5") && problem.remedy != nil, "\(problem.line)")
    }
  }

  @Test func eventsTwiceAreRefused() throws {
    var other = Events(name: "b.h5", key: 1)
    other.change = { header in
      var samples = (try? SampleTable.read(header.document)) ?? []
      samples[0].key = 9
      SampleTable.write(samples, to: &header.document)
    }
    do {
      _ = try Merged([Events().source, other.source])
      Issue.record("events are there twice")
    } catch let problem as Problem {
      #expect(problem.fact == "10 events are in a.h5 and in b.h5")
    }
  }

  /// Weights beyond benchmarks are united as lhe-read does: NaN where a file has none, and a warning.
  @Test func otherWeightsAreUnited() throws {
    var (a, b) = (Events(), Events(name: "b.h5", key: 2))
    a.extra = ["muf", "mur"]
    b.extra = ["mur", "pdf"]
    let merged = try Merged([a.source, b.source])
    #expect(merged.header.fields.last?.components == ["muf", "mur", "pdf"])
    let values = merged.column(EventFields.extraWeights).doubles
    #expect(values[2].isNaN && !values[0].isNaN && values[30].isNaN && !values[32].isNaN)
    #expect(
      merged.warnings.count == 2 && merged.warnings[1].contains("b.h5 has no weight muf"),
      "\(merged.warnings)")
  }

  @Test func salvageIsRemembered() throws {
    var b = Events(name: "b.h5", key: 2)
    b.change = { $0.document.set(StreamConvention.salvaged, 1) }
    let merged = try Merged([Events().source, b.source])
    #expect(merged.document.texts(StreamConvention.salvaged) == ["b.h5"])
  }

  /// Two runs of one process that disagree are combined, and warned of.
  @Test func disagreementIsWarnedOf() throws {
    var b = Events(name: "b.h5", key: 2)
    b.change = { header in
      var samples = (try? SampleTable.read(header.document)) ?? []
      samples[0].sumWeights = 20
      SampleTable.write(samples, to: &header.document)
    }
    #expect(
      try Merged([Events().source, b.source]).warnings.first?.contains("combined as runs") == true)
  }

  /// MadMiner's files have no sample table: each sampling benchmark of each file is a sample, and two runs average.
  @Test func filesOfMadMinerAverage() throws {
    func foreign(_ key: UInt64, _ name: String) -> Events {
      var events = Events(name: name, key: key)
      events.change = { header in
        header.document["sluice"] = nil
        header.fields.removeLast(2)
      }
      return events
    }
    let merged = try Merged([foreign(1, "a.h5").source, foreign(2, "b.h5").source])
    let samples = try #require(try SampleTable.read(merged.document))
    #expect(samples.map(\.file) == ["a.h5 (sm)", "b.h5 (sm)"] && samples[1].eventsRead == 10)
    #expect(Set(merged.column(EventFields.eventID).integers).count == 20)
    let table = try EventTable.load(
      MemorySource(
        header: Header(kind: .events, document: merged.document, fields: merged.header.fields),
        batches: [merged.rows]))
    let factors = try table.rowFactors(nil)
    let sigma = (0..<20).reduce(0) { $0 + factors[$1] * table.weights[2 * $1] }
    let sums = samples.map(\.sumWeights)
    // Between the two, and not their sum.
    #expect(sums[0] < sigma && sigma < sums[1])
    #expect(throws: Problem.self) {
      try Merged([foreign(1, "a.h5").source, foreign(1, "b.h5").source])
    }
  }

  @Test func partsMakeTheWholeAgain() throws {
    let folder = TemporaryFolder()
    let path = folder.file("whole.h5")
    try Tables.write(1000, to: path)
    let whole = try Tables.open(path)
    let all = try Tables.rows(whole)
    for rule in [TableSplit.Rule.parts(7), .rows(300), .parts(1000)] {
      let split = try TableSplit(Tables.open(path), by: rule, journal: Journal())
      #expect(split.parts.reduce(0) { $0 + $1.rows } == 1000)
      let sources = try split.parts.map { part in
        let sink = MemorySink()
        try split.write(part, to: sink)
        return MemorySource(name: part.name, header: part.header, batches: sink.batches)
      }
      let merged = try Merged(sources.reversed())
      #expect(sameBits(merged.rows, all))
      #expect(merged.document.exactJSON == whole.header.document.exactJSON)
    }
  }

  @Test func missingPartsAreListed() throws {
    let split = try TableSplit(Events().source, by: .parts(5), journal: Journal())
    func part(_ i: Int) throws -> any Source {
      let sink = MemorySink()
      try split.write(split.parts[i], to: sink)
      return MemorySource(
        name: "p\(i + 1).h5", header: split.parts[i].header, batches: sink.batches)
    }
    do {
      _ = try Merged([part(0), part(2)])
      Issue.record("parts are missing")
    } catch let problem as Problem {
      #expect(problem.fact == "parts 2, 4, 5 of 5 are missing")
      #expect(problem.remedy?.contains("--allow-missing") == true)
    }
    let some = try Merged([part(2), part(0)], allowMissing: true)
    #expect(some.rows.count == 4 && some.warnings.count == 1)
    #expect(try TablePart.read(some.document)?.numbers == [1, 3])
    // What is missing can be added later.
    let rest = MemorySource(
      name: "some.h5",
      header: Header(kind: .events, document: some.document, fields: some.header.fields),
      batches: [some.rows])
    let all = try Merged([rest, part(1), part(3), part(4)])
    #expect(all.rows.count == 10 && all.document[TablePart.path] == nil)
    do {
      _ = try Merged([part(0), part(0)])
      Issue.record("a part is there twice")
    } catch let problem as Problem {
      #expect(problem.fact.contains("part 1 of 5"))
    }
    #expect(throws: Problem.self) {
      try TableSplit(try part(0), by: .parts(2), journal: Journal())
    }
  }

  @Test func namesOfParts() throws {
    #expect(try OutputPattern("p-%03d.h5").path(number: 7, name: "x") == "p-007.h5")
    #expect(try OutputPattern("100%%-%d").path(number: 12, name: "x") == "100%-12")
    #expect(try OutputPattern("%s.h5").path(number: 1, name: "train") == "train.h5")
    for bad in ["p.h5", "%d-%d", "%x", "%", "%2s", "%123d"] {
      #expect(throws: Problem.self, "\(bad)") { try OutputPattern(bad) }
    }
  }

  /// Sums do not depend on the order of rows and columns, and those of parts add up.
  @Test func sumsAddUp() throws {
    let (a, b) = (Events(rows: 100), Events(name: "b.h5", key: 2, rows: 50))
    func sums(_ source: any Source) throws -> RowSums {
      try RowSums(reading: source, journal: Journal())
    }
    let merged = try Merged([b.source, a.source])
    let whole = try sums(
      MemorySource(
        header: Header(kind: .events, document: merged.document, fields: merged.header.fields),
        batches: [merged.rows]))
    var added = try sums(a.source)
    try added.add(sums(b.source), names: ("a", "b"))
    #expect(added == whole)
    #expect(RowSums(document: added.document) == added)
    // A value moved to another row changes nothing in its column, but the rows.
    let one = try #require(try a.source.next())
    var values = one.columns[1].doubles
    values.swapAt(0, 2)
    values.swapAt(1, 3)
    var moved = one
    moved.columns[1] = .float64(values)
    let changed = try sums(MemorySource(header: a.header, batches: [moved]))
    let own = try sums(a.source)
    #expect(changed.columns == own.columns && changed.weights == own.weights)
    #expect(changed.digest != own.digest)
    var other = own
    other.columns[0].name = "x"
    #expect(throws: Problem.self) { try added.add(other, names: ("a", "b")) }
  }
}
