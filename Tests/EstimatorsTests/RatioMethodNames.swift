import Networks
import Numerics

@testable import Estimators

/// Loss and gradient of each ratio method on rows as they are, with a small network in double precision.
enum RatioMethodNames {
  static let all = RatioMethod.allCases.map(\.rawValue)

  static func gradient(
    _ name: String, _ sample: TrainingRows
  ) throws -> (loss: Double, gradient: [Double]) {
    let method = RatioMethod(rawValue: name) ?? .carl
    let mean = sample.weights.isEmpty ? 1 : sample.weights.reduce(0, +) / Double(sample.count)
    let loss = RatioLoss(
      method: method, labels: sample.labels,
      logRatios: sample.logRatios, scores: sample.scores, parameterCount: 1,
      weights: sample.weights.map { $0 / mean })
    let shape = PerceptronShape(inputs: 2, hidden: [5], outputs: 1)
    let objective = PerceptronObjective<Double>(
      shape: shape, inputs: zip(sample.theta, sample.x).flatMap { [$0, $1] }, loss: loss)
    let parameters = Perceptron<Double>(shape: shape, seed: 4).parameters
    var gradient = [Double](repeating: 0, count: parameters.count)
    let rows = (0..<sample.count).map { Int32($0) }
    let evaluator = BatchEvaluator(objective)
    let team = ThreadTeam(threads: 1)
    let sum = rows.withUnsafeBufferPointer { rows in
      parameters.withUnsafeBufferPointer { parameters in
        gradient.withUnsafeMutableBufferPointer { gradient in
          parameters.baseAddress.map {
            evaluator.evaluate(
              rows, parameters: $0, gradient: gradient.baseAddress, team: team
            ).total
          } ?? 0
        }
      }
    }
    return (sum, gradient)
  }
}
