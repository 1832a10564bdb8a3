import Diagnostics

// A table of bins as a document: what sluice-bins(5) describes under `bins`.

extension BinTable {
  /// Writes the axes and the sums of each process.
  public func write(to d: inout Document, at path: String) {
    d.set(path + "/axes/observables", axes.map(\.observable))
    d.set(path + "/axes/units", axes.map(\.unit))
    for (k, axis) in axes.enumerated() { d.set(path + "/axes/edges_\(k)", axis.edges) }
    d.set(path + "/benchmarks", benchmarkNames)
    d.set(path + "/nuisance_parameters", nuisances.map(\.name))
    d.set(path + "/has_negative", nuisances.map { $0.hasNegative ? 1 : 0 })
    let parts =
      processes.isEmpty
      ? [Process(name: "", isBackground: false, table: self)] : processes
    let (p, bins, b) = (parts.count, binCount, benchmarkCount)
    d.set(path + "/processes", parts.map(\.name))
    d.set(path + "/is_background", parts.map { $0.isBackground ? 1 : 0 })
    d.set(path + "/sums", parts.flatMap(\.table.sums), shape: [p, bins, b])
    d.set(
      path + "/pair_sums", parts.flatMap(\.table.pairSums), shape: [p, bins, Self.pairCount(b)])
    d.set(path + "/counts", parts.flatMap(\.table.counts), shape: [p, bins])
    guard nuisanceCount > 0 else { return }
    let shape = [p, bins, nuisanceCount, b]
    d.set(path + "/up", parts.flatMap(\.table.up), shape: shape)
    d.set(path + "/down", parts.flatMap(\.table.down), shape: shape)
    guard !variedPairSums.isEmpty else { return }
    d.set(
      path + "/varied_pair_sums", parts.flatMap(\.table.variedPairSums),
      shape: [p, bins, variationPairCount, Self.pairCount(b)])
  }

  /// The table at a path of a document, nil where there is none.
  public static func read(_ d: Document, at path: String) throws -> BinTable? {
    guard let group = d.group(path) else { return nil }
    let broken = Problem(
      .data, "the table of bins is not whole", remedy: "make it again with fisher bins",
      place: "group \(path)")
    guard let observables = group.texts("axes/observables"),
      let names = group.texts("benchmarks"), let processes = group.texts("processes"),
      !processes.isEmpty
    else { throw broken }
    let units = group.texts("axes/units") ?? []
    let axes = try observables.enumerated().map { k, observable in
      guard let edges = group.reals("axes/edges_\(k)") else { throw broken }
      return BinAxis(observable, edges: edges, unit: k < units.count ? units[k] : "")
    }
    let nuisanceNames = group.texts("nuisance_parameters") ?? []
    let negative = group.integers("has_negative") ?? []
    let background = group.integers("is_background") ?? []
    guard negative.count == nuisanceNames.count, background.count == processes.count else {
      throw broken
    }
    let empty = BinTable(
      axes: axes, benchmarkNames: names,
      nuisances: zip(nuisanceNames, negative).map { Nuisance(name: $0, hasNegative: $1 != 0) },
      variedPairs: group["varied_pair_sums"] != nil)
    let parts = processes.count
    func values(_ name: String, _ count: Int) throws -> [[Double]] {
      let all = count == 0 ? [] : group.reals(name)
      guard let all, all.count == parts * count else { throw broken }
      return (0..<parts).map { Array(all[$0 * count..<($0 + 1) * count]) }
    }
    let sums = try values("sums", empty.sums.count)
    let pairs = try values("pair_sums", empty.pairSums.count)
    let counts = try values("counts", empty.counts.count)
    let up = try values("up", empty.up.count)
    let down = try values("down", empty.down.count)
    let varied = try values("varied_pair_sums", empty.variedPairSums.count)
    let tables = (0..<parts).map { p in
      var table = empty
      table.sums = sums[p]
      table.pairSums = pairs[p]
      table.counts = counts[p].map { Int($0) }
      table.up = up[p]
      table.down = down[p]
      table.variedPairSums = varied[p]
      return table
    }
    if parts == 1, processes[0].isEmpty { return tables[0] }
    return BinTable(
      processes: (0..<parts).map {
        Process(name: processes[$0], isBackground: background[$0] != 0, table: tables[$0])
      })
  }
}
