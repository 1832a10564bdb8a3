import Augmentation
import CommandKit
import Diagnostics
import EventModel

/// The hypotheses of a sample as they stand on the command line.
struct GivenHypotheses {
  var theta0: ThetaSpecification?
  var grid: [GridAxis] = []
  var theta1: ThetaSpecification?
  var additional: [ThetaSpecification] = []

  /// As written, for the header of the sample.
  var numeratorText: String {
    theta0?.description ?? grid.map(\.description).joined(separator: " ")
  }
  var denominatorText: String {
    ([theta1].compactMap { $0 } + additional).map(\.description).joined(separator: " ")
  }

  /// What becomes of nuisance parameters; kept where a hypothesis names one and nothing else is said.
  func treatment(
    _ wanted: NuisanceTreatment?, _ setup: Setup, _ journal: Journal, _ file: String
  ) throws -> NuisanceTreatment {
    let names = ([theta0, theta1].compactMap { $0 } + additional).flatMap(\.names)
    let named = (names + grid.map(\.parameter)).first { setup.isNuisance($0) }
    if let named, wanted == NuisanceTreatment.none {
      throw Problem(
        .usage, "--nuisance none contradicts the hypothesis, which names \(named)",
        remedy: "leave one of them away")
    }
    let treatment = wanted ?? (named == nil ? .none : .keep)
    guard !setup.nuisanceParameters.isEmpty else {
      guard treatment == .none else {
        throw Problem(
          .data, "there are no nuisance parameters", remedy: "read the events with systematics",
          file: file)
      }
      return .none
    }
    if treatment == .none && wanted == nil {
      journal.warn(
        "augment.nuisance",
        "nuisance parameters are kept at 0; --nuisance keep or profile brings them in")
    }
    return treatment
  }
}
