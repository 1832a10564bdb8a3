import Diagnostics
import EventIO
import EventModel
import Inference
import TestSupport
import Testing

/// Information with nuisance parameters against the reference numbers of toy_mc.h5 (entries `B.*`): 1e-9 of the largest
/// element, as rounding leaves; truth and events with dσ ≈ 0 lose three more digits.
@Suite struct NuisanceInformationTests {
  static let theta = [0.3, -0.2]
  static let luminosity = 3e5
  static let reference = [0.0, 0.0]
  let events: CombinedEvents
  let golden: Golden

  init() throws {
    let source = try Input.openTable(
      Place.shared + "/golden/inference/toy_mc.h5", expecting: [.events], journal: Journal())
    events = try CombinedEvents(EventTable.load(source))
    golden = try Golden("inference/results.json", "results")
  }

  private func space(_ handling: NuisanceHandling, constrained: Bool? = nil) -> InformationSpace {
    InformationSpace(events.table.setup, handling: handling, isConstrained: constrained)
  }

  private func truth(
    _ handling: NuisanceHandling, constrained: Bool? = nil
  ) throws -> Information.Entry {
    try FisherInformation.truth(
      events, at: events.point(Self.theta), space: space(handling, constrained: constrained),
      luminosity: Self.luminosity)
  }

