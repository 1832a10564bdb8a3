import Diagnostics
import EventModel
import Numerics

/// Cross sections at a list of points.
public struct CrossSectionTable: Sendable {
  public let names: [String]
  public let values: [CrossSection]
  public let combination: Combination

  /// - Parameters:
  ///   - nu: values of the nuisance parameters; empty is 0 for all.
  ///   - allowsNegative: for a polynomial that was cut off in the couplings.
  /// - Throws: `.data` where σ(θ) < 0, unless that is allowed.
  public init(
    _ table: EventTable, points: [(name: String, theta: [Double])], combination: Combination?,
    nu: [Double] = [], allowsNegative: Bool = false, team: ThreadTeam? = nil
  ) throws {
    let rule = combination ?? table.defaultCombination
    self.combination = rule
    var shared: WeightSums?
    if rule != .closest {
      shared = try WeightSums(table, factors: table.rowFactors(rule, nu: nu), team: team)
    }
    names = points.map(\.name)
    values = try points.map { point in
      let sums =
        try shared
        ?? WeightSums(
          table, factors: table.rowFactors(rule, theta: point.theta, nu: nu), team: team)
      let found = try sums.crossSection(at: point.theta)
      guard found.value >= 0 || allowsNegative else {
        throw Problem(
          .data, "the cross section at \(point.name) is \(shortNumber(found.value)) pb",
          remedy: "stay where the events describe the theory, or add a sample closer to the point")
      }
      return found
    }
  }

  public func document(_ setup: Setup) -> Document {
    var d = Document()
    d.set("cross_section/parameters", setup.parameterNames)
    d.set("cross_section/names", names)
    d.set(
      "cross_section/theta", values.flatMap(\.theta),
      shape: [values.count, setup.parameters.count])
    d.set("cross_section/sigma", values.map(\.value))
    d.set("cross_section/error_poisson", values.map(\.poissonError))
    d.set("cross_section/error_fixed_size", values.map(\.fixedSizeError))
    d.set("cross_section/n_eff", values.map(\.effectiveEvents))
    d.set("cross_section/unit", "pb")
    d.set("cross_section/combination", combination.rawValue)
    return d
  }
}
