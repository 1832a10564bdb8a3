import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel

/// Events or a sample, and a model → estimates. Constant memory, except with `--compare`.
struct Estimates: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "estimates", abstract: "Log r, log p or the score of events: what is done by default.",
    discussion: """
      Writes log r at the given points (ratio models), log p (density models), or the score (score \
      models), one row for each event. A sample without --theta is evaluated at each row's own theta0, \
      and theta1 where the model has two hypotheses.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var model: ModelOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption

  @Option(
    help: ArgumentHelp(
      "Write log r to this point: in place of a ratio model's own theta1, or of the log p of a density model.",
      valueName: "point"))
  var theta1: String?

  @OptionGroup var partition: PartitionOption

  @OptionGroup var nuisance: ScoreNuisanceOptions

  @Flag(help: "Write the derivatives of log r or log p by the parameters too.")
  var score = false

  @Flag(
    help:
      "Compare with the joint ratio and score of a sample's rows, and print mean squared errors.")
  var compare = false

  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if compare, !theta.theta.isEmpty || !grid.grid.isEmpty || theta1 != nil {
      throw ValidationError("--compare evaluates each row at its own theta0; leave out the points")
    }
  }

  mutating func execute(_ context: CommandContext) throws {
    let estimator = try context.readEstimator(model)
    let source = try context.openTable(input, expecting: compare ? [.sample] : [.events, .sample])
    if compare {
      try report(source, estimator, context)
      return
    }
    let setup: Setup
    do { setup = try Setup(document: source.header.document) } catch let problem as Problem {
      throw problem.inFile(source.name)
    }
    let isWide = estimator.hasNuisance(setup)
    let points = try context.points(theta, grid, setup: setup, nuisance: isWide)
    // A sample has been drawn from a part already.
    let part = partition.partition ?? (source.header.kind == .sample ? .all : .test)
    let run = EstimateRun(
      estimator: estimator, points: points,
      denominator: try theta1.map {
        try PointSpecification(parsing: $0).resolve(setup, nuisance: isWide)
      }, includesScore: score, treatment: try nuisance.treatment(estimator, setup, context),
      part: part, journal: context.journal)
    let sink = try context.openSink(output, header: run.header(for: source))
    guard try run.run(source, to: sink) > 0 else {
      throw Problem(.data, "no row to evaluate", remedy: "see --partition", file: source.name)
    }
    try sink.finish()
  }

  private func report(
    _ source: any Source, _ estimator: Estimator, _ context: CommandContext
  ) throws {
    guard estimator.target == .ratio else {
      throw Problem(.data, "--compare needs a ratio model", remedy: "see 'fisher full' for scores")
    }
    var columns: TrainingRows.Columns = [.theta, .labels, .logRatios]
    // Between benchmarks alone there are ratios and no scores.
    if source.header.fields.contains(where: { $0.path == SampleFields.score0 }) {
      columns.insert(.scores)
    }
    if estimator.hasTwoHypotheses { columns.insert(.denominators) }
    let sample = try TrainingRows(
      source, columns: columns,
      observables: estimator.observableNames)
    try estimator.requireFit(sample, file: source.name)
    let result = try EstimatorComparison(sample, estimator: estimator)
    var table = TextTable(["quantity", "value"])
    table.add(["rows", "\(result.rows)"])
    table.add(["rows with an infinite joint ratio", "\(result.infiniteRows)"])
    for (name, value) in [
      ("mean squared error of log r", result.meanSquaredError),
      ("the same without the worst 5 % of rows", result.trimmedError),
      ("mean of r over denominator rows", result.meanRatioDenominator),
      ("mean of 1/r over numerator rows", result.meanInverseNumerator),
    ] { table.add([name, TextTable.number(value)]) }
    for (name, error) in zip(sample.parameterNames, result.scoreErrors) {
      table.add(["mean squared error of the score by \(name)", TextTable.number(error)])
    }
    try context.report(
      text: table.text, document: result.document, kind: .estimates, output: output)
  }
}
