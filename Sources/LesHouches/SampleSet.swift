import Diagnostics
import EventIO
import EventModel

/// What happens to an event: nil where it is cut away, else the product of the efficiencies; observables go into `row`.
///
/// `number` counts the events of the file from 1; `key` is the event's content key,
/// by which random numbers are drawn.
public typealias EventSelection = (
  _ event: ParticleEvent, _ number: Int, _ key: Int64, _ rows: inout [Double]
) throws -> Double?

/// How samples are read.
public struct ReadingOptions: Sendable {
  public var salvage = false
  /// Documents one after the other in a file are runs of one sample.
  public var concatenated = false
  /// Nil is none with a setup, all without one, and all for the particle block.
  public var extraWeights: ExtraWeights?
  /// Keep the particles, and the event as the file has it.
  public var particles = false
  public var eventNorm: EventNorm?
  /// Events that were generated where the file holds only some of them; for one sample.
  public var generatedEvents: Int?
  public var kFactors = KFactors()
  public var threads = 1

  public init() {}
}

/// LHE files that become one events table: opened and checked together, then read one after the other.
public final class SampleSet {
  /// A file with its head read.
  struct Sample {
    var input: SampleInput
    var reader: LHEReader
    var process: String
    /// Nil for backgrounds.
    var weights: BenchmarkWeights?

    var varied: VariedSample {
      VariedSample(
        process: process, isBackground: weights == nil, head: reader.head, file: reader.name)
    }
  }

  /// Without a setup, the observables and cuts alone.
  public let setup: Setup
  public let hasSetup: Bool
  let options: ReadingOptions
  let samples: [Sample]
  /// The columns; observables are told with `header(observables:)`.
  var layout = RowLayout()
  /// Ids of the weights beyond benchmarks, in the order of their columns.
  public var extraIDs: [String] { layout.weightIDs }
  let journal: Journal
  /// The columns of systematics.
  let variations: ReducedColumns
  /// Observables from elsewhere, a table for each sample; empty where all are computed.
  public var tables: [ObservableTable] = []
  /// The table's row of the event that is being selected.
  public internal(set) var tableRow: [Double] = []

  /// Opens every file and reads its head and first event. Without a setup there are no benchmarks: every weight stands by
  /// its id, and the name that `--sample` gives is the process.
  ///
  /// `opened` are readers of the inputs that stand open already.
  public init(
    _ inputs: [SampleInput], opened: [LHEReader]? = nil, setup: Setup, hasSetup: Bool = true,
    options: ReadingOptions, journal: Journal
  ) throws {
    guard setup.nuisanceBenchmarks.isEmpty || !setup.systematics.isEmpty else {
      throw Problem(
        .data, "the setup has nuisance parameters but does not say which systematics they are from",
        remedy: "make a setup with 'systematics' from an analysis.yaml")
    }
    if inputs.count > 1, options.generatedEvents != nil {
      throw Problem(
        .usage, "--generated is for one sample, and there are \(inputs.count)",
        remedy: "read each sample in a run of its own")
    }
    guard inputs.filter({ $0.file == "-" }).count <= 1 else {
      throw Problem(.usage, "standard input can be only one of the samples")
    }
    for input in inputs {
      if case .benchmark(let name) = input.role, hasSetup {
        _ = try Self.index(of: name, setup)
      }
    }
    self.setup = setup
    self.hasSetup = hasSetup
    self.options = options
    self.journal = journal
    samples = try inputs.enumerated().map { i, input in
      try Self.sample(
        input, opened?[i] ?? Self.open(input, options), hasSetup ? setup : nil, journal)
    }
    try Self.checkDifferent(samples)
    try options.kFactors.check(processes: samples.map(\.process))
    variations = try ReducedColumns(
      NuisanceColumns(
        setup.systematics, samples: samples.map(\.varied), journal: journal),
      benchmarkCount: setup.benchmarks.count, reference: setup.referenceBenchmark)
    let all = options.extraWeights ?? .all
    if options.particles { layout.blockIDs = try Self.ids(samples, all, beyondBenchmarks: false) }
    if hasSetup || !options.particles {
      layout.weightIDs = try Self.ids(
        samples, hasSetup ? options.extraWeights ?? .none : all, beyondBenchmarks: true)
    }
    if hasSetup {
      layout.benchmarkNames = finalSetup.weightNames
      layout.rawWeightCount = variations.rawWidth
    } else {
      layout.attributes = Self.attributes(samples)
    }
  }

  private static func index(of name: String, _ setup: Setup) throws -> Int {
    guard let index = setup.benchmarkIndex(name) else {
      throw Problem(
        .usage, "the setup has no benchmark '\(name)'",
        remedy: "it has " + setup.benchmarks.map(\.name).joined(separator: ", "))
    }
    return index
  }

  private static func open(_ input: SampleInput, _ options: ReadingOptions) throws -> LHEReader {
    try LHEReader(
      ByteReader.events(path: input.file),
      LHEReader.Options(
        salvage: options.salvage, keepsText: options.particles, concatenated: options.concatenated))
  }

