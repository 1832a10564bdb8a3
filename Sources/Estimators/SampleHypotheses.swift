import Diagnostics
import EventModel

/// Rows with the densities of hypotheses at them: what the calibration of a ratio is found with.
public protocol HypothesisRows: Sendable {
  /// Rows × the estimator's observables.
  var x: [Double] { get }
  var part: Partition { get }

  /// The density p(θ) at each row up to a factor that is the same for all rows; what rows were drawn from belongs to it. The
  /// factor may depend on θ.
  func densities(at theta: [Double]) throws -> [Double]
}

extension WeightedTestEvents: HypothesisRows {}

/// The rows of a sample as draws from their own hypotheses: each belongs to one, and has the density zero of all others.
///
/// So points are those that the sample was drawn at, many rows at each. No gold is used: simulators that have none can be
/// calibrated.
public struct SampleHypotheses: HypothesisRows {
  public let x: [Double]
  public let part: Partition
  private let sample: TrainingRows
  /// θ1 of all rows with y = 1; nil where each has its own.
  private let denominator: [Double]?
  private let file: String?

  /// Columns that are read of a sample for a model.
  public static func columns(for estimator: Estimator) -> TrainingRows.Columns {
    estimator.hasTwoHypotheses ? [.theta, .labels, .denominators] : [.theta, .labels]
  }

  /// - Parameter sample: of rows that no training saw.
  /// - Throws: `.data` where its parameters or its θ1 are not the model's; a network of two hypotheses takes any θ1.
  public init(_ sample: TrainingRows, estimator: Estimator, file: String? = nil) throws {
    try estimator.requireFit(sample, file: file)
    guard estimator.hasTwoHypotheses || sample.info.theta1Values == estimator.referenceTheta
    else {
      throw Problem(
        .data, "its theta1 is not the theta1 of the model",
        remedy: "make the sample with the --theta1 of the training", file: file)
    }
    self.sample = sample
    self.file = file
    x = sample.x
    part = sample.info.part
    denominator = estimator.hasTwoHypotheses ? nil : estimator.referenceTheta
  }

  public func densities(at theta: [Double]) throws -> [Double] {
    let p = sample.parameterNames.count
    let ofTheta1 = theta == denominator
    let densities = (0..<sample.count).map { row -> Double in
      let weight = sample.weights.isEmpty ? 1 : sample.weights[row]
      let isDenominator = sample.labels[row] == 1
      if isDenominator, denominator != nil { return ofTheta1 ? weight : 0 }
      let drawn = isDenominator ? sample.denominators : sample.theta
      return drawn[row * p..<(row + 1) * p].elementsEqual(theta) ? weight : 0
    }
    guard densities.contains(where: { $0 != 0 }) else {
      let point = zip(sample.parameterNames, theta).map { "\($0)=\($1)" }.joined(separator: ",")
      throw Problem(
        .data, "no row of the sample is drawn at \(ofTheta1 ? "theta1, " : "")\(point)",
        remedy:
          "give points that it was drawn at, or --method expectation, which needs rows of theta1 alone",
        file: file)
    }
    return densities
  }
}
