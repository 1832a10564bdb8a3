import Diagnostics
import EventModel
import Networks
import Numerics

/// The training of one network, epoch by epoch, whatever the network. Used by one thread at a time.
protocol MemberTraining: AnyObject, Sendable {
  /// Epochs that ran.
  var epoch: Int { get }
  var isOver: Bool { get }
  /// Runs the next epoch, on fresh rows where there are some.
  func advance(on fresh: TrainingRows?, team: ThreadTeam) throws -> EpochReport
  var state: TrainingState { get }
  /// Goes on from a state; false where it is of another network.
  func resume(_ state: TrainingState) -> Bool
  /// The model of the epochs so far.
  func model() throws -> Model
}

/// Inputs and loss of some rows.
typealias Build = (TrainingRows) -> (InputTable, any NetworkLoss)

/// What the trainer gave, in Double.
struct Fit {
  var parameters: [Double]
  var training: LossHistory
  var validation: LossHistory
  /// From 0; −1 where the training began with the best parameters.
  var bestEpoch: Int
}

/// How one kind of network is trained and made into a model.
struct NetworkRecipe<Objective: BatchObjective> {
  /// Parameters at the start.
  var start: [Objective.Scalar]
  /// Of a table of scaled inputs and a loss.
  var objective: ([Objective.Scalar], any NetworkLoss) -> Objective
  /// Parameters as a model has them.
  var layout: ([Objective.Scalar]) -> [Double]
  var build: Build
  var finish: (Fit) throws -> Model
}

final class NetworkTraining<Objective: BatchObjective>: MemberTraining, @unchecked Sendable {
  private let session: TrainingSession<Objective>
  private let recipe: NetworkRecipe<Objective>
  private let plan: TrainingPlan
  private let journal: Journal
  private let largestMean: Double

  init(
    _ sample: TrainingRows, _ rows: EstimatorTrainer.Rows, _ recipe: NetworkRecipe<Objective>,
    plan: TrainingPlan, journal: Journal
  ) {
    self.recipe = recipe
    self.plan = plan
    self.journal = journal
    let (objective, largestMean) = Self.objective(recipe, sample)
    self.largestMean = largestMean
    session = TrainingSession(
      objective, settings: plan.training, from: recipe.start, trainingRows: rows.training,
      validationRows: rows.validation)
  }

  /// The objective of rows, and the mean of its loss above which a training has diverged.
  private static func objective(
    _ recipe: NetworkRecipe<Objective>, _ sample: TrainingRows
  ) -> (objective: Objective, largestMean: Double) {
    let (inputs, loss) = recipe.build(sample)
    return (recipe.objective(inputs.scaled(Objective.Scalar.self), loss), loss.largestMean)
  }

  var epoch: Int { session.epoch }
  var isOver: Bool { session.isOver }
  var state: TrainingState { session.state }

  func resume(_ state: TrainingState) -> Bool { session.resume(state) }

  func advance(on fresh: TrainingRows?, team: ThreadTeam) throws -> EpochReport {
    if epoch == 0, plan.training.earlierEpochs > 0 { session.keepStart(team: team) }
    do {
      let report = try session.advance(
        fresh: fresh.map { (Self.objective(recipe, $0).objective, $0.trainingRows(plan)) },
        team: team)
      guard report.trainingLoss <= largestMean else {
        throw TrainingDiverged(epoch: report.epoch, batch: nil)
      }
      return report
    } catch let diverged as TrainingDiverged {
      let place = diverged.batch.map { "batch \($0)" } ?? "by its mean loss"
      throw Problem(
        .data, "training diverged in epoch \(diverged.epoch), \(place)",
        remedy: "lower --rate, or set --clip-gradient or --clip-score")
    }
  }

  func model() throws -> Model {
    let result = session.result
    if result.stoppedEarly {
      journal.note("stopped early; the parameters are those of epoch \(result.bestEpoch)")
    }
    return try recipe.finish(
      Fit(
        parameters: recipe.layout(result.parameters), training: result.training,
        validation: result.validation, bestEpoch: result.bestEpoch - 1))
  }
}

extension TrainingRows {
  /// Numbers of the rows that are to be trained on. Without identities no row of a later epoch is known to be a validation
  /// row, and in a stream none is.
  func trainingRows(_ plan: TrainingPlan) -> [Int32] {
    guard !eventIDs.isEmpty else { return (0..<count).map { Int32($0) } }
    return split(plan).training
  }

  func split(_ plan: TrainingPlan) -> EstimatorTrainer.Rows {
    split(
      validationFraction: plan.validationFraction, seed: plan.training.seed,
      member: plan.training.member)
  }
}
