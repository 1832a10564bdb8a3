import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference

struct StrengthLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "cls",
    abstract: "Upper limits by CLs, and the significance of a discovery, along one parameter.",
    discussion: """
      One axis of --grid; the hypothesis without signal is its parameter at --null. By asymptotic formulae, or with \
      --toys by pseudo-experiments, the maximum being taken on the grid. Bands are of experiments without signal.
      """)

  @Option(
    help: ArgumentHelp(
      "Observed events; without them only expected limits.", valueName: "file"),
    completion: .file())
  var data: String?

  @OptionGroup var options: LikelihoodOptions
  @OptionGroup var scan: ScanOptions
  @OptionGroup var test: StrengthOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let input = try LikelihoodInput(options, theta: [], context: context)
    let (axes, fixed, grid) = try scan.resolve(input.setup)
    guard axes.count == 1 else {
      throw Problem(.usage, "CLs is of one parameter", remedy: "give --grid once, and --fix")
    }
    let poi = input.setup.parameterNames.firstIndex(of: axes[0].parameter) ?? 0
    var nullPoint = grid[0]
    nullPoint[poi] = test.null
    let observed = try data.map { try input.observed($0, options, context) }
    let theory = input.setup.parameterNames.indices.map { p in
      p == poi
        ? min(axes[0].lower, test.null)...max(axes[0].upper, test.null) : grid[0][p]...grid[0][p]
    }
    let bounds = theory + input.source.parameters.otherBounds
    do {
      let likelihood = try observed.map { try input.source.observedLikelihood($0) }
      // Without signal, where the data want the nuisance parameters to be.
      let nu = try likelihood.map { try input.source.profiledNuisances($0, at: nullPoint) }
      let strength = try StrengthTest(
        observed: likelihood, asimov: input.source.asimovLikelihood(at: nullPoint, nu: nu),
        statistic: test.statistic, poi: poi, null: test.null, bounds: bounds, fixed: fixed)
      var values = axes[0].values.filter { $0 > test.null }
      if values.isEmpty {
        throw Problem(
          .usage, "the grid has no value above \(test.null)", remedy: "CLs limits are from above")
      }
      var result = try StrengthScan(
        strength, values: values, level: test.level, hasData: observed != nil,
        parameter: axes[0].parameter, unit: input.setup.parameters[poi].unit)
      if let toys = test.toys {
        values = axes[0].values
        let margin = 1e-9 * (axes[0].upper - axes[0].lower)
        guard let null = values.firstIndex(where: { abs($0 - test.null) <= margin }) else {
          throw Problem(
            .usage, "the null hypothesis \(test.null) is no point of the grid",
            remedy: "choose --grid so that it is")
        }
        let table = try input.source.table(grid, gridCount: grid.count)
        let found =
          try observed.map { try input.source.data($0, in: table) }
          ?? input.source.asimovData(at: nullPoint, in: table)
        try result.replaceByToys(
          table, null: null, toys: toys, seed: try context.seed(seed),
          names: input.setup.parameterNames, data: found, team: input.team,
          journal: context.journal)
      }
      var head = input.source.limits(axes: axes, fixed: fixed.keys.sorted(), degreesOfFreedom: 1)
      head.eventCount =
        observed.map { Double($0.count) } ?? input.expectedEvents(nullPoint)
      head.notes += input.notes
      try context.report(
        text: StrengthText(result, head: head).text, document: result.document(head),
        kind: .limits, output: output)
    } catch let problem as Problem where problem.place != nil {
      throw data.map(problem.inFile) ?? problem
    }
  }
}

/// What one-sided tests have in common.
struct StrengthOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Test statistic: q or qtilde (1007.1727).", valueName: "name"))
  var statistic = StrengthTest.Statistic.qtilde

  @Option(
    help: ArgumentHelp("Value of the parameter without signal.", valueName: "value"))
  var null = 0.0

  @Option(help: ArgumentHelp("Confidence level of upper limits.", valueName: "cl"))
  var level = 0.95

  @Option(
    help: ArgumentHelp(
      "Pseudo-experiments at each value and without signal, in place of asymptotic formulae.",
      valueName: "n"))
  var toys: Int?

  func validate() throws {
    guard level > 0, level < 1 else { throw ValidationError("--level is between 0 and 1") }
    guard null.isFinite else { throw ValidationError("--null takes a finite number") }
    if let toys, toys < 100 { throw ValidationError("--toys takes 100 or more") }
  }
}

extension StrengthTest.Statistic: ExpressibleByArgument {}
