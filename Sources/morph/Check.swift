import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Morphing
import Numerics

struct Check: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "check", abstract: "Check how well morphing describes events.",
    discussion: """
      Closure at benchmarks that the basis does not fix by itself, condition of the morphing \
      matrix, variance, negative weights and effective events at the benchmarks and at random \
      points. Exit status 1 if the closure fails.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var points: PointsGroup

  @Option(help: ArgumentHelp("Random points in the parameters' ranges.", valueName: "n"))
  var random = 10

  @Option(
    help: ArgumentHelp(
      "Largest deviation of an event; by default 20 units of the weights' last digit.",
      valueName: "number"))
  var tolerance: Double?

  @OptionGroup var combine: CombineOption
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (0...100_000).contains(random) else {
      throw ValidationError("--random takes a number from 0 to 100000")
    }
    if let tolerance, !(tolerance > 0 && tolerance.isFinite) {
      throw ValidationError("--tolerance takes a positive number")
    }
  }

  func execute(_ context: CommandContext) throws {
    let table = try context.readEvents(input, observables: [])
    let setup = table.setup
    let all =
      setup.benchmarkPoints + (try points.points(setup))
      + MorphingCheck.randomPoints(random, in: setup, seed: try context.seed(seed))
    let factors = try table.rowFactors(combine.combine, theta: all.first?.theta)
    let check = try MorphingCheck(
      table, factors: factors, points: all, tolerance: tolerance,
      team: ThreadTeam(threads: context.threads))
    try context.report(
      text: Self.text(check, setup), document: check.document(setup), output: output)
    if let worst = check.failures.max(by: { $0.largestDeviation < $1.largestDeviation }) {
      throw Problem(
        .answerIsNo,
        "morphing misses \(worst.eventsBeyondTolerance) events at benchmark \(worst.benchmark), "
          + "row \(worst.worstRow) by \(shortNumber(worst.largestDeviation)) of its weight",
        remedy: "raise the powers of the parameters, or --tolerance", file: input.path)
    }
  }

  private static func text(_ check: MorphingCheck, _ setup: Setup) -> String {
    let short = { (x: Double) in TextTable.number(x, digits: 4) }
    var closure = TextTable(
      ["benchmark", "largest_deviation", "rms_deviation", "beyond_tolerance", "closure"],
      notes: [
        "condition number of the morphing matrix \(short(check.conditionNumber)), "
          + "error of the stored matrix \(short(check.matrixError))",
        "mean sum of squared morphing weights over the ranges \(short(check.meanSquaredWeight))",
        "weights of \(check.digits.map(String.init) ?? "unknown") digits, "
          + "tolerance of the closure \(short(check.tolerance))",
      ])
    if !check.isTested {
      closure.notes.append("no benchmark beyond what fixes the basis: the closure is not tested")
    }
    for row in check.closures {
      closure.add([
        row.benchmark, short(row.largestDeviation), short(row.rootMeanSquareDeviation),
        "\(row.eventsBeyondTolerance)",
        row.isTrivial ? "not-tested" : (row.eventsBeyondTolerance > 0 ? "fails" : "holds"),
      ])
    }
    var points = TextTable([
      "point", "sigma[pb]", "error_fixed_size[pb]", "squared_weights", "negative_fraction",
      "n_eff", "n_eff_largest", "rounding_error",
    ])
    for point in check.points {
      points.add([
        point.name, TextTable.number(point.crossSection.value),
        short(point.crossSection.fixedSizeError), short(point.squaredWeights),
        short(point.negativeFraction), short(point.crossSection.effectiveEvents),
        short(point.effectiveByLargestShare), short(point.roundingError),
      ])
    }
    return closure.text + "\n" + points.text
  }
}
