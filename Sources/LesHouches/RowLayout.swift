import EventModel

/// The columns that events from LHE files make, and where each stands.
///
/// With a setup: observables, weights at its benchmarks, the sampling benchmark. Without: observables, the event's own
/// weight, the process, the attributes of `<event>`. Both: weights by id, sample, identity, and on request the particles.
public struct RowLayout: Sendable, Equatable {
  /// Names of the weights at benchmarks; nil without a setup.
  public var benchmarkNames: [String]?
  public var observableNames: [String] = []
  /// Ids of the weights beyond benchmarks that have columns in pb.
  public var weightIDs: [String] = []
  /// Attributes of `<event>` that are numbers.
  public var attributes: [String] = []
  /// Ids of the weights of the particle block; nil without particles.
  public var blockIDs: [String]?

  /// Values in a row's weights until the last event, where nuisance parameters are made of all events.
  var rawWeightCount = 0

  public var weightCount: Int { benchmarkNames?.count ?? 0 }

  /// Values of a row while events are read, particles apart.
  var readingWidth: Int {
    fields.reduce(0) { $0 + $1.width } + max(0, rawWeightCount - weightCount)
  }
  /// Rows that go together: fewer where they are wide.
  var batchRows: Int { max(1 << 10, min(1 << 16, Self.batchValues / max(1, readingWidth))) }
  /// Values of a batch, those of particles among them.
  static let batchValues = 1 << 18

  /// One column, and what fills it.
  enum Part {
    case observations, weights, samplingBenchmark, nominal, weightsByID, process, sample, eventID
    case attributes, events, particles
  }

  var parts: [(part: Part, field: Field)] {
    var parts: [(Part, Field)] = [
      (.observations, Field(EventFields.observations, components: observableNames))
    ]
    if let benchmarkNames {
      parts += [
        (.weights, Field(EventFields.weights, components: benchmarkNames, unit: "pb")),
        (.samplingBenchmark, Field(EventFields.samplingBenchmark, .int64)),
      ]
    } else {
      parts += [
        (.nominal, Field(EventFields.nominal, unit: "pb")),
        (.process, Field(EventFields.process, .int64)),
      ]
    }
    parts += [
      (.sample, Field(EventFields.sample, .int64)), (.eventID, Field(EventFields.eventID, .int64)),
    ]
    if !weightIDs.isEmpty {
      parts.append(
        (.weightsByID, Field(EventFields.extraWeights, components: weightIDs, unit: "pb")))
    }
    if !attributes.isEmpty {
      parts.append((.attributes, Field(EventFields.attributes, components: attributes)))
    }
    if let blockIDs {
      parts += [
        (.events, ParticleBlock.eventField(weightIDs: blockIDs)),
        (.particles, ParticleBlock.particleField),
      ]
    }
    return parts
  }

  public var fields: [Field] { parts.map(\.field) }
}

/// Rows on their way to the sink, column by column.
final class RowBuffer {
  let layout: RowLayout
  private let parts: [RowLayout.Part]
  // Checks of overlapping access cost more than the access, and rows come one by one.
  @exclusivity(unchecked) var observations: [Double] = []
  /// At the setup's benchmarks, then at those of its nuisance parameters.
  @exclusivity(unchecked) var weights: [Double] = []
  @exclusivity(unchecked) var nominal: [Double] = []
  @exclusivity(unchecked) var weightsByID: [Double] = []
  @exclusivity(unchecked) var processes: [Int64] = []
  @exclusivity(unchecked) var attributes: [Double] = []
  /// Rows of the particle block: `events`, and the particles of each.
  @exclusivity(unchecked) var heads: [Double] = []
  @exclusivity(unchecked) var particleCounts: [Int] = []
  @exclusivity(unchecked) var particles: [Double] = []
  @exclusivity(unchecked) private var labels: [Int64] = []
  @exclusivity(unchecked) private var samples: [Int64] = []
  @exclusivity(unchecked) private var ids: [Int64] = []
  var count: Int { ids.count }
  private let batchRows: Int
  private let width: Int

  init(_ layout: RowLayout) {
    self.layout = layout
    parts = layout.parts.map(\.part)
    batchRows = layout.batchRows
    width = layout.readingWidth
  }

  func append(samplingBenchmark: Int64, sample: Int, id: Int64) {
    labels.append(samplingBenchmark)
    samples.append(Int64(sample))
    ids.append(id)
  }

  var isFull: Bool {
    count >= batchRows || count * width + particles.count >= RowLayout.batchValues
  }

  /// Hands the rows on and keeps the room they took: fresh pages cost as much as reading.
  func flush(to sink: any Sink) throws {
    guard count > 0 else { return }
    try write(to: sink)
    observations.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    nominal.removeAll(keepingCapacity: true)
    weightsByID.removeAll(keepingCapacity: true)
    processes.removeAll(keepingCapacity: true)
    attributes.removeAll(keepingCapacity: true)
    heads.removeAll(keepingCapacity: true)
    particleCounts.removeAll(keepingCapacity: true)
    particles.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    samples.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
  }

  /// The columns share the buffer's memory, so they must be gone before it is cleared.
  @inline(never)
  private func write(to sink: any Sink) throws {
    let columns: [Column] = parts.map { part in
      switch part {
      case .observations: .float64(observations)
      case .weights: .float64(weights)
      case .samplingBenchmark: .int64(labels)
      case .nominal: .float64(nominal)
      case .weightsByID: .float64(weightsByID)
      case .process: .int64(processes)
      case .sample: .int64(samples)
      case .eventID: .int64(ids)
      case .attributes: .float64(attributes)
      case .events: .float64(heads)
      case .particles: .list(counts: particleCounts, values: .float64(particles))
      }
    }
    try sink.write(Batch(count: count, columns: columns))
  }

  /// Puts the sample's index in place of its factor's.
  func name(_ batch: inout Batch, _ sampleOfFactor: [Int64]) {
    guard !sampleOfFactor.elementsEqual(0..<Int64(sampleOfFactor.count)),
      let sample = parts.firstIndex(where: { $0 == .sample })
    else { return }
    batch.columns[sample] = .int64(
      batch.columns[sample].integers.map { sampleOfFactor[Int($0)] })
  }

  /// Multiplies every weight in pb of each row by the factor that its column `sample` counts.
  func scale(_ batch: inout Batch, by factors: [Double]) {
    guard let sample = parts.firstIndex(where: { $0 == .sample }) else { return }
    let samples = batch.columns[sample].integers
    for (column, part) in parts.enumerated() {
      guard part == .weights || part == .nominal || part == .weightsByID else { continue }
      let width = batch.columns[column].count / max(1, batch.count)
      guard width > 0 else { continue }
      var values = batch.columns[column].doubles
      for row in 0..<batch.count {
        let factor = factors[Int(samples[row])]
        for i in row * width..<(row + 1) * width { values[i] *= factor }
      }
      batch.columns[column] = .float64(values)
    }
  }
}
