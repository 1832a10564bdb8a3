import ArgumentParser
import CommandKit
import EventModel
import Inference

struct ExpectedLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "expected", abstract: "Limits for the average experiment (Asimov data) at a true point.",
    discussion: """
      With --model the log ratio of the models, with --observable a histogram, with --truth the joint ratio of each event \
      (everything seen at parton level: no measurement), and with none of them the rate alone.
      """)

  @OptionGroup var theta: ThetaOption
  @Flag(help: "Take the joint ratio of each event for the likelihood ratio.")
  var truth = false
  @OptionGroup var partition: PartitionOption
  @OptionGroup var options: LimitOptions
  var common: CommonOptions { options.common }

  func validate() throws {
    if truth, options.observable != nil || !options.model.model.isEmpty {
      throw ValidationError("--truth, --observable and --model are three kinds of limits; give one")
    }
    if partition.partition != nil, options.model.model.isEmpty {
      throw ValidationError("--partition is for --model; templates are of all events")
    }
  }

  func execute(_ context: CommandContext) throws {
    let input = try LimitInput(options, theta: theta, context: context)
    let settings = try options.settings(input.events.table.setup)
    var limits: Limits
    if truth {
      limits = try input.source.expectedTruth(thetaTrue: input.thetaTrue, settings: settings)
    } else if input.models.isEmpty {
      limits = try input.source.expected(
        observable: options.observable, edges: input.edges(options), thetaTrue: input.thetaTrue,
        settings: settings)
    } else {
      let part = partition.partition ?? .test
      for model in input.models {
        model.warnIfTrained(
          on: part, of: input.events.table, digest: input.digest, journal: context.journal)
      }
      limits = try input.source.expected(
        models: input.models, part: part, thetaTrue: input.thetaTrue, settings: settings)
      limits.notes = input.models.map(\.note)
    }
    try context.report(
      text: LimitsText(limits, withPoints: options.points).text, document: limits.document,
      kind: .limits, output: options.output)
  }
}
