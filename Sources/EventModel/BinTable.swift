import Diagnostics

/// Binned benchmark weights: every σ(θ, ν), gradient, information, covariance and likelihood of a histogram follows from
/// it without another pass over the events.
///
/// A bin of several axes is the product of one bin of each, the last axis running fastest. Without axes there is one
/// bin, the total.
public struct BinTable: Sendable, Equatable {
  public var axes: [BinAxis]
  /// The benchmarks of the morphing basis, in the order of the weights.
  public var benchmarkNames: [String]
  /// Σ_e f_e W_eb [pb], row-major [bin][benchmark].
  public var sums: [Double]
  /// Σ_e f_e² W_eb W_eb' [pb²], row-major [bin][pair], pairs b ≤ b' row after row: 00, 01, …, 11, 12, ….
  public var pairSums: [Double]
  /// Rows in each bin.
  public var counts: [Int]
  /// Σ_e f_e² s_e s'_e W_eb W_eb' [pb²] with s, s' the factors of an event at a nuisance parameter of ±1 (variations 0: none,
  /// 2k + 1: k at +1, 2k + 2: k at −1), row-major [bin][variation pair][benchmark pair], pairs v ≤ v' row after row without
  /// 00: what the errors of the bins' response to nuisance parameters are made of. Empty where they are not known.
  public var variedPairSums: [Double]
  /// Nuisance parameters in the order of the setup; empty where the table knows none.
  public var nuisances: [Nuisance]
  /// Σ_e f_e W_eb (w_k₊/w_ref)_e [pb]: the sums with nuisance parameter k at +1, row-major [bin][nuisance][benchmark].
  public var up: [Double]
  /// The same at −1. Without a column for it the effect is taken to be exponential, w_k₋/w_ref = w_ref/w_k₊.
  public var down: [Double]
  /// The same bins of each process alone, whose sums are those of this table; empty for a process's own table.
  public var processes: [Process]

  /// A nuisance parameter that the table has sums of.
  public struct Nuisance: Sendable, Equatable {
    public var name: String
    /// Whether there is a column of weights at −1.
    public var hasNegative: Bool

    public init(name: String, hasNegative: Bool) {
      self.name = name
      self.hasNegative = hasNegative
    }
  }

  /// One process of the table.
  public struct Process: Sendable, Equatable {
    public var name: String
    public var isBackground: Bool
    public var table: BinTable

    public init(name: String, isBackground: Bool, table: BinTable) {
      self.name = name
      self.isBackground = isBackground
      self.table = table
    }
  }

  /// An empty table.
  /// - Parameter variedPairs: whether it is to hold the pair sums with nuisance parameters at ±1.
  public init(
    axes: [BinAxis], benchmarkNames: [String], nuisances: [Nuisance] = [],
    variedPairs: Bool = false
  ) {
    self.axes = axes
    self.benchmarkNames = benchmarkNames
    self.nuisances = nuisances
    let bins = axes.reduce(1) { $0 * $1.binCount }
    sums = [Double](repeating: 0, count: bins * benchmarkNames.count)
    pairSums = [Double](repeating: 0, count: bins * Self.pairCount(benchmarkNames.count))
    counts = [Int](repeating: 0, count: bins)
    up = [Double](repeating: 0, count: bins * nuisances.count * benchmarkNames.count)
    down = up
    variedPairSums = []
    processes = []
    if variedPairs {
      variedPairSums = [Double](
        repeating: 0,
        count: bins * variationPairCount * Self.pairCount(benchmarkNames.count))
    }
  }

  /// An empty table of one axis, or of the total without edges.
  public init(observable: String = "", edges: [Double] = [], benchmarkNames: [String]) {
    self.init(
      axes: edges.isEmpty ? [] : [BinAxis(observable, edges: edges)],
      benchmarkNames: benchmarkNames)
  }

  /// n(n+1)/2.
  public static func pairCount(_ n: Int) -> Int { n * (n + 1) / 2 }

  public var binCount: Int { counts.count }
  public var benchmarkCount: Int { benchmarkNames.count }
  public var nuisanceCount: Int { nuisances.count }
  /// Pairs of variations besides that of none with none.
  public var variationPairCount: Int { Self.pairCount(2 * nuisanceCount + 1) - 1 }
  /// Whether the errors of the bins' response to nuisance parameters are known.
  public var hasVariedPairs: Bool { nuisanceCount == 0 || !variedPairSums.isEmpty }

  /// The observables of the axes, `total` without axes.
  public var observable: String {
    axes.isEmpty ? "total" : axes.map(\.observable).joined(separator: ", ")
  }
  /// The edges of the only axis; empty for the total and for several axes.
  public var edges: [Double] { axes.count == 1 ? axes[0].edges : [] }

  // MARK: Bins

  /// The bin of one value of each axis.
  public func bin(of values: [Double]) -> Int {
    precondition(values.count == axes.count)
    var bin = 0
    for (axis, x) in zip(axes, values) { bin = bin * axis.binCount + axis.bin(of: x) }
    return bin
  }

  /// The bin of a value of the only axis.
  public func bin(of x: Double) -> Int { bin(of: [x]) }

