import Diagnostics
import Estimators
import EventModel
import Numerics

/// A trained model as a source of scores or of log ratios; of an ensemble the mean of its members.
public struct TrainedModel: ScoreEvaluator, RatioEvaluator {
  public let ensemble: ModelEnsemble
  public let name: String
  private let estimator: Estimator
  /// θ1 of a model that takes any.
  private let denominator: [Double]?
  /// Components of a score that are of parameters.
  private let treatment: ScoreTreatment?
  /// Of an ensemble its members, each alone.
  private let parts: [TrainedModel]
  public var members: [any ScoreEvaluator] { parts.isEmpty ? [self] : parts }

  /// - Parameters:
  ///   - name: what messages call the model, its file.
  ///   - denominator: θ1 of a ratio of two hypotheses or a density; nil is the model's reference.
  /// - Throws: `.usage` for a denominator where the model has its own.
  public init(
    _ ensemble: ModelEnsemble, name: String, denominator: [Double]? = nil, team: ThreadTeam
  ) throws {
    let model = ensemble.first
    if denominator != nil, model.target != .density, !model.hasTwoHypotheses {
      throw Problem(
        .usage, "\(name) has no free theta1",
        remedy: "leave --theta1 away, or train with --hypotheses 2")
    }
    self.ensemble = ensemble
    self.name = name
    // A point of theta has no nuisance parameters.
    self.denominator = denominator.map {
      $0 + [Double](repeating: 0, count: max(0, model.parameterNames.count - $0.count))
    }
    let physics = model.sample.setup.parameterNames
    let isWide = model.target == .score && model.parameterNames.count > physics.count
    treatment =
      isWide && !physics.isEmpty ? try .project(model.parameterNames, on: physics) : nil
    estimator = try Estimator([ensemble], names: [name], team: team)
    parts =
      ensemble.members.count == 1
      ? []
      : try ensemble.members.map {
        try TrainedModel($0, name: name, denominator: denominator, team: team)
      }
  }

  /// A single network.
  public init(
    _ model: Model, name: String, denominator: [Double]? = nil, team: ThreadTeam
  ) throws {
    try self.init(ModelEnsemble(model), name: name, denominator: denominator, team: team)
  }

  /// What members of an ensemble have in common, and the first has alone.
  public var model: Model { ensemble.first }

  /// A line for the notes of a result.
  public var note: String {
    let count = ensemble.members.count
    return "model: \(name) (\(model.method)\(count > 1 ? ", \(count) members" : ""))"
  }

  public var observableNames: [String] { model.observableNames }
  /// Without nuisance parameters, at whose 0 a score model is taken.
  public var parameterNames: [String] { treatment?.names ?? model.parameterNames }
  public var referenceTheta: [Double] {
    let reference = denominator ?? model.referenceTheta
    return treatment.map { $0.kept.map { reference[$0] } } ?? reference
  }
  public var thetaRange: [ClosedRange<Double>] {
    model.thetaRange.map { $0[0]...max($0[0], $0[1]) }
  }

  /// t̂ of a score model (at its reference point, whatever θ), ∂ log r̂/∂θ of a ratio model, ∂ log p̂/∂θ of a density.
  public func scores(_ x: [Double], rows: Int, at theta: [Double]) throws -> [Double] {
    do {
      let scores = try estimator.score(x: x, theta: theta, denominator: denominator)
      return treatment?.apply(scores) ?? scores
    } catch let problem as Problem {
      throw problem.inFile(name)
    }
  }

  public func ratios(_ x: [Double], rows: Int) throws -> any RowLogRatios {
    guard model.target != .score else {
      throw Problem(
        .data, "a score model gives no likelihood ratio",
        remedy: "train a ratio model with train-ratio, or a density with train-density", file: name)
    }
    return Rows(
      estimator: estimator, name: name, denominator: denominator, x: x, rowCount: rows)
  }

  private struct Rows: RowLogRatios {
    let estimator: Estimator
    let name: String
    let denominator: [Double]?
    let x: [Double]
    let rowCount: Int

    func values(at theta: [Double]) throws -> [Double] {
      do {
        return try estimator.logRatio(x: x, theta: theta, denominator: denominator)
      } catch let problem as Problem {
        throw problem.inFile(name)
      }
    }

    func valuesAndGradients(
      at theta: [Double]
    ) throws -> (values: [Double], gradients: [Double]) {
      do {
        let result = try estimator.logRatioAndGradient(
          x: x, theta: theta, denominator: denominator)
        return (result.logRatio, result.gradient)
      } catch let problem as Problem {
        throw problem.inFile(name)
      }
    }
  }

  /// Warns where a ratio model is asked for a point outside the range of θ it was trained on.
  public func warnIfOutside(_ theta: [Double], journal: Journal) {
    let outside = estimator.outsideTrainingRange(theta, denominator: denominator)
    guard !outside.isEmpty else { return }
    journal.warn(
      "inference.outside \(name)",
      "\(outside.joined(separator: ", ")) is outside the range that \(name) was trained on; "
        + "the model extrapolates")
  }

  /// Warns where events have more cross section than those of the training, which a cut cannot make: a background that the
  /// network never saw.
  public func warnIfMore(_ events: CombinedEvents, journal: Journal) {
    let (setup, total) = (events.table.setup, events.total)
    let (known, reference) = (model.sample.benchmarkTotals, setup.referenceBenchmark)
    guard known.count == total.benchmarkCount, reference < known.count, known[reference] > 0,
      total.sums[reference] > 1.05 * known[reference]
    else { return }
    journal.warn(
      "inference.processes \(name)",
      "\(name) was trained on events of \(known[reference]) pb at \(setup.benchmarks[reference].name), and these are of "
        + "\(total.sums[reference]) pb: processes are among them that it never saw, and its ratios and scores are not theirs"
    )
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
