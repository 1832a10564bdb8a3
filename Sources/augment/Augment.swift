// Events → training and test samples: parameter points, events drawn at them, joint ratio and score.
// The weights are held in memory, rows are not. See augment(1).
import ArgumentParser
import Augmentation
import CommandKit
import Diagnostics
import EventModel

extension NegativeEvents: ExpressibleByArgument {}

@main
struct Augment: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "augment", abstract: "Draw training and test samples from weighted events.",
    subcommands: [Plain.self, Score.self, Ratio.self, TestSample.self])

  static var citations: [Citation] { [.toolkit, .madminer, .mining] }
}

struct Plain: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "plain", abstract: "Observables of events drawn at parameter points.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.plain, theta0: hypothesis.specification(), grid: hypothesis.axes(), context)
  }
}

struct Score: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "score", abstract: "The same with the joint score: for train-score.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.score, theta0: hypothesis.specification(), grid: hypothesis.axes(), context)
  }
}

struct TestSample: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "test", abstract: "As plain, from the events held back for tests.")
  @OptionGroup var hypothesis: OneHypothesis
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    try options.run(.test, theta0: hypothesis.specification(), grid: hypothesis.axes(), context)
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
  @OptionGroup var hypotheses: HypothesesOptions
  @OptionGroup var grid: GridOption
  @OptionGroup var options: SampleOptions
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let axes = try grid.axes()
    let numerator =
      axes.isEmpty || !hypotheses.theta0.isEmpty ? try hypotheses.numerator() : nil
    try options.run(
      .ratio, theta0: numerator, grid: axes, theta1: hypotheses.denominator(), context)
  }
}

/// `--theta` or `--grid` of the methods with one hypothesis.
struct OneHypothesis: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where events are drawn: a point, 'prior' (flat over the setup's ranges), flat:cHW=-1:1, gauss:cHW=0:0.5, or @FILE. Repeatable.",
      valueName: "theta"))
  var theta: [String] = []
  @OptionGroup var grid: GridOption

  func specification() throws -> ThetaSpecification? {
    theta.isEmpty ? nil : try ThetaSpecification(parsing: PointList.expand(theta))
  }
  func axes() throws -> [GridAxis] { try grid.axes() }
}
