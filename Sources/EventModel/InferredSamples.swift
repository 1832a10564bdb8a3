import Diagnostics

/// The samples of a file that has no sample table: one for each sampling benchmark, of the rows that are there.
///
/// Nothing is known of the events that were cut away, so counts and sums are those of the rows.
public struct InferredSamples: Sendable {
  public private(set) var records: [SampleRecord] = []
  private let setup: Setup
  private let file: String
  private let key: UInt64
  private var indexOf: [Int64: Int32] = [:]

  /// - Parameter key: of the file; a sample's is made of it and its benchmark. 0 where no key is needed.
  public init(_ setup: Setup, file: String, key: UInt64 = 0) {
    self.setup = setup
    self.file = file
    self.key = key
  }

  /// Adds a row of the benchmark with this index (−1: background) and returns the index of its sample.
  ///
  /// - Parameter weight: of the row at a benchmark. Throws `.data` for a benchmark that the setup has not.
  public mutating func add(
    benchmark: Int64, row: Int, weight: (_ benchmark: Int) -> Double
  ) throws -> Int32 {
    guard benchmark < Int64(setup.benchmarks.count) else {
      throw Problem(
        .data, "sampling benchmark \(benchmark) is not in the setup", file: file,
        place: "row \(row + 1)")
    }
    let s = indexOf[benchmark] ?? newSample(benchmark)
    let w = weight(max(0, Int(benchmark)))
    records[Int(s)].eventsRead += 1
    records[Int(s)].eventsKept += 1
    records[Int(s)].sumAbsoluteWeights += abs(w)
    records[Int(s)].sumWeights += w
    records[Int(s)].sumSquaredWeights += w * w
    return s
  }

  private mutating func newSample(_ benchmark: Int64) -> Int32 {
    let s = Int32(records.count)
    indexOf[benchmark] = s
    let isBackground = benchmark < 0
    let name = isBackground ? "background" : setup.benchmarks[Int(benchmark)].name
    records.append(
      SampleRecord(
        file: "\(file) (\(name))",
        key: key == 0
          ? 0 : UInt64(bitPattern: EventIdentity.id(sampleKey: key, index: Int(benchmark))),
        process: isBackground ? "background" : setup.name,
        samplingBenchmark: isBackground ? -1 : Int(benchmark),
        normalisation: "of another program"))
    return s
  }
}
