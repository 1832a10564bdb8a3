// limits: from events and a model, a histogram or the rate to p-values, regions and intervals. See limits(1).
import ArgumentParser
import CommandKit

@main
struct LimitsCommand: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "limits", abstract: "Best fit, p-values, confidence regions and intervals of the parameters.",
    discussion: """
      q = -2 ln L(theta)/L(best fit) is compared with a chi-square distribution of as many degrees of freedom as there \
      are axes of the grid.
      """,
    subcommands: [
      ExpectedLimits.self, ObservedLimits.self, CombinedLimits.self, PointLimits.self,
      ToyLimits.self, CoverageLimits.self, PosteriorLimits.self, StrengthLimits.self,
      CountingLimits.self, ExportLimits.self,
    ])

  static var citations: [Citation] { [.toolkit, .madminer, .constraining] }
}
