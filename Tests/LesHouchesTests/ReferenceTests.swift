import Diagnostics
import EventIO
import EventModel
import Foundation
import Observables
import TestSupport
import Testing

@testable import LesHouches

/// Our W+H samples and MadMiner's toy files against numbers made independently (../shared/golden).
@Suite("Reference numbers of LHE reading", .needsShared)
struct ReferenceTests {
  static let observables = [
    ("pt_l", "l[0].pt"), ("pt_v", "met.pt"), ("pt_w", "(l[0] + met).pt"),
    ("mt_w", "sqrt(2 * l[0].pt * met.pt * (1 - cos(l[0].deltaphi(met))))"),
    ("m_bb", "(b[0] + b[1]).m"),
  ]
  static var setup: Setup {
    Setup(
      name: "wh",
      parameters: [
        Parameter(name: "cHW", lhaBlock: "SMEFT", lhaID: 7, range: -1...1),
        Parameter(name: "cHq3", lhaBlock: "SMEFT", lhaID: 25, range: -0.3...0.3),
      ],
      benchmarks: [
        Benchmark(name: "sm", values: [0, 0]), Benchmark(name: "chw_pos", values: [1, 0]),
        Benchmark(name: "chw_neg", values: [-1, 0]), Benchmark(name: "chq3_pos", values: [0, 0.3]),
        Benchmark(name: "chq3_neg", values: [0, -0.3]),
        Benchmark(name: "chw_pos_chq3_pos", values: [1, 0.3]),
      ], observables: observables.map { Observable(name: $0.0, expression: $0.1) })
  }
  /// Members of an object in a golden file, by their names on the way.
  static func golden(_ name: String, _ path: String...) throws -> Any {
    let data = try Data(contentsOf: URL(fileURLWithPath: Place.shared + "/golden/" + name))
    var node = try JSONSerialization.jsonObject(with: data)
    for part in path {
      let object = try #require(node as? [String: Any])
      node = try #require(object[part])
    }
    return node
  }
  static func read(
    _ inputs: [SampleInput], _ setup: Setup = setup, _ options: ReadingOptions = .init()
  )
    throws -> ReadText
  {
    let processor = EventProcessor(try Selection(setup))
    return try readSamples(inputs, setup: setup, options: options) { event, number, id, row in
      guard
        case .kept(let efficiency) = try processor.process(
          event, number: number, id: id, into: &row)
      else { return nil }
      return efficiency
    }
  }
  static func sums(_ result: ReadText, _ columns: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    for (i, w) in result.weights.enumerated() { sums[i % columns] += w }
    return sums
  }

