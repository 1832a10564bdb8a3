import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventIO
import EventModel
import Numerics

/// Events or a sample, and a model → the model with a calibration in it.
struct Calibrate: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "calibrate", abstract: "Put a calibration of log r into a model.",
    discussion: """
      Compares the ratio with the weights of events that it was not trained on, or with how a sample \
      is drawn, and writes the model with what corrects it. Whatever evaluates the new model applies \
      the correction.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var model: ModelOption

  @Option(
    help: ArgumentHelp(
      "expectation: the mean of r at theta1 becomes 1; isotonic: r becomes the monotonic function of itself that the events ask for.",
      valueName: "method"))
  var method = Calibration.Method.expectation

  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption

  @Option(
    help: ArgumentHelp(
      "Denominator of the pairs that a model of two hypotheses is calibrated at; by default its reference point.",
      valueName: "point"))
  var theta1: String?

  @OptionGroup var events: TestEventOptions
  @OptionGroup var output: FileOutputGroup
  @OptionGroup var common: CommonOptions

  mutating func execute(_ context: CommandContext) throws {
    _ = try output.requirePath()
    guard model.model.count == 1 else {
      throw Problem(
        .usage, "a calibration is of one model file",
        remedy: "give --model once; events merge makes one file of several models")
    }
    var ensemble = try context.readModel(model.model[0])
    ensemble.calibration = nil
    let estimator = try Estimator(
      [ensemble], names: model.model, team: ThreadTeam(threads: context.threads))
    let source = try context.openTable(input, expecting: [.events, .sample])
    let (rows, setup) = try rows(of: source, estimator, context)
    let isWide = estimator.hasNuisance(setup)
    ensemble.calibration = try RatioCalibrator(events: rows, journal: context.journal).calibrate(
      estimator, method: method,
      points: context.points(theta, grid, setup: setup, nuisance: isWide),
      denominator: theta1.map {
        try PointSpecification(parsing: $0).resolve(setup, nuisance: isWide)
      },
      eventsDigest: (source as? any DigestedSource)?.contentDigest
        ?? ContentDigest.of(source.header))
    try context.writeDocument(kind: .model, document: ensemble.document, output: output)
  }

  private func rows(
    of source: any Source, _ estimator: Estimator, _ context: CommandContext
  ) throws -> (any HypothesisRows, Setup) {
    guard source.header.kind == .sample else {
      let events = try self.events.events(source, estimator, part: .validation, context)
      return (events, events.setup)
    }
    try events.refuse(for: source)
    let sample = try TrainingRows(
      source, columns: SampleHypotheses.columns(for: estimator),
      observables: estimator.observableNames)
    return (
      try SampleHypotheses(sample, estimator: estimator, file: source.name), sample.info.setup
    )
  }
}

extension Calibration.Method: ExpressibleByArgument {}
