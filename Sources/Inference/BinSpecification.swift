import Diagnostics
import EventModel

/// Bins of an observable as written on a command line.
public enum BinSpecification: Sendable, Equatable {
  /// `0,75,150,250`.
  case edges([Double])
  /// `0:500:10`: bins of equal width from LOW to HIGH; with both outer ones, two more.
  case equal(lower: Double, upper: Double, count: Int)
  /// `10`: bins of equal dσ(θ).
  case quantiles(Int)

  /// On one axis.
  private static let mostBins = 100_000

  public init(parsing text: String) throws {
    let mostBins = Self.mostBins
    let wrong = Problem(
      .usage, "--bins '\(text)' is neither edges, LOW:HIGH:N nor a number of bins",
      remedy: "write 0,75,150,250 or 0:500:10 or 10")
    let tooMany = Problem(
      .usage, "--bins '\(text)' is more than \(mostBins) bins on one axis", remedy: "use fewer bins"
    )
    if text.contains(":") {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, let lower = Double(parts[0]), let upper = Double(parts[1]),
        let count = Int(parts[2]), lower.isFinite, upper.isFinite
      else { throw wrong }
      guard count <= mostBins else { throw tooMany }
      guard lower < upper, count >= 1 else {
        throw Problem(
          .usage, "--bins '\(text)' needs LOW < HIGH and at least one bin",
          remedy: "write 0:500:10")
      }
      self = .equal(lower: lower, upper: upper, count: count)
    } else if text.contains(",") || Int(text) == nil {
      let edges = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard edges.allSatisfy({ $0?.isFinite ?? false }) else { throw wrong }
      self = .edges(edges.compactMap { $0 })
    } else {
      guard let count = Int(text), count >= 2 else {
        throw Problem(.usage, "--bins '\(text)' is not two bins or more", remedy: "write 10")
      }
      guard count <= mostBins else { throw tooMany }
      self = .quantiles(count)
    }
  }

  /// The edges between bins; the outermost bins are open-ended.
  public func edges(
    _ events: CombinedEvents, observable: String, theta: [Double]
  ) throws -> [Double] {
    switch self {
    case .edges(let edges): return edges
    case .equal(let lower, let upper, let count):
      return (0...count).map {
        $0 == count ? upper : lower + (upper - lower) * Double($0) / Double(count)
      }
    case .quantiles(let count):
      return try events.quantileEdges(observable, bins: count, theta: theta)
    }
  }

  /// The axes of a histogram from texts, as `--observable` and `--bins` give them.
  public static func axes(
    _ texts: [(observable: String, bins: String)], _ events: CombinedEvents, theta: [Double]
  ) throws -> [BinAxis] {
    let units = Dictionary(
      events.table.setup.observables.map { ($0.name, $0.unit) }, uniquingKeysWith: { a, _ in a })
    return try texts.map { observable, bins in
      BinAxis(
        observable,
        edges: try BinSpecification(parsing: bins).edges(
          events, observable: observable, theta: theta), unit: units[observable] ?? "")
    }
  }
}
