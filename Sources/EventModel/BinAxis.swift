/// One axis of a table of bins: an observable, or an expression of observables, and the edges between its bins.
///
/// With edges e₀ < e₁ < … < e_k there are k + 2 bins, (−∞, e₀), [e₀, e₁), …, [e_k, ∞): the outermost are open-ended, and
/// no event is lost.
public struct BinAxis: Sendable, Equatable {
  public var observable: String
  public var edges: [Double]
  /// Of the observable; empty where it has none or it is not known.
  public var unit: String

  public init(_ observable: String, edges: [Double], unit: String = "") {
    self.observable = observable
    self.edges = edges
    self.unit = unit
  }

  public var binCount: Int { edges.count + 1 }

  /// The bin of a value: the number of edges at or below it.
  public func bin(of x: Double) -> Int { BinTable.bin(of: x, edges: edges) }

  /// `[75, 150)`, `(-inf, 0)`, `[600, inf)`; `all` without edges.
  public func label(_ bin: Int) -> String {
    guard !edges.isEmpty else { return "all" }
    let low = bin == 0 ? "(-inf" : "[\(edges[bin - 1])"
    return low + ", " + (bin == edges.count ? "inf)" : "\(edges[bin]))")
  }
}
