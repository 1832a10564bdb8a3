import Diagnostics
import EventModel

/// Something that estimates the score t(x|θ) = ∂ log p(x|θ)/∂θ of the normalised density.
public protocol ScoreEvaluator {
  /// What messages call it.
  var name: String { get }
  var observableNames: [String] { get }
  var parameterNames: [String] { get }
  /// Scores at θ of `rows` rows of observables (row-major, in the order of `observableNames`), row-major
  /// [row][parameter].
  func scores(_ x: [Double], rows: Int, at theta: [Double]) throws -> [Double]
  /// Of an ensemble those whose mean `scores` is, each alone; of others the one itself.
  var members: [any ScoreEvaluator] { get }
}

extension ScoreEvaluator {
  public var members: [any ScoreEvaluator] { [self] }
}

/// Something that estimates log r(x|θ) = log p(x|θ) − log p(x|θ₁).
public protocol RatioEvaluator {
  /// What messages call it.
  var name: String { get }
  var observableNames: [String] { get }
  var parameterNames: [String] { get }
  /// θ₁.
  var referenceTheta: [Double] { get }
  /// Range of θ in training, [parameter]; empty where it is not known.
  var thetaRange: [ClosedRange<Double>] { get }
  /// The ratios of `rows` rows of observables (row-major, in the order of `observableNames`).
  func ratios(_ x: [Double], rows: Int) throws -> any RowLogRatios
}

extension RatioEvaluator {
  /// - Throws: `.data` for a model of other parameters than those of a setup, of whose nuisance parameters it may know some.
  func requireParameters(of setup: Setup) throws {
    let nuisances = setup.nuisanceParameters.map(\.name)
    guard parameterNames.filter({ !nuisances.contains($0) }) == setup.parameterNames else {
      throw Problem(
        .data, "the model is of the parameters \(parameterNames.joined(separator: ", "))",
        remedy: "the events have "
          + (setup.parameterNames + nuisances).joined(separator: ", "), file: name)
    }
  }

  /// θ₁ and the nuisance parameters there, 0 where the model does not know them, in the order of a setup.
  func reference(in setup: Setup) -> (theta: [Double], nu: [Double]) {
    func value(_ name: String) -> Double {
      parameterNames.firstIndex(of: name).map { referenceTheta[$0] } ?? 0
    }
    return (setup.parameterNames.map(value), setup.nuisanceParameters.map { value($0.name) })
  }

  /// Whether a point is inside the range of training, whose random values stop a little short of the ends of their prior.
  func knows(_ theta: [Double]) -> Bool {
    !zip(theta, thetaRange).contains { value, range in
      let margin = 1e-3 * (range.upperBound - range.lowerBound)
      return value < range.lowerBound - margin || value > range.upperBound + margin
    }
  }
}

/// log r(x_e|θ) = log p(x_e|θ) − log p(x_e|θ₁) of fixed rows, as a function of θ. Values may be −inf where the density
/// vanishes.
public protocol RowLogRatios {
  var rowCount: Int { get }
  /// Values of a point: those of θ, and of ν where the ratios know nuisance parameters; nil is θ alone.
  var parameterCount: Int? { get }
  /// One value per row.
  func values(at theta: [Double]) throws -> [Double]
  /// The values, and their gradients row-major [row][parameter].
  func valuesAndGradients(at theta: [Double]) throws -> (values: [Double], gradients: [Double])
}

extension RowLogRatios {
  public var parameterCount: Int? { nil }
}

/// The mean of several log ratios: an ensemble.
public struct MeanLogRatios: RowLogRatios {
  private let members: [any RowLogRatios]

  /// At least one member; all of the same rows.
  public init(_ members: [any RowLogRatios]) {
    precondition(!members.isEmpty && members.allSatisfy { $0.rowCount == members[0].rowCount })
    self.members = members
  }

  /// Of models that may know some of the nuisance parameters of a likelihood: then of all its parameters, else of θ.
  init(
    _ models: [any RatioEvaluator], of parameters: LimitParameters, rows: Int,
    x: (any RatioEvaluator) throws -> [Double]
  ) throws {
    let knowsNuisances = models.contains { model in
      parameters.nuisanceNames.contains(where: model.parameterNames.contains)
    }
    self.init(
      try models.map { model in
        let ratios = try model.ratios(x(model), rows: rows)
        guard knowsNuisances || model.parameterNames.count > parameters.thetaCount else {
          return ratios
        }
        return PlacedLogRatios(ratios, model.parameterNames, of: parameters.names)
      })
  }

  public var rowCount: Int { members[0].rowCount }
  public var parameterCount: Int? { members.compactMap(\.parameterCount).max() }

  public func values(at theta: [Double]) throws -> [Double] {
    var sum = try members[0].values(at: theta)
    for member in members.dropFirst() {
      for (i, value) in try member.values(at: theta).enumerated() { sum[i] += value }
    }
    return scaled(sum)
  }

  public func valuesAndGradients(
    at theta: [Double]
  ) throws -> (values: [Double], gradients: [Double]) {
    var sum = try members[0].valuesAndGradients(at: theta)
    for member in members.dropFirst() {
      let next = try member.valuesAndGradients(at: theta)
      for i in sum.values.indices { sum.values[i] += next.values[i] }
      for i in sum.gradients.indices { sum.gradients[i] += next.gradients[i] }
    }
    return (scaled(sum.values), scaled(sum.gradients))
  }

  private func scaled(_ values: [Double]) -> [Double] {
    members.count == 1 ? values : values.map { $0 / Double(members.count) }
  }
}

/// Log ratios of a model as a function of all parameters of a likelihood.
private struct PlacedLogRatios: RowLogRatios {
  private let ratios: any RowLogRatios
  /// Of each parameter of the model; nil where the likelihood keeps it at 0.
  private let places: [Int?]
  private let count: Int

  init(_ ratios: any RowLogRatios, _ own: [String], of names: [String]) {
    self.ratios = ratios
    places = own.map(names.firstIndex)
    count = names.count
  }

  var rowCount: Int { ratios.rowCount }
  var parameterCount: Int? { count }

  private func own(_ point: [Double]) -> [Double] { places.map { $0.map { point[$0] } ?? 0 } }

  func values(at point: [Double]) throws -> [Double] { try ratios.values(at: own(point)) }

  func valuesAndGradients(
    at point: [Double]
  ) throws -> (values: [Double], gradients: [Double]) {
    let (values, slopes) = try ratios.valuesAndGradients(at: own(point))
    var gradients = [Double](repeating: 0, count: rowCount * count)
    for row in 0..<rowCount {
      for (k, place) in places.enumerated() {
        if let place { gradients[row * count + place] = slopes[row * places.count + k] }
      }
    }
    return (values, gradients)
  }
}
