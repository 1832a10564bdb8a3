import Diagnostics

/// Where θ is: points, grids, lists of these, or a prior.
public enum ThetaSpecification: Sendable, Equatable {
  /// One point or a list, used in turn.
  case points([PointSpecification])
  /// All points of a grid.
  case grid([GridAxis])
  /// Points and grids one after the other.
  case list([ThetaSpecification])
  case prior([String: Prior], correlations: [Correlation] = [])
  /// A flat prior over the ranges of the parameters; nuisance parameters, where they take part, are standard normal.
  case ranges

  /// `prior` (flat over the setup's ranges), a prior (`flat:cHW=-1:1`, `log:`, `gauss:`), `grid:cHW=-1:1:11,cHq3=0:1:3`, or
  /// a point; of points and grids there may be several.
  ///
  /// - Parameter places: where texts of lists stand; nil elsewhere. Empty where there are none.
  public init(parsing texts: [String], places: [(file: String, line: Int)?] = []) throws {
    let parts = try texts.enumerated().map { i, text -> ThetaSpecification in
      guard i < places.count, let place = places[i] else { return try Self.parse(text) }
      return .points([
        .listed(try PointSpecification(parsing: text), file: place.file, line: place.line)
      ])
    }
    if parts.count == 1, let part = parts.first {
      self = part
      return
    }
    for (part, text) in zip(parts, texts) {
      switch part {
      case .prior, .ranges:
        throw Problem(
          .usage, "the prior '\(text)' stands beside other hypotheses",
          remedy: "give one prior, with commas between its parameters, or points and grids")
      case .points, .grid, .list: break
      }
    }
    let points = parts.compactMap { part in
      if case .points(let points) = part { points } else { nil }
    }
    self = points.count == parts.count ? .points(points.flatMap { $0 }) : .list(parts)
  }

  private static func parse(_ text: String) throws -> ThetaSpecification {
    if text.trimmed == "prior" { return .ranges }
    if text.trimmed.hasPrefix("grid:") {
      let axes = text.trimmed.dropFirst("grid:".count)
        .split(separator: ",", omittingEmptySubsequences: false)
      return .grid(try axes.map { try GridAxis(parsing: String($0)) })
    }
    guard PriorParser.form(of: text) != nil else {
      return .points([try PointSpecification(parsing: text)])
    }
    let parser = try PriorParser(text)
    return .prior(parser.priors, correlations: parser.correlations)
  }

  /// The points in order; nil for a prior.
  /// - Parameter nuisance: whether coordinates are followed by those of the nuisance parameters.
  public func resolvePoints(_ setup: Setup, nuisance: Bool = false) throws -> [[Double]]? {
    switch self {
    case .points(let points):
      return try points.map { try $0.resolve(setup, nuisance: nuisance) }
    case .grid(let axes): return try GridAxis.points(axes, setup: setup, nuisance: nuisance)
    case .list(let parts):
      return try parts.flatMap { try $0.resolvePoints(setup, nuisance: nuisance) ?? [] }
    case .prior, .ranges: return nil
    }
  }

  /// The prior of each coordinate in order; coordinates that are not named stay at 0. Nil for points.
  public func resolvePriors(_ setup: Setup, nuisance: Bool = false) throws -> [Prior]? {
    switch self {
    case .points, .grid, .list: return nil
    case .ranges:
      let flat = setup.parameters.map { Prior.flat($0.range.lowerBound, $0.range.upperBound) }
      return flat
        + (nuisance
          ? setup.nuisanceParameters.map { _ in .gauss(mean: 0, standardDeviation: 1) } : [])
    case .prior(let priors, _):
      var result = [Prior](
        repeating: .fixed(0), count: setup.coordinateNames(nuisance: nuisance).count)
      for (name, prior) in priors.sorted(by: { $0.key < $1.key }) {
        result[try setup.coordinate(name, nuisance: nuisance)] = prior
      }
      return result
    }
  }

  /// Correlations between coordinates given by number; none of points.
  public func resolveCorrelations(
    _ setup: Setup, nuisance: Bool = false
  ) throws -> [(first: Int, second: Int, coefficient: Double)] {
    guard case .prior(_, let correlations) = self else { return [] }
    return try correlations.map {
      (
        try setup.coordinate($0.first, nuisance: nuisance),
        try setup.coordinate($0.second, nuisance: nuisance), $0.coefficient
      )
    }
  }

  /// The coordinates that are named, in any order.
  public var names: [String] {
    switch self {
    case .points(let points): points.flatMap(\.names)
    case .grid(let axes): axes.map(\.parameter)
    case .list(let parts): parts.flatMap(\.names)
    case .prior(let priors, _): Array(priors.keys)
    case .ranges: []
    }
  }

  /// As it is written on the command line, for provenance and headers.
  public var description: String {
    switch self {
    case .ranges: "prior"
    case .points(let points): points.map(\.description).joined(separator: " ")
    case .grid(let axes): "grid:" + axes.map(\.description).joined(separator: ",")
    case .list(let parts): parts.map(\.description).joined(separator: " ")
    case .prior(let priors, let correlations): Self.text(priors, correlations)
    }
  }
}