  /// The number of edges at or below a value.
  public static func bin(of x: Double, edges: [Double]) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= x { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The bin of each axis that a bin is the product of.
  public func indices(ofBin bin: Int) -> [Int] {
    var rest = bin
    var result = [Int](repeating: 0, count: axes.count)
    for k in axes.indices.reversed() {
      result[k] = rest % axes[k].binCount
      rest /= axes[k].binCount
    }
    return result
  }

  /// `[75, 150)`, `(-inf, 0) x [1, 2)`, `total`.
  public func label(_ bin: Int) -> String {
    guard !axes.isEmpty else { return "total" }
    return zip(axes, indices(ofBin: bin)).map { $0.label($1) }.joined(separator: " x ")
  }

  // MARK: Content

  /// Σ_e f_e W_eb of one bin.
  public func sums(ofBin bin: Int) -> [Double] {
    Array(sums[bin * benchmarkCount..<(bin + 1) * benchmarkCount])
  }

  /// The matrix Σ_e f_e² W_eb W_eb' of one bin, row-major.
  public func pairMatrix(ofBin bin: Int) -> [Double] {
    Self.symmetric(pairSums, from: bin * Self.pairCount(benchmarkCount), size: benchmarkCount)
  }

  /// The matrix Σ_e f_e² s_e s'_e W_eb W_eb' of one bin over (variation, benchmark), row-major, of (2K + 1)B rows.
  public func variedPairMatrix(ofBin bin: Int) -> [Double] {
    precondition(hasVariedPairs)
    let (b, variations) = (benchmarkCount, 2 * nuisanceCount + 1)
    let size = variations * b
    var result = [Double](repeating: 0, count: size * size)
    var at = bin * variationPairCount * Self.pairCount(b)
    for v in 0..<variations {
      for u in v..<variations {
        let own: [Double]
        if u == 0 {
          own = pairMatrix(ofBin: bin)
        } else {
          own = Self.symmetric(variedPairSums, from: at, size: b)
          at += Self.pairCount(b)
        }
        for i in 0..<b {
          for j in 0..<b {
            result[(v * b + i) * size + u * b + j] = own[i * b + j]
            result[(u * b + j) * size + v * b + i] = own[i * b + j]
          }
        }
      }
    }
    return result
  }

  /// The symmetric matrix whose upper triangle stands in `sums`.
  private static func symmetric(_ sums: [Double], from start: Int, size n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    var at = start
    for i in 0..<n {
      for j in i..<n {
        result[i * n + j] = sums[at]
        result[j * n + i] = sums[at]
        at += 1
      }
    }
    return result
  }

  /// Adds the content of a table of the same bins, benchmarks and nuisance parameters; its processes join.
  public mutating func add(_ other: BinTable) {
    precondition(
      other.axes == axes && other.benchmarkNames == benchmarkNames && other.nuisances == nuisances)
    for i in sums.indices { sums[i] += other.sums[i] }
    for i in pairSums.indices { pairSums[i] += other.pairSums[i] }
    for i in counts.indices { counts[i] += other.counts[i] }
    for i in up.indices { up[i] += other.up[i] }
    for i in down.indices { down[i] += other.down[i] }
    if other.variedPairSums.count == variedPairSums.count {
      for i in variedPairSums.indices { variedPairSums[i] += other.variedPairSums[i] }
    } else {
      variedPairSums = []
    }
    for process in other.processes {
      if let p = processes.firstIndex(where: { $0.name == process.name }) {
        processes[p].table.add(process.table)
      } else {
        processes.append(process)
      }
    }
  }

  /// The same with all weights times a factor; processes are left out.
  public func scaled(by factor: Double) -> BinTable {
    var result = self
    result.processes = []
    for i in sums.indices { result.sums[i] *= factor }
    for i in pairSums.indices { result.pairSums[i] *= factor * factor }
    for i in up.indices { result.up[i] *= factor }
    for i in down.indices { result.down[i] *= factor }
    for i in variedPairSums.indices { result.variedPairSums[i] *= factor * factor }
    return result
  }

  /// The sum of tables of several processes.
  public init(processes: [Process]) {
    precondition(!processes.isEmpty)
    let first = processes[0].table
    self.init(
      axes: first.axes, benchmarkNames: first.benchmarkNames, nuisances: first.nuisances,
      variedPairs: processes.allSatisfy { !$0.table.variedPairSums.isEmpty })
    for process in processes { add(process.table) }
    self.processes = processes
  }

  /// Groups of bins in one, `map` saying which each bin goes to.
  public func grouped(axes: [BinAxis], _ map: (Int) -> Int) -> BinTable {
    var result = BinTable(
      axes: axes, benchmarkNames: benchmarkNames, nuisances: nuisances,
      variedPairs: !variedPairSums.isEmpty)
    let (b, pairs, k) = (
      benchmarkCount, Self.pairCount(benchmarkCount), nuisanceCount * benchmarkCount
    )
    let varied = variedPairSums.isEmpty ? 0 : variationPairCount * pairs
    for bin in 0..<binCount {
      let to = map(bin)
      for i in 0..<b { result.sums[to * b + i] += sums[bin * b + i] }
      for i in 0..<pairs { result.pairSums[to * pairs + i] += pairSums[bin * pairs + i] }
      for i in 0..<k {
        result.up[to * k + i] += up[bin * k + i]
        result.down[to * k + i] += down[bin * k + i]
      }
      for i in 0..<varied {
        result.variedPairSums[to * varied + i] += variedPairSums[bin * varied + i]
      }
      result.counts[to] += counts[bin]
    }
    result.processes = processes.map {
      Process(
        name: $0.name, isBackground: $0.isBackground, table: $0.table.grouped(axes: axes, map))
    }
    return result
  }

  /// All bins in one.
  public var total: BinTable { grouped(axes: []) { _ in 0 } }

  /// The bins of one axis, summed over the others.
  public func marginal(axis: Int) -> BinTable {
    grouped(axes: [axes[axis]]) { indices(ofBin: $0)[axis] }
  }
}
