import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference
import Numerics

struct FullInformation: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "full", abstract: "Information of what the detector sees, from a score or ratio model.",
    discussion: """
      Kinematics of the events of a part (test by default) with the rate of all. 'full' takes the estimated score for \
      the score, which noise of the network inflates; 'retained' is what its regression on the joint score keeps, and can \
      never exceed what the observables hold.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var denominator: DenominatorOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var options: InformationOptions
  var common: CommonOptions { options.common }

  func execute(_ context: CommandContext) throws {
    guard !model.model.isEmpty else {
      throw Problem(.usage, "a model is missing", remedy: "give --model FILE")
    }
    let team = ThreadTeam(threads: context.threads)
    let models = try model.model.map {
      let model = try context.readModel($0)
      return try TrainedModel(
        model, name: $0, denominator: denominator.resolve(model.first.sample.setup), team: team)
    }
    var observables: [String] = []
    for name in models.flatMap(\.observableNames) where !observables.contains(name) {
      observables.append(name)
    }
    let score = models.first { $0.model.target == .score }
    let input = try InformationInput(
      options, observables: observables, standard: score?.referenceTheta, context: context)
    let part = partition.partition ?? .test
    for model in models {
      model.warnIfTrained(
        on: part, of: input.events.table, digest: input.digest, journal: context.journal)
      model.warnIfOutside(input.theta, journal: context.journal)
      if model.model.target == .score, model.referenceTheta != input.theta {
        context.journal.warn(
          "fisher.reference \(model.name)",
          "\(model.name) estimates the score at another point than --theta")
      }
    }
    let detector = try DetectorInformation(
      input.events, part: part, models: models, theta: input.theta,
      luminosity: input.luminosity.inversePicobarn, journal: context.journal)
    var information = try input.information(entries: detector.entries(), partition: part)
    information.effectiveEvents = detector.effectiveEvents
    information.notes = [
      "retained, full: with the rate; kinematic_retained, kinematic: without; "
        + "kinematic_truth: joint score of the same events"
    ]
    information.notes += models.map(\.note)
    try context.report(information, output: options.output)
  }
}
