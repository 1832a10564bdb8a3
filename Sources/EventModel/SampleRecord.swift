import Diagnostics

/// One generated sample inside an events file: a row of the sample table.
public struct SampleRecord: Sendable, Equatable {
  /// File the events came from, as given by the user.
  public var file: String
  /// XXH64 of the decompressed bytes before the first event and the first event.
  public var key: UInt64
  /// Physics process; samples of one process are combined, different processes add.
  public var process: String
  /// Index of the benchmark the events were drawn from; −1 for a background.
  public var samplingBenchmark: Int
  /// n_s, events in the file before cuts.
  public var eventsRead: Int
  public var eventsKept: Int
  /// Σ|w| of the sampling weight before cuts, efficiencies and k-factor [pb]: the sample's own σ_s.
  public var sumAbsoluteWeights: Double
  /// Σw and Σw² of the sampling weight before cuts, efficiencies and k-factor [pb, pb²].
  public var sumWeights: Double
  public var sumSquaredWeights: Double
  public var kFactor: Double
  /// The rule that turned file weights into pb: `average (IDWTUP -4, event_norm average)` …
  public var normalisation: String
  /// XSECUP and XERRUP summed over subprocesses [pb]; NaN where the file does not say.
  public var declaredCrossSection: Double
  public var declaredError: Double
  /// The significant digits that the file's weights carry; 0 where not measured.
  public var weightDigits: Int
  /// Events before cuts whose sampling weight is negative; nil in tables from before it was counted.
  public var negativeWeights: Int?
  /// What a weight of the file was multiplied by to be in pb, k-factor included; nil in tables from before it was kept.
  public var weightFactor: Double?

  public init(
    file: String, key: UInt64 = 0, process: String = "", samplingBenchmark: Int,
    eventsRead: Int = 0, eventsKept: Int = 0, sumAbsoluteWeights: Double = 0,
    sumWeights: Double = 0, sumSquaredWeights: Double = 0, kFactor: Double = 1,
    normalisation: String = "unknown", declaredCrossSection: Double = .nan,
    declaredError: Double = .nan, weightDigits: Int = 0, negativeWeights: Int? = nil,
    weightFactor: Double? = nil
  ) {
    self.file = file
    self.key = key
    self.process = process
    self.samplingBenchmark = samplingBenchmark
    self.eventsRead = eventsRead
    self.eventsKept = eventsKept
    self.sumAbsoluteWeights = sumAbsoluteWeights
    self.sumWeights = sumWeights
    self.sumSquaredWeights = sumSquaredWeights
    self.kFactor = kFactor
    self.normalisation = normalisation
    self.declaredCrossSection = declaredCrossSection
    self.declaredError = declaredError
    self.weightDigits = weightDigits
    self.negativeWeights = negativeWeights
    self.weightFactor = weightFactor
  }

  public var isBackground: Bool { samplingBenchmark < 0 }
  /// Share of the events before cuts that have a negative weight.
  public var negativeFraction: Double? {
    negativeWeights.map { Double($0) / Double(max(1, eventsRead)) }
  }
  /// (Σw)²/Σw², the number of events of equal weight that tell as much of the cross section (Kish).
  public var effectiveEvents: Double {
    sumSquaredWeights > 0 ? sumWeights * sumWeights / sumSquaredWeights : Double(eventsRead)
  }
  /// (Σ|w|)²/Σw²: the number of events where all weights are equal but for their signs.
  public var kishNumber: Double {
    sumSquaredWeights > 0
      ? sumAbsoluteWeights * sumAbsoluteWeights / sumSquaredWeights : Double(eventsRead)
  }
}

/// The sample table of an events file, as the columns under `sluice/samples`.
public enum SampleTable {
  static let root = "sluice/samples/"

  public static func write(_ samples: [SampleRecord], to document: inout Document) {
    document.set(root + "file", samples.map(\.file))
    document.set(root + "key", samples.map { String($0.key, radix: 16) })
    document.set(root + "process", samples.map(\.process))
    document.set(root + "sampling_benchmark", samples.map(\.samplingBenchmark))
    document.set(root + "events_read", samples.map(\.eventsRead))
    document.set(root + "events_kept", samples.map(\.eventsKept))
    document.set(root + "sum_abs_weights", samples.map(\.sumAbsoluteWeights))
    document.set(root + "sum_weights", samples.map(\.sumWeights))
    document.set(root + "sum_squared_weights", samples.map(\.sumSquaredWeights))
    document.set(root + "k_factor", samples.map(\.kFactor))
    document.set(root + "normalisation", samples.map(\.normalisation))
    document.set(root + "declared_cross_section", samples.map(\.declaredCrossSection))
    document.set(root + "declared_error", samples.map(\.declaredError))
    document.set(root + "weight_digits", samples.map(\.weightDigits))
    document.set(root + "negative_weights", samples.map { $0.negativeWeights ?? -1 })
    document.set(root + "weight_factor", samples.map { $0.weightFactor ?? .nan })
  }

  /// The sample table, nil where the file has none (a file of another program).
  public static func read(_ document: Document) throws -> [SampleRecord]? {
    guard let table = document.group("sluice/samples") else { return nil }
    let broken = Problem(
      .data, "the sample table is not whole", remedy: "write the file again with lhe-read",
      place: "group sluice/samples")
    guard let files = table.texts("file"), let keys = table.texts("key"),
      let processes = table.texts("process"),
      let benchmarks = table.integers("sampling_benchmark"),
      let read = table.integers("events_read"), let kept = table.integers("events_kept"),
      let sumAbs = table.reals("sum_abs_weights"), let sum = table.reals("sum_weights"),
      let sumSquared = table.reals("sum_squared_weights"), let k = table.reals("k_factor"),
      let rules = table.texts("normalisation"),
      let sigma = table.reals("declared_cross_section"),
      let error = table.reals("declared_error"), let digits = table.integers("weight_digits")
    else { throw broken }
    let n = files.count
    // Columns that came later.
    let negative: [Int] = table.integers("negative_weights") ?? [Int](repeating: -1, count: n)
    let factors: [Double] = table.reals("weight_factor") ?? [Double](repeating: .nan, count: n)
    let counts: [Int] = [
      keys.count, processes.count, benchmarks.count, read.count, kept.count, sumAbs.count,
      sum.count, sumSquared.count, k.count, rules.count, sigma.count, error.count, digits.count,
      negative.count, factors.count,
    ]
    guard counts.allSatisfy({ $0 == n }) else { throw broken }
    return try (0..<n).map { i in
      guard let key = UInt64(keys[i], radix: 16) else { throw broken }
      let negativeWeights: Int? = negative[i] < 0 ? nil : negative[i]
      return SampleRecord(
        file: files[i], key: key, process: processes[i], samplingBenchmark: benchmarks[i],
        eventsRead: read[i], eventsKept: kept[i], sumAbsoluteWeights: sumAbs[i],
        sumWeights: sum[i], sumSquaredWeights: sumSquared[i], kFactor: k[i],
        normalisation: rules[i], declaredCrossSection: sigma[i], declaredError: error[i],
        weightDigits: digits[i], negativeWeights: negativeWeights,
        weightFactor: factors[i].isNaN ? nil : factors[i])
    }
  }
}
