import Glibc
import Numerics
import Synchronization
import Testing

@testable import Networks

@Suite struct TrainerTests {
  /// Rows of the Gaussian toy: z ~ N(θ, 2²), x ~ N(z, 1²), θ₁ = 0, θ uniform in ±2; odd rows at θ₁.
  /// Truth: log r(x | θ) = (2xθ − θ²)/10.
  static func toy(rows: Int) -> (
    inputs: [Double], labels: [Double], logRatios: [Double], scores: [Double]
  ) {
    var (inputs, labels, logRatios, scores): ([Double], [Double], [Double], [Double]) =
      ([], [], [], [])
    for row in 0..<rows {
      var stream = PhiloxStream(seed: 1, purpose: .testing, item: UInt64(row))
      let theta = stream.uniform(-2, 2)
      let isDenominator = row % 2 == 1
      let z = (isDenominator ? 0 : theta) + 2 * stream.normal()
      inputs += [theta, z + stream.normal()]
      labels.append(isDenominator ? 1 : 0)
      logRatios.append((2 * z * theta - theta * theta) / 8)
      scores.append((z - theta) / 4)
    }
    return (inputs, labels, logRatios, scores)
  }

  static let shape = PerceptronShape(inputs: 2, hidden: [20, 20], outputs: 1)

  static func objective<T: NetworkScalar>(
    _ method: RatioMethod, rows: Int, shape: PerceptronShape = shape, _: T.Type
  ) -> PerceptronObjective<T> {
    let toy = toy(rows: rows)
    return PerceptronObjective(
      shape: shape, inputs: toy.inputs.map { T($0) },
      loss: RatioLoss(
        method: method, labels: toy.labels, logRatios: toy.logRatios, scores: toy.scores,
        parameterCount: 1))
  }

  static func settings(epochs: Int) -> TrainingSettings {
    var settings = TrainingSettings()
    settings.epochs = epochs
    settings.initialRate = 5e-3
    settings.finalRate = 5e-4
    return settings
  }

  static func rows(_ range: Range<Int>) -> [Int32] { range.map { Int32($0) } }

