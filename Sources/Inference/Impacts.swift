import Diagnostics
import EventModel

/// How much each nuisance parameter moves the fit: kept at its best value ± its error and ± the width of its constraint,
/// everything else fitted again.
struct Impacts {
  private let limits: Limits
  private let fit: RestrictedFit
  private let settings: LimitSettings
  private let journal: Journal?

  init(
    _ limits: Limits, _ fit: RestrictedFit, _ settings: LimitSettings, journal: Journal?
  ) {
    self.limits = limits
    self.fit = fit
    self.settings = settings
    self.journal = journal
  }

  /// On every free parameter of the theory, those that move the first of them most at the front.
  func all() throws -> [Limits.Impact] {
    let nuisance = limits.nuisance.map(\.parameter)
    let free = limits.fit.parameters
    let targets = free.filter { !nuisance.contains($0) }
    var impacts: [[Limits.Impact]] = []
    let moved = limits.nuisance.filter { free.contains($0.parameter) }
    for (done, one) in moved.enumerated() {
      let others = free.filter { $0 != one.parameter }
      let place = free.firstIndex(of: one.parameter)
      let error = place.map { limits.fit.errors[$0] } ?? .nan
      let shifts = try [one.width, -one.width, error, -error].map {
        try shift(one.parameter, by: $0, others)
      }
      impacts.append(
        targets.map { p in
          let values = shifts.map { $0.map { $0[p] - limits.bestFit[p] } ?? .nan }
          return Limits.Impact(
            nuisance: one.parameter, parameter: p, prefitUp: values[0], prefitDown: values[1],
            postfitUp: values[2], postfitDown: values[3])
        })
      journal?.progress("impacts", done + 1, of: moved.count)
    }
    return impacts.sorted { size($0) > size($1) }.flatMap { $0 }
  }

  private func size(_ impacts: [Limits.Impact]) -> Double {
    guard let first = impacts.first else { return 0 }
    let largest = max(abs(first.postfitUp), abs(first.postfitDown))
    return largest.isNaN ? -1 : largest
  }

  private func shift(_ p: Int, by amount: Double, _ others: [Int]) throws -> [Double]? {
    guard amount.isFinite else { return nil }
    var start = limits.bestFit
    let bound = fit.bounds[p]
    start[p] = min(max(start[p] + amount, bound.lowerBound), bound.upperBound)
    return try fit.minimise(from: start, over: others)?.point
  }
}
