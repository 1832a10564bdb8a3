import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Morphing
import Numerics

struct CrossSections: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "cross-section", abstract: "Cross sections with errors at parameter points.",
    discussion: "Without a point, at every benchmark. All events of the file are used.")

  @OptionGroup var input: InputGroup
  @OptionGroup var points: PointsGroup
  @OptionGroup var nuisance: NuisanceOption
  @OptionGroup var order: OrderOption
  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    var table = try context.readEvents(input, observables: [])
    table.setup = table.setup.truncated(to: order.order)
    let setup = table.setup
    let asked = try points.points(setup)
    let points = asked.isEmpty ? setup.benchmarkPoints : asked
    let team = ThreadTeam(threads: context.threads)
    let found = try CrossSectionTable(
      table, points: points, combination: combine.combine,
      nu: setup.nuisancePoint(nuisance.nu), allowsNegative: order.order != nil, team: team)
    let negative = found.values.count { $0.value < 0 }
    if negative > 0 {
      context.journal.warn(
        "morph.negative",
        "\(negative) of \(found.values.count) cross sections are negative at this order in the couplings"
      )
    }
    try context.report(
      text: Self.text(found, setup), document: found.document(setup), output: output)
  }

  private static func text(_ found: CrossSectionTable, _ setup: Setup) -> String {
    var table = TextTable(
      ["point"]
        + setup.parameters.map { $0.unit.isEmpty ? $0.name : "\($0.name)[\($0.unit)]" }
        + ["sigma[pb]", "error_poisson[pb]", "error_fixed_size[pb]", "n_eff"],
      notes: ["cross sections, samples combined by \(found.combination.rawValue)"])
    for (name, value) in zip(found.names, found.values) {
      table.add(
        [name.isEmpty ? "-" : name]
          + value.theta.map { TextTable.number($0) }
          + [value.value, value.poissonError, value.fixedSizeError].map {
            TextTable.number($0, digits: 9)
          } + [TextTable.number(value.effectiveEvents)])
    }
    return table.text
  }
}
