import Diagnostics
import EventIO
import EventModel
import TestSupport
import Testing

/// A folder with the example's analysis and events of the small sample, made by the commands.
struct Analysed {
  let folder = TemporaryFolder()
  static let analysis = Place.root + "/Examples/wh/analysis.yaml"
  static let sample = Place.root + "/Tests/Fixtures/wh_200.lhe.gz"

  /// `events` false makes the setup only.
  init(events: Bool = true) {
    expectSuccess(self("morph setup \(Self.analysis) -o setup.h5"))
    guard events else { return }
    expectSuccess(self("lhe-read --setup setup.h5 --sample sm:\(Self.sample) -o events.h5"))
  }

  func callAsFunction(_ line: String, input: [UInt8] = []) -> Outcome {
    shell(line, in: folder.path, input: input)
  }

  func expectSuccess(_ outcome: Outcome) {
    #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
  }

  /// One line with the text, this status, and nothing left behind.
  func expectFailure(
    _ line: String, _ status: Int32, _ text: String, input: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = folder.contents
    let outcome = self(line, input: input)
    #expect(
      outcome.status == status && outcome.error.contains(text),
      "\(line): \(outcome.status) \(outcome.error)", sourceLocation: sourceLocation)
    // The parser of options adds where help is.
    let lines = outcome.error.split(separator: "\n").filter { !$0.hasPrefix("see '") }
    #expect(lines.count == 1, "\(outcome.error)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(folder.contents == before, sourceLocation: sourceLocation)
  }

  func header(_ name: String, _ kind: Kind) throws -> Header {
    try Input.readHeader(folder.file(name), expecting: [kind], journal: Journal())
  }
  func table(_ name: String) throws -> EventTable {
    try EventTable.load(
      Input.openTable(folder.file(name), expecting: [.events], journal: Journal()))
  }
  /// Columns of a table by path.
  func columns(_ name: String, _ kind: Kind) throws -> [String: Column] {
    let source = try Input.openTable(
      folder.file(name), expecting: [kind], journal: Journal())
    var values: [[Double]] = source.header.fields.map { _ in [] }
    while let batch = try source.next() {
      for (i, column) in batch.columns.enumerated() { values[i] += column.doubles }
    }
    return Dictionary(
      uniqueKeysWithValues: zip(source.header.fields.map(\.path), values.map(Column.float64)))
  }
}

/// Rows of a text table as lists of cells, the header left out.
private func cells(_ outcome: Outcome) -> [[String]] {
  outcome.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
    $0.split(separator: " ").map(String.init)
  }
}

@Suite struct MorphTests {
  @Test func theExampleSetupNeedsNoMoreBenchmarks() throws {
    let bench = Analysed(events: false)
    let setup = try Setup(document: bench.header("setup.h5", .setup).document)
    #expect(setup.name == "wh" && setup.benchmarks.count == 6)
    #expect(setup.morphing?.components.count == 6)
    #expect(setup.observables.contains { $0.name == "pt_w" })
    let said = bench("morph setup \(Analysed.analysis) -o other.h5 -v --no-provenance")
    #expect(said.error.contains("condition number 8.07"))
  }

  static let open = """
    parameters:
      a: {block: X, id: 1, range: [-2, 2]}
      b: {block: X, id: 2, range: [0, 0.001]}
    max-overall-power: 2
    benchmarks:
      sm: {a: 0, b: 0}
    observables:
      pt: l[0].pt

    """

  @Test func missingBenchmarksAreFound() throws {
    let bench = Analysed(events: false)
    let text = Array(Self.open.utf8)
    for name in ["one.h5", "again.h5"] {
      bench.expectSuccess(
        bench("morph setup - -o \(name) --seed 1 --no-provenance", input: text))
    }
    let first = try Setup(document: bench.header("one.h5", .setup).document)
    #expect(first.benchmarks.map(\.name).dropFirst().first == "morphing_basis_vector_1")
    #expect(first.benchmarks.count == 6 && first.benchmarks[0].name == "sm")
    #expect(bench("cmp one.h5 again.h5").status == 0)
  }

  @Test func badAnalysesNameTheirPlace() {
    let bench = Analysed(events: false)
    func fail(_ change: (String) -> String, _ text: String) {
      bench.expectFailure(
        "morph setup - -o bad.h5", 65, text, input: Array(change(Self.open).utf8))
    }
    fail({ $0.replacing("l[0].pt", with: "l[0].pt +") }, "line 8, observable pt, column")
    fail({ $0.replacing("l[0].pt", with: "l[0].nonsense") }, "line 8, observable pt, column 6")
    fail({ $0 + "cuts: [pt]\n" }, "line 9, cut 1")
    fail({ $0.replacing("range: [-2, 2]", with: "range: [2, -2]") }, "line 2")
    fail({ $0 + "basis: {complete: false}\n" }, "too few for 6")
    fail({ $0.replacing("a: 0, b: 0", with: "a: 0") }, "line 6")
    fail({ _ in "parameters: [" }, "line")
    fail({ _ in "" }, "empty")
    let conic = (0..<6).map { "  p\($0): {a: \($0), b: \(Double($0 * $0) / 1e4)}\n" }.joined()
    fail({ $0.replacing("  sm: {a: 0, b: 0}\n", with: conic) }, "condition number")
    bench.expectFailure("morph setup absent.yaml -o bad.h5", 66, "absent.yaml")
    bench.expectFailure("morph setup \(Analysed.analysis)", 64, "-o FILE")
  }

