import Diagnostics
import EventModel
import Numerics

/// The hypotheses of a sample's rows: a list used in turn, or a prior from which each row has its
/// own.
public enum ThetaSource: Sendable {
  case points([[Double]])
  case prior(PriorSampler)

  /// From what the user wrote; a grid gives a list.
  /// - Parameter nuisance: whether points have the coordinates of nuisance parameters too.
  /// - Throws: `.usage` for unknown names, an empty range, or a prior together with a grid.
  public init(
    _ specification: ThetaSpecification?, grid: [GridAxis] = [], setup: Setup,
    nuisance: Bool = false
  ) throws {
    if !grid.isEmpty {
      guard specification == nil else {
        throw Problem(
          .usage, "a grid and a hypothesis are both given", remedy: "give one of the two")
      }
      self = .points(try GridAxis.points(grid, setup: setup, nuisance: nuisance))
      return
    }
    if let priors = try specification?.resolvePriors(setup, nuisance: nuisance) {
      let correlations = try specification?.resolveCorrelations(setup, nuisance: nuisance) ?? []
      self = .prior(try PriorSampler(priors, correlations: correlations))
      return
    }
    guard let points = try specification?.resolvePoints(setup, nuisance: nuisance),
      !points.isEmpty
    else {
      throw Problem(.usage, "a hypothesis is missing", remedy: "give a point, a prior or --grid")
    }
    self = .points(points)
  }

  /// A prior of independent parameters.
  public static func priors(_ priors: [ThetaSpecification.Prior]) throws -> ThetaSource {
    .prior(try PriorSampler(priors))
  }

  /// The points of a list; nil for a prior.
  public var list: [[Double]]? {
    if case .points(let points) = self { points } else { nil }
  }

  /// Puts a point into `theta`: the list's at `index` modulo its length, or the next of the stream.
  func next(_ index: Int, _ stream: inout PhiloxStream, into theta: inout [Double]) throws {
    switch self {
    case .points(let points):
      let point = points[index % points.count]
      for p in theta.indices { theta[p] = point[p] }
    case .prior(let prior): try prior.next(&stream, into: &theta)
    }
  }
}
