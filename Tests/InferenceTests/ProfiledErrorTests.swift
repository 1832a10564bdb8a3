import Diagnostics
import EventIO
import EventModel
import Inference
import TestSupport
import Testing

/// Errors and biases of information with nuisance parameters, from pair sums with varied weights, against the bootstrap of
/// the events.
///
/// 400 replicas know a standard deviation to 3.5 %: 11 % are three of that. A bias is known to σ/20: four of that, since
/// several elements are looked at.
@Suite struct ProfiledErrorTests {
  static let theta = [0.3, -0.2]
  static let luminosity = 3e5
  static let axes = [BinAxis("x", edges: [-2, -1, 0, 1, 2])]
  let events: CombinedEvents

  init() throws {
    let source = try Input.openTable(
      Place.shared + "/golden/inference/toy_mc.h5", expecting: [.events], journal: Journal())
    events = try CombinedEvents(EventTable.load(source))
  }

  private func entry(
    _ events: CombinedEvents, _ axes: [BinAxis], _ handling: NuisanceHandling,
    freeNorms: [String] = [], variedPairs: Bool = true
  ) throws -> Information.Entry {
    try FisherInformation.binned(
      BinnedModel(
        events.fill(axes: axes, variedPairs: variedPairs), morphing: events.morphing,
        freeNorms: freeNorms),
      at: Self.theta,
      space: InformationSpace(
        events.table.setup, freeNorms: freeNorms, handling: handling, isConstrained: true),
      luminosity: Self.luminosity, name: "histogram")
  }

  private static let cases: [([BinAxis], NuisanceHandling, [String])] = [
    (axes, .profile, []), (axes, .keep, []), ([], .keep, []), (axes, .profile, ["background"]),
  ]

  @Test(.needsShared, arguments: 0..<4) func bootstrapAgrees(_ index: Int) throws {
    let (axes, handling, norms) = Self.cases[index]
    let compute = { (events: CombinedEvents) in
      [try entry(events, axes, handling, freeNorms: norms)]
    }
    let central = try compute(events)
    let boot = try InformationReplicas.apply(
      .bootstrap(replicas: 400, seed: 5), to: central, of: events, compute)
    let formula = try #require(central[0].standardDeviations)
    let drawn = try #require(boot[0].standardDeviations)
    let (bias, drawnBias) = (try #require(central[0].bias), try #require(boot[0].bias))
    for i in formula.indices {
      #expect(abs(formula[i] / drawn[i] - 1) < 0.11, "element \(i)")
      #expect(abs(bias[i] - drawnBias[i]) < 4 * drawn[i] / 20, "element \(i)")
    }
  }

  /// The total's response to the second nuisance parameter fluctuates with the events: without it the formula knows an eighth
  /// of the error.
  @Test(.needsShared) func responseIsNotExact() throws {
    let without = try #require(
      try entry(events, [], .keep, variedPairs: false).standardDeviations)
    let formula = try #require(try entry(events, [], .keep).standardDeviations)
    #expect(without[15] < 0.2 * formula[15])
  }

  /// Profiled at once or from the kept matrix: the same covariance and bias, to what the inverse of C leaves of rounding.
  @Test(.needsShared) func biasIsThatOfProfilingAKeptMatrix() throws {
    let setup = events.table.setup
    let kept = Information(
      parameterNames: setup.parameterNames + setup.nuisanceParameters.map(\.name),
      parameterUnits: ["", "", "", ""], isNuisance: [false, false, true, true],
      isConstrained: true, theta: Self.theta + [0, 0], luminosity: Self.luminosity,
      entries: [try entry(events, Self.axes, .keep)])
    let later = try kept.profiled(keeping: setup.parameterNames).entries[0]
    let direct = try entry(events, Self.axes, .profile)
    #expect(deviation(later.matrix, direct.matrix) < 1e-10)
    #expect(deviation(try #require(later.bias), try #require(direct.bias)) < 1e-10)
    #expect(deviation(try #require(later.covariance), try #require(direct.covariance)) < 1e-10)
    // What profiling takes away on average is no detail: the projected matrix alone has another bias.
    let projected = try kept.projected(keeping: setup.parameterNames).entries[0]
    #expect(abs(try #require(direct.bias)[0] / (try #require(projected.bias)[0]) - 1) > 0.05)
  }
}
