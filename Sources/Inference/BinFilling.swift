import Diagnostics
import EventModel
import Morphing
import Numerics

/// One pass over events into a table of bins.
///
/// Blocks of fixed size are summed as they come, and the blocks' sums without rounding: neither threads nor parts of a job
/// change a bit.
struct BinFilling {
  private let empty: BinTable
  private let processes: [(name: String, isBackground: Bool)]
  private let blocks: [Block]

  /// The sums of one block, [process][bin] and inside as in `BinTable`.
  private struct Block {
    var sums: [Double]
    var pairSums: [Double]
    var up: [Double]
    var down: [Double]
    var varied: [Double]
    var counts: [Int]
  }

  /// So many pair sums with nuisance parameters at ±1 a table may hold: 1.6 MB for each block of events.
  static let mostVariedSums = 200_000

  /// - Parameter variedPairs: whether pair sums with nuisance parameters at ±1 are wanted; they are left out where they would
  ///   be too many.
  init(
    _ table: EventTable, morphing: MorphingSetup, factors: [Double], axes: [BinAxis],
    columns: [Int], rows: Range<Int>?, variedPairs: Bool = false, team: ThreadTeam
  ) throws {
    let setup = table.setup
    let nuisance = try NuisanceFactors(setup)
    let index = ProcessIndex(table)
    processes = index.processes
    let plain = BinTable(
      axes: axes, benchmarkNames: setup.benchmarks.prefix(morphing.benchmarkCount).map(\.name),
      nuisances: setup.nuisanceParameters.map {
        BinTable.Nuisance(name: $0.name, hasNegative: $0.benchmarkNegative != nil)
      })
    let varied = plain.pairSums.count * plain.variationPairCount
    empty =
      variedPairs && varied > 0 && varied * processes.count <= Self.mostVariedSums
      ? BinTable(
        axes: axes, benchmarkNames: plain.benchmarkNames, nuisances: plain.nuisances,
        variedPairs: true) : plain
    let all = rows ?? 0..<table.count
    let (template, count) = (empty, processes.count)
    blocks = team.mapRanges(of: all.count, size: CombinedEvents.blockSize) { range in
      let part = all.lowerBound + range.lowerBound..<all.lowerBound + range.upperBound
      return Self.block(
        template, table, part, factors, columns, index.ofSample, count, nuisance)
    }
  }

  private static func block(
    _ template: BinTable, _ table: EventTable, _ rows: Range<Int>, _ factors: [Double],
    _ columns: [Int], _ processOfSample: [Int], _ processes: Int, _ nuisance: NuisanceFactors
  ) -> Block {
    func zeros(_ values: [Double]) -> [Double] {
      [Double](repeating: 0, count: values.count * processes)
    }
    var block = Block(
      sums: zeros(template.sums), pairSums: zeros(template.pairSums), up: zeros(template.up),
      down: zeros(template.down), varied: zeros(template.variedPairSums),
      counts: [Int](repeating: 0, count: template.binCount * processes)
    )
    let n = template.benchmarkCount
    let k = template.nuisanceCount
    let pairs = BinTable.pairCount(n)
    let width = table.observableNames.count
    let edges = template.axes.map(\.edges)
    // f_e s_e W_eb of every variation s; without varied pairs the first alone.
    let isVaried = !template.variedPairSums.isEmpty
    var scaled = [Double](repeating: 0, count: n)
    var variations = [Double](repeating: 0, count: isVaried ? (2 * k + 1) * n : 0)
    table.weights.withUnsafeBufferPointer { weights in
      guard let base = weights.baseAddress else { return }
      table.observations.withUnsafeBufferPointer { observations in
        for row in rows where factors[row] != 0 {
          var bin = processOfSample[Int(table.sampleIndices[row])]
          for (axis, column) in columns.enumerated() {
            let x = observations[row * width + column]
            bin = bin * (edges[axis].count + 1) + BinTable.bin(of: x, edges: edges[axis])
          }
          block.counts[bin] += 1
          let w = base + row * table.weightCount
          for b in 0..<n { scaled[b] = factors[row] * w[b] }
          add(scaled, to: &block, bin, n, pairs)
          for parameter in 0..<k {
            let (up, down) = nuisance.shifts(parameter, w)
            let start = (bin * k + parameter) * n
            add(scaled, times: up, to: &block.up, at: start)
            add(scaled, times: down, to: &block.down, at: start)
            guard isVaried else { continue }
            for b in 0..<n {
              variations[(2 * parameter + 1) * n + b] = up * scaled[b]
              variations[(2 * parameter + 2) * n + b] = down * scaled[b]
            }
          }
          guard isVaried else { continue }
          for b in 0..<n { variations[b] = scaled[b] }
          addPairs(
            of: variations, to: &block.varied, at: bin * template.variationPairCount * pairs, n)
        }
      }
    }
    return block
  }

