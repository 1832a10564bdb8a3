import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct FullInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "full", abstract: "Information of what the detector sees, from a score or ratio model.",
    discussion: """
      Kinematics of the events of a part (test by default) with the rate of all. 'full' takes the estimated score for \
      the score, which noise of the network inflates; 'retained' is what its regression on the joint score keeps, and can \
      never exceed what the observables hold.
      """)

  @OptionGroup var model: ModelsOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var replicas: ReplicaOptions
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    let input = try DetectorInput(
      options, model: model, partition: partition, columns: [], context: context)
    let detector = try input.detector(space: input.input.space)
    var isFirst = true
    let entries = try input.input.entries(replicas) { events in
      defer { isFirst = false }
      return try isFirst
        ? detector.entries() : detector.replica(events, part: input.part).entries()
    }
    var information = try input.input.information(
      entries: entries, partition: input.part, note: replicas.note)
    information.effectiveEvents = detector.effectiveEvents
    information.notes.append(
      "retained, full: with the rate; kinematic_retained, kinematic: without; "
        + "kinematic_truth: joint score of the same events")
    information.notes += input.models.map(\.note)
    try context.report(information, output: options.output)
  }
}

/// Events and models that see a part of them.
struct DetectorInput {
  let input: InformationInput
  let models: [TrainedModel]
  let part: Partition

  /// - Parameter columns: needed besides the observables of the models.
  init(
    _ options: InformationOptions, model: ModelsOptions, partition: PartitionOption,
    columns: [String], context: CommandContext
  ) throws {
    guard !model.model.isEmpty else {
      throw Problem(.usage, "a model is missing", remedy: "give --model FILE")
    }
    models = try context.readModels(model)
    var observables = columns
    for name in models.flatMap(\.observableNames) where !observables.contains(name) {
      observables.append(name)
    }
    let score = models.first { $0.model.target == .score }
    input = try InformationInput(
      options, columns: observables, standard: score?.referenceTheta, context: context)
    part = partition.partition ?? .test
    for model in models {
      model.warnIfTrained(
        on: part, of: try input.requireEvents().table, digest: input.digest,
        journal: context.journal)
      model.warnIfMore(try input.requireEvents(), journal: context.journal)
      model.warnIfOutside(input.theta, journal: context.journal)
      if model.model.target == .score, model.referenceTheta != input.theta {
        context.journal.warn(
          "fisher.reference \(model.name)",
          "\(model.name) estimates the score at another point than --theta")
      }
    }
  }

  func detector(space: InformationSpace?) throws -> DetectorInformation {
    try DetectorInformation(
      input.requireEvents(), part: part, models: models, theta: input.theta,
      luminosity: input.luminosity, space: space,
      freeNorms: space == nil ? [] : input.freeNorms, journal: input.context.journal)
  }
}
