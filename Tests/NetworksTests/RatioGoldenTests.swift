import FoundationEssentials
import Glibc
import Numerics
import TestSupport
import Testing

@testable import Networks

/// The reference implementation's ratio networks of other kinds, in float64: weights, inputs, outputs.
@Suite struct RatioGoldenTests {
  private struct Results: Decodable {
    struct Inputs: Decodable {
      let x: [[Double]]
      let theta: [[Double]]
      let theta1: [[Double]]
    }
    struct Network: Decodable {
      let state: [String: Tensor]
      let logR: [[Double]]
      let score: [[Double]]?
      let score0: [[Double]]?
      let score1: [[Double]]?
      let components: [[Double]]?
      let morphingMatrix: [[Double]]?

      enum CodingKeys: String, CodingKey {
        case state, score, score0, score1, components
        case logR = "log_r"
        case morphingMatrix = "morphing_matrix"
      }
    }
    let inputs: Inputs
    let double: Network
    let morphed: Network
    let quadratic: Network

    enum CodingKeys: String, CodingKey {
      case inputs
      case double = "double_ratio_tanh_4"
      case morphed = "morphing_aware_tanh_4"
      case quadratic = "quadratic_tanh_4"
    }
  }
  /// A tensor as one row after the other.
  private struct Tensor: Decodable {
    let flat: [Double]
    init(from decoder: Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        flat = [number]
      } else {
        flat = try container.decode([Tensor].self).flatMap(\.flat)
      }
    }
  }

  private static func read() throws -> Results {
    let file = URL(filePath: Place.shared + "/golden/learning/results.json")
    return try JSONDecoder().decode(Results.self, from: Data(contentsOf: file))
  }

  private func expect(_ found: [Double], _ golden: [[Double]], _ tolerance: Double) {
    let golden = golden.flatMap { $0 }
    #expect(found.count == golden.count)
    for (a, b) in zip(found, golden) { #expect(abs(a - b) < tolerance * (1 + abs(b))) }
  }

  /// Several networks 3 → 4 → 1 side by side: one network 3 → 4n → n whose last layer is block-diagonal.
  private func joined(
    _ state: [String: Tensor], _ prefixes: [String], shift: [Double]
  ) throws -> Perceptron<Double> {
    let n = prefixes.count
    func values(_ name: String) throws -> [Double] { try #require(state[name]).flat }
    let first = try prefixes.flatMap { try values($0 + "layers.0.weight") }
    let firstBias = try prefixes.flatMap { try values($0 + "layers.0.bias") }
    let last = try prefixes.indices.flatMap { i -> [Double] in
      let own = try values(prefixes[i] + "layers.1.weight")
      return (0..<n).flatMap { $0 == i ? own : [0, 0, 0, 0] }
    }
    let lastBias = try prefixes.indices.map {
      try values(prefixes[$0] + "layers.1.bias")[0] + shift[$0]
    }
    return Perceptron(
      shape: PerceptronShape(inputs: 3, hidden: [4 * n], outputs: n),
      weights: [first, last], biases: [firstBias, lastBias])
  }

  /// Both sides are float64, and the files hold all digits: 1e-12 leaves room for the order of sums.
  @Test(.needsShared) func twoHypotheses() throws {
    let all = try Self.read()
    let golden = all.double
    let weights = try (0..<2).map { try #require(golden.state["layers.\($0).weight"]).flat }
    let biases = try (0..<2).map { try #require(golden.state["layers.\($0).bias"]).flat }
    let network = Perceptron<Double>(
      shape: PerceptronShape(inputs: 7, hidden: [4], outputs: 1), weights: weights, biases: biases)
    func rows(_ a: [[Double]], _ b: [[Double]]) -> PerceptronOutputs {
      let rows = all.inputs.x.indices.map { a[$0] + b[$0] + all.inputs.x[$0] }
      return network.evaluatePairs(
        rows: rows.count, width: 2, tangents: true, team: ThreadTeam(threads: 1)
      ) { range, block in _ = block.update(fromContentsOf: rows[range].flatMap { $0 }) }
    }
    let got = rows(all.inputs.theta, all.inputs.theta1)
    expect(got.values, golden.logR, 1e-12)
    // Its score1 is +∂ log r/∂θ1, which is minus the score at θ1.
    expect(got.tangents, try zip(#require(golden.score0), #require(golden.score1)).map(+), 1e-12)
    // Exchanging the hypotheses changes the sign, to the bit.
    #expect(rows(all.inputs.theta1, all.inputs.theta).values == got.values.map { -$0 })
  }

  /// Its ratio of cross sections is learned, ours known: with σ_b = exp c_b and h_b − c_b both are one formula. None of its
  /// limits is met here; ours differs by δ²/4 times the square of the cancellation, so δ is made small.
  @Test(.needsShared) func morphingAware() throws {
    let all = try Self.read()
    let golden = all.morphed
    let constants = try #require(golden.state["log_sigma_ratio_components"]).flat
    let network = try joined(
      golden.state, (0..<3).map { "dsigma_component_estimators.\($0)." },
      shift: constants.map { -$0 })
    let form = MorphedForm(
      components: try #require(golden.components).map { $0.map { Int($0) } },
      coefficients: try #require(golden.morphingMatrix).flatMap { row in
        zip(row, constants).map { $0 * exp($1) }
      }, scales: [1], smoothing: 1e-9)
    let outputs = network.evaluate(
      inputs: all.inputs.x.flatMap { $0 }, team: ThreadTeam(threads: 1)
    ).values
    let got = form.logRatio(
      outputs: outputs, theta: all.inputs.theta.map { $0[0] }, gradient: true)
    expect(got.values, golden.logR, 1e-11)
    expect(got.gradient, try #require(golden.score), 1e-11)
    // The smoothing that is trained with moves log r by less than a millionth of its error.
    let standard = MorphedForm(
      components: form.components, coefficients: form.coefficients, scales: [1])
    expect(
      standard.logRatio(outputs: outputs, theta: all.inputs.theta.map { $0[0] }).values,
      golden.logR, 1e-4)
  }

  /// The quadratic ratio of arXiv:2007.10356, [(1+θA)² + (θB)²]/[(1+θa)² + (θb)²], is the polynomial form with A and B − 1
  /// for outputs. The reference adds 1e-9 to the ratio.
  @Test(.needsShared) func quadraticIsPolynomial() throws {
    let all = try Self.read()
    let golden = all.quadratic
    let network = try joined(golden.state, ["dsigma_a.", "dsigma_b."], shift: [0, -1])
    let a = try #require(golden.state["sigma_a"]).flat[0]
    let b = try #require(golden.state["sigma_b"]).flat[0]
    let form = AmplitudeForm(
      centre: [0], scales: [1], amplitudes: [[0], [1]],
      crossSection: [
        .init(powers: [0], coefficient: 1), .init(powers: [1], coefficient: 2 * a),
        .init(powers: [2], coefficient: a * a + b * b),
      ], frame: [1, 0, 0, 1])
    let outputs = network.evaluate(
      inputs: all.inputs.x.flatMap { $0 }, team: ThreadTeam(threads: 1)
    ).values
    let got = form.logRatio(
      outputs: outputs, theta: all.inputs.theta.map { $0[0] }, gradient: true)
    expect(got.values, golden.logR, 1e-8)
    expect(got.gradient, try #require(golden.score), 1e-8)
  }
}
