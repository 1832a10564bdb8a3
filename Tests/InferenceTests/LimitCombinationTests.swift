import Diagnostics
import EventModel
import Inference
import TestSupport
import Testing

/// Independent measurements on one grid.
@Suite struct LimitCombinationTests {
  let events: CombinedEvents
  init() throws { events = try CombinedEvents(Toy.quadrature(copies: 1)) }

  var grid: [GridAxis] {
    [
      GridAxis(parameter: "t0", lower: -1.5, upper: 1.5, count: 31),
      GridAxis(parameter: "t1", lower: -1.5, upper: 1.5, count: 31),
    ]
  }

  func limits(_ luminosity: Double, _ theta: [Double] = [0.2, 0.1]) throws -> Limits {
    try LimitSource(events, luminosity: luminosity).expected(
      axes: [BinAxis("x", edges: LimitsTests.edges)], thetaTrue: theta,
      settings: LimitSettings(axes: grid, bounds: [-1.5...1.5, -1.5...1.5]))
  }

  /// Asimov data of two luminosities are those of their sum; between grid points q is interpolated.
  @Test func luminositiesAdd() throws {
    let settings = LimitSettings(bounds: [])
    let sum = try LimitCombination([("a", limits(1e4)), ("b", limits(3e4))]).run(
      settings: settings)
    let whole = try limits(4e4)
    #expect(sum.luminosity == 4e4)
    #expect(relativeError(sum.eventCount, whole.eventCount) < 1e-12)
    // 31 points: the fit between them is off by a few 1e-3 in q.
    for (a, b) in zip(sum.q, whole.q) { #expect(abs(a - b) < 0.01) }
    let difference = zip(sum.q, whole.q).map { $0 - $1 }
    #expect(difference.allSatisfy { abs($0 - difference[0]) < 1e-6 })
    #expect(abs(sum.bestFit[0] - 0.2) < 0.02 && abs(sum.bestFit[1] - 0.1) < 0.02)
    for (a, b) in zip(sum.intervals, whole.intervals) {
      #expect(a.parameter == b.parameter && abs(a.lower - b.lower) < 0.01)
      #expect(abs(a.upper - b.upper) < 0.01)
    }
    #expect(sum.regionBands.count == whole.regionBands.count)
  }

  @Test func whatDiffersIsRefused() throws {
    let settings = LimitSettings(bounds: [])
    let a = try limits(1e4)
    var other = a
    other.axes[0].upper = 2
    for (wrong, word) in [(other, "grid"), (try limits(1e4, [0, 0]), "true point")] {
      let problem = #expect(throws: Problem.self) {
        try LimitCombination([("a.h5", a), ("b.h5", wrong)]).run(settings: settings)
      }
      #expect(problem?.kind == .data)
      #expect(problem?.fact.contains(word) == true)
      #expect(problem?.file == "b.h5")
    }
  }

  /// A nuisance parameter that both files profiled is refused; on an axis its constraint counts once.
  @Test func sharedNuisanceParameters() throws {
    let toy = try CountingToy.events(0.1)
    func limits(_ axes: [GridAxis]) throws -> Limits {
      try LimitSource(toy, luminosity: 1e3).expected(
        axes: [], thetaTrue: [0], settings: LimitSettings(axes: axes, bounds: [-10...10]))
    }
    let t = GridAxis(parameter: "t", lower: -6, upper: 6, count: 13)
    let nu = GridAxis(parameter: "nu", lower: -3, upper: 3, count: 13)
    let profiled = try limits([t])
    let problem = #expect(throws: Problem.self) {
      try LimitCombination([("a", profiled), ("b", profiled)]).run(
        settings: LimitSettings(bounds: []))
    }
    #expect(problem?.fact.contains("nu was profiled") == true)
    let independent = try LimitCombination([("a", profiled), ("b", profiled)]).run(
      settings: LimitSettings(bounds: []), isUncorrelated: true)
    #expect(abs(independent.q[0] - 2 * profiled.q[0]) < 1e-3)
    let gridded = try limits([t, nu])
    let both = try LimitCombination([("a", gridded), ("b", gridded)]).run(
      settings: LimitSettings(bounds: []))
    let single = gridded.constraint
    for (a, b) in zip(both.constraint, single) { #expect(abs(a - b) < 1e-9) }
    #expect(both.nuisance.map(\.parameter) == [1])
  }
}
