import Diagnostics
import EventModel

extension HEPDataTable {
  /// A table for each level of a coverage study: how often regions held the true point, with the interval of the fraction.
  static func coverage(_ study: CoverageResult) -> [HEPDataTable] {
    let (names, levels, n) = (study.parameters, study.levels, study.points.count)
    var qualifiers: [Qualifier] = [
      ("METHOD", .text(study.mode ?? ""), ""),
      ("TOYS", .integer(study.toys ?? 0), ""),
      ("EXPERIMENTS", .integer(study.experiments ?? 0), ""),
    ]
    if let value = study.luminosity { qualifiers.insert(luminosity(value), at: 0) }
    return levels.enumerated().map { l, level in
      HEPDataTable(
        name: "coverage of the \(level) region",
        description:
          "fraction of experiments whose confidence region at \(level) holds the true point",
        independent: names.indices.map { p in
          Column(names[p], unit: study.units[p], .numbers(study.points.map { $0[p] }))
        },
        dependent: study.methods.enumerated().map { m, method in
          let cells = (0..<n).map { study.index($0, l, m) }
          return Column(
            "coverage, \(method)", .numbers(cells.map { study.fraction[$0] }),
            interval: (cells.map { study.lower[$0] }, cells.map { study.upper[$0] }))
        }, qualifiers: qualifiers)
    }
  }
}
