// fisher: Fisher information of truth, rate, histograms and estimators, and its algebra. See fisher(1).
import ArgumentParser
import CommandKit

@main
struct Fisher: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "fisher", abstract: "Fisher information: what a measurement can know of the parameters.",
    discussion: """
      Matrices are for the given luminosity; 1/sqrt(I) bounds the error of a parameter. Errors are those of the \
      finite number of simulated events.
      """,
    subcommands: [
      TruthInformation.self, RateInformation.self, HistogramInformation.self,
      FullInformation.self, MakeBins.self, Distribution.self, Metric.self,
      Distance.self, Geodesic.self, SumInformation.self, ProjectInformation.self,
      ProfileInformation.self,
    ])

  static var citations: [Citation] { [.toolkit, .madminer, .constraining] }
}
