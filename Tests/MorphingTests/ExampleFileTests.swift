import Diagnostics
import EventIO
import EventModel
import Morphing
import TestSupport
import Testing

/// MadMiner's own example.h5, numbers of spec events.md 10.2: two signal benchmarks, a background,
/// three nuisance benchmarks.
@Suite struct ExampleFileTests {
  static func table() throws -> EventTable {
    let source = try Input.openTable(
      Place.shared + "/golden/events/example.h5", expecting: [.events], journal: Journal())
    return try EventTable.load(source)
  }
  /// The reference is printed with ten decimals.
  static func expect(_ found: Double, _ printed: Double) {
    #expect(abs(found - printed) < 6e-11 * max(1, abs(printed)), "\(found) \(printed)")
  }

  @Test(.needsShared) func crossSectionsAreTheReference() throws {
    let table = try Self.table()
    #expect(table.defaultCombination == .average)
    let factors = try table.rowFactors(nil)
    for (row, sample) in table.sampleIndices.enumerated() {
      switch table.samples[Int(sample)].samplingBenchmark {
      case 0: Self.expect(factors[row], 0.6594982079)
      case 1: Self.expect(factors[row], 0.3405017921)
      default: #expect(factors[row] == 1)
      }
    }
    let sums = try WeightSums(table, factors: factors)
    let expected: [([Double], Double, Double)] = [
      ([0.0, 0.0], 2.4625306731, 0.2956001196),
      (table.setup.benchmarks[1].values, 2.5904255401, 0.2955895575),
      ([0.3, -0.2], 2.5153683345, 0.295286209),
    ]
    for (theta, sigma, error) in expected {
      let found = try sums.crossSection(at: theta)
      Self.expect(found.value, sigma)
      // σ's error there is MadMiner's where it is right: at benchmarks. At (0.3, −0.2) it mixes
      // squared weights with morphing weights (spec learning.md 1.9).
      if theta != [0.3, -0.2] { Self.expect(found.poissonError, error) }
    }
    let totals = [
      2.4625306731, 2.5904255401, 2.5138699981, 2.3715516025, 2.4049430918, 2.5960460742,
    ]
    for (found, printed) in zip(sums.totals, totals) { Self.expect(found, printed) }
  }

  @Test(.needsShared) func morphingWeightsAreTheReference() throws {
    let setup = try Self.table().setup
    let evaluator = PointWeights(setup)
    let weights = [
      0.7157273634, -0.0242779709, -0.0119298915, -0.0925598617, 0.0366980026, 0.3763423581,
    ]
    for (found, printed) in zip(try evaluator.weights(at: [0.3, -0.2]), weights) {
      Self.expect(found, printed)
    }
    let gradients = [
      -0.5124704975, 0.3174472645, -0.5876956029, -0.0738587392, 0.0800990088, 0.7764785663,
      1.3761627184, 0.5075130362, -0.8806414461, -0.0335156215, 0.0850825471, -1.0546012342,
    ]
    for (found, printed) in zip(try evaluator.gradients(at: [0.3, -0.2]), gradients) {
      Self.expect(found, printed)
    }
    // Our own inversion of its basis gives its matrix.
    let morphing = try #require(setup.morphing)
    let fit = try BasisFit(
      components: morphing.components, parameters: setup.parameters,
      benchmarks: Array(setup.benchmarks.prefix(6)))
    for (a, b) in zip(fit.morphing.matrix, morphing.matrix) { #expect(abs(a - b) < 1e-12) }
  }
}
