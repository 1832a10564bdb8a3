import Diagnostics
import EventIO
import EventModel

// Systematics in the reading of samples: the setup with its nuisance parameters, the sink that waits for them, and what
// their weights look like in the end.

extension SampleSet {
  /// The setup of the events: with the nuisance parameters that the systematics become.
  var finalSetup: Setup {
    var result = setup
    result.nuisanceParameters = variations.parameters
    result.nuisanceBenchmarks = variations.benchmarks
    return result
  }

  /// Opens the output. Where replicas or envelopes decide its columns only after the last event, rows are spooled until
  /// then, and `open` is called with the final columns.
  public func openSink(
    _ header: Header, _ open: @escaping (Header) throws -> any Sink
  ) throws -> any Sink {
    guard variations.columns.isDeferred, let index = header.index(of: EventFields.weights),
      let samples = header.index(of: EventFields.sample)
    else { return try open(header) }
    var raw = header.fields
    raw[index].components = (0..<variations.rawWidth).map { "raw \($0)" }
    return try LateSink(
      fields: raw, blockRows: layout.batchRows,
      inspect: { [variations] in
        variations.add($0.columns[index].doubles, factors: $0.columns[samples].integers)
      },
      open: { [self] in
        var header = header
        header.fields[index].components = finalSetup.weightNames
        header.document = document(records: [], salvaged: [])
        return try open(header)
      },
      transform: { [variations] in
        var block = $0
        block.columns[index] = .float64(
          variations.reduce(block.columns[index].doubles, rows: block.count))
        return block
      })
  }

  /// Finds the parameters that depend on all events.
  func solveVariations(_ factors: [Double], _ sink: any Sink) throws {
    guard variations.columns.isDeferred else { return }
    guard let sink = sink as? LateSink else {
      throw Problem(.software, "replicas and envelopes need the sink of SampleSet.openSink")
    }
    try sink.flush()
    variations.solve(factors: factors, journal: journal)
  }
}

/// Counts rows whose nuisance weights cannot be interpolated: w/w_ref ≤ 0 or |ln(w/w_ref)| > 10. Morphing takes the first
/// as "no effect" and clips the second.
struct ClippedRatios {
  private let parameters: [NuisanceParameter]
  /// Columns at ν = ±1 of each parameter.
  private let columns: [[Int]]
  private let reference: Int
  private let width: Int
  private var counts: [Int]
  private var rows = 0

  init(_ setup: Setup) {
    parameters = setup.nuisanceParameters
    let names = setup.weightNames
    columns = parameters.map { parameter in
      [parameter.benchmarkPositive, parameter.benchmarkNegative].compactMap { name in
        name.flatMap { names.firstIndex(of: $0) }
      }
    }
    reference = setup.referenceBenchmark
    width = names.count
    counts = [Int](repeating: 0, count: parameters.count)
  }

  mutating func add(_ weights: [Double]) {
    guard !parameters.isEmpty else { return }
    let largest = 22026.465794806718  // e¹⁰
    for base in stride(from: 0, to: weights.count, by: width) {
      rows += 1
      let ref = weights[base + reference]
      for (k, columns) in columns.enumerated() {
        let isBad = columns.contains {
          let ratio = weights[base + $0] / ref
          return ref == 0 ? weights[base + $0] != 0 : !(ratio >= 1 / largest && ratio <= largest)
        }
        if isBad { counts[k] += 1 }
      }
    }
  }

  /// One warning for each systematic, the parameters with `-v`.
  func report(_ journal: Journal) {
    var reported = Set<String>()
    for (parameter, count) in zip(parameters, counts) where count > 0 {
      journal.note(
        "\(parameter.name): \(count) of \(rows) rows have a weight of the other sign, 0, or beyond e^10 times the reference's"
      )
      guard reported.insert(parameter.systematic).inserted else { continue }
      let worst = zip(parameters, counts).filter { $0.0.systematic == parameter.systematic }
        .max { $0.1 < $1.1 }
      guard let worst else { continue }
      journal.warn(
        "clipped \(parameter.systematic)",
        "systematic '\(parameter.systematic)': in \(worst.1) of \(rows) rows (\(worst.0.name)) the weight has the other sign, is 0, or is beyond e^10 times the reference's; there it has no or a clipped effect"
      )
    }
  }
}
