import Diagnostics
import Estimators
import EventModel
import Numerics

/// A trained model as a source of scores or of log ratios; of an ensemble the mean of its members.
public struct TrainedModel: ScoreEvaluator, RatioEvaluator {
  public let ensemble: ModelEnsemble
  public let name: String
  private let estimator: Estimator
  /// Of an ensemble its members, each alone.
  private let parts: [TrainedModel]
  public var members: [any ScoreEvaluator] { parts.isEmpty ? [self] : parts }

  /// - Parameter name: what messages call the model, its file.
  public init(_ ensemble: ModelEnsemble, name: String, team: ThreadTeam) throws {
    self.ensemble = ensemble
    self.name = name
    estimator = try Estimator([ensemble], names: [name], team: team)
    parts =
      ensemble.members.count == 1
      ? [] : try ensemble.members.map { try TrainedModel($0, name: name, team: team) }
  }

  /// A single network.
  public init(_ model: Model, name: String, team: ThreadTeam) throws {
    try self.init(ModelEnsemble(model), name: name, team: team)
  }

  /// What members of an ensemble have in common, and the first has alone.
  public var model: Model { ensemble.first }

  /// A line for the notes of a result.
  public var note: String {
    let count = ensemble.members.count
    return "model: \(name) (\(model.method)\(count > 1 ? ", \(count) members" : ""))"
  }

  public var observableNames: [String] { model.observableNames }
  public var parameterNames: [String] { model.parameterNames }
  public var referenceTheta: [Double] { model.referenceTheta }
  public var thetaRange: [ClosedRange<Double>] {
    model.thetaRange.map { $0[0]...max($0[0], $0[1]) }
  }

  /// t̂ of a score model (at its reference point, whatever θ), ∂ log r̂/∂θ of a ratio model, ∂ log p̂/∂θ of a density.
  public func scores(_ x: [Double], rows: Int, at theta: [Double]) throws -> [Double] {
    try estimator.score(x: x, theta: theta)
  }

  public func ratios(_ x: [Double], rows: Int) throws -> any RowLogRatios {
    guard model.target != .score else {
      throw Problem(
        .data, "a score model gives no likelihood ratio",
        remedy: "train a ratio model with train-ratio, or a density with train-density", file: name)
    }
    return Rows(estimator: estimator, x: x, rowCount: rows)
  }

  private struct Rows: RowLogRatios {
    let estimator: Estimator
    let x: [Double]
    let rowCount: Int

    func values(at theta: [Double]) throws -> [Double] {
      try estimator.logRatio(x: x, theta: theta)
    }

    func valuesAndGradients(
      at theta: [Double]
    ) throws -> (values: [Double], gradients: [Double]) {
      let result = try estimator.logRatioAndGradient(x: x, theta: theta)
      return (result.logRatio, result.gradient)
    }
  }

  /// Warns where a ratio model is asked for a point outside the range of θ it was trained on.
  public func warnIfOutside(_ theta: [Double], journal: Journal) {
    let outside = estimator.outsideTrainingRange(theta)
    guard !outside.isEmpty else { return }
    journal.warn(
      "inference.outside \(name)",
      "\(outside.joined(separator: ", ")) is outside the range that \(name) was trained on; "
        + "the model extrapolates")
  }

  /// Warns where rows of this part may have been seen in training: same definition of the parts, disjoint parts are safe;
  /// otherwise events of equal digest are not.
  public func warnIfTrained(
    on part: Partition, of table: EventTable, digest: String, journal: Journal
  ) {
    let sample = model.sample
    let isDisjoint =
      sample.partition == table.partition && sample.part != .all && part != .all
      && sample.part != part
    guard !isDisjoint else { return }
    let isSame = !sample.eventsDigest.isEmpty && sample.eventsDigest == digest
    guard isSame || part == .all && sample.eventsDigest.isEmpty else { return }
    journal.warn(
      "inference.trained \(name)",
      "\(name) was trained on \(sample.part.rawValue) rows of these events, which are among the "
        + "\(part.rawValue) rows it is evaluated on; use --partition test")
  }
}
