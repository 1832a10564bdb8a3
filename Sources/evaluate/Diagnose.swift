import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel
import Morphing
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
  @OptionGroup var nuisance: NuisanceOption
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
    let nu = try nu(estimator, events.setup)
    let given = try context.points(theta, grid, of: estimator, setup: events.setup)
    let points = given.isEmpty ? diagnosing.defaultPoints(nuisance: nu) : given
    return try diagnosing.run(points: points.map { moved($0, nu, events.setup) })
  }

  /// The values of `--nu`, empty where none is given.
  private func nu(_ estimator: Estimator, _ setup: Setup) throws -> [Double] {
    guard !nuisance.nu.isEmpty else { return [] }
    guard estimator.target != .score else {
      throw Problem(
        .usage, "a score model is tested at its own point, where nuisance parameters are 0",
        remedy: "leave --nu away")
    }
    guard estimator.hasNuisance(setup) else {
      throw Problem(
        .usage,
        "the hypotheses of the model have no nuisance parameters, so that --nu has no place",
        remedy: "train it on a sample of 'augment --nuisance keep'")
    }
    let nu = try setup.nuisancePoint(nuisance.nu)
    let named = try (theta.points().flatMap(\.names) + grid.axes().map(\.parameter))
      .filter(setup.isNuisance).map(setup.nuisanceIndex)
    if let twice = named.first(where: { nu[$0] != 0 }) {
      throw Problem(
        .usage, "\(setup.nuisanceParameters[twice].name) is given by --nu and by a point",
        remedy: "leave one of them away")
    }
    return nu
  }

  /// A point with nuisance parameters moved to values other than 0.
  private func moved(
    _ point: (name: String, theta: [Double]), _ nu: [Double], _ setup: Setup
  ) -> (name: String, theta: [Double]) {
    var moved = point
    for (k, value) in nu.enumerated() where value != 0 {
      moved.theta[setup.parameters.count + k] = value
      moved.name += ",\(setup.nuisanceParameters[k].name)=\(value)"
    }
    return moved
  }

  private func diagnoseSample(
    _ source: any Source, _ estimator: Estimator, _ plan: EstimatorDiagnosis.Plan,
    _ context: CommandContext
  ) throws -> Diagnosis {
    try events.refuse(
      for: source,
      [
        ("--theta", !theta.theta.isEmpty), ("--grid", !grid.grid.isEmpty),
        ("--nu", !nuisance.nu.isEmpty), ("--luminosity", luminosity != nil),
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
