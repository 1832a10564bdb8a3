import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Numerics

/// Events or a sample, and a model → checks of the model with verdicts; exit 1 when one fails.
struct Diagnose: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "diagnose", abstract: "Test a model on events that it was not trained on.",
    discussion: """
      Prints checks of what holds for the exact ratio, density or score, with errors and verdicts: of \
      events at each point, of a sample on average over the hypotheses of its rows. The exit status \
      is 1 when a check fails. 'plot' draws what -o keeps.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var model: ModelOption
  @OptionGroup var theta: ThetaOption
  @OptionGroup var grid: GridOption
  @OptionGroup var events: TestEventOptions

  @Option(
    help: ArgumentHelp(
      "Toy experiments for the coverage at each point; 0 for none.", valueName: "n"))
  var toys = 200

  @Option(help: ArgumentHelp("Events in each toy experiment.", valueName: "n"))
  var toyEvents = 36

  @Option(
    help: ArgumentHelp("Let pass deviations this many times as large.", valueName: "factor"))
  var tolerance = 1.0

  @Option(
    help: ArgumentHelp(
      "Tell n |log E r| for the events expected at this luminosity, with its unit.",
      valueName: "300/fb"))
  var luminosity: String?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard toys >= 0, toyEvents > 0 else {
      throw ValidationError("--toys and --toy-events take positive numbers")
    }
    guard tolerance > 0, tolerance.isFinite else {
      throw ValidationError("--tolerance takes a positive number")
    }
  }

  mutating func execute(_ context: CommandContext) throws {
    let estimator = try context.readEstimator(model)
    var plan = EstimatorDiagnosis.Plan()
    plan.toys = toys
    plan.toySize = toyEvents
    plan.tolerance = tolerance
    plan.seed = try context.seed(seed)
    plan.luminosity = try luminosity.map { try Luminosity(parsing: $0).inversePicobarn }
    let source = try context.openTable(input, expecting: [.events, .sample])
    let diagnosis =
      source.header.kind == .sample
      ? try diagnoseSample(source, estimator, plan, context)
      : try diagnoseEvents(source, estimator, plan, context)
    try context.report(
      text: diagnosis.text, document: diagnosis.document, kind: .estimates, output: output)
    guard diagnosis.failures == 0 else {
      throw Problem(
        .answerIsNo,
        "\(diagnosis.failures) of \(diagnosis.checks.count { $0.verdict != .note }) checks failed")
    }
  }

  private func diagnoseEvents(
    _ source: any Source, _ estimator: Estimator, _ plan: EstimatorDiagnosis.Plan,
    _ context: CommandContext
  ) throws -> Diagnosis {
    let events = try self.events.events(source, estimator, part: .test, context)
    let diagnosing = EstimatorDiagnosis(
      estimator: estimator, events: events, plan: plan, team: ThreadTeam(threads: context.threads),
      journal: context.journal)
    let given = try context.points(theta, grid, of: estimator, setup: events.setup)
    return try diagnosing.run(points: given.isEmpty ? diagnosing.defaultPoints() : given)
  }

  private func diagnoseSample(
    _ source: any Source, _ estimator: Estimator, _ plan: EstimatorDiagnosis.Plan,
    _ context: CommandContext
  ) throws -> Diagnosis {
    try events.refuse(
      for: source,
      [
        ("--theta", !theta.theta.isEmpty), ("--grid", !grid.grid.isEmpty),
        ("--luminosity", luminosity != nil),
      ])
    let sample = try TrainingRows(
      source, columns: SampleDiagnosis.columns(for: estimator, of: source.header),
      observables: estimator.observableNames)
    return try SampleDiagnosis(
      estimator: estimator, sample: sample, plan: plan, team: ThreadTeam(threads: context.threads),
      file: source.name
    ).run()
  }
}

extension Diagnosis {
  /// An aligned table, a check a line.
  var text: String {
    var table = TextTable(["verdict", "value", "error", "expected", "tolerance", "point", "check"])
    for check in checks {
      let isNote = check.verdict == .note
      table.add([
        check.verdict.rawValue, TextTable.number(check.value),
        check.error == 0 ? "-" : TextTable.number(check.error, digits: 2),
        isNote ? "-" : TextTable.number(check.expected),
        isNote ? "-" : TextTable.number(check.tolerance),
        check.point.isEmpty ? "-" : check.point, check.name,
      ])
    }
    return table.text
  }
}
