import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

/// What the subcommands that read events have in common.
struct InformationOptions: ParsableArguments {
  @OptionGroup var input: InputGroup
  @OptionGroup var theta: ThetaOption
  @OptionGroup var luminosity: LuminosityOption
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var order: OrderOption
  @OptionGroup var combine: CombineOption
  @OptionGroup var output: OutputGroup
  @OptionGroup var common: CommonOptions
}

extension NuisanceHandling: ExpressibleByArgument {}
extension NegativePolicy: ExpressibleByArgument {}

/// Parameters besides theta.
struct ParameterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Nuisance parameters: 'profile' over them within unit Gaussian constraints, 'keep' them in the matrix, or 'none'.",
      valueName: "handling"))
  var nuisance = NuisanceHandling.profile

  @Flag(
    inversion: .prefixedNo,
    help:
      "Add the unit Gaussian constraints of nuisance parameters; by default where they are profiled."
  )
  var constraint: Bool?

  @Option(
    help: ArgumentHelp(
      "Let the normalisation of a process float, 'signal' or 'background' for all of that role: a parameter mu_PROCESS, nominally 1. Repeatable.",
      valueName: "process"))
  var freeNorm: [String] = []

  @Option(
    help: ArgumentHelp(
      "Densities that are negative: 'keep' their negative information, 'clip' them to 0, or 'refuse' them.",
      valueName: "policy"))
  var negative = NegativePolicy.keep

  func space(_ setup: Setup) throws -> InformationSpace {
    if let twice = freeNorm.indices.first(where: { freeNorm[..<$0].contains(freeNorm[$0]) }) {
      throw Problem(.usage, "--free-norm '\(freeNorm[twice])' is given twice")
    }
    var space = InformationSpace(
      setup, freeNorms: freeNorm, handling: nuisance, isConstrained: constraint)
    space.negative = negative
    return space
  }
}

extension CommandContext {
  /// Gives information as text, JSON or HDF5.
  func report(_ information: Information, output: OutputGroup) throws {
    try report(
      text: InformationText(information).text, document: information.fullDocument,
      kind: .information,
      output: output)
  }
}
