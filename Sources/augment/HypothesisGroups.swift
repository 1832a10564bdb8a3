import ArgumentParser
import CommandKit
import EventModel

/// `--theta` or `--grid` of the methods with one hypothesis.
struct OneHypothesis: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where events are drawn: a point, 'prior' (flat over the setup's ranges), flat:cHW=-1:1, log:, gauss:cHW=0:0.5, grid:cHW=-1:1:5, or @FILE. Repeatable.",
      valueName: "theta"))
  var theta: [String] = []
  @OptionGroup var grid: GridOption

  func given() throws -> GivenHypotheses {
    GivenHypotheses(
      theta0: theta.isEmpty ? nil : try HypothesisText.parse(theta, "--theta"),
      grid: try grid.axes())
  }
}

/// The hypotheses of a ratio; the numerator may be a grid.
struct TwoHypotheses: ParsableArguments {
  @OptionGroup var hypotheses: HypothesesOptions
  @OptionGroup var grid: GridOption

  func given() throws -> GivenHypotheses {
    let axes = try grid.axes()
    let isGiven = axes.isEmpty || !hypotheses.theta0.isEmpty
    return GivenHypotheses(
      theta0: isGiven ? try hypotheses.numerator() : nil, grid: axes,
      theta1: try hypotheses.denominator())
  }
}
