import ArgumentParser
import CommandKit
import Diagnostics
import Estimators
import EventModel

/// What becomes of the components of a score model that are of nuisance parameters.
struct ScoreNuisanceOptions: ParsableArguments {
  enum Treatment: String, ExpressibleByArgument, CaseIterable { case keep, project, profile }

  @Option(
    help: ArgumentHelp(
      "Components of a score that are of nuisance parameters: 'keep', 'project' (leave them out) or 'profile' (over them). By default kept.",
      valueName: "treatment"))
  var nuisance: Treatment?

  @Option(
    help: ArgumentHelp(
      "Profile with the first matrix of this information file; by default with that of the model's own scores in training.",
      valueName: "file"), completion: .file(extensions: ["h5"]))
  var information: String?

  func validate() throws {
    if information != nil, nuisance != .profile {
      throw ValidationError("--information is for --nuisance profile")
    }
  }

  /// Nil where nothing was asked for.
  func treatment(
    _ estimator: Estimator, _ setup: Setup, _ context: CommandContext
  ) throws -> ScoreTreatment? {
    guard let nuisance else { return nil }
    let names = estimator.parameterNames
    guard estimator.target == .score, names.count > setup.parameters.count else {
      throw Problem(
        .usage, "the model has no score of nuisance parameters",
        remedy: "leave --nuisance away, or train on 'augment score --nuisance keep'")
    }
    switch nuisance {
    case .keep: return .keep(names)
    case .project: return try .project(names, on: setup.parameterNames)
    case .profile:
      return try .profile(
        names, on: setup.parameterNames, information: matrix(estimator, names, context))
    }
  }

  private func matrix(
    _ estimator: Estimator, _ names: [String], _ context: CommandContext
  ) throws -> [Double] {
    guard let information else {
      let all = estimator.models.map(\.scoreInformation)
      guard all.allSatisfy({ !$0.isEmpty }) else {
        throw Problem(
          .data, "the model holds no information matrix", remedy: "give --information FILE")
      }
      return all[0].indices.map { i in all.reduce(0) { $0 + $1[i] } / Double(all.count) }
    }
    let header = try context.readHeader(information, expecting: [.information])
    let given = try Information(document: header.document)
    guard let entry = given.entries.first else {
      throw Problem(.data, "there is no matrix in it", remedy: "see fisher(1)", file: information)
    }
    let places = try names.map { name in
      guard let place = given.parameterNames.firstIndex(of: name) else {
        throw Problem(
          .data, "the information has no parameter '\(name)'",
          remedy: "it has " + given.parameterNames.joined(separator: ", "), file: information)
      }
      return place
    }
    let n = given.parameterNames.count
    return places.flatMap { row in places.map { entry.matrix[row * n + $0] } }
  }
}
