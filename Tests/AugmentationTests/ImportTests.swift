import Diagnostics
import EventModel
import TestSupport
import Testing

@testable import Augmentation

@Suite struct ImportTests {
  static let table = Header(
    kind: .events,
    fields: [
      Field("pos"), Field("m"), Field("side", .int64), Field("lr"), Field("grad"),
      Field("pair", components: ["u", "v"]), Field("run", .int64),
    ])

  static func source(_ change: (inout [Column]) -> Void = { _ in }) -> MemorySource {
    var columns: [Column] = [
      .float64([1, 2, 3]), .float64([0.1, 0.2, 0.3]), .int64([0, 1, 0]),
      .float64([0.5, -.infinity, 0]), .float64([1, 2, 3]), .float64([1, 2, 3, 4, 5, 6]),
      .int64([7, 7, 8]),
    ]
    change(&columns)
    return MemorySource(header: table, batches: [Batch(count: 3, columns: columns)])
  }

  static func plan() -> ImportPlan {
    var plan = ImportPlan(
      parameters: [Parameter(name: "mass", lhaBlock: "", lhaID: 0, range: 0...1)],
      x: ["pos", "pair"])
    plan.theta0 = .columns(["m"])
    plan.theta1 = .point([0.5])
    plan.y = "side"
    plan.logRatio = "lr"
    plan.score0 = ["grad"]
    plan.eventID = "run"
    return plan
  }

  static func load(
    _ plan: ImportPlan, _ source: MemorySource
  ) throws -> (Header, [String: Column]) {
    var job = try SampleImport(plan, table: table, file: "runs.tsv")
    let sink = MemorySink()
    _ = try job.write(source, to: sink)
    return (
      job.header,
      Dictionary(
        uniqueKeysWithValues: zip(job.header.fields.map(\.path), sink.batches[0].columns))
    )
  }

  @Test func columnsBecomeThoseOfASample() throws {
    let (header, rows) = try Self.load(Self.plan(), Self.source())
    #expect(header.kind == .sample)
    #expect(header.fields[0].components == ["pos", "u", "v"])
    #expect(rows["x"] == .float64([1, 1, 2, 2, 3, 4, 3, 5, 6]))
    #expect(rows["theta0"] == .float64([0.1, 0.2, 0.3]))
    #expect(rows["theta1"] == .float64([0.5, 0.5, 0.5]))
    #expect(rows["y"] == .int32([0, 1, 0]))
    #expect(rows["log_r_xz"] == .float64([0.5, -.infinity, 0]))
    #expect(rows["t_xz0"] == .float64([1, 2, 3]))
    #expect(rows["event_id"] == .int64([7, 7, 8]))
    let info = try SampleInfo(document: header.document)
    #expect(info.method == "import" && info.theta1Values == [0.5])
    #expect(info.setup.parameterNames == ["mass"] && info.setup.parameters[0].range == 0...1)
  }

  @Test func rowsWithoutAnIdentityAreEventsOfTheirOwn() throws {
    var plan = Self.plan()
    plan.eventID = nil
    let (_, rows) = try Self.load(plan, Self.source())
    #expect(Set(try #require(rows["event_id"]).integers).count == 3)
  }

  @Test(arguments: ["x", "theta", "y", "ratio", "score"])
  func whatIsNoNumberIsNamed(_ what: String) throws {
    let source = Self.source { columns in
      switch what {
      case "x": columns[0] = .float64([1, .nan, 3])
      case "theta": columns[1] = .float64([0, .infinity, 0])
      case "y": columns[2] = .int64([0, 2, 0])
      case "ratio": columns[3] = .float64([0, .nan, 0])
      default: columns[4] = .float64([0, -.infinity, 0])
      }
    }
    let problem = #expect(throws: Problem.self) { try Self.load(Self.plan(), source) }
    #expect(problem?.kind == .data && problem?.place == "row 2" && problem?.file == "runs.tsv")
  }

  @Test func whatDoesNotFitIsWrongUsage() {
    func expect(_ kind: Problem.Kind, _ change: (inout ImportPlan) -> Void) {
      var plan = Self.plan()
      change(&plan)
      let problem = #expect(throws: Problem.self) { try Self.load(plan, Self.source()) }
      #expect(problem?.kind == kind && problem?.remedy != nil)
    }
    expect(.data) { $0.x = ["nowhere"] }
    expect(.usage) { $0.x = [] }
    expect(.usage) { $0.theta0 = .columns(["m", "pos"]) }
    expect(.usage) { $0.theta0 = nil }
    expect(.usage) { $0.theta1 = nil }
    expect(.usage) { $0.y = nil }
    expect(.usage) { $0.score0 = ["grad", "m"] }
    expect(.usage) { $0.logRatio = "pair" }
    expect(.usage) { $0.score1 = ["grad", "grad"] }
  }
}
