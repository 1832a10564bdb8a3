import Diagnostics
import EventModel

/// Limits of independent measurements on one grid: ln L adds up.
public struct LimitCombination {
  private let parts: [(name: String, limits: Limits)]
  private let journal: Journal?

  /// - Parameter parts: file names with what they hold; at least one.
  public init(_ parts: [(name: String, limits: Limits)], journal: Journal? = nil) {
    precondition(!parts.isEmpty)
    self.parts = parts
    self.journal = journal
  }

  /// Regions and intervals of the sum. Its parameters are those with an axis; the constraint of a nuisance parameter on an
  /// axis counts once.
  ///
  /// - Parameter isUncorrelated: nuisance parameters that each file profiled by itself are independent of each other, even
  ///   where they have one name.
  /// - Throws: `.data` for grids, kinds of data or true points that differ, and for parameters that several files profiled
  ///   each by itself.
  public func run(settings: LimitSettings, isUncorrelated: Bool = false) throws -> Limits {
    let first = parts[0].limits
    for part in parts.dropFirst() { try requireAgreement(part.limits, part.name) }
    try requireIndependence(isUncorrelated)
    let gridded = first.griddedParameters
    var sum = Limits(
      mode: Set(parts.map(\.limits.mode)).count == 1 ? first.mode : .combined,
      isExpected: first.isExpected, parameterNames: gridded.map { first.parameterNames[$0] },
      parameterUnits: gridded.map { first.parameterUnits[$0] },
      luminosity: parts.reduce(0) { $0 + $1.limits.luminosity },
      thetaTrue: first.isExpected ? gridded.map { first.thetaTrue[$0] } : [],
      eventCount: parts.reduce(0) { $0 + $1.limits.eventCount },
      includesRate: parts.contains { $0.limits.includesRate })
    sum.nuisance = first.nuisance.compactMap { nuisance in
      gridded.firstIndex(of: nuisance.parameter).map {
        Limits.Nuisance(parameter: $0, constraint: nuisance.constraint, width: nuisance.width)
      }
    }
    sum.events = parts.reduce(0) { $0 + $1.limits.events }
    sum.effectiveEvents = parts.map(\.limits.effectiveEvents).min() ?? 0
    sum.combination = first.combination
    sum.notes = parts.map { "channel: \($0.name) (\($0.limits.mode.rawValue))" }
    let likelihood = GridLikelihood(
      first.axes, kinematic: total(\.kinematic), rate: total(\.rate),
      constraint: try constraints())
    var settings = settings
    settings.axes = first.axes
    settings.bounds = first.axes.map { $0.lower...$0.upper }
    settings.starts = sum.isExpected ? [sum.thetaTrue] : []
    var result = try LimitCalculation(
      likelihood, names: sum.parameterNames, settings: settings, journal: journal
    ).run(sum)
    if sum.isExpected {
      let value = likelihood.evaluate(at: sum.thetaTrue, gradient: false).total
      result.qTrue = max(0, -2 * value - result.minimum)
    }
    return result
  }

  private func total(_ path: KeyPath<Limits, [Double]>) -> [Double] {
    var sum = parts[0].limits[keyPath: path]
    for part in parts.dropFirst() {
      for (i, value) in part.limits[keyPath: path].enumerated() { sum[i] += value }
    }
    return sum
  }

  /// The sum of the constraints, with that of a nuisance parameter on an axis once.
  private func constraints() throws -> [Double] {
    var sum = total(\.constraint)
    for nuisance in parts[0].limits.nuisance {
      let limits = parts[0].limits
      guard limits.griddedParameters.contains(nuisance.parameter) else { continue }
      let name = limits.parameterNames[nuisance.parameter]
      for part in parts.dropFirst() {
        guard
          let other = part.limits.nuisance.first(where: {
            part.limits.parameterNames[$0.parameter] == name
          })
        else { continue }
        guard other.constraint == nuisance.constraint else {
          throw differ("constraint of \(name)", part.name)
        }
        let constraint = try NuisanceConstraint(parsing: nuisance.constraint)
        for i in sum.indices {
          let nu = limits.points[i * limits.parameterCount + nuisance.parameter]
          // The auxiliary measurement of expected data comes out at the truth.
          let found = limits.isExpected ? limits.thetaTrue[nuisance.parameter] : 0
          sum[i] -= constraint.logLikelihood(nu, found: found).value
        }
      }
    }
    return sum
  }

  private func differ(_ what: String, _ file: String) -> Problem {
    Problem(
      .data, "the \(what) differs from that of \(parts[0].name)",
      remedy: "make both with the same options", file: file)
  }

  private func requireAgreement(_ limits: Limits, _ file: String) throws {
    let first = parts[0].limits
    guard limits.axes == first.axes, !limits.axes.isEmpty else { throw differ("grid", file) }
    guard limits.isExpected == first.isExpected else {
      throw Problem(
        .data, "expected and observed limits do not add up", remedy: "combine files of one kind",
        file: file)
    }
    // Places on the axes, and values of what is fixed, by name.
    for (p, name) in first.parameterNames.enumerated() {
      guard let other = limits.parameterNames.firstIndex(of: name) else { continue }
      if first.isExpected, limits.thetaTrue[other] != first.thetaTrue[p] {
        throw differ("true point", file)
      }
      if first.fixedParameters.contains(p), limits.fixedParameters.contains(other),
        limits.points[other] != first.points[p]
      {
        throw differ("value of \(name)", file)
      }
    }
  }

  /// A parameter that two files profiled has two values where it should have one.
  private func requireIndependence(_ isUncorrelated: Bool) throws {
    for (k, part) in parts.enumerated() {
      for p in part.limits.profiledParameters {
        let name = part.limits.parameterNames[p]
        let isNuisance = part.limits.nuisance.contains { $0.parameter == p }
        if isNuisance, isUncorrelated { continue }
        let shares = parts[..<k].contains { other in
          other.limits.parameterNames.contains(name)
        }
        guard !shares else {
          throw Problem(
            .data,
            "\(name) was profiled in each file by itself, and may have another value in each",
            remedy: "give it an axis in all of them (--grid)"
              + (isNuisance ? ", or say --uncorrelated" : ", or fix it"), file: part.name)
        }
      }
    }
  }
}
