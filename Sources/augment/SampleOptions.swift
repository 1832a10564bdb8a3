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
      "Number of rows in all, or 'inf' for a stream without an end; with --weighted one pass over the events by default.",
      valueName: "n"))
  var count: RowCount?

  @OptionGroup var observables: ObservablesOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var order: OrderOption
  @OptionGroup var combine: CombineOption

  @Option(
    help: ArgumentHelp(
      "Events with negative weight: 'signed' rows with a column weight, or 'refuse'. By default signed where the events have negative weights.",
      valueName: "policy"))
  var negative: NegativeEvents?

  @Flag(
    help:
      "Draw nothing: every event in turn, with its weight at the hypothesis in a column weight.")
  var weighted = false

  @Option(
    help: ArgumentHelp(
      "Nuisance parameters: 'none' (0 everywhere), 'keep' (as coordinates and components of the score) or 'profile' (scores are profiled over them). By default kept where a hypothesis names one.",
      valueName: "treatment"))
  var nuisance: NuisanceTreatment?

  @Option(
    help: ArgumentHelp(
      "Rows that follow one another and share what a prior draws of nuisance parameters; each draw is a pass over the events. By default 256.",
      valueName: "n"))
  var rowsPerNuisance: Int?

  @Option(help: ArgumentHelp("Limit components of joint scores to +-T.", valueName: "t"))
  var clipScore: Double?

  @Option(help: ArgumentHelp("Limit joint log ratios to +-L.", valueName: "l"))
  var clipLogRatio: Double?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var shard: ShardOptions
  @OptionGroup var output: OutputGroup

  func validate() throws {
    if let rowsPerNuisance, rowsPerNuisance < 1 {
      throw ValidationError("--rows-per-nuisance takes a number from 1")
    }
    for (value, name) in [(clipScore, "--clip-score"), (clipLogRatio, "--clip-log-ratio")] {
      if let value, !(value > 0) { throw ValidationError("\(name) takes a positive number") }
    }
  }

  /// Reads the events, draws, writes.
  func run(_ method: SampleMethod, _ given: GivenHypotheses, _ context: CommandContext) throws {
    try checkCount()
    let source = try context.openTable(input, expecting: [.events])
    var table = try EventTable.load(source, observables: observables.names())
    table.setup = table.setup.truncated(to: order.order)
    let treatment = try given.treatment(nuisance, table.setup, context.journal, source.name)
    let plan = try plan(method, given, treatment, table.setup, context)
    let rule = combine.combine ?? table.defaultCombination
    let part = partition.partition ?? method.defaultPart
    let team = ThreadTeam(threads: context.threads)
    let maker: SampleMaker
    do {
      let events = try WeightedEvents(
        table, part: part, combination: rule,
        theta: rule == .closest ? table.closestPoint(plan.sources) : nil,
        nuisance: treatment != .none, team: team)
      maker = try SampleMaker(plan, events: events, team: team, journal: context.journal)
    } catch let problem as Problem where problem.kind == .data {
      throw problem.inFile(source.name)
    }
    let info = maker.info(
      theta0: given.numeratorText, theta1: given.denominatorText, part: part, combination: rule,
      digest: context.digest(of: source))
    var header = Header(kind: .sample, document: info.document, fields: maker.fields)
    header.isEndless = count != nil && plan.count == nil
    let rows = try rowRange(maker)
    if let part = try shardRecord(header, seed: plan.seed) { part.write(to: &header.document) }
    let sink = try context.openSink(output, header: header)
    try maker.write(to: sink, rows: rows, team: team, journal: context.journal)
    try sink.finish()
  }

  private func plan(
    _ method: SampleMethod, _ given: GivenHypotheses, _ treatment: NuisanceTreatment,
    _ setup: Setup, _ context: CommandContext
  ) throws -> SamplePlan {
    let isWide = treatment != .none
    var plan = SamplePlan(
      method: method,
      theta0: try ThetaSource(given.theta0, grid: given.grid, setup: setup, nuisance: isWide),
      theta1: try given.theta1.map { try ThetaSource($0, setup: setup, nuisance: isWide) },
      count: count?.number, seed: try context.seed(seed), negative: negative)
    plan.additional = try given.additional.map {
      try ThetaSource($0, setup: setup, nuisance: isWide)
    }
    plan.isWeighted = weighted
    plan.nuisance = treatment
    plan.eventsPerNuisancePoint = rowsPerNuisance ?? plan.eventsPerNuisancePoint
    plan.scoreClip = clipScore
    plan.logRatioClip = clipLogRatio
    return plan
  }

  /// The record of a shard: header, seed and number of rows tell the jobs apart.
  private func shardRecord(_ header: Header, seed: UInt64) throws -> TablePart? {
    let shard = try shard.resolve()
    guard shard.count > 1 else { return nil }
    var hash = XXH64()
    hash.update(ContentDigest.of(header))
    hash.update(seed)
    hash.update(Int64(count?.number ?? 0))
    hash.update(Int64(weighted ? 1 : 0))
    if let rowsPerNuisance { hash.update(Int64(rowsPerNuisance)) }
    return TablePart(numbers: [shard.index], count: shard.count, whole: hash.hex, seed: seed)
  }

  private func checkCount() throws {
    guard count != nil || weighted else {
      throw Problem(.usage, "the number of rows is missing", remedy: "give -n N, or -n inf")
    }
    guard let count, count.number == nil else { return }
    guard try shard.resolve().count == 1 else {
      throw Problem(.usage, "a stream without an end has no shards", remedy: "give -n N")
    }
    guard output.path == nil, !output.json, [.stream, .tsv, nil].contains(output.outputFormat)
    else {
      throw Problem(
        .usage, "a stream without an end fills any file, and only -O stream and tsv do without one",
        remedy: "leave -o away, or give -n N")
    }
  }

  /// The rows of the shard; nil has no end.
  private func rowRange(_ maker: SampleMaker) throws -> Range<Int>? {
    let shard = try shard.resolve()
    if count != nil, maker.plan.count == nil { return nil }
    let total = maker.plan.count ?? maker.weightedRows
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
