import CommandKit
import EventModel

// The tables of limits that describe the fit and the spread of experiments.

extension LimitsText {
  /// Area of the region of the median experiment and of those one and two standard deviations away.
  var regionBands: TextTable {
    var table = TextTable(["expected_area", "level", "-2", "-1", "median", "+1", "+2"])
    for level in limits.regions.map(\.level) {
      let bands = limits.regionBands.filter { $0.level == level }.sorted { $0.sigma < $1.sigma }
      table.add(
        [limits.axes.map(\.parameter).joined(separator: ","), TextTable.number(level)]
          + bands.map { TextTable.number($0.area) + ($0.isOpen ? "+" : "") })
    }
    return table
  }

  var intervalBands: TextTable {
    var table = TextTable(["expected_interval", "level", "experiment", "lower", "upper"])
    for band in limits.intervalBands {
      let (name, interval) = (limits.parameterNames[band.interval.parameter], band.interval)
      let experiment =
        band.sigma == 0 ? "median" : band.sigma > 0 ? "+\(band.sigma)" : "\(band.sigma)"
      table.add([name, TextTable.number(interval.level), experiment] + ends(interval))
    }
    return table
  }

  /// Lower and upper end.
  func ends(_ interval: Limits.Interval) -> [String] {
    [
      interval.lower.isNaN ? "-inf" : TextTable.number(interval.lower),
      interval.upper.isNaN ? "inf" : TextTable.number(interval.upper),
    ]
  }

  var minima: TextTable {
    var table = TextTable(["minimum", "q"] + limits.parameterNames)
    for (k, minimum) in limits.minima.enumerated() {
      table.add(
        [String(k + 1), TextTable.number(minimum.q)]
          + minimum.point.map { TextTable.number($0) })
    }
    return table
  }

  /// Values with errors; of nuisance parameters these are the pulls, and the last column is their constraint.
  var fit: TextTable {
    var table = TextTable(["fit", "value", "error", "constraint"])
    for (k, p) in limits.fit.parameters.enumerated() {
      let constraint = limits.nuisance.first { $0.parameter == p }?.constraint ?? "free"
      table.add([
        limits.parameterNames[p], TextTable.number(limits.fit.values[k]),
        TextTable.number(limits.fit.errors[k]), constraint,
      ])
    }
    return table
  }

  var correlation: TextTable {
    let names = limits.fit.parameters.map { limits.parameterNames[$0] }
    var table = TextTable(["correlation"] + names)
    for (i, name) in names.enumerated() {
      table.add(
        [name]
          + names.indices.map {
            TextTable.number(limits.fit.correlation[i * names.count + $0], digits: 3)
          })
    }
    return table
  }

  var impacts: TextTable {
    var table = TextTable([
      "impact_of", "on", "postfit_up", "postfit_down", "prefit_up", "prefit_down",
    ])
    for impact in limits.impacts {
      table.add(
        [limits.parameterNames[impact.nuisance], limits.parameterNames[impact.parameter]]
          + [impact.postfitUp, impact.postfitDown, impact.prefitUp, impact.prefitDown].map {
            TextTable.number($0)
          })
    }
    return table
  }

  var points: TextTable {
    let hasConstraint = limits.constraint.contains { $0 != 0 }
    var table = TextTable(
      limits.parameterNames + ["ln_L_kinematic", "ln_L_rate"]
        + (hasConstraint ? ["ln_L_constraint"] : []) + ["q", "p"])
    let n = limits.parameterCount
    for i in 0..<limits.pointCount {
      let theta = limits.points[i * n..<(i + 1) * n].map { TextTable.number($0) }
      let values =
        [limits.kinematic[i], limits.rate[i]] + (hasConstraint ? [limits.constraint[i]] : [])
        + [limits.q[i], limits.p[i]]
      table.add(theta + values.map { TextTable.number($0, digits: 8) })
    }
    return table
  }
}
