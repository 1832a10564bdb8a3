import ArgumentParser
import Augmentation
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Numerics

/// What all methods have in common.
struct SampleOptions: ParsableArguments {
  @OptionGroup var input: InputGroup

  @Option(
    name: [.customShort("n"), .customLong("count")],
    help: ArgumentHelp(
      "Number of rows in all, or 'inf' for a stream without an end.", valueName: "n"))
  var count: RowCount?

  @OptionGroup var observables: ObservablesOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var combine: CombineOption

  @Option(
    help: ArgumentHelp(
      "Events with negative weight: 'signed' rows with a column weight, or 'refuse'. By default signed where the events have negative weights.",
      valueName: "policy"))
  var negative: NegativeEvents?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var shard: ShardOptions
  @OptionGroup var output: OutputGroup

  /// Reads the events, draws, writes.
  func run(
    _ method: SampleMethod, theta0: ThetaSpecification?, grid: [GridAxis],
    theta1: ThetaSpecification? = nil, _ context: CommandContext
  ) throws {
    let rows = try rowRange()
    let source = try context.openTable(input, expecting: [.events])
    let table = try EventTable.load(source, observables: observables.names())
    let setup = table.setup
    if !setup.nuisanceParameters.isEmpty {
      context.journal.warn(
        "augment.nuisance", "nuisance parameters are kept at 0; the sample is without systematics")
    }
    let plan = SamplePlan(
      method: method, theta0: try ThetaSource(theta0, grid: grid, setup: setup),
      theta1: try theta1.map { try ThetaSource($0, setup: setup) }, count: count?.number,
      seed: try context.seed(seed), negative: negative)
    let rule = combine.combine ?? table.defaultCombination
    let part = partition.partition ?? method.defaultPart
    let sources = [plan.theta0, plan.theta1].compactMap { $0 }
    let team = ThreadTeam(threads: context.threads)
    let maker: SampleMaker
    do {
      let events = try WeightedEvents(
        table, part: part, combination: rule,
        theta: rule == .closest ? table.closestPoint(sources) : nil, team: team)
      maker = try SampleMaker(plan, events: events, team: team, journal: context.journal)
    } catch let problem as Problem where problem.kind == .data {
      throw problem.inFile(source.name)
    }
    let gridText = grid.map { "\($0.parameter)=\($0.lower):\($0.upper):\($0.count)" }
    let info = maker.info(
      theta0: theta0?.description ?? gridText.joined(separator: " "),
      theta1: theta1?.description ?? "", part: part, combination: rule,
      digest: context.digest(of: source))
    var header = Header(kind: .sample, document: info.document, fields: maker.fields)
    header.isEndless = plan.count == nil
    if let part = try shardRecord(header, seed: plan.seed) { part.write(to: &header.document) }
    let sink = try context.openSink(output, header: header)
    try maker.write(to: sink, rows: rows, team: team, journal: context.journal)
    try sink.finish()
  }

  /// The record of a shard: header, seed and number of rows tell the jobs apart.
  private func shardRecord(_ header: Header, seed: UInt64) throws -> TablePart? {
    let shard = try shard.resolve()
    guard shard.count > 1 else { return nil }
    var hash = XXH64()
    hash.update(ContentDigest.of(header))
    hash.update(seed)
    hash.update(Int64(count?.number ?? 0))
    return TablePart(numbers: [shard.index], count: shard.count, whole: hash.hex)
  }

  /// The rows of the shard; nil is all.
  private func rowRange() throws -> Range<Int>? {
    guard let count else {
      throw Problem(.usage, "the number of rows is missing", remedy: "give -n N, or -n inf")
    }
    let shard = try shard.resolve()
    guard let total = count.number else {
      guard shard.count == 1 else {
        throw Problem(.usage, "a stream without an end has no shards", remedy: "give -n N")
      }
      guard output.path == nil, !output.json, [.stream, .tsv, nil].contains(output.outputFormat)
      else {
        throw Problem(
          .usage,
          "a stream without an end fills any file, and only -O stream and tsv go without one",
          remedy: "leave -o away, or give -n N")
      }
      return nil
    }
    let range = shard.range(of: total)
    guard !range.isEmpty else {
      throw Problem(
        .usage, "shard \(shard.index)/\(shard.count) of \(total) rows is empty",
        remedy: "use fewer shards")
    }
    return range
  }
}

/// A positive number of rows, or `inf`.
struct RowCount: ExpressibleByArgument {
  /// Nil is without end.
  var number: Int?

  init?(argument: String) {
    if argument == "inf" { return }
    guard let number = Int(argument), number > 0 else { return nil }
    self.number = number
  }
}
