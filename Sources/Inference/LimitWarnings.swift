import Diagnostics
import EventModel

// What a reader of the numbers must know.

enum LimitWarnings {
  static func warnAboutShapes(_ journal: Journal?) {
    journal?.warn(
      "limits.shapes",
      "the models do not know the nuisance parameters, which act on the rate alone; their effect on shapes is left out"
    )
  }
}

extension LimitCalculation {
  func warnAboutEdges(_ limits: Limits) {
    if limits.bestFitIsAtBound {
      journal?.warn(
        "limits.bound", "the best fit is at the border of the space that was searched")
    }
    // The rate alone never bounds two parameters: what the table says ("complete: no") is no surprise there.
    guard limits.mode != .rate || limits.axes.count == 1 else { return }
    if let open = limits.regions.filter(\.isOpen).map(\.level).min() {
      journal?.warn(
        "limits.open", "the region of level \(open) reaches the border of the grid")
    }
  }

  /// Densities that are negative, and counts that are too low for χ².
  func warnAboutBins(_ limits: Limits, _ scan: Scan) {
    let widest = settings.threshold(settings.levels.max() ?? 0.95, limits)
    let negative = scan.values.indices.filter {
      scan.values[$0].negativeBins > 0 && limits.q[$0] <= widest
    }
    if let first = negative.first {
      journal?.warn(
        "limits.negative.bins",
        "a bin without events has a negative cross section at \(place(scan.points[first])), inside the regions; join it with its neighbour",
        count: negative.count)
    }
    if limits.eventCount.rounded() < 10 {
      journal?.warn(
        "limits.asymptotic",
        "\(LimitCalculation.rounded(limits.eventCount)) events are too few for the chi-square distribution to hold; check p-values with toys"
      )
    }
  }

  func place(_ theta: [Double]) -> String {
    zip(names, theta).map { "\($0)=\($1)" }.joined(separator: ",")
  }

  static func rounded(_ x: Double) -> Double { Double(Int((x * 100).rounded())) / 100 }
}
