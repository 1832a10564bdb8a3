import Diagnostics
import EventModel
import Networks

/// Where the state of a training goes, and what it goes on from.
public struct Checkpointing {
  /// Epochs from one state to the next.
  public var every: Int
  /// An earlier state; nil starts from the beginning.
  public var document: Document?
  /// Where it came from, for messages.
  public var file: String?
  /// Writes a state, whole or not at all.
  public var save: (Document) throws -> Void

  public init(
    every: Int, document: Document?, file: String? = nil,
    save: @escaping (Document) throws -> Void
  ) {
    self.every = max(1, every)
    self.document = document
    self.file = file
    self.save = save
  }
}

/// The state of a training between epochs, with what it is a training of.
struct TrainingCheckpoint {
  /// Everything that the result depends on, as names and values.
  var identity: [(name: String, value: String)]
  /// Of each member.
  var states: [TrainingState]

  init(identity: [(name: String, value: String)], states: [TrainingState]) {
    self.identity = identity
    self.states = states
  }

  static func unfit(_ fact: String) -> Problem {
    Problem(
      .data, "the checkpoint is of another training: \(fact)",
      remedy: "remove it, or name another file with --checkpoint")
  }

  /// Throws `.data` naming the first thing that differs.
  func requireFit(_ other: [(name: String, value: String)], count: Int) throws {
    for (name, value) in other {
      let saved = identity.first { $0.name == name }?.value ?? "not there"
      guard saved == value else {
        throw Self.unfit("its \(name) is \(saved), here it is \(value)")
      }
    }
    guard states.count == count else {
      throw Self.unfit("it has \(states.count) networks, here there are \(count)")
    }
  }

  var document: Document {
    var d = Document()
    d.set("checkpoint/identity/names", identity.map(\.name))
    d.set("checkpoint/identity/values", identity.map(\.value))
    for (i, state) in states.enumerated() {
      let at = "checkpoint/members/\(i + 1)/"
      d.set(at + "parameters", state.parameters)
      d.set(at + "moments", state.moments)
      d.set(at + "steps", state.steps)
      d.set(at + "stopped_early", state.stoppedEarly ? 1 : 0)
      d.set(at + "training_loss", state.training.total)
      d.set(at + "training_score_loss", state.training.score)
      d.set(at + "validation_loss", state.validation.total)
      d.set(at + "validation_score_loss", state.validation.score)
      guard let best = state.best else { continue }
      d.set(at + "best/epoch", best.epoch)
      d.set(at + "best/loss", best.loss)
      d.set(at + "best/parameters", best.parameters)
    }
    return d
  }

  init(document d: Document) throws {
    func missing(_ path: String) -> Problem {
      Problem(
        .data, "the checkpoint is not whole", remedy: "remove it, and start again",
        place: "dataset \(path)")
    }
    func reals(_ path: String) throws -> [Double] {
      guard let values = d.reals(path) else { throw missing(path) }
      return values
    }
    guard let names = d.texts("checkpoint/identity/names"),
      let values = d.texts("checkpoint/identity/values"), names.count == values.count
    else { throw missing("checkpoint/identity") }
    identity = zip(names, values).map { ($0, $1) }
    states = try (0..<(d.group("checkpoint/members")?.names.count ?? 0)).map { i in
      let at = "checkpoint/members/\(i + 1)/"
      guard let steps = d.integer(at + "steps") else { throw missing(at + "steps") }
      var best: TrainingState.Best?
      if let epoch = d.integer(at + "best/epoch"), let loss = d.real(at + "best/loss") {
        best = TrainingState.Best(
          epoch: epoch, loss: loss, parameters: try reals(at + "best/parameters"))
      }
      let state = TrainingState(
        parameters: try reals(at + "parameters"), moments: try reals(at + "moments"), steps: steps,
        best: best,
        training: LossHistory(
          total: try reals(at + "training_loss"), score: try reals(at + "training_score_loss")),
        validation: LossHistory(
          total: try reals(at + "validation_loss"), score: try reals(at + "validation_score_loss")),
        stoppedEarly: d.integer(at + "stopped_early") == 1)
      guard state.training.score.count == state.training.total.count,
        state.validation.score.count == state.validation.total.count
      else { throw missing(at + "training_loss") }
      return state
    }
  }
}