  @Test func crossSectionsAtBenchmarksPointsAndGrids() throws {
    let bench = Analysed()
    let table = try bench.table("events.h5")
    let rows = cells(bench("morph cross-section events.h5"))
    #expect(rows.map { $0[0] } == table.setup.benchmarks.map(\.name))
    for (b, row) in rows.enumerated() {
      let sum = stride(from: b, to: table.weights.count, by: table.weightCount).reduce(0.0) {
        $0 + table.weights[$1]
      }
      // Nine printed digits.
      #expect(relativeError(try #require(Double(row[3])), sum) < 1e-8)
    }
    // All weights of the sampling benchmark are equal: Poisson error σ/√n, n_eff = n.
    let sm = rows[0]
    #expect(Double(sm[6]) == Double(table.count))
    #expect(
      relativeError(
        try #require(Double(sm[4])),
        try #require(Double(sm[3])) / Double(table.count).squareRoot()) < 1e-8)
    let grid = cells(bench("morph cross-section events.h5 --grid cHW=-1:1:3 --theta sm"))
    #expect(grid.map { $0[1] } == ["0", "-1", "0", "1"])
    #expect(grid[1][3] == rows[2][3] && grid[3][3] == rows[1][3])
    bench.expectFailure("cat events.h5 | morph cross-section --json", 65, "HDF5")
    let stream = bench("events convert events.h5 -O stream | morph cross-section --json")
    #expect(stream.status == 0 && stream.text.contains("error_fixed_size"))
  }

  @Test func badPointsAndNegativeCrossSectionsAreRefused() {
    let bench = Analysed()
    bench.expectFailure("morph cross-section events.h5 --theta nowhere", 64, "nowhere")
    bench.expectFailure("morph cross-section events.h5 --theta cHb=1", 64, "cHb")
    bench.expectFailure("morph cross-section events.h5 --grid cHW=1:0:3", 64, "cHW=1:0:3")
    bench.expectFailure("morph cross-section absent.h5", 66, "absent.h5")
    bench.expectFailure("morph cross-section setup.h5", 65, "setup")
    bench.expectFailure("morph weights events.h5", 64, "--theta")
  }

  @Test func weightsSumToTheCrossSection() throws {
    let bench = Analysed()
    let points = "--theta cHW=0.3,cHq3=0.05 --theta chq3_pos"
    bench.expectSuccess(bench("morph weights events.h5 \(points) -o weights.h5"))
    let rows = cells(bench("morph cross-section events.h5 \(points)"))
    let columns = try bench.columns("weights.h5", .estimates)
    let values = try #require(columns["dsigma"]).doubles
    let table = try bench.table("events.h5")
    #expect(values.count == 2 * table.count)
    for k in 0..<2 {
      let sum = stride(from: k, to: values.count, by: 2).reduce(0.0) { $0 + values[$1] }
      #expect(relativeError(try #require(Double(rows[k][3])), sum) < 1e-8)
    }
    #expect(try #require(columns["event_id"]).count == table.count)
  }

  @Test func theCheckSaysNoWithStatusOne() throws {
    let bench = Analysed()
    let fine = bench("morph check events.h5")
    #expect(fine.status == 0 && fine.text.contains("not tested"))
    // A seventh benchmark, whose column is made wrong in some events, and one that is right.
    var table = try bench.table("events.h5")
    for (scale, status) in [(1.0, Int32(0)), (1.01, 1)] {
      let source = try Input.openTable(
        bench.folder.file("events.h5"), expecting: [.events], journal: Journal())
      var header = source.header
      var setup = try Setup(document: header.document)
      let morphing = try #require(setup.morphing)
      setup.benchmarks.append(Benchmark(name: "extra", values: [0.5, 0.1]))
      for name in ["parameters", "benchmarks", "morphing", "observables"] {
        header.document[name] = setup.document()[name]
      }
      let w = morphing.weights(at: [0.5, 0.1])
      let index = try #require(header.index(of: EventFields.weights))
      header.fields[index].components = setup.weightNames
      let sink = try Output.openTable(
        bench.folder.file("seven.h5"), header: header,
        options: OutputOptions(format: .hdf5))
      while var batch = try source.next() {
        let old = batch.columns[index].doubles
        var new: [Double] = []
        for row in 0..<batch.count {
          let weights = old[row * 6..<row * 6 + 6]
          let sum = zip(weights, w).reduce(0) { $0 + $1.0 * $1.1 }
          new += weights + [row == 3 ? scale * sum : sum]
        }
        batch.columns[index] = .float64(new)
        try sink.write(batch)
      }
      try sink.finish()
      let outcome = bench("morph check seven.h5")
      #expect(outcome.status == status, "\(outcome.error)")
      #expect(outcome.text.contains(status == 0 ? "holds" : "fails"))
      if status == 1 { #expect(outcome.error.contains("extra, row 4")) }
      table = try bench.table("seven.h5")
      #expect(table.benchmarkCount == 7)
    }
    bench.expectFailure("morph check events.h5 --tolerance 0", 64, "--tolerance")
  }
}
