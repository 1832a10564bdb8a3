import Augmentation
import Diagnostics
import EventIO
import EventModel
import Foundation
import Morphing
import TestSupport
import Testing

/// The `joint` cases of golden/learning/results.json: MadMiner's row ranges, its closest benchmark or its
/// average, totals of the same rows, without and with nuisance parameters at θ0.
@Suite struct ReferenceTests {
  struct Case: Decodable {
    struct First: Decodable {
      let x: [[Double]]
      let p: [Double]
      let rXz: [Double]
      let tXz: [[Double]]
    }
    let partition: String
    let onlyClosestBenchmark: Bool
    let xsecUncertaintyAsShipped: [Double]
    let theta0: [Double]
    let nu0: [Double]?
    let nEvents: Int
    let xsec: [Double]
    let xsecGradient: [[Double]]
    let nEff: Double
    let kish: Double
    let first5: First
  }
  struct Results: Decodable { let joint: [Case] }

  static func cases() throws -> [Case] {
    let path = Place.shared + "/golden/learning/results.json"
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Results.self, from: data).joint
  }

  /// MadMiner's ranges: a row is lost at either border (spec learning.md 1.3).
  static func range(_ part: String, of n: Int) -> (Range<Int>, Double) {
    let (train, test) = (Int((0.6 * Double(n)).rounded()), Int((0.8 * Double(n)).rounded()))
    switch part {
    case "train": return (0..<train, 1 / (1 - 0.2 - 0.2))
    case "validation": return (train + 1..<test, 5)
    default: return (test + 1..<n, 5)
    }
  }

  @Test(.needsShared) func jointQuantitiesAreTheReference() throws {
    let source = try Input.openTable(
      Place.shared + "/golden/events/example.h5", expecting: [.events], journal: Journal())
    let table = try EventTable.load(source)
    let cases = try Self.cases()
    #expect(cases.count == 6)
    for reference in cases {
      let (range, scale) = Self.range(reference.partition, of: table.count)
      let factors = try table.rowFactors(
        reference.onlyClosestBenchmark ? .closest : .average, theta: reference.theta0
      ).map { $0 * scale }
      let rows = range.filter { factors[$0] != 0 }
      #expect(rows.count == reference.nEvents)
      let events = try WeightedEvents(table, rows: rows, factors: factors, nuisance: true)
      try compare(events, reference, table)
    }
  }

  /// δσ² = Σ_e dσ_e(θ, ν)², where the reference morphs squared weights and takes F(ν) once (spec learning.md 1.9;
  /// learning.md 7.1 no. 7): 0.511 with ν for its 0.457.
  @Test(.needsShared) func errorOfTheCrossSectionSquaresEverything() throws {
    let source = try Input.openTable(
      Place.shared + "/golden/events/example.h5", expecting: [.events], journal: Journal())
    let table = try EventTable.load(source)
    let correct = [0.409797, 0.511275, 0.410362, 0.512458, 0.384224, 0.468628]
    for (reference, wanted) in zip(try Self.cases(), correct) {
      let (range, scale) = Self.range(reference.partition, of: table.count)
      let factors = try table.rowFactors(
        reference.onlyClosestBenchmark ? .closest : .average, theta: reference.theta0,
        nu: reference.nu0 ?? [0, 0]
      ).map { $0 * scale }
      let found = try WeightSums(table, factors: factors, rows: Array(range)).crossSection(
        at: reference.theta0)
      // Six digits are given.
      #expect(abs(found.poissonError - wanted) < 1e-6)
      let shipped = reference.xsecUncertaintyAsShipped[0]
      #expect(reference.nu0 == nil || wanted > 1.1 * shipped)
    }
  }

  private func compare(
    _ events: WeightedEvents, _ reference: Case, _ table: EventTable
  ) throws {
    var (p0, p1) = (events.hypothesis(), events.hypothesis())
    let response = try #require(events.nuisance)
    let nu0 = reference.nu0 ?? [0, 0]
    try p0.move(to: reference.theta0, nuisance: response.point(nu0))
    try p1.move(to: table.setup.benchmarks[0].values, nuisance: response.point([0, 0]))
    func expect(_ found: Double, _ wanted: Double, _ what: String) {
      #expect(abs(found - wanted) < 1e-10 * (1 + abs(wanted)), "\(what)")
    }
    expect(p0.crossSection, reference.xsec[0], "sigma at theta0")
    expect(p1.crossSection, reference.xsec[1], "sigma at theta1")
    for q in 0..<4 {
      expect(
        p0.logCrossSectionGradient[q], reference.xsecGradient[0][q] / reference.xsec[0],
        "gradient of sigma")
    }
    for i in 0..<5 {
      let first = reference.first5
      let row = events.rows[i]
      for (k, x) in first.x[i].enumerated() {
        expect(table.observations[row * first.x[i].count + k], x, "x")
      }
      expect(events.differential(i, at: p0) / p0.crossSection, first.p[i], "p")
      let ratio = exponential(events.logRatio(i, p0, p1))
      expect(ratio, first.rXz[i], "r_xz")
      #expect(first.tXz[i].count == 4)
      for (q, t) in events.score(i, at: p0).enumerated() { expect(t, first.tXz[i][q], "t_xz") }
    }
    var plan = SamplePlan(
      method: .plain, theta0: .points([reference.theta0 + nu0]), count: 1, seed: 1)
    plan.nuisance = .keep
    let effective = try SampleMaker(plan, events: events).effective
    expect(effective.minimum, reference.kish, "Kish number")
    expect(effective.smallestByLargestShare ?? 0, reference.nEff, "1/max p")
  }
}
