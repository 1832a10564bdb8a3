import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

struct CombinedLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "combine", abstract: "Limits of independent measurements together.",
    discussion: "Files of limits on equal grids, whose ln L is added point by point.")

  @OptionGroup var inputs: InputsGroup

  @OptionGroup var regions: RegionOptions

  @Flag(help: "Take nuisance parameters that each file profiled by itself as independent.")
  var uncorrelated = false

  @Flag(help: "Print the grid too: parameters, ln L, q and p of every point.")
  var points = false

  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    guard inputs.paths.count > 1 else {
      throw Problem(.usage, "there is nothing to combine", remedy: "give two files of limits")
    }
    let parts = try inputs.paths.map { path in
      let header = try context.readHeader(
        path, expecting: [.limits], options: inputs.reading.options)
      do {
        return (name: path, limits: try Limits(document: header.document))
      } catch let problem as Problem {
        throw problem.inFile(path)
      }
    }
    let limits = try LimitCombination(parts, journal: context.journal).run(
      settings: LimitSettings(
        levels: regions.levels, degreesOfFreedom: regions.dof, bounds: []),
      isUncorrelated: uncorrelated)
    try context.report(
      text: LimitsText(limits, withPoints: points).text, document: limits.document,
      kind: .limits, output: output)
  }
}