  @Test(.needsShared) func truthAgreesWithReference() throws {
    let entry = try truth(.keep)
    #expect(deviation(entry.matrix, try golden.numbers("B.truth.I", "reference")) < 1e-9)
    let plain = try truth(.none)
    #expect(
      deviation(plain.matrix, try golden.numbers("B.truth.no_nuisance.I", "reference")) < 1e-9)
    #expect(
      deviation(plain.covariance ?? [], try golden.numbers("B.truth.cov_phys", "corrected")) < 1e-6)
  }

  /// Constraints added, then profiled: in one go, and step by step.
  @Test(.needsShared) func profilingAgreesWithReference() throws {
    let profiled = try truth(.profile)
    #expect(deviation(profiled.matrix, try golden.numbers("B.profiled.01", "reference")) < 1e-9)
    let setup = events.table.setup
    let kept = Information(
      parameterNames: ["t0", "t1"] + setup.nuisanceParameters.map(\.name),
      parameterUnits: ["", "", "", ""], isNuisance: [false, false, true, true],
      theta: Self.theta + [0, 0], luminosity: Self.luminosity,
      entries: [try truth(.keep, constrained: true)])
    let one = try kept.profiled(keeping: ["t1"])
    #expect(
      deviation(one.entries[0].matrix, try golden.numbers("B.profiled.1", "reference")) < 1e-9)
    let turned = try kept.projected(keeping: ["t1", "t0"])
    #expect(
      deviation(turned.entries[0].matrix, try golden.numbers("B.projected.10", "reference")) < 1e-9)
    // The covariance of the profiled matrix: projected event by event, or the whole one transformed.
    let both = try kept.profiled(keeping: ["t0", "t1"])
    #expect(deviation(profiled.covariance ?? [], both.entries[0].covariance ?? []) < 1e-9)
  }

  /// MadMiner takes the response of a bin from the reference benchmark, whatever θ.
  @Test(
    .needsShared,
    arguments: [("B.rate.I", false), ("B.histo1d.I", true), ("B.histo1d.dynamic8.I", true)])
  func binsAgreeWithReference(_ name: String, _ hasBins: Bool) throws {
    var table = events.total
    if hasBins {
      let edges =
        name.contains("dynamic")
        ? try events.quantileEdges("x", bins: 8, theta: Self.theta)
        : (0...10).map { -3 + 0.6 * Double($0) }
      if name.contains("dynamic") {
        #expect(deviation(edges, try golden.numbers(name, "edges")) < 1e-9)
      }
      table = try events.fill("x", edges: edges)
    }
    let entry = try FisherInformation.binned(
      BinnedModel(
        table, morphing: events.morphing, freeNorms: [], response: Self.reference),
      at: Self.theta, space: space(.keep), luminosity: Self.luminosity, name: "histogram")
    #expect(deviation(entry.matrix, try golden.numbers(name, "reference")) < 1e-9)
  }

  /// The right response is that of the bin at θ itself: truth ≥ histogram ≥ rate as matrices, and equal where the nuisance
  /// parameter scales everything alike.
  @Test(.needsShared) func informationIsOrdered() throws {
    let table = try events.fill("x", edges: [-2, -1, 0, 1, 2])
    func binned(_ table: BinTable) throws -> Information.Entry {
      try FisherInformation.binned(
        BinnedModel(table, morphing: events.morphing), at: Self.theta, space: space(.keep),
        luminosity: Self.luminosity, name: "histogram")
    }
    let all = [try truth(.keep), try binned(table), try binned(events.total)]
    for (more, less) in [(all[0], all[1]), (all[1], all[2])] {
      let difference = Information.Entry(
        name: "", matrix: zip(more.matrix, less.matrix).map { $0 - $1 })
      let smallest = try #require(difference.eigen?.values.last)
      // Zero up to the second order of ν that a bin's ±1 averages and an event's do not share.
      #expect(smallest > -5e-2, "\(smallest)")
    }
  }

  @Test func freeNormalisationOfTheBackgroundCostsInformation() throws {
    let setup = events.table.setup
    let table = try events.fill("x", edges: [-2, -1, 0, 1, 2])
    let model = try BinnedModel(table, morphing: events.morphing, freeNorms: ["background"])
    let space = InformationSpace(setup, freeNorms: ["background"], handling: .none)
    #expect(space.names == ["t0", "t1", "mu_background"])
    let entry = try FisherInformation.binned(
      model, at: Self.theta, space: space, luminosity: Self.luminosity, name: "histogram")
    // I_μμ = L Σ b²/σ, with b the background of a bin.
    let background = BinnedModel(table.processes[1].table, morphing: events.morphing)
    let nominal = Self.theta + [0, 0]
    let b = background.evaluate(at: nominal).values
    let all = BinnedModel(table, morphing: events.morphing).evaluate(at: nominal).values
    let expected = Self.luminosity * zip(b, all).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
    #expect(abs(entry.matrix[8] / expected - 1) < 1e-12)
    let without = try FisherInformation.binned(
      table, at: events.point(Self.theta), luminosity: Self.luminosity, name: "histogram")
    #expect(entry.expectedErrors.free[0] > without.expectedErrors.free[0])
    #expect(abs(entry.expectedErrors.fixed[0] / without.expectedErrors.fixed[0] - 1) < 1e-12)
  }

  /// The formula's error of a histogram's information against the bootstrap: 400 replicas give a standard deviation to
  /// 3.5 %, and the shipped formula of MadMiner is 10 % (histogram) to 300 % (truth) off. The bias to 3 standard errors.
  @Test(.needsShared) func bootstrapAgreesWithTheFormula() throws {
    let point = try events.point(Self.theta)
    func compute(_ events: CombinedEvents) throws -> [Information.Entry] {
      [
        FisherInformation.truth(events, at: point, luminosity: Self.luminosity),
        FisherInformation.binned(
          try events.fill("x", edges: (0...10).map { -3 + 0.6 * Double($0) }), at: point,
          luminosity: Self.luminosity, name: "histogram"),
        FisherInformation.binned(
          events.total, at: point, luminosity: Self.luminosity, name: "rate"),
      ]
    }
    let central = try compute(events)
    let boot = try InformationReplicas.apply(
      .bootstrap(replicas: 400, seed: 3), to: central, of: events, compute)
    // spec/inference.md 1.6: 8.26, 4.44, 0.590.
    for (k, value) in [8.26, 4.44, 0.590].enumerated() {
      let formula = try #require(central[k].standardDeviations)[0]
      let drawn = try #require(boot[k].standardDeviations)[0]
      #expect(abs(formula / value - 1) < 2e-3)
      #expect(abs(drawn / formula - 1) < 0.11, "\(central[k].name)")
    }
    let bias = try #require(central[1].bias)[0]
    #expect(abs(bias - 0.71) < 0.01)
    #expect(abs(try #require(boot[1].bias)[0] - bias) < 3 * 4.44 / 20)
    let knife = try InformationReplicas.apply(
      .jackknife(groups: 50), to: central, of: events, compute)
    // A jackknife of 50 groups knows a standard deviation to 10 %.
    for k in 0..<3 {
      let ratio =
        try #require(knife[k].standardDeviations)[0] / #require(central[k].standardDeviations)[0]
      #expect(abs(ratio - 1) < 0.35, "\(central[k].name)")
    }
  }

  /// Of the exact score with nuisance parameters: what t̂ retains of everything is at most the truth, and the physics block is
  /// what it is without them.
  @Test(.needsShared) func detectorWithNuisanceParameters() throws {
    func entries(_ handling: NuisanceHandling) throws -> [Information.Entry] {
      try DetectorInformation(
        events, part: .all, models: [ExactScore()], theta: [0, 0], luminosity: Self.luminosity,
        space: space(handling, constrained: false)
      ).entries()
    }
    let kept = try entries(.keep)
    let plain = try entries(.none)
    let truth = try FisherInformation.truth(
      events, at: events.point([0, 0]), space: space(.keep), luminosity: Self.luminosity)
    let block = { (m: [Double]) in [m[0], m[1], m[4], m[5]] }
    #expect(deviation(block(kept[0].matrix), plain[0].matrix) < 1e-10)
    let all = zip(kept[4].matrix, kept[5].matrix).map { $0 + $1 }
    #expect(deviation(all, truth.matrix) < 1e-10)
    let rest = Information.Entry(
      name: "", matrix: zip(truth.matrix, kept[0].matrix).map { $0 - $1 })
    #expect(try #require(rest.eigen?.values.last) > -1e-9)
  }
}
