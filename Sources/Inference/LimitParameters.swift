import Diagnostics
import EventModel

/// The parameters of a likelihood: θ, the normalisation `mu_PROCESS` (nominally 1) of each free process, nuisance
/// parameters (nominally 0) with their constraints.
public struct LimitParameters: Sendable {
  /// Of θ.
  private let theory: [Parameter]
  /// Processes whose normalisation is free.
  private let freeNorms: [String]
  private let nuisances: [NuisanceParameter]
  /// One for each nuisance parameter.
  let constraints: [NuisanceConstraint]
  /// Their values in experiments that stand for data, where their auxiliary measurements come out.
  let trueNuisances: [Double]

  init(_ setup: Setup, _ terms: LikelihoodTerms) {
    theory = setup.parameters
    freeNorms = terms.freeNorms
    nuisances = terms.includesNuisance ? setup.nuisanceParameters : []
    constraints = nuisances.map { terms.constraints[$0.name] ?? .gaussian(1) }
    trueNuisances = nuisances.map { terms.trueNuisances[$0.name] ?? 0 }
  }

  /// Those of several channels, each of which knows some of them: parameters, normalisations and nuisance parameters of one
  /// name are one.
  /// - Throws: `.data` naming the file where a parameter has another unit than in one before.
  public init(joining parts: [(parameters: LimitParameters, file: String)]) throws {
    var theory: [Parameter] = []
    var owners: [String] = []
    var (freeNorms, nuisances): ([String], [NuisanceParameter]) = ([], [])
    var (constraints, trueNuisances): ([NuisanceConstraint], [Double]) = ([], [])
    for (parameters, file) in parts {
      for own in parameters.theory {
        guard let p = theory.firstIndex(where: { $0.name == own.name }) else {
          theory.append(own)
          owners.append(file)
          continue
        }
        guard theory[p].unit == own.unit else {
          throw Problem(
            .data,
            "parameter '\(own.name)' has the unit '\(own.unit)', but '\(theory[p].unit)' in \(owners[p])",
            remedy: "channels share their parameters", file: file)
        }
        let (a, b) = (theory[p].range, own.range)
        theory[p].range = min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
      }
      freeNorms += parameters.freeNorms.filter { !freeNorms.contains($0) }
      for (k, nuisance) in parameters.nuisances.enumerated()
      where !nuisances.contains(where: { $0.name == nuisance.name }) {
        nuisances.append(nuisance)
        constraints.append(parameters.constraints[k])
        trueNuisances.append(parameters.trueNuisances[k])
      }
    }
    (self.theory, self.freeNorms, self.nuisances) = (theory, freeNorms, nuisances)
    (self.constraints, self.trueNuisances) = (constraints, trueNuisances)
  }

  public var thetaCount: Int { theory.count }
  public var names: [String] {
    theory.map(\.name) + freeNorms.map { "mu_" + $0 } + nuisances.map(\.name)
  }
  /// θ and free normalisations, which pseudo-experiments have points of; they profile the others.
  public var pointNames: [String] { Array(names.dropLast(nuisanceCount)) }
  var units: [String] {
    theory.map(\.unit) + [String](repeating: "", count: freeNorms.count + nuisances.count)
  }
  /// Names of the nuisance parameters.
  public var nuisanceNames: [String] { nuisances.map(\.name) }
  var nuisanceRecords: [Limits.Nuisance] {
    let first = theory.count + freeNorms.count
    return constraints.enumerated().map { k, constraint in
      Limits.Nuisance(
        parameter: first + k, constraint: constraint.description, width: constraint.width)
    }
  }

  /// The space that fits search where nothing narrower is known: the ranges of θ in the setup, then of the others.
  public var thetaBounds: [ClosedRange<Double>] { theory.map(\.range) }
  public var otherBounds: [ClosedRange<Double>] {
    freeNorms.map { _ in 0...20 } + constraints.map(\.range)
  }

  /// A parameter's place, by its name or that of the one systematic it is of.
  /// - Throws: `.usage` with the names there are.
  public func place(of name: String) throws -> Int {
    let systematic = nuisances.filter { $0.systematic == name }
    let full = systematic.count == 1 ? systematic[0].name : name
    guard let place = names.firstIndex(of: name) ?? names.firstIndex(of: full) else {
      throw Problem(
        .usage, "there is no parameter '\(name)'",
        remedy: "there are " + names.joined(separator: ", "))
    }
    return place
  }

  /// 1 of a normalisation, 0 of all others.
  public func nominalValue(_ place: Int) -> Double { origin[place] }

  /// θ with the other parameters at their nominal values.
  public func point(_ theta: [Double]) -> [Double] {
    theta + freeNorms.map { _ in 1 } + nuisances.map { _ in 0 }
  }
  /// θ with the values that the others have in experiments that stand for data.
  func truePoint(_ theta: [Double]) -> [Double] {
    theta + freeNorms.map { _ in 1 } + trueNuisances
  }
  /// θ, nominal normalisations, and nuisance parameters.
  public func point(_ theta: [Double], nuisances: [Double]) -> [Double] {
    theta + freeNorms.map { _ in 1 } + nuisances
  }
  /// The nuisance parameters of a point.
  func nuisances(of point: [Double]) -> [Double] { Array(point.suffix(nuisances.count)) }
  public var nuisanceCount: Int { nuisances.count }
  var origin: [Double] { point(theory.map { _ in 0 }) }

  /// The places of the parameters of one channel among these.
  func places(of channel: LimitParameters) -> [Int] {
    let names = names
    return channel.names.compactMap { names.firstIndex(of: $0) }
  }

  /// The places of θ of one channel among all parameters.
  func thetaPlaces(of channel: LimitParameters) -> [Int] {
    Array(places(of: channel).prefix(channel.thetaCount))
  }

  /// The places of θ and the free normalisations of one channel among those of a point.
  func pointPlaces(of channel: LimitParameters) -> [Int] {
    Array(places(of: channel).dropLast(channel.nuisanceCount))
  }

  /// The places of the nuisance parameters of one channel among the nuisance parameters.
  func nuisancePlaces(of channel: LimitParameters) -> [Int] {
    let first = names.count - nuisanceCount
    return places(of: channel).suffix(channel.nuisanceCount).map { $0 - first }
  }
}
