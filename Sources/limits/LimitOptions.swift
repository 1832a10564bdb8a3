import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

/// What expected and observed limits have in common.
struct LimitOptions: ParsableArguments {
  @OptionGroup var inputs: InputsGroup
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var model: ModelOption
  @OptionGroup var denominator: DenominatorOption

  @OptionGroup var histogram: HistogramOptions

  @Option(
    help: ArgumentHelp(
      "What is binned of score models: all components (sally), the one along theta (sallino), or components turned towards theta (adaptive).",
      valueName: "statistic"))
  var statistic: ScoreStatistic?

  @OptionGroup var likelihood: LikelihoodGroup
  @OptionGroup var grid: LimitGrid

  @Flag(help: "Print the grid too: parameters, ln L, q and p of every point.")
  var points = false

  @OptionGroup var simulation: SimulationOptions
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if !histogram.observable.isEmpty, !model.model.isEmpty {
      throw ValidationError("--observable and --model are two kinds of limits; give one")
    }
    if denominator.theta1 != nil, model.model.isEmpty {
      throw ValidationError("--theta1 is for --model")
    }
  }
}

extension ScoreStatistic: ExpressibleByArgument {}

/// What the likelihood is made of besides the events.
struct LikelihoodGroup: ParsableArguments {
  @Flag(help: "Leave the number of events out of the likelihood.")
  var noRate = false

  @OptionGroup var nuisances: NuisanceOptions

  @OptionGroup var bins: BinTermOptions

  /// The options, for the parameters and processes of all channels, and those of one.
  /// - Parameter truth: nuisance parameters of the true point that are not 0, by name.
  func terms(
    _ simulation: Simulation, among all: [Simulation], truth: [String: Double]
  ) throws -> LikelihoodTerms {
    LikelihoodTerms(
      includesRate: !noRate, includesNuisance: nuisances.nuisance == .profile,
      constraints: try nuisances.constraints(all.map(\.setup)),
      freeNorms: BinTermOptions.freeNorms(bins.freeNorm, of: simulation, among: all),
      includesStatistics: bins.mcStatistics,
      trueNuisances: truth)
  }
}

/// Where the likelihood is looked at.
struct LimitGrid: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "One axis of the grid, ends included. Repeatable; by default 5 standard deviations around the best point.",
      valueName: "cHW=-1:1:41"))
  var grid: [String] = []

  @Option(
    help: ArgumentHelp(
      "Parameter of interest, which gets an axis of the grid by itself; all others are profiled. Repeatable.",
      valueName: "name"))
  var poi: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep a parameter without an axis at a value (its nominal one) instead of profiling over it. Repeatable.",
      valueName: "cHW=0"))
  var fix: [String] = []

  @OptionGroup var regions: RegionOptions

  @Flag(
    help: "Fit again with each nuisance parameter moved by its error: impacts, the largest first.")
  var impacts = false

  func validate() throws {
    if !grid.isEmpty, !poi.isEmpty {
      throw ValidationError("--grid names the parameters of interest; give --grid or --poi")
    }
  }

  /// The settings, for a likelihood.
  func settings(_ parameters: LimitParameters) throws -> LimitSettings {
    var fixed: [Int: Double] = [:]
    for text in fix.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let p = try parameters.place(of: String(parts[0]))
      guard parts.count == 2 else {
        fixed[p] = parameters.nominalValue(p)
        continue
      }
      guard let value = Double(parts[1]), value.isFinite else {
        throw Problem(
          .usage, "--fix '\(text)' is not NAME or NAME=VALUE", remedy: "write --fix cHW=0")
      }
      fixed[p] = value
    }
    return LimitSettings(
      axes: grid.isEmpty ? nil : try grid.map(GridAxis.init(parsing:)), fixed: fixed,
      levels: regions.levels, degreesOfFreedom: regions.dof,
      bounds: parameters.thetaBounds, wantsImpacts: impacts,
      ofInterest: poi.isEmpty ? nil : try poi.map(parameters.place))
  }
}
