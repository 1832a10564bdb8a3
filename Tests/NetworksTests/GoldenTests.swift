import FoundationEssentials
import Numerics
import TestSupport
import Testing

@testable import Networks

/// Tiny networks of the reference implementation in float64: weights, inputs, outputs.
@Suite struct GoldenTests {
  private struct Results: Decodable {
    struct Inputs: Decodable {
      let x: [[Double]]
      let theta: [[Double]]
    }
    struct Ratio: Decodable {
      let state: [String: Values]
      let logR: [[Double]]
      let score: [[Double]]

      enum CodingKeys: String, CodingKey {
        case state, score
        case logR = "log_r"
      }
    }
    struct Score: Decodable {
      let state: [String: Values]
      let score: [[Double]]
    }
    /// A bias or a matrix of weights, as one row after the other.
    struct Values: Decodable {
      let flat: [Double]
      init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let vector = try? container.decode([Double].self) {
          flat = vector
        } else {
          flat = try container.decode([[Double]].self).flatMap { $0 }
        }
      }
    }
    let inputs: Inputs
    let ratio: Ratio
    let score: Score

    enum CodingKeys: String, CodingKey {
      case inputs
      case ratio = "single_ratio_tanh_4_3"
      case score = "score_relu_4"
    }
  }

  private static func read() throws -> Results {
    let file = URL(filePath: Place.shared + "/golden/learning/results.json")
    return try JSONDecoder().decode(Results.self, from: Data(contentsOf: file))
  }

  private func network(
    _ state: [String: Results.Values], shape: PerceptronShape
  ) throws -> Perceptron<Double> {
    let layers = shape.layers.indices
    return Perceptron(
      shape: shape, weights: try layers.map { try #require(state["layers.\($0).weight"]).flat },
      biases: try layers.map { try #require(state["layers.\($0).bias"]).flat })
  }

  /// Both sides are float64, and the files hold all digits: 1e-12 leaves room for the order of
  /// sums.
  @Test(.needsShared) func ratioNetworkWithItsScore() throws {
    let golden = try Self.read()
    let network = try network(
      golden.ratio.state,
      shape: PerceptronShape(inputs: 5, hidden: [4, 3], outputs: 1, activation: .tanh))
    let inputs = zip(golden.inputs.theta, golden.inputs.x).flatMap { $0 + $1 }
    let got = network.evaluate(inputs: inputs, tangents: 2, team: ThreadTeam(threads: 1))
    for (a, b) in zip(got.values, golden.ratio.logR.flatMap { $0 }) { #expect(abs(a - b) < 1e-12) }
    for (a, b) in zip(got.tangents, golden.ratio.score.flatMap { $0 }) {
      #expect(abs(a - b) < 1e-12)
    }
    #expect(got.values.count == 4 && got.tangents.count == 8)
  }

  @Test(.needsShared) func scoreNetwork() throws {
    let golden = try Self.read()
    let network = try network(
      golden.score.state,
      shape: PerceptronShape(inputs: 3, hidden: [4], outputs: 2, activation: .relu))
    let got = network.evaluate(
      inputs: golden.inputs.x.flatMap { $0 }, team: ThreadTeam(threads: 1))
    #expect(got.values.count == 8)
    for (a, b) in zip(got.values, golden.score.score.flatMap { $0 }) { #expect(abs(a - b) < 1e-12) }
  }
}
