import ArgumentParser

/// Which regions are drawn from a likelihood on a grid.
struct RegionOptions: ParsableArguments {
  @OptionGroup private var level: LevelOption

  @Option(
    help: ArgumentHelp(
      "Degrees of freedom of the regions; by default the axes of the grid.", valueName: "n"))
  var dof: Int?

  var levels: [Double] { level.levels }

  func validate() throws {
    if let dof, dof < 1 { throw ValidationError("--dof takes a positive number") }
  }
}
