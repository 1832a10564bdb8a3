import Numerics
import Testing

@testable import Networks

/// Dropout and random slopes.
@Suite struct NoiseTests {
  private static let rows = (0..<Int32(2000)).map { $0 }

  /// h of a layer of ones, 2000 rows × 13 units in rows of 16.
  private static func kept(_ noise: HiddenNoise, layer: Int = 0, rows: [Int32] = rows) -> [Double] {
    var h = [Double](repeating: 1, count: rows.count * 16)
    var (first, second) = (h, h)
    rows.withUnsafeBufferPointer { rows in
      noise.apply(
        layer: layer, rows: rows, units: 13, stride: 16, hasRandomSlope: false, z: h, h: &h,
        first: &first, second: &second)
    }
    #expect(first == h && second == h)
    return rows.indices.flatMap { h[$0 * 16..<$0 * 16 + 13] }
  }

  /// 26,000 units: the share has a standard deviation of 0.003, and so has the mean.
  /// (learning.md 7.1 no. 11: dropout; there is no batch normalisation.)
  @Test func dropoutKeepsTheMean() {
    let h = Self.kept(GradientTests.noise(0.3))
    let share = Double(h.count { $0 == 0 }) / Double(h.count)
    #expect(abs(share - 0.3) < 0.012)
    let mean = h.reduce(0, +) / Double(h.count)
    #expect(abs(mean - 1) < 0.02)
    // 1/0.7, but for the 16 bits of the probability.
    let isKept: (Double) -> Bool = { abs($0 - 1.428_571) < 1e-4 }
    #expect(h.allSatisfy { $0 == 0 || isKept($0) })
  }

  @Test func bitsBelongToEpochLayerRowAndUnit() {
    let one = Self.kept(GradientTests.noise())
    #expect(Self.kept(GradientTests.noise(epoch: 2)) != one)
    #expect(Self.kept(GradientTests.noise(), layer: 1) != one)
    // A row keeps its bits wherever it stands.
    let part = Self.kept(GradientTests.noise(), rows: [1500, 3])
    #expect(Array(part[..<13]) == Array(one[1500 * 13..<1501 * 13]))
    #expect(Array(part[13...]) == Array(one[3 * 13..<4 * 13]))
    let units = (0..<13).map { unit in Self.rows.indices.map { one[$0 * 13 + unit] } }
    #expect(Set(units).count == 13)
  }

  /// Slopes are uniform between 1/8 and 1/3: mean 11/48, standard deviation 0.06 (of the mean 0.0004).
  @Test func randomSlopesHaveTheirMean() {
    let count = Self.rows.count * 16
    let z = [Double](repeating: -1, count: count)
    var (h, first) = (z, z)
    Self.rows.withUnsafeBufferPointer { rows in
      GradientTests.noise(0).apply(
        layer: 0, rows: rows, units: 13, stride: 16, hasRandomSlope: true, z: z, h: &h,
        first: &first, second: nil)
    }
    let slopes = Self.rows.indices.flatMap { first[$0 * 16..<$0 * 16 + 13] }
    let mean = slopes.reduce(0, +) / Double(slopes.count)
    #expect(abs(mean - HiddenNoise.slopes.lower / 2 - HiddenNoise.slopes.upper / 2) < 0.002)
    #expect(
      slopes.allSatisfy { $0 > HiddenNoise.slopes.lower && $0 < HiddenNoise.slopes.upper })
    #expect(h[0] == -first[0])
  }

  /// Batches that end inside blocks; the same bits for any number of threads.
  @Test(arguments: [Activation.tanh, .randomLeakyReLU])
  func threadsDoNotMatter(activation: Activation) throws {
    var settings = TrainerTests.settings(epochs: 3)
    settings.batchSize = 200
    let toy = TrainerTests.toy(rows: 900)
    let shape = PerceptronShape(inputs: 2, hidden: [20, 20], outputs: 1, activation: activation)
    let objective = PerceptronObjective(
      shape: shape, inputs: toy.inputs.map { Float($0) },
      loss: RatioLoss(
        method: .alices, labels: toy.labels, logRatios: toy.logRatios, scores: toy.scores,
        parameterCount: 1), noise: HiddenNoise(dropout: 0.1, settings: settings))
    let results = try [1, 2, 3].map { threads in
      try Trainer(settings: settings, team: ThreadTeam(threads: threads)).train(
        objective, from: Perceptron<Float>(shape: shape, seed: 1).parameters,
        trainingRows: TrainerTests.rows(0..<700), validationRows: TrainerTests.rows(700..<900))
    }
    #expect(results[1].parameters == results[0].parameters)
    #expect(results[2].parameters == results[0].parameters)
    #expect(results[0].validationLosses[2] < results[0].validationLosses[0])
  }
}
