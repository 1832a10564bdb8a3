import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference

struct CoverageLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "coverage", abstract: "How often regions hold the true point.",
    discussion: """
      At each true point --experiments pseudo-experiments are judged with chi-square (asymptotic) and with a Neyman \
      construction from --toys others; t is taken on the grid of --grid. Fractions come with their Clopper-Pearson \
      intervals of 68.27 %. p-values of the true point must be uniform, which a Kolmogorov-Smirnov test checks below 1/2.
      """)

  @OptionGroup var theta: ThetaOption
  @OptionGroup var options: LikelihoodOptions
  @OptionGroup var scan: ScanOptions
  @OptionGroup var level: LevelOption

  @OptionGroup var pseudo: ToyOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var shard: ShardOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    let part = try shard.resolve()
    let seed = try context.seed(seed)
    let input = try LikelihoodInput(options, theta: [], context: context)
    let (axes, fixed, grid) = try scan.resolve(input.source.parameters, input.setup)
    let points = try theta.points().map(input.resolveWithNorms)
    var (truths, nu) = (points.map(\.theta), points.map(\.nu))
    if truths.isEmpty {
      let reference = input.setup.benchmarks[input.setup.referenceBenchmark].name
      truths = [try input.resolveWithNorms(.benchmark(reference)).theta]
      nu = []
    }
    let names = input.source.parameters.pointNames
    for truth in truths { try requireInside(truth, axes, fixed, names) }
    let construction = NeymanConstruction(
      try input.source.table(grid + truths, gridCount: grid.count),
      names: names, levels: level.levels, toys: pseudo.toys, seed: seed,
      degreesOfFreedom: pseudo.dof ?? axes.count, team: input.team, journal: context.journal)
    try input.source.warn(at: truths[0], hasToys: true)
    let range = part.range(of: truths.count)
    let hasNu = construction.table.hasNuisances && !nu.isEmpty
    let study = try CoverageStudy(
      construction, points: range.map { grid.count + $0 },
      experiments: pseudo.experiments ?? 10_000, nu: hasNu ? Array(nu[range]) : [],
      journal: context.journal)
    var limits = input.source.limits(
      axes: axes, fixed: fixed.keys.sorted(), degreesOfFreedom: construction.degreesOfFreedom)
    limits.notes += input.notes
    for k in nu.indices { limits.notes += input.notes(nu: nu[k]).map { "point \(k + 1): \($0)" } }
    var document = study.document(limits: limits)
    if part.count > 1 {
      ResultMerge.mark(
        &document,
        part: TablePart(
          numbers: [part.index], count: part.count, whole: "coverage \(seed) \(truths.count)"),
        datasets: study.wholeShapes(of: truths.count))
    }
    try context.report(
      text: text(study, limits), document: document, kind: .limits, output: output)
  }

  /// That regions can hold a true point: it is on the grid's ranges, and where others are fixed.
  private func requireInside(
    _ truth: [Double], _ axes: [GridAxis], _ fixed: [Int: Double], _ names: [String]
  ) throws {
    for (p, name) in names.enumerated() {
      if let value = fixed[p], value != truth[p] {
        throw Problem(
          .usage,
          "the true point has \(name)=\(truth[p]), and --fix keeps it at \(value): no region holds that point",
          remedy: "give --fix \(name)=\(truth[p])")
      }
      if let axis = axes.first(where: { $0.parameter == name }),
        truth[p] < axis.lower || truth[p] > axis.upper
      {
        throw Problem(
          .usage,
          "the true point has \(name)=\(truth[p]), outside of the grid: no region holds that point",
          remedy: "widen --grid \(name), which is the physical region too")
      }
    }
  }

  private func text(_ study: CoverageStudy, _ limits: Limits) -> String {
    let names = limits.parameterNames
    var table = TextTable(
      ["point", "method", "level", "covered", "lower", "upper", "nominal"],
      notes: [
        "coverage of \(limits.mode.rawValue), "
          + "\(Luminosity(inversePicobarn: limits.luminosity).description), "
          + "\(study.experiments) experiments a point, \(study.construction.toys) toys for neyman",
        "grid: "
          + limits.axes.map(\.description).joined(separator: " ")
          + ", \(study.construction.degreesOfFreedom) dof",
      ] + limits.notes)
    func place(_ point: Int) -> String {
      zip(names, study.points[point]).map { "\($0)=\(TextTable.number($1))" }
        .joined(separator: ",")
    }
    for entry in study.entries {
      table.add(
        [place(entry.point), entry.method.rawValue]
          + [entry.level, entry.fraction, entry.interval.lower, entry.interval.upper].map {
            TextTable.number($0, digits: 4)
          } + [entry.isNominal ? "yes" : "no"])
    }
    var uniform = TextTable(["uniform", "method", "n", "distance", "p"])
    for test in study.uniformity {
      uniform.add(
        [place(test.point), test.method.rawValue]
          + [study.expectedEvents[test.point], test.distance, test.p].map {
            TextTable.number($0, digits: 4)
          })
    }
    return table.text + uniform.text
  }
}
