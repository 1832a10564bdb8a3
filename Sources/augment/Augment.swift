// Events → training and test samples: parameter points, events drawn at them, joint ratio and score.
// The weights are held in memory, rows are not. See augment(1).
import ArgumentParser
import Augmentation
import CommandKit
import Diagnostics
import EventModel

extension NegativeEvents: ExpressibleByArgument {}
extension NuisanceTreatment: ExpressibleByArgument {}

@main
struct Augment: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "augment", abstract: "Draw training and test samples from weighted events.",
    subcommands: [
      Plain.self, Score.self, Density.self, Ratio.self, Ratios.self, TestSample.self,
      ImportSample.self,
    ])

  static var citations: [Citation] { [.toolkit, .madminer, .mining] }
}

struct Plain: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "plain", abstract: "Observables of events drawn at parameter points.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.plain, hypothesis.given(), context)
  }
}

struct Score: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "score", abstract: "The same with the joint score: for train-score.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.score, hypothesis.given(), context)
  }
}

struct Density: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "density", abstract: "As score, with a point for each row: for train-density.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.density, hypothesis.given(), context)
  }
}

struct TestSample: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "test", abstract: "As plain, from the events held back for tests.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.test, hypothesis.given(), context)
  }
}

struct Ratio: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "ratio",
    abstract: "Events of two hypotheses with joint ratio and score: for train-ratio.",
    discussion: """
      Rows alternate between events drawn at theta0 (y = 0) and at theta1 (y = 1). Lists are \
      combined in all ways, in turn; of a prior each row has a point of its own.
      """)
  @OptionGroup var hypotheses: TwoHypotheses
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.ratio, hypotheses.given(), context)
  }
}

struct Ratios: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "ratios",
    abstract: "As ratio, each event with further hypotheses.",
    discussion: """
      An event drawn at theta0 is also a row with each further hypothesis for its denominator, one \
      drawn at theta1 a row with each for its numerator.
      """)
  @OptionGroup var hypotheses: TwoHypotheses
  @Option(
    help: ArgumentHelp(
      "A further hypothesis, in the forms of --theta0; each adds one row for every event. Repeatable.",
      valueName: "theta"))
  var additional: [String] = []
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var given = try hypotheses.given()
    given.additional = try additional.map { try HypothesisText.parse([$0], "--additional") }
    try options.run(.ratios, given, context)
  }
}
