import Diagnostics

/// Binned benchmark weights: every σ(θ), gradient, information, covariance and likelihood of a histogram follows from it
/// without another pass over the events.
///
/// With `edges` e₀ < e₁ < … < e_k there are k + 2 bins: (−∞, e₀), [e₀, e₁), …, [e_k, ∞). Without edges there is one
/// bin, the total.
public struct BinTable: Sendable, Equatable {
  /// The observable on the axis; empty for the total.
  public var observable: String
  public var edges: [Double]
  /// The benchmarks of the morphing basis, in the order of the weights.
  public var benchmarkNames: [String]
  /// Σ_e f_e W_eb [pb], row-major [bin][benchmark].
  public var sums: [Double]
  /// Σ_e f_e² W_eb W_eb' [pb²], row-major [bin][pair], pairs b ≤ b' row after row: 00, 01, …, 11, 12, ….
  public var pairSums: [Double]
  /// Rows in each bin.
  public var counts: [Int]

  public init(observable: String = "", edges: [Double] = [], benchmarkNames: [String]) {
    self.observable = observable
    self.edges = edges
    self.benchmarkNames = benchmarkNames
    let bins = edges.count + 1
    sums = [Double](repeating: 0, count: bins * benchmarkNames.count)
    pairSums = [Double](repeating: 0, count: bins * Self.pairCount(benchmarkNames.count))
    counts = [Int](repeating: 0, count: bins)
  }

  /// n(n+1)/2.
  public static func pairCount(_ n: Int) -> Int { n * (n + 1) / 2 }

  public var binCount: Int { edges.count + 1 }
  public var benchmarkCount: Int { benchmarkNames.count }

  /// The bin of a value: the number of edges at or below it.
  public func bin(of x: Double) -> Int { Self.bin(of: x, edges: edges) }

  public static func bin(of x: Double, edges: [Double]) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= x { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// `[75, 150)`, `(-inf, 0)`, `[600, inf)`, `total`.
  public func label(_ bin: Int) -> String {
    guard !edges.isEmpty else { return "total" }
    let low = bin == 0 ? "(-inf" : "[\(edges[bin - 1])"
    return low + ", " + (bin == edges.count ? "inf)" : "\(edges[bin]))")
  }

  /// Σ_e f_e W_eb of one bin.
  public func sums(ofBin bin: Int) -> [Double] {
    Array(sums[bin * benchmarkCount..<(bin + 1) * benchmarkCount])
  }

  /// The matrix Σ_e f_e² W_eb W_eb' of one bin, row-major.
  public func pairMatrix(ofBin bin: Int) -> [Double] {
    let n = benchmarkCount
    var result = [Double](repeating: 0, count: n * n)
    var at = bin * Self.pairCount(n)
    for i in 0..<n {
      for j in i..<n {
        result[i * n + j] = pairSums[at]
        result[j * n + i] = pairSums[at]
        at += 1
      }
    }
    return result
  }

  /// Adds the content of a table of the same bins and benchmarks.
  public mutating func add(_ other: BinTable) {
    precondition(other.edges == edges && other.benchmarkNames == benchmarkNames)
    for i in sums.indices { sums[i] += other.sums[i] }
    for i in pairSums.indices { pairSums[i] += other.pairSums[i] }
    for i in counts.indices { counts[i] += other.counts[i] }
  }

  /// All bins in one.
  public var total: BinTable {
    var result = BinTable(benchmarkNames: benchmarkNames)
    for bin in 0..<binCount {
      for b in 0..<benchmarkCount { result.sums[b] += sums[bin * benchmarkCount + b] }
      let pairs = Self.pairCount(benchmarkCount)
      for k in 0..<pairs { result.pairSums[k] += pairSums[bin * pairs + k] }
      result.counts[0] += counts[bin]
    }
    return result
  }
}

extension BinTable {
  public func write(to d: inout Document, at path: String) {
    d.set(path + "/observable", observable)
    d.set(path + "/edges", edges)
    d.set(path + "/benchmarks", benchmarkNames)
    d.set(path + "/sums", sums, shape: [binCount, benchmarkCount])
    d.set(path + "/pair_sums", pairSums, shape: [binCount, Self.pairCount(benchmarkCount)])
    d.set(path + "/counts", counts)
  }

  /// The table at a path of a document, nil where there is none.
  public static func read(_ d: Document, at path: String) throws -> BinTable? {
    guard let table = d.group(path) else { return nil }
    guard let edges = table.reals("edges"), let names = table.texts("benchmarks"),
      let sums = table.reals("sums"), let pairs = table.reals("pair_sums"),
      let counts = table.integers("counts"), sums.count == (edges.count + 1) * names.count,
      pairs.count == (edges.count + 1) * pairCount(names.count), counts.count == edges.count + 1
    else {
      throw Problem(.data, "the table of bins is not whole", place: "group \(path)")
    }
    var result = BinTable(
      observable: table.text("observable") ?? "", edges: edges, benchmarkNames: names)
    (result.sums, result.pairSums, result.counts) = (sums, pairs, counts)
    return result
  }
}
