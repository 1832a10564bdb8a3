import ArgumentParser
import CommandKit
import Diagnostics
import EventModel
import Inference

/// Which simulated events count, how much, and how their cross sections depend on the parameters.
struct SimulationOptions: ParsableArguments {
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var order: OrderOption
  @OptionGroup var combine: CombineOption

  /// Ratios were estimated for the events and the cross sections that the models were trained with.
  /// - Throws: `.usage` where others are asked for.
  func requireTrained(_ models: [TrainedModel]) throws {
    guard !models.isEmpty, models.contains(where: { $0.model.target != .score }) else { return }
    guard selection.cut.isEmpty, selection.efficiency.isEmpty else {
      throw Problem(
        .usage,
        "the log ratios of a model are of all events it was trained for, and are others after a cut or an efficiency",
        remedy: "select events before augment and training, or use bins (--observable)")
    }
    guard order.order == nil else {
      throw Problem(
        .usage, "the order in the couplings is that of the sample that a model was trained on",
        remedy: "give --order to augment, or use bins (--observable)")
    }
  }

  /// What a result says of the order.
  var notes: [String] { order.order.map { ["order in the couplings: \($0.rawValue)"] } ?? [] }
}

/// What is done with nuisance parameters.
enum NuisanceChoice: String, CaseIterable, ExpressibleByArgument {
  case profile, none
}

/// Nuisance parameters and their constraints.
struct NuisanceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Nuisance parameters: 'profile' over them within their constraints, or keep them at 0 ('none').",
      valueName: "handling"))
  var nuisance = NuisanceChoice.profile

  @Option(
    help: ArgumentHelp(
      "Constraint of a nuisance parameter: gauss (the default), gauss:WIDTH, lognormal:S, poisson:ERROR or flat. Repeatable.",
      valueName: "name=constraint"))
  var constraint: [String] = []

  /// The constraints by parameter, of which each must be in one setup.
  func constraints(_ setups: [Setup]) throws -> [String: NuisanceConstraint] {
    var constraints: [String: NuisanceConstraint] = [:]
    for text in constraint {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw Problem(
          .usage, "--constraint '\(text)' is not NAME=CONSTRAINT",
          remedy: "write --constraint scales=flat")
      }
      let wanted = String(parts[0])
      let setup = setups.first { (try? $0.nuisanceIndex(wanted)) != nil } ?? setups[0]
      let name = setup.nuisanceParameters[try setup.nuisanceIndex(wanted)].name
      constraints[name] = try NuisanceConstraint(parsing: String(parts[1]))
    }
    return constraints
  }
}
