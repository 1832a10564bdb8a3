import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

struct MakeBins: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "bins", abstract: "Bin events once for all: a table that stands for them.",
    discussion: """
      For every bin and process the table holds the sums of the benchmark weights, of their products, and of the weights \
      under each nuisance parameter: any cross section, information or likelihood of the histogram follows from it at any \
      parameter point. Without --observable there is one bin. Parts (--shard) are put together by 'events merge'.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var histogram: HistogramOptions
  @OptionGroup var theta: ThetaOption
  @OptionGroup var model: ModelsOptions
  @OptionGroup var partition: PartitionOption
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var combine: CombineOption
  @OptionGroup var shard: ShardOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let shard = try shard.resolve()
    let axes = try histogram.axes()
    let text = theta.theta.isEmpty ? nil : try theta.requireOne()
    let team = ThreadTeam(threads: context.threads)
    let models = try context.readModels(model)
    let source = try context.openTable(input, expecting: [.events])
    let loaded = try EventsWithColumns(
      source, columns: histogram.observable, selection: selection, models: models,
      partition: partition.partition,
      theta: {
        try text?.resolve($0) ?? models.first?.referenceTheta
          ?? $0.benchmarks[$0.referenceBenchmark].values
      }, context: context)
    let events = try CombinedEvents(
      loaded.table, combination: combine.combine, theta: loaded.theta, file: source.name,
      team: team)
    let bins = try events.binned(
      axes: BinSpecification.axes(axes, events, theta: loaded.theta), cuts: selection.cut,
      efficiencies: selection.efficiency, closestTo: loaded.theta, part: shard.index,
      of: shard.count, digest: loaded.digest, subset: partition.partition ?? .all)
    try context.report(
      text: BinsText(bins, theta: loaded.theta).text, document: bins.document, kind: .bins,
      output: output)
  }
}

/// A table of bins for people: the cross section of each bin at one point.
struct BinsText {
  let bins: BinnedEvents
  let theta: [Double]

  init(_ bins: BinnedEvents, theta: [Double]) {
    self.bins = bins
    self.theta = theta
  }

  var text: String {
    let table = bins.table
    let names = bins.setup.parameterNames
    var notes = [
      "theta: " + zip(names, theta).map { "\($0)=\(TextTable.number($1))" }.joined(separator: ","),
      "processes: " + table.processes.map(\.name).joined(separator: ", "),
    ]
    if let part = bins.part { notes.append(part.description) }
    if bins.rows != .all { notes.append("the \(bins.rows.rawValue) part of the events") }
    if !table.nuisances.isEmpty {
      notes.append(
        "nuisance parameters: " + table.nuisances.map(\.name).joined(separator: ", "))
    }
    if !bins.cuts.isEmpty { notes.append("cuts: " + bins.cuts.joined(separator: "; ")) }
    if !bins.efficiencies.isEmpty {
      notes.append("efficiencies: " + bins.efficiencies.joined(separator: "; "))
    }
    var text = TextTable(
      (table.axes.isEmpty ? ["bin"] : table.axes.map { $0.observable.filter { $0 != " " } }) + [
        "sigma_fb", "error_fb", "events", "effective",
      ], notes: notes)
    guard let morphing = bins.setup.morphing else { return text.text }
    let point = MorphedPoint(theta, morphing: morphing)
    for bin in 0..<table.binCount {
      let sigma = point.crossSection(table, bin: bin).value
      let squares = max(0, point.squaredError(table, bin: bin))
      let labels =
        table.axes.isEmpty
        ? ["total"]
        : zip(table.axes, table.indices(ofBin: bin)).map {
          $0.label($1).filter { $0 != " " }
        }
      text.add(
        labels + [
          TextTable.number(1000 * sigma, digits: 6),
          TextTable.number(1000 * squares.squareRoot(), digits: 3), "\(table.counts[bin])",
          TextTable.number(squares > 0 ? sigma * sigma / squares : 0, digits: 4),
        ])
    }
    return text.text
  }
}
