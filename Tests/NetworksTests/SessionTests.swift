import Glibc
import Numerics
import Testing

@testable import Networks

/// Sessions that are left and taken up, rates, and steps of optimisers.
@Suite struct SessionTests {
  private static func session(
    _ settings: TrainingSettings
  ) -> TrainingSession<PerceptronObjective<Float>> {
    TrainingSession(
      TrainerTests.objective(.alices, rows: 600, Float.self), settings: settings,
      from: Perceptron<Float>(shape: TrainerTests.shape, seed: 1).parameters,
      trainingRows: TrainerTests.rows(0..<500), validationRows: TrainerTests.rows(500..<600))
  }

  /// A state that went through doubles gives the bits of a training that never stopped.
  @Test(arguments: ["amsgrad", "adam", "sgd:0.9", "nesterov:0.8"])
  func aResumedTrainingIsTheSame(_ name: String) throws {
    let team = ThreadTeam(threads: 1)
    var settings = TrainerTests.settings(epochs: 6)
    settings.optimiser = try #require(Optimiser(name: name))
    settings.warmUp = 2
    settings.weightDecay = 1e-3
    let whole = Self.session(settings)
    while !whole.isOver { _ = try whole.advance(team: team) }
    let first = Self.session(settings)
    for _ in 0..<3 { _ = try first.advance(team: team) }
    let second = Self.session(settings)
    #expect(second.resume(first.state) && second.epoch == 3)
    while !second.isOver { _ = try second.advance(team: team) }
    #expect(second.state == whole.state)
    #expect(second.result.parameters == whole.result.parameters)
  }

  @Test func aStateOfAnotherNetworkIsRefused() throws {
    let session = Self.session(TrainerTests.settings(epochs: 2))
    var state = session.state
    state.parameters.removeLast()
    #expect(!session.resume(state))
  }

  /// Total and score term: doubling alpha doubles the second and leaves the rest.
  /// (learning.md 7.1 no. 13: of validation too.)
  @Test func theScoreTermIsReported() throws {
    let toy = TrainerTests.toy(rows: 200)
    func history(alpha: Double) throws -> (LossHistory, LossHistory) {
      var settings = TrainerTests.settings(epochs: 1)
      settings.initialRate = 1e-30
      settings.finalRate = 1e-30
      let session = TrainingSession(
        PerceptronObjective(
          shape: TrainerTests.shape, inputs: toy.inputs,
          loss: RatioLoss(
            method: .alices, labels: toy.labels, logRatios: toy.logRatios, scores: toy.scores,
            parameterCount: 1, alpha: alpha)), settings: settings,
        from: Perceptron<Double>(shape: TrainerTests.shape, seed: 1).parameters,
        trainingRows: TrainerTests.rows(0..<150), validationRows: TrainerTests.rows(150..<200))
      _ = try session.advance(team: ThreadTeam(threads: 1))
      return (session.state.training, session.state.validation)
    }
    let (one, two) = try (history(alpha: 1), history(alpha: 2))
    for (a, b) in [(one.0, two.0), (one.1, two.1)] {
      let (score, doubled) = (a.score[0], b.score[0])
      #expect(score > 0)
      #expect(abs(doubled - 2 * score) < 1e-12)
      let (rest, same) = (a.total[0] - score, b.total[0] - doubled)
      #expect(abs(rest - same) < 1e-12)
    }
  }

  @Test func ratesFollowTheirSchedule() {
    var settings = TrainingSettings()
    settings.epochs = 5
    settings.initialRate = 1e-2
    settings.finalRate = 1e-4
    #expect(abs(settings.rate(epoch: 2) - 1e-3) < 1e-15)
    settings.schedule = .cosine
    #expect(settings.rate(epoch: 0) == 1e-2)
    // Half way is the mean of both; a quarter way (1 + cos 45°)/2 = 0.853553 of the way back.
    let quarter = 1e-4 + 9.9e-3 * 0.853_553_390_593_274
    for (epoch, rate) in [(1, quarter), (2, 5.05e-3), (4, 1e-4)] {
      let found = settings.rate(epoch: epoch)
      #expect(abs(found - rate) < 1e-15)
    }
    settings.warmUp = 2
    #expect(settings.warmth(epoch: 0, batch: 0, of: 10) == 0.05)
    #expect(settings.warmth(epoch: 1, batch: 9, of: 10) == 1)
    #expect(settings.warmth(epoch: 2, batch: 0, of: 10) == 1)
  }

  /// Against the recursions written out.
  @Test func nesterovAndWeightDecay() throws {
    let (rate, momentum, decay) = (0.1, 0.9, 0.5)
    let state = OptimiserState<Double>(.sgd(momentum: momentum, nesterov: true), count: 1)
    var w = [2.0]
    var (expected, m) = (2.0, 0.0)
    for g in [1.0, -0.5, 0.25] {
      state.move(
        0..<1, of: &w, gradient: [g], by: state.step(1, scale: 1, rate: rate, decay: decay))
      expected *= 1 - rate * decay
      m = momentum * m + g
      expected -= rate * (momentum * m + g)
      #expect(abs(w[0] - expected) < 1e-14)
    }
    // Decoupled: Adam does not divide the decay by its second moment.
    let adam = OptimiserState<Double>(.adam, count: 1)
    var u = [3.0]
    adam.move(
      0..<1, of: &u, gradient: [0], by: adam.step(1, scale: 1, rate: rate, decay: decay))
    #expect(u[0] == 3 * (1 - rate * decay))
  }

  @Test func optimisersHaveTheNamesOfTheirOptions() {
    for name in ["amsgrad", "adam", "sgd", "sgd:0.9", "nesterov:0.9"] {
      #expect(Optimiser(name: name)?.name == name)
    }
    for name in ["sgd:1", "sgd:", "adam:0.9", "rmsprop", "nesterov:-1", "sgd:0.5:1", ""] {
      #expect(Optimiser(name: name) == nil)
    }
  }
}
