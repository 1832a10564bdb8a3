import Diagnostics
import EventModel
import Numerics

/// The parameter points of a sample's rows: a list used in turn, or a prior from which each row has
/// its own.
public enum ThetaSource: Sendable {
  case points([[Double]])
  case priors([ThetaSpecification.Prior])

  /// From what the user wrote; a grid gives a list.
  /// - Throws: `.usage` for unknown names, an empty range, or a prior together with a grid.
  public init(_ specification: ThetaSpecification?, grid: [GridAxis] = [], setup: Setup) throws {
    if !grid.isEmpty {
      guard specification == nil else {
        throw Problem(
          .usage, "a grid and a hypothesis are both given", remedy: "give one of the two")
      }
      self = .points(try GridAxis.points(grid, setup: setup))
      return
    }
    guard let specification else {
      throw Problem(.usage, "a hypothesis is missing", remedy: "give a point, a prior or --grid")
    }
    if let priors = try specification.resolvePriors(setup) {
      self = .priors(priors)
      return
    }
    guard case .points(let points) = specification, !points.isEmpty else {
      throw Problem(.usage, "a hypothesis is missing", remedy: "give a point, a prior or --grid")
    }
    self = .points(try points.map { try $0.resolve(setup) })
  }

  /// The points of a list; nil for a prior.
  public var list: [[Double]]? {
    if case .points(let points) = self { points } else { nil }
  }

  /// Puts a point into `theta`: the list's at `index` modulo its length, or the next of the stream.
  func next(_ index: Int, _ stream: inout PhiloxStream, into theta: inout [Double]) {
    switch self {
    case .points(let points):
      let point = points[index % points.count]
      for p in theta.indices { theta[p] = point[p] }
    case .priors(let priors):
      for p in theta.indices {
        switch priors[p] {
        case .flat(let lower, let upper):
          theta[p] = lower < upper ? stream.uniform(lower, upper) : lower
        case .gauss(let mean, let width): theta[p] = mean + width * stream.normal()
        }
      }
    }
  }
}
