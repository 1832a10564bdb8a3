import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Numerics

/// A density model → observables drawn from it.
struct Draw: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "draw", abstract: "Draw observables from a density model.",
    discussion: "Writes a sample with the columns x and theta0; rows take several points in turn.")

  @OptionGroup var model: ModelOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption
  @OptionGroup var count: CountOption
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  mutating func execute(_ context: CommandContext) throws {
    let count = try count.require()
    let estimator = try context.readEstimator(model)
    let setup = estimator.models[0].sample.setup
    let points = try context.points(
      theta, grid, setup: setup, nuisance: estimator.hasNuisance(setup))
    let drawing = try ModelDrawing(
      estimator: estimator, points: points, count: count, seed: try context.seed(seed),
      journal: context.journal)
    let names = points.map(\.name).joined(separator: " ")
    let sink = try context.openSink(output, header: drawing.header(theta0: names))
    try drawing.write(to: sink)
    try sink.finish()
  }
}

extension CommandContext {
  /// The model, or the average of several.
  func readEstimator(_ option: ModelOption) throws -> Estimator {
    try Estimator(
      option.model.map { try readModel($0) }, names: option.model,
      team: ThreadTeam(threads: threads))
  }

  /// The points of `--theta` and `--grid` with their names.
  func points(
    _ theta: ThetaOption, _ grid: GridOption, setup: Setup, nuisance: Bool = false
  ) throws -> [(name: String, theta: [Double])] {
    let points = try theta.points().map {
      ($0.description, try $0.resolve(setup, nuisance: nuisance))
    }
    guard !grid.grid.isEmpty else { return points }
    return try points
      + GridAxis.points(grid.axes(), setup: setup, nuisance: nuisance).map {
        (PointSpecification.name(of: $0, setup), $0)
      }
  }
}
