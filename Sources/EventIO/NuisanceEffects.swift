import EventModel

/// What nuisance parameters do to the cross section of a table's rows: sums of weights at their benchmarks over that at the
/// reference benchmark.
public struct NuisanceEffects {
  private let sums: [String: Double]
  private let reference: Double

  /// `summary` is of a table with these fields and this setup.
  public init(_ setup: Setup, _ fields: [Field], _ summary: TableSummary) {
    let weights = zip(fields, summary.components).first { $0.0.path == EventFields.weights }
    let names = weights?.0.components ?? []
    sums = Dictionary(zip(names, (weights?.1 ?? []).map(\.sum))) { first, _ in first }
    let index = setup.referenceBenchmark
    let name = setup.benchmarks.indices.contains(index) ? setup.benchmarks[index].name : ""
    reference = sums[name] ?? .nan
  }

  /// The cross section at a nuisance benchmark over that at the reference; NaN where there is no such weight.
  public func ratio(_ benchmark: String?) -> Double {
    guard let sum = benchmark.flatMap({ sums[$0] }), reference != 0 else { return .nan }
    return sum / reference
  }
}
