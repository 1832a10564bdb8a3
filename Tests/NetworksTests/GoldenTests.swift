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
    struct Flow: Decodable {
      let state: [String: Values]
      let logP: [Double]
      let score: [[Double]]

      enum CodingKeys: String, CodingKey {
        case state, score
        case logP = "log_p"
      }
    }
    /// A bias or a tensor of weights, as one row after the other.
    struct Values: Decodable {
      let flat: [Double]
      init(from decoder: Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
          flat = [number]
        } else {
          flat = try container.decode([Values].self).flatMap(\.flat)
        }
      }
    }
    let inputs: Inputs
    let ratio: Ratio
    let score: Score
    let flow: Flow
    let mixtureFlow: Flow

    enum CodingKeys: String, CodingKey {
      case inputs
      case ratio = "single_ratio_tanh_4_3"
      case score = "score_relu_4"
      case flow = "maf_2mades_5_4_tanh"
      case mixtureFlow = "mog_1made_plus_mog3_5_relu"
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

  /// A masked network of the reference as one of ours. Its degrees are 1 … d − 1 (our own start at
  /// 0), its masks are not in its weights, and its matrices are [input][output].
  private func masked(
    _ state: [String: Results.Values], _ prefix: String, shape: PerceptronShape,
    outputs: [(weights: String, biases: String)]
  ) throws -> Perceptron<Double> {
    let d = 3
    func values(_ name: String) throws -> [Double] { try #require(state[prefix + name]).flat }
    var weights: [[Double]] = []
    var biases: [[Double]] = []
    var below = Array(1...d)
    for (l, units) in shape.hidden.enumerated() {
      let degrees = (0..<units).map { $0 % (d - 1) + 1 }
      let matrix = try values("Ws.\(l)")
      let theta = l == 0 ? try values("Wx") : []
      let inputs = theta.count / units
      weights.append(
        degrees.indices.flatMap { unit in
          (0..<inputs).map { theta[$0 * units + unit] }
            + below.indices.map { below[$0] <= degrees[unit] ? matrix[$0 * units + unit] : 0 }
        })
      biases.append(try values("bs.\(l)"))
      below = degrees
    }
    var last: [Double] = []
    for output in outputs {
      let matrix = try values(output.weights)
      let width = matrix.count / below.count
      for unit in 0..<width {
        let degree = unit * d / width + 1
        last += below.indices.map { below[$0] < degree ? matrix[$0 * width + unit] : 0 }
      }
    }
    weights.append(last)
    biases.append(try outputs.flatMap { try values($0.biases) })
    return Perceptron(shape: shape, weights: weights, biases: biases)
  }

  private func expect(_ flow: ConditionalFlow<Double>, _ golden: Results.Flow) throws {
    let inputs = try Self.read().inputs
    let rows = zip(inputs.theta, inputs.x).map { $0 + $1 }
    let got = flow.logDensity(rows: rows.count, tangents: 2, team: ThreadTeam(threads: 1)) {
      range, block in _ = block.update(fromContentsOf: rows[range].flatMap { $0 })
    }
    #expect(got.values.count == 4 && got.tangents.count == 8)
    for (a, b) in zip(got.values, golden.logP) { #expect(abs(a - b) < 1e-12) }
    for (a, b) in zip(got.tangents, golden.score.flatMap { $0 }) { #expect(abs(a - b) < 1e-12) }
  }

  /// The reference keeps one order and does not bound log precisions; a bound of 1e9 is none.
  @Test(.needsShared) func maskedFlowWithItsScore() throws {
    let golden = try Self.read().flow
    let shape = FlowShape(
      parameters: 2, observables: 3, hidden: [5, 4], orders: [[0, 1, 2], [0, 1, 2]],
      logPrecisionBound: 1e9)
    let networks = try (0..<2).map {
      try masked(
        golden.state, "mades.\($0).", shape: shape.networks[$0],
        outputs: [("Wm", "bm"), ("Wp", "bp")])
    }
    try expect(ConditionalFlow(shape: shape, networks: networks), golden)
  }

  @Test(.needsShared) func flowWithAMixtureAsItsBase() throws {
    let golden = try Self.read().mixtureFlow
    let shape = FlowShape(
      parameters: 2, observables: 3, hidden: [5], activation: .relu, components: 3,
      orders: [[0, 1, 2], [0, 1, 2]], logPrecisionBound: 1e9)
    let networks = [
      try masked(
        golden.state, "mades.0.", shape: shape.networks[0], outputs: [("Wm", "bm"), ("Wp", "bp")]),
      try masked(
        golden.state, "made_mog.", shape: shape.networks[1],
        outputs: [("Wm", "bm"), ("Wp", "bp"), ("Wa", "ba")]),
    ]
    try expect(ConditionalFlow(shape: shape, networks: networks), golden)
  }
}
