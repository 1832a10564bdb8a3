import CommandKit
import EventModel
import Inference

/// A posterior for people.
struct PosteriorText {
  let head: PosteriorHead

  init(_ head: PosteriorHead) { self.head = head }

  private var limits: Limits { head.limits }

  private func place(_ theta: [Double]) -> String {
    zip(limits.parameterNames, theta).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ",")
  }

  private func notes(_ more: [String]) -> [String] {
    let kind = limits.isExpected ? "expected at \(place(limits.thetaTrue))" : "observed"
    return [
      "posterior of \(limits.mode.rawValue)"
        + (limits.mode == .rate ? "" : limits.includesRate ? " with the rate" : " without the rate")
        + ", \(Luminosity(inversePicobarn: limits.luminosity).description), \(kind), "
        + "n = \(TextTable.number(limits.eventCount))",
      "prior: " + head.prior
        + (head.capped.isEmpty ? "" : ", cut off at the range of the model"),
    ] + more + limits.notes
  }

  func text(_ grid: GridPosterior) -> String {
    let ratio = grid.logEvidence - head.referenceLikelihood
    var table = TextTable(
      ["parameter", "mean", "sigma", "map"],
      notes: notes([
        "grid: " + grid.axes.map(\.description).joined(separator: " "),
        "ln evidence / L(\(place(head.reference))): \(TextTable.number(ratio))",
      ]))
    let n = grid.axes.count
    for (k, axis) in grid.axes.enumerated() {
      let p = limits.parameterNames.firstIndex(of: axis.parameter) ?? 0
      table.add(
        [axis.parameter]
          + [grid.mean[k], grid.covariance[k * n + k].squareRoot(), grid.points[grid.best][p]].map {
            TextTable.number($0)
          })
    }
    var regions = TextTable(["hpd", "level", "cells", n == 1 ? "length" : "area", "complete"])
    for region in grid.regions {
      regions.add([
        grid.axes.map(\.parameter).joined(separator: ","), TextTable.number(region.level),
        String(region.cells), TextTable.number(region.size), region.reachesBorder ? "no" : "yes",
      ])
    }
    return table.text + intervals(grid).text + regions.text
  }

  private func intervals(_ grid: GridPosterior) -> TextTable {
    var table = TextTable(["interval", "level", "lower", "upper", "hpd_lower", "hpd_upper"])
    for (k, axis) in grid.axes.enumerated() {
      for level in head.levels {
        let (central, shortest) = (
          grid.centralInterval(k, level: level), grid.shortestInterval(k, level: level)
        )
        table.add(
          [axis.parameter, TextTable.number(level)]
            + [central.lower, central.upper, shortest.lower, shortest.upper].map {
              TextTable.number($0)
            })
      }
    }
    return table
  }

  func text(_ samples: PosteriorSamples) -> String {
    var table = TextTable(
      ["parameter", "mean", "sigma", "map", "r_hat", "effective"],
      notes: notes([
        "\(samples.method.rawValue): \(samples.points.count) samples, acceptance "
          + TextTable.number(samples.acceptance, digits: 3)
      ]))
    for (k, p) in samples.free.enumerated() {
      table.add(
        [limits.parameterNames[p]]
          + [samples.mean[k], samples.standardDeviation[k], samples.points[samples.best][p]].map {
            TextTable.number($0)
          }
          + [
            TextTable.number(samples.rHat[k], digits: 5),
            TextTable.number(samples.effectiveSize[k].rounded(), digits: 6),
          ])
    }
    var intervals = TextTable(["interval", "level", "lower", "upper", "hpd_lower", "hpd_upper"])
    for (k, p) in samples.free.enumerated() {
      for level in head.levels {
        let (central, shortest) = (
          samples.centralInterval(k, level: level), samples.shortestInterval(k, level: level)
        )
        intervals.add(
          [limits.parameterNames[p], TextTable.number(level)]
            + [central.lower, central.upper, shortest.lower, shortest.upper].map {
              TextTable.number($0)
            })
      }
    }
    return table.text + intervals.text
  }
}
