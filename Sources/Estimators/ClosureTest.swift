import EventModel
import Glibc
import Networks
import Numerics

/// Can a classifier tell events of one hypothesis from those of another that a learned ratio reweights to the same?
/// (Cranmer et al. arXiv:1506.02169; Brehmer et al. arXiv:1805.00020.) Where it cannot, its area under the curve is ½.
///
/// The classifier is a small network of our own, trained on half of the events, by their identity; the other half is judged.
struct ClosureTest {
  /// What the classifier sees, events × width.
  let inputs: [Double]
  let width: Int
  /// Of the events; equal ones are on one side.
  let identities: [UInt64]
  let seed: UInt64
  let team: ThreadTeam

  static let hidden = [20, 20]
  static let epochs = 10

  /// The area under the curve, and its error.
  /// - Parameters:
  ///   - target: weights of the events under the hypothesis that is to be reached.
  ///   - reweighted: weights under the other, times the ratio.
  func area(target: [Double], reweighted: [Double]) throws -> WeightedMean {
    let definition = PartitionDefinition(
      salt: 0x434C_4F53_5552_4531, trainFraction: 0.5, validationFraction: 0)
    let isTraining = identities.map {
      definition.part(of: Int64(bitPattern: $0)) == .train
    }
    let sums = (target.reduce(0, +), reweighted.reduce(0, +))
    // One row for both classes: its label is the share of the reweighted one, which is what cross entropy needs.
    var labels = [Double](repeating: 0.5, count: identities.count)
    var weights = [Double](repeating: 0, count: identities.count)
    for i in labels.indices {
      let (a, b) = (reweighted[i] / sums.1, target[i] / sums.0)
      guard a + b > 0, (a + b).isFinite else { continue }
      labels[i] = min(1, max(0, a / (a + b)))
      weights[i] = a + b
    }
    let training = labels.indices.filter { isTraining[$0] && weights[$0] > 0 }
    let judged = labels.indices.filter { !isTraining[$0] }
    guard training.count > 1, judged.count > 1 else {
      return WeightedMean(value: 0.5, error: .infinity)
    }
    let mean = training.reduce(0) { $0 + weights[$1] } / Double(training.count)
    for i in weights.indices { weights[i] /= mean }
    let scores = try classify(labels, weights, training.map { Int32($0) })
    return Self.area(
      scores: judged.map { scores[$0] }, target: judged.map { target[$0] },
      reweighted: judged.map { reweighted[$0] })
  }

  /// What the trained classifier says of all events; larger for those of the target.
  private func classify(
    _ labels: [Double], _ weights: [Double], _ rows: [Int32]
  ) throws -> [Double] {
    let scaling = Scaling(inputs, width: width, rows: rows)
    let inputs = InputTable(
      theta: ([], .identity(0)), x: (self.inputs, scaling), rows: identities.count
    ).scaled(Float.self)
    let shape = PerceptronShape(inputs: width, hidden: Self.hidden, outputs: 1)
    let loss = RatioLoss(method: .carl, labels: labels, parameterCount: 1, weights: weights)
    var settings = TrainingSettings()
    settings.epochs = Self.epochs
    settings.initialRate = 3e-3
    settings.finalRate = 3e-4
    settings.seed = seed
    let start = Perceptron<Float>(shape: shape, seed: seed)
    let result = try Trainer(settings: settings, team: team).train(
      PerceptronObjective(shape: shape, inputs: inputs, loss: loss), from: start.parameters,
      trainingRows: rows)
    return Perceptron<Float>(shape: shape, parameters: result.parameters)
      .evaluate(inputs: inputs, team: team).values
  }

  /// A = P(score of the target > score of the reweighted), ties half.
  ///
  /// With a and b the normalised weights and F their distributions of scores, an event moves A by
  /// a (1 − F_b − A) + b (F_a − A); the sum of squares of that is the variance, as DeLong et al. (Biometrics 44 (1988) 837)
  /// have it, here with both classes on the same events.
  static func area(
    scores: [Double], target: [Double], reweighted: [Double]
  ) -> WeightedMean {
    let totals = (reweighted.reduce(0, +), target.reduce(0, +))
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    var below = [(a: Double, b: Double)](repeating: (0, 0), count: scores.count)
    var (sumA, sumB) = (0.0, 0.0)
    var start = 0
    while start < order.count {
      var end = start
      var (tieA, tieB) = (0.0, 0.0)
      while end < order.count, scores[order[end]] == scores[order[start]] {
        tieA += reweighted[order[end]] / totals.0
        tieB += target[order[end]] / totals.1
        end += 1
      }
      for i in order[start..<end] { below[i] = (sumA + tieA / 2, sumB + tieB / 2) }
      sumA += tieA
      sumB += tieB
      start = end
    }
    var area = 0.0
    for i in scores.indices { area += target[i] / totals.1 * below[i].a }
    var squares = 0.0
    for i in scores.indices {
      let move =
        reweighted[i] / totals.0 * (1 - below[i].b - area)
        + target[i] / totals.1 * (below[i].a - area)
      squares += move * move
    }
    return WeightedMean(value: area, error: squares.squareRoot())
  }
}
