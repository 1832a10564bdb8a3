import EventModel
import Morphing
import TestSupport
import Testing

/// Weights of our own LHE samples, taken out of the text without the scanner under test elsewhere.
enum Samples {
  static let names = ["sm", "chw_pos", "chw_neg", "chq3_pos", "chq3_neg", "chw_pos_chq3_pos"]
  static let points: [[Double]] = [[0, 0], [1, 0], [-1, 0], [0, 0.3], [0, -0.3], [1, 0.3]]

  static let setup: Setup = {
    var setup = Setup(
      name: "wh",
      parameters: [
        Parameter(name: "cHW", lhaBlock: "smeft", lhaID: 7, range: -1...1),
        Parameter(name: "cHq3", lhaBlock: "smeft", lhaID: 25, range: -0.3...0.3),
      ],
      benchmarks: zip(names, points).map { Benchmark(name: $0, values: $1) })
    let components = MorphingComponents.exponents(maxPowers: [2, 2], maxTotalPower: 2)
    setup.morphing =
      try? BasisFit(
        components: components, parameters: setup.parameters, benchmarks: setup.benchmarks
      ).morphing
    return setup
  }()

  /// The weights of every event by id, each divided by the number of events (event_norm average).
  static func weights(_ name: String) throws -> [[Double]] {
    let path = Place.shared + "/data/" + name
    let pattern = names.map { "-e \"id='\($0)'>\"" }.joined(separator: " ")
    let outcome = run("bash", ["-c", "gzip -dcf '\(path)' | grep -F \(pattern) -e '<event'"])
    try #require(outcome.status == 0, "\(path) cannot be read")
    var events: [[Double]] = []
    for line in outcome.text.split(separator: "\n") {
      if line.hasPrefix("<event") {
        events.append([Double](repeating: .nan, count: names.count))
        continue
      }
      let parts = line.split(whereSeparator: { $0 == "'" || $0 == ">" || $0 == "<" })
      guard parts.count >= 3, let k = names.firstIndex(of: String(parts[1])),
        let value = Double(parts[2].split(separator: " ").joined()), !events.isEmpty
      else { continue }
      events[events.count - 1][k] = value
    }
    let n = Double(events.count)
    return events.map { $0.map { $0 / n } }
  }

  /// A table of one sample for each (file, sampling benchmark).
  static func table(_ files: [(name: String, benchmark: Int)]) throws -> EventTable {
    var records: [SampleRecord] = []
    var weights: [Double] = []
    var indices: [Int32] = []
    for (s, file) in files.enumerated() {
      let events = try Self.weights(file.name)
      let own = events.map { $0[file.benchmark] }
      records.append(
        SampleRecord(
          file: file.name, process: "wh", samplingBenchmark: file.benchmark,
          eventsRead: events.count, eventsKept: events.count,
          sumAbsoluteWeights: own.reduce(0) { $0 + abs($1) }, sumWeights: own.reduce(0, +),
          sumSquaredWeights: own.reduce(0) { $0 + $1 * $1 }))
      weights += events.flatMap { $0 }
      indices += [Int32](repeating: Int32(s), count: events.count)
    }
    return EventTable(
      setup: setup, samples: records, count: indices.count, weights: weights,
      sampleIndices: indices)
  }

  static let wh = Result { try table([("wh_smeft_sm.lhe.gz", 0)]) }
  static let both = Result { try table([("wh_smeft_sm.lhe.gz", 0), ("wh_smeft_bsm.lhe.gz", 5)]) }
}
