import CommandKit
import EventModel

/// Limits for people: what they are of, then regions and intervals, then, if asked for, the grid.
struct LimitsText {
  let limits: Limits
  let withPoints: Bool

  init(_ limits: Limits, withPoints: Bool) {
    self.limits = limits
    self.withPoints = withPoints
  }

  var text: String {
    var parts = [regions.text, intervals.text]
    if limits.isExpected { parts += [regionBands.text, intervalBands.text] }
    if limits.minima.count > 1 { parts.append(minima.text) }
    if !limits.fit.parameters.isEmpty { parts.append(fit.text) }
    if (2...12).contains(limits.fit.parameters.count) { parts.append(correlation.text) }
    if !limits.impacts.isEmpty { parts.append(impacts.text) }
    if withPoints { parts.append(points.text) }
    return parts.joined()
  }

  func place(_ theta: [Double]) -> String {
    zip(limits.parameterNames, theta).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ",")
  }

  private var notes: [String] {
    let kind = limits.isExpected ? "expected" : "observed"
    var notes = [
      "\(kind) limits of \(limits.mode.rawValue)"
        + (limits.mode == .rate ? "" : limits.includesRate ? " with the rate" : " without the rate")
        + ", \(Luminosity(inversePicobarn: limits.luminosity).description), "
        + "n = \(TextTable.number(limits.eventCount))"
    ]
    if limits.isExpected {
      notes.append("true point: " + place(limits.thetaTrue))
      notes.append(
        "events: \(limits.events) (\(TextTable.number(limits.effectiveEvents)) effective), "
          + "combined by \(limits.combination.rawValue)"
          + (limits.partition == .all ? "" : ", \(limits.partition.rawValue) part"))
    }
    for (observable, edges) in zip(limits.observables, limits.edges) {
      notes.append(
        "\(observable) in \(edges.count + 1) bins, edges "
          + edges.map { TextTable.number($0) }.joined(separator: ","))
    }
    if limits.includesMonteCarloStatistics {
      notes.append("bins vary by the statistics of the simulation")
    }
    notes.append(
      "best fit: " + place(limits.bestFit) + (limits.bestFitIsAtBound ? " (at the border)" : ""))
    if limits.qTrue.isFinite {
      notes.append("q(true point): \(TextTable.number(limits.qTrue, digits: 3))")
    }
    if limits.closure.isFinite {
      notes.append(
        "closure: n |ln E[r]| <= \(TextTable.number(limits.closure, digits: 3)) inside the regions")
    }
    let axes = limits.axes.map {
      "\($0.parameter)=\(TextTable.number($0.lower)):\(TextTable.number($0.upper)):\($0.count)"
    }
    notes.append("grid: " + axes.joined(separator: " ") + ", \(limits.degreesOfFreedom) dof")
    for (text, list) in [
      ("fixed", limits.fixedParameters), ("profiled", limits.profiledParameters),
    ] where !list.isEmpty {
      notes.append(text + ": " + list.map { limits.parameterNames[$0] }.joined(separator: ", "))
    }
    return notes + limits.notes
  }

  private var regions: TextTable {
    var table = TextTable(["region", "level", "q", "area", "complete"], notes: notes)
    for region in limits.regions {
      table.add([
        limits.axes.map(\.parameter).joined(separator: ","), TextTable.number(region.level),
        TextTable.number(region.threshold), TextTable.number(region.area),
        region.isOpen ? "no" : "yes",
      ])
    }
    return table
  }

  private var intervals: TextTable {
    var table = TextTable(["interval", "level", "lower", "upper"])
    for interval in limits.intervals {
      table.add(
        [limits.parameterNames[interval.parameter], TextTable.number(interval.level)]
          + ends(interval))
    }
    return table
  }
}
