import Diagnostics
import EventModel
import Morphing

/// The bins of one process: what a sample of HistFactory holds.
public struct ProcessBins: Sendable {
  public var process: String
  public var table: BinTable
  /// Its weights are the same at every benchmark.
  public var isConstant: Bool
  /// Events of this process, for what nuisance parameters do to its bins.
  let events: CombinedEvents

  /// The processes of an events file in the order of its sample table, or all of it where there is no such table.
  /// - Parameter observable: nil for the rate alone, which is one bin.
  public static func tables(
    _ events: CombinedEvents, observable: String?, edges: [Double]
  ) throws -> [ProcessBins] {
    let table = events.table
    var processes: [String] = []
    for sample in table.samples where !processes.contains(sample.process) {
      processes.append(sample.process)
    }
    var result: [ProcessBins] = []
    for process in processes {
      let isOf = table.samples.map { $0.process == process }
      let rows = (0..<table.count).filter {
        let sample = Int(table.sampleIndices[$0])
        return isOf.indices.contains(sample) ? isOf[sample] : processes.count == 1
      }
      guard !rows.isEmpty else { continue }
      let part = try CombinedEvents(
        table.keeping(rows), combination: events.combination, file: events.file,
        team: events.team)
      let bins = try observable.map { try part.fill($0, edges: edges) } ?? part.total
      result.append(
        ProcessBins(
          process: process, table: bins, isConstant: part.isIndependentOfTheta, events: part))
    }
    return result
  }

  /// Lσ_c with one nuisance parameter at ±1, the others at 0, in each bin.
  func varied(
    _ nu: [Double], _ factors: NuisanceFactors, at point: MorphedPoint, luminosity: Double
  ) throws -> [Double] {
    let column = table.edges.isEmpty ? nil : try events.column(of: table.observable)
    let source = events.table
    let sigma = events.crossSections(at: point)
    var sums = [Double](repeating: 0, count: table.binCount)
    let width = source.observableNames.count
    source.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      for row in 0..<source.count {
        let bin =
          column.map {
            BinTable.bin(of: source.observations[row * width + $0], edges: table.edges)
          } ?? 0
        sums[bin] += sigma[row] * factors.factor(nu, base + row * source.weightCount)
      }
    }
    return sums.map { luminosity * $0 }
  }
}

extension CombinedEvents {
  /// Every event has the same weight at all benchmarks of the morphing basis.
  var isIndependentOfTheta: Bool {
    let n = morphing.benchmarkCount
    return (0..<table.count).allSatisfy { row in
      let start = row * table.weightCount
      return (1..<max(1, n)).allSatisfy { table.weights[start + $0] == table.weights[start] }
    }
  }
}

extension EventTable {
  /// Some rows, with everything else as it was.
  func keeping(_ rows: [Int]) -> EventTable {
    var result = self
    result.count = rows.count
    result.weights = rows.flatMap { weights[$0 * weightCount..<($0 + 1) * weightCount] }
    let width = observableNames.count
    result.observations = rows.flatMap { observations[$0 * width..<($0 + 1) * width] }
    result.sampleIndices = rows.map { sampleIndices[$0] }
    if !eventIDs.isEmpty { result.eventIDs = rows.map { eventIDs[$0] } }
    return result
  }
}
