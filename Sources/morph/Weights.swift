import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Morphing

struct Weights: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "weights", abstract: "Weights of events at parameter points.",
    discussion: """
      One row for each event; the columns, in pb, sum to the cross section, the factors that \
      combine samples included.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var points: PointsGroup
  @OptionGroup var nuisance: NuisanceOption
  @OptionGroup var order: OrderOption
  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let source = try context.openTable(input, expecting: [.events])
    let setup = try Setup(document: source.header.document)
    let points = try points.points(setup)
    guard !points.isEmpty else {
      throw Problem(.usage, "a parameter point is missing", remedy: "give --theta or --grid")
    }
    let morphed = MorphedEvents(
      points: points, combination: combine.combine, nu: try setup.nuisancePoint(nuisance.nu),
      order: order.order)
    let sink = try context.openSink(output, header: morphed.header(for: source))
    try morphed.run(source, to: sink, journal: context.journal)
    try sink.finish()
  }
}
