import Diagnostics
import EventModel

/// dσ_e(θ) of every event at some points, batch by batch.
///
/// Files with a sample table are read in constant memory; in files of other programs the samples
/// have to be counted first, so their weights are held.
public struct MorphedEvents {
  public static let path = "dsigma"
  private let points: [(name: String, theta: [Double])]
  private let combination: Combination?
  private let nu: [Double]
  private let order: EFTOrder?

  /// - Parameters:
  ///   - nu: values of the nuisance parameters; empty is 0 for all.
  ///   - order: where the polynomial in the couplings is cut off; densities may then be negative, which is reported.
  public init(
    points: [(name: String, theta: [Double])], combination: Combination?, nu: [Double] = [],
    order: EFTOrder? = nil
  ) {
    self.nu = nu
    self.order = order
    self.points = points
    self.combination = combination
  }

  /// The header of the estimates of a source of events.
  public func header(for source: any Source) throws -> Header {
    let setup = try Setup(document: source.header.document)
    var document = setup.document()
    document.set(
      "estimates/theta", points.flatMap(\.theta), shape: [points.count, setup.parameters.count])
    document.set("estimates/target", "dsigma")
    var fields: [Field] = []
    if source.header.index(of: EventFields.eventID) != nil {
      fields.append(Field("event_id", .int64))
    }
    fields += [
      Field("sample", .int32),
      Field(Self.path, components: points.map(\.name), unit: "pb"),
    ]
    return Header(kind: .estimates, document: document, fields: fields)
  }

  /// Reads all rows and writes their dσ_e(θ), row factors included, so that columns sum to σ(θ).
  public func run(_ source: any Source, to sink: any Sink, journal: Journal) throws {
    let header = source.header
    guard let weightIndex = header.index(of: EventFields.weights) else {
      throw Problem(
        .data, "there are no benchmark weights", remedy: "read the events with lhe-read --setup",
        file: source.name)
    }
    guard let sampleIndex = header.index(of: EventFields.sample),
      let samples = try SampleTable.read(header.document)
    else {
      var table = try EventTable.load(source, observables: [])
      table.setup = table.setup.truncated(to: order)
      try run(table, to: sink)
      return
    }
    let setup = try Setup(document: header.document).truncated(to: order)
    let morpher = try Morpher(setup, samples, combination ?? .balance, points, nu)
    let idIndex = header.index(of: EventFields.eventID)
    var rows = 0
    var negative = 0
    while let batch = try source.next() {
      let indices = batch.columns[sampleIndex].integers
      let values = try morpher.values(
        batch.columns[weightIndex].doubles, samples: indices, file: source.name)
      if order != nil { negative += values.count { $0 < 0 } }
      var columns = [Column.int32(indices.map { Int32($0) }), .float64(values)]
      if let idIndex { columns.insert(.int64(batch.columns[idIndex].integers), at: 0) }
      try sink.write(Batch(count: batch.count, columns: columns))
      rows += batch.count
      journal.progress("rows", rows, of: source.rowCount)
    }
    if negative > 0 {
      journal.warn(
        "morph.negative",
        "\(negative) of \(rows * points.count) weights are negative at this order in the couplings")
    }
  }

  private func run(_ table: EventTable, to sink: any Sink) throws {
    let morpher = try Morpher(
      table.setup, table.samples, combination ?? table.defaultCombination, points, nu)
    for start in stride(from: 0, to: table.count, by: 65_536) {
      let range = start..<min(table.count, start + 65_536)
      let weights = table.weights[
        range.lowerBound * table.weightCount..<range.upperBound * table.weightCount]
      let indices = table.sampleIndices[range]
      let values = try morpher.values(
        Array(weights), samples: indices.map { Int64($0) }, file: "events")
      var columns = [Column.int32(Array(indices)), .float64(values)]
      if !table.eventIDs.isEmpty { columns.insert(.int64(Array(table.eventIDs[range])), at: 0) }
      try sink.write(Batch(count: range.count, columns: columns))
    }
  }
}

/// f_e Σ_b w_b(θ) W_eb of the rows of a batch.
private struct Morpher {
  let weights: [[Double]]
  /// One rule, or for `closest` one for each point.
  let rules: [RowFactors]
  let stride: Int
  let sampleCount: Int
  let nuisance: NuisanceFactors?
  let nu: [Double]

  init(
    _ setup: Setup, _ samples: [SampleRecord], _ combination: Combination,
    _ points: [(name: String, theta: [Double])], _ nu: [Double]
  ) throws {
    self.nu = nu
    nuisance = nu.contains { $0 != 0 } ? try NuisanceFactors(setup) : nil
    let evaluator = PointWeights(setup)
    weights = try points.map { try evaluator.weights(at: $0.theta) }
    rules = try (combination == .closest ? points.map { Optional($0.theta) } : [nil]).map {
      try RowFactors(combination, samples: samples, benchmarks: setup.benchmarks, theta: $0)
    }
    stride = setup.weightNames.count
    sampleCount = samples.count
  }

  func values(_ block: [Double], samples: [Int64], file: String) throws -> [Double] {
    if let bad = samples.first(where: { !(0..<Int64(sampleCount)).contains($0) }) {
      throw Problem(
        .data, "a row belongs to sample \(bad), which the sample table does not list", file: file)
    }
    var result: [Double] = []
    result.reserveCapacity(samples.count * weights.count)
    block.withUnsafeBufferPointer { block in
      guard let base = block.baseAddress else { return }
      for (row, sample) in samples.enumerated() {
        let w = base + row * stride
        var factor = 1.0
        let shift = nuisance?.factor(nu, w) ?? 1
        for (t, weights) in weights.enumerated() {
          if t == 0 || rules.count > 1 {
            factor = rules[t].factor(sample: Int(sample), weights: w)
          }
          var sum = 0.0
          for b in weights.indices { sum += weights[b] * w[b] }
          result.append(factor * shift * sum)
        }
      }
    }
    return result
  }
}