  @Test("W+H at the standard model: 100,000 events, cross sections, observables")
  func standardModel() throws {
    let path = Place.shared + "/data/wh_smeft_sm.lhe.gz"
    var options = ReadingOptions()
    options.threads = 2
    let result = try Self.read(
      [SampleInput(role: .benchmark("sm"), file: path)], Self.setup, options)
    #expect(result.records[0].eventsRead == 100_000)
    #expect(result.warnings == [])
    #expect(result.records[0].weightDigits == 8)
    try Self.compareFirst(result, "wh/wh_smeft_sm.json", count: 100_000)
    let sums = Self.sums(result, 6)
    let points = try #require(
      try Self.golden("wh/wh_smeft_sm.json", "points") as? [String: [String: Any]])
    let sm = try #require(points["[0, 0]"]?["sigma_pb"] as? Double)
    // Sums of 10^5 numbers in another order: 1e-9 is wide.
    #expect(relativeError(sums[0], sm) < 1e-9)
    // All six: the polynomial of the benchmarks' sums at the other points of the file.
    let morphing = try #require(
      try Self.golden("wh/wh_smeft_sm.json", "morphing_matrix") as? [[Double]])
    let setup = MorphingSetup(
      components: [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0]],
      matrix: morphing.flatMap { $0 }, benchmarkCount: 6)
    for (name, values) in points {
      let theta = try #require(Self.point(name))
      let sigma = try #require(values["sigma_pb"] as? Double)
      let ours = zip(setup.weights(at: theta), sums).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(relativeError(ours, sigma) < 1e-9, "\(name)")
    }
  }

  @Test("the tiny sample, by its parameter card and from standard text")
  func tiny() throws {
    let path = Place.shared + "/data/wh_smeft_tiny.lhe"
    let result = try Self.read([SampleInput(role: .benchmarkOfCard, file: path)])
    #expect(result.warnings == [])
    try Self.compareFirst(result, "wh/wh_smeft_tiny.json", count: 200)
  }

  static func point(_ text: String) -> [Double]? {
    let numbers = text.filter { !"[] ".contains($0) }.split(separator: ",").map { Double($0) }
    return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
  }

  static func compareFirst(_ result: ReadText, _ file: String, count: Int) throws {
    let first = try #require(try golden(file, "first_events") as? [[String: Any]])
    for (row, event) in first.enumerated() {
      for (column, observable) in observables.enumerated() {
        let value = try #require(event[observable.0] as? Double)
        // The reference computes the same formulas in another order of operations.
        #expect(relativeError(result.observations[row * 5 + column], value) < 1e-9)
      }
      let weights = try #require(event["weights_pb"] as? [Double])
      for (b, weight) in weights.enumerated() {
        #expect(relativeError(result.weights[row * 6 + b] * Double(count), weight) < 1e-12)
      }
    }
  }

  @Test("both W+H samples and the background in one run")
  func several() throws {
    let data = Place.shared + "/data/"
    let result = try Self.read([
      SampleInput(role: .benchmark("chw_pos_chq3_pos"), file: data + "wh_smeft_bsm.lhe.gz"),
      SampleInput(process: "wbb", role: .background, file: data + "background.lhe.gz"),
      SampleInput(role: .benchmarkOfCard, file: data + "wh_smeft_tiny.lhe"),
    ])
    #expect(result.warnings == [])
    #expect(result.records.map(\.eventsKept) == [30_000, 20_000, 200])
    #expect(result.records.map(\.samplingBenchmark) == [5, -1, 0])
    #expect(result.records.map(\.process) == ["wh", "wbb", "wh"])
    // XWGTUP of every event is the cross section, printed with eight digits.
    #expect(relativeError(result.records[0].sumWeights, 0.11285814) < 1e-9)
    #expect(relativeError(result.records[1].sumWeights, 1.0913734) < 1e-9)
    #expect(Set(result.ids).count == 50_200)
  }

  @Test(
    "MadMiner's toy files: sums of weights, observables, k-factor, event_norm sum",
    arguments: [
      ("signal_sm.lhe", "sm"), ("signal_w.lhe", "w"), ("background.lhe", nil),
    ] as [(String, String?)])
  func toys(file: String, benchmark: String?) throws {
    let names = ["sm", "w"] + (2...5).map { "morphing_basis_vector_\($0)" }
    let expressions = try #require(
      try Self.golden("events/golden_events.json", "observable_expressions") as? [String: String])
    let chosen = expressions.filter {
      ["pt_j1", "eta_j1", "m_jj", "met", "scale", "n_j"].contains($0.key)
    }
    .sorted { $0.key < $1.key }
    var setup = Setup(
      name: "toy",
      parameters: [
        Parameter(name: "CWL2", lhaBlock: "dim6", lhaID: 2, range: -1...1),
        Parameter(name: "CPWL2", lhaBlock: "dim6", lhaID: 5, range: -1...1),
      ],
      benchmarks: [
        Benchmark(name: names[0], values: [0, 0]), Benchmark(name: names[1], values: [1, 0.1]),
        Benchmark(name: names[2], values: [-0.1773075022369992, -0.513]),
        Benchmark(name: names[3], values: [-0.741632164382501, 0.7148]),
        Benchmark(name: names[4], values: [0.11655304880783168, 0.7227]),
        Benchmark(name: names[5], values: [0.6622695308073918, -0.4359]),
      ])
    setup.observables = chosen.map { Observable(name: $0.key, expression: $0.value) }
    var options = ReadingOptions()
    if benchmark == nil { options.kFactors = try KFactors(parsing: ["1.2"]) }
    let result = try Self.read(
      [
        SampleInput(
          role: benchmark.map { .benchmark($0) } ?? .background,
          file: Place.shared + "/golden/events/lhe/" + file)
      ], setup, options)
    #expect(result.warnings == [])
    let reference = try #require(
      try Self.golden("events/golden_events.json", "files", file) as? [String: Any])
    let sums = try #require(reference["weight_sums_pb"] as? [String: Double])
    for (name, sum) in zip(names, Self.sums(result, 6)) {
      let expected = try #require(sums[name])
      #expect(relativeError(sum, expected) < 1e-9, "\(name)")
    }
    let events = try #require(reference["first_events"] as? [[String: Any]])
    for (row, event) in events.enumerated() {
      let observables = try #require(event["observables"] as? [String: Double])
      let weights = try #require(event["weights"] as? [String: Double])
      for (column, observable) in chosen.enumerated() {
        let expected = try #require(observables[observable.key])
        let ours = result.observations[row * chosen.count + column]
        #expect(relativeError(ours, expected) < 1e-9, "\(observable.key)")
      }
      for (b, name) in names.enumerated() {
        let expected = try #require(weights[name])
        #expect(relativeError(result.weights[row * 6 + b], expected) < 1e-12)
      }
    }
  }
}
