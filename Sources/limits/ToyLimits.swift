import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

struct ToyLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "toys", abstract: "Neyman construction on a grid by pseudo-experiments.",
    discussion: """
      At each point of the grid the distribution of t = -2 ln L(theta)/max L comes from --toys pseudo-experiments; the \
      maximum is over the grid, so regions are those of Feldman and Cousins. With --data the p-values of observed events, \
      with --theta those of the median experiment at a true point and of its bands, with neither the critical values alone. \
      -v says beforehand how long it takes.
      """)

  @OptionGroup var theta: ThetaOption

  @OptionGroup var events: ObservedOption
  @OptionGroup var options: LikelihoodOptions
  @OptionGroup var scan: ScanOptions
  @OptionGroup var level: LevelOption

  @OptionGroup var pseudo: ToyOptions

  @Flag(help: "Print what the job will take, and do not do it.")
  var dryRun = false

  @Flag(help: "Print the grid too: critical values, t and p of every point.")
  var points = false

  @OptionGroup var seed: SeedOptions
  @OptionGroup var shard: ShardOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if events.isGiven, !theta.theta.isEmpty {
      throw ValidationError("--data is of observed, --theta of expected limits; give one")
    }
  }

  func execute(_ context: CommandContext) throws {
    let part = try shard.resolve()
    let seed = try context.seed(seed)
    let input = try LikelihoodInput(options, theta: theta.theta, context: context)
    let (axes, fixed, grid) = try scan.resolve(input.source.parameters, input.setup)
    let point = theta.theta.isEmpty ? nil : try input.resolveWithNorms(theta.requireOne())
    let truth = point?.theta
    let observed = try input.observed(events.data, options, context)
    let table = try input.source.table(
      grid + (truth.map { [$0] } ?? []), gridCount: grid.count)
    let experiments = pseudo.experiments ?? 1000
    let found =
      try observed.map { try input.source.data($0, in: table) }
      ?? point.map { try input.source.asimovData(at: $0.theta, nu: $0.nu, in: table) }
      ?? ToyData()
    let names = input.source.parameters.pointNames
    let construction = NeymanConstruction(
      table, names: names, levels: level.levels, toys: pseudo.toys,
      seed: seed, degreesOfFreedom: pseudo.dof ?? axes.count, team: input.team, nu: found.nu,
      journal: context.journal)
    let range = part.range(of: grid.count)
    if dryRun || common.verbose {
      let cost = try cost(construction, range)
      context.journal.note(cost)
      if dryRun {
        return try context.report(
          text: cost + "\n", document: Document(), output: output)
      }
    }
    var statistics: [[Double]] = []
    var experimentNames: [String] = []
    if observed != nil {
      statistics = [table.statistics(found.totals)]
      experimentNames = ["observed"]
    } else if truth != nil {
      statistics = try construction.expectedStatistics(
        at: grid.count, experiments: experiments,
        nu: table.hasNuisances ? point?.nu : nil)
      experimentNames = ["-2 sigma", "-1 sigma", "median", "+1 sigma", "+2 sigma"]
    }
    var limits = input.source.limits(
      axes: axes, fixed: fixed.keys.sorted(), degreesOfFreedom: pseudo.dof ?? axes.count)
    limits.isExpected = observed == nil
    limits.thetaTrue = truth ?? []
    limits.eventCount =
      try observed?.eventCount
      ?? point.map {
        try input.source.expectedEvents(atPoint: $0.theta + $0.nu)
      } ?? .nan
    limits.notes += input.notes + input.notes(nu: point?.nu ?? [])
    try input.source.warn(
      at: truth ?? input.setup.benchmarks[input.setup.referenceBenchmark].values, hasToys: true)
    limits.bestFit =
      observed == nil
      ? names.map { _ in .nan } : table.best(statistics[0])
    let belt = NeymanBelt(
      limits: limits, levels: level.levels, toys: pseudo.toys, seed: seed,
      experiments: experimentNames,
      experimentCount: truth == nil ? 0 : experiments,
      points: try construction.belt(range, statistics: statistics))
    if let open = belt.smallestOpenLevel {
      context.journal.warn(
        "toys.open",
        "the region of level \(open) reaches the border of the grid; use a wider --grid")
    }
    var document = belt.document
    if part.count > 1 {
      ResultMerge.mark(
        &document,
        part: TablePart(
          numbers: [part.index], count: part.count, whole: "toys \(seed) \(grid.count)"),
        datasets: belt.wholeShapes(of: grid.count))
    }
    try context.report(
      text: ToyText(belt, withPoints: points).text, document: document, kind: .limits,
      output: output)
  }

  private func cost(_ construction: NeymanConstruction, _ range: Range<Int>) throws -> String {
    let clock = ContinuousClock()
    let start = clock.now
    let seconds = try construction.estimatedSeconds(points: range) {
      let passed = (clock.now - start).components
      return Double(passed.seconds) + 1e-18 * Double(passed.attoseconds)
    }
    let table = construction.table
    return
      "\(range.count) points, \(pseudo.toys) pseudo-experiments each, likelihood at \(table.hypotheses.count) points of "
      + "\(table.cellCount) \(table.isOfEvents ? "events" : "bins"): about "
      + "\(TextTable.number(seconds, digits: 2)) s on \(construction.team.threads) threads"
  }
}
