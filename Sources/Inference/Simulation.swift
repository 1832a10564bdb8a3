import Diagnostics
import EventModel

/// What cross sections and templates come from: simulated events, or the table of bins that stands for them.
public enum Simulation: Sendable {
  case events(CombinedEvents)
  /// With its morphing basis and the name of its file.
  case bins(BinnedEvents, MorphingSetup, file: String?)

  /// - Throws: `.data` for a part of a table, and where there is no morphing basis.
  public init(_ bins: BinnedEvents, file: String? = nil) throws {
    do {
      if let part = bins.part {
        throw Problem(
          .data, "this is \(part.description) of a table of bins",
          remedy: "put the parts together with events merge")
      }
      self = .bins(bins, try bins.setup.requireMorphing(), file: file)
    } catch let problem as Problem {
      throw file.map(problem.inFile) ?? problem
    }
  }

  public var setup: Setup {
    switch self {
    case .events(let events): events.table.setup
    case .bins(let bins, _, _): bins.setup
    }
  }

  public var morphing: MorphingSetup {
    switch self {
    case .events(let events): events.morphing
    case .bins(_, let morphing, _): morphing
    }
  }

  /// Sums over all events.
  public var total: BinTable {
    switch self {
    case .events(let events): events.total
    case .bins(let bins, _, _): bins.table.total
    }
  }

  public var combination: Combination {
    switch self {
    case .events(let events): events.combination
    case .bins(let bins, _, _): bins.combination
    }
  }

  /// What problems call it.
  public var file: String? {
    switch self {
    case .events(let events): events.file
    case .bins(_, _, let file): file
    }
  }

  /// The axes of a table of bins; nil of events, which can be binned at will.
  public var axes: [BinAxis]? {
    if case .bins(let bins, _, _) = self { bins.table.axes } else { nil }
  }

  /// The events themselves.
  /// - Throws: `.usage` where a table of bins stands for them.
  public func requireEvents() throws -> CombinedEvents {
    guard case .events(let events) = self else {
      throw Problem(
        .usage, "this needs the events, not a table of bins",
        remedy: "give the events that the table was made of", file: file)
    }
    return events
  }

  /// The events in bins; of a table of bins its own.
  public func binned(_ axes: [BinAxis]) throws -> BinTable {
    switch self {
    case .events(let events): try events.fill(axes: axes)
    case .bins(let bins, _, _): bins.table
    }
  }

  /// - Throws: `.usage` for a point of another dimension.
  func point(_ theta: [Double]) throws -> MorphedPoint {
    if case .events(let events) = self { return try events.point(theta) }
    guard theta.count == morphing.parameterCount else {
      throw Problem(
        .usage,
        "a point of \(theta.count) values where there are \(morphing.parameterCount) parameters")
    }
    return MorphedPoint(theta, morphing: morphing)
  }

  /// Lσ(θ) per unit of luminosity [pb] at a point that is to be the truth.
  /// - Throws: `.data` where it is not positive.
  func positiveCrossSection(at theta: [Double]) throws -> Double {
    let sigma = try point(theta).crossSection(total).value
    guard sigma > 0 else {
      throw Problem(
        .data, "the cross section at the true point is \(sigma) pb",
        remedy: "choose another --theta", file: file)
    }
    return sigma
  }

  /// Rows, and how many equally weighted ones they are worth at a point.
  func statistics(at theta: [Double]) throws -> EventStatistics {
    let point = try point(theta)
    switch self {
    case .events(let events): return EventStatistics(events.crossSections(at: point))
    case .bins: return EventStatistics(total, at: point)
    }
  }

  /// Whether a name of `--free-norm` means one of the processes.
  public func hasProcess(_ name: String) -> Bool {
    total.processes.contains {
      BinnedModel.isNamed(name, $0.name, isBackground: $0.isBackground)
    }
  }
}

extension EventStatistics {
  /// The same from sums over all events, which do not tell the share of negative weight (NaN).
  init(_ total: BinTable, at point: MorphedPoint) {
    let squares = max(0, point.squaredError(total))
    self.init([])
    events = total.counts[0]
    crossSection = point.crossSection(total).value
    crossSectionError = squares.squareRoot()
    effectiveEvents = squares > 0 ? crossSection * crossSection / squares : 0
    negativeFraction = .nan
  }
}
