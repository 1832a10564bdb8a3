import ArgumentParser
import Diagnostics

/// The axes of a histogram: one observable or expression and its bins each.
public struct HistogramOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Observable on an axis, or an expression of observables (observables(7)). Repeatable: one for each axis.",
      valueName: "expression"))
  public var observable: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Bins of an axis: edges (0,75,150), equal width (LOW:HIGH:N), or N of equal cross section; 10 by default. One for each --observable, or one for all.",
      valueName: "bins"))
  public var bins: [String] = []

  public init() {}

  public static let defaultBins = "10"

  /// The axes as texts: observable and bins of each.
  public func axes() throws -> [(observable: String, bins: String)] {
    guard bins.count <= 1 || bins.count == observable.count else {
      throw Problem(
        .usage, "\(bins.count) --bins for \(observable.count) --observable",
        remedy: "give --bins once for each --observable, or once for all")
    }
    if let twice = observable.indices.first(where: {
      observable[..<$0].contains(observable[$0])
    }) {
      throw Problem(.usage, "'\(observable[twice])' is on two axes", remedy: "leave one away")
    }
    return observable.enumerated().map { k, name in
      (name, bins.isEmpty ? Self.defaultBins : bins.count == 1 ? bins[0] : bins[k])
    }
  }

  /// The axes, of which there must be one at least.
  public func requireAxes() throws -> [(observable: String, bins: String)] {
    guard !observable.isEmpty else {
      throw Problem(.usage, "the observable is missing", remedy: "give --observable NAME")
    }
    return try axes()
  }
}

/// Which events count, and how much: expressions of the observables that are in the table.
public struct SelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use only events where this expression of observables is true. Repeatable: all must be.",
      valueName: "expression"))
  public var cut: [String] = []

  @Option(
    help: ArgumentHelp(
      "Multiply the weight of each event by this expression of observables. Repeatable.",
      valueName: "expression"))
  public var efficiency: [String] = []

  public init() {}
}
