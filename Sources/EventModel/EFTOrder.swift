/// Where the expansion of cross sections in the couplings ends.
///
/// A coupling is of order Λ⁻², so the linear terms are interference with the Standard Model at Λ⁻² and the quadratic ones
/// are of order Λ⁻⁴. Truncated densities can be negative.
public enum EFTOrder: String, Sendable, CaseIterable {
  case linear, quadratic

  /// The highest sum of powers that is kept.
  public var degree: Int { self == .linear ? 1 : 2 }
}

extension MorphingSetup {
  /// The polynomial without its terms of higher order.
  public func truncated(to order: EFTOrder) -> MorphingSetup {
    let kept = components.indices.filter { components[$0].reduce(0, +) <= order.degree }
    return MorphingSetup(
      components: kept.map { components[$0] },
      matrix: kept.flatMap { matrix[$0 * benchmarkCount..<($0 + 1) * benchmarkCount] },
      benchmarkCount: benchmarkCount)
  }
}

extension Setup {
  /// The analysis with cross sections to an order in the couplings; nil keeps all.
  public func truncated(to order: EFTOrder?) -> Setup {
    guard let order else { return self }
    var result = self
    result.morphing = morphing?.truncated(to: order)
    return result
  }
}
