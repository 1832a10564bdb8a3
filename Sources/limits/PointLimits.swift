import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference
import Numerics

struct PointLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "points",
    abstract: "Tests of parameter points against a true one: benchmarks, masses, signal or none.",
    discussion: """
      Needs no grid and no morphing. The log likelihood ratio of a tested point to the true one is a sum over events; its \
      mean and spread at either point come from the simulation, and p is from a Gaussian of them.
      """)

  @OptionGroup var input: InputGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var model: ModelOption
  @OptionGroup var denominator: DenominatorOption
  @OptionGroup var theta: ThetaOption

  @Option(
    help: ArgumentHelp(
      "Point to be tested; by default all benchmarks but the true point. Repeatable.",
      valueName: "point"))
  var test: [String] = []

  @Option(
    help: ArgumentHelp(
      "Observed events, of equal weight; by default the average experiment at the true point.",
      valueName: "file"), completion: .file())
  var data: String?

  @Flag(help: "Leave the number of events out of the likelihood.")
  var noRate = false
  @OptionGroup var partition: PartitionOption
  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func execute(_ context: CommandContext) throws {
    guard !model.model.isEmpty else {
      throw Problem(.usage, "a model is missing", remedy: "give --model FILE")
    }
    let luminosity = try luminosity.require()
    let team = ThreadTeam(threads: context.threads)
    let models = try model.model.map {
      let model = try context.readModel($0)
      return try TrainedModel(
        model, name: $0, denominator: denominator.resolve(model.first.sample.setup), team: team)
    }
    var observables: [String] = []
    for name in models.flatMap(\.observableNames) where !observables.contains(name) {
      observables.append(name)
    }
    let source = try context.openTable(input, expecting: [.events])
    let table = try EventTable.load(source, observables: observables)
    let setup = table.setup
    let points = try points(setup)
    let part = partition.partition ?? .test
    let digest = (source as? any DigestedSource)?.contentDigest ?? ContentDigest.of(source.header)
    for model in models {
      model.warnIfTrained(on: part, of: table, digest: digest, journal: context.journal)
    }
    let job = try PointTest(
      table, combination: combine.combine, theta: points.true, part: part, models: models,
      luminosity: luminosity.inversePicobarn, includesRate: !noRate, file: source.name)
    let results = try job.run(
      true: points.true, tested: points.tested, data: try observed(models, context))
    warn(results, context)
    job.warn(true: points.true, tested: points.tested, results, journal: context.journal)
    let report = PointReport(
      setup: setup, trueTheta: points.true, luminosity: luminosity.inversePicobarn,
      includesRate: !noRate, isObserved: data != nil, part: part, models: models.map(\.note),
      results: results)
    try context.report(
      text: report.text, document: report.document, kind: .limits, output: output)
  }

  private func points(_ setup: Setup) throws -> (true: [Double], tested: [[Double]]) {
    let known =
      try theta.theta.isEmpty
      ? setup.benchmarks[setup.referenceBenchmark].values : theta.requireOne().resolve(setup)
    let tested =
      test.isEmpty
      ? setup.benchmarks.map(\.values).filter { $0 != known }
      : try PointList.expand(test).map { try PointSpecification(parsing: $0).resolve(setup) }
    guard !tested.isEmpty, !tested.contains(known) else {
      throw Problem(
        .usage,
        tested.isEmpty ? "there is no point to be tested" : "a tested point is the true point",
        remedy: "give --test POINT, another than --theta")
    }
    return (known, tested)
  }

  private func observed(
    _ models: [TrainedModel], _ context: CommandContext
  ) throws -> [[Double]]? {
    guard let data else { return nil }
    let events = try ObservedEvents(
      context.openTable(data, expecting: [.events, .sample], options: input.reading.options))
    return try models.map { try events.columns($0.observableNames) }
  }

  private func warn(_ results: [PointTest.Result], _ context: CommandContext) {
    for result in results where result.effectiveEvents < 100 {
      context.journal.warn(
        "limits.few", "moments are of fewer than 100 effective events; use more events")
    }
  }
}