  @Test func alicesLearnsTheRatio() throws {
    let team = ThreadTeam(threads: 2)
    let objective = Self.objective(.alices, rows: 12_000, Float.self)
    let result = try Trainer(settings: Self.settings(epochs: 12), team: team).train(
      objective, from: Perceptron<Float>(shape: Self.shape, seed: 1).parameters,
      trainingRows: Self.rows(0..<10_000), validationRows: Self.rows(10_000..<12_000))
    #expect(result.trainingLosses.count == 12 && result.validationLosses.count == 12)
    #expect(result.validationLosses[11] < result.validationLosses[0])
    var points: [Float] = []
    var truth: [Double] = []
    for theta in [-1.5, -0.5, 0.5, 1.5] {
      for x in stride(from: -4.0, through: 4, by: 0.5) {
        points += [Float(theta), Float(x)]
        truth.append((2 * x * theta - theta * theta) / 10)
      }
    }
    let network = Perceptron(shape: Self.shape, parameters: result.parameters)
    let values = network.evaluate(inputs: points, team: team).values
    let error = zip(values, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    // The mean square of log r over these points is 0.29; a network that learnt the ratio is far
    // below a tenth of it.
    #expect(error / Double(truth.count) < 0.01)
  }

  /// Batches that are no multiple of a block, with a partial batch at the end; a network whose parameters are moved by one
  /// thread, and one of 11,000 parameters in three shares.
  @Test(arguments: [Optimiser.amsgrad, .adam, .sgd(momentum: 0.9)], [20, 103])
  func bitsDoNotDependOnThreads(optimiser: Optimiser, units: Int) throws {
    var settings = Self.settings(epochs: 2)
    settings.optimiser = optimiser
    settings.batchSize = 200
    settings.gradientClip = 0.5
    settings.weightDecay = 0.01
    let shape = PerceptronShape(inputs: 2, hidden: [units, units], outputs: 1)
    let objective = Self.objective(.alices, rows: 1_100, shape: shape, Float.self)
    let results = try [1, 2, 3].map { threads in
      try Trainer(settings: settings, team: ThreadTeam(threads: threads)).train(
        objective, from: Perceptron<Float>(shape: shape, seed: 1).parameters,
        trainingRows: Self.rows(0..<900), validationRows: Self.rows(900..<1_100))
    }
    for other in results[1...] {
      #expect(other.parameters == results[0].parameters)
      #expect(other.trainingLosses == results[0].trainingLosses)
      #expect(other.validationLosses == results[0].validationLosses)
    }
  }

  /// The same bits at every place of a block, beside any rows.
  @Test func outputsOfARowDoNotDependOnItsCompanions() {
    let team = ThreadTeam(threads: 2)
    let network = Perceptron<Float>(
      shape: PerceptronShape(inputs: 5, hidden: [60, 60], outputs: 1), seed: 2)
    var stream = PhiloxStream(seed: 2, purpose: .testing)
    let inputs = (0..<131 * 5).map { _ in Float(stream.normal()) }
    let all = network.evaluate(inputs: inputs, tangents: 2, team: team)
    for first in [1, 17, 100, 130] {
      let part = network.evaluate(inputs: Array(inputs[(first * 5)...]), tangents: 2, team: team)
      #expect(part.values.elementsEqual(all.values[first...]))
      #expect(part.tangents.elementsEqual(all.tangents[(first * 2)...]))
    }
  }

  /// A loss whose validation part grows after the third epoch, so that the best epoch is known.
  private final class Scripted: BatchObjective, @unchecked Sendable {
    typealias Scalar = Double
    let parameterCount = 1
    func makeWorkspace(rows: Int) -> Int { 0 }
    func evaluate(
      _ rows: UnsafeBufferPointer<Int32>, parameters: UnsafePointer<Double>,
      gradient: UnsafeMutablePointer<Double>?, workspace: Int
    ) -> LossSum {
      // One training row: the parameter grows by the rate in every step. Validation: (w − 3)².
      if let gradient {
        gradient[0] = -1
        return LossSum(1)
      }
      return LossSum((parameters[0] - 3) * (parameters[0] - 3))
    }
  }

  private func scripted(
    patience: Int?, restoresBest: Bool = true
  ) throws -> TrainingResult<Double> {
    var settings = TrainingSettings()
    settings.epochs = 8
    settings.optimiser = .sgd(momentum: 0)
    settings.initialRate = 1
    settings.finalRate = 1
    settings.patience = patience
    settings.restoresBest = restoresBest
    return try Trainer(settings: settings, team: ThreadTeam(threads: 1)).train(
      Scripted(), from: [0], trainingRows: [0], validationRows: [1])
  }

  /// learning.md 7.1 no. 1.
  @Test func theBestEpochIsRestored() throws {
    let result = try scripted(patience: nil)
    #expect(result.bestEpoch == 3 && result.parameters == [3])
    #expect(result.validationLosses == [4, 1, 0, 1, 4, 9, 16, 25])
    #expect(!result.stoppedEarly)
    #expect(try scripted(patience: nil, restoresBest: false).parameters == [8])
  }

  @Test func patienceEndsTheTraining() throws {
    let result = try scripted(patience: 1)
    // Epoch 5 is the first more than one after epoch 3.
    #expect(result.stoppedEarly && result.validationLosses.count == 5)
    #expect(result.parameters == [3])
  }

  @Test func learningRateFallsInEqualRatios() {
    let settings = Self.settings(epochs: 3)
    #expect(settings.rate(epoch: 0) == 5e-3)
    #expect(abs(settings.rate(epoch: 1) - 5e-3 * 0.1.squareRoot()) < 1e-15)
    #expect(abs(settings.rate(epoch: 2) - 5e-4) < 1e-15)
    #expect(Self.settings(epochs: 1).rate(epoch: 0) == 5e-3)
  }

  @Test func lossesAreMeansOverRows() throws {
    // With a rate of zero the training loss is the loss of the first parameters, partial batch
    // included.
    var settings = Self.settings(epochs: 1)
    settings.initialRate = 0
    settings.finalRate = 0
    settings.batchSize = 64
    let team = ThreadTeam(threads: 1)
    let objective = Self.objective(.alice, rows: 100, Double.self)
    let parameters = Perceptron<Double>(shape: Self.shape, seed: 1).parameters
    let trainer = Trainer(settings: settings, team: team)
    let result = try trainer.train(
      objective, from: parameters, trainingRows: Self.rows(0..<100),
      validationRows: Self.rows(0..<100))
    let mean = (0..<100).reduce(0.0) {
      $0 + trainer.meanLoss(objective, parameters: parameters, rows: [Int32($1)]) / 100
    }
    #expect(abs(result.trainingLosses[0] - mean) < 1e-13)
    #expect(abs(result.validationLosses[0] - mean) < 1e-13)
    #expect(result.parameters == parameters)
  }

  @Test func divergenceIsAnError() {
    var settings = Self.settings(epochs: 50)
    settings.optimiser = .sgd(momentum: 0)
    // Beyond the range of float32: the second batch meets infinite parameters for certain.
    settings.initialRate = 1e300
    settings.finalRate = 1e300
    let objective = Self.objective(.carl, rows: 1_000, Float.self)
    #expect(throws: TrainingDiverged(epoch: 1, batch: 2)) {
      _ = try Trainer(settings: settings, team: ThreadTeam(threads: 1)).train(
        objective, from: Perceptron<Float>(shape: Self.shape, seed: 1).parameters,
        trainingRows: Self.rows(0..<1_000))
    }
  }

