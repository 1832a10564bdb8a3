// The theory side of an analysis: setup files, and how weights and cross sections depend on the
// parameters. See morph(1).
import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Morphing

@main
struct Morph: ToolGroup {
  static let configuration = CommandConfiguration.tool(
    "morph", abstract: "Make setups, and morph weights and cross sections between benchmarks.",
    subcommands: [MakeSetup.self, CrossSections.self, Weights.self, Check.self])
}

/// Points from `--theta` and `--grid`, with the names that tables and columns give them.
struct PointsGroup: ParsableArguments {
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption

  func points(_ setup: Setup) throws -> [(name: String, theta: [Double])] {
    let named = try theta.points().map { (name: $0.description, theta: try $0.resolve(setup)) }
    guard !grid.grid.isEmpty else { return named }
    return named
      + (try GridAxis.points(grid.axes(), setup: setup).map {
        (name: PointSpecification.name(of: $0, setup), theta: $0)
      })
  }
}

extension Setup {
  /// The benchmarks as named points.
  var benchmarkPoints: [(name: String, theta: [Double])] {
    benchmarks.map { ($0.name, $0.values) }
  }
}
