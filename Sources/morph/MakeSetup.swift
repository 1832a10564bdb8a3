import AnalysisFile
import ArgumentParser
import CommandKit
import Diagnostics
import EventIO
import EventModel
import Morphing
import Observables

struct MakeSetup: Tool {
  static let configuration = CommandConfiguration.subcommand(
    "setup", abstract: "Make a setup file from analysis.yaml.",
    discussion: """
      Completes the morphing basis with optimised benchmarks, inverts the morphing matrix and \
      compiles every expression.
      """)

  @Argument(
    help: ArgumentHelp("The analysis; '-' is standard input.", valueName: "analysis.yaml"),
    completion: .file(extensions: ["yaml", "yml"]))
  var path: String

  @OptionGroup var seed: OptionalSeed
  @OptionGroup var output: FileOutputGroup
  @OptionGroup var common: CommonOptions

  /// Above it weights of 8 digits leave too few in morphed ones.
  private static let largestCondition = 1e6
  /// Above it the morphed weights of few events decide everything.
  private static let largestSquaredWeight = 1e4

  func execute(_ context: CommandContext) throws {
    _ = try output.requirePath()
    let reader = try ByteReader(path: path)
    let bytes = try reader.readAll()
    var digest = XXH64()
    bytes.withUnsafeBytes { digest.update($0) }
    context.recordInput(reader.name, digest: digest.hex)
    let analysis = try Analysis(bytes: bytes, file: reader.name)
    var setup = analysis.setup
    if let set = analysis.defaultSet { setup.observables += Self.observables(set) }
    do {
      for parameter in setup.parameters {
        guard let text = parameter.transform else { continue }
        _ = try ParameterTransform(parameter: parameter.name, text: text)
      }
      setup.observables = try Selection(setup).observables
    } catch let problem as Problem { throw analysis.located(problem) }
    if analysis.hasMorphing {
      do { setup = try complete(setup, analysis.basis, context) } catch let problem as Problem {
        throw problem.inFile(reader.name)
      }
    } else {
      context.journal.note(
        "no morphing: \(setup.benchmarks.count) benchmarks, and nothing between them")
    }
    do { try Self.checkSamples(setup) } catch let problem as Problem {
      throw analysis.located(problem)
    }
    try context.writeDocument(kind: .setup, document: setup.document(), output: output)
  }

  /// Samples may name benchmarks that were added to complete the basis.
  private static func checkSamples(_ setup: Setup) throws {
    for (i, sample) in setup.samples.enumerated() {
      guard let name = sample.benchmark, setup.benchmarkIndex(name) == nil else { continue }
      throw Problem(
        .data, "there is no benchmark '\(name)'",
        remedy: "there are " + setup.benchmarks.map(\.name).joined(separator: ", "),
        place: "sample \(i + 1), file \(sample.file)")
    }
  }

  private static func observables(_ set: Analysis.DefaultSet) -> [Observable] {
    var defaults = DefaultObservables()
    defaults.leptons = set.leptons
    defaults.photons = set.photons
    defaults.jets = set.jets
    defaults.charges = set.charges
    defaults.missing = set.missing
    defaults.visible = set.visible
    defaults.numbers = set.numbers
    return defaults.observables
  }

  private func complete(
    _ setup: Setup, _ basis: Analysis.Basis, _ context: CommandContext
  ) throws -> Setup {
    let components = try MorphingComponents.exponents(
      of: setup.parameters, maxTotalPower: basis.maxOverallPower)
    if !basis.complete, setup.benchmarks.count < components.count {
      throw Problem(
        .data,
        "\(setup.benchmarks.count) benchmarks are too few for \(components.count) morphing "
          + "components",
        remedy: "add benchmarks, or set 'complete: true' under 'basis'")
    }
    let search = BasisSearch(
      seed: try seed.resolve(context) ?? basis.seed, trials: basis.trials)
    let (made, fit) = try search.complete(
      setup, maxTotalPower: basis.maxOverallPower, journal: context.journal)
    let journal = context.journal
    journal.note(
      "morphing basis of \(made.benchmarks.count) benchmarks for \(components.count) components, "
        + "condition number \(shortNumber(fit.conditionNumber)), "
        + "mean sum of squared weights \(shortNumber(fit.meanSquaredWeight))")
    for benchmark in made.benchmarks.dropFirst(setup.benchmarks.count) {
      journal.note(
        "added \(benchmark.name) at \(PointSpecification.name(of: benchmark.values, setup))")
    }
    if fit.conditionNumber > Self.largestCondition {
      journal.warn(
        "condition",
        "the condition number of the morphing matrix is \(shortNumber(fit.conditionNumber)); "
          + "morphed weights lose as many digits")
    }
    if fit.meanSquaredWeight > Self.largestSquaredWeight {
      journal.warn(
        "variance",
        "the squared morphing weights sum to \(shortNumber(fit.meanSquaredWeight)) on average "
          + "over the ranges; move the benchmarks apart")
    }
    return made
  }
}

/// A seed that replaces the one of the analysis.
struct OptionalSeed: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Search the basis from seed N instead of the one in the analysis.", valueName: "n"))
  var seed: String?

  func resolve(_ context: CommandContext) throws -> UInt64? {
    guard let seed else { return nil }
    var options = SeedOptions()
    options.seed = seed
    return try context.seed(options)
  }
}