  private static func sample(
    _ input: SampleInput, _ reader: LHEReader, _ setup: Setup?, _ journal: Journal
  ) throws -> Sample {
    for (i, remark) in reader.head.remarks.enumerated() {
      journal.warn("head \(i) \(reader.name)", "\(reader.name): \(remark)")
    }
    guard let setup else {
      return Sample(
        input: input, reader: reader, process: input.processWithoutSetup, weights: nil)
    }
    var weights: BenchmarkWeights?
    switch input.role {
    case .background: break
    case .benchmark(let name):
      weights = try BenchmarkWeights(
        setup: setup, head: reader.head, sampling: index(of: name, setup), file: reader.name)
    case .benchmarkOfCard:
      weights = try BenchmarkWeights(
        setup: setup, head: reader.head, sampling: nil, file: reader.name)
    }
    if let mapping = weights?.mapping(setup), !mapping.isEmpty {
      journal.note(
        "\(reader.name): weights by parameter values: " + mapping.joined(separator: ", "))
    }
    return Sample(
      input: input, reader: reader, process: input.process ?? setup.name, weights: weights)
  }

  private static func checkDifferent(_ samples: [Sample]) throws {
    var names: [UInt64: String] = [:]
    for sample in samples {
      if let first = names[sample.reader.sampleKey] {
        throw Problem(
          .data, "this is the same sample as \(first)", remedy: "read every sample once",
          file: sample.reader.name)
      }
      names[sample.reader.sampleKey] = sample.reader.name
    }
  }

  /// Warns of what an LHEH5 file has no place for; `trials` it has.
  public func warnOfLHEH5() {
    let names = Self.attributes(samples).filter { $0 != "trials" }
    guard !names.isEmpty else { return }
    journal.warn(
      "LHEH5 attributes",
      "LHEH5 has no place for the attributes of events: \(names.joined(separator: ", ")) dropped; -O hdf5 keeps those that are numbers"
    )
  }

  /// Numeric attributes of the first event of any sample.
  private static func attributes(_ samples: [Sample]) -> [String] {
    var names: [String] = []
    for sample in samples {
      for name in sample.reader.attributeNames where !names.contains(name) {
        names.append(name)
      }
    }
    return names
  }

  /// Ids that are declared or in the first event of any sample.
  private static func ids(
    _ samples: [Sample], _ wanted: ExtraWeights, beyondBenchmarks: Bool
  ) throws -> [String] {
    var declared: [String] = []
    var seen = Set<String>()
    for sample in samples {
      let head = sample.reader.head
      for id in head.weights.map(\.id) + head.undeclaredWeights where seen.insert(id).inserted {
        declared.append(id)
      }
    }
    switch wanted {
    case .none: return []
    case .ids(let ids):
      for id in ids where !seen.contains(id) && !seen.isEmpty {
        throw Problem(
          .data, "no sample declares weight id '\(id)'",
          remedy: "there are " + declared.joined(separator: ", "))
      }
      return ids
    case .all:
      var used = Set<String>()
      for sample in samples where beyondBenchmarks {
        for origin in sample.weights?.origins ?? [] {
          if case .id(let id) = origin { used.insert(id) }
        }
      }
      return declared.filter { !used.contains($0) }
    }
  }

  /// File name and digest of each sample, for provenance.
  public var provenance: [(name: String, digest: String)] {
    samples.map { ($0.reader.name, $0.reader.digest) }
  }

  /// Header of the events table: setup and columns; the sample table comes when all is read.
  public func header(observables: [Observable]) -> Header {
    var layout = layout
    if hasSetup { layout.benchmarkNames = finalSetup.weightNames }
    layout.observableNames = observables.map(\.name)
    return Header(
      kind: .events, document: document(records: [], salvaged: []), fields: layout.fields)
  }

  /// Setup, sample table, partition definition and MadMiner's counts.
  func document(records: [SampleRecord], salvaged: [String]) -> Document {
    var document = finalSetup.document(withReference: true)
    if !hasSetup {
      // Observables and cuts are all there is.
      let own = document["sluice/setup"]
      document = Document()
      document["sluice/setup"] = own
    }
    SampleTable.write(records, to: &document)
    PartitionDefinition().write(to: &document, at: "sluice/partition")
    if !salvaged.isEmpty { document.set("sluice/salvaged", salvaged) }
    ReplicaDirections(variations.directions).write(to: &document)
    if let ids = layout.blockIDs {
      LHEH5Document.add(
        samples.enumerated().map { i, sample in
          LHEH5Document.Part(
            head: sample.reader.head,
            text: String(decoding: sample.reader.headBytes, as: UTF8.self),
            process: sample.process,
            events: i < records.count ? Double(records[i].eventsRead) : 1)
        }, weightIDs: ids, to: &document)
    }
    guard hasSetup else { return document }
    var signal = [Int](repeating: 0, count: setup.benchmarks.count)
    var background = 0
    for record in records {
      if record.isBackground {
        background += record.eventsKept
      } else {
        signal[record.samplingBenchmark] += record.eventsKept
      }
    }
    document.set("sample_summary/signal_events", signal)
    document.set("sample_summary/background_events", background)
    return document
  }
}