  /// learning.md 7.1 no. 13.
  @Test func notANumberInTheInputsIsAnErrorWithItsPlace() {
    let objective = PerceptronObjective(
      shape: PerceptronShape(inputs: 1, hidden: [3], outputs: 1), inputs: [.nan] as [Float],
      loss: ScoreLoss(scores: [0], components: 1))
    #expect(throws: TrainingDiverged(epoch: 1, batch: 1)) {
      _ = try Trainer(settings: TrainingSettings(), team: ThreadTeam(threads: 1)).train(
        objective, from: Perceptron<Float>(shape: objective.shape, seed: 1).parameters,
        trainingRows: [0])
    }
  }

  @Test func progressMayEndTheTraining() {
    struct Cancelled: Error {}
    let objective = Self.objective(.carl, rows: 100, Float.self)
    let epochs = Atomic<Int>(0)
    #expect(throws: Cancelled.self) {
      _ = try Trainer(settings: Self.settings(epochs: 50), team: ThreadTeam(threads: 1)).train(
        objective, from: Perceptron<Float>(shape: Self.shape, seed: 1).parameters,
        trainingRows: Self.rows(0..<100)
      ) { report in
        epochs.store(report.epoch, ordering: .relaxed)
        if report.epoch == 3 { throw Cancelled() }
      }
    }
    #expect(epochs.load(ordering: .relaxed) == 3)
  }

  @Test func clippingLimitsTheStep() throws {
    var settings = TrainingSettings()
    settings.epochs = 1
    settings.optimiser = .sgd(momentum: 0)
    settings.initialRate = 1
    settings.gradientClip = 0.25
    let result = try Trainer(settings: settings, team: ThreadTeam(threads: 1)).train(
      Scripted(), from: [0], trainingRows: [0])
    #expect(result.parameters == [0.25])
  }

  /// Three steps of Adam and AMSGrad by hand: gradients 1, −3, 0.1 at rate 0.1.
  @Test(arguments: [true, false])
  func adamStepsByTheBook(isAMSGrad: Bool) {
    let state = OptimiserState<Double>(isAMSGrad ? .amsgrad : .adam, count: 1)
    var w = [1.0]
    var (m, v, largest, expected) = (0.0, 0.0, 0.0, 1.0)
    for (i, g) in [1.0, -3, 0.1].enumerated() {
      state.move(
        0..<1, of: &w, gradient: [2 * g], by: state.step(i + 1, scale: 0.5, rate: 0.1))
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      largest = max(largest, v)
      let t = Double(i + 1)
      let used = (isAMSGrad ? largest : v) / (1 - pow(0.999, t))
      expected -= 0.1 * m / (1 - pow(0.9, t)) / (used.squareRoot() + 1e-8)
      #expect(abs(w[0] - expected) < 1e-14)
    }
  }

  @Test func firstParametersAreFixedBySeedAndMember() {
    let a = Perceptron<Double>(shape: Self.shape, seed: 1, member: 2)
    #expect(a.parameters == Perceptron<Double>(shape: Self.shape, seed: 1, member: 2).parameters)
    #expect(a.parameters != Perceptron<Double>(shape: Self.shape, seed: 1, member: 3).parameters)
    #expect(a.parameters != Perceptron<Double>(shape: Self.shape, seed: 2, member: 2).parameters)
    let (weights, biases) = a.weightsAndBiases(layer: 1)
    let bound = 1 / 20.0.squareRoot()
    #expect((weights + biases).allSatisfy { abs($0) <= bound })
    #expect((weights + biases).map(abs).max() ?? 0 > 0.95 * bound)
  }
}
