import EventModel

extension Limits {
  /// Writes what is binned and where, as sluice-limits(5) has it.
  func recordBins(in document: inout Document, _ root: String) {
    document.set(root + "observables", observables)
    document.set(root + "edge_counts", edges.map(\.count))
    document.set(root + "edges", edges.flatMap { $0 })
  }
}
