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
      One axis of --grid, of a parameter or of the strength mu_PROCESS of a process; the hypothesis without signal is at \
      --null, other parameters are profiled or kept with --fix. By asymptotic formulae, or with --toys by \
      pseudo-experiments, the maximum being taken on the grid. Bands are of experiments without signal, at --theta.
      """)

  @OptionGroup var events: ObservedOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var options: LikelihoodOptions
  @OptionGroup var scan: ScanOptions
  @OptionGroup var test: StrengthOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    guard scan.grid.count == 1 else {
      throw Problem(
        .usage, scan.grid.isEmpty ? "a grid is missing" : "CLs is of one parameter",
        remedy:
          "give --grid NAME=LOW:HIGH:POINTS once; other parameters are profiled, or kept with --fix"
      )
    }
    let axis = try GridAxis(parsing: scan.grid[0])
    try LimitCalculation.checkSize([axis])
    // A signal strength is a free normalisation.
    let strength = axis.parameter.hasPrefix("mu_") ? [String(axis.parameter.dropFirst(3))] : []
    let input = try LikelihoodInput(options, theta: [], freeNorms: strength, context: context)
    let line = try StrengthLine(
      axis, fix: scan.fix, truth: try truth(input), null: test.null, input: input)
    guard axis.upper > test.null else {
      throw Problem(
        .usage, "the grid has no value above \(test.null)", remedy: "CLs limits are from above")
    }
    try run(line, input, try input.observed(events.data, options, context), context)
  }

  /// The point of experiments without signal; its value of the parameter of interest does not count.
  private func truth(_ input: LikelihoodInput) throws -> (theta: [Double], nu: [Double])? {
    theta.theta.isEmpty ? nil : try input.resolve(theta.requireOne())
  }

  private func run(
    _ line: StrengthLine, _ input: LikelihoodInput, _ observed: [ObservedEvents]?,
    _ context: CommandContext
  ) throws {
    let likelihood = try observed.map { try input.source.observedLikelihood($0) }
    // Without signal, where the data want the other parameters to be.
    let null =
      try likelihood.map {
        try input.source.profiled(
          $0, at: line.null, over: line.profiled, bounds: line.bounds)
      } ?? line.null
    let strength = try StrengthTest(
      observed: likelihood, asimov: input.source.asimovLikelihood(atPoint: null),
      statistic: test.statistic, poi: line.place, null: test.null, bounds: line.bounds,
      fixed: line.fixed, origin: line.null)
    var result = try StrengthScan(
      strength, values: line.axis.values.filter { $0 > test.null }, level: test.level,
      hasData: observed != nil, parameter: line.axis.parameter, unit: line.unit,
      journal: context.journal)
    if let toys = test.toys {
      try replaceByToys(&result, toys, line, input, observed, context)
    }
    try input.source.warn(
      at: null, grid: test.toys == nil ? line.points : [], hasToys: test.toys != nil)
    var head = input.source.limits(
      axes: [line.axis], fixed: line.fixedParameters, degreesOfFreedom: 1)
    head.eventCount =
      try observed?.eventCount
      ?? input.source.expectedEvents(atPoint: null)
    result.warn(expectedEvents: head.eventCount, journal: context.journal)
    head.notes += line.notes(null) + input.notes
    try context.report(
      text: StrengthText(result, head: head).text, document: result.document(head),
      kind: .limits, output: output)
  }

  private func replaceByToys(
    _ result: inout StrengthScan, _ toys: Int, _ line: StrengthLine, _ input: LikelihoodInput,
    _ observed: [ObservedEvents]?, _ context: CommandContext
  ) throws {
    let (theta, nu) = try line.thetaOfToys(input)
    let values = line.axis.values
    let margin = 1e-9 * (line.axis.upper - line.axis.lower)
    guard let null = values.firstIndex(where: { abs($0 - test.null) <= margin }) else {
      throw Problem(
        .usage, "the null hypothesis \(test.null) is no point of the grid",
        remedy: "choose --grid so that it is")
    }
    let grid = values.map { value in
      var point = theta
      point[line.place] = value
      return point
    }
    let table = try input.source.table(grid, gridCount: grid.count)
    let found =
      try observed.map { try input.source.data($0, in: table) }
      ?? input.source.asimovData(at: grid[null], nu: nu, in: table)
    try result.replaceByToys(
      table, null: null, toys: toys, seed: try context.seed(seed),
      names: input.source.parameters.names, data: found, team: input.team,
      journal: context.journal)
  }
}
