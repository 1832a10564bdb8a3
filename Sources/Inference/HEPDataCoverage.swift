import Diagnostics
import EventModel

extension HEPDataTable {
  /// A table for each level of a coverage study: how often regions held the true point, with the interval of the fraction.
  static func coverage(_ d: Document) throws -> [HEPDataTable] {
    let names = d.texts("parameters") ?? []
    let (methods, levels) = (d.texts("methods") ?? [], d.reals("levels") ?? [])
    let points = d.reals("points") ?? []
    let n = names.isEmpty ? 0 : points.count / names.count
    let all = ["fraction", "lower", "upper"].map { d.reals($0) ?? [] }
    guard n > 0, points.count == n * names.count, !methods.isEmpty,
      all.allSatisfy({ $0.count == n * levels.count * methods.count && !$0.isEmpty })
    else {
      throw Problem(
        .data, "the coverage is not whole", remedy: "put its shards together: events merge",
        place: "group coverage")
    }
    let units = d.texts("units") ?? names.map { _ in "" }
    var qualifiers: [Qualifier] = [
      ("METHOD", .text(d.text("mode") ?? ""), ""),
      ("TOYS", .integer(d.integer("toys") ?? 0), ""),
      ("EXPERIMENTS", .integer(d.integer("experiments") ?? 0), ""),
    ]
    if let value = d.real("luminosity") { qualifiers.insert(luminosity(value), at: 0) }
    return levels.enumerated().map { l, level in
      HEPDataTable(
        name: "coverage of the \(level) region",
        description:
          "fraction of experiments whose confidence region at \(level) holds the true point",
        independent: names.indices.map { p in
          Column(
            names[p], unit: units[p], .numbers((0..<n).map { points[$0 * names.count + p] }))
        },
        dependent: methods.enumerated().map { m, method in
          let cells = (0..<n).map { ($0 * levels.count + l) * methods.count + m }
          return Column(
            "coverage, \(method)", .numbers(cells.map { all[0][$0] }),
            interval: (cells.map { all[1][$0] }, cells.map { all[2][$0] }))
        }, qualifiers: qualifiers)
    }
  }
}
