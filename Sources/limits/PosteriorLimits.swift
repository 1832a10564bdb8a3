import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Inference

struct PosteriorLimits: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "posterior",
    abstract: "Posterior of the parameters for a prior, on a grid or by Markov chains.",
    discussion: """
      With --grid the posterior is summed over the cells of a grid; without it, chains sample it: an affine-invariant \
      ensemble, or Hamiltonian Monte Carlo with the gradient of the likelihood. Of a model, the prior is cut off at the \
      range of theta that it was trained on. Nuisance parameters are sampled with the others, within their constraints; \
      on a grid they, and free normalisations without an axis, are integrated over at every point (quadrature; from four \
      of them on Laplace's approximation). \
      Chains that have not converged are an error (R-hat above 1.1) or warned of.
      """)

  @OptionGroup var theta: ThetaOption

  @OptionGroup var events: ObservedOption
  @OptionGroup var options: LikelihoodOptions

  @Option(
    help: ArgumentHelp(
      "The prior: 'prior' (flat over the setup's ranges), flat:cHW=-1:1,cHq3=-.3:.3, log:, gauss:cHW=0:0.5, fixed:; parameters that are not named are 0.",
      valueName: "prior"))
  var prior = "prior"

  @Option(
    help: ArgumentHelp(
      "One axis of the grid, ends included. Repeatable; without it chains are used.",
      valueName: "cHW=-1:1:101"))
  var grid: [String] = []

  @Option(help: ArgumentHelp("Sampler: ensemble or hmc.", valueName: "method"))
  var method = MarkovChains.Method.ensemble

  @Option(help: ArgumentHelp("Independent chains, or ensembles.", valueName: "n"))
  var chains = 4

  @Option(help: ArgumentHelp("Points of an ensemble.", valueName: "n"))
  var walkers = 16

  @Option(help: ArgumentHelp("Steps of each chain that are kept.", valueName: "n"))
  var samples = 1000

  @Option(help: ArgumentHelp("Steps of each chain before those.", valueName: "n"))
  var warmUp = 500

  @Option(
    help: ArgumentHelp(
      "Point that the evidence is compared with; by default the reference benchmark.",
      valueName: "point"))
  var reference: String?

  @OptionGroup var level: LevelOption

  @Flag(help: "Write the samples as a table, in any encoding of -O, in place of the summary.")
  var draws = false

  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard events.isGiven != !theta.theta.isEmpty else {
      throw ValidationError("give --data FILE, or --theta POINT for Asimov data")
    }
    guard chains >= 2, walkers >= 4, samples >= 8, warmUp >= 0 else {
      throw ValidationError("at least 2 chains, 4 walkers and 8 samples are needed")
    }
    if draws, !grid.isEmpty { throw ValidationError("a grid has no samples; leave --grid away") }
  }

  func execute(_ context: CommandContext) throws {
    let input = try LikelihoodInput(options, theta: theta.theta, context: context)
    let setup = input.setup
    let parameters = input.source.parameters
    let likelihood: any LogLikelihood
    var limits = input.source.limits(
      axes: [], fixed: [], degreesOfFreedom: setup.parameters.count, withNuisances: true)
    if let observed = try input.observed(events.data, options, context) {
      likelihood = try input.source.observedLikelihood(observed)
      limits.isExpected = false
      limits.eventCount = observed.eventCount
    } else {
      let (truth, nu) = try input.resolve(theta.requireOne())
      likelihood = try input.source.asimovLikelihood(at: truth, nu: nu)
      limits.thetaTrue = parameters.point(truth, nuisances: nu)
      limits.eventCount = try input.source.expectedEvents(atPoint: limits.thetaTrue)
      limits.notes += input.notes(nu: nu)
    }
    try input.source.warn(
      at: limits.thetaTrue.isEmpty
        ? setup.benchmarks[setup.referenceBenchmark].values
        : limits.thetaTrue)
    limits.notes += input.notes
    let specification = try ThetaSpecification(parsing: [prior])
    guard let priors = try specification.resolvePriors(setup) else {
      throw Problem(
        .usage, "'\(prior)' is no prior", remedy: "write flat:cHW=-1:1 or gauss:cHW=0:0.5")
    }
    let posterior = try grid.isEmpty ? nil : GridJob(grid, parameters)
    // What is known of nuisance parameters is in the likelihood of their auxiliary measurements.
    let others = parameters.otherBounds.enumerated().map { k, range in
      posterior?.integrated.contains(parameters.thetaCount + k) ?? false
        ? ThetaSpecification.Prior.fixed(parameters.nominalValue(parameters.thetaCount + k))
        : .flat(range.lowerBound, range.upperBound)
    }
    var density = try PriorDensity(
      priors + others, correlations: specification.resolveCorrelations(setup))
    let ranges = input.source.trainingRange
    let capped = try ranges.map { try density.cap($0, names: parameters.names) } ?? []
    if !capped.isEmpty {
      context.journal.warn(
        "posterior.capped",
        "the prior of \(capped.map { parameters.names[$0] }.joined(separator: ", ")) is cut off at the range that the model was trained on"
      )
    }
    if grid.isEmpty, reference != nil {
      throw Problem(
        .usage, "--reference is compared with the evidence, which chains do not give",
        remedy: "integrate on a --grid")
    }
    let referenceTheta =
      try reference.map { try PointSpecification(parsing: $0).resolve(setup) }
      ?? setup.benchmarks[setup.referenceBenchmark].values
    let marginal =
      try posterior.flatMap { job in
        job.integrated.isEmpty
          ? nil
          : try MarginalLikelihood(
            likelihood, names: parameters.names, over: job.integrated,
            bounds: ranges ?? parameters.thetaBounds + parameters.otherBounds)
      }
    if marginal?.isApproximate == true {
      limits.notes.append("nuisance parameters are integrated over by Laplace's approximation")
    }
    let referencePoint = parameters.point(referenceTheta)
    let names = parameters.names
    let head = PosteriorHead(
      limits: limits, prior: specification.description, capped: capped, levels: level.levels,
      // The values before those that are integrated over.
      reference: Array(
        referencePoint.prefix(marginal == nil ? names.count : posterior?.integrated.min() ?? 0)),
      referenceLikelihood: try marginal?.evaluate(at: referencePoint).value
        ?? likelihood.evaluate(at: referencePoint, gradient: false).total)
    if let posterior {
      let result = try onGrid(posterior, likelihood, marginal, density)
      if result.regions.contains(where: \.reachesBorder) {
        context.journal.warn(
          "posterior.border", "a region reaches the border of the grid, and the prior goes on there"
        )
      }
      try context.report(
        text: PosteriorText(head).text(result), document: result.document(head), kind: .limits,
        output: output)
    } else {
      try sample(likelihood, density, head, context)
    }
  }

  private func sample(
    _ likelihood: any LogLikelihood, _ prior: PriorDensity, _ head: PosteriorHead,
    _ context: CommandContext
  ) throws {
    let result = try MarkovChains(
      likelihood, prior: prior,
      settings: .init(
        method: method, chains: chains, walkers: walkers, warmUp: warmUp, steps: samples,
        seed: try context.seed(seed)), journal: context.journal
    ).run()
    try result.check(names: head.limits.parameterNames, journal: context.journal)
    guard draws else {
      return try context.report(
        text: PosteriorText(head).text(result), document: result.document(head), kind: .limits,
        output: output)
    }
    let (header, batch) = result.table(head)
    let sink = try context.openSink(output, header: header)
    try sink.write(batch)
    try sink.finish()
  }

  /// A grid, and what is integrated over at its points.
  private struct GridJob {
    let axes: [GridAxis]
    /// Of the parameters that have an axis, among all.
    let gridded: [Int]
    /// Nuisance parameters, and free normalisations without an axis.
    let integrated: [Int]
    /// Of all parameters, nominal where there is no axis.
    let points: [[Double]]
    let names: [String]

    init(_ texts: [String], _ parameters: LimitParameters) throws {
      let axes = try texts.map(GridAxis.init(parsing:))
      try LimitCalculation.checkSize(axes)
      let gridded = try axes.map { try parameters.place(of: $0.parameter) }
      let names = parameters.names
      if let nuisance = gridded.first(where: { $0 >= parameters.pointNames.count }) {
        throw Problem(
          .usage,
          "nuisance parameter '\(names[nuisance])' is integrated over at every point of the grid",
          remedy: "leave its --grid away, or sample it with chains, without --grid")
      }
      integrated = (parameters.thetaCount..<names.count).filter { !gridded.contains($0) }
      points = try GridAxis.points(axes, at: gridded, of: names.count).map { point in
        names.indices.map { gridded.contains($0) ? point[$0] : parameters.nominalValue($0) }
      }
      (self.axes, self.gridded, self.names) = (axes, gridded, names)
    }
  }

  private func onGrid(
    _ job: GridJob, _ likelihood: any LogLikelihood, _ marginal: MarginalLikelihood?,
    _ prior: PriorDensity
  ) throws -> GridPosterior {
    var points = job.points
    for p in job.names.indices where !job.gridded.contains(p) && !job.integrated.contains(p) {
      guard !prior.free.contains(p) else {
        throw Problem(
          .usage, "parameter '\(job.names[p])' has a prior and no axis",
          remedy: "give it a --grid, or leave it out of --prior")
      }
      for i in points.indices { points[i][p] = prior.centre[p] }
    }
    let densities = points.map(prior.logDensity)
    let values: [Double]
    if let marginal {
      let found = try points.map(marginal.evaluate)
      (points, values) = (found.map(\.best), found.map(\.value))
    } else {
      values = try points.map { try likelihood.evaluate(at: $0, gradient: false).total }
    }
    return try GridPosterior(
      axes: job.axes, points: points, gridded: job.gridded, logPrior: densities,
      logLikelihood: values, levels: level.levels)
  }
}

extension MarkovChains.Method: ExpressibleByArgument {}
