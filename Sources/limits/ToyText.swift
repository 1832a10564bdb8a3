import CommandKit
import EventModel
import Inference

/// A Neyman belt for people: regions of what was judged, then the belt in short, then, if asked for, every point.
struct ToyText {
  let belt: NeymanBelt
  let withPoints: Bool

  init(_ belt: NeymanBelt, withPoints: Bool) {
    self.belt = belt
    self.withPoints = withPoints
  }

  private var limits: Limits { belt.limits }

  var text: String {
    var parts: [String] = []
    if !belt.experiments.isEmpty {
      parts.append(regions.text)
      if limits.axes.count == 1 { parts.append(intervals.text) }
    }
    parts.append(summary(isFirst: belt.experiments.isEmpty).text)
    if withPoints { parts.append(points.text) }
    return parts.joined()
  }

  private func place(_ theta: [Double]) -> String {
    zip(limits.parameterNames, theta).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ",")
  }

  private var notes: [String] {
    var notes = [
      "Neyman construction of \(limits.mode.rawValue)"
        + (limits.mode == .rate ? "" : limits.includesRate ? " with the rate" : " without the rate")
        + ", \(Luminosity(inversePicobarn: limits.luminosity).description), \(belt.toys) toys a point"
    ]
    if limits.isExpected, !limits.thetaTrue.isEmpty {
      notes.append(
        "expected at \(place(limits.thetaTrue)), n = \(TextTable.number(limits.eventCount)), "
          + "from \(belt.experimentCount) experiments")
    } else if !limits.isExpected {
      notes.append("observed, n = \(TextTable.number(limits.eventCount))")
    }
    if limits.bestFit.allSatisfy(\.isFinite) {
      notes.append("best point of the grid: " + place(limits.bestFit))
    }
    let axes = limits.axes.map {
      "\($0.parameter)=\(TextTable.number($0.lower)):\(TextTable.number($0.upper)):\($0.count)"
    }
    notes.append("grid: " + axes.joined(separator: " "))
    return notes + limits.notes
  }

  private var regions: TextTable {
    var table = TextTable(
      ["experiment", "level", limits.axes.count == 1 ? "length" : "area", "complete"],
      notes: notes)
    for (e, name) in belt.experiments.enumerated() {
      for level in belt.levels {
        guard let region = belt.region(e, level: level) else { continue }
        table.add([
          name.replacing(" ", with: "_"), TextTable.number(level), TextTable.number(region.size),
          region.isOpen ? "no" : "yes",
        ])
      }
    }
    return table
  }

  private var intervals: TextTable {
    var table = TextTable(["interval", "experiment", "level", "lower", "upper"])
    for (e, name) in belt.experiments.enumerated() {
      for level in belt.levels {
        for interval in belt.intervals(e, level: level) {
          table.add([
            limits.axes[0].parameter, name.replacing(" ", with: "_"), TextTable.number(level),
            interval.lower.isNaN ? "border" : TextTable.number(interval.lower),
            interval.upper.isNaN ? "border" : TextTable.number(interval.upper),
          ])
        }
      }
    }
    return table
  }

  /// The range of critical values over the grid beside the asymptotic one, and the coverage of the latter.
  private func summary(isFirst: Bool) -> TextTable {
    var table = TextTable(
      ["level", "chi2", "t_min", "t_max", "chi2_coverage_min", "chi2_coverage_max"],
      notes: isFirst ? notes : [])
    let defined = belt.points.filter { !$0.critical.isEmpty }
    for (l, level) in belt.levels.enumerated() {
      let t = defined.map { $0.critical[l].value }
      let covered = defined.map { Double($0.asymptoticCovered[l]) / Double(belt.toys) }
      table.add(
        [level, limits.regions[l].threshold].map { TextTable.number($0) }
          + [t.min(), t.max(), covered.min(), covered.max()].map {
            TextTable.number($0 ?? .nan, digits: 4)
          })
    }
    return table
  }

  private var points: TextTable {
    var table = TextTable(
      limits.parameterNames + ["n"] + belt.levels.map { "t_\(TextTable.number($0))" }
        + belt.experiments.flatMap { name in
          let name = name.replacing(" ", with: "_")
          return ["t_" + name, "p_" + name, "p_error"]
        })
    for point in belt.points {
      var row = (point.theta + [point.expectedEvents]).map { TextTable.number($0) }
      row += belt.levels.indices.map {
        point.critical.isEmpty ? "nan" : TextTable.number(point.critical[$0].value)
      }
      for e in belt.experiments.indices {
        row += [
          point.statistics[e], point.p(e, toys: belt.toys), point.pError(e, toys: belt.toys),
        ].map { TextTable.number($0) }
      }
      table.add(row)
    }
    return table
  }
}