  @inline(__always)
  private static func add(
    _ scaled: [Double], to block: inout Block, _ bin: Int, _ n: Int, _ pairs: Int
  ) {
    scaled.withUnsafeBufferPointer { scaled in
      block.sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<n { sums[bin * n + i] += scaled[i] }
      }
      block.pairSums.withUnsafeMutableBufferPointer { pairSums in
        var at = bin * pairs
        for i in 0..<n {
          for j in i..<n {
            pairSums[at] += scaled[i] * scaled[j]
            at += 1
          }
        }
      }
    }
  }

  /// The pairs of all variations but none with none.
  private static func addPairs(
    of variations: [Double], to sums: inout [Double], at start: Int, _ n: Int
  ) {
    variations.withUnsafeBufferPointer { z in
      sums.withUnsafeMutableBufferPointer { sums in
        var at = start
        for v in stride(from: 0, to: z.count, by: n) {
          for u in stride(from: v == 0 ? n : v, to: z.count, by: n) {
            for i in 0..<n {
              let left = z[v + i]
              for j in i..<n { sums[at + j - i] += left * z[u + j] }
              at += n - i
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func add(
    _ scaled: [Double], times factor: Double, to sums: inout [Double], at start: Int
  ) {
    sums.withUnsafeMutableBufferPointer { sums in
      for b in scaled.indices { sums[start + b] += factor * scaled[b] }
    }
  }

  /// The tables of all processes and their sum.
  func table() -> BinTable {
    var tables = (0..<processes.count).map { _ in empty }
    for (p, t) in tables.indices.enumerated() {
      tables[t].sums = total(\.sums, p, empty.sums.count)
      tables[t].pairSums = total(\.pairSums, p, empty.pairSums.count)
      tables[t].up = total(\.up, p, empty.up.count)
      tables[t].down = total(\.down, p, empty.down.count)
      tables[t].variedPairSums = total(\.varied, p, empty.variedPairSums.count)
      for block in blocks {
        for bin in 0..<empty.binCount {
          tables[t].counts[bin] += block.counts[p * empty.binCount + bin]
        }
      }
    }
    return BinTable(
      processes: zip(processes, tables).map {
        BinTable.Process(name: $0.name, isBackground: $0.isBackground, table: $1)
      })
  }

  private func total(_ path: KeyPath<Block, [Double]>, _ process: Int, _ count: Int) -> [Double] {
    exact(path, process, count).map(\.value)
  }

  private func exact(_ path: KeyPath<Block, [Double]>, _ process: Int, _ count: Int) -> [ExactSum] {
    let columns = blocks.map { $0[keyPath: path] }
    return (process * count..<(process + 1) * count).map { i in
      var sum = ExactSum()
      for column in columns where column[i] != 0 { sum.add(column[i]) }
      return sum
    }
  }

  /// The sums without rounding, in the order of `BinTable.values`.
  func exactSums() -> [ExactSum] {
    processes.indices.flatMap { p in
      exact(\.sums, p, empty.sums.count) + exact(\.pairSums, p, empty.pairSums.count)
        + exact(\.up, p, empty.up.count) + exact(\.down, p, empty.down.count)
        + exact(\.varied, p, empty.variedPairSums.count)
    }
  }
}

/// The processes of a table of events and which one each sample belongs to.
struct ProcessIndex {
  let processes: [(name: String, isBackground: Bool)]
  let ofSample: [Int]

  init(_ table: EventTable) {
    var processes: [(name: String, isBackground: Bool)] = []
    ofSample = table.samples.map { sample in
      let name = sample.process.isEmpty ? table.setup.name : sample.process
      if let p = processes.firstIndex(where: {
        $0.name == name && $0.isBackground == sample.isBackground
      }) {
        return p
      }
      processes.append((name, sample.isBackground))
      return processes.count - 1
    }
    // A name says one process: signal and background of one name are told apart.
    for p in processes.indices where processes[p].isBackground {
      if processes.contains(where: { $0.name == processes[p].name && !$0.isBackground }) {
        processes[p].name += " (background)"
      }
    }
    self.processes = processes
  }
}

extension CombinedEvents {
  /// The events as a table of bins that stands for them; a part of a job where `count` is more than one.
  ///
  /// - Parameters:
  ///   - closestTo: the point of the rule `closest`.
  ///   - digest: of the events; with the bins and the selection it says which parts belong together.
  ///   - subset: the part of the events that these are.
  public func binned(
    axes: [BinAxis], cuts: [String] = [], efficiencies: [String] = [], closestTo: [Double] = [],
    part: Int = 1, of count: Int = 1, digest: String = "", subset: Partition = .all
  ) throws -> BinnedEvents {
    var result = BinnedEvents(
      setup: table.setup, samples: table.samples, combination: combination,
      closestTo: combination == .closest ? closestTo : [],
      table: BinTable(axes: axes, benchmarkNames: []), cuts: cuts, efficiencies: efficiencies)
    (result.rows, result.partition, result.eventsDigest) = (subset, table.partition, digest)
    guard count > 1 else {
      result.table = try fill(axes: axes, variedPairs: true)
      return result
    }
    let (bins, exact) = try fillExactly(axes: axes, rows: rows(of: part, in: count))
    result.table = bins
    result.exact = exact
    let whole =
      [subset == .all ? digest : "\(digest) \(subset.rawValue)", combination.rawValue] + cuts
      + efficiencies
      + axes.map { "\($0.observable) \($0.edges)" }
    var hash = XXH64()
    hash.update(whole.joined(separator: "\n"))
    result.part = TablePart(numbers: [part], count: count, whole: hash.hex)
    return result
  }
}
